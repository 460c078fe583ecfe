use hamiltone_engine::tagging::top;

/// Mean probabilities over all columns of a file.
#[derive(Debug, Clone)]
pub struct Means {
    sums: Vec<f64>,
    columns: u64,
}

impl Means {
    /// For this number of labels.
    pub fn new(labels: usize) -> Self {
        Self {
            sums: vec![0.0; labels],
            columns: 0,
        }
    }

    /// Adds the probabilities of a column, one a label.
    pub fn add(&mut self, probabilities: &[f32]) {
        self.columns += 1;
        for (sum, &probability) in self.sums.iter_mut().zip(probabilities) {
            *sum += f64::from(probability);
        }
    }

    /// The mean of each label, 0 to 1; zeros without columns. Allocates.
    pub fn values(&self) -> Vec<f32> {
        let columns = self.columns.max(1) as f64;
        self.sums.iter().map(|sum| (sum / columns) as f32).collect()
    }

    /// The index and mean of the `count` labels with the highest means, highest first. Allocates.
    pub fn top(&self, count: usize) -> Vec<(usize, f32)> {
        let means = self.values();
        let best = top(&means, count).into_iter();
        best.map(|label| (label, means[label])).collect()
    }
}
