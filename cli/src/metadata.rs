//! Genre and keywords in the metadata of audio files.
//!
//! A file is never changed in place. A copy beside it gets the tags, its audio is decoded and compared with that of the
//! original, and it takes the name of the original when it is on the disk.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use hamiltone_decoding::AudioFile;
use hamiltone_exports::temporary_beside;
use lofty::aac::AacFile;
use lofty::config::{ParseOptions, ParsingMode, WriteOptions};
use lofty::file::{AudioFile as _, FileType};
use lofty::flac::FlacFile;
use lofty::id3::v2::{Id3v2Tag, Id3v2Version};
use lofty::iff::aiff::AiffFile;
use lofty::iff::wav::{RiffInfoList, WavFile};
use lofty::mp4::{Atom, AtomData, AtomIdent, Ilst, Mp4File};
use lofty::mpeg::MpegFile;
use lofty::ogg::tag::VorbisComments;
use lofty::ogg::{OpusFile, VorbisFile};
use lofty::probe::Probe;
use lofty::tag::{Accessor, TagExt};

/// The field for keywords in ID3 (`TXXX`) and Vorbis comments.
const KEYWORDS: &str = "KEYWORDS";
/// Between keywords, where a field has one text.
const SEPARATOR: &str = "; ";
/// The library holds WAV and AIFF files in memory.
const MAX_BYTES: u64 = 1 << 30;

/// What is written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Written if the file has no genre.
    pub(crate) genre: Option<String>,
    /// Added to those of the file.
    pub(crate) keywords: Vec<String>,
}

/// The fields of a file after the change.
#[derive(Debug, PartialEq, Eq)]
struct Fields {
    genre: Option<String>,
    keywords: Option<String>,
}

impl Metadata {
    /// What the fields become; `None` if that is what they are.
    fn merged(&self, genre: Option<&str>, keywords: Option<&str>) -> Option<Fields> {
        let genre = genre.filter(|genre| !genre.trim().is_empty());
        let old = keywords.unwrap_or_default().split(';').map(str::trim);
        let mut all: Vec<&str> = old.filter(|keyword| !keyword.is_empty()).collect();
        for keyword in &self.keywords {
            let keyword = keyword.as_str();
            if !all.iter().any(|known| known.eq_ignore_ascii_case(keyword)) {
                all.push(keyword);
            }
        }
        let new_keywords = all.join(SEPARATOR);
        let fields = Fields {
            genre: self.genre.clone().filter(|_| genre.is_none()),
            keywords: Some(new_keywords)
                .filter(|new| !new.is_empty() && Some(new.as_str()) != keywords),
        };
        (fields.genre.is_some() || fields.keywords.is_some()).then_some(fields)
    }
}

/// Writes metadata into a file, unless it has it already or `dry_run` is set. Returns whether there was something to write.
///
/// # Errors
/// If the format has no such metadata, the file cannot be read or replaced, it changes meanwhile, or its audio would not stay
/// the same to the bit. The file is then unchanged.
pub(crate) fn write(path: &Path, metadata: &Metadata, dry_run: bool) -> Result<bool> {
    // The file itself is replaced, not a link to it.
    let path = fs::canonicalize(path)?;
    let before = Version::of(&path)?;
    ensure!(
        before.bytes <= MAX_BYTES,
        "tags are written into files of up to 1 GiB; this one is larger"
    );
    let mut original = File::open(&path)?;
    let file_type = file_type(&mut original)?;
    if dry_run {
        return contained(|| edit(&mut original, file_type, metadata, false));
    }
    let folder = path.parent().context("it has no folder")?;
    let mut copy = temporary_beside(&path).context("no file can be created beside it")?;
    original.rewind()?;
    io::copy(&mut original, copy.as_file_mut())?;
    if !contained(|| edit(copy.as_file_mut(), file_type, metadata, true))? {
        return Ok(false);
    }
    ensure!(
        same_audio(&path, copy.path())?,
        "the audio would not stay the same to the bit, so no tags were written"
    );
    copy.as_file()
        .set_permissions(original.metadata()?.permissions())?;
    copy.as_file().sync_all()?;
    ensure!(
        Version::of(&path)? == before,
        "it was changed by another program meanwhile, so no tags were written"
    );
    copy.persist(&path).map_err(|error| error.error)?;
    sync_folder(folder);
    Ok(true)
}

/// Distinguishes versions of a file without reading it.
#[derive(Debug, PartialEq, Eq)]
struct Version {
    bytes: u64,
    modified: Option<std::time::SystemTime>,
}

impl Version {
    fn of(path: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(path)?;
        Ok(Self {
            bytes: metadata.len(),
            modified: metadata.modified().ok(),
        })
    }
}

