//! Taking files out of packages: Debian's, npm's and Python's, and the archives of games inside.

use std::fs::File;
use std::io::{Read, Seek};
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use flate2::read::GzDecoder;

use hamiltone_training::files;

/// Takes the files that `wants` wants out of a package, into `folder`, which is there. Archives in Debian's and
/// npm's packages (`is_archive`) are opened too. Returns the paths.
pub(super) fn unpack(
    package: &Path,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let extension = package.extension().unwrap_or_default();
    let mut kept = match extension.to_string_lossy().as_ref() {
        "tgz" => unpack_tar(&mut GzDecoder::new(open(package)?), folder, wants),
        "whl" => unpack_zip(package, folder, wants),
        _ => unpack_deb(package, folder, wants),
    }
    .with_context(|| package.display().to_string())?;
    kept.sort();
    Ok(kept)
}

fn open(path: &Path) -> anyhow::Result<File> {
    File::open(path).with_context(|| path.display().to_string())
}

fn unpack_deb(
    package: &Path,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut child = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(package)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("dpkg-deb cannot be run: packages need a Debian system")?;
    let mut contents = child.stdout.take().context("dpkg-deb has no output")?;
    let kept = unpack_tar(&mut contents, folder, wants);
    drop(contents); // where something went wrong, it would wait for a reader
    let ended = child.wait()?;
    let kept = kept?;
    ensure!(
        ended.success(),
        "dpkg-deb cannot read it: remove it and try again"
    );
    Ok(kept)
}

fn unpack_tar(
    contents: &mut impl Read,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let damaged = "it is damaged: remove it and try again";
    let mut kept = Vec::new();
    for entry in tar::Archive::new(&mut *contents).entries()? {
        let mut entry = entry.context(damaged)?;
        let inside = entry.path()?.into_owned();
        let regular = entry.header().entry_type().is_file();
        if !(regular && (is_archive(&inside) || wants(&inside))) {
            continue;
        }
        let safe = |part: Component<'_>| matches!(part, Component::Normal(_) | Component::CurDir);
        ensure!(
            inside.components().all(safe) && entry.unpack_in(folder).context(damaged)?,
            "it holds the unsafe path {}",
            inside.display()
        );
        let file = folder.join(&inside);
        if is_archive(&inside) {
            kept.extend(unpack_archive(&file, wants)?);
            files::remove(&file)?;
        } else {
            kept.push(file);
        }
    }
    // To the very end, where the check sum of what is compressed is.
    std::io::copy(contents, &mut std::io::sink()).context(damaged)?;
    Ok(kept)
}

/// Extension of OpenTTD's sounds, and of what else calls itself a catalogue.
const OPENTTD: &str = "cat";
/// Those of games' archives, an organ's among them, that are zip files.
const ZIPPED: [&str; 5] = ["pk3", "pk4", "zip", "wz", "orgue"];

fn is_archive(path: &Path) -> bool {
    has_extension(path, &ZIPPED) || has_extension(path, &[OPENTTD])
}

fn has_extension(path: &Path, extensions: &[&str]) -> bool {
    let extension = path.extension().unwrap_or_default().to_string_lossy();
    extensions.contains(&extension.to_lowercase().as_str())
}

/// Unpacks the wanted files of an archive inside a package into a folder of its name.
fn unpack_archive(path: &Path, wants: &dyn Fn(&Path) -> bool) -> anyhow::Result<Vec<PathBuf>> {
    let mut folder = path.as_os_str().to_owned();
    folder.push(".unpacked");
    let folder = PathBuf::from(folder);
    if has_extension(path, &[OPENTTD]) {
        return unpack_openttd(path, &folder, wants);
    }
    unpack_zip(path, &folder, wants)
}

/// A number of OpenTTD's archives that says so: they are of the form that has names.
const NAMED: u32 = 1 << 31;

/// The sounds of an OpenTTD archive: a table of offset and size of each (the size of the table being where the first
/// begins), then the length of its name, the name, and a RIFF file. Other catalogues have none.
fn unpack_openttd(
    path: &Path,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let number = |at: usize| {
        let number = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
        number.map(u32::from_le_bytes)
    };
    let Some(first) = number(0).filter(|first| first & NAMED > 0) else {
        return Ok(Vec::new());
    };
    std::fs::create_dir_all(folder)?;
    let (mut kept, mut written) = (Vec::new(), 0);
    for entry in 0..(first & !NAMED) as usize / 8 {
        let of_entry = || {
            let from = (number(8 * entry)? & !NAMED) as usize;
            let size = number(8 * entry + 4)? as usize;
            let named = from + 1 + usize::from(*bytes.get(from)?);
            let name = String::from_utf8_lossy(bytes.get(from + 1..named)?);
            Some((name, bytes.get(named..named.checked_add(size)?)?))
        };
        let (name, sound) = of_entry()
            .with_context(|| format!("sound {entry} of {} lies outside of it", path.display()))?;
        written += sound.len();
        ensure!(
            written <= bytes.len(),
            "sounds of {} overlap",
            path.display()
        );
        let plain = |letter: char| letter.is_alphanumeric() || " -.()".contains(letter);
        let name: String = name
            .chars()
            .filter(|letter| plain(*letter))
            .take(150)
            .collect();
        let file = folder.join(format!("{entry} {name}.wav"));
        if wants(&file) {
            std::fs::write(&file, sound)?;
            kept.push(file);
        }
    }
    Ok(kept)
}

