"""The package itself: types, docstrings, imports, tables for other libraries."""

import inspect
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import RATE

import hamiltone


def run(program, *arguments):
    return subprocess.run([sys.executable, *arguments, "-c", program], check=True, capture_output=True, text=True).stdout


def test_it_is_imported_fast_and_without_other_libraries():
    program = """
import sys, time, numpy
before = set(sys.modules)
start = time.perf_counter()
import hamiltone
print(time.perf_counter() - start)
print(*sorted({name.split(".")[0] for name in set(sys.modules) - before}))
"""
    printed = [run(program).splitlines() for _ in range(5)]
    assert min(float(seconds) for seconds, _ in printed) < 0.1
    assert printed[0][1] == "hamiltone"


def test_the_stubs_describe_the_module(tmp_path):
    # mypy's own check of stubs against a module. Ray is large, and pyarrow has no types.
    settings = tmp_path / "mypy.ini"
    settings.write_text("[mypy]\n[mypy-ray.*]\nfollow_imports = skip\n[mypy-pyarrow.*]\nignore_missing_imports = True\n[mypy-fsspec.*]\nignore_missing_imports = True\n")
    checked = subprocess.run(
        [sys.executable, "-m", "mypy.stubtest", "hamiltone", "--mypy-config-file", settings],
        capture_output=True,
        text=True,
        cwd=Path(hamiltone.__file__).parents[1],
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert (Path(hamiltone.__file__).parent / "py.typed").exists()


def test_everything_public_has_a_docstring():
    for name in hamiltone.__all__:
        thing = getattr(hamiltone, name)
        if not isinstance(thing, str):
            assert inspect.getdoc(thing), name
        if inspect.isclass(thing) and not issubclass(thing, Exception):
            members = {m: v for m, v in vars(thing).items() if not m.startswith("_")}
            assert members or name == "Answer"
            for member, value in members.items():
                assert inspect.getdoc(value), f"{name}.{member}"


def test_tables_are_taken_without_a_copy(model, wav):
    polars, pyarrow = pytest.importorskip("polars"), pytest.importorskip("pyarrow")
    events = model.analyze_file(wav, threshold=0.02).events
    table = pyarrow.table(events)
    assert pyarrow.types.is_dictionary(table.schema.field("label").type)
    again = pyarrow.table(events)
    address = lambda t: t.column("start_s").chunk(0).buffers()[1].address
    assert address(table) == address(again), "the numbers were copied"
    frame = polars.DataFrame(events)
    assert frame.columns == events.column_names and len(frame) == len(events) > 0
    assert events.to_polars().equals(frame)
    pandas = events.to_pandas()
    assert str(pandas.label.dtype) == "category"
    assert pandas.start_s.dtype == np.float64 and list(pandas.label) == list(frame["label"])


def test_tables_without_rows_keep_their_columns(model, tmp_path):
    from conftest import write_wav

    silent = write_wav(tmp_path / "silent.wav", np.zeros(RATE, np.int16))
    timeline = model.analyze_file(silent)
    assert timeline.warnings == ["the file is silent; its labels mean nothing"]
    assert len(timeline.events) == 0
    assert list(timeline.events.to_pandas().columns) == timeline.events.column_names
