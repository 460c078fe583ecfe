"""Streams give the tags of the plugin: those of `analyze`, however the samples are cut."""

import json
import threading

import numpy as np
import pytest
from conftest import RATE, sound


def pushed(stream, samples, block):
    tags = [t for at in range(0, len(samples), block) for t in stream.push(samples[at : at + block])]
    return tags + stream.finish()


def test_blocks_of_any_size_give_the_columns_of_the_timeline(model, wav, samples):
    columns = json.loads(model.analyze_file(wav).to_json())["columns"]
    for block in [160, 1_023, 100_000]:
        tags = pushed(model.stream(RATE), samples, block)
        assert [t.time_s for t in tags] == [column["time_s"] for column in columns]
        for tag, column in zip(tags, columns):
            stated = [(top["label"], np.float32(top["probability"])) for top in column["top"]]
            assert [(label, np.float32(p)) for label, p in tag.top(5)] == stated


def test_labels_are_on_where_the_timeline_has_events(model, wav, samples):
    threshold = 0.02
    events = model.analyze_file(wav, threshold=threshold).events.to_arrow().to_pylist()
    tags = pushed(model.stream(RATE, threshold=threshold), samples, 4_096)
    starts = [0.0] + [tag.time_s for tag in tags]
    for index, tag in enumerate(tags):
        at = starts[index]
        expected = {e["label"] for e in events if e["start_s"] <= at < e["end_s"]}
        assert set(tag.on) == expected, at
    assert any(tag.on for tag in tags)


def test_a_stream_begins_anew_after_finish_and_reset(model, samples):
    stream = model.stream(RATE)
    first = [t.probabilities for t in pushed(stream, samples, 5_000)]
    stream.push(sound(1, seed=9))
    stream.reset()
    second = [t.probabilities for t in pushed(stream, samples, 777)]
    assert np.array_equal(first, second)


def test_a_block_that_is_refused_changes_nothing(model, samples):
    clean = [t.probabilities for t in pushed(model.stream(RATE), samples, 8_000)]
    stream = model.stream(RATE)
    tags = stream.push(samples[:50_000])
    bad = samples[:100].astype(np.float32)
    bad[17] = np.nan
    with pytest.raises(ValueError, match=r"samples\[17\] is NaN"):
        stream.push(bad)
    with pytest.raises(ValueError, match="2 channels, the blocks before it have 1"):
        stream.push(np.zeros((100, 2), np.float32))
    assert stream.push(samples[:0]) == []
    tags += stream.push(samples[50_000:]) + stream.finish()
    assert np.array_equal([t.probabilities for t in tags], clean)


def test_two_threads_in_one_stream_get_an_error_and_not_wrong_tags(model):
    stream = model.stream(RATE)
    errors, long = [], sound(20)

    def push():
        try:
            stream.push(long)
        except RuntimeError as error:
            errors.append(str(error))

    threads = [threading.Thread(target=push) for _ in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(errors) == 1 and "another thread is pushing" in errors[0]


def test_the_interpreter_runs_while_the_engine_computes(model):
    long, counted, done = sound(30), 0, threading.Event()

    def classify():
        model.classify(long, RATE)
        done.set()

    thread = threading.Thread(target=classify)
    thread.start()
    while not done.wait(0.002):
        counted += 1
    thread.join()
    assert counted > 20, "the lock was held"
