//! Decoded and resampled audio on disk, so that it is decoded once.
//!
//! A file of the cache is named by the SHA-256 of all that decides it: the bytes of the audio file,
//! the length it is cut to, the rate, and the version of this format. It holds 16-bit samples with
//! a scale (the loudest sample is full scale: noise 98 dB under it), and a hash of them, so that a
//! damaged file is made again.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use hamiltone_decoding::AudioFile;
use hamiltone_engine::audio::StreamResampler;
use hamiltone_engine::text::printable;
use sha2::{Digest, Sha256};

use crate::files;

/// Changes when decoding, resampling or the layout do.
const VERSION: &str = "hamiltone audio cache 1";
/// Bytes of the hash at the end of an entry.
pub const HASH: usize = 32;

/// One channel of sound in 16 bits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sound {
    /// The value of one step of the samples.
    pub scale: f32,
    /// The samples over the scale.
    pub samples: Vec<i16>,
}

impl Sound {
    /// Rounds samples.
    pub fn new(samples: &[f32]) -> Self {
        let loudest = samples
            .iter()
            .fold(0f32, |most, sample| most.max(sample.abs()));
        let scale = (loudest / f32::from(i16::MAX)).max(f32::MIN_POSITIVE);
        Self {
            scale,
            samples: samples.iter().map(|s| (s / scale).round() as i16).collect(),
        }
    }

    /// The samples as they were, to 16 bits.
    pub fn to_f32(&self) -> Vec<f32> {
        self.samples
            .iter()
            .map(|&s| self.scale * f32::from(s))
            .collect()
    }

    /// Reads an entry of a cache and checks its hash.
    ///
    /// # Errors
    /// If it cannot be read or is damaged.
    pub fn read(entry: &Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(entry).with_context(|| format!("reading {}", entry.display()))?;
        Self::from_bytes(&bytes)
            .with_context(|| format!("{} is damaged: gather it again", entry.display()))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.scale.to_le_bytes().to_vec();
        bytes.extend(self.samples.iter().flat_map(|sample| sample.to_le_bytes()));
        let hash = Sha256::digest(&bytes);
        bytes.extend(hash);
        bytes
    }

    /// None if the bytes are not those that were written.
    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (contents, hash) = bytes.split_at_checked(bytes.len().checked_sub(HASH)?)?;
        let (scale, samples) = contents.split_first_chunk()?;
        (Sha256::digest(contents).as_slice() == hash).then(|| Self {
            scale: f32::from_le_bytes(*scale),
            samples: samples
                .chunks_exact(2)
                .map(|pair| i16::from_le_bytes([pair[0], pair[1]]))
                .collect(),
        })
    }
}

/// Part of a cached sound, without reading the rest of it: up to `count` samples from `start` on, at the cache's rate; fewer where the sound ends. The
/// hash is not checked: that would take the whole file.
///
/// # Errors
/// If the file cannot be read or is no entry of a cache.
pub fn read_part(entry: &Path, start: usize, count: usize) -> anyhow::Result<Vec<f32>> {
    let read = || -> std::io::Result<Vec<f32>> {
        let mut file = File::open(entry)?;
        let mut scale = [0; size_of::<f32>()];
        file.read_exact(&mut scale)?;
        let overhead = (scale.len() + HASH) as u64;
        let all = file.metadata()?.len().saturating_sub(overhead) as usize / 2;
        let count = count.min(all.saturating_sub(start));
        file.seek(SeekFrom::Current(2 * start as i64))?;
        let mut bytes = vec![0; 2 * count];
        file.read_exact(&mut bytes)?;
        let scale = f32::from_le_bytes(scale);
        let pairs = bytes.chunks_exact(2);
        Ok(pairs
            .map(|pair| scale * f32::from(i16::from_le_bytes([pair[0], pair[1]])))
            .collect())
    };
    read().with_context(|| format!("reading cached audio from {}", entry.display()))
}

