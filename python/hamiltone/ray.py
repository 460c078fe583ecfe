"""Many files on many machines, with Ray Data.

    import hamiltone.ray

    done = hamiltone.ray.analyze(paths, out="s3://bucket/tags")
    pandas.read_parquet("s3://bucket/tags/events")

Needs `pip install hamiltone[ray]` on every machine. Ray schedules the work, restarts workers that die, and repeats what they
had not finished.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

from . import AudioError, Part, load

if TYPE_CHECKING:
    from ray.data import Dataset as _Dataset

__all__ = ["Summary", "analyze"]

#: Failed files that a summary lists.
MAX_FAILURES = 1_000


@dataclass
class Summary:
    """The result of `analyze`."""

    #: Files with rows in the data set.
    files: int = 0
    #: Files whose rows were there from an earlier run.
    known: int = 0
    #: Files that could not be analysed. They have a row with an error.
    failed: int = 0
    #: Length of all files in seconds, without those that were known.
    duration_s: float = 0.0
    #: Path and reason of the first failed files.
    failures: list[tuple[str, str]] = field(default_factory=list)


def analyze(
    source: Iterable[str | os.PathLike[str]] | _Dataset,
    *,
    out: str | os.PathLike[str],
    model: str | None = None,
    window: float | None = None,
    threshold: float | None = None,
    among: Sequence[str] | None = None,
    workers: int | tuple[int, int] | None = None,
    files_per_part: int = 200,
) -> Summary:
    """Analyses files and writes the tables `files` and `events` as a Parquet data set.

    `source`: paths of this machine's file system, URIs of file systems that Arrow knows (`s3://`, `gs://`, `hdfs://`,
    `file://`), or `http://` and `https://` addresses; or a Ray data set with a column `path`, and a column `bytes` if it holds
    the contents (`ray.data.read_binary_files(..., include_paths=True)`).

    `out`: a folder, as a path or a URI of Arrow. It gets `files/` and `events/`, the tables of
    `hamiltone analyze --format parquet`; the path of a file is its `id`. Parts are complete or absent, and named by their
    paths and settings: a repeated run skips parts whose files have not changed.

    `model`, `window`, `threshold`, `among`: as for `hamiltone.load` and `Model.analyze_file`. A model that is not inside the
    package has to lie at the same path on every machine.

    `workers`: number of processes, or the least and the most; by default one for each core of the cluster at most. Each
    loads the model once and uses one core.

    `files_per_part`: files that one task analyses and one part holds. Memory of a worker grows with the events of a part.

    A file that cannot be analysed gets a row with the reason in the column `error`, and the others are analysed. Raises
    ValueError for options out of range and ModelError for an unknown model before anything starts. Blocks until all files
    are done.
    """
    import ray.data

    options = {"window": window, "threshold": threshold, "among": list(among) if among else None}
    Part(load(model), **options)  # type: ignore[arg-type]  # wrong options are found here, not by a worker
    if files_per_part < 1:
        raise ValueError(f"files_per_part={files_per_part}: give at least 1")
    uri = _as_uri(out)
    if isinstance(source, ray.data.Dataset):
        batches, size = source, files_per_part
    else:
        paths = [os.fspath(path) for path in source]
        if not paths:
            raise ValueError("no files: give at least one path")
        chunks = [paths[at : at + files_per_part] for at in range(0, len(paths), files_per_part)]
        # A row per part, so that a part has the same files in every run.
        batches, size = ray.data.from_items([{"path": chunk} for chunk in chunks], override_num_blocks=len(chunks)), 1
    if workers is None:
        cores = int(ray.cluster_resources().get("CPU", 1)) if ray.is_initialized() else os.cpu_count() or 1
        workers = (1, cores)
    least, most = (workers, workers) if isinstance(workers, int) else workers
    done = batches.map_batches(
        _Worker,
        fn_constructor_kwargs={"model": model, "options": options, "out": uri},
        batch_size=size,
        batch_format="pyarrow",
        compute=ray.data.ActorPoolStrategy(min_size=least, max_size=most),
    )
    summary = Summary()
    for row in done.iter_rows():
        summary.files += row["files"]
        summary.known += row["known"]
        summary.failed += len(row["failures"])
        summary.duration_s += row["duration_s"]
        room = MAX_FAILURES - len(summary.failures)
        summary.failures += [(f["path"], f["error"]) for f in row["failures"][:room]]
    return summary


class _Worker:
    """Analyses the files of one part. Ray makes one per process."""

    def __init__(self, model: str | None, options: dict[str, Any], out: str) -> None:
        from pyarrow import fs

        self.model = load(model)
        self.options = options
        self.filesystem, self.root = fs.FileSystem.from_uri(out)
        self.local = isinstance(self.filesystem, fs.LocalFileSystem)

    def __call__(self, batch: Any) -> Any:
        import pyarrow as pa

        paths = batch.column("path").to_pylist()
        if paths and isinstance(paths[0], list):
            paths = [path for chunk in paths for path in chunk]
        contents = batch.column("bytes") if "bytes" in batch.column_names else [None] * len(paths)
        row = self.part(paths, contents)
        kind = pa.struct([("path", pa.string()), ("error", pa.string())])
        return pa.table(
            {
                "files": pa.array([row.files], pa.int64()),
                "known": pa.array([row.known], pa.int64()),
                "duration_s": pa.array([row.duration_s], pa.float64()),
                "failures": pa.array([[{"path": p, "error": e} for p, e in row.failures]], pa.list_(kind)),
            }
        )

    def part(self, paths: list[str], contents: Iterable[Any]) -> Summary:
        name, data = self.name(paths), [None if item is None else item.as_py() for item in contents]
        failures = self.unchanged(name, paths, data)
        if failures is not None:
            return Summary(files=len(paths), known=len(paths), failures=failures)
        row, part = Summary(files=len(paths)), Part(self.model, **self.options)
        for path, content in zip(paths, data):
            try:
                with _local(path, content) as local:
                    timeline, sha256 = self.model.analyze_file(local, **self.options), _sha256(local)
            except (OSError, ValueError) as error:
                part.add_error(path, path, str(error))
                row.failures.append((path, str(error)))
            else:
                part.add(path, timeline, file=path, sha256=sha256)
                row.duration_s += timeline.duration_s
        self.write(name, part)
        return row

    def unchanged(self, name: str, paths: list[str], data: list[bytes | None]) -> list[tuple[str, str]] | None:
        """The failed files of a part that is there and whose files are as they were; None if it has to be made."""
        import pyarrow.parquet as pq
        from pyarrow import fs

        target = f"{self.root}/files/{name}"
        if self.filesystem.get_file_info(target).type == fs.FileType.NotFound:
            return None
        columns = ["id", "sha256", "error"]
        rows = pq.read_table(target, columns=columns, filesystem=self.filesystem).to_pylist()
        known = {row["id"]: row for row in rows}
        failures = []
        for path, content in zip(paths, data):
            row = known.get(path)
            if row is None:
                return None
            try:
                with _local(path, content) as local:
                    if row["error"] is not None:
                        self.model.analyze_file(local, **self.options)
                    if row["error"] is not None or _sha256(local) != row["sha256"]:
                        return None
            except (OSError, ValueError) as error:
                if str(error) != row["error"]:
                    return None
                failures.append((path, str(error)))
        return failures

    def name(self, paths: list[str]) -> str:
        """The name of a part: the same for the same files, model and settings, so that a repeated task replaces it."""
        text = repr((paths, self.model.hash, sorted(self.options.items())))
        return f"part-{hashlib.sha256(text.encode()).hexdigest()[:20]}.parquet"

    def write(self, name: str, part: Part) -> None:
        # The events first: a part of the files is there only if its events are.
        for table in ("events", "files"):
            folder = f"{self.root}/{table}"
            if self.local:
                self.filesystem.create_dir(folder, recursive=True)
            # Object stores show a file when it is complete.
            target = f"{folder}/.{name}.{os.getpid()}" if self.local else f"{folder}/{name}"
            with self.filesystem.open_output_stream(target) as stream:
                stream.write(part.to_parquet(table))  # type: ignore[arg-type]
            if self.local:
                self.filesystem.move(target, f"{folder}/{name}")


def _as_uri(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path)
    return text if _scheme(text) else PurePath(os.path.abspath(text)).as_uri()


def _scheme(text: str) -> str:
    """The scheme of a URI; empty for a path. A drive letter is no scheme."""
    scheme = urllib.parse.urlsplit(text).scheme
    return scheme if len(scheme) > 1 and "://" in text else ""


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextlib.contextmanager
def _local(path: str, data: bytes | None) -> Iterator[str]:
    """A local file with the contents of a path or URI, or with `data`."""
    scheme = _scheme(path)
    if data is None and not scheme:
        yield path
        return
    suffix = PurePath(urllib.parse.urlsplit(path).path).suffix[:10]
    with tempfile.TemporaryDirectory(prefix="hamiltone-") as folder:
        local = os.path.join(folder, f"file{suffix}")
        with open(local, "wb") as target:
            if data is not None:
                target.write(data)
            else:
                with _open(path, scheme) as stream:
                    shutil.copyfileobj(stream, target, 1 << 20)
        try:
            yield local
        except (AudioError, OSError) as error:
            # The messages name the temporary file.
            raise AudioError(str(error).replace(local, path)) from error


@contextlib.contextmanager
def _open(uri: str, scheme: str) -> Iterator[BinaryIO]:
    if scheme in ("http", "https"):
        with urllib.request.urlopen(uri, timeout=60) as stream:
            yield stream
        return
    from pyarrow import fs

    filesystem, path = fs.FileSystem.from_uri(uri)
    with filesystem.open_input_stream(path) as stream:
        yield stream
