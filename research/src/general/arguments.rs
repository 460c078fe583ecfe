//! The arguments of `distil`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, ensure};
use hamiltone_engine::features::COMPONENTS;
use hamiltone_engine::network::{Architecture, TemporalPooling};

use super::mixture::Mixing;
use super::progress::Settings;
use crate::teacher::{HIDDEN, LABELS};
use hamiltone_training::pruning::{Plan, Pruning, Score};
use hamiltone_training::statistics::SEGMENTS;
use hamiltone_training::trainer::file_sha256;
use hamiltone_training::trunks::{TrunkSize, read_blocks};
use hamiltone_training::widening::wider;

/// Arguments of `distil`.
#[derive(clap::Args, Debug, Clone)]
pub struct GeneralArguments {
    /// Folder that `gather` filled.
    #[arg(long)]
    pub material: PathBuf,
    /// The teacher: mn04_audioset527.onnx.
    #[arg(long)]
    pub teacher: PathBuf,
    /// A second teacher, yamnet_body.onnx. It judges each segment of the material once; the difference to the first is added to what that
    /// one says of crops of one sound.
    #[arg(long)]
    pub second_teacher: Option<PathBuf>,
    /// The weight of the second teacher's logits; the first one's is the rest.
    #[arg(long, default_value_t = 0.5, requires = "second_teacher")]
    pub second_weight: f32,
    /// Folder for checkpoints, model and curve; a run in it is resumed.
    #[arg(long)]
    pub out: PathBuf,
    /// A general model to go on from, instead of fresh weights; its shape replaces
    /// --channels, --blocks and --pooling-blocks.
    #[arg(long)]
    pub start: Option<PathBuf>,
    /// Widens that model first, to these numbers of channels per block, such as 32,64,192,384. Its output is the same at first.
    #[arg(long, requires = "start", value_delimiter = ',')]
    pub widen: Vec<usize>,
    /// Removes filters of that model first, until this share of its multiply-adds remains.
    #[arg(long, requires = "start", conflicts_with = "widen", group = "pruned")]
    pub remaining: Option<f64>,
    /// Removes this share of the filters of each of its layers first, in whole vectors of four. Where --remaining
    /// would leave next to nothing of the early layers, this leaves something of all.
    #[arg(long, requires = "start", conflicts_with = "widen", group = "pruned")]
    pub share: Option<f64>,
    /// The criterion that filters are ranked by.
    #[arg(long, value_enum, default_value = "l1", requires = "pruned")]
    pub score: Score,
    /// Name of the model.
    #[arg(long, default_value = "general")]
    pub name: String,
    /// Also learn from sounds with a licence that forbids commercial use; the model's licence then forbids it too.
    #[arg(long)]
    pub research: bool,
    /// Steps in all; the learning rate falls to zero over them.
    #[arg(long, default_value_t = 60_000)]
    pub steps: usize,
    /// Crops a step, of the first length.
    #[arg(long, default_value_t = 24)]
    pub batch: usize,
    /// Length of a crop in tenths of a second. With several, as 21,50, they take turns from step to step, and a step
    /// with longer crops has fewer of them (two at least), so that each step has as much audio; the survey has the first length.
    #[arg(long, default_value = "20", value_delimiter = ',')]
    pub crop_tenths: Vec<usize>,
    /// Times the usual shares of crops that are mixed or changed (speed, tilt, band, room, noise, coding): 2 or 3 for a model that has
    /// learned from the material many times.
    #[arg(long, default_value_t = 1.0)]
    pub changes: f64,
    /// The level of the student's crops in dB, from and to, on crops brought to −20 dB of full scale.
    #[arg(long, num_args = 2, value_names = ["FROM", "TO"], allow_negative_numbers = true)]
    pub gain_db: Option<Vec<f32>>,
    /// Asks the teacher about each crop at −20 dB, whatever the student's level (and before lossy coding): so that quiet sounds have
    /// the labels of loud ones.
    #[arg(long)]
    pub levelled_teacher: bool,
    /// Share of crops with a tenth to six tenths of silence before the sound; the teacher is asked about the sound alone.
    #[arg(long, default_value_t = 0.0)]
    pub late_beginnings: f64,
    /// Also learns the labels that the names of sounds state (rooster.ogg), from crops of one sound, where the teacher finds them
    /// plausible; made noises and tones are then neither music nor speech.
    #[arg(long)]
    pub named_labels: bool,
    /// Crops that are made and judged for each that is learned from: the one with the rarest labels.
    #[arg(long, default_value_t = 1)]
    pub candidates: usize,
    /// A separable trunk of a named size instead of 3×3 blocks; it replaces --channels, --blocks and --pooling-blocks.
    #[arg(long, value_enum, conflicts_with_all = ["start", "channels", "blocks", "pooling_blocks"])]
    pub trunk: Option<TrunkSize>,
    /// The same for blocks that a TOML file (or JSON, if it ends in .json) lists, as in docs/training.md.
    #[arg(long, conflicts_with_all = ["trunk", "start", "channels", "blocks", "pooling_blocks"])]
    pub trunk_file: Option<PathBuf>,
    /// Channels of the first block, twice as many in each further one.
    #[arg(long, default_value_t = 32)]
    pub channels: usize,
    /// Blocks of two convolutions.
    #[arg(long, default_value_t = 4)]
    pub blocks: usize,
    /// The number of blocks that pool, from the first; all if there are fewer. Four make a column of 160 ms.
    #[arg(long, default_value_t = 4)]
    pub pooling_blocks: usize,
    /// Also tells the head mean and deviation of each block's channels.
    #[arg(long)]
    pub statistics: bool,
    /// Peak learning rate of the schedule.
    #[arg(long, default_value_t = 2e-3)]
    pub learning_rate: f64,
    /// Steps between two measurements, each with a checkpoint.
    #[arg(long, default_value_t = 500)]
    pub every: usize,
    /// Mixtures from which the statistics of the input and of the teacher's answers are taken.
    #[arg(long, default_value_t = 2_000)]
    pub survey: usize,
    /// Segments of five seconds from which the finished model's class statistics are taken.
    #[arg(long, default_value_t = SEGMENTS)]
    pub segments: usize,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// No progress.
    #[arg(long)]
    pub quiet: bool,
}

