//! Good files come out as they went in.

mod common;

use std::path::Path;

use common::{fixture, sine, write_wav};
use hamiltone_decoding::{AudioFile, DecodeError, read_mono};

#[test]
fn wav_of_every_depth() {
    let folder = tempfile::tempdir().unwrap();
    let tone = sine(44_100, 10_000);
    for (bits, tolerance) in [(8, 0.012), (16, 1e-4), (24, 1e-6), (32, 1e-6), (0, 1e-15)] {
        let path = folder.path().join(format!("{bits}.wav"));
        write_wav(&path, &tone, 44_100, 1, bits);
        let audio = read_mono(&path).unwrap();
        assert_eq!(audio.sample_rate, 44_100);
        assert_eq!(audio.samples.len(), tone.len(), "{bits} bits");
        let worst = audio
            .samples
            .iter()
            .zip(&tone)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert!(worst <= tolerance, "{bits} bits: off by {worst}");
    }
}

#[test]
fn every_rate_from_8_to_768_khz() {
    let folder = tempfile::tempdir().unwrap();
    for rate in [
        8_000, 11_025, 22_050, 44_100, 48_000, 96_000, 192_000, 250_000, 384_000, 768_000,
    ] {
        let path = folder.path().join("a.wav");
        write_wav(&path, &sine(rate, 1_000), rate, 1, 16);
        assert_eq!(read_mono(&path).unwrap().sample_rate, rate);
    }
}

#[test]
fn channels_are_averaged() {
    let folder = tempfile::tempdir().unwrap();
    let tone = sine(48_000, 5_000);
    for channels in [1, 2, 3, 6, 8] {
        let path = folder.path().join("many.wav");
        write_wav(&path, &tone, 48_000, channels, 0);
        let mut file = AudioFile::open(&path).unwrap();
        assert_eq!(file.channels(), usize::from(channels));
        let first = file.next_mono().unwrap().unwrap();
        for (a, b) in first.iter().zip(&tone) {
            assert!((a - b).abs() < 1e-6, "{channels} channels");
        }
    }
}

/// Of ffmpeg's `bext` and comment; of a GUANO chunk behind the audio, which counts first; not of a file without metadata.
#[test]
fn the_time_of_a_recording() {
    let time = |path: &Path| {
        AudioFile::open(path)
            .unwrap()
            .recorded_at()
            .map(ToString::to_string)
    };
    let of = |name: &str| time(&fixture(name));
    assert_eq!(of("bext.wav").as_deref(), Some("2024-05-06T04:30:15.25"));
    assert_eq!(
        of("audiomoth.wav").as_deref(),
        Some("2019-02-20T19:17:30+02:00")
    );
    assert_eq!(of("small.wav"), None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bat.wav");
    let text = "GUANO|Version: 1.0\nLoc Position: 1 2\nTimestamp: 2021-07-01T22:00:00.5Z\n";
    let mut bytes = std::fs::read(fixture("bext.wav")).unwrap();
    bytes.extend(b"guan");
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(time(&path).as_deref(), Some("2021-07-01T22:00:00.5Z"));
    assert_eq!(
        read_mono(&path).unwrap(),
        read_mono(&fixture("small.wav")).unwrap()
    );
}

/// guano-py 1.0.16 leaves out the padding byte behind an odd number of samples (findings/guano-py-write.sh). The size of its chunk,
/// 96 bytes, is a letter in the file, so the name moved by one looks like a name too.
#[test]
fn the_time_of_a_recording_behind_an_odd_chunk_without_padding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bat.wav");
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 48_000,
        bits_per_sample: 24,
        sample_format: hound::SampleFormat::Int,
    };
    let mut writer = hound::WavWriter::create(&path, spec).unwrap();
    (0..4_801).for_each(|sample| writer.write_sample(sample).unwrap());
    writer.finalize().unwrap();
    let sound = read_mono(&path).unwrap();
    let header = std::fs::read(&path).unwrap();
    let data = header.windows(4).position(|name| name == b"data").unwrap() + 8;
    let line = "GUANO|Version: 1.0\nTimestamp: 2021-07-01T22:00:00.5Z\nNote: ";
    for length in [line.len() + 1, 96, 100, 400] {
        for padding in [&[][..], &[0]] {
            let mut bytes = header[..data + 3 * 4_801].to_vec();
            bytes.extend(padding);
            bytes.extend(b"guan");
            bytes.extend((length as u32).to_le_bytes());
            bytes.extend(line.as_bytes());
            bytes.resize(bytes.len() + length - line.len(), b'x');
            std::fs::write(&path, bytes).unwrap();
            let recorded = AudioFile::open(&path).unwrap();
            let recorded = recorded.recorded_at().map(ToString::to_string);
            assert_eq!(
                recorded.as_deref(),
                Some("2021-07-01T22:00:00.5Z"),
                "{length} bytes"
            );
            assert_eq!(read_mono(&path).unwrap(), sound);
        }
    }
}

