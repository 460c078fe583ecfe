"""The examples run, and print what they promise."""

import subprocess
import sys

import pytest
from conftest import ROOT, sound, write_wav

EXAMPLES = ROOT / "python" / "examples"


def run(name, *arguments):
    words = [sys.executable, EXAMPLES / name, *map(str, arguments)]
    ran = subprocess.run(words, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_tag_file(wav, tmp_path):
    printed = run("tag_file.py", tmp_path / "missing.wav", wav)
    assert "missing.wav: no such file" in printed
    assert f"{wav} (4.3 s)" in printed and " %  " in printed


def test_microphone(wav):
    lines = run("microphone.py", "--file", wav).splitlines()
    assert lines and all(" s  " in line for line in lines)


def test_search(wav, tmp_path):
    same = write_wav(tmp_path / "same.wav", sound(4.3))
    other = write_wav(tmp_path / "other.wav", sound(4.3, seed=8)[40_000:])
    lines = run("search.py", wav, other, same).splitlines()
    assert len(lines) == 2 and "same.wav" in lines[0]


def test_the_notebook(wav, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("SOUND", str(wav))
    notebook = nbformat.read(EXAMPLES / "tag_roll.ipynb", as_version=4)
    nbformat.validate(notebook)
    # The kernel of this interpreter.
    kernel = nbclient.NotebookClient(notebook, timeout=120)
    kernel.create_kernel_manager()
    kernel.km.kernel_spec.argv[0] = sys.executable
    kernel.execute()
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    assert any("image/png" in output.get("data", {}) for output in outputs)