/// The hash of a cached sound's samples, by which the same sound out of two files is told; of a whole entry, which is not checked.
///
/// # Errors
/// If the file cannot be read or is no entry of a cache.
pub fn stored_hash(entry: &Path) -> anyhow::Result<[u8; HASH]> {
    let read = || -> std::io::Result<[u8; HASH]> {
        let (mut file, mut hash) = (File::open(entry)?, [0; HASH]);
        file.seek(SeekFrom::End(-(HASH as i64)))?;
        file.read_exact(&mut hash)?;
        Ok(hash)
    };
    read().with_context(|| format!("reading cached audio from {}", entry.display()))
}

/// A folder of decoded audio; several programs can use it at a time.
#[derive(Debug, Clone)]
pub struct AudioCache {
    folder: Option<PathBuf>,
    rate: u32,
}

impl AudioCache {
    /// Audio at `rate` Hz in this folder, which is made when it is needed.
    pub fn new(folder: &Path, rate: u32) -> Self {
        Self {
            folder: Some(folder.to_owned()),
            rate,
        }
    }

    /// One that keeps nothing.
    pub fn none(rate: u32) -> Self {
        Self { folder: None, rate }
    }

    /// In Hz.
    pub fn rate(&self) -> u32 {
        self.rate
    }

    /// Where caches go unless one says otherwise: `hamiltone` in the user's folder for such things,
    /// or in the temporary one.
    pub fn default_folder() -> PathBuf {
        let from = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let base = from("XDG_CACHE_HOME").or_else(|| from("HOME").map(|home| home.join(".cache")));
        base.unwrap_or_else(std::env::temp_dir).join("hamiltone")
    }

    /// The audio of a file, cut to `duration_s` where that is known. Reads the whole file each
    /// time (its hash finds the entry), decodes it the first time.
    ///
    /// # Errors
    /// If the file cannot be read, decoded or resampled. A cache that cannot be written only costs
    /// time.
    pub fn sound(&self, path: &Path, duration_s: Option<f64>) -> anyhow::Result<Sound> {
        // A file that cannot be read is the decoder's to describe.
        // A pipe is not even opened.
        if self.folder.is_none() || !path.is_file() || self.entry(path, duration_s).is_err() {
            return Ok(Sound::new(&decode(path, duration_s, self.rate)?));
        }
        self.keep(path, duration_s).map(|(_, sound)| sound)
    }

    /// As [`AudioCache::sound`], and the path of the entry, which [`read_part`] reads.
    ///
    /// # Errors
    /// As [`AudioCache::sound`]'s, and if the cache is one that keeps nothing.
    pub fn keep(&self, path: &Path, duration_s: Option<f64>) -> anyhow::Result<(PathBuf, Sound)> {
        let folder = self.folder.as_ref().context("a cache that keeps nothing")?;
        let entry = folder.join(self.entry(path, duration_s)?);
        if let Some(sound) = std::fs::read(&entry)
            .ok()
            .and_then(|b| Sound::from_bytes(&b))
        {
            return Ok((entry, sound));
        }
        let sound = Sound::new(&decode(path, duration_s, self.rate)?);
        self.write(&entry, &sound);
        Ok((entry, sound))
    }

    fn write(&self, entry: &Path, sound: &Sound) {
        let written = entry
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .context("making its folder")
            .and_then(|()| files::cache_bytes(entry, &sound.to_bytes()));
        if let Err(error) = written {
            eprintln!("the cache is not used: {error:#}");
        }
    }

    /// Name of a file's entry, in one of 256 folders.
    fn entry(&self, path: &Path, duration_s: Option<f64>) -> std::io::Result<PathBuf> {
        Ok(self.name(duration_s, &std::fs::read(path)?))
    }

    fn name(&self, duration_s: Option<f64>, contents: &[u8]) -> PathBuf {
        let mut hash = Sha256::new();
        hash.update(format!("{VERSION} {} {duration_s:?}\n", self.rate));
        hash.update(contents);
        let name = files::hex(&hash.finalize());
        Path::new(&name[..2]).join(format!("{name}.pcm"))
    }
}