/// The first bytes of files of a format: where it begins with other bytes, the library searches for a frame of MPEG audio, which it
/// also finds inside of other formats (Wave64).
fn begins_as(found: FileType, head: &[u8]) -> bool {
    let tagged = head.starts_with(b"ID3");
    match found {
        FileType::Aac | FileType::Mpeg => {
            tagged || matches!(head, [0xFF, second, ..] if second & 0xE0 == 0xE0)
        }
        FileType::Flac => tagged || head.starts_with(b"fLaC"),
        FileType::Opus | FileType::Vorbis => head.starts_with(b"OggS"),
        FileType::Wav => head.starts_with(b"RIFF"),
        FileType::Aiff => head.starts_with(b"FORM"),
        FileType::Mp4 => head.get(4..8) == Some(b"ftyp"),
        _ => false,
    }
}

/// The format by the contents.
fn file_type(file: &mut File) -> Result<FileType> {
    let mut head = Vec::new();
    file.by_ref().take(12).read_to_end(&mut head)?;
    file.rewind()?;
    let found = contained(|| {
        let probe = Probe::new(io::BufReader::new(&mut *file));
        Ok(probe.guess_file_type()?.file_type())
    })?;
    match found {
        Some(
            found @ (FileType::Aac
            | FileType::Aiff
            | FileType::Flac
            | FileType::Mpeg
            | FileType::Mp4
            | FileType::Opus
            | FileType::Vorbis
            | FileType::Wav),
        ) if begins_as(found, &head) => Ok(found),
        _ => bail!(
            "this format has none that could be written; supported are WAV, AIFF, FLAC, Ogg Vorbis, Opus, MP3, AAC and M4A"
        ),
    }
}

/// Merges metadata into the tag of the format, and saves it if `save` is set. Returns whether anything changed.
fn edit(file: &mut File, file_type: FileType, metadata: &Metadata, save: bool) -> Result<bool> {
    // Other modes leave out what cannot be read, and would lose it.
    let parse = ParseOptions::new()
        .read_properties(false)
        .parsing_mode(ParsingMode::Strict);
    let mut options = WriteOptions::new()
        .lossy_text_encoding(false)
        .parse_options(parse);
    file.rewind()?;
    match file_type {
        FileType::Flac => {
            // Pictures are blocks beside the comments, so the whole file is saved.
            let mut flac = FlacFile::read_from(file, parse)?;
            let comments = flac.vorbis_comments().cloned().unwrap_or_default();
            let Some(comments) = edit_comments(comments, metadata) else {
                return Ok(false);
            };
            flac.set_vorbis_comments(comments);
            if save {
                file.rewind()?;
                flac.save_to(file, options)?;
            }
            Ok(true)
        }
        FileType::Opus => {
            let comments = OpusFile::read_from(file, parse)?.vorbis_comments().clone();
            save_to(file, edit_comments(comments, metadata), options, save)
        }
        FileType::Vorbis => {
            let comments = VorbisFile::read_from(file, parse)?
                .vorbis_comments()
                .clone();
            save_to(file, edit_comments(comments, metadata), options, save)
        }
        FileType::Mp4 => {
            let ilst = Mp4File::read_from(file, parse)?.ilst().cloned();
            save_to(
                file,
                edit_ilst(ilst.unwrap_or_default(), metadata),
                options,
                save,
            )
        }
        FileType::Wav => {
            let list = WavFile::read_from(file, parse)?.riff_info().cloned();
            save_to(
                file,
                edit_list(list.unwrap_or_default(), metadata),
                options,
                save,
            )
        }
        id3_format => {
            let tag = match id3_format {
                FileType::Aac => AacFile::read_from(file, parse)?.id3v2().cloned(),
                FileType::Aiff => AiffFile::read_from(file, parse)?.id3v2().cloned(),
                _ => MpegFile::read_from(file, parse)?.id3v2().cloned(),
            };
            // Tags of version 2.3 stay so, since some programs read no other.
            let old = tag.as_ref().map(Id3v2Tag::original_version);
            options.use_id3v23(old.is_some_and(|version| version != Id3v2Version::V4));
            save_to(
                file,
                edit_id3(tag.unwrap_or_default(), metadata),
                options,
                save,
            )
        }
    }
}

fn save_to<T>(file: &mut File, tag: Option<T>, options: WriteOptions, save: bool) -> Result<bool>
where
    T: TagExt,
{
    let Some(tag) = tag else {
        return Ok(false);
    };
    if save {
        file.rewind()?;
        tag.save_to(file, options)?;
    }
    Ok(true)
}

