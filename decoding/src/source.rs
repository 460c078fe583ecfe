//! A file as Symphonia reads it: a WAV of more than 4 GB (RF64, BW64) shows itself as a WAV of unknown
//! length that ends where its sound ends, and a CAF of unknown length tells its length.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use symphonia::core::io::MediaSource;

/// So far into a file its chunks are looked at. What comes before the sound is hardly ever longer.
const HEADER_BYTES: u64 = 1 << 16;
/// A size that the chunk `ds64` holds, or nobody.
const ELSEWHERE: u32 = u32::MAX;

/// A file or a pipe, with its first bytes in memory.
pub(crate) struct Source {
    file: File,
    is_file: bool,
    head: Vec<u8>,
    position: u64,
    /// The sound of an RF64, where its header says where it is.
    sound: Option<Sound>,
}

/// Where the sound of an RF64 ends, and how many frames it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Sound {
    end: u64,
    frames: Option<u64>,
}

impl Source {
    /// Opens a file and looks at its first bytes.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let is_file = file.metadata()?.is_file();
        let mut head = Vec::new();
        (&mut file).take(4).read_to_end(&mut head)?;
        let (large, caf) = (head == b"RF64" || head == b"BW64", head == b"caff");
        let mut sound = None;
        if large || caf {
            (&mut file).take(HEADER_BYTES).read_to_end(&mut head)?;
        }
        if large {
            sound = sound_of(&head);
            head[..4].copy_from_slice(b"RIFF");
            if let Some(size) = head.get_mut(4..8) {
                size.fill(0xFF); // unknown: the true one does not fit
            }
        }
        if caf && is_file {
            tell_caf_length(&mut head, file.metadata()?.len());
        }
        Ok(Self {
            file,
            is_file,
            head,
            position: 0,
            sound,
        })
    }

    /// How many frames an RF64 promises, where it does.
    pub(crate) fn frames(&self) -> Option<u64> {
        self.sound.and_then(|sound| sound.frames)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.sound.map_or(u64::MAX, |sound| sound.end) - self.position;
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = &mut buffer[..most];
        let in_memory = usize::try_from(self.position)
            .ok()
            .and_then(|position| self.head.get(position..));
        let count = match in_memory {
            Some(mut bytes) if !bytes.is_empty() => bytes.read(buffer)?,
            _ => self.file.read(buffer)?,
        };
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Source {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
            SeekFrom::End(offset) => {
                let end = self.byte_len().ok_or(io::ErrorKind::Unsupported)?;
                end.checked_add_signed(offset)
            }
        };
        let wanted = wanted.ok_or(io::ErrorKind::InvalidInput)?;
        let end = self.sound.map_or(u64::MAX, |sound| sound.end);
        let position = wanted.min(end);
        // What is in memory is not read from the file again.
        self.file
            .seek(SeekFrom::Start(position.max(self.head.len() as u64)))?;
        self.position = position;
        Ok(position)
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        self.is_file
    }

    fn byte_len(&self) -> Option<u64> {
        let length = self.file.metadata().ok().filter(|_| self.is_file)?.len();
        Some(self.sound.map_or(length, |sound| sound.end.min(length)))
    }
}

/// Finds the sound of an RF64: `ds64` comes first and has the size of `data`.
fn sound_of(header: &[u8]) -> Option<Sound> {
    let (mut position, mut data_bytes, mut frame_bytes) = (12usize, None, None);
    loop {
        let chunk = header.get(position..position.checked_add(8)?)?;
        let size = u32_at(chunk, 4)?;
        let body = position + 8;
        match &chunk[..4] {
            b"ds64" => data_bytes = Some(u64_at(header, body + 8)?),
            b"fmt " => frame_bytes = frame_bytes_of(&header[body..]),
            b"data" if size != ELSEWHERE => return None, // Symphonia reads that
            b"data" => {
                // Nobody knew the length where it is 0 or the most that fits.
                let bytes = data_bytes.filter(|bytes| ![0, u64::MAX].contains(bytes))?;
                let end = (body as u64).checked_add(bytes)?;
                let frames = frame_bytes.map(|frame_bytes| bytes / frame_bytes);
                return Some(Sound { end, frames });
            }
            _ => {}
        }
        position = body
            .checked_add(size as usize)?
            .checked_add(size as usize % 2)?;
    }
}

/// A CAF that was written before its length was known says -1 and has its sound last, up to the end
/// of the file. Symphonia looks for another chunk there.
fn tell_caf_length(header: &mut [u8], file_bytes: u64) -> Option<()> {
    let mut position = 8usize;
    loop {
        let chunk = header.get_mut(position..position.checked_add(12)?)?;
        let size = i64::from_be_bytes(chunk[4..].try_into().ok()?);
        let body = position + 12;
        if &chunk[..4] == b"data" {
            if size == -1 {
                let bytes = file_bytes.checked_sub(body as u64)?;
                chunk[4..].copy_from_slice(&bytes.to_be_bytes());
            }
            return Some(());
        }
        position = body.checked_add(usize::try_from(size).ok()?)?;
    }
}

/// Bytes a frame, where a frame has always as many: PCM, floats, and the extensible form of both.
fn frame_bytes_of(format: &[u8]) -> Option<u64> {
    let u16_at = |at: usize| Some(u16::from_le_bytes(format.get(at..at + 2)?.try_into().ok()?));
    let plain = [1, 3, 0xFFFE].contains(&u16_at(0)?);
    let bytes = u64::from(u16_at(12)?);
    (plain && bytes > 0).then_some(bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?))
}
