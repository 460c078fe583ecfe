"""How much sound a model of UrbanSound8K needs: accuracy on excerpts of one fold's clips.

usage: python excerpts.py HAMILTONE DATA FOLD MODEL...   (pip install soundfile==0.14.0)

HAMILTONE is the program, DATA the folder of UrbanSound8K with its metadata.csv, FOLD what the models have
not seen. Clips of 3.5 s or more are cut: the longest excerpts from the beginning, the others from .5 s on.
"""

import csv
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import soundfile

SECONDS = [0.3, 0.5, 1.0, 2.0, 3.5]


def cut(source: Path, to: Path, seconds: float) -> None:
    samples, rate = soundfile.read(source)
    start = 0 if seconds == SECONDS[-1] else rate // 2
    part = samples[start : start + int(seconds * rate)]
    soundfile.write(to, part, rate, subtype="FLOAT")


def accuracy(program: str, model: str, folder: Path, labels: dict[str, str]) -> float:
    command = [program, "classify", "--model", model, "--json", "--top", "1", "--quiet", folder]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    answers = [json.loads(line) for line in lines]
    assert len(answers) == len(labels)
    right = sum(a["top"][0]["label"] == labels[Path(a["file"]).stem] for a in answers)
    return 100 * right / len(answers)


def main() -> None:
    program, data, fold, *models = sys.argv[1:]
    with open(Path(data) / "metadata.csv", newline="") as table:
        rows = [row for row in csv.DictReader(table) if row["fold_or_speaker"] == fold]
    rows = [row for row in rows if float(row["duration_s"]) >= SECONDS[-1]]
    labels = {Path(row["file"]).stem: row["label"].replace("_", " ") for row in rows}
    print(f"{len(rows)} clips")
    for seconds in SECONDS:
        with tempfile.TemporaryDirectory() as folder:
            for row in rows:
                name = Path(row["file"])
                cut(Path(data) / name, Path(folder) / f"{name.stem}.wav", seconds)
            figures = [accuracy(program, model, Path(folder), labels) for model in models]
        print(f"{seconds} s:", *(f"{figure:.1f} %" for figure in figures), flush=True)


if __name__ == "__main__":
    main()
