"""Ray Data: a local cluster of two workers."""

import functools
import http.server
import os
import signal
import threading
import time
from pathlib import Path

import pytest
from conftest import sound, write_wav

pytest.importorskip("ray")
pa = pytest.importorskip("pyarrow")
import pyarrow.dataset as ds  # noqa: E402
import ray  # noqa: E402

import hamiltone  # noqa: E402
import hamiltone.ray  # noqa: E402

MODEL = "esc10"


@pytest.fixture(scope="module")
def cluster():
    ray.init(num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    for n in range(60):
        write_wav(folder / f"{n % 5}" / f"{n}.wav", sound(1 + n % 3, seed=n))
    (folder / "1" / "bad.wav").write_text("no audio")
    return folder


def rows(out, table):
    dataset = ds.dataset(out / table, exclude_invalid_files=False)
    rows = dataset.to_table().to_pylist()
    return sorted(rows, key=lambda row: (row["file"], row.get("start_s", 0), str(row.get("label"))))


def without_ids(rows):
    return [{key: value for key, value in row.items() if key != "id"} for row in rows]


def workers():
    """The processes that hold a model."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if b"_Worker" in path.read_bytes():
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def test_a_worker_that_is_killed_changes_nothing(cluster, folder, tmp_path, command):
    paths = sorted(map(str, folder.rglob("*.wav")))
    out, killed = tmp_path / "ray", []

    def kill():
        for _ in range(2_000):
            parts = list(out.glob("files/part-*"))
            if parts and (processes := workers()):
                killed.append(processes[0])
                os.kill(processes[0], signal.SIGKILL)
                return
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    done = hamiltone.ray.analyze(paths, out=out, model=MODEL, workers=2, files_per_part=3)
    killer.join()
    assert killed, "no worker was killed"
    assert (done.files, done.failed) == (61, 1)
    assert done.failures[0][0].endswith("bad.wav") and "not an audio file" in done.failures[0][1]
    one = tmp_path / "one"
    with pytest.raises(Exception):  # the exit code states that one file failed
        command("analyze", folder, "--model", MODEL, "--out", one, "--format", "parquet", "--quiet")
    for table in ["files", "events"]:
        by_ray, by_command = rows(out, table), rows(one / "parquet", table)
        assert without_ids(by_ray) == without_ids(by_command) and by_ray, table
    # Nothing is done twice, unless a file has changed.
    again = hamiltone.ray.analyze(paths, out=out, model=MODEL, workers=2, files_per_part=3)
    assert (again.known, again.failed) == (61, 1)
    write_wav(folder / "0" / "0.wav", sound(2, seed=99))
    again = hamiltone.ray.analyze(paths, out=out, model=MODEL, workers=2, files_per_part=3)
    assert again.files == 61 and again.known == 58
    assert len(rows(out, "files")) == 61


def test_bytes_and_addresses_are_read(cluster, folder, tmp_path):
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=folder)
    handler.log_message = lambda *arguments: None
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    paths = [folder / "2" / f"{n}.wav" for n in (2, 7, 12)]
    missing = f"{address}/2/missing.wav"
    sources = {
        "paths": paths,
        "uris": [path.as_uri() for path in paths],
        "http": [f"{address}/2/{path.name}" for path in paths] + [missing],
        "bytes": ray.data.read_binary_files(list(map(str, paths)), include_paths=True),
    }
    expected = None
    for name, source in sources.items():
        out = tmp_path / name
        done = hamiltone.ray.analyze(source, out=out.as_uri(), model=MODEL, workers=1)
        assert done.failed == (name == "http"), done.failures
        found = [(row["sha256"], row["duration_s"], row["leading_label"]) for row in rows(out, "files") if row["sha256"]]
        expected = expected or found
        assert found == expected and len(found) == 3, name
    assert "404" in done.failures[0][1] if done.failures else True
    server.shutdown()


def test_wrong_arguments_are_found_before_work_starts(tmp_path):
    for options, error, message in [
        ({"model": "no-such-model"}, hamiltone.ModelError, "there is no model"),
        ({"window": 99}, ValueError, "window=99"),
        ({"files_per_part": 0}, ValueError, "files_per_part=0"),
        ({"among": ["Xyzzy"]}, ValueError, "no such label"),
    ]:
        with pytest.raises(error, match=message):
            hamiltone.ray.analyze(["a.wav"], out=tmp_path / "out", **options)
    with pytest.raises(ValueError, match="no files"):
        hamiltone.ray.analyze([], out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
