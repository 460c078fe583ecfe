//! The byte stream that Symphonia reads: a header of ours in place of one that it does not support, then the bytes of the
//! file between two offsets.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use symphonia::core::io::MediaSource;

/// The start of a FLAC stream: signature and header of STREAMINFO, with and without the flag of the last block.
const FLAC_STARTS: [&[u8; 8]; 2] = [b"fLaC\x00\x00\x00\x22", b"fLaC\x80\x00\x00\x22"];

/// Bytes in memory, followed by a file or a pipe between two offsets.
pub(crate) struct Source {
    file: File,
    is_file: bool,
    head: Vec<u8>,
    /// The offset of the file after `head`.
    start: u64,
    /// The end, relative to the first byte of `head`, as `position`.
    length: u64,
    position: u64,
    watch: Option<Watch>,
}

/// Searches the bytes that are read for the start of a further FLAC stream.
struct Watch {
    found: NextStream,
    last: Vec<u8>,
    at: u64,
}

/// The offset of a further FLAC stream, once it was found.
#[derive(Clone)]
pub(crate) struct NextStream(Arc<AtomicU64>);

impl NextStream {
    /// The offset, if found.
    pub(crate) fn offset(&self) -> Option<u64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|offset| *offset != u64::MAX)
    }
}

impl Source {
    /// `head`, then the bytes of `file` from its offset `start` to `end`.
    pub(crate) fn new(file: File, is_file: bool, head: Vec<u8>, start: u64, end: u64) -> Self {
        Self {
            length: (head.len() as u64).saturating_add(end.saturating_sub(start)),
            file,
            is_file,
            head,
            start,
            position: 0,
            watch: None,
        }
    }

    /// Ends the stream before a further FLAC stream. The start at position 0 does not count.
    pub(crate) fn end_at_next_flac(&mut self) -> NextStream {
        let found = NextStream(Arc::new(AtomicU64::new(u64::MAX)));
        self.watch = Some(Watch {
            found: found.clone(),
            last: Vec::new(),
            at: 0,
        });
        found
    }

    /// The number of these bytes, just read at `position`, before a further FLAC stream.
    fn look_for_next(&mut self, bytes: &[u8]) -> usize {
        let Some(watch) = &mut self.watch else {
            return bytes.len();
        };
        if watch.at != self.position {
            watch.last.clear();
        }
        let before = watch.last.len();
        watch.last.extend_from_slice(bytes);
        watch.at = self.position + bytes.len() as u64;
        let first = self.position - before as u64;
        let found = watch.last.windows(8).enumerate().find(|(at, window)| {
            window[0] == b'f'
                && first + *at as u64 > 0
                && FLAC_STARTS.iter().any(|start| window == *start)
        });
        let Some((at, _)) = found else {
            let kept = watch.last.len().min(7);
            watch.last.drain(..watch.last.len() - kept);
            return bytes.len();
        };
        let next = first + at as u64;
        let offset = self.start + next - self.head.len() as u64;
        watch.found.0.store(offset, Ordering::Relaxed);
        self.length = self.length.min(next);
        usize::try_from(next.saturating_sub(self.position)).unwrap_or(0)
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let most = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let buffer = &mut buffer[..most];
        let in_memory = usize::try_from(self.position)
            .ok()
            .and_then(|position| self.head.get(position..));
        let count = match in_memory {
            Some(mut bytes) if !bytes.is_empty() => bytes.read(buffer)?,
            _ => self.file.read(buffer)?,
        };
        let count = self.look_for_next(&buffer[..count]);
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
        self.position = wanted.min(self.length);
        let behind_head = self.position.saturating_sub(self.head.len() as u64);
        self.file.seek(SeekFrom::Start(self.start + behind_head))?;
        Ok(self.position)
    }
}

impl MediaSource for Source {
    fn is_seekable(&self) -> bool {
        self.is_file
    }

    fn byte_len(&self) -> Option<u64> {
        let length = self.file.metadata().ok().filter(|_| self.is_file)?.len();
        let available = self.head.len() as u64 + length.saturating_sub(self.start);
        Some(self.length.min(available))
    }
}
