//! Columns over a window to features.

use super::architecture::Architecture;
use super::temporal_pooling::{FeatureLayout, VARIANCE_EPSILON};
use crate::features::COMPONENTS;

/// The shortest window in seconds.
pub const MIN_WINDOW_S: f32 = 0.5;
/// The longest window in seconds.
pub const MAX_WINDOW_S: f32 = 10.0;

/// The last columns of a stream, for a window that can change at any time. It is always full: before a stream there
/// was silence.
pub(crate) struct Window {
    /// Numbers in a column.
    size: usize,
    /// `capacity × size`, a ring.
    columns: Vec<f32>,
    capacity: usize,
    /// Columns pushed since the beginning.
    pushed: usize,
    length: usize,
    /// The column of silence.
    silence: Vec<f32>,
}

impl Window {
    /// For windows of up to `capacity` columns. `silence` is the column of silence.
    pub(crate) fn new(silence: &[f32], capacity: usize) -> Self {
        let capacity = capacity.max(1);
        Self {
            size: silence.len(),
            columns: silence.repeat(capacity),
            capacity,
            pushed: 0,
            length: capacity,
            silence: silence.to_vec(),
        }
    }

    /// Sets the columns of a window, clamped to 1 to the capacity.
    pub(crate) fn set_length(&mut self, columns: usize) {
        self.length = columns.clamp(1, self.capacity);
    }

    /// As after a long silence. Allocates nothing.
    pub(crate) fn reset(&mut self) {
        self.pushed = 0;
        for column in self.columns.chunks_exact_mut(self.size) {
            column.copy_from_slice(&self.silence);
        }
    }

    pub(crate) fn push(&mut self, column: &[f32]) {
        let slot = self.pushed % self.capacity;
        self.columns[slot * self.size..][..self.size].copy_from_slice(column);
        self.pushed += 1;
    }

    /// The features of the newest columns, a window of them.
    pub(crate) fn features_into(&self, sums: &mut WindowSums, features: &mut Vec<f32>) {
        sums.reset();
        let newest = self.pushed + self.capacity;
        for index in newest - self.length..newest {
            let slot = index % self.capacity;
            sums.add(&self.columns[slot * self.size..][..self.size]);
        }
        sums.features_into(features);
    }
}

/// Sums over columns, from which the features of a window are computed.
pub(crate) struct WindowSums {
    layout: FeatureLayout,
    /// In double precision: a deviation is a small difference of large sums.
    sum: Vec<f64>,
    squares: Vec<f64>,
    max: Vec<f32>,
    count: usize,
}

impl WindowSums {
    pub(crate) fn new(architecture: &Architecture) -> Self {
        let (layout, size) = (architecture.feature_layout(), architecture.column_size());
        Self {
            layout,
            sum: vec![0.0; size],
            squares: vec![0.0; if layout.statistics { size } else { 0 }],
            max: vec![f32::NEG_INFINITY; size],
            count: 0,
        }
    }

    pub(crate) fn reset(&mut self) {
        self.sum.fill(0.0);
        self.squares.fill(0.0);
        self.max.fill(f32::NEG_INFINITY);
        self.count = 0;
    }

    pub(crate) fn add(&mut self, column: &[f32]) {
        for ((sum, max), value) in self.sum.iter_mut().zip(&mut self.max).zip(column) {
            *sum += f64::from(*value);
            *max = max.max(*value);
        }
        for (squares, value) in self.squares.iter_mut().zip(column) {
            *squares += f64::from(*value).powi(2);
        }
        self.count += 1;
    }

    /// The features of the columns that were added; zeros without columns. Allocates only where `features`
    /// has to grow.
    pub(crate) fn features_into(&self, features: &mut Vec<f32>) {
        let FeatureLayout {
            column: units,
            last,
            statistics,
        } = self.layout;
        features.clear();
        if self.count == 0 {
            features.resize(COMPONENTS * self.layout.units(), 0.0);
            return;
        }
        let count = self.count as f64;
        let epsilon = f64::from(VARIANCE_EPSILON);
        let mean = |unit: usize| self.sum[unit] / count;
        for component in 0..COMPONENTS {
            let units_of_component = component * units..(component + 1) * units;
            let lasts = units_of_component.end - last..units_of_component.end;
            features.extend(lasts.map(|unit| mean(unit) as f32 + self.max[unit]));
            if statistics {
                features.extend(units_of_component.clone().map(|unit| mean(unit) as f32));
                features.extend(units_of_component.map(|unit| {
                    let variance = self.squares[unit] / count - mean(unit).powi(2);
                    ((variance.max(0.0) + epsilon).sqrt() - epsilon.sqrt()) as f32
                }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::TemporalPooling;

    #[test]
    fn a_window_holds_the_newest_columns_and_can_change() {
        // Four equal channels: the components of a single filter.
        let one = Architecture::doubling(4, 1, false, 1.0, 2);
        let mut window = Window::new(&[-7.0; 4], 4);
        let (mut sums, mut features) = (WindowSums::new(&one), Vec::new());
        let mut read = |window: &Window| {
            window.features_into(&mut sums, &mut features);
            features[0]
        };
        assert_eq!(read(&window), -14.0); // silence
        window.push(&[1.0; 4]);
        assert_eq!(read(&window), -5.0 + 1.0);
        window.reset();
        for value in [1.0, 2.0, 3.0, 4.0, 5.0, 6.0] {
            window.push(&[value; 4]);
        }
        assert_eq!(read(&window), 4.5 + 6.0);
        window.set_length(2);
        assert_eq!(read(&window), 5.5 + 6.0);
        window.set_length(0);
        assert_eq!(read(&window), 6.0 + 6.0);
        window.set_length(99);
        assert_eq!(read(&window), 4.5 + 6.0);
        window.reset();
        window.push(&[-1.0; 4]);
        assert_eq!(read(&window), -5.5 - 1.0);
    }

    #[test]
    fn statistics_follow_mean_and_max_component_by_component() {
        let shape = Architecture {
            temporal_pooling: TemporalPooling::Statistics,
            ..Architecture::doubling(4, 2, true, 1.0, 2) // one filter, then two
        };
        let mut sums = WindowSums::new(&shape);
        let mut features = Vec::new();
        sums.features_into(&mut features);
        assert_eq!(features, vec![0.0; 4 * (2 + 3 + 3)]);
        // Of each component: the first block's filter, then the second block's two.
        let column = |scale: f32| -> Vec<f32> {
            let of_component = |component: u8| [1.0, 10.0 * scale, 5.0 + f32::from(component)];
            (0..4).flat_map(of_component).collect()
        };
        sums.add(&column(1.0));
        sums.add(&column(3.0));
        sums.features_into(&mut features);
        for (component, features) in features.chunks_exact(8).enumerate() {
            let still = 5.0 + component as f32;
            let expected = [20.0 + 30.0, 2.0 * still, 1.0, 20.0, still, 0.0, 10.0, 0.0];
            for (feature, expected) in features.iter().zip(expected) {
                assert!((feature - expected).abs() < 4e-3, "{features:?}");
            }
        }
    }
}
