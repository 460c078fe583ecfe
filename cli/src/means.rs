//! Mean probabilities over a file.

use hamiltone_engine::tagging::top;

/// Means of the probabilities over all columns.
pub(crate) struct Means {
    sums: Vec<f64>,
    columns: u64,
}

impl Means {
    pub(crate) fn new(labels: usize) -> Self {
        Self {
            sums: vec![0.0; labels],
            columns: 0,
        }
    }

    pub(crate) fn add(&mut self, probabilities: &[f32]) {
        self.columns += 1;
        for (sum, &probability) in self.sums.iter_mut().zip(probabilities) {
            *sum += f64::from(probability);
        }
    }

    /// The mean of each label.
    pub(crate) fn values(&self) -> Vec<f32> {
        let columns = self.columns.max(1) as f64;
        self.sums.iter().map(|sum| (sum / columns) as f32).collect()
    }

    /// The index and mean of the `count` labels with the highest means, highest first.
    pub(crate) fn top(&self, count: usize) -> Vec<(usize, f32)> {
        let means = self.values();
        let best = top(&means, count).into_iter();
        best.map(|label| (label, means[label])).collect()
    }
}
