"""Cuts the clips that `front_end.py` measures. Run only to change the clips: the cuts are committed.

usage: python excerpts.py ESC50_FOLDER   (with audio/ and the official file names)
"""

import sys
from pathlib import Path

import numpy as np
import soundfile

RATE = 32_000
# name, file, start in seconds, length in seconds
EXCERPTS = [
    ("rooster", "1-34119-A-1.ogg", 0.5, 1.5),
    ("clock_tick", "5-219342-A-38.ogg", 0.4, 1.5),
    ("rain", "1-17367-A-10.ogg", 1.0, 1.5),
]
HERE = Path(__file__).parent


def write(name: str, samples: np.ndarray) -> None:
    soundfile.write(HERE / f"{name}.wav", samples, RATE, subtype="PCM_16")


def synthetic() -> np.ndarray:
    """A sweep, digital silence longer than an analysis window, a click, silence, quiet noise."""
    random = np.random.default_rng(20)
    seconds = np.arange(RATE // 4) / RATE
    sweep = 0.5 * np.sin(2 * np.pi * (100 * seconds + 26_000 * seconds**2))
    silence = np.zeros(RATE // 5)
    click = np.zeros(RATE // 10)
    click[RATE // 40] = 0.9
    noise = 1e-3 * random.standard_normal(RATE // 4)
    return np.concatenate([sweep, silence, click, noise])


def main() -> None:
    folder = Path(sys.argv[1]) / "audio"
    for name, file, start, length in EXCERPTS:
        samples, rate = soundfile.read(folder / file)
        assert rate == RATE, f"{file} has {rate} Hz"
        write(name, samples[int(start * RATE) : int((start + length) * RATE)])
    write("silence_and_click", synthetic())


if __name__ == "__main__":
    main()
