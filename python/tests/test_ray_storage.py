"""Ray on file systems that are not local: S3 by moto's server on loopback, parts of a file system, fsspec, HTTP."""

import http.server
import itertools
import threading
import urllib.parse
import zipfile

import pytest
from conftest import sound, write_wav

pytest.importorskip("ray", reason="ray is not installed: hamiltone.ray was not tested")
pytest.importorskip("pyarrow")
import fsspec  # noqa: E402
import pyarrow.dataset as ds  # noqa: E402
import ray  # noqa: E402
from pyarrow import fs  # noqa: E402

import hamiltone.ray  # noqa: E402
from hamiltone._storage import Inputs, Output, arrow_filesystem  # noqa: E402

MODEL = "esc10"
# Names that need quotes in a URI.
NAMES = ["a.wav", "deep/b c.wav", "deep/50 % ü.wav", "d.wav"]
SECRETS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}


@pytest.fixture(scope="module")
def cluster():
    ray.init(
        num_cpus=2,
        include_dashboard=False,
        logging_level="error",
        log_to_driver=False,
        runtime_env={"env_vars": SECRETS},
    )
    yield
    ray.shutdown()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("library")
    for n, name in enumerate(NAMES):
        write_wav(folder / name, sound(1 + n, seed=n))
    return folder


@pytest.fixture(scope="module")
def expected(cluster, folder, tmp_path_factory):
    """What the run on local paths gives."""
    out = tmp_path_factory.mktemp("out")
    done = hamiltone.ray.analyze([folder / name for name in NAMES], out=out, model=MODEL, workers=1)
    assert (done.files, done.failed) == (4, 0)
    return contents(local(out))


@pytest.fixture(scope="module")
def s3():
    moto = pytest.importorskip("moto.server", reason="moto is not installed: nothing was tested with an S3 server")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    options = {"scheme": "http", "endpoint_override": f"{host}:{port}", "region": "us-east-1"}
    filesystem = fs.S3FileSystem(access_key="testing", secret_key="testing", allow_bucket_creation=True, **options)
    filesystem.create_dir("bucket")
    yield filesystem, options
    server.stop()


def local(folder):
    return fs.SubTreeFileSystem(str(folder), fs.LocalFileSystem())


def contents(filesystem, root=""):
    """The numbers of both tables. Paths and ids differ from file system to file system."""
    tables = []
    for table in ["files", "events"]:
        path = f"{root}/{table}".lstrip("/")
        rows = ds.dataset(path, filesystem=filesystem, exclude_invalid_files=False).to_table().to_pylist()
        rows = [{key: value for key, value in row.items() if key not in ("id", "file")} for row in rows]
        tables.append(sorted(rows, key=repr))
    assert tables[0] and tables[1]
    return tables


def test_an_s3_store_by_its_filesystem(expected, folder, s3):
    filesystem, _ = s3
    fs.copy_files(str(folder), "bucket/library", destination_filesystem=filesystem)
    paths = [f"bucket/library/{name}" for name in NAMES]
    options = {"out": "bucket/by-filesystem", "filesystem": filesystem, "out_filesystem": filesystem}
    options |= {"model": MODEL, "workers": 2, "files_per_part": 2}
    done = hamiltone.ray.analyze(paths, **options)
    assert (done.files, done.failed, done.known) == (4, 0, 0), done.failures
    assert contents(filesystem, options["out"]) == expected
    again = hamiltone.ray.analyze(paths, **options)
    assert (again.files, again.known) == (4, 4)
    # A file that changed is analysed again, with the other file of its part.
    with filesystem.open_output_stream(paths[0]) as stream:
        stream.write(write_wav(folder.parent / "changed" / "a.wav", sound(2, seed=8)).read_bytes())
    changed = hamiltone.ray.analyze(paths, **options)
    assert (changed.known, changed.duration_s) == (2, 2 + 2)
    missing = hamiltone.ray.analyze(["bucket/library/gone.wav"], **options)
    assert missing.failed == 1 and "bucket/library/gone.wav" in missing.failures[0][1]


def test_an_s3_store_by_uris(expected, folder, s3):
    filesystem, options = s3
    fs.copy_files(str(folder), "bucket/uris", destination_filesystem=filesystem)
    query = urllib.parse.urlencode(options)
    uris = [f"s3://bucket/uris/{urllib.parse.quote(name)}?{query}" for name in NAMES]
    done = hamiltone.ray.analyze(uris, out=f"s3://bucket/by-uri?{query}", model=MODEL, workers=1)
    assert (done.files, done.failed) == (4, 0), done.failures
    assert contents(filesystem, "bucket/by-uri") == expected


