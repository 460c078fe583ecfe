//! The decoders: Symphonia's and ours, and the names of codecs that none decodes.

use std::sync::OnceLock;

use symphonia::core::codecs::audio::AudioCodecId;
use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::registry::CodecRegistry;

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

/// What people call a codec.
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
