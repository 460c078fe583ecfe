//! Detects HE-AAC. Symphonia decodes only its core, AAC-LC at half the rate. docs/AUDIO_FILES.md says why no decoder of
//! the rest (SBR, parametric stereo) is used.

use symphonia::core::codecs::audio::AudioCodecParameters;
use symphonia::core::codecs::audio::well_known::CODEC_ID_AAC;

use crate::warning::Warning;

/// At this rate and below, AAC-LC without SBR signalling is often the core of HE-AAC.
const IMPLICIT_RATE: u32 = 24_000;

/// Audio object types of ISO/IEC 14496-3, table 1.17.
const AAC_LC: u32 = 2;
const SBR: u32 = 5;
const PARAMETRIC_STEREO: u32 = 29;
/// Sync words of backward compatible signalling (§1.6.5).
const SYNC_SBR: u32 = 0x2B7;
const SYNC_PARAMETRIC_STEREO: u32 = 0x548;

/// The warning for a track of HE-AAC, or of what may be HE-AAC. `rate` is that of the decoded frames, in Hz.
pub(crate) fn warning(parameters: &AudioCodecParameters, rate: u32) -> Option<Warning> {
    if parameters.codec != CODEC_ID_AAC {
        return None;
    }
    let config = parameters.extra_data.as_deref().and_then(read_config);
    let (certain, parametric_stereo) = match config {
        Some(Config::Sbr { parametric_stereo }) => (true, parametric_stereo),
        Some(Config::NoSbr) => return None,
        Some(Config::Unsignalled) | None if rate <= IMPLICIT_RATE => (false, false),
        Some(Config::Unsignalled) | None => return None,
    };
    Some(Warning::HalfBandwidth {
        rate,
        parametric_stereo,
        certain,
    })
}

/// SBR signalling of an `AudioSpecificConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Config {
    Sbr { parametric_stereo: bool },
    NoSbr,
    Unsignalled,
}

/// Reads an `AudioSpecificConfig` (ISO/IEC 14496-3 §1.6.2.1); `None` if it is truncated.
fn read_config(bytes: &[u8]) -> Option<Config> {
    let mut bits = Bits { bytes, at: 0 };
    let object = bits.object_type()?;
    bits.rate()?;
    let channels = bits.take(4)?;
    if object == SBR || object == PARAMETRIC_STEREO {
        let parametric_stereo = object == PARAMETRIC_STEREO;
        return Some(Config::Sbr { parametric_stereo });
    }
    // A program config element follows if there is no channel configuration; it is not parsed.
    if object != AAC_LC || channels == 0 {
        return Some(Config::Unsignalled);
    }
    bits.take(1)?; // frame length flag
    if bits.take(1)? == 1 {
        bits.take(14)?; // core coder delay
    }
    bits.take(1)?; // extension flag
    Some(bits.extension().unwrap_or(Config::Unsignalled))
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    fn object_type(&mut self) -> Option<u32> {
        match self.take(5)? {
            31 => Some(32 + self.take(6)?),
            object => Some(object),
        }
    }

    fn rate(&mut self) -> Option<()> {
        if self.take(4)? == 15 {
            self.take(24)?;
        }
        Some(())
    }

    fn extension(&mut self) -> Option<Config> {
        if self.take(11)? != SYNC_SBR || self.object_type()? != SBR {
            return None;
        }
        if self.take(1)? == 0 {
            return Some(Config::NoSbr);
        }
        self.rate()?;
        let parametric_stereo =
            self.take(11) == Some(SYNC_PARAMETRIC_STEREO) && self.take(1) == Some(1);
        Some(Config::Sbr { parametric_stereo })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sbr_signalling() {
        // AAC-LC, 44.1 kHz, stereo, from ffmpeg: without signalling, and with explicit "no SBR".
        assert_eq!(read_config(&[0x12, 0x10]), Some(Config::Unsignalled));
        assert_eq!(
            read_config(&[0x12, 0x10, 0x56, 0xE5, 0x00]),
            Some(Config::NoSbr)
        );
        // HE-AAC v1 and v2, from fdkaac: object types 5 and 29.
        let sbr = |parametric_stereo| Some(Config::Sbr { parametric_stereo });
        assert_eq!(read_config(&[0x2B, 0x92, 0x08, 0x00]), sbr(false));
        assert_eq!(read_config(&[0xEB, 0x8A, 0x08, 0x00]), sbr(true));
        // Backward compatible signalling: AAC-LC at 22.05 kHz, SBR to 44.1 kHz.
        assert_eq!(read_config(&[0x13, 0x90, 0x56, 0xE5, 0xA0]), sbr(false));
        assert_eq!(read_config(&[0x13]), None);
    }
}
