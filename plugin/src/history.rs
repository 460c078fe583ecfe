//! The last minute of tags and spectrum, for the tag roll. The worker writes and the panel reads it under a short
//! lock; the audio thread does not use it.

use std::collections::VecDeque;

/// Length of the history in seconds.
pub const HISTORY_S: f64 = 60.0;

/// Mel bands of the spectrogram.
pub const BANDS: usize = 64;

/// The levels in decibels at which a band is darkest and brightest.
pub const BAND_RANGE_DB: (f32, f32) = (-90.0, 0.0);

/// Probabilities at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct TagColumn {
    /// Audio time in seconds since processing began.
    pub time_s: f64,
    /// Position in the host's timeline in seconds, if reported.
    pub host_s: Option<f64>,
    /// Bars since the start of the project, if the host reports tempo and time signature: 0.5 is the middle of the first.
    pub bars: Option<f64>,
    /// Smoothed probability of each label, 255 for 1.
    pub probabilities: Box<[u8]>,
}

/// Levels at one instant.
#[derive(Clone, Debug, PartialEq)]
pub struct SpectrumColumn {
    /// Audio time in seconds since processing began.
    pub time_s: f64,
    /// Level of each band, low to high, in [`BAND_RANGE_DB`]: 0 the lowest, 255 the highest.
    pub bands: [u8; BANDS],
}

/// The last [`HISTORY_S`] seconds, in ascending order of time.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Hash of the model of the tags.
    model: String,
    tags: VecDeque<TagColumn>,
    spectrum: VecDeque<SpectrumColumn>,
    version: u64,
}

impl History {
    /// Tags, oldest first.
    pub fn tags(&self) -> &VecDeque<TagColumn> {
        &self.tags
    }

    /// Spectrum, oldest first.
    pub fn spectrum(&self) -> &VecDeque<SpectrumColumn> {
        &self.spectrum
    }

    /// Hash of the model of the tags.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// Changes with the history, for cached images of it.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// Time of the latest column of tags or spectrum, in seconds since processing began.
    pub fn newest_s(&self) -> Option<f64> {
        let tags = self.tags.back().map(|column| column.time_s);
        let spectrum = self.spectrum.back().map(|column| column.time_s);
        tags.into_iter().chain(spectrum).reduce(f64::max)
    }

    /// Adds tags of `model`; drops those of another model.
    pub fn push_tags(
        &mut self,
        model: &str,
        time_s: f64,
        host_s: Option<f64>,
        bars: Option<f64>,
        probabilities: &[f32],
    ) {
        if self.model != model {
            self.model = model.to_owned();
            self.tags.clear();
        }
        let probabilities = probabilities.iter().map(|p| (p * 255.0).round() as u8);
        self.tags.push_back(TagColumn {
            time_s,
            host_s,
            bars,
            probabilities: probabilities.collect(),
        });
        self.forget_before(time_s - HISTORY_S);
    }

    /// Adds levels in decibels, one for each band.
    pub fn push_spectrum(&mut self, time_s: f64, decibels: &[f32]) {
        let (floor, ceiling) = BAND_RANGE_DB;
        let mut bands = [0; BANDS];
        for (band, level) in bands.iter_mut().zip(decibels) {
            *band = ((level - floor) / (ceiling - floor) * 255.0).round() as u8;
        }
        self.spectrum.push_back(SpectrumColumn { time_s, bands });
        self.forget_before(time_s - HISTORY_S);
    }

    /// Clears the history for a new stream.
    pub fn clear(&mut self) {
        self.tags.clear();
        self.spectrum.clear();
        self.version += 1;
    }

    fn forget_before(&mut self, time_s: f64) {
        while self.tags.front().is_some_and(|c| c.time_s < time_s) {
            self.tags.pop_front();
        }
        while self.spectrum.front().is_some_and(|c| c.time_s < time_s) {
            self.spectrum.pop_front();
        }
        self.version += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minute_is_kept_and_no_more() {
        let mut history = History::default();
        for step in 0..1000 {
            history.push_tags("a", f64::from(step) * 0.16, None, None, &[0.5, 2.0, -1.0]);
            history.push_spectrum(f64::from(step) * 0.16, &[-90.0, -45.0, 0.0, 30.0]);
        }
        let newest = history.newest_s().unwrap();
        assert!((newest - 159.84).abs() < 1e-9);
        assert!(history.tags()[0].time_s >= newest - HISTORY_S);
        assert!(history.tags().len() > 370 && history.spectrum().len() > 370);
        assert_eq!(history.tags()[0].probabilities[..], [128, 255, 0]);
        assert_eq!(history.spectrum()[0].bands[..4], [0, 128, 255, 255]);
    }

    #[test]
    fn another_model_has_other_labels() {
        let mut history = History::default();
        history.push_tags("a", 1.0, Some(7.0), None, &[0.5]);
        let before = history.version();
        history.push_tags("b", 1.2, None, None, &[0.5, 0.5]);
        assert_eq!((history.tags().len(), history.model()), (1, "b"));
        assert_ne!(history.version(), before);
        history.clear();
        assert_eq!(history.newest_s(), None);
    }
}
