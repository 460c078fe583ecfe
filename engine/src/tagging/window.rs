//! Columns over a window to features: mean + max over time.

/// The last columns of a stream, for a window that can change at any time.
pub(super) struct Window {
    features: usize,
    /// `capacity × features`, a ring.
    columns: Vec<f32>,
    capacity: usize,
    /// Columns seen so far.
    seen: usize,
    length: usize,
}

impl Window {
    pub(super) fn new(features: usize, capacity: usize) -> Self {
        let capacity = capacity.max(1);
        let columns = vec![0.0; capacity * features];
        Self {
            features,
            columns,
            capacity,
            seen: 0,
            length: capacity,
        }
    }

    /// How many columns a window has from now on (1 to the capacity).
    pub(super) fn set_length(&mut self, columns: usize) {
        self.length = columns.clamp(1, self.capacity);
    }

    pub(super) fn reset(&mut self) {
        self.seen = 0;
    }

    pub(super) fn push(&mut self, column: &[f32]) {
        let slot = self.seen % self.capacity;
        self.columns[slot * self.features..][..self.features].copy_from_slice(column);
        self.seen += 1;
    }

    /// Mean + max of the newest columns, at most a window of them.
    pub(super) fn features_into(&self, sums: &mut WindowSums, features: &mut Vec<f32>) {
        sums.reset();
        let newest = self.seen;
        for index in newest - self.length.min(newest)..newest {
            let slot = index % self.capacity;
            sums.add(&self.columns[slot * self.features..][..self.features]);
        }
        sums.features_into(features);
    }
}

/// The sums that mean + max needs, over any number of columns.
pub(crate) struct WindowSums {
    sum: Vec<f32>,
    max: Vec<f32>,
    count: usize,
}

impl WindowSums {
    pub(crate) fn new(features: usize) -> Self {
        Self {
            sum: vec![0.0; features],
            max: vec![f32::NEG_INFINITY; features],
            count: 0,
        }
    }

    fn reset(&mut self) {
        self.sum.fill(0.0);
        self.max.fill(f32::NEG_INFINITY);
        self.count = 0;
    }

    pub(crate) fn add(&mut self, column: &[f32]) {
        for ((sum, max), value) in self.sum.iter_mut().zip(&mut self.max).zip(column) {
            *sum += value;
            *max = max.max(*value);
        }
        self.count += 1;
    }

    /// Mean + max of each feature; zeros where there was no column.
    pub(crate) fn features_into(&self, features: &mut Vec<f32>) {
        features.clear();
        if self.count == 0 {
            features.resize(self.sum.len(), 0.0);
            return;
        }
        let scale = 1.0 / self.count as f32;
        features.extend(
            self.sum
                .iter()
                .zip(&self.max)
                .map(|(sum, max)| sum * scale + max),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_holds_the_newest_columns_and_can_change() {
        let mut window = Window::new(1, 4);
        let (mut sums, mut features) = (WindowSums::new(1), Vec::new());
        let mut read = |window: &Window| {
            window.features_into(&mut sums, &mut features);
            features[0]
        };
        assert_eq!(read(&window), 0.0);
        for value in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] {
            window.push(&[value]);
        }
        assert_eq!(read(&window), 4.5 + 6.0);
        window.set_length(2);
        assert_eq!(read(&window), 5.5 + 6.0);
        window.set_length(0);
        assert_eq!(read(&window), 6.0 + 6.0);
        window.set_length(99);
        assert_eq!(read(&window), 4.5 + 6.0);
        window.reset();
        window.push(&[-1.0]);
        assert_eq!(read(&window), -2.0);
    }
}
