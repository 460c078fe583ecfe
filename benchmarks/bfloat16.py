"""What does bfloat16 change? The answers of `classify` with and without it, on the same clips.

usage: python benchmarks/bfloat16.py PROGRAMS DATA [MODEL ...]

PROGRAMS is the folder of the built programs, such as target/release; of every set in DATA an equal number of clips is read, 120 in all, spread
over the set. Logits are those of the printed probabilities. A processor without AVX512-BF16 gives the same answers twice, and is told.
"""

import csv
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path

CLIPS = 120


def clips(data: Path) -> list[Path]:
    lists = sorted(data.glob("*/metadata.csv"))
    chosen = []
    for number, path in enumerate(lists):
        with open(path, newline="") as table:
            files = [path.parent / row["file"] for row in csv.DictReader(table)]
        count = CLIPS * (number + 1) // len(lists) - CLIPS * number // len(lists)
        chosen += [files[len(files) * index // count] for index in range(count)]
    return chosen


def classify(hamiltone: Path, model: str, files: list[Path], bfloat16: str) -> list[dict[str, float]]:
    command = [hamiltone, "classify", "--json", "--top", "527", "--quiet", "--model", model, *files]
    environment = os.environ | {"HAMILTONE_BFLOAT16": bfloat16}
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    return [{top["label"]: top["probability"] for top in answer["top"]} for answer in answers]


def logit(probability: float) -> float:
    probability = min(max(probability, 1e-6), 1 - 1e-6)
    return math.log(probability / (1 - probability))


def measure(hamiltone: Path, model: str, files: list[Path]) -> None:
    single, rounded = (classify(hamiltone, model, files, value) for value in "01")
    if single == rounded:
        sys.exit("no difference: this processor does not multiply bfloat16, or the model has no layer that would gain")
    leads = [list(answer)[0] for answer in single]
    changed = [lead for lead, answer in zip(leads, rounded) if list(answer)[0] != lead]
    pairs = [(answer[label], other[label]) for answer, other in zip(single, rounded) for label in answer]
    squares = statistics.mean((logit(a) - logit(b)) ** 2 for a, b in pairs)
    spread = statistics.pstdev(logit(a) for a, _ in pairs)
    most = max(abs(a - b) for a, b in pairs)
    print(f"| {model} | {len(changed)} of {len(files)} | {math.sqrt(squares) / spread:.4f} | {most:.3f} |")


def main() -> None:
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    files = clips(Path(sys.argv[2]))
    print("| model | first label changed | change of a logit, share of their spread | largest change of a probability |")
    print("|---|---|---|---|")
    for model in sys.argv[3:] or ["general-half"]:
        measure(Path(sys.argv[1]) / "hamiltone", model, files)


if __name__ == "__main__":
    main()
