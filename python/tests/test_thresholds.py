"""Thresholds of single labels: results are those of `hamiltone analyze --thresholds`."""

import collections
import warnings

import numpy as np
import pytest
from conftest import RATE
from test_stream import pushed

import hamiltone


@pytest.fixture(scope="module")
def listed(model, wav):
    """The labels that lead: one that is never on, and one that nearly always is."""
    top = model.classify_file(wav).top(3)
    return {top[0][0]: 1.0, top[1][0].upper(): 0.01, top[2][0]: float(np.float32(0.07))}


@pytest.fixture(scope="module")
def table(listed, tmp_path_factory):
    path = tmp_path_factory.mktemp("thresholds") / "thresholds.csv"
    rows = [f'"{label}",{np.float32(value)}\r\n' for label, value in listed.items()]
    path.write_text("label,threshold\r\n" + "".join(rows), encoding="utf-8", newline="")
    return path


def test_a_timeline_is_that_of_the_command_line_to_the_byte(model, wav, command, listed, table):
    never = next(iter(listed))
    for options, arguments in [
        ({}, []),
        ({"window": 1.0, "threshold": 0.05}, ["--window", "1", "--threshold", "0.05"]),
        ({"threshold": 0.01, "among": [never]}, ["--threshold", "0.01", "--among", never]),
    ]:
        for format in ["json", "csv"]:
            printed = command("analyze", wav, "--format", format, "--thresholds", table, *arguments)
            for thresholds in [listed, table, str(table), collections.ChainMap(listed)]:
                timeline = model.analyze_file(wav, thresholds=thresholds, **options)
                got = timeline.to_json().encode() + b"\n" if format == "json" else timeline.export(format)
                assert got == printed, (format, options)
        plain = model.analyze_file(wav, **options)
        assert plain.to_json() != timeline.to_json(), "the thresholds change nothing"


def test_a_listed_label_is_on_from_its_own_threshold(model, wav, listed):
    never, always, _ = listed
    labels = lambda **more: {event["label"] for event in model.analyze_file(wav, **more).events.to_arrow().to_pylist()}
    assert never in labels(threshold=0.01) and never not in labels(threshold=0.01, thresholds=listed)
    assert labels(threshold=1.0, thresholds={always: 0.01}) == {next(x for x in model.labels if x.upper() == always)}


def test_a_stream_is_on_where_the_timeline_has_events(model, wav, samples, listed, table):
    for thresholds in [listed, table]:
        timeline = model.analyze_file(wav, threshold=0.05, thresholds=thresholds)
        events = timeline.events.to_arrow().to_pylist()
        tags = pushed(model.stream(RATE, threshold=0.05, thresholds=thresholds), samples, 4_096)
        starts = [0.0] + [tag.time_s for tag in tags]
        for start, tag in zip(starts, tags):
            assert set(tag.on) == {e["label"] for e in events if e["start_s"] <= start < e["end_s"]}, start
        never = next(iter(listed))
        assert any(tag.on for tag in tags) and not any(never in tag.on for tag in tags)
        assert not any(tag.leading.on and tag.leading.label == never for tag in tags)


def test_files_are_read_as_a_dict(listed, table, tmp_path):
    read = hamiltone.read_thresholds(table)
    assert read == {label: float(np.float32(value)) for label, value in listed.items()}
    with pytest.raises(FileNotFoundError, match="missing.csv: no such file"):
        hamiltone.read_thresholds(tmp_path / "missing.csv")


def test_wrong_thresholds_are_exceptions(model, wav, tmp_path, table):
    twice = tmp_path / "twice.csv"
    twice.write_text("label,threshold\nSpeech,.3\nSpeech,.4\n")
    for thresholds, error, message in [
        ({"Speech": 2}, ValueError, "\"Speech\": the threshold 2 is not between 0.01 and 1"),
        ({"Speech": float("nan")}, ValueError, "the threshold NaN is not between"),
        ({"": 0.5}, ValueError, "the label is empty"),
        ({"Spech": 0.5}, ValueError, "1 label unknown to the model general-half: Spech .did you mean .*Speech"),
        ({"Speech": "high"}, TypeError, "is not a label and a number"),
        ({1: 0.5}, TypeError, "is not a label and a number"),
        (0.5, TypeError, "give a dict of labels and numbers, or the path of a file"),
        (tmp_path / "missing.csv", FileNotFoundError, "missing.csv: no such file"),
        (twice, ValueError, "line 3: the label \"Speech\" is listed twice"),
    ]:
        for use in [
            lambda **more: model.analyze_file(wav, **more),
            lambda **more: model.stream(RATE, **more),
            lambda **more: hamiltone.Part(model, **more),
        ]:
            with pytest.raises(error, match=message):
                use(thresholds=thresholds)
    with pytest.raises(ValueError, match="the labels of `among` compete"):
        model.analyze_file(wav, thresholds=table, among=["Music", "Speech"])


def test_labels_of_another_model_give_a_warning(model, wav):
    with pytest.warns(UserWarning, match="1 label unknown to the model general-half: Xyzzy"):
        some = model.analyze_file(wav, thresholds={"Speech": 0.5, "Xyzzy": 0.5})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert model.analyze_file(wav, thresholds={"Speech": 0.5}).to_json() == some.to_json()
