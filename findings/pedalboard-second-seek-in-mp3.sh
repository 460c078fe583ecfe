#!/usr/bin/env bash
# pedalboard reads an MP3 from the right frame after the first seek, and up to 26 ms late after most later seeks of the same open file.
#
# Version: pedalboard 0.9.26, ffmpeg 7.0.2 (static build in imageio-ffmpeg 0.6.0), numpy 2.4.6 (all PyPI), Linux x86-64, 2026-12-01.
# Input:   60 s of noise at 44.1 kHz, mono, as MP3 with a Xing header (ffmpeg's libmp3lame, -q:a 4; made below). `exact_duration_known` is True.
# Seen:    100 seeks to random frames, 8 000 frames read after each, compared with one read of the whole file:
#            file opened anew for each seek   100 at the place that was asked for
#            one open file                    28 at that place; the others are 576 or 1152 frames late (13 or 26 ms)
#          `tell()` gives the frame that was asked for in all cases. With the same sound as FLAC all seeks of one open file are exact.
# Who:     training that cuts random pieces from files that stay open: sound and labels are apart by up to 26 ms, by a different time for each piece.
# Ours:    `decoding` reads files from the beginning, and training cuts pieces from decoded samples. With pedalboard, open the file anew for each piece, or read it whole.
#
# Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check pedalboard==0.9.26 imageio-ffmpeg==0.6.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import random
import subprocess
import sys
from collections import Counter

import imageio_ffmpeg
import numpy as np
from pedalboard.io import AudioFile

noise = (0.1 * np.random.default_rng(1).standard_normal(60 * 44_100)).astype("<f4")
raw = ["-f", "f32le", "-ar", "44100", "-ac", "1", "-i", "-"]
ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *raw]
subprocess.run([*ffmpeg, "-q:a", "4", "noise.mp3"], input=noise.tobytes(), check=True)
subprocess.run([*ffmpeg, "-c:a", "flac", "noise.flac"], input=noise.tobytes(), check=True)


def lateness(piece, whole, at):
    """The frames by which the piece lies behind `at`; its beginning is left out, since a decoder may need it to settle."""
    for late in range(-4608, 4609, 576):
        if np.allclose(piece[4000:], whole[at + late + 4000 : at + late + 8000], atol=1e-3):
            return late
    return None


def seeks(path, anew):
    with AudioFile(path) as file:
        assert file.exact_duration_known
        whole = file.read(file.frames)[0]
    choice, found = random.Random(1), Counter()
    file = AudioFile(path)
    for _ in range(100):
        if anew:
            file = AudioFile(path)
        at = choice.randrange(10_000, 60 * 44_100 - 20_000)
        file.seek(at)
        assert file.tell() == at
        found[lateness(file.read(8_000)[0], whole, at)] += 1
    print(f"{path}, {'opened anew' if anew else 'one open file'}: seeks by frames late {dict(found.most_common())}")
    return found


exact = {0: 100}
same = seeks("noise.flac", False) == exact and seeks("noise.mp3", True) == exact
late = seeks("noise.mp3", False)
same &= late[0] < 50 and late[576] > 0 and late[1152] > 0
sys.exit(0 if same else "this behaviour has changed")
PYTHON
