"""Golden values of the front end: log-mel by librosa and the quaternion frames made of it.

usage: python front_end.py   (reads the wav files beside it, writes front_end.safetensors)
"""

from pathlib import Path

import librosa
import numpy as np
import soundfile
from safetensors.numpy import load_file, save_file

HERE = Path(__file__).parent
CLIPS = ["rooster", "clock_tick", "rain", "silence_and_click"]
RATE = 32_000
FLOOR = 1e-10


def log_mel(samples: np.ndarray) -> np.ndarray:
    """[frames, mels] in decibels; a frame is not centred, so it ends at its newest sample."""
    power = librosa.feature.melspectrogram(
        y=samples,
        sr=RATE,
        n_fft=1024,
        hop_length=320,
        win_length=1024,
        window="hann",
        center=False,
        power=2.0,
        n_mels=64,
        fmin=50.0,
        fmax=14_000.0,
        htk=False,
        norm="slaney",
        dtype=np.float64,
    )
    # A transposed view is saved scrambled (safetensors writes the buffer as it lies): copy it.
    return np.ascontiguousarray(10.0 * np.log10(np.maximum(power, FLOOR)).T)


def delta(x: np.ndarray) -> np.ndarray:
    """Five-point regression over time: [frames, mels] -> [frames - 2, mels].

    The past before the first frame repeats the first frame (a stream knows nothing else); the
    future is never invented, so the last two instants have no delta.
    """
    padded = np.concatenate([x[:1], x[:1], x])
    return (2.0 * (padded[4:] - padded[:-4]) + (padded[3:-1] - padded[1:-3])) / 10.0


def quaternion(x: np.ndarray) -> np.ndarray:
    """[frames, mels] -> [4, frames - 6, mels]: S, ΔS, ΔΔS, ΔΔΔS of the same instants."""
    components = [x]
    for _ in range(3):
        components.append(delta(components[-1]))
    frames = len(components[-1])
    return np.stack([component[:frames] for component in components])


def check_delta_against_librosa(x: np.ndarray) -> None:
    """librosa's delta of width 5 is the same regression, away from the edges."""
    theirs = librosa.feature.delta(x.T, width=5, order=1, mode="nearest").T
    ours = delta(x)
    assert np.abs(theirs[2:-2] - ours[2:]).max() < 1e-9
    # At the start `nearest` repeats the first value too.
    assert np.abs(theirs[:2] - ours[:2]).max() < 1e-9


def main() -> None:
    tensors = {}
    for clip in CLIPS:
        samples, rate = soundfile.read(HERE / f"{clip}.wav", dtype="float64")
        assert rate == RATE and samples.ndim == 1, clip
        mels = log_mel(samples)
        frames = quaternion(mels)
        assert mels.shape == (1 + (len(samples) - 1024) // 320, 64), mels.shape
        assert frames.shape == (4, len(mels) - 6, 64), frames.shape
        check_delta_against_librosa(mels)
        tensors[f"{clip}.log_mel"] = mels.astype(np.float32)
        tensors[f"{clip}.quaternion"] = np.ascontiguousarray(frames.astype(np.float32))
        print(f"{clip}: {len(mels)} frames, {mels.min():.1f} to {mels.max():.1f} dB")
    path = HERE / "front_end.safetensors"
    save_file(tensors, path, {"librosa": librosa.__version__})
    path.chmod(0o644)
    for name, read_back in load_file(path).items():
        assert np.array_equal(read_back, tensors[name]), name


if __name__ == "__main__":
    main()
