"""Which voices does a general tagger know? Male or female, singing or speech, rap.

usage: python benchmarks/voices.py PROGRAMS DATA [MODEL ...]

PROGRAMS is the folder of the built programs, such as target/release; DATA has the sets `ravdess` (24 actors who speak; those with an odd number
are men) and `gtzan` (music by genre). No model learned from either. Spread is the standard deviation over actors.
"""

import csv
import json
import statistics
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

MALE, FEMALE = "Male speech, man speaking", "Female speech, woman speaking"
SINGING, RAP, SPEECH = "Singing", "Rapping", "Speech"


def clips(data: Path, task: str) -> list[dict]:
    with open(data / task / "metadata.csv", newline="") as table:
        return [row | {"path": str(data / task / row["file"])} for row in csv.DictReader(table)]


def classify(hamiltone: Path, model: str, rows: list[dict], among: list[str]) -> list[dict]:
    command = [hamiltone, "classify", "--json", "--top", "527", "--quiet", "--model", model]
    command += [word for label in among for word in ("--among", label)]
    answers = []
    for start in range(0, len(rows), 200):
        paths = [row["path"] for row in rows[start : start + 200]]
        ran = subprocess.run([*command, *paths], capture_output=True, text=True, check=True)
        answers += [json.loads(line) for line in ran.stdout.splitlines()]
    return answers


def share(groups: dict[str, list[bool]]) -> str:
    """Mean and deviation over actors, in percent."""
    means = [100 * statistics.mean(values) for values in groups.values()]
    count = sum(len(values) for values in groups.values())
    return f"{statistics.mean(means):.1f} ± {statistics.pstdev(means):.1f} (n {count}, {len(means)} actors)"


def by_group(rows: list[dict], values: list[bool]) -> dict[str, list[bool]]:
    groups = defaultdict(list)
    for row, value in zip(rows, values):
        groups[row["fold_or_speaker"]].append(value)
    return groups


def measure(hamiltone: Path, model: str, data: Path) -> None:
    speech = clips(data, "ravdess")
    answers = classify(hamiltone, model, speech, [MALE, FEMALE])
    men = [int(row["fold_or_speaker"]) % 2 == 1 for row in speech]
    right = [(answer["top"][0]["label"] == MALE) == man for answer, man in zip(answers, men)]
    print(f"| {model} | voices of RAVDESS: man or woman, right | {share(by_group(speech, right))} |")
    for name, man in (("men", True), ("women", False)):
        rows = [row for row, is_man in zip(speech, men) if is_man == man]
        part = [value for value, is_man in zip(right, men) if is_man == man]
        print(f"| {model} | ... of {name} | {share(by_group(rows, part))} |")
    answers = classify(hamiltone, model, speech, [SINGING, SPEECH])
    right = [answer["top"][0]["label"] == SPEECH for answer in answers]
    print(f"| {model} | speech of RAVDESS: speech or singing, right | {share(by_group(speech, right))} |")
    music = clips(data, "gtzan")
    answers = classify(hamiltone, model, music, [SINGING, RAP, SPEECH])
    is_rap = [answer["top"][0]["label"] == RAP for answer in answers]
    for name, hiphop in (("hip-hop", True), ("the other genres", False)):
        chosen = [(row, value) for row, value in zip(music, is_rap) if (row["label"] == "hiphop") == hiphop]
        found = [value for _, value in chosen]
        percent = 100 * statistics.mean(found)
        print(f"| {model} | GTZAN, {name}: rap first of singing, rap, speech | {percent:.1f} (n {len(found)}) |")


if __name__ == "__main__":
    programs, data, *models = sys.argv[1:]
    print("| model | what | percent |\n|---|---|---|")
    for model in models or ["general-half"]:
        measure(Path(programs).resolve() / "hamiltone", model, Path(data))
