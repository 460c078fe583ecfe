//! Networks that are measured, and their answers, kept.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, ensure};
use candle_core::{Device, Tensor};
use hamiltone_engine::model::{ClassStatistics, ModelFile};
use hamiltone_engine::network::streaming::PackedNetwork;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::sets::{Clip, Rule, Set};
use crate::teacher::{LABELS, Mn04, RATE, Yamnet};
use hamiltone_training::audio_cache::AudioCache;
use hamiltone_training::files;
use hamiltone_training::statistics::{Segment, ask, ask_all};

type Ask = dyn Fn(&[f32]) -> anyhow::Result<Vec<f32>> + Sync;

/// A network that is measured.
pub(crate) struct Listener {
    pub(crate) name: String,
    /// Names its answers on disk; none: they are not kept.
    key: Option<String>,
    /// Whether its labels are YAMNet's 521 and not AudioSet's 527.
    yamnet: bool,
    pub(crate) statistics: Option<ClassStatistics>,
    ask: Box<Ask>,
}

impl Listener {
    /// Our model.
    pub(crate) fn student(path: &Path) -> anyhow::Result<Self> {
        let ModelFile { card, weights } = ModelFile::read(path)?;
        ensure!(
            card.labels.len() == LABELS && card.features.sample_rate == RATE,
            "{} is not a general tagger: it has {} labels at {} Hz",
            path.display(),
            card.labels.len(),
            card.features.sample_rate
        );
        let mels = card.features.mel_bands;
        let network = Arc::new(PackedNetwork::new(&card.architecture, mels, &weights));
        Ok(Self {
            name: card.name,
            key: None,
            yamnet: false,
            statistics: card.class_statistics,
            ask: Box::new(move |samples| ask(&network, &card.features, samples)),
        })
    }

    /// The teacher.
    pub(crate) fn teacher(path: &Path) -> anyhow::Result<Self> {
        let net = Mn04::open(path)?;
        Ok(Self {
            name: "mn04".to_owned(),
            key: Some(format!("mn04-{}", hash_of_file(path)?)),
            yamnet: false,
            statistics: None,
            ask: Box::new(move |samples| Ok(net.judge(samples)?.logits)),
        })
    }

    /// YAMNet; its logits are those of its mean probabilities.
    pub(crate) fn yamnet(path: &Path) -> anyhow::Result<Self> {
        let net = Yamnet::open(path)?;
        Ok(Self {
            name: "YAMNet".to_owned(),
            key: Some(format!("yamnet-{}", hash_of_file(path)?)),
            yamnet: true,
            statistics: None,
            ask: Box::new(move |samples| net.logits(samples)),
        })
    }

    /// Takes its statistics over training audio, if it has none.
    pub(crate) fn take_statistics(
        &mut self,
        segments: &[Segment],
        folder: &Path,
        done: &(dyn Fn() + Sync),
    ) -> anyhow::Result<()> {
        if self.statistics.is_some() {
            return Ok(());
        }
        let names: Vec<String> = segments.iter().map(Segment::name).collect();
        let kept = self.file(folder, "statistics", &names);
        let answers = answers(kept.as_deref(), segments.len(), || {
            ask_all(segments, &|samples| {
                let answer = (self.ask)(samples);
                done();
                answer
            })
        })?;
        self.statistics = ClassStatistics::of(&answers);
        Ok(())
    }

    /// Its logits for each clip of a set; kept in `folder` if it is a teacher.
    pub(crate) fn answers_to(
        &self,
        set: &Set,
        audio: &AudioCache,
        folder: &Path,
        done: &(dyn Fn() + Sync),
    ) -> anyhow::Result<Vec<Vec<f32>>> {
        let name = |clip: &Clip| {
            let file = clip.path.file_name().unwrap_or_default();
            format!("{} {:?}", file.to_string_lossy(), clip.duration_s)
        };
        let names: Vec<String> = set.clips.iter().map(name).collect();
        let one = |clip: &Clip| {
            let mut samples = audio.sound(&clip.path, clip.duration_s)?.to_f32();
            Mn04::cut(&mut samples);
            let answer = (self.ask)(&samples).with_context(|| clip.path.display().to_string());
            done();
            answer
        };
        let kept = self.file(folder, set.name, &names);
        answers(kept.as_deref(), set.clips.len(), || {
            set.clips.par_iter().map(one).collect()
        })
    }

