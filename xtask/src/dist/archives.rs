//! Zip archives that are the same for the same files.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// An archive of one folder that has the archive's name.
pub(crate) struct Archive {
    name: String,
    /// Paths inside, sorted; times are left out, so that the same files make the same archive.
    files: BTreeMap<String, (Vec<u8>, u32)>,
}

impl Archive {
    pub(crate) fn new(name: String) -> Self {
        Self {
            name,
            files: BTreeMap::new(),
        }
    }

    /// Adds a file, or a folder with all that is in it, as `inside`.
    pub(crate) fn add(&mut self, inside: &str, path: &Path) -> Result<()> {
        let missing = || format!("cannot read {}", path.display());
        if !path.is_dir() {
            let bytes = std::fs::read(path).with_context(missing)?;
            self.files.insert(inside.to_owned(), (bytes, mode(path)?));
            return Ok(());
        }
        for entry in std::fs::read_dir(path).with_context(missing)? {
            let entry = entry.with_context(missing)?;
            let name = entry.file_name();
            let name = name.to_str().with_context(missing)?;
            let inside = match inside {
                "" => name.to_owned(),
                folder => format!("{folder}/{name}"),
            };
            self.add(&inside, &entry.path())?;
        }
        Ok(())
    }

    pub(crate) fn add_text(&mut self, inside: &str, text: &str) {
        let file = (text.as_bytes().to_vec(), 0o644);
        self.files.insert(inside.to_owned(), file);
    }

    /// Writes `NAME.zip` into a folder and returns its path.
    pub(crate) fn write(&self, folder: &Path) -> Result<PathBuf> {
        let path = folder.join(format!("{}.zip", self.name));
        self.write_to(&path)
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }

    fn write_to(&self, path: &Path) -> Result<()> {
        let mut zip = ZipWriter::new(File::create(path)?);
        for (inside, (bytes, mode)) in &self.files {
            let options = SimpleFileOptions::default()
                .compression_method(CompressionMethod::Deflated)
                .last_modified_time(DateTime::default())
                .unix_permissions(*mode);
            zip.start_file(format!("{}/{inside}", self.name), options)?;
            zip.write_all(bytes)?;
        }
        zip.finish()?;
        Ok(())
    }
}

/// A line a file, as `sha256sum` writes and checks them.
pub(crate) fn checksums(files: &[PathBuf]) -> Result<String> {
    let mut text = String::new();
    for path in files {
        let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        for byte in Sha256::digest(bytes) {
            let _ = write!(text, "{byte:02x}");
        }
        let name = path.file_name().unwrap_or_default();
        let _ = writeln!(text, "  {}", name.display());
    }
    Ok(text)
}

#[cfg(unix)]
fn mode(path: &Path) -> Result<u32> {
    use std::os::unix::fs::PermissionsExt;

    let executable = std::fs::metadata(path)?.permissions().mode() & 0o100 != 0;
    Ok(if executable { 0o755 } else { 0o644 })
}

#[cfg(not(unix))]
fn mode(_: &Path) -> Result<u32> {
    Ok(0o644)
}