/// One channel of several comes out as it is, also from more channels than Symphonia has layouts for.
#[test]
fn one_channel_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("many.wav");
    for channels in [1u16, 2, 6, 40] {
        let spec = hound::WavSpec {
            channels,
            sample_rate: 48_000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut writer = hound::WavWriter::create(&path, spec).unwrap();
        for frame in 0..5_000u32 {
            for channel in 0..channels {
                writer
                    .write_sample(f32::from(channel) + frame as f32 / 1e4)
                    .unwrap();
            }
        }
        writer.finalize().unwrap();
        for channel in [0, usize::from(channels) - 1] {
            let mut file = AudioFile::open_channel(&path, channel).unwrap();
            let mut samples = Vec::new();
            while let Some(packet) = file.next_mono().unwrap() {
                samples.extend_from_slice(packet);
            }
            let expected = (0..5_000u32).map(|frame| channel as f32 + frame as f32 / 1e4);
            assert_eq!(
                samples,
                expected.collect::<Vec<f32>>(),
                "channel {channel} of {channels}"
            );
        }
        let error = AudioFile::open_channel(&path, usize::from(channels)).unwrap_err();
        assert!(
            matches!(error, DecodeError::NoSuchChannel { .. }),
            "{error}"
        );
    }
}

#[test]
fn streaming_gives_the_whole_and_counts_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.wav");
    write_wav(&path, &sine(44_100, 44_100), 44_100, 2, 16);
    let whole = read_mono(&path).unwrap();
    let mut file = AudioFile::open(&path).unwrap();
    assert_eq!(
        (file.frames_so_far(), file.expected_frames()),
        (0, Some(44_100))
    );
    let mut streamed = Vec::new();
    while let Some(samples) = file.next_mono().unwrap() {
        assert!(!samples.is_empty());
        streamed.extend_from_slice(samples);
    }
    assert_eq!(streamed, whole.samples);
    assert_eq!((file.frames_so_far(), file.damaged_packets()), (44_100, 0));
    assert!(!file.ended_early());
    assert!(file.next_mono().unwrap().is_none(), "the end stays the end");
}

/// Half a second of the tone of [`sine`] at 44.1 kHz in stereo, encoded once by ffmpeg
/// (`tests/fixtures/make.sh`).
#[test]
fn every_format_plays_the_same_tone() {
    // The lossy ones within their own error.
    for (name, tolerance, slack_frames) in [
        ("tone.flac", 1e-4, 0),
        ("tone.aiff", 1e-4, 0),
        ("tone.caf", 1e-4, 0),
        ("tone-alac.m4a", 1e-4, 0),
        ("tone.mka", 1e-4, 0),
        ("tone.ogg", 0.05, 0),
        ("tone.mp3", 0.05, 0),
        ("tone-aac.m4a", 0.05, 0),
    ] {
        let audio = read_mono(&fixture(name)).unwrap();
        assert_eq!(audio.sample_rate, 44_100, "{name}");
        let length = audio.samples.len();
        assert!(
            length.abs_diff(22_050) <= slack_frames,
            "{name}: {length} frames"
        );
        let tone = sine(44_100, length);
        // The edges are where codecs ring.
        let worst = (2_000..length - 2_000)
            .map(|n| (audio.samples[n] - tone[n]).abs())
            .fold(0.0, f32::max);
        assert!(worst <= tolerance, "{name}: off by {worst}");
        let power = audio.samples.iter().map(|x| x * x).sum::<f32>() / length as f32;
        assert!((0.11..0.14).contains(&power), "{name}: power {power}");
    }
}

/// Real Ogg Vorbis clips against the durations in their metadata, which has milliseconds. Skips, and says so, where the
/// data is not around.
#[test]
fn lengths_of_real_clips() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let mut clips = 0;
    for set in ["esc50", "urbansound8k", "gtzan", "ravdess", "instruments"] {
        let Ok(mut table) = csv::Reader::from_path(data.join(set).join("metadata.csv")) else {
            hamiltone_test_support::skip(data.join(set).join("metadata.csv").display());
            continue;
        };
        for row in table.records().step_by(40) {
            let row = row.unwrap();
            let path = data.join(set).join(&row[0]);
            let stated: f64 = row[4].parse().unwrap();
            let audio = read_mono(&path).unwrap();
            let off = (audio.duration_s() - stated).abs();
            assert!(
                off <= 0.002,
                "{}: {} s, stated {stated} s",
                path.display(),
                audio.duration_s()
            );
            assert!(
                audio.samples.iter().any(|&sample| sample != 0.0),
                "{}",
                path.display()
            );
            clips += 1;
        }
    }
    eprintln!("{clips} clips checked");
}
