//! Times Hamiltone beside others: `cargo xtask bench`.

#![forbid(unsafe_code)]

mod live;
mod networks;
mod peers;
mod report;
mod roofline;
mod rounds;
mod suites;
mod tagger;
mod teacher;
mod trunks;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use hamiltone_engine::kernels::InstructionSet;

use crate::report::{Table, document};
use crate::rounds::Effort;
use crate::suites::Bench;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc; // as training has it

/// Times Hamiltone's networks beside those of others, in one run.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// What to time [default: all].
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Suite>,
    /// A Python with torch, onnx, onnxruntime and openvino; without it only ours and candle are timed.
    #[arg(long)]
    python: Option<PathBuf>,
    /// The teacher, mn04_audioset527.onnx, to time beside ours; needs --python.
    #[arg(long)]
    teacher: Option<PathBuf>,
    /// Rounds over all contenders of a table.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// A small net and short rounds, to see that everything runs.
    #[arg(long)]
    quick: bool,
    /// The report as Markdown into this file.
    #[arg(long)]
    out: Option<PathBuf>,
    /// The tables as JSON, in place of text.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Suite {
    WholeClip,
    Avx2,
    Streaming,
    Tagger,
    Live,
    Pruned,
    Training,
    Layers,
    Trunks,
    Teacher,
}

fn run(arguments: &Arguments) -> Result<Vec<Table>> {
    let folder = std::env::temp_dir().join(format!("hamiltone-bench-{}", std::process::id()));
    std::fs::create_dir_all(&folder).context("cannot make a folder for temporary files")?;
    let bench = Bench {
        python: arguments.python.as_deref(),
        folder: &folder,
        effort: Effort {
            rounds: if arguments.quick { 2 } else { arguments.rounds },
            seconds: if arguments.quick { 0.01 } else { 0.25 },
        },
        quick: arguments.quick,
    };
    let mut tables = Vec::new();
    for suite in Suite::value_variants() {
        if !arguments.only.is_empty() && !arguments.only.contains(suite) {
            continue;
        }
        let of_suite = match suite {
            Suite::WholeClip => bench.whole_clip(),
            Suite::Avx2 => bench.avx2(),
            Suite::Streaming => bench.streaming(),
            Suite::Tagger => tagger::tables(bench.effort)?,
            Suite::Live => live::tables(bench.effort)?,
            Suite::Pruned => bench.pruned(),
            Suite::Training => bench.training()?,
            Suite::Layers => bench.layers(),
            Suite::Trunks => trunks::tables(bench.effort)?,
            Suite::Teacher => match (bench.python, &arguments.teacher) {
                (Some(python), Some(teacher)) => teacher::tables(bench.effort, python, teacher)?,
                _ => Vec::new(), // the teacher is not in the repository
            },
        };
        if !arguments.json {
            of_suite
                .iter()
                .for_each(|table| println!("{}", table.markdown()));
        }
        tables.extend(of_suite);
    }
    let _ = std::fs::remove_dir_all(&folder);
    Ok(tables)
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    // One thread, candle's own operations too.
    rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build_global()?;
    let tables = run(&arguments)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&tables)?);
    }
    if let Some(path) = &arguments.out {
        let set = InstructionSet::best().name();
        std::fs::write(path, document(&tables, arguments.rounds, set))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_runs_on_a_small_net() {
        let arguments = Arguments::parse_from(["bench", "--quick"]);
        let tables = run(&arguments).unwrap();
        assert!(tables.len() > 10);
        for table in &tables {
            let text = table.markdown();
            assert!(text.contains("| 1.00 |") && !text.contains("NaN"), "{text}");
        }
        let document = document(&tables, 2, "plain");
        assert!(document.contains("20") && document.contains("Whole clip"));
    }
}
