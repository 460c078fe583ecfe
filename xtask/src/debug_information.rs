//! Releases have no debug information: it would be four fifths of their size.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use goblin::Object;
use goblin::mach::{Mach, MachO, SingleArch};

/// What is shorter has no header of a program, and the parser takes it for a broken one.
const HEADER: usize = 16;

/// Looks at a file, or at every file of a folder and below.
///
/// # Errors
/// If a program or library has sections of debug information, or something cannot be read.
pub(crate) fn refuse(path: &Path) -> Result<()> {
    if path.is_dir() {
        for entry in std::fs::read_dir(path)? {
            refuse(&entry?.path())?;
        }
        return Ok(());
    }
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let found = debug_sections(&bytes).with_context(|| path.display().to_string())?;
    ensure!(
        found.is_empty(),
        "{} has debug information ({}): the release profile in Cargo.toml should strip it",
        path.display(),
        found.join(", ")
    );
    Ok(())
}

/// The names of sections with debug information; none where the bytes are no program.
fn debug_sections(bytes: &[u8]) -> Result<Vec<String>> {
    if bytes.len() < HEADER {
        return Ok(Vec::new());
    }
    let mut names: Vec<String> = match Object::parse(bytes)? {
        Object::Elf(elf) => {
            let names = elf.section_headers.iter();
            let names = names.filter_map(|section| elf.shdr_strtab.get_at(section.sh_name));
            names.map(str::to_owned).collect()
        }
        Object::PE(program) => {
            let names = program
                .sections
                .iter()
                .filter_map(|section| section.name().ok());
            names.map(str::to_owned).collect()
        }
        Object::Mach(Mach::Binary(program)) => mach_sections(&program),
        Object::Mach(Mach::Fat(programs)) => {
            let mut names = Vec::new();
            for program in &programs {
                if let SingleArch::MachO(program) = program? {
                    names.extend(mach_sections(&program));
                }
            }
            names
        }
        _ => Vec::new(),
    };
    names.retain(|name| {
        ["debug_", "zdebug_"]
            .iter()
            .any(|kind| name.trim_start_matches(['.', '_']).starts_with(kind))
    });
    Ok(names)
}

fn mach_sections(program: &MachO) -> Vec<String> {
    let sections = program.segments.sections().flatten().flatten();
    let names = sections.filter_map(|(section, _)| section.name().map(str::to_owned).ok());
    names.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// This test has debug information; the texts of a bundle are no programs.
    #[test]
    #[cfg(target_os = "linux")]
    fn debug_information_is_found() {
        let own = std::env::current_exe().unwrap();
        let error = refuse(&own).unwrap_err().to_string();
        assert!(error.contains(".debug_"), "{error}");
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("PkgInfo", "BNDL????"),
            ("moduleinfo.json", "{ \"Name\": \"Hamiltone\" }"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        refuse(folder.path()).unwrap();
    }
}
