//! The decoders: Symphonia's, and ours for Opus. Names of codecs that are not decoded.

use std::path::Path;
use std::sync::OnceLock;

use symphonia::core::audio::Channels;
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::audio::{AudioCodecId, AudioCodecParameters};
use symphonia::core::codecs::registry::CodecRegistry;

use crate::DecodeError;
use crate::movie;
use crate::opus::OpusDecoder;

/// All decoders.
pub(crate) fn registry() -> &'static CodecRegistry {
    static REGISTRY: OnceLock<CodecRegistry> = OnceLock::new();
    REGISTRY.get_or_init(|| {
        let mut registry = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut registry);
        registry.register_audio_decoder::<OpusDecoder>();
        registry
    })
}

/// The common name of a codec.
pub(crate) fn name(codec: AudioCodecId) -> String {
    let known = match codec {
        id::CODEC_ID_AAC => "this kind of AAC",
        id::CODEC_ID_AC3 => "AC-3",
        id::CODEC_ID_EAC3 => "E-AC-3",
        id::CODEC_ID_DCA => "DTS",
        id::CODEC_ID_TRUEHD => "TrueHD",
        id::CODEC_ID_WMA => "Windows Media Audio",
        id::CODEC_ID_ALAC => "this kind of ALAC",
        id::CODEC_ID_FLAC => "this kind of FLAC",
        id::CODEC_ID_OPUS => "this kind of Opus",
        id::CODEC_ID_VORBIS => "this kind of Vorbis",
        id::CODEC_ID_SPEEX => "Speex",
        id::CODEC_ID_WAVPACK => "WavPack",
        id::CODEC_ID_TTA => "True Audio",
        id::CODEC_ID_MONKEYS_AUDIO => "Monkey's Audio",
        id::CODEC_ID_MUSEPACK => "Musepack",
        id::CODEC_ID_ATRAC3 => "ATRAC3",
        _ => return "its codec".to_owned(),
    };
    known.to_owned()
}

/// The parameters of a track of an MP4 or MOV with a sample description that Symphonia does not parse.
pub(crate) fn of_movie(
    path: &Path,
    codec: &movie::Codec,
) -> Result<AudioCodecParameters, DecodeError> {
    let mut parameters = AudioCodecParameters::new();
    parameters
        .with_sample_rate(codec.rate)
        .with_channels(Channels::Discrete(codec.channels));
    match (&codec.code, &codec.alac) {
        (b"alac", Some(cookie)) => parameters
            .for_codec(id::CODEC_ID_ALAC)
            .with_extra_data(cookie.clone()),
        (b"alaw", _) => parameters.for_codec(id::CODEC_ID_PCM_ALAW),
        (b"ulaw", _) => parameters.for_codec(id::CODEC_ID_PCM_MULAW),
        (code, _) => return Err(DecodeError::unsupported(path, name_of_code(code))),
    };
    Ok(parameters)
}

/// The common name of a four-character codec code.
pub(crate) fn name_of_code(code: &[u8]) -> String {
    match code {
        b"ima4" | b"ms\x00\x11" => "IMA ADPCM".to_owned(),
        b"ms\x00\x02" => "Microsoft ADPCM".to_owned(),
        b"MAC3" | b"MAC6" => "MACE".to_owned(),
        b"QDMC" | b"QDM2" => "QDesign Music".to_owned(),
        b"Qclp" => "Qualcomm PureVoice".to_owned(),
        b"ilbc" => "iLBC".to_owned(),
        b"samr" | b"sawb" => "AMR".to_owned(),
        b"ac-3" => "AC-3".to_owned(),
        b"ec-3" => "E-AC-3".to_owned(),
        b"ac-4" => "AC-4".to_owned(),
        b"apac" => "Apple Positional Audio".to_owned(),
        code => format!("codec '{}'", code.escape_ascii()),
    }
}
