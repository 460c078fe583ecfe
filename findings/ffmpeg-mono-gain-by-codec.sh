#!/usr/bin/env bash
# `ffmpeg -ac 1` makes the same stereo file 3 dB louder as Ogg Vorbis, AAC or float WAV than as FLAC or 16-bit WAV.
#
# Version: ffmpeg 7.0.2 (static build in the PyPI package imageio-ffmpeg 0.6.0), numpy 2.4.6, Linux x86-64, 2026-12-01.
# Input:   2 s of a 1 kHz tone at 48 kHz, equal in both channels, peak .5, as 16-bit WAV and as float WAV (made below).
# Seen:    level of `ffmpeg -i IN -ac 1 OUT`, decoded, against one channel of the input:
#            from 16-bit WAV   WAV of 16 bits, FLAC, MP3   0 dB       float WAV, Vorbis, AAC   +3 dB
#            from float WAV    WAV of 16 bits, FLAC        0 dB       float WAV, Vorbis, AAC, MP3   +3 dB
#          The peak of the louder ones is .7. A file at full scale goes 3 dB over it. ffmpeg 9.0.2 (imageio-ffmpeg 0.8.1) does the same.
# Why:     ffmpeg weighs both channels by .707, and scales the weights to a sum of 1 only where the output is of integers. The encoder decides that:
#          those of Vorbis and AAC take float only, that of MP3 takes both, and gets what the input has.
# Who:     data sets that were made mono in several formats: a level that depends on the format is a clue that a network can learn.
# Ours:    `decoding` averages the channels of all formats (docs/AUDIO_FILES.md), so use stereo files as they are. For ffmpeg,
#          `-af "pan=mono|c0=.5*c0+.5*c1"` is an average in every format.
#
# Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check imageio-ffmpeg==0.6.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np

ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
tone = 0.5 * np.sin(2 * np.pi * 1_000 * np.arange(96_000) / 48_000)
raw = ["-f", "f32le", "-ar", "48000", "-ac", "2", "-i", "-"]
stereo = np.stack([tone, tone], 1).astype("<f4").tobytes()
subprocess.run([*ffmpeg, *raw, "-c:a", "pcm_s16le", "integer.wav"], input=stereo, check=True)
subprocess.run([*ffmpeg, *raw, "-c:a", "pcm_f32le", "float.wav"], input=stereo, check=True)

codecs = {"pcm_s16le": "wav", "flac": "flac", "libmp3lame": "mp3", "libvorbis": "ogg", "aac": "m4a", "pcm_f32le": "wav"}
PAN = ["-af", "pan=mono|c0=.5*c0+.5*c1"]


def level(source, codec, mix):
    """In dB against a channel of the source, in the middle; and the peak."""
    name = f"mono.{codecs[codec]}"
    subprocess.run([*ffmpeg, "-i", source, *mix, "-c:a", codec, "-b:a", "192k", name], check=True)
    decoded = subprocess.run([*ffmpeg, "-i", name, "-f", "f32le", "-"], capture_output=True, check=True).stdout
    middle = np.frombuffer(decoded, "<f4")[30_000:60_000]
    return 20 * np.log10(middle.std() / tone.std()), np.abs(middle).max()


louder = {
    "integer.wav": {"libvorbis", "aac", "pcm_f32le"},
    "float.wav": {"libvorbis", "aac", "pcm_f32le", "libmp3lame"},
}
same = True
for source, codecs_louder in louder.items():
    for codec in codecs:
        change, peak = level(source, codec, ["-ac", "1"])
        averaged, _ = level(source, codec, PAN)
        print(f"{source:11} -> {codec:10} -ac 1: {change:+.1f} dB, peak {peak:.2f}; pan: {averaged:+.1f} dB")
        same &= abs(change - (3.0 if codec in codecs_louder else 0.0)) < 0.5 and abs(averaged) < 0.5
sys.exit(0 if same else "this behaviour has changed")
PYTHON
