//! The first bytes of a file, for detecting its format and reading its header.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;

use crate::source::Source;
use crate::special;

/// Bytes that are kept in memory. A pipe cannot be read twice, so its header has to fit.
const KEPT_BYTES: u64 = 1 << 16;

/// An open file with its first bytes in memory. Offsets are relative to the end of ID3v2 tags before the audio.
pub(crate) struct Beginning {
    file: File,
    is_file: bool,
    bytes: Vec<u8>,
    origin: u64,
}

impl Beginning {
    /// Opens a file or a pipe at an offset, reads its first bytes and skips its ID3v2 tags.
    pub(crate) fn open(path: &Path, offset: u64) -> io::Result<Self> {
        special::refuse(path)?;
        let mut file = File::open(path)?;
        let is_file = file.metadata()?.is_file();
        let mut bytes = Vec::new();
        (&mut file).take(KEPT_BYTES).read_to_end(&mut bytes)?;
        let mut beginning = Self {
            file,
            is_file,
            bytes,
            origin: offset,
        };
        while let Some(length) = id3v2_length(&beginning.read(0, 10)?) {
            beginning.origin += length;
        }
        Ok(beginning)
    }

    /// The length after the tags; `None` for a pipe.
    pub(crate) fn len(&self) -> Option<u64> {
        let length = self.file.metadata().ok().filter(|_| self.is_file)?.len();
        Some(length.saturating_sub(self.origin))
    }

    /// Up to `count` bytes at `offset`; fewer at the end of the file, and after the kept bytes of a pipe.
    pub(crate) fn read(&mut self, offset: u64, count: usize) -> io::Result<Vec<u8>> {
        let from = self.origin.saturating_add(offset);
        let kept = self.bytes.len() as u64;
        if !self.is_file || from.saturating_add(count as u64) <= kept {
            let from = from.min(kept) as usize;
            let to = from.saturating_add(count).min(self.bytes.len());
            return Ok(self.bytes[from..to].to_vec());
        }
        self.file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        (&mut self.file)
            .take(count as u64)
            .read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Moves the origin of offsets forward by `count` bytes.
    pub(crate) fn skip(&mut self, count: u64) {
        self.origin = self.origin.saturating_add(count);
    }

    /// The file for a decoder: `header`, then the bytes of the file from offset `from` up to offset `to` or its end.
    pub(crate) fn into_source(
        mut self,
        header: Vec<u8>,
        from: u64,
        to: Option<u64>,
    ) -> io::Result<Source> {
        let from = self.origin.saturating_add(from);
        let end = to.map_or(u64::MAX, |to| self.origin.saturating_add(to));
        let kept = self.bytes.len() as u64;
        let mut head = header;
        // Bytes in memory are not read again, since a pipe cannot be.
        let mut start = from;
        if from < kept {
            head.extend_from_slice(&self.bytes[from as usize..kept.min(end.max(from)) as usize]);
            start = kept;
        }
        if self.is_file {
            self.file.seek(SeekFrom::Start(start))?;
        } else if start > kept {
            let gap = start - kept;
            if io::copy(&mut (&mut self.file).take(gap), &mut io::sink())? < gap {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(Source::new(
            self.file,
            self.is_file,
            head,
            start,
            end.max(start),
        ))
    }
}

/// The length of an ID3v2 tag with this header, including header and footer.
fn id3v2_length(header: &[u8]) -> Option<u64> {
    let [b'I', b'D', b'3', major, _, flags, size @ ..] = header else {
        return None;
    };
    if *major == 0xFF || size.len() < 4 || size.iter().any(|byte| *byte >= 0x80) {
        return None;
    }
    let size = size.iter().fold(0, |sum, byte| sum << 7 | u64::from(*byte));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + size + footer)
}