    /// Whether it is right about a clip; by its statistics or without.
    pub(crate) fn is_right(&self, rule: &Rule, clip: &Clip, logits: &[f32], scaled: bool) -> bool {
        let score = |label: usize| match &self.statistics {
            Some(statistics) if scaled => statistics.standard_score(label, logits[label]),
            _ => logits[label],
        };
        match rule {
            Rule::Present(label) => {
                let own = score(*label);
                (0..logits.len()).all(|other| score(other) <= own)
            }
            Rule::Class(classes) => {
                let scores: Vec<f32> = classes
                    .iter()
                    .map(|(teachers, yamnets)| {
                        let labels = if self.yamnet { yamnets } else { teachers };
                        let scores = labels.iter().map(|label| score(*label));
                        scores.fold(f32::NEG_INFINITY, f32::max)
                    })
                    .collect();
                let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                scores.iter().position(|score| *score == most) == Some(clip.class)
            }
        }
    }

    /// Where its answers to these are kept.
    fn file(&self, folder: &Path, set: &str, names: &[String]) -> Option<PathBuf> {
        let key = self.key.as_ref()?;
        let plain: String = set.chars().filter(char::is_ascii_alphanumeric).collect();
        let hash = short_hash(names.join("\n").as_bytes());
        Some(folder.join(format!("{key}-{plain}-{hash}.safetensors")))
    }
}

fn short_hash(bytes: &[u8]) -> String {
    files::hex(&Sha256::digest(bytes)[..4])
}

fn hash_of_file(path: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    Ok(short_hash(&bytes))
}

/// `count` lists of logits: those in the file, or those that `ask` gives, which are kept.
pub(crate) fn answers(
    file: Option<&Path>,
    count: usize,
    ask: impl FnOnce() -> anyhow::Result<Vec<Vec<f32>>>,
) -> anyhow::Result<Vec<Vec<f32>>> {
    let device = Device::Cpu;
    let read = |path: &Path| -> Option<Vec<Vec<f32>>> {
        let bytes = std::fs::read(path).ok()?;
        let tensors = candle_core::safetensors::load_buffer(&bytes, &device).ok()?;
        let rows = tensors.get("logits")?.to_vec2::<f32>().ok()?;
        (rows.len() == count).then_some(rows) // another file of that name is made again
    };
    if let Some(kept) = file.and_then(read) {
        return Ok(kept);
    }
    let rows = ask()?;
    if let Some(path) = file {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .with_context(|| format!("making {}", folder.display()))?;
        }
        let logits = Tensor::new(rows.clone(), &device)?;
        let part = files::part(path);
        candle_core::safetensors::save(&HashMap::from([("logits", logits)]), &part)?;
        std::fs::rename(&part, path).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listener(yamnet: bool, statistics: Option<ClassStatistics>) -> Listener {
        Listener {
            name: "a".into(),
            key: None,
            yamnet,
            statistics,
            ask: Box::new(|_| Ok(Vec::new())),
        }
    }

    #[test]
    fn a_class_scores_the_highest_of_its_labels_by_the_listener_s_own_list() {
        let rule = Rule::Class(vec![(vec![0, 1], vec![3]), (vec![2], vec![0])]);
        let clip = |class| Clip {
            path: PathBuf::new(),
            duration_s: None,
            class,
            fold: 1,
            group: String::new(),
        };
        let logits = [-5.0, 2.0, 1.0, -9.0];
        let ours = listener(false, None);
        assert!(ours.is_right(&rule, &clip(0), &logits, false));
        assert!(!ours.is_right(&rule, &clip(1), &logits, false));
        assert!(listener(true, None).is_right(&rule, &clip(1), &logits, false));
        // Label 1 is always there; that label 2 is so high is rare.
        let statistics = ClassStatistics {
            mean: vec![0.0, 2.0, -3.0, 0.0],
            deviation: vec![1.0; 4],
        };
        let ours = listener(false, Some(statistics));
        assert!(ours.is_right(&rule, &clip(0), &logits, false));
        assert!(ours.is_right(&rule, &clip(1), &logits, true));
        let present = |label| ours.is_right(&Rule::Present(label), &clip(0), &logits, false);
        assert!(present(1) && !present(2));
    }

    #[test]
    fn answers_are_given_once_and_damage_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/kept.safetensors");
        let rows = || Ok(vec![vec![1.0, 2.0], vec![3.0, -4.0]]);
        let first = answers(Some(&file), 2, rows).unwrap();
        let never = || anyhow::bail!("asked again");
        assert_eq!(answers(Some(&file), 2, never).unwrap(), first);
        assert!(answers(Some(&file), 3, never).is_err(), "other clips");
        std::fs::write(&file, "damaged").unwrap();
        assert_eq!(answers(Some(&file), 2, rows).unwrap(), first);
        assert!(answers(None, 2, never).is_err());
    }
}
