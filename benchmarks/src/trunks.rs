//! Separable trunks beside that of the default model, as files and live.

use anyhow::{Context, Result};
use clap::ValueEnum;
use hamiltone_engine::features::FeatureSettings;
use hamiltone_engine::kernels::InstructionSet;
use hamiltone_engine::model::Model;
use hamiltone_engine::network::Architecture;
use hamiltone_training::trunks::TrunkSize;

use crate::networks::{Clip, FRAMES, packed};
use crate::report::Table;
use crate::rounds::{Contender, Effort, Ours, time};

/// The default model.
const MODEL: &[u8] = include_bytes!("../../models/general-half.safetensors");
/// Columns at a time: files, and live.
const CHUNKS: [(&str, usize); 2] = [
    ("files, 8 columns at a time", 8),
    ("live, a column at a time", 1),
];
const SECONDS: usize = 4;

/// The trunk of `general-half` and separable ones with its head, with random weights, on each instruction set that this machine has
/// of AVX-512 and AVX2.
pub(crate) fn tables(effort: Effort) -> Result<Vec<Table>> {
    let model = Model::from_bytes(MODEL).context("the shipped model")?;
    let half = model.card().architecture.clone();
    let mut networks = vec![("general-half".to_owned(), half.clone())];
    for size in TrunkSize::value_variants() {
        let name = size.to_possible_value().context("a size without a name")?;
        let network = Architecture {
            blocks: size.blocks(),
            ..half.clone()
        };
        networks.push((name.get_name().to_owned(), network));
    }
    let sets = [InstructionSet::Avx512, InstructionSet::Avx2];
    let mut available: Vec<_> = sets.into_iter().filter(|set| set.is_available()).collect();
    if available.is_empty() {
        available.push(InstructionSet::best());
    }
    let mut tables = Vec::new();
    for set in available {
        for (how, columns) in CHUNKS {
            let contenders = networks.iter().map(|(name, network)| {
                let frames = (SECONDS * FRAMES).next_multiple_of(8 * network.frames_per_column());
                let mut clip = Clip::new(packed(network, set), frames, columns);
                let run: Box<dyn Contender> = Box::new(Ours(move || {
                    clip.run();
                    Ok(())
                }));
                let operations = network.multiply_adds_per_second(&FeatureSettings::default());
                (
                    format!(
                        "{name}, {} M multiply-adds a second",
                        operations / 1_000_000
                    ),
                    run,
                )
            });
            let title = format!("Trunks, {SECONDS} s of frames: {how}, {}", set.name());
            tables.push(Table::new(
                &title,
                time("trunks", contenders.collect(), effort),
            ));
        }
    }
    Ok(tables)
}
