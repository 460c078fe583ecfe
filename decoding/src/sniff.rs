//! Detects the format of a file from its first bytes. Names, and signatures later in a file, are ignored: a WavPack file has
//! the header of a WAV in its first block.

use std::io;

use crate::beginning::Beginning;
use crate::mpeg;

/// Bytes that are searched.
const SNIFFED_BYTES: usize = 1 << 16;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// WAV, RF64, BW64, Wave64.
    Wave,
    Aiff,
    Au,
    Caf,
    Flac,
    Ogg,
    /// MP4, M4A, MOV, 3GP.
    Mp4,
    /// Matroska and WebM.
    Matroska,
    /// MP1, MP2, MP3.
    Mpeg,
    /// AAC in ADTS.
    Adts,
    /// The name of a format that is not supported.
    Foreign(&'static str),
}

/// Signatures at the first byte.
const SIGNATURES: [(&[u8], Kind); 32] = [
    (b"RF64", Kind::Wave),
    (b"BW64", Kind::Wave),
    (
        b"riff\x2E\x91\xCF\x11\xA5\xD6\x28\xDB\x04\xC1\x00\x00",
        Kind::Wave,
    ),
    (b"RIFX", Kind::Foreign("RIFX (a big-endian WAV)")),
    (b".snd", Kind::Au),
    (b"caff", Kind::Caf),
    (b"fLaC", Kind::Flac),
    (b"OggS", Kind::Ogg),
    (b"\x1A\x45\xDF\xA3", Kind::Matroska),
    (b"wvpk", Kind::Foreign("WavPack")),
    (b"MAC ", Kind::Foreign("Monkey's Audio")),
    (b"MPCK", Kind::Foreign("Musepack")),
    (b"MP+", Kind::Foreign("Musepack")),
    (b"TTA1", Kind::Foreign("True Audio")),
    (b"TTA2", Kind::Foreign("True Audio")),
    (b"OFR ", Kind::Foreign("OptimFROG")),
    (b"ajkg", Kind::Foreign("Shorten")),
    (b"LA0", Kind::Foreign("Lossless Audio")),
    (b"tBaK", Kind::Foreign("TAK")),
    (b"DSD ", Kind::Foreign("DSD")),
    (b"FRM8", Kind::Foreign("DSD")),
    (b"#!AMR", Kind::Foreign("AMR")),
    (b"#!SILK", Kind::Foreign("SILK")),
    (b"ADIF", Kind::Foreign("AAC in ADIF")),
    (
        b"MThd",
        Kind::Foreign("MIDI, which holds notes and no audio"),
    ),
    (
        b"\x30\x26\xB2\x75\x8E\x66\xCF\x11",
        Kind::Foreign("Windows Media Audio"),
    ),
    (b"\x0B\x77", Kind::Foreign("AC-3")),
    (b"\x7F\xFE\x80\x01", Kind::Foreign("DTS")),
    (b"\x00\x00\x01\xBA", Kind::Foreign("an MPEG program stream")),
    (b"FLV\x01", Kind::Foreign("Flash Video")),
    (b".RMF", Kind::Foreign("RealMedia")),
    (b"Creative Voice File", Kind::Foreign("Creative Voice")),
];

/// Detects the format, and moves the origin to the first frame of MPEG audio or ADTS.
///
/// # Errors
/// The system cannot read the file.
pub(crate) fn sniff(file: &mut Beginning) -> io::Result<Option<Kind>> {
    let bytes = file.read(0, SNIFFED_BYTES)?;
    if let Some(kind) = kind_of(&bytes) {
        return Ok(Some(kind));
    }
    let whole = file
        .len()
        .is_some_and(|length| length <= bytes.len() as u64);
    Ok(mpeg::find(&bytes, whole).map(|(offset, adts)| {
        file.skip(offset as u64);
        if adts { Kind::Adts } else { Kind::Mpeg }
    }))
}

fn kind_of(bytes: &[u8]) -> Option<Kind> {
    let at = |offset: usize| bytes.get(offset..offset + 4);
    match (at(0)?, at(4), at(8)) {
        (b"RIFF", _, Some(b"WAVE")) => return Some(Kind::Wave),
        (b"RIFF", _, Some(b"AVI ")) => return Some(Kind::Foreign("AVI")),
        (b"RIFF", _, Some(b"RMID")) => return Some(Kind::Foreign("MIDI, which holds no audio")),
        (b"FORM", _, Some(b"AIFF" | b"AIFC")) => return Some(Kind::Aiff),
        (b"FORM", _, Some(b"8SVX")) => return Some(Kind::Foreign("8SVX")),
        (_, Some(b"ftyp" | b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot"), _) => {
            return Some(Kind::Mp4);
        }
        _ => {}
    }
    // Packets of 188 bytes that begin with a sync byte.
    if (0..4).all(|packet| bytes.get(188 * packet) == Some(&0x47)) {
        return Some(Kind::Foreign("an MPEG transport stream"));
    }
    // LOAS: a sync word of 11 bits, the length of the frame, the next sync word.
    if let [0x56, second @ 0xE0..=0xFF, third, ..] = bytes {
        let next = 3 + usize::from(second & 0x1F) * 256 + usize::from(*third);
        if let Some([0x56, 0xE0..=0xFF]) = bytes.get(next..next + 2) {
            return Some(Kind::Foreign("AAC in LATM"));
        }
    }
    let known = SIGNATURES
        .iter()
        .find(|(signature, _)| bytes.starts_with(signature));
    known.map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_signature_at_the_start_counts() {
        assert_eq!(kind_of(b"RIFF\0\0\0\0WAVEfmt "), Some(Kind::Wave));
        assert_eq!(
            kind_of(b"wvpk\x20\0\0\0\x10\x04RIFF\0\0\0\0WAVEfmt "),
            Some(Kind::Foreign("WavPack"))
        );
        assert_eq!(kind_of(b"some text, then RIFF\0\0\0\0WAVEfmt "), None);
        assert_eq!(kind_of(b"\0\0\0\x18ftypM4A "), Some(Kind::Mp4));
        assert_eq!(kind_of(b"RIF"), None);
    }
}
