//! EfficientAT's mn04: AudioSet's 527 labels, mAP .432 by its authors, MIT licence.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock};

use anyhow::{Context, ensure};

use super::OnnxNet;
use super::log_mel::{self, BANDS, LogMel, RATE};

/// Its name in model cards.
pub const MN04: &str = "EfficientAT mn04 (MIT)";
/// Labels it scores, in the order of [`audioset_labels`](super::audioset_labels).
pub const LABELS: usize = 527;
/// Numbers of its embedding.
pub const EMBEDDING: usize = 384;

/// The teacher: samples in, logits and embedding out.
///
/// Threads share it. The network is planned for each length it meets, once (about
/// 90 ms and a few MB each), so cut the audio to few different lengths.
///
/// One core with AVX-512 gets through 440 s of audio a second in pieces of 2 s (4.5 ms each, of
/// which the spectrogram takes 0.5), 600 in pieces of 5 s and 670 in pieces of 10 s
/// (`examples/teacher_throughput.rs`); other work on the machine costs up to half of that.
pub struct Mn04 {
    path: PathBuf,
    front_end: LogMel,
    plans: Mutex<BTreeMap<usize, Arc<OnceLock<OnnxNet>>>>,
}

/// Clips are cut to whole tenths of a second.
const STEP: usize = RATE as usize / 10;
/// Shorter clips are filled with silence.
const SHORTEST: usize = RATE as usize / 2;
/// Longer ones are cut.
const LONGEST: usize = 10 * RATE as usize;

/// The teacher's answer to a piece of audio.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// [`LABELS`] logits; their sigmoids are probabilities, each label by itself.
    pub logits: Vec<f32>,
    /// [`EMBEDDING`] numbers: what the last layer before the labels sees.
    pub embedding: Vec<f32>,
}

impl Verdict {
    /// Each label's probability.
    pub fn probabilities(&self) -> Vec<f32> {
        let sigmoid = |logit: &f32| 1.0 / (1.0 + (-logit).exp());
        self.logits.iter().map(sigmoid).collect()
    }
}

impl Mn04 {
    /// Reads `mn04_audioset527.onnx`: `mel` \[1, 1, 128, frames\] to `logits` \[1, 527\] and
    /// `embedding` \[1, 384\].
    ///
    /// # Errors
    /// If the file cannot be read or is another network.
    pub fn open(path: &Path) -> anyhow::Result<Self> {
        let teacher = Self {
            path: path.to_owned(),
            front_end: LogMel::new(),
            plans: Mutex::default(),
        };
        let tenth = vec![0.0; RATE as usize / 10];
        teacher
            .judge(&tenth)
            .with_context(|| format!("{} is not the teacher mn04", path.display()))?;
        Ok(teacher)
    }

    /// The log-mel spectrogram, 128 rows of `frames`, and the frames: one each 10 ms.
    ///
    /// # Errors
    /// If there are fewer than [`FEWEST_SAMPLES`](super::FEWEST_SAMPLES) samples.
    pub fn mel(&self, samples: &[f32]) -> anyhow::Result<(Vec<f32>, usize)> {
        self.front_end.apply(samples)
    }

    /// The labels of these samples (one channel at [`RATE`], full scale 1), as a whole.
    ///
    /// # Errors
    /// Those of [`mel`](Self::mel), and if the network fails.
    pub fn judge(&self, samples: &[f32]) -> anyhow::Result<Verdict> {
        let (mel, frames) = self.mel(samples)?;
        self.judge_mel(&mel, frames)
    }

    /// The same from the spectrogram that [`mel`](Self::mel) gives.
    ///
    /// # Errors
    /// If `mel` is not 128 × `frames`, or the network fails.
    pub fn judge_mel(&self, mel: &[f32], frames: usize) -> anyhow::Result<Verdict> {
        let outputs = self.plan(frames)?.run(mel)?;
        let sizes: Vec<usize> = outputs.iter().map(Vec::len).collect();
        ensure!(
            sizes == [LABELS, EMBEDDING],
            "outputs of {sizes:?} numbers where {LABELS} and {EMBEDDING} were expected"
        );
        let mut outputs = outputs.into_iter();
        Ok(Verdict {
            logits: outputs.next().unwrap_or_default(),
            embedding: outputs.next().unwrap_or_default(),
        })
    }

    /// Fills a clip up to half a second with silence, or cuts it to whole tenths of a second, ten seconds
    /// at most: few lengths need few plans.
    pub fn cut(samples: &mut Vec<f32>) {
        samples.resize(samples.len().max(SHORTEST), 0.0);
        samples.truncate((samples.len() / STEP * STEP).min(LONGEST));
    }

    /// Makes the plan for this many samples, so that the first to judge need not wait.
    ///
    /// # Errors
    /// If the network does not take that length.
    pub fn prepare(&self, samples: usize) -> anyhow::Result<()> {
        self.plan(log_mel::frames(samples)).map(|_| ())
    }

    fn plan(&self, frames: usize) -> anyhow::Result<OnnxNet> {
        let slot = {
            let mut plans = self
                .plans
                .lock()
                .unwrap_or_else(|broken| broken.into_inner());
            plans.entry(frames).or_default().clone()
        };
        if let Some(plan) = slot.get() {
            return Ok(plan.clone());
        }
        // Two threads may both make it; the first one's stays.
        let plan = OnnxNet::open(&self.path, &[1, 1, BANDS, frames])?;
        Ok(slot.get_or_init(|| plan).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clips_have_few_lengths_and_keep_their_beginning() {
        let tenth = RATE as usize / 10;
        for (samples, expected) in [
            (0, 5 * tenth),
            (3 * tenth + 7, 5 * tenth),
            (12 * tenth + 7, 12 * tenth),
            (12 * tenth, 12 * tenth),
            (123 * tenth, 100 * tenth),
        ] {
            let mut clip = vec![0.5; samples];
            Mn04::cut(&mut clip);
            assert_eq!(clip.len(), expected);
            let kept = samples.min(expected);
            assert!(clip[..kept].iter().all(|sample| *sample == 0.5));
            assert!(clip[kept..].iter().all(|sample| *sample == 0.0));
        }
    }
}
