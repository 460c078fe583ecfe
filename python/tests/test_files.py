"""Files give what the command line gives, to the bit."""

import json

import numpy as np
import pytest
from conftest import RATE, ROOT, sound, write_wav

import hamiltone


def test_a_timeline_is_that_of_the_command_line_to_the_byte(model, wav, command):
    for options, arguments in [
        ({}, []),
        ({"window": 1.0, "threshold": 0.05}, ["--window", "1", "--threshold", "0.05"]),
        ({"among": ["music"], "channel": 1}, ["--among", "music", "--channel", "1"]),
    ]:
        printed = command("analyze", wav, "--format", "json", *arguments)
        timeline = model.analyze_file(wav, **options)
        assert timeline.to_json() + "\n" == printed.decode(), options
        assert timeline.export("csv") == command("analyze", wav, "--format", "csv", *arguments)


def test_the_arrow_tables_have_the_numbers_of_the_json(model, wav):
    timeline = model.analyze_file(wav, threshold=0.02)
    stated = json.loads(timeline.to_json())
    assert len(timeline.events) == len(stated["events"]) > 0
    assert timeline.events.to_arrow().to_pylist() == [
        {
            **event,
            "mean_probability": np.float32(event["mean_probability"]),
            "peak_probability": np.float32(event["peak_probability"]),
        }
        for event in stated["events"]
    ]
    rows = timeline.columns.to_arrow().to_pylist()
    assert rows == [
        {
            "time_s": column["time_s"],
            "rank": rank,
            "label": tag["label"],
            "probability": np.float32(tag["probability"]),
        }
        for column in stated["columns"]
        for rank, tag in enumerate(column["top"], 1)
    ]


def test_a_classification_is_that_of_the_command_line(model, wav, command):
    stated = json.loads(command("classify", wav, "--json", "--top", "7"))
    answer = model.classify_file(wav)
    assert answer.duration_s == stated["duration_s"]
    assert answer.leading.label == stated["leading"]["label"]
    assert answer.leading.path == stated["leading"]["path"]
    for (label, probability), tag in zip(answer.top(7), stated["top"]):
        assert label == tag["label"]
        assert np.float32(probability) == np.float32(tag["probability"])


def test_every_kind_of_array_gives_the_answer_of_the_file(model, wav, samples):
    expected = model.classify_file(wav).probabilities
    assert expected.dtype == np.float32 and expected.shape == (len(model.labels),)
    exact = samples.astype(np.float32) / 32_768
    for array in [samples, exact, exact.astype(np.float64), list(exact.astype(float)), exact[:, None]]:
        assert np.array_equal(model.classify(array, RATE).probabilities, expected)
    backwards = exact[::-1].copy()[::-1]  # not contiguous
    assert np.array_equal(model.classify(backwards, np.int64(RATE)).probabilities, expected)


def test_channels_are_mixed_as_in_files(model, tmp_path):
    left, right = sound(2, seed=2), sound(2, seed=3)
    for name, frames in [
        ("stereo", [left, right]),
        ("opposite", [left, -left]),  # their mean is silence, so the left one is read
        ("three", [left, right, left]),
    ]:
        frames = np.stack(frames, axis=1)
        path = write_wav(tmp_path / f"{name}.wav", frames)
        expected = model.classify_file(path).probabilities
        assert np.array_equal(model.classify(frames, RATE).probabilities, expected), name
        planes = model.classify(frames.T, RATE, layout="channels_first")
        assert np.array_equal(planes.probabilities, expected), name
        second = model.classify_file(path, channel=2).probabilities
        assert np.array_equal(model.classify(frames[:, 1], RATE).probabilities, second)


def test_labels_that_compete_are_chosen_by_name_or_set(model, wav, samples):
    for answer in [model.classify_file(wav, among=["music"]), model.classify(samples, RATE, among=["music"])]:
        others = {label for label, p in zip(model.labels, answer.probabilities) if p > 0}
        assert "Guitar" in others and "Dog" not in others
    with pytest.raises(ValueError, match="did you mean .*Guitar"):
        model.classify_file(wav, among=["Gutar"])


def test_models_are_found_by_name_and_path(model):
    names = hamiltone.models()
    assert names[0] == model.name and "esc10" in names
    by_path = hamiltone.load(ROOT / "models" / "general-half.safetensors")
    assert by_path.hash == model.hash == hamiltone.load(model.name).hash
    assert model.card["labels"] == model.labels and len(model.labels) == 527
    assert model.window_s == model.card["default_window_s"]