/// The files that are wanted.
fn unpack_zip(
    path: &Path,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Vec<PathBuf>> {
    let mut archive =
        zip::ZipArchive::new(open(path)?).with_context(|| path.display().to_string())?;
    let mut kept = Vec::new();
    for index in 0..archive.len() {
        kept.extend(unpack_zipped(&mut archive, index, folder, wants)?);
    }
    Ok(kept)
}

fn unpack_zipped<R: Read + Seek>(
    archive: &mut zip::ZipArchive<R>,
    index: usize,
    folder: &Path,
    wants: &dyn Fn(&Path) -> bool,
) -> anyhow::Result<Option<PathBuf>> {
    let mut entry = archive.by_index(index)?;
    let Some(inside) = entry.enclosed_name().filter(|_| entry.is_file()) else {
        return Ok(None);
    };
    if !wants(&inside) {
        return Ok(None);
    }
    let file = folder.join(inside);
    if let Some(parent) = file.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::io::copy(&mut entry, &mut File::create(&file)?)?;
    Ok(Some(file))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn wavs(path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "wav")
    }

    /// As npm packs one: `files` of name and contents.
    fn tgz(path: &Path, files: &[(&str, &[u8])]) {
        let file = GzEncoder::new(File::create(path).unwrap(), Compression::fast());
        let mut archive = tar::Builder::new(file);
        for (name, contents) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(contents.len() as u64);
            header.set_mode(0o644);
            // As it is: `append_data` would refuse what is unsafe.
            header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_cksum();
            archive.append(&header, *contents).unwrap();
        }
        archive.into_inner().unwrap().finish().unwrap();
    }

    #[test]
    fn the_sounds_of_a_railway_game_are_taken_apart() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let table = [16 | NAMED, 7, 16 + 5 + 7, 4]
            .map(u32::to_le_bytes)
            .concat();
        let cat = [&table[..], b"\x04horn", b"a whole", b"\x00", b"file"].concat();
        let package = folder.join("railway-1.0.0.tgz");
        tgz(&package, &[("package/all.cat", &cat)]);
        let out = folder.join("out");
        std::fs::create_dir_all(&out).unwrap();
        let kept = unpack(&package, &out, &wavs).unwrap();
        let read = |path: &PathBuf| std::fs::read_to_string(path).unwrap();
        assert_eq!(
            kept.iter().map(read).collect::<Vec<_>>(),
            ["a whole", "file"]
        );
        assert!(kept[0].ends_with("package/all.cat.unpacked/0 horn.wav"));
        // A catalogue of another kind, and one that is cut short.
        tgz(&package, &[("package/all.cat", b"CATALOG \"a\"")]);
        assert!(unpack(&package, &out, &wavs).unwrap().is_empty());
        tgz(&package, &[("package/all.cat", &cat[..cat.len() - 1])]);
        let error = format!("{:#}", unpack(&package, &out, &wavs).unwrap_err());
        assert!(error.contains("sound 1 of"), "{error}");
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, contents) in files {
            archive
                .start_file(*name, SimpleFileOptions::default())
                .unwrap();
            archive.write_all(contents).unwrap();
        }
        archive.finish().unwrap().into_inner()
    }

    #[test]
    fn sounds_come_out_of_packages_of_npm_and_python_and_out_of_archives_in_them() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let game = zip(&[("b.wav", b"in a game"), ("c.png", b"a picture")]);
        let npm = folder.join("sounds-1.0.0.tgz");
        let files: [(&str, &[u8]); 3] = [
            ("package/a.wav", b"a sound"),
            ("package/game.zip", &game),
            ("package/index.js", b"no sound"),
        ];
        tgz(&npm, &files);
        let wheel = folder.join("sounds-1.0.0-py3-none-any.whl");
        std::fs::write(&wheel, zip(&[("sounds/d.wav", b"another"), ("x.py", b"")])).unwrap();
        let out = |package: &Path| {
            let out = folder.join("out");
            std::fs::create_dir_all(&out).unwrap();
            let kept = unpack(package, &out, &wavs).unwrap();
            let read = |path: PathBuf| {
                let inside = path
                    .strip_prefix(&out)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                (inside, std::fs::read_to_string(path).unwrap())
            };
            kept.into_iter().map(read).collect::<Vec<_>>()
        };
        let both = [
            ("package/a.wav".to_owned(), "a sound".to_owned()),
            ("package/game.zip.unpacked/b.wav".into(), "in a game".into()),
        ];
        assert_eq!(out(&npm), both);
        assert_eq!(out(&wheel), [("sounds/d.wav".into(), "another".into())]);
        assert!(!folder.join("out/package/index.js").exists());
    }

    #[test]
    fn packages_that_are_damaged_or_want_out_of_their_folder_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let refused = |package: &Path| {
            let error = unpack(package, &folder.join("out"), &wavs).unwrap_err();
            format!("{error:#}")
        };
        let package = folder.join("bad-1.0.0.tgz");
        let own = folder.join("own.zip");
        std::fs::write(&own, zip(&[("a.wav", b"not theirs")])).unwrap();
        for path in ["../above.wav", "../own.zip", own.to_str().unwrap()] {
            tgz(&package, &[(path, b"out")]);
            assert!(refused(&package).contains("unsafe path"), "{path}");
        }
        assert!(own.exists() && !folder.join("above.wav").exists());
        std::fs::write(&package, "no archive").unwrap();
        assert!(refused(&package).contains("remove it and try again"));
        tgz(&package, &[("package/a.wav", b"a sound")]);
        let whole = std::fs::read(&package).unwrap();
        std::fs::write(&package, &whole[..whole.len() - 4]).unwrap();
        assert!(refused(&package).contains("remove it and try again"));
    }
}
