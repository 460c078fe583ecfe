//! Which kernel each layer of the shipped models runs on, per instruction set and chunk size.
//!
//! The choice is a rule, so the table is the same on every machine. It changes only where a kernel or its cost
//! changes; then `HAMILTONE_WRITE_GOLDEN=1 cargo test --test kernel_choices` writes it again.

use std::fmt::Write;
use std::path::Path;

use hamiltone_engine::kernels::InstructionSet;
use hamiltone_engine::model::ModelFile;
use hamiltone_engine::network::streaming::PackedNetwork;

/// Columns of a chunk: live, and files.
const CHUNKS: [usize; 2] = [1, 8];

#[test]
fn every_layer_of_every_shipped_model_keeps_its_kernel() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let golden = root.join("tests/golden/kernel_choices.txt");
    let Ok(folder) = std::fs::read_dir(root.join("../models")) else {
        eprintln!("skipped: the shipped models are only in the repository");
        return;
    };
    let mut models: Vec<_> = folder
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|ending| ending == "safetensors")
        })
        .collect();
    models.sort();
    assert!(!models.is_empty());
    let mut table = String::new();
    for path in models {
        let file = ModelFile::read(&path).unwrap();
        let name = path.file_stem().unwrap().to_string_lossy();
        let architecture = &file.card.architecture;
        for set in InstructionSet::ALL {
            let mels = file.card.features.mel_bands;
            let network = PackedNetwork::for_instructions(architecture, mels, &file.weights, set);
            for columns in CHUNKS {
                let methods = network.methods(columns);
                writeln!(table, "{name} {} {columns}: {methods:?}", set.name()).unwrap();
            }
        }
    }
    if std::env::var_os("HAMILTONE_WRITE_GOLDEN").is_some() {
        std::fs::write(&golden, &table).unwrap();
    }
    let expected = std::fs::read_to_string(&golden).unwrap();
    for (line, expected) in table.lines().zip(expected.lines()) {
        assert_eq!(line, expected);
    }
    assert_eq!(table.lines().count(), expected.lines().count());
}
