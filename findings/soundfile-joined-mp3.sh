#!/usr/bin/env bash
# soundfile and pedalboard read a joined MP3 only to the end of its first part, without an error, where ffmpeg and mpg123 read all of it.
#
# Version: soundfile 0.14.0 with its libsndfile 1.2.2, pedalboard 0.9.26, ffmpeg 7.0.2 (static build in imageio-ffmpeg 0.6.0), numpy 2.4.6 (all PyPI),
#          mpg123 1.31.2 (Debian 12 package 1.31.2-1+deb12u1), Linux x86-64, 2026-12-01.
# Input:   5 s of a 440 Hz tone and 7 s of an 880 Hz tone at 44.1 kHz as MP3, each with the Info header that encoders write, joined with `cat`
#          (made below). With and without these headers.
# Seen:    seconds of each tone that are read:
#            with headers      soundfile 5 and 0, pedalboard 5 and 0, ffmpeg 5 and 7, mpg123 5 and 7
#            without headers   all of them 5 and 7
#          The header of the first part states its frames; libsndfile and pedalboard take that for the length of the file. libsndfile does
#          so though it decodes with mpg123's library.
# Who:     programs that read with soundfile (librosa does): the rest of a joined recording is missing from training and from labels.
# Ours:    `decoding` reads joined files to the end (docs/AUDIO_FILES.md).
#
# Needs root for apt-get. Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
apt-get install -qq -y --no-install-recommends mpg123=1.31.2-1+deb12u1 >/dev/null
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check \
    soundfile==0.14.0 pedalboard==0.9.26 imageio-ffmpeg==0.6.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import subprocess
import sys

import imageio_ffmpeg
import numpy as np
import soundfile
from pedalboard.io import AudioFile

ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]


def mp3(frequency, seconds, header):
    tone = ["-f", "lavfi", "-i", f"sine={frequency}:sample_rate=44100:duration={seconds}"]
    command = [*ffmpeg, *tone, "-b:a", "128k", "-id3v2_version", "0", "-write_xing", header, "part.mp3"]
    subprocess.run(command, check=True)
    return open("part.mp3", "rb").read()


def by_soundfile():
    return soundfile.read("joined.mp3")[0]


def by_pedalboard():
    with AudioFile("joined.mp3") as file:
        return file.read(file.frames)[0]


def by_ffmpeg():
    command = [*ffmpeg, "-i", "joined.mp3", "-f", "f32le", "-"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4")


def by_mpg123():
    command = ["mpg123", "--quiet", "--stdout", "--encoding", "f32", "joined.mp3"]
    return np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, "<f4")


def seconds(samples, frequency):
    """How many tenths of a second have this frequency, in whole seconds."""
    tenths = samples[: len(samples) // 4_410 * 4_410].reshape(-1, 4_410)
    loudest = np.abs(np.fft.rfft(tenths)).argmax(1) * 10
    return round(np.count_nonzero((loudest == frequency) & (np.abs(tenths).max(1) > 0.01)) / 10)


same = soundfile.__libsndfile_version__ == "1.2.2"
for header, short in [("1", True), ("0", False)]:
    open("joined.mp3", "wb").write(mp3(440, 5, header) + mp3(880, 7, header))
    print("with headers" if header == "1" else "without headers")
    for name, read in [("soundfile", by_soundfile), ("pedalboard", by_pedalboard), ("ffmpeg", by_ffmpeg), ("mpg123", by_mpg123)]:
        samples = read()
        found = seconds(samples, 440), seconds(samples, 880)
        print(f"  {name:10} {len(samples) / 44_100:6.3f} s: 440 Hz for {found[0]} s, 880 Hz for {found[1]} s")
        same &= found == ((5, 0) if short and name in ("soundfile", "pedalboard") else (5, 7))
sys.exit(0 if same else "this behaviour has changed")
PYTHON
