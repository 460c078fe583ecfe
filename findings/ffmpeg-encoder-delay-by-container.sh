#!/usr/bin/env bash
# The same codec, written and read back by the same ffmpeg, starts up to 23 ms later in one container than in another.
#
# Version: ffmpeg 7.0.2 (static build in the PyPI package imageio-ffmpeg 0.6.0), Linux x86-64, 2026-11-30.
# Input:   1 s at 48 kHz with a 1 kHz tone that begins at frame 24 000 (made below).
# Seen:    onset of the tone after decoding, in frames (24 002 in the source, at a threshold of .2), and length:
#            libopus      Ogg, Matroska  24002, 48000    CAF       24314, 48960  (312 frames, 6.5 ms late)
#            aac          MP4            24002, 48128    Matroska  25026, 49152  (1024 frames, 21 ms late)
#            libmp3lame   MP3            24002, 48000    Matroska  25107, 49105  (1105 frames, 23 ms late)
# Why:     ffmpeg's CAF writer states no priming frames for Opus (a `pakt` chunk has a field for them), and its Matroska
#          writer states no CodecDelay for AAC and MP3, though it does for Opus. No reader can take off a delay that
#          the file does not state, so labels and events of such files are late by it.
# Ours:    `decoding` follows CodecDelay, edit lists and iTunes' tags where they are there (docs/AUDIO_FILES.md).
#
# Fails if any of these numbers changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet imageio-ffmpeg==0.6.0 numpy==2.3.5
cd "$folder"
venv/bin/python - <<'PYTHON'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
version = subprocess.run([ffmpeg, "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
print("ffmpeg", version)

rate = 48_000
sound = np.zeros(rate, np.float32)
sound[rate // 2 : rate // 2 + 480] = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(480) / rate)
open("sound.f32", "wb").write(np.stack([sound, sound], 1).tobytes())


def onset(samples):
    return int(np.argmax(np.abs(samples) > 0.2))


def read_back(name, codec):
    raw = ["-f", "f32le", "-ar", str(rate)]
    quiet = [ffmpeg, "-v", "error", "-y"]
    subprocess.run([*quiet, *raw, "-ac", "2", "-i", "sound.f32", "-c:a", codec, name], check=True)
    decoded = subprocess.run([*quiet, "-i", name, *raw, "-ac", "1", "-"], capture_output=True, check=True).stdout
    samples = np.frombuffer(decoded, np.float32)
    return onset(samples), len(samples)


expected = {
    ("opus.ogg", "libopus"): (24002, 48000),
    ("opus.mka", "libopus"): (24002, 48000),
    ("opus.caf", "libopus"): (24314, 48960),
    ("aac.mp4", "aac"): (24002, 48128),
    ("aac.mka", "aac"): (25026, 49152),
    ("mp3.mp3", "libmp3lame"): (24002, 48000),
    ("mp3.mka", "libmp3lame"): (25107, 49105),
}
same = version.startswith("7.0.2") and onset(sound) == 24002
for (name, codec), wanted in expected.items():
    seen = read_back(name, codec)
    same &= seen == wanted
    print(f"{codec:11} {name:9} onset {seen[0]}, {seen[1]} frames{'' if seen == wanted else f', expected {wanted}'}")
sys.exit(0 if same else "this behaviour has changed")
PYTHON
