#!/usr/bin/env bash
# Opening a WAV file with soundfile in mode "r+" and closing it again, with nothing written, can overwrite the beginning of its sound.
#
# Version: soundfile 0.14.0 (PyPI) with its libsndfile 1.2.2, numpy 2.4.6, Linux x86-64, 2026-12-01.
# Input:   one second of 16-bit mono at 48 kHz in four files (made below): sample k has the value k % 30000 + 1. With no other chunk; with `cue ` (two
#          markers) behind the sound; with `guan` (GUANO) behind the sound; with a `bext` chunk of 609 bytes and its padding byte before the sound.
# Seen:    after `with soundfile.SoundFile(path, "r+"): pass`
#            no other chunk    the sound is as before
#            cue behind        the chunk stands before the sound and covers its beginning: the first 30 frames are gone, the rest is 30 frames early
#            guan behind       the sound is as before, but the chunk is gone, and with it the time of the recording
#            odd bext before   the padding byte is left out, so `data` is one byte early and the file cannot be opened any more
# Why:     libsndfile rewrites the header of a file in this mode when it is closed, with the chunks that it knows.
# Ours:    we never change a file in place: `analyze --write-tags` edits a copy and compares its decoded sound (cli/src/metadata.rs). To change tags from
#          Python, use another library, or write a new file.
#
# Fails if any of this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check soundfile==0.14.0 numpy==2.4.6
cd "$folder"
venv/bin/python - <<'PYTHON'
import struct
import sys

import numpy as np
import soundfile

sound = (np.arange(48_000) % 30_000 + 1).astype("<i2")


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def make(path, before=b"", behind=b""):
    form = struct.pack("<HHIIHH", 1, 1, 48_000, 96_000, 2, 16)
    body = b"WAVE" + chunk(b"fmt ", form) + before + chunk(b"data", sound.tobytes()) + behind
    open(path, "wb").write(b"RIFF" + struct.pack("<I", len(body)) + body)


def chunks(path):
    content, at, names = open(path, "rb").read(), 12, []
    while at + 8 <= len(content):
        size = struct.unpack_from("<I", content, at + 4)[0]
        names.append(content[at : at + 4].decode("latin1").strip())
        at += 8 + size + size % 2
    return names


def look(path):
    try:
        samples, _ = soundfile.read(path, dtype="int16")
    except soundfile.LibsndfileError:
        return "cannot be opened"
    return f"{len(samples)} frames, the first is {samples[0]}; {' '.join(chunks(path))}"


points = [struct.pack("<II4sIII", number, 12_000 * number, b"data", 0, 0, 12_000 * number) for number in (1, 2)]
cue = chunk(b"cue ", struct.pack("<I", 2) + b"".join(points))
guano = chunk(b"guan", b"GUANO|Version: 1.0\nTimestamp: 2024-05-06T04:30:15Z\n")
day = b"2024-05-06" + b"04-30-15" + struct.pack("<QH", 0, 1)
bext = chunk(b"bext", (bytes(320) + day).ljust(602, b"\0") + b"A=PCM\r\n")
cases = {
    "no other chunk": ({}, "48000 frames, the first is 1; fmt data", "48000 frames, the first is 1; fmt data"),
    "cue behind": ({"behind": cue}, "48000 frames, the first is 1; fmt data cue", "47970 frames, the first is 31; fmt cue data"),
    "guan behind": ({"behind": guano}, "48000 frames, the first is 1; fmt data guan", "48000 frames, the first is 1; fmt data"),
    "odd bext before": ({"before": bext}, "48000 frames, the first is 1; fmt bext data", "cannot be opened"),
}
same = soundfile.__libsndfile_version__ == "1.2.2"
for name, (layout, *expected) in cases.items():
    make("sound.wav", **layout)
    seen = [look("sound.wav")]
    with soundfile.SoundFile("sound.wav", "r+"):
        pass
    seen.append(look("sound.wav"))
    same &= seen == expected
    print(f"{name}: {seen[0]} -> {seen[1]}")
sys.exit(0 if same else "this behaviour has changed")
PYTHON
