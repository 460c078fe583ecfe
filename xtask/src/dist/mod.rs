//! `cargo xtask dist`: the archives that a release consists of, in `target/dist`.

mod archives;
pub(crate) mod licences;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use archives::{Archive, checksums};

use crate::bundles::{self, Profile, command, target_folder};

/// Documents in every archive with programs. The models inside the programs come from sounds whose authors have to
/// be named, which `material.csv` does.
const DOCUMENTS: [&str; 10] = [
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "docs/AUDIO_FILES.md",
    "docs/FORMATS.md",
    "docs/USER_GUIDE.md",
    "docs/panel.png",
    "docs/panel-compare.png",
    "docs/panel-labels.png",
    "docs/panel-outputs.png",
];

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Build for both processors of macOS and join the results (on macOS only)
    #[arg(long)]
    universal: bool,
}

/// What goes into the archives.
struct Parts {
    /// For file names: `linux-x86_64`.
    system: String,
    version: String,
    /// The CLAP and VST3 bundles.
    bundles: Vec<PathBuf>,
    command: PathBuf,
    /// Text with the licences of all dependencies.
    licences: String,
    /// The root of the repository.
    root: PathBuf,
}

/// Builds the plugin and the command line and packs them, the models and the guide.
///
/// # Errors
/// If something does not compile, or a file is missing.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = hamiltone_tests::places::root();
    let licences = licences::text(&root, &licences::PROGRAMS)?; // fails early
    let bundles = if arguments.universal {
        ensure!(cfg!(target_os = "macos"), "--universal needs macOS");
        bundles::build_universal()?
    } else {
        bundles::build(Profile::Release)?
    };
    let processor = if arguments.universal {
        "universal"
    } else {
        std::env::consts::ARCH
    };
    let parts = Parts {
        system: format!("{}-{processor}", std::env::consts::OS),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        bundles: vec![bundles.clap, bundles.vst3],
        command: command()?,
        licences,
        root,
    };
    let folder = target_folder()?.join("dist");
    for path in assemble(&parts, &folder)? {
        println!("{}", path.display());
    }
    Ok(())
}

/// Writes the archives and `SHA256SUMS` into `folder`, in place of what was there.
fn assemble(parts: &Parts, folder: &Path) -> Result<Vec<PathBuf>> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    std::fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let Parts {
        system, version, ..
    } = parts;
    let mut plugin = with_documents(parts, format!("hamiltone-plugin-{version}-{system}"))?;
    for bundle in &parts.bundles {
        plugin.add(&file_name(bundle)?, bundle)?;
    }
    let mut command = with_documents(parts, format!("hamiltone-cli-{version}-{system}"))?;
    command.add(&file_name(&parts.command)?, &parts.command)?;
    let mut models = Archive::new(format!("hamiltone-models-{version}"));
    models.add("", &parts.root.join("models"))?;
    let mut written = Vec::new();
    for archive in [plugin, command, models] {
        written.push(archive.write(folder)?);
    }
    let sums = folder.join("SHA256SUMS");
    std::fs::write(&sums, checksums(&written)?).with_context(|| sums.display().to_string())?;
    written.push(sums);
    Ok(written)
}

fn with_documents(parts: &Parts, name: String) -> Result<Archive> {
    let mut archive = Archive::new(name);
    for document in DOCUMENTS {
        archive.add(document, &parts.root.join(document))?;
    }
    let models = parts.root.join("models");
    for entry in std::fs::read_dir(&models).with_context(|| models.display().to_string())? {
        let path = entry?.path();
        if path
            .extension()
            .is_some_and(|ending| ending == "md" || ending == "csv")
        {
            archive.add(&format!("models/{}", file_name(&path)?), &path)?;
        }
    }
    archive.add_text("THIRD-PARTY-LICENCES.txt", &parts.licences);
    Ok(archive)
}

