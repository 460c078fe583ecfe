//! PCM in containers that Symphonia does not read, or not in all variants, is presented to it with an equivalent header of
//! WAV or CAF.

/// The most channels that Symphonia's readers of WAV and CAF accept.
const MAX_READER_CHANNELS: u32 = 26;

/// The encoding of a sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sample {
    /// 8 bits with an offset of 128.
    Unsigned8,
    /// Signed, of 2 to 4 bytes.
    Integer(u16),
    /// IEEE 754, of 4 or 8 bytes.
    Float(u16),
    /// ITU-T G.711 A-law.
    ALaw,
    /// ITU-T G.711 µ-law.
    MuLaw,
}

/// Interleaved PCM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pcm {
    pub(crate) sample: Sample,
    pub(crate) big_endian: bool,
    pub(crate) channels: u32,
    pub(crate) rate: u32,
}

impl Pcm {
    fn sample_bytes(&self) -> u16 {
        match self.sample {
            Sample::Integer(bytes) | Sample::Float(bytes) => bytes,
            Sample::Unsigned8 | Sample::ALaw | Sample::MuLaw => 1,
        }
    }

    /// Bytes per frame.
    pub(crate) fn frame_bytes(&self) -> u64 {
        u64::from(self.sample_bytes()) * u64::from(self.channels)
    }

    /// The format to present to the reader, and the number of channels that it presents as one: Symphonia has no layouts
    /// of more than 26 channels.
    pub(crate) fn for_reader(&self) -> (Self, Option<u32>) {
        if self.channels <= MAX_READER_CHANNELS {
            return (*self, None);
        }
        (
            Self {
                channels: 1,
                ..*self
            },
            Some(self.channels),
        )
    }

    /// A header for `bytes` of audio; `None` is up to the end.
    pub(crate) fn header(&self, bytes: Option<u64>) -> Vec<u8> {
        if self.big_endian && self.sample_bytes() > 1 {
            self.caf_header(bytes)
        } else {
            self.wave_header(bytes)
        }
    }

    fn wave_header(&self, bytes: Option<u64>) -> Vec<u8> {
        let tag: u16 = match self.sample {
            Sample::Unsigned8 | Sample::Integer(_) => 1,
            Sample::Float(_) => 3,
            Sample::ALaw => 6,
            Sample::MuLaw => 7,
        };
        let channels = u16::try_from(self.channels).unwrap_or(u16::MAX);
        let block = channels.wrapping_mul(self.sample_bytes());
        let mut format = tag.to_le_bytes().to_vec();
        format.extend(channels.to_le_bytes());
        format.extend(self.rate.to_le_bytes());
        format.extend(self.rate.wrapping_mul(u32::from(block)).to_le_bytes());
        format.extend(block.to_le_bytes());
        format.extend((8 * self.sample_bytes()).to_le_bytes());
        if tag != 1 {
            format.extend([0, 0]); // size of the extension
        }
        wave_header(&format, bytes)
    }

    fn caf_header(&self, bytes: Option<u64>) -> Vec<u8> {
        let float = matches!(self.sample, Sample::Float(_));
        let flags = u32::from(float) | u32::from(!self.big_endian) << 1;
        let mut header = b"caff\x00\x01\x00\x00desc".to_vec();
        header.extend(32u64.to_be_bytes());
        header.extend(f64::from(self.rate).to_be_bytes());
        header.extend(b"lpcm");
        let frame_bytes = u32::try_from(self.frame_bytes()).unwrap_or(u32::MAX);
        let bits = 8 * u32::from(self.sample_bytes());
        for field in [flags, frame_bytes, 1, self.channels, bits] {
            header.extend(field.to_be_bytes());
        }
        header.extend(b"data");
        let size = bytes.and_then(|bytes| i64::try_from(bytes + 4).ok());
        header.extend(size.unwrap_or(-1).to_be_bytes());
        header.extend([0; 4]); // edits
        header
    }
}

/// The header of a WAV with this `fmt ` chunk and `bytes` of audio; `None` is up to the end.
pub(crate) fn wave_header(format: &[u8], bytes: Option<u64>) -> Vec<u8> {
    let unknown = u32::MAX.to_le_bytes();
    let size = bytes
        .and_then(|bytes| u32::try_from(bytes).ok())
        .map_or(unknown, u32::to_le_bytes);
    let mut header = b"RIFF".to_vec();
    header.extend(unknown);
    header.extend(b"WAVEfmt ");
    header.extend((format.len() as u32).to_le_bytes());
    header.extend(format);
    header.extend(b"data");
    header.extend(size);
    header
}