impl GeneralArguments {
    /// Refuses what cannot be.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        ensure!(
            self.batch > 1
                && self.survey > 1
                && self.every > 0
                && self.segments > 0
                && self.crop_tenths.iter().all(|tenths| *tenths >= 5),
            "--batch and --survey must be 2 or more, --every and --segments 1 or more, \
             --crop-tenths 5 or more"
        );
        ensure!(
            (0.0..=10.0).contains(&self.changes),
            "--changes must be from 0 to 10"
        );
        ensure!(
            (0.0..=1.0).contains(&self.second_weight),
            "--second-weight must be from 0 to 1"
        );
        ensure!(
            (0.0..=1.0).contains(&self.late_beginnings),
            "--late-beginnings must be from 0 to 1"
        );
        let within = |gain: &[f32]| matches!(gain, [least, most] if -60.0 <= *least && least <= most && *most <= 20.0);
        ensure!(
            self.gain_db.as_deref().is_none_or(within),
            "--gain-db takes two levels from -60 to 20, the lower one first"
        );
        ensure!(
            (1..=100).contains(&self.candidates),
            "--candidates must be from 1 to 100"
        );
        ensure!(
            [self.remaining, self.share]
                .iter()
                .flatten()
                .all(|&share| share > 0.0 && share < 1.0),
            "--remaining and --share must be over 0 and under 1"
        );
        Ok(())
    }

    /// The settings that decide the weights besides the shape, the model that the run starts from, the sounds and
    /// the steps, which may become more.
    ///
    /// # Errors
    /// If the teacher's file cannot be read.
    pub(super) fn settings(&self) -> anyhow::Result<Settings> {
        let settings = [
            ("--seed", self.seed.to_string()),
            ("--batch", self.batch.to_string()),
            ("--learning-rate", self.learning_rate.to_string()),
            ("--crop-tenths", listed(&self.crop_tenths)),
            ("--changes", self.changes.to_string()),
            ("--candidates", self.candidates.to_string()),
            ("--survey", self.survey.to_string()),
            ("--research", given(self.research)),
            (
                "--teacher",
                format!("SHA-256 {}", file_sha256(&self.teacher)?),
            ),
        ];
        let named = settings.map(|(option, value)| (option.to_owned(), value));
        let mut named = BTreeMap::from(named);
        named.extend(self.later_settings()?);
        Ok(named)
    }

    /// Settings that earlier runs do not have; `folder.rs` lists what they were then.
    fn later_settings(&self) -> anyhow::Result<Settings> {
        let not_given = || given(false);
        let second = self
            .second_teacher
            .as_deref()
            .map(file_sha256)
            .transpose()?;
        let gain = self.gain_db.as_ref().map(|gain| format!("{gain:?}"));
        let settings = [
            ("--gain-db", gain.unwrap_or_else(not_given)),
            ("--levelled-teacher", given(self.levelled_teacher)),
            ("--named-labels", given(self.named_labels)),
            ("--late-beginnings", self.late_beginnings.to_string()),
            (
                "--second-teacher",
                second.map_or_else(not_given, |hash| format!("SHA-256 {hash}")),
            ),
            ("--second-weight", self.second_weight.to_string()),
        ];
        Ok(settings
            .map(|(option, value)| (option.to_owned(), value))
            .into())
    }

    /// Tenths of a second of a step's crops, and how many there are.
    pub(super) fn crops_of(&self, step: usize) -> (usize, usize) {
        let tenths = self.crop_tenths[step % self.crop_tenths.len()];
        (tenths, (self.batch * self.crop_tenths[0] / tenths).max(2))
    }

    /// How crops are made.
    pub(super) fn mixing(&self) -> Mixing {
        let mixing = Mixing::default().times(self.changes);
        Mixing {
            gain_db: match self.gain_db.as_deref() {
                Some(&[least, most]) => (least, most),
                _ => mixing.gain_db,
            },
            levelled_teacher: self.levelled_teacher,
            ..mixing
        }
    }

    /// The shape of a fresh network. Its hidden layer has the teacher's size, so that it can begin with the teacher's
    /// output layer.
    ///
    /// # Errors
    /// If the file of blocks cannot be read.
    pub(super) fn architecture(&self) -> anyhow::Result<Architecture> {
        let mut shape = Architecture::doubling(self.channels, self.blocks, true, 1.0, LABELS);
        for block in shape.blocks.iter_mut().skip(self.pooling_blocks) {
            block.pools = false;
        }
        if let Some(size) = self.trunk {
            shape.blocks = size.blocks();
        }
        if let Some(file) = &self.trunk_file {
            shape.blocks = read_blocks(file).context("--trunk-file")?;
        }
        shape.hidden = HIDDEN / COMPONENTS;
        shape.temporal_pooling = self.temporal_pooling().unwrap_or_default();
        Ok(shape)
    }

    /// Another pooling than that of the model to start from, if any.
    pub(super) fn temporal_pooling(&self) -> Option<TemporalPooling> {
        self.statistics.then_some(TemporalPooling::Statistics)
    }

    /// The shape before it is pruned of a network that begins with one of the shape `before`.
    pub(super) fn grown(&self, before: &Architecture) -> anyhow::Result<Architecture> {
        let mut grown = match self.widen.as_slice() {
            [] => before.clone(),
            channels => wider(before, channels).context("--widen")?,
        };
        grown.temporal_pooling = self.temporal_pooling().unwrap_or(before.temporal_pooling);
        Ok(grown)
    }

    /// The filters to remove from the model that the run starts from.
    pub(super) fn pruning(&self) -> Option<Pruning> {
        let everywhere = |share| Plan::Uniform {
            share,
            blocks: usize::MAX,
        };
        let wherever = |remaining| Plan::Global { remaining };
        let plan = self.share.map(everywhere);
        let plan = plan.or_else(|| self.remaining.map(wherever))?;
        Some(Pruning {
            score: self.score,
            plan,
            multiple: Pruning::VECTOR,
        })
    }
}

