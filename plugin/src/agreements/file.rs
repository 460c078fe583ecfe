//! The file with the agreements of this machine.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::{Agreements, Item};

/// The environment variable with the full path of another file in place of the user's.
pub const VARIABLE: &str = "HAMILTONE_ALLOWED";

/// A larger file is not read.
const LARGEST: u64 = 1 << 20;

/// `$HAMILTONE_ALLOWED`, else `hamiltone/allowed.json` in the platform's folder for a user's configuration:
/// `%APPDATA%`, `~/Library/Application Support`, or `$XDG_CONFIG_HOME` or `~/.config`. `None` if none of them is a full
/// path.
pub fn path() -> Option<PathBuf> {
    let from = |variable: &str| {
        let path = std::env::var_os(variable).map(PathBuf::from);
        path.filter(|path| path.is_absolute())
    };
    if let Some(file) = from(VARIABLE) {
        return Some(file);
    }
    let configuration = if cfg!(windows) {
        from("APPDATA")
    } else if cfg!(target_os = "macos") {
        from("HOME").map(|home| home.join("Library/Application Support"))
    } else {
        from("XDG_CONFIG_HOME").or_else(|| from("HOME").map(|home| home.join(".config")))
    };
    configuration.map(|folder| folder.join("hamiltone").join("allowed.json"))
}

/// Reads the file. A missing file has no agreements.
///
/// # Errors
/// If it cannot be read, is larger than 1 MiB, or is not the JSON of [`Agreements`].
pub fn read(path: &Path) -> io::Result<Agreements> {
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Agreements::default()),
        file => file?,
    };
    let mut text = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST {
        return Err(io::Error::other("the file is too large"));
    }
    Ok(serde_json::from_slice(&text)?)
}

/// Adds an item and writes the file: completely, or not at all. Agreements that other instances added in the meantime
/// are kept. Blocks while another instance writes. Returns all agreements.
///
/// # Errors
/// If the file cannot be read or written; it is then unchanged.
pub fn add(path: &Path, item: &Item) -> io::Result<Agreements> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder)?;
    let lock = File::options()
        .create(true)
        .append(true)
        .open(path.with_extension("lock"))?;
    lock.lock()?;
    let mut agreements = read(path)?;
    agreements.add(item);
    // A link (to a folder of dotfiles) stays a link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut file = tempfile::NamedTempFile::new_in(target.parent().unwrap_or(folder))?;
    serde_json::to_writer_pretty(&mut file, &agreements)?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist(&target)?;
    Ok(agreements)
}