fn decode(path: &Path, duration_s: Option<f64>, rate: u32) -> anyhow::Result<Vec<f32>> {
    let mut file = AudioFile::open(path)?;
    let mut audio = Vec::new(); // grows with the data, not by the length in the header
    while let Some(packet) = file.next_mono()? {
        audio.extend_from_slice(packet);
    }
    if file.ended_early() || file.damaged_packets() > 0 {
        let warnings: Vec<String> = file.warnings().iter().map(ToString::to_string).collect();
        let (path, warnings) = (path.display().to_string(), warnings.join("; "));
        eprintln!(
            "warning: {}: {warnings}; the rest of it is used",
            printable(&path)
        );
    }
    let own_rate = file.sample_rate();
    if let Some(seconds) = duration_s {
        let exact = (seconds * f64::from(own_rate)).round() as usize;
        audio.truncate(exact.max(1));
    }
    if audio.is_empty() {
        bail!("{} has no sound in it", path.display());
    }
    let mut resampler =
        StreamResampler::new(own_rate, rate).with_context(|| path.display().to_string())?;
    let mut samples = Vec::new();
    let mut keep = |piece: &[f32]| samples.extend_from_slice(piece);
    resampler.push(&audio, &mut keep);
    resampler.finish(&mut keep);
    Ok(samples)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A sine at 16 kHz.
    pub(crate) fn write(path: &Path, seconds: f32, gain: f32) {
        let settings = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 32,
            sample_format: hound::SampleFormat::Float,
        };
        let mut file = hound::WavWriter::create(path, settings).unwrap();
        for index in 0..(seconds * 16_000.0) as usize {
            file.write_sample(gain * (index as f32 * 0.05).sin())
                .unwrap();
        }
        file.finalize().unwrap();
    }

    fn entries(folder: &Path) -> Vec<PathBuf> {
        let list = |folder: &Path| -> Vec<PathBuf> {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            entries.map(|entry| entry.path()).collect()
        };
        list(folder).iter().flat_map(|part| list(part)).collect()
    }

    #[test]
    fn what_comes_out_of_the_cache_is_what_was_decoded() {
        let folder = tempfile::tempdir().unwrap();
        let (file, kept) = (folder.path().join("a.wav"), folder.path().join("cache"));
        write(&file, 0.5, 3.0); // over full scale
        let decoded = decode(&file, Some(0.25), 32_000).unwrap();
        let cache = AudioCache::new(&kept, 32_000);
        let first = cache.sound(&file, Some(0.25)).unwrap();
        assert_eq!(first, cache.sound(&file, Some(0.25)).unwrap());
        assert_eq!(entries(&kept).len(), 1);
        assert_eq!(first.samples.len(), decoded.len());
        let (entry, sound) = cache.keep(&file, Some(0.25)).unwrap();
        let part = read_part(&entry, 1000, 500).unwrap();
        assert_eq!(part, sound.to_f32()[1000..1500]);
        assert_eq!(read_part(&entry, 7990, 500).unwrap().len(), 10);
        assert!(read_part(&entry, 9000, 500).unwrap().is_empty());
        for (kept, exact) in first.to_f32().iter().zip(&decoded) {
            assert!((kept - exact).abs() < 1e-4, "{kept} {exact}");
        }
    }

    #[test]
    fn other_contents_other_lengths_and_damage_are_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let (file, kept) = (folder.path().join("a.wav"), folder.path().join("cache"));
        let cache = AudioCache::new(&kept, 32_000);
        write(&file, 0.5, 0.5);
        let loud = cache.sound(&file, None).unwrap();
        assert_ne!(loud, cache.sound(&file, Some(0.1)).unwrap());
        write(&file, 0.5, 0.1);
        assert_ne!(loud, cache.sound(&file, None).unwrap());
        assert_eq!(entries(&kept).len(), 3);
        write(&file, 0.5, 0.5);
        for entry in entries(&kept) {
            let mut bytes = std::fs::read(&entry).unwrap();
            bytes[9] ^= 1;
            bytes.truncate(bytes.len() - 1);
            std::fs::write(&entry, bytes).unwrap();
        }
        assert_eq!(loud, cache.sound(&file, None).unwrap());
    }

    #[test]
    fn silence_stays_silence() {
        let sound = Sound::new(&[0.0; 5]);
        assert_eq!(sound.to_f32(), [0.0; 5]);
        assert_eq!(Sound::from_bytes(&sound.to_bytes()), Some(sound));
        assert_eq!(Sound::from_bytes(b"short"), None);
    }
}