fn given(option: bool) -> String {
    let word = if option { "given" } else { "not given" };
    word.to_owned()
}

fn listed(numbers: &[usize]) -> String {
    let words: Vec<String> = numbers.iter().map(usize::to_string).collect();
    words.join(",")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: GeneralArguments,
    }

    #[test]
    fn lengths_of_crops_take_turns_and_every_step_hears_as_long() {
        let line = "distil --material m --teacher t --out o --batch 24 --crop-tenths 21,50";
        let Line { arguments } = Line::try_parse_from(line.split(' ')).unwrap();
        let steps = [0, 1, 2].map(|step| arguments.crops_of(step));
        assert_eq!(steps, [(21, 24), (50, 10), (21, 24)]);
        assert_eq!(listed(&arguments.crop_tenths), "21,50");
        arguments.check().unwrap();
        let short = Line::try_parse_from(
            "distil --material m --teacher t --out o --crop-tenths 21,4".split(' '),
        );
        assert!(short.unwrap().arguments.check().is_err());
    }

    #[test]
    fn levels_and_late_beginnings_are_settings_of_a_run_where_they_are_given() {
        let parse = |more: &str| {
            let line = format!("distil --material m --teacher {} --out o {more}", file!());
            Line::try_parse_from(line.split_whitespace().map(str::to_owned))
                .unwrap()
                .arguments
        };
        let teacher = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
        let settings = |more: &str| {
            let arguments = GeneralArguments {
                teacher: teacher.clone(),
                ..parse(more)
            };
            arguments.check().unwrap();
            (arguments.settings().unwrap(), arguments.mixing().gain_db)
        };
        let usual = settings("");
        let more = settings("--gain-db -45 6 --levelled-teacher --late-beginnings 0.2");
        let differ = usual
            .0
            .iter()
            .filter(|(option, value)| more.0[*option] != **value);
        assert_eq!((differ.count(), more.1), (3, (-45.0, 6.0)));
        for wrong in [
            "--gain-db 6 -45",
            "--gain-db -90 0",
            "--late-beginnings 1.5",
        ] {
            assert!(parse(wrong).check().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_trunk_has_a_name_or_a_file() {
        let parse = |more: &str| {
            let line = format!("distil --material m --teacher t --out o {more}");
            Line::try_parse_from(line.split(' ').filter(|word| !word.is_empty()))
        };
        let shape = |more: &str| parse(more).unwrap().arguments.architecture();
        let named = shape("--trunk separable --statistics").unwrap();
        assert_eq!(named.blocks, TrunkSize::Separable.blocks());
        assert_eq!(named.hidden, HIDDEN / COMPONENTS);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("trunk.json");
        let blocks = TrunkSize::SeparableSmall.blocks();
        let text = serde_json::json!({ "trunk": &blocks }).to_string();
        std::fs::write(&file, text).unwrap();
        let from_file = shape(&format!("--trunk-file {}", file.display())).unwrap();
        assert_eq!(from_file.blocks, blocks);
        let error = format!("{:#}", shape("--trunk-file missing.toml").unwrap_err());
        assert!(error.contains("--trunk-file: missing.toml"), "{error}");
        for refused in [
            "--trunk huge",
            "--trunk separable --channels 16",
            "--trunk separable --start m",
        ] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }
}