fn file_name(path: &Path) -> Result<String> {
    let name = path.file_name().and_then(|name| name.to_str());
    Ok(name
        .with_context(|| format!("{} has no name", path.display()))?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read;

    use super::*;

    fn write(path: &Path, text: &str) {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn small_repository(root: &Path) -> Parts {
        for document in DOCUMENTS {
            write(&root.join(document), document);
        }
        write(&root.join("models/README.md"), "models");
        write(&root.join("models/material.csv"), "sources");
        write(&root.join("models/small.safetensors"), "weights");
        write(&root.join("target/Hamiltone.clap"), "clap");
        write(
            &root.join("target/Hamiltone.vst3/Contents/x/Hamiltone.so"),
            "vst3",
        );
        write(&root.join("target/hamiltone"), "program");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::Permissions::from_mode(0o755);
            std::fs::set_permissions(root.join("target/hamiltone"), mode).unwrap();
        }
        Parts {
            system: "linux-x86_64".to_owned(),
            version: "1.2.3".to_owned(),
            bundles: ["Hamiltone.clap", "Hamiltone.vst3"]
                .map(|name| root.join("target").join(name))
                .to_vec(),
            command: root.join("target/hamiltone"),
            licences: "all licences".to_owned(),
            root: root.to_owned(),
        }
    }

    /// Name, permissions and text of each file.
    fn contents(archive: &Path) -> BTreeMap<String, (u32, String)> {
        let mut zip = zip::ZipArchive::new(std::fs::File::open(archive).unwrap()).unwrap();
        let mut files = BTreeMap::new();
        for index in 0..zip.len() {
            let mut file = zip.by_index(index).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            let name = file.name().unwrap().into_owned();
            files.insert(name, (file.unix_mode().unwrap(), text));
        }
        files
    }

    #[test]
    fn archives_hold_programs_documents_models_and_licences() {
        let folder = tempfile::tempdir().unwrap();
        let parts = small_repository(&folder.path().join("repository"));
        let out = folder.path().join("dist");
        write(&out.join("from-before.zip"), "old");
        let written = assemble(&parts, &out).unwrap();
        let names: Vec<String> = written
            .iter()
            .map(|path| file_name(path).unwrap())
            .collect();
        assert_eq!(
            names,
            [
                "hamiltone-plugin-1.2.3-linux-x86_64.zip",
                "hamiltone-cli-1.2.3-linux-x86_64.zip",
                "hamiltone-models-1.2.3.zip",
                "SHA256SUMS"
            ]
        );
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 4, "nothing old");

        let plugin = contents(&written[0]);
        let top = "hamiltone-plugin-1.2.3-linux-x86_64";
        let text = |name: &str| plugin[&format!("{top}/{name}")].1.as_str();
        assert_eq!(text("Hamiltone.clap"), "clap");
        assert_eq!(text("Hamiltone.vst3/Contents/x/Hamiltone.so"), "vst3");
        assert_eq!(text("docs/USER_GUIDE.md"), "docs/USER_GUIDE.md");
        assert_eq!(text("models/material.csv"), "sources");
        assert_eq!(text("THIRD-PARTY-LICENCES.txt"), "all licences");
        assert!(!plugin.keys().any(|name| name.ends_with(".safetensors")));

        let command = contents(&written[1]);
        let (mode, program) = &command["hamiltone-cli-1.2.3-linux-x86_64/hamiltone"];
        assert_eq!(program, "program");
        #[cfg(unix)]
        assert_eq!(mode & 0o777, 0o755, "it can be run");
        let models = contents(&written[2]);
        assert_eq!(
            models["hamiltone-models-1.2.3/small.safetensors"].1,
            "weights"
        );
    }

    #[test]
    fn the_same_files_give_the_same_checksums() {
        let folder = tempfile::tempdir().unwrap();
        let parts = small_repository(&folder.path().join("repository"));
        let sums = |out: &str| {
            let written = assemble(&parts, &folder.path().join(out)).unwrap();
            std::fs::read_to_string(&written[3]).unwrap()
        };
        let first = sums("a");
        assert_eq!(first.lines().count(), 3);
        assert_eq!(first, sums("b"));
        let checked = std::process::Command::new("sha256sum")
            .args(["--check", "--strict", "SHA256SUMS"])
            .current_dir(folder.path().join("a"))
            .output();
        match checked {
            Ok(output) => assert!(output.status.success(), "{output:?}"),
            Err(_) => hamiltone_test_support::skip("sha256sum"),
        }
    }

    #[test]
    fn a_missing_document_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let parts = small_repository(folder.path());
        std::fs::remove_file(folder.path().join("docs/FORMATS.md")).unwrap();
        let error = assemble(&parts, &folder.path().join("dist")).unwrap_err();
        assert!(format!("{error:#}").contains("FORMATS.md"), "{error:#}");
    }
}
