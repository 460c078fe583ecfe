"""Prints the leading label of a microphone's signal, as it changes. Needs `pip install sounddevice`.

    python microphone.py [--seconds 10] [--file FILE]

With `--file`, a 16-bit WAV takes the place of the microphone.
"""

import argparse
import queue
import time
import wave
from collections.abc import Iterator

import numpy as np

import hamiltone

BLOCK = 1_024


def microphone(rate: int, seconds: float) -> Iterator[np.ndarray]:
    """Blocks of shape (frames, 1)."""
    import sounddevice

    blocks: queue.Queue[np.ndarray] = queue.Queue()

    # Called on the audio thread, which must not wait: the tagging happens on the main thread.
    def callback(block: np.ndarray, frames: int, at: object, status: object) -> None:
        blocks.put(block.copy())

    with sounddevice.InputStream(rate, BLOCK, channels=1, dtype="float32", callback=callback):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            yield blocks.get()


def file(path: str) -> tuple[int, Iterator[np.ndarray]]:
    with wave.open(path) as sound:
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
        samples = samples.reshape(-1, sound.getnchannels())
        return sound.getframerate(), (samples[at : at + BLOCK] for at in range(0, len(samples), BLOCK))


def main() -> None:
    parser = argparse.ArgumentParser(description="Tag a microphone.")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--file")
    arguments = parser.parse_args()
    rate, blocks = file(arguments.file) if arguments.file else (48_000, microphone(48_000, arguments.seconds))
    stream = hamiltone.load().stream(rate)
    shown = None
    for block in blocks:
        for tags in stream.push(block):
            leading = tags.leading.label if tags.leading and tags.leading.on else "–"
            if leading != shown:
                print(f"{tags.time_s:7.2f} s  {leading}", flush=True)
                shown = leading


if __name__ == "__main__":
    main()
