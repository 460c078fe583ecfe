#!/usr/bin/env python3
"""Packs part of a folder of material, coded by Opus, for a GPU that can only be sent so much.

    research/cuda/pack.py MATERIAL OUT --megabytes 150 [--kilobits 22] [--part 21]

MATERIAL was filled by `gather` and judged by `coverage` or `distil`. Pieces of ten seconds (and shorter
sounds whole) are taken by value: how rare the labels are that the teacher hears in a second of them, and
something for the first pieces of each sound. 150 held-out pieces go along, to see that a training goes well;
its figures are for the whole material's `distil`. OUT gets files of --part megabytes, which `unpack.py` makes a
folder of material of. Needs opusenc (Debian: opus-tools).
"""

import argparse
import csv
import glob
import json
import os
import random
import struct
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor

RATE = 32_000
PIECE_S = 10.0
WHOLE_S = 15.0  # sounds up to this stay whole
PRESENT = 0.3
OVERHEAD = 150  # bytes of container and list


def verdicts(material):
    """What the teacher hears: by path, a list of (start, labels that are there)."""
    heard = {}
    for file in glob.glob(f"{material}/verdicts-*.csv"):
        for line in open(file):
            path, start, _, *labels = line.strip().rstrip(";").split(",")
            pairs = (label.split(":") for label in labels)
            there = [int(label) for label, sure in pairs if float(sure) > PRESENT]
            heard.setdefault(path, []).append((float(start), there))
    return heard


def pieces(source, heard, rarity, draw):
    """(source, start, seconds, value a second) of all pieces of a sound."""
    seconds = float(source["seconds"])
    length = seconds if seconds <= WHOLE_S else PIECE_S
    found = []
    for number in range(max(1, int(seconds // length))):
        start = number * length
        inside = [labels for at, labels in heard if start <= at < start + length]
        found.append((sum(rarity(label) for labels in inside for label in labels), draw.random(), start))
    found.sort(reverse=True)
    for rank, (rare, _, start) in enumerate(found):
        yield source, start, length, (rare + 0.02 / (1 + rank)) / max(length, 2)


def choose(material, megabytes, bytes_a_second):
    sources = list(csv.DictReader(open(f"{material}/material.csv")))
    heard, draw = verdicts(material), random.Random(1)
    learned = [s for s in sources if s["held_out"] == "false" and s["commercial"] == "true"]
    counts = {}
    for source in learned:
        for _, labels in heard.get(source["path"], []):
            for label in labels:
                counts[label] = counts.get(label, 0) + 1
    rarity = lambda label: max(counts[label], 5) ** -0.7  # as `distil` draws them
    every = [p for s in learned for p in pieces(s, heard.get(s["path"], []), rarity, draw)]
    every.sort(key=lambda piece: piece[3], reverse=True)
    held_out = [s for s in sources if s["held_out"] == "true" and float(s["seconds"]) > 2]
    draw.shuffle(held_out)
    chosen = [(s, 0.0, min(6.0, float(s["seconds"])), 0.0) for s in held_out[:150]]
    left = megabytes * 1e6
    for piece in every:
        left -= piece[2] * bytes_a_second + OVERHEAD
        if left < 0:
            break
        chosen.append(piece)
    draw.shuffle(chosen)
    return chosen


def coded(material, piece, kilobits):
    """(entry of the list, Opus file)."""
    source, start, seconds, _ = piece
    contents = open(f"{material}/{source['path']}", "rb").read()
    scale, samples = struct.unpack("<f", contents[:4])[0], contents[4:-32]
    samples = samples[2 * int(start * RATE) : 2 * int((start + seconds) * RATE)]
    head = struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(samples), b"WAVE", b"fmt ", 16, 1, 1, RATE,
        2 * RATE, 2, 16, b"data", len(samples),
    )
    with tempfile.NamedTemporaryFile(suffix=".opus") as file:
        command = ["opusenc", "--quiet", "--comp", "5", "--discard-comments", "--padding", "0"]
        command += ["--bitrate", str(kilobits), "-", file.name]
        subprocess.run(command, input=head + samples, check=True, stderr=subprocess.DEVNULL)
        blob = open(file.name, "rb").read()
    entry = {key: source[key] for key in ("group", "kind", "licence", "commercial", "held_out")}
    entry |= {"source": f"{source['source']}@{start:g}", "scale": scale}
    return entry | {"samples": len(samples) // 2, "bytes": len(blob)}, blob


def write(out, number, entries):
    listed = json.dumps([entry for entry, _ in entries]).encode()
    with open(f"{out}/part{number}.bin", "wb") as file:
        file.write(struct.pack("<I", len(listed)) + listed + b"".join(blob for _, blob in entries))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("material")
    parser.add_argument("out")
    parser.add_argument("--megabytes", type=float, required=True)
    parser.add_argument("--kilobits", type=float, default=22.0)
    parser.add_argument("--part", type=float, default=21.0)
    told = parser.parse_args()
    chosen = choose(told.material, told.megabytes, 131 * told.kilobits)
    os.makedirs(told.out, exist_ok=True)
    number, entries, size = 0, [], 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for entry, blob in pool.map(lambda piece: coded(told.material, piece, told.kilobits), chosen):
            if entries and size + len(blob) + OVERHEAD > told.part * 1e6:
                write(told.out, number, entries)
                number, entries, size = number + 1, [], 0
            entries.append((entry, blob))
            size += len(blob) + OVERHEAD
    write(told.out, number, entries)
    hours = sum(seconds for _, _, seconds, _ in chosen) / 3600
    print(f"{len(chosen)} pieces, {hours:.1f} hours, {number + 1} files in {told.out}")


if __name__ == "__main__":
    main()
