"""Finds the seconds of some files that sound most like a given file, by their embeddings.

    python search.py QUERY FILE...
"""

import sys

import numpy as np

import hamiltone


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def main(query: str, *files: str) -> None:
    model = hamiltone.load()
    wanted = unit(model.embed(query, every=float("inf")))[0]
    found = []
    for path in files:
        likeness = unit(model.embed(path)) @ wanted
        second = int(likeness.argmax())
        found.append((float(likeness[second]), path, second))
    for likeness, path, second in sorted(found, reverse=True):
        print(f"{likeness:.3f}  {path} at {second} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
