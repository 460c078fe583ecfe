"""Makes the demo: ten sounds of ESC-10, three seconds each, one after the other.

usage: python make_demo.py ESC50_FOLDER   (with audio/ and the official file names)
       pip install numpy==2.4.6 soundfile==0.14.0 soxr==1.1.0

Writes demo.ogg and demo.csv (what sounds when) beside itself.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import soundfile
import soxr

HERE = Path(__file__).parent
RATE = 48_000  # what most hosts run at, so that the demo also goes through the resampler
SECONDS = 3.0
PEAK = 0.8
FADE_S = 0.01  # so that a junction does not click
# Only clips of the official fold 5: the shipped model is trained without it.
CLIPS = [
    # label (in the words of the shipped model), file, start in seconds
    ("dog", "5-203128-B-0.ogg", 0.0),
    ("rain", "5-181766-A-10.ogg", 0.0),
    ("sea waves", "5-208810-A-11.ogg", 1.0),
    ("crying baby", "5-151085-A-20.ogg", 0.0),
    ("clock tick", "5-208624-A-38.ogg", 0.0),
    ("sneezing", "5-221518-A-21.ogg", 1.2),
    ("helicopter", "5-177957-D-40.ogg", 0.0),
    ("chainsaw", "5-216370-B-41.ogg", 0.0),
    ("rooster", "5-200334-A-1.ogg", 0.4),
    ("crackling fire", "5-215658-A-12.ogg", 0.0),
]


def clip(path: Path, start_s: float) -> np.ndarray:
    samples, rate = soundfile.read(path)
    begin = int(start_s * rate)
    samples = soxr.resample(samples[begin : begin + int(SECONDS * rate)], rate, RATE)
    assert abs(len(samples) - SECONDS * RATE) <= 1, path
    ramp = np.linspace(0.0, 1.0, int(FADE_S * RATE))
    samples[: len(ramp)] *= ramp
    samples[-len(ramp) :] *= ramp[::-1]
    # Some clips peak above full scale and would clip in a player; the rest stays as loud as it is.
    return samples * min(1.0, PEAK / np.abs(samples).max())


def main() -> None:
    folder = Path(sys.argv[1]) / "audio"
    assert all(file.startswith("5-") for _, file, _ in CLIPS)
    samples = np.concatenate([clip(folder / file, start) for _, file, start in CLIPS])
    with soundfile.SoundFile(HERE / "demo.ogg", "w", RATE, 1, format="OGG", subtype="VORBIS") as out:
        for block in np.array_split(samples, len(samples) // RATE):  # libsndfile overflows on more
            out.write(block)
    with open(HERE / "demo.csv", "w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["start_s", "end_s", "label", "file"])
        for index, (label, file, _) in enumerate(CLIPS):
            rows.writerow([index * SECONDS, (index + 1) * SECONDS, label, file])


if __name__ == "__main__":
    main()
