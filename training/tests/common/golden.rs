//! Weights of short runs beside those of an earlier program.
//!
//! `HAMILTONE_GOLDEN_PROGRAM=PATH cargo test … --test same_weights` (in research `--test general golden`) writes the golden
//! values anew, from the runs of that program. They hold to a tolerance only, since sums are in another order on other
//! processors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use hamiltone_engine::model::ModelFile;

/// Relative to the norm of a tensor.
const TOLERANCE: f64 = 2e-3;

/// By run and tensor: its norm, and its projections on two fixed vectors.
pub type Summary = BTreeMap<String, BTreeMap<String, [f64; 3]>>;

fn other_program() -> Option<PathBuf> {
    std::env::var_os("HAMILTONE_GOLDEN_PROGRAM").map(PathBuf::from)
}

/// The command, by the other program where one is named.
pub fn command(own: &Command) -> Command {
    let other = other_program();
    let mut command = Command::new(match &other {
        Some(path) => path.as_os_str(),
        None => own.get_program(),
    });
    command.args(own.get_args());
    command.envs(
        own.get_envs()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    command
}

pub fn summary(model: &Path) -> BTreeMap<String, [f64; 3]> {
    let weights = ModelFile::read(model).unwrap().weights;
    let of_tensor = |values: &Vec<f32>| {
        let project = |step: f64| {
            let terms = values.iter().enumerate();
            terms
                .map(|(i, v)| f64::from(*v) * (step * i as f64).cos())
                .sum()
        };
        let squares: f64 = values.iter().map(|v| f64::from(*v).powi(2)).sum();
        [squares.sqrt(), project(0.0), project(1.0)]
    };
    let tensors = weights.iter();
    tensors
        .map(|(name, values)| (name.clone(), of_tensor(values)))
        .collect()
}

/// Compares with the values in a file, or writes it where another program is named.
pub fn check(golden: &Path, found: &Summary) {
    if other_program().is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        let text = serde_json::to_string_pretty(found).unwrap();
        return std::fs::write(golden, text + "\n").unwrap();
    }
    let text = std::fs::read_to_string(golden).unwrap();
    let expected: Summary = serde_json::from_str(&text).unwrap();
    assert!(found.keys().eq(expected.keys()));
    let mut worst = (0.0, String::new());
    for (run, tensors) in &expected {
        assert!(tensors.keys().eq(found[run].keys()), "{run}");
        for (name, was) in tensors {
            let is = &found[run][name];
            let apart = was.iter().zip(is).map(|(a, b)| (a - b).abs());
            let apart = apart.fold(0.0, f64::max) / was[0].max(1e-3);
            if apart > worst.0 {
                worst = (apart, format!("{run}: {name} was {was:?} and is {is:?}"));
            }
        }
    }
    println!("largest deviation {:.1e}", worst.0);
    assert!(worst.0 < TOLERANCE, "{}", worst.1);
}
