#!/usr/bin/env python3
"""Makes (or adds to) a folder of material for `distil` of what `pack.py` wrote.

    research/cuda/unpack.py MATERIAL PART...

Needs opusdec (Debian: opus-tools).
"""

import csv
import hashlib
import json
import os
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

COLUMNS = ["path", "source", "group", "kind", "licence", "commercial", "held_out", "seconds"]
RATE = 32_000


def entries(part):
    """(name, entry of the list, Opus file) of each piece."""
    contents = open(part, "rb").read()
    size = 4 + struct.unpack("<I", contents[:4])[0]
    name = os.path.splitext(os.path.basename(part))[0]
    for number, entry in enumerate(json.loads(contents[4:size])):
        yield f"{name}-{number}", entry, contents[size : size + entry["bytes"]]
        size += entry["bytes"]


def unpack(folder, name, entry, blob):
    """Writes a piece as the audio cache keeps it: scale, samples, hash; returns its line of the list."""
    command = ["opusdec", "--quiet", "--rate", str(RATE), "--no-dither", "-", "-"]
    samples = subprocess.run(command, input=blob, check=True, capture_output=True).stdout
    samples = samples[44:] if samples.startswith(b"RIFF") else samples
    samples = samples[: 2 * entry["samples"]]
    contents = struct.pack("<f", entry["scale"]) + samples
    path = f"cache/{name}.pcm"
    with open(f"{folder}/{path}", "wb") as file:
        file.write(contents + hashlib.sha256(contents).digest())
    line = {key: entry[key] for key in COLUMNS if key in entry}
    return line | {"path": path, "seconds": len(samples) / 2 / RATE}


def main():
    folder, *parts = sys.argv[1:] or sys.exit(__doc__)
    os.makedirs(f"{folder}/cache", exist_ok=True)
    listed = f"{folder}/material.csv"
    new = not os.path.exists(listed)
    with ThreadPoolExecutor(os.cpu_count()) as pool, open(listed, "a", newline="") as file:
        pieces = (piece for part in parts for piece in entries(part))
        lines = list(pool.map(lambda piece: unpack(folder, *piece), pieces))
        writer = csv.DictWriter(file, COLUMNS)
        if new:
            writer.writeheader()
        writer.writerows(lines)
    print(f"{len(lines)} pieces, {sum(line['seconds'] for line in lines) / 3600:.2f} hours")


if __name__ == "__main__":
    main()
