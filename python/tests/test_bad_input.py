"""Bad input: an exception that says what is wrong and where."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest
from conftest import RATE, ROOT

import hamiltone


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (np.zeros(0, np.float32), ValueError, "samples is empty"),
        (np.zeros((0, 2), np.float32), ValueError, "samples is empty"),
        (np.zeros((0, 2, 2)), ValueError, r"3 dimensions, shape \(0, 2, 2\)"),
        (np.zeros((100, 2, 2)), ValueError, r"3 dimensions, shape \(100, 2, 2\)"),
        (np.float32(1), ValueError, "0 dimensions"),
        (np.zeros((2, 500)), ValueError, '500 channels.*layout="channels_first"'),
        (np.array([0, 1, np.inf]), ValueError, r"samples\[2\] is inf"),
        (np.array([[0, 0], [0, np.nan]], np.float32), ValueError, r"samples\[1, 1\] is NaN"),
        (np.array([0, 1, 2]), TypeError, "type int64; give float32"),
        (np.array([1j]), TypeError, "type complex128"),
        (np.zeros(4, ">f4"), TypeError, "byte order of another machine"),
        (["a"], TypeError, "type <U1"),
        (None, TypeError, "type object"),
    ],
)
def test_arrays(model, samples, error, message):
    for use in [model.classify, model.embed]:
        with pytest.raises(error, match=message):
            use(samples, RATE)


@pytest.mark.parametrize(
    ("rate", "error", "message"),
    [
        (0, ValueError, "sample rate 0 Hz is not supported: use a rate from 8000 to 768000 Hz"),
        (10**9, ValueError, "sample rate 1000000000 Hz"),
        (-44_100, ValueError, "sample rate -44100 Hz"),
        (44_100.5, ValueError, "whole number"),
        (float("nan"), ValueError, "sample rate NaN Hz"),
        (float("inf"), ValueError, "sample rate inf Hz"),
        ("fast", TypeError, "whole number of Hz"),
        (None, TypeError, "whole number of Hz"),
    ],
)
def test_sample_rates(model, rate, error, message):
    for use in [lambda: model.classify(np.zeros(9), rate), lambda: model.stream(rate)]:
        with pytest.raises(error, match=message):
            use()


def test_options(model, wav):
    for options, message in [
        ({"window": 0.1}, "window=0.1: give a number from 0.5 to 10 seconds"),
        ({"window": float("nan")}, "window=NaN"),
        ({"threshold": 2}, "threshold=2: give a number from 0.01 to 1"),
        ({"channel": 0}, "channels count from 1"),
        ({"channel": 2}, "no channel 2; the file has 1"),
        ({"among": ["Xyzzy"]}, "no such label"),
    ]:
        with pytest.raises(ValueError, match=message):
            model.analyze_file(wav, **options)
    with pytest.raises(ValueError, match="every=0.1: give at least 0.5"):
        model.embed(wav, every=0.1)
    with pytest.raises(TypeError, match="sample_rate is missing"):
        model.embed(np.zeros(9))
    with pytest.raises(TypeError, match="a file states its own rate"):
        model.embed(wav, RATE)
    with pytest.raises(ValueError, match="layout \"planar\""):
        model.classify(np.zeros(9), RATE, layout="planar")


def test_files_that_are_no_audio(model, tmp_path):
    text, empty = tmp_path / "notes.wav", tmp_path / "empty.wav"
    text.write_text("not audio " * 100)
    empty.write_bytes(b"")
    for use in [model.analyze_file, model.classify_file, model.embed]:
        with pytest.raises(FileNotFoundError, match="missing.wav: no such file"):
            use(tmp_path / "missing.wav")
        with pytest.raises(IsADirectoryError, match="is a folder"):
            use(tmp_path)
        with pytest.raises(hamiltone.AudioError, match="notes.wav: not an audio file"):
            use(text)
        with pytest.raises(hamiltone.AudioError, match="empty.wav: the file is empty"):
            use(empty)


def with_version(path, version):
    """The bytes of a model whose card states another version of the format."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    card = json.loads(header["__metadata__"]["hamiltone"])
    card["format_version"] = version
    header["__metadata__"]["hamiltone"] = json.dumps(card)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def test_models_that_cannot_be_used(tmp_path):
    source = ROOT / "models" / "esc10.safetensors"
    for name, data, message in [
        ("newer", with_version(source, 99), "format version 99, this program reads .* get a newer Hamiltone"),
        ("cut", source.read_bytes()[:-1000], "not a complete .safetensors file"),
        ("text", b"hello", "not a complete .safetensors file"),
    ]:
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(data)
        with pytest.raises(hamiltone.ModelError, match=message):
            hamiltone.load(path)
    with pytest.raises(hamiltone.ModelError, match="there is no model \"no-such-model\"; there are general-half"):
        hamiltone.load("no-such-model")
    with pytest.raises(hamiltone.ModelError, match="did you mean general-half"):
        hamiltone.load("genral-half")
    with pytest.raises(hamiltone.ModelError, match="missing.safetensors: no such file"):
        hamiltone.load(tmp_path / "missing.safetensors")


def test_control_c_ends_the_reading_of_a_long_file(tmp_path, model):
    from conftest import sound, write_wav

    path = write_wav(tmp_path / "long.wav", np.tile(sound(10), 60))
    program = """
import signal, sys, hamiltone
model = hamiltone.load()
signal.setitimer(signal.ITIMER_REAL, 0.3)
signal.signal(signal.SIGALRM, signal.default_int_handler)
try:
    model.analyze_file(sys.argv[1])
    print("read to the end")
except KeyboardInterrupt:
    print("interrupted")
"""
    ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    assert ran.stdout == "interrupted\n", ran
