"""Makes the demo: sounds, music and a voice, three seconds each, one after the other.

usage: python make_demo.py ESC50_FOLDER MUSIC_FOLDER   (espeak-ng 1.51 must be installed)
       pip install numpy==2.4.6 soundfile==0.14.0 soxr==1.1.0

ESC50_FOLDER has audio/ with the official file names; MUSIC_FOLDER the three tracks of MUSIC, out of
the packages that CREDITS.md names. Writes demo.ogg and demo.csv (what sounds when, and what may be
said of it) beside itself.
"""

import csv
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
import soxr

HERE = Path(__file__).parent
RATE = 48_000  # what most hosts run at, so that the demo also goes through the resampler
SECONDS = 3.0
PEAK = 0.8
FADE_S = 0.01  # so that a junction does not click
# label (for people), file, start in seconds, and AudioSet's labels that are right for it.
# Clips of the official fold 5 only: models of ESC-10 for the demo are trained without it.
SOUNDS = [
    ("dog", "5-203128-B-0.ogg", 0.0, "Dog;Animal;Domestic animals, pets;Bark;Bow-wow;Yip;Growling"),
    ("rain", "5-181766-A-10.ogg", 0.0, "Rain;Raindrop;Rain on surface;Water"),
    ("sea waves", "5-208810-A-11.ogg", 1.0, "Ocean;Waves, surf;Water;Wind;Stream"),
    ("crying baby", "5-151085-A-20.ogg", 0.0, "Baby cry, infant cry;Crying, sobbing;Whimper;Screaming"),
    ("clock tick", "5-208624-A-38.ogg", 0.0, "Tick;Tick-tock;Clock;Mechanisms"),
    ("sneezing", "5-221518-A-21.ogg", 1.2, "Sneeze;Cough;Sniff"),
    ("helicopter", "5-177957-D-40.ogg", 0.0, "Helicopter;Aircraft;Vehicle;Engine"),
    ("chainsaw", "5-216370-B-41.ogg", 0.0, "Chainsaw;Light engine (high frequency);Engine;Vehicle;Motorcycle"),
    ("rooster", "5-200334-A-1.ogg", 0.4, "Crowing, cock-a-doodle-doo;Chicken, rooster;Fowl;Livestock, farm animals, working animals;Animal;Bird"),
    ("crackling fire", "5-215658-A-12.ogg", 0.0, "Fire;Crackle"),
]
MUSIC = [
    ("rock", "David01.ogg", 100.0, "Music;Musical instrument;Guitar;Electric guitar;Plucked string instrument;Rock music;Heavy metal"),
    ("orchestra", "fearless-sailors.ogg", 40.0, "Music;Orchestra;Classical music;Timpani;Musical instrument"),
    ("harpsichord", "founders.ogg", 140.0, "Music;Harpsichord;Keyboard (musical);Musical instrument;Flute;Classical music"),
]
VOICE = ("voice", "made by espeak-ng", 0.0, "Speech;Speech synthesizer;Male speech, man speaking;Narration, monologue;Conversation")
WORDS = "Good evening. This is Hamiltone, and this is what a voice sounds like to it."


def clip(path: Path, start_s: float) -> np.ndarray:
    samples, rate = soundfile.read(path, always_2d=True)
    samples = samples.mean(axis=1)
    begin = int(start_s * rate)
    samples = soxr.resample(samples[begin : begin + int(SECONDS * rate)], rate, RATE)
    assert abs(len(samples) - SECONDS * RATE) <= 1, path
    ramp = np.linspace(0.0, 1.0, int(FADE_S * RATE))
    samples[: len(ramp)] *= ramp
    samples[-len(ramp) :] *= ramp[::-1]
    # Some clips peak above full scale and would clip in a player; the rest stays as loud as it is.
    return samples * min(1.0, PEAK / np.abs(samples).max())


def main() -> None:
    sounds, music = Path(sys.argv[1]) / "audio", Path(sys.argv[2])
    assert all(file.startswith("5-") for _, file, _, _ in SOUNDS)
    clips = [clip(sounds / file, start) for _, file, start, _ in SOUNDS]
    clips += [clip(music / file, start) for _, file, start, _ in MUSIC]
    with tempfile.TemporaryDirectory() as folder:
        voice = Path(folder) / "voice.wav"
        subprocess.run(["espeak-ng", "-v", "en-us+m3", "-s", "165", "-w", voice, WORDS], check=True)
        clips.append(clip(voice, VOICE[2]))
    samples = np.concatenate(clips)
    with soundfile.SoundFile(HERE / "demo.ogg", "w", RATE, 1, format="OGG", subtype="VORBIS") as out:
        for block in np.array_split(samples, len(samples) // RATE):  # libsndfile overflows on more
            out.write(block)
    with open(HERE / "demo.csv", "w", newline="") as out:
        rows = csv.writer(out, lineterminator="\n")
        rows.writerow(["start_s", "end_s", "label", "accepts", "file"])
        for index, (label, file, _, accepts) in enumerate([*SOUNDS, *MUSIC, VOICE]):
            rows.writerow([index * SECONDS, (index + 1) * SECONDS, label, accepts, file])


if __name__ == "__main__":
    main()