fn edit_comments(mut tag: VorbisComments, metadata: &Metadata) -> Option<VorbisComments> {
    let fields = metadata.merged(tag.get("GENRE"), tag.get(KEYWORDS))?;
    if let Some(genre) = fields.genre {
        tag.insert("GENRE".to_owned(), genre);
    }
    if let Some(keywords) = fields.keywords {
        tag.insert(KEYWORDS.to_owned(), keywords);
    }
    Some(tag)
}

fn edit_id3(mut tag: Id3v2Tag, metadata: &Metadata) -> Option<Id3v2Tag> {
    let genre = tag.genre().map(String::from);
    let fields = metadata.merged(genre.as_deref(), tag.get_user_text(KEYWORDS))?;
    if let Some(genre) = fields.genre {
        tag.set_genre(genre);
    }
    if let Some(keywords) = fields.keywords {
        tag.insert_user_text(KEYWORDS.to_owned(), keywords);
    }
    Some(tag)
}

fn edit_ilst(mut tag: Ilst, metadata: &Metadata) -> Option<Ilst> {
    const KEYW: AtomIdent<'static> = AtomIdent::Fourcc(*b"keyw");
    let text = |data: &AtomData| match data {
        AtomData::UTF8(text) | AtomData::UTF16(text) => Some(text.clone()),
        _ => None,
    };
    let keywords = tag
        .get(&KEYW)
        .and_then(|atom| atom.data().next().and_then(text));
    let genre = tag.genre().map(String::from);
    let fields = metadata.merged(genre.as_deref(), keywords.as_deref())?;
    if let Some(genre) = fields.genre {
        tag.set_genre(genre);
    }
    if let Some(keywords) = fields.keywords {
        tag.replace_atom(Atom::new(KEYW, AtomData::UTF8(keywords)));
    }
    Some(tag)
}

fn edit_list(mut tag: RiffInfoList, metadata: &Metadata) -> Option<RiffInfoList> {
    let fields = metadata.merged(tag.get("IGNR"), tag.get("IKEY"))?;
    if let Some(genre) = fields.genre {
        tag.insert("IGNR".to_owned(), genre);
    }
    if let Some(keywords) = fields.keywords {
        tag.insert("IKEY".to_owned(), keywords);
    }
    Some(tag)
}

/// Runs the library; a panic in it becomes an error.
fn contained<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| bail!("its metadata is damaged"))
}

/// Whether two files give the same samples and warnings.
fn same_audio(original: &Path, copy: &Path) -> Result<bool> {
    let (mut original, mut copy) = (AudioFile::open(original)?, AudioFile::open(copy)?);
    let format = |file: &AudioFile| (file.sample_rate(), file.channels(), file.expected_frames());
    if format(&original) != format(&copy) {
        return Ok(false);
    }
    let (mut first, mut second): (Vec<u32>, Vec<u32>) = (Vec::new(), Vec::new());
    loop {
        let one = original.next_mono()?.map(<[f32]>::to_vec);
        let two = copy.next_mono()?.map(<[f32]>::to_vec);
        let ended = one.is_none() && two.is_none();
        first.extend(one.into_iter().flatten().map(f32::to_bits));
        second.extend(two.into_iter().flatten().map(f32::to_bits));
        // Packets may have other boundaries.
        let common = first.len().min(second.len());
        if first[..common] != second[..common] {
            return Ok(false);
        }
        first.drain(..common);
        second.drain(..common);
        if ended {
            return Ok(first.is_empty()
                && second.is_empty()
                && original.warnings() == copy.warnings());
        }
    }
}

/// Waits until the new name is on the disk, where the system allows that.
fn sync_folder(folder: &Path) {
    if cfg!(unix) {
        let _ = File::open(folder).and_then(|folder| folder.sync_all()); // some file systems cannot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_genre_is_kept_and_keywords_are_added() {
        let new = Metadata {
            genre: Some("Jazz".to_owned()),
            keywords: vec!["Music".to_owned(), "Jazz".to_owned()],
        };
        let merged = |genre, keywords| {
            let fields = new.merged(genre, keywords)?;
            Some((fields.genre, fields.keywords))
        };
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            merged(None, None),
            Some((text("Jazz"), text("Music; Jazz")))
        );
        assert_eq!(
            merged(Some("Rock"), Some("live;jazz")),
            Some((None, text("live; jazz; Music")))
        );
        assert_eq!(
            merged(Some(" "), Some("Music; Jazz")),
            Some((text("Jazz"), None))
        );
        assert_eq!(merged(Some("Rock"), Some("Music; Jazz")), None);
    }
}
