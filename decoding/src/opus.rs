//! Opus: libopus as a decoder for Symphonia, with one to eight channels in the mappings of RFC 7845 §5.1.1.

use std::sync::{Mutex, PoisonError};

use opus::MSDecoder;
use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, Channels, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// The rate of decoded frames, independent of the rate of the source.
pub(crate) const RATE: u32 = 48_000;
/// The longest packet, 120 ms, in frames.
const MAX_FRAMES: usize = 5760;

/// The identification header, or its equivalent in other containers.
pub(crate) struct Head {
    channels: u8,
    /// Frames at 48 kHz to remove at the beginning.
    pub(crate) pre_skip: u16,
    /// In 1/256 dB.
    gain: i16,
    streams: u8,
    coupled: u8,
    mapping: Vec<u8>,
}

impl Head {
    /// Reads `OpusHead` (RFC 7845 §5.1) from the extra data of a track. Without it, one or two channels are one stream.
    pub(crate) fn of(parameters: &AudioCodecParameters) -> Option<Self> {
        let channels = parameters.channels.as_ref().map_or(0, Channels::count);
        let plain = |channels: u8| Self {
            channels,
            pre_skip: 0,
            gain: 0,
            streams: 1,
            coupled: channels - 1,
            mapping: (0..channels).collect(),
        };
        let Some(extra) = parameters.extra_data.as_deref() else {
            return matches!(channels, 1 | 2).then(|| plain(channels as u8));
        };
        let Some(head) = extra.strip_prefix(b"OpusHead") else {
            return matches!(channels, 1 | 2).then(|| plain(channels as u8));
        };
        let [
            _version,
            channels,
            skip_0,
            skip_1,
            _,
            _,
            _,
            _,
            gain_0,
            gain_1,
            family,
            table @ ..,
        ] = head
        else {
            return None;
        };
        let head = Self {
            pre_skip: u16::from_le_bytes([*skip_0, *skip_1]),
            gain: i16::from_le_bytes([*gain_0, *gain_1]),
            ..plain(if matches!(channels, 1..=8) {
                *channels
            } else {
                return None;
            })
        };
        if *family == 0 {
            return (*channels <= 2).then_some(head);
        }
        let [streams, coupled, mapping @ ..] = table else {
            return None;
        };
        Some(Self {
            streams: *streams,
            coupled: *coupled,
            mapping: mapping.get(..usize::from(*channels))?.to_vec(),
            ..head
        })
    }
}

/// One Opus stream.
pub(crate) struct OpusDecoder {
    parameters: AudioCodecParameters,
    /// Never locked; Symphonia requires decoders to be `Sync`.
    decoder: Mutex<MSDecoder>,
    channels: usize,
    interleaved: Vec<f32>,
    buffer: AudioBuffer<f32>,
}

impl OpusDecoder {
    fn new(parameters: &AudioCodecParameters) -> Result<Self> {
        let Some(head) = Head::of(parameters) else {
            return unsupported_error("opus: more than 8 channels, or a damaged header");
        };
        let channels = usize::from(head.channels);
        let decoder = MSDecoder::new(RATE, head.streams, head.coupled, &head.mapping);
        let Ok(mut decoder) = decoder else {
            return decode_error("opus: invalid header");
        };
        if decoder.set_gain(i32::from(head.gain)).is_err() {
            return decode_error("opus: invalid gain in the header");
        }
        let spec = AudioSpec::new(RATE, Channels::Discrete(head.channels.into()));
        Ok(Self {
            parameters: parameters.clone(),
            decoder: Mutex::new(decoder),
            channels,
            interleaved: vec![0.0; MAX_FRAMES * channels],
            buffer: AudioBuffer::new(spec, MAX_FRAMES),
        })
    }
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        let decoder = self
            .decoder
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let _ = decoder.reset_state(); // fails only for an invalid decoder
    }

    fn codec_info(&self) -> &CodecInfo {
        &Self::supported_codecs()[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.parameters
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        // libopus conceals a lost packet if the data is empty.
        if packet.data.is_empty() {
            return decode_error("opus: an empty packet");
        }
        let decoder = self
            .decoder
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let decoded = decoder.decode_float(packet.data, &mut self.interleaved, false);
        let Ok(frames) = decoded else {
            return decode_error("opus: a damaged packet");
        };
        self.buffer.render_uninit(Some(frames));
        let samples = &self.interleaved[..frames * self.channels];
        self.buffer.copy_from_slice_interleaved(&samples);
        let trim = |frames: u64| usize::try_from(frames).unwrap_or(usize::MAX);
        self.buffer
            .trim(trim(packet.trim_start.get()), trim(packet.trim_end.get()));
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(
        parameters: &AudioCodecParameters,
        _options: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        Ok(Box::new(Self::new(parameters)?))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        const INFO: CodecInfo = CodecInfo {
            short_name: "opus",
            long_name: "Opus",
            profiles: &[],
        };
        &[SupportedAudioCodec {
            id: CODEC_ID_OPUS,
            info: INFO,
        }]
    }
}