def test_folders_of_a_file_system(expected, folder, tmp_path):
    options = {"filesystem": local(folder)}
    options["out_filesystem"] = local(tmp_path)
    for known in [0, 4]:
        done = hamiltone.ray.analyze(NAMES, out="tags/here", model=MODEL, workers=1, **options)
        assert (done.files, done.failed, done.known) == (4, 0, known), done.failures
        assert contents(options["out_filesystem"], "tags/here") == expected
    written = sorted(path.suffix for path in tmp_path.rglob("*") if path.is_file())
    assert written == [".parquet", ".parquet"], "an unfinished file is left"


def test_an_archive_by_fsspec(expected, folder, tmp_path):
    archive = tmp_path / "library.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for name in NAMES:
            target.write(folder / name, name)
    filesystem = fsspec.filesystem("zip", fo=str(archive))
    out = tmp_path / "out"
    done = hamiltone.ray.analyze([*NAMES, "gone.wav"], out=out, model=MODEL, workers=1, filesystem=filesystem)
    assert (done.files, done.failed) == (5, 1) and done.failures[0][0] == "gone.wav"
    files, events = contents(local(out))
    assert [row for row in files if row["error"] is None] == expected[0] and events == expected[1]


def test_parts_are_replaced_in_file_systems_that_do_not_move_over_files():
    filesystem = arrow_filesystem(fsspec.filesystem("memory"))
    output = Output("/parts", filesystem)
    for data in [b"one", b"two"]:
        output.write("files", "part-1.parquet", data)
        with Inputs(filesystem).local("/parts/files/part-1.parquet", None) as copy, open(copy, "rb") as file:
            assert file.read() == data
    assert output.has("files", "part-1.parquet") and not output.has("files", "part-2.parquet")
    (found,) = filesystem.get_file_info(fs.FileSelector("/parts", recursive=False))
    assert found.base_name == "files"
    assert len(filesystem.get_file_info(fs.FileSelector("/parts/files"))) == 1


def test_files_that_http_servers_cut_are_errors(cluster, folder, tmp_path):
    data = (folder / "a.wav").read_bytes()

    class Server(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data if "whole" in self.path else data[: len(data) // 2])

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    paths = [f"{address}/whole.wav", f"{address}/cut.wav"]
    done = hamiltone.ray.analyze(paths, out=tmp_path, model=MODEL, workers=1)
    server.shutdown()
    assert done.failed == 1 and done.failures[0][0] == paths[1]
    assert f"the connection ended {len(data) - len(data) // 2} bytes before the file" in done.failures[0][1]


def test_thresholds_are_those_of_the_command_line(cluster, folder, tmp_path, command):
    table = tmp_path / "thresholds.csv"
    labels = hamiltone.load(MODEL).labels
    values = itertools.chain([1, 0.02], itertools.repeat(0.1))
    rows = [f'"{label}",{value}\n' for label, value in zip([*labels, "Xyzzy"], values)]
    table.write_text("label,threshold\n" + "".join(rows))
    one = tmp_path / "one"
    command("analyze", folder, "--model", MODEL, "--out", one, "--format", "parquet", "--thresholds", table)
    paths = [folder / name for name in NAMES]
    plain = hamiltone.ray.analyze(paths, out=tmp_path / "plain", model=MODEL, workers=1)
    for name, thresholds in [("file", table), ("dict", hamiltone.read_thresholds(table))]:
        with pytest.warns(UserWarning, match="Xyzzy"):
            done = hamiltone.ray.analyze(paths, out=tmp_path / name, model=MODEL, workers=1, thresholds=thresholds)
        assert (done.files, done.failed) == (plain.files, 0)
        found = contents(local(tmp_path / name))
        assert found == contents(local(one / "parquet"))
        assert found != contents(local(tmp_path / "plain"))
        (mine,) = (tmp_path / name / "events").iterdir()
        (theirs,) = (one / "parquet" / "events").iterdir()
        settings = [ds.dataset(path).schema.metadata[b"hamiltone.settings"] for path in (mine, theirs)]
        assert settings[0] == settings[1]


def test_what_is_no_file_system_is_found_before_work_starts(tmp_path):
    for name in ["filesystem", "out_filesystem"]:
        with pytest.raises(TypeError, match="str is not a file system"):
            hamiltone.ray.analyze(["a.wav"], out=tmp_path / "out", **{name: "s3"})
    with pytest.raises(ValueError, match="xyz"):
        hamiltone.ray.analyze(["a.wav"], out="xyz://bucket/tags")
    with pytest.raises(FileNotFoundError, match="gone.csv"):
        hamiltone.ray.analyze(["a.wav"], out=tmp_path / "out", thresholds=tmp_path / "gone.csv")
    assert not (tmp_path / "out").exists()
