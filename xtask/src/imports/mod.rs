//! `cargo xtask imports`: no two sibling modules refer to each other, directly or by a chain.
//!
//! Method calls and trait implementations name no module and are not seen.

mod circles;
mod references;
mod resolve;
#[cfg(test)]
mod tests;
mod tree;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use cargo_metadata::{MetadataCommand, TargetKind};
use circles::Circle;

#[derive(clap::Args, Default)]
pub(crate) struct Arguments {
    /// Root folder of the workspace to read [default: this repository]
    folder: Option<PathBuf>,
}

/// Prints the circular imports of all crates of a workspace.
///
/// # Errors
/// If there is one, or a source file cannot be read or parsed.
pub(crate) fn check(arguments: &Arguments) -> Result<()> {
    let here = Path::new(".");
    let folder = arguments.folder.as_deref().unwrap_or(here);
    let folder = std::fs::canonicalize(folder)
        .with_context(|| format!("cannot open {}", folder.display()))?;
    let (mut modules, mut found) = (0, 0);
    for (name, source) in roots(&folder)? {
        let tree = tree::Tree::read(&source)?;
        modules += tree.modules.len();
        for circle in circles::find(&tree) {
            print(&name, &circle, &folder);
            found += 1;
        }
    }
    ensure!(
        found == 0,
        "{found} circular import{} among sibling modules (listed above): move what both sides need into a module \
         that imports neither",
        if found == 1 { "" } else { "s" }
    );
    println!("no circular imports in {modules} modules");
    Ok(())
}

/// Name and first source file of each library, program and example.
fn roots(folder: &Path) -> Result<Vec<(String, PathBuf)>> {
    let metadata = MetadataCommand::new()
        .manifest_path(folder.join("Cargo.toml"))
        .no_deps()
        .exec()
        .with_context(|| format!("cargo metadata in {}", folder.display()))?;
    let mut roots = Vec::new();
    for package in &metadata.packages {
        for target in &package.targets {
            if !target.kind.contains(&TargetKind::Test) {
                let name = match target.kind.first() {
                    Some(kind) if package.targets.len() > 1 => {
                        format!("{} ({kind} {})", package.name, target.name)
                    }
                    _ => package.name.to_string(),
                };
                roots.push((name, target.src_path.clone().into_std_path_buf()));
            }
        }
    }
    Ok(roots)
}

fn print(name: &str, circle: &Circle, folder: &Path) {
    let inside = match circle.parent.as_str() {
        "" => String::new(),
        parent => format!(", in {parent}"),
    };
    println!(
        "{name}{inside}: {} import each other",
        circle.members.join(", ")
    );
    for arrow in &circle.arrows {
        let file = arrow.file.strip_prefix(folder).unwrap_or(&arrow.file);
        println!(
            "    {} -> {}   {}:{}   {}",
            arrow.from,
            arrow.to,
            file.display(),
            arrow.line,
            arrow.path
        );
    }
}
