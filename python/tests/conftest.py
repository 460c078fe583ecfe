"""Sounds, and the command line that the package is compared with."""

import os
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest

import hamiltone

ROOT = Path(__file__).parents[2]
RATE = 32_000


def sound(seconds, rate=RATE, seed=1):
    """Noise and tones in turn: int16."""
    frames = int(seconds * rate)
    time = np.arange(frames) / rate
    noise = np.random.default_rng(seed).normal(0, 0.1, frames)
    tone = 0.3 * np.sin(2 * np.pi * (300 + 60 * seed) * time) * (1 + np.sin(12 * time)) / 2
    return np.round(32_767 * np.where(time % 2 < 1, tone, noise).clip(-1, 1)).astype(np.int16)


def write_wav(path, samples, rate=RATE):
    channels = 1 if samples.ndim == 1 else samples.shape[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return path


@pytest.fixture(scope="session")
def model():
    return hamiltone.load()


@pytest.fixture(scope="session")
def samples():
    return sound(4.3)


@pytest.fixture(scope="session")
def wav(tmp_path_factory, samples):
    return write_wav(tmp_path_factory.mktemp("sounds") / "sound.wav", samples)


@pytest.fixture(scope="session")
def command():
    """Runs the command line and returns what it prints."""
    program = os.environ.get("HAMILTONE_COMMAND")
    if not program:
        pytest.skip("HAMILTONE_COMMAND does not name the command line")

    def run(*arguments, **options):
        words = [program, *map(str, arguments)]
        return subprocess.run(words, check=True, capture_output=True, **options).stdout

    return run
