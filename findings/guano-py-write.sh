#!/usr/bin/env bash
# guano-py removes `bext`, iXML, markers and all other chunks when it writes GUANO; of 24-bit mono with an odd number of frames even GUANO is lost.
#
# Version: guano 1.0.16 (PyPI, the reference implementation of GUANO), Python 3.11, Linux x86-64, 2026-12-01.
# Input:   mono WAV files at 48 kHz (made below) with `bext` (the time of the recording), `LIST`, `cue ` and iXML: 16 bits with 4 800 frames, and
#          24 bits with 4 800 and 4 801 frames. A field is set, and `write()` called.
# Seen:    fmt bext data LIST cue iXML becomes fmt data guan, without an error. The description of `write()` does not mention it.
#          With 4 801 frames of 24 bits, `data` has 14 403 bytes. guano-py leaves out the padding byte behind it, which RIFF asks for, so `guan` is one
#          byte early: a reader that follows the sizes does not find it. guano-py is one: it opens its own file without an error, and has no fields.
#          `write()` does open its result to verify it, and reports nothing.
# Ours:    `analyze --write-tags` keeps other chunks. `decoding` finds a chunk without padding before it; until 2026-12-01 it missed those whose name,
#          moved by one byte, looked like a name (a test in decoding/tests/formats.rs). Of a file that lost `bext`, only GUANO's Timestamp can give
#          the time. To add GUANO to a file with other chunks, keep the backup that guano-py makes unless told not to.
#
# Fails if this changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check guano==1.0.16
cd "$folder"
venv/bin/python - <<'PYTHON'
import struct
import sys

from guano import GuanoFile


def chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def make(path, bits, frames):
    width = bits // 8
    form = struct.pack("<HHIIHH", 1, 1, 48_000, 48_000 * width, width, bits)
    bext = (bytes(320) + b"2024-05-06" + b"04-30-15").ljust(602, b"\0")
    comment = b"INFO" + chunk(b"ICMT", b"at the pond\0")
    cue = struct.pack("<III4sIII", 1, 1, 2_400, b"data", 0, 0, 2_400)
    ixml = b"<BWFXML><PROJECT>pond</PROJECT></BWFXML>"
    behind = chunk(b"LIST", comment) + chunk(b"cue ", cue) + chunk(b"iXML", ixml)
    sound = chunk(b"data", bytes(width * frames))
    body = b"WAVE" + chunk(b"fmt ", form) + chunk(b"bext", bext) + sound + behind
    open(path, "wb").write(b"RIFF" + struct.pack("<I", len(body)) + body)


def chunks(path, padding=True):
    content, at, names = open(path, "rb").read(), 12, []
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        names.append(name.decode("latin1").strip())
        at += 8 + size + (size % 2 if padding else 0)
    return " ".join(names)


same = True
for bits, frames, found in [(16, 4_800, True), (24, 4_800, True), (24, 4_801, False)]:
    make("sound.wav", bits, frames)
    before = chunks("sound.wav")
    file = GuanoFile("sound.wav")
    file["Species Manual ID"] = "Myso"
    file.write(make_backup=False)
    after = chunks("sound.wav", padding=False)
    read = dict(GuanoFile("sound.wav").items())
    print(f"{bits} bits, {frames} frames: {before} -> {after}; guano-py then reads {read}")
    same &= before == "fmt bext data LIST cue iXML" and after == "fmt data guan"
    same &= bool(read) == found and (chunks("sound.wav") == "fmt data guan") == found
sys.exit(0 if same else "this behaviour has changed")
PYTHON
