"""Data sets of the command line, read by other programs."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
from conftest import ROOT, sound, write_wav

import hamiltone

pandas = pytest.importorskip("pandas")
pq = pytest.importorskip("pyarrow.parquet")
duckdb = pytest.importorskip("duckdb")

MODEL = "esc10"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    for n in range(9):
        write_wav(folder / f"{n % 3}" / f"{n}.wav", sound(1 + n % 4, seed=n))
    (folder / "1" / "bad.wav").write_text("no audio")
    return folder


def analyze(command, folder, out, *options, code=0):
    arguments = ["analyze", folder, "--model", MODEL, "--out", out, "--format", "parquet", *options]
    try:
        command(*arguments)
        ended = 0
    except subprocess.CalledProcessError as error:
        ended = error.returncode
        if ended != code:
            raise AssertionError(error.stderr.decode())
    assert ended == code


def test_duckdb_and_pandas_read_the_tables_with_one_line(library, tmp_path, command):
    out = tmp_path / "out"
    analyze(command, library, out, "--format", "json", code=1)
    events = pandas.read_parquet(out / "parquet" / "events")
    files = pandas.read_parquet(out / "parquet" / "files")
    assert duckdb.sql(f"select count(*) from '{out}/parquet/events/*.parquet'").fetchall() == [(len(events),)]
    top = duckdb.sql(
        f"select label, sum(end_s - start_s) s from '{out}/parquet/events/*.parquet' group by label order by s desc, label"
    ).fetchall()
    assert top == sorted(top, key=lambda row: (-row[1], row[0])) and len(top) > 0
    assert str(events.label.dtype) == "category" and events.start_s.dtype == np.float64
    # The rows are those of the timelines, to the bit.
    assert len(files) == 10 and files.id.is_unique
    for row in files.itertuples():
        mine = events[events.id == row.id]
        if row.error is not None and isinstance(row.error, str):
            assert "not an audio file" in row.error and len(mine) == 0
            continue
        timeline = json.loads((out / f"{row.id}.json").read_text())
        assert row.file == timeline["source"] and row.duration_s == timeline["duration_s"]
        assert row.events == len(timeline["events"])
        for name in ["start_s", "end_s", "label"]:
            assert list(mine[name]) == [event[name] for event in timeline["events"]]
        for name in ["mean_probability", "peak_probability"]:
            assert list(mine[name]) == [np.float32(event[name]) for event in timeline["events"]]
    summary = pandas.read_csv(out / "summary.csv")
    assert list(files.leading_label.dropna()) == list(summary.leading_label.dropna())


def test_the_commands_and_queries_of_the_documents_run(tmp_path, command):
    (tmp_path / "LIBRARY").mkdir()
    shutil.copy(ROOT / "assets" / "demo.ogg", tmp_path / "LIBRARY")
    readme, formats = ((ROOT / name).read_text(encoding="utf-8") for name in ["README.md", "docs/FORMATS.md"])
    commands = re.findall(r"^target/release/hamiltone (.*LIBRARY.*)$", readme, re.MULTILINE)
    assert [shlex.split(line)[0] for line in commands] == ["analyze", "embed"]
    for line in commands:
        command(*shlex.split(line, comments=True), cwd=tmp_path)
    assert (tmp_path / "EMBEDDINGS" / "demo.ogg.npy").exists()
    queries = re.findall(r'^duckdb -c "(.*)"$', readme, re.MULTILINE)
    queries += re.findall(r"^(SELECT .*?) +-- DuckDB$", formats, re.MULTILINE)
    assert len(queries) == 2
    for query in queries:
        path = f"'{tmp_path}/OUT/parquet/events/*.parquet'"
        asked = query.replace("'OUT/parquet/events/*.parquet'", path)
        assert asked != query
        rows = duckdb.sql(asked).fetchall()
        assert any(label == "Music" and seconds > 5 for label, seconds in rows), query


def test_the_metadata_states_schema_model_and_settings(library, tmp_path, command):
    out = tmp_path / "out"
    analyze(command, library / "0", out, "--window", "1")
    for table in ["files", "events"]:
        (part,) = (out / "parquet" / table).glob("*.parquet")
        metadata = {k.decode(): v.decode() for k, v in pq.read_schema(part).metadata.items()}
        assert metadata["hamiltone.table"] == table and metadata["hamiltone.format_version"] == "1"
        assert metadata["hamiltone.model_hash"] == hamiltone.load(MODEL).hash
        assert json.loads(metadata["hamiltone.settings"])["window_s"] == 1.0
    # Rows of other settings are not mixed into it.
    with pytest.raises(AssertionError, match="another settings .*choose another folder"):
        analyze(command, library / "0", out)


def test_a_repeated_run_adds_what_is_new_and_replaces_what_changed(tmp_path, command):
    folder, out = tmp_path / "in", tmp_path / "out"
    for n in range(4):
        write_wav(folder / f"{n}.wav", sound(1, seed=n))
    read = lambda: pandas.read_parquet(out / "parquet" / "files").set_index("id")
    analyze(command, folder, out)
    first, parts = read(), set((out / "parquet" / "files").iterdir())
    analyze(command, folder, out)
    assert set((out / "parquet" / "files").iterdir()) == parts and read().equals(first)
    write_wav(folder / "1.wav", sound(3, seed=77))
    write_wav(folder / "4.wav", sound(1, seed=4))
    analyze(command, folder, out)
    second = read()
    assert sorted(second.index) == [f"{n}.wav" for n in range(5)]
    assert second.loc["1.wav"].duration_s == 3.0 and second.loc["0.wav"].equals(first.loc["0.wav"])
    events = pandas.read_parquet(out / "parquet" / "events")
    for name, row in second.iterrows():
        assert (events.id == name).sum() == row.events
    analyze(command, folder, out, "--again")
    assert read().sort_index().equals(second.sort_index())


def test_a_killed_run_leaves_valid_parts_and_the_next_one_does_the_rest(tmp_path, command):
    folder, out = tmp_path / "in", tmp_path / "out"
    names = [f"{n:04}.wav" for n in range(1_300)]
    write_wav(folder / names[0], sound(0.1))
    for name in names[1:]:
        os.link(folder / names[0], folder / name)
    program = [os.environ["HAMILTONE_COMMAND"], "analyze", folder, "--model", MODEL, "--format", "parquet", "--out", out]
    run = subprocess.Popen(program, stderr=subprocess.DEVNULL)
    while not list(out.glob("parquet/files/*.parquet")):
        assert run.poll() is None
        time.sleep(0.005)
    run.send_signal(signal.SIGKILL)
    run.wait()
    found = pandas.read_parquet(out / "parquet" / "files")
    assert 1_000 <= len(found) < 1_300
    journal = (out / "hamiltone-journal.jsonl").read_text().count('"event_list"')
    analyze(command, folder, out)
    files = pandas.read_parquet(out / "parquet" / "files")
    assert sorted(files.id) == names
    events = pandas.read_parquet(out / "parquet" / "events")
    assert len(events) == files.events.sum()
    # What the killed run had analysed was not analysed again.
    total = (out / "hamiltone-journal.jsonl").read_text().count('"event_list"')
    assert total <= 1_301 and journal >= 1_000
    assert not list(out.rglob("*.part"))


def test_parts_of_a_run_are_as_one_run(library, tmp_path, command):
    one, out = tmp_path / "one", tmp_path / "out"
    analyze(command, library, one, "--format", "csv", code=1)
    program = [os.environ["HAMILTONE_COMMAND"], "analyze", library, "--model", MODEL, "--out", out, "--format", "parquet", "--format", "csv"]
    runs = [subprocess.Popen([*program, "--shard", f"{k}/3"], stderr=subprocess.PIPE) for k in (1, 2, 3)]
    assert sorted(run.wait() for run in runs) == [0, 0, 1]  # one of them has the bad file
    command("analyze", "--out", out, "--merge-summary")
    for name in ["summary.csv", "summary.jsonl", "events.csv"]:
        assert (out / name).read_bytes() == (one / name).read_bytes(), name
    for table in ["files", "events"]:
        merged, single = (
            pandas.read_parquet(folder / "parquet" / table).sort_values(["file"], kind="stable").reset_index(drop=True)
            for folder in (out, one)
        )
        assert merged.equals(single) and len(merged) > 0
    # One run after them finds everything done, and the other way round.
    analyze(command, library, out, "--format", "csv", code=1)
    for name in ["summary.csv", "events.csv"]:
        assert (out / name).read_bytes() == (one / name).read_bytes()


def test_embeddings_of_the_command_line_are_those_of_the_package(library, tmp_path, command):
    model, out = hamiltone.load(MODEL), tmp_path / "out"
    command("embed", library / "0", "--model", MODEL, "--out", out)
    command("embed", library / "0", "--model", MODEL, "--out", out, "--format", "parquet", "--every", "0.5")
    for name in ["0.wav", "3.wav", "6.wav"]:
        array = np.load(out / f"{name}.npy")
        assert np.array_equal(array, model.embed(library / "0" / name))
        table = pandas.read_parquet(out / f"{name}.parquet")
        assert np.array_equal(np.stack(table.embedding), model.embed(library / "0" / name, every=0.5))
        assert list(table.start_s) == [0.5 * k for k in range(len(table))] and set(table.id) == {name}
    with pytest.raises(subprocess.CalledProcessError) as error:
        command("embed", library / "0", "--model", MODEL, "--out", out)
    assert b"this file exists" in error.value.stderr
    command("embed", library / "0", "--model", MODEL, "--out", out, "--existing", "keep", "--every", "file")
    assert len(np.load(out / "6.wav.npy")) > 1
    command("embed", library / "0", "--model", MODEL, "--out", out, "--existing", "replace", "--every", "file")
    assert len(np.load(out / "6.wav.npy")) == 1
