use std::path::{Path, PathBuf};

use hamiltone_decoding::{AudioFile, DecodeError};

/// A file, and the channel to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The path of the file.
    pub path: PathBuf,
    /// The channel to read, from 1 (0 counts as 1); `None` mixes all.
    pub channel: Option<u32>,
}

impl Source {
    /// All channels of a file.
    pub fn mix_of(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            channel: None,
        }
    }

    /// Opens the file. Blocks.
    ///
    /// # Errors
    /// Those of [`AudioFile::open_channel`].
    pub fn open(&self) -> Result<AudioFile, DecodeError> {
        match self.channel {
            None => AudioFile::open(&self.path),
            Some(channel) => {
                AudioFile::open_channel(&self.path, channel.saturating_sub(1) as usize)
            }
        }
    }

    /// The path as text.
    pub fn name(&self) -> String {
        self.path.to_string_lossy().into_owned()
    }
}
