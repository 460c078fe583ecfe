"""Many files on many machines, with Ray Data.

    import hamiltone.ray

    done = hamiltone.ray.analyze(paths, out="s3://bucket/tags")
    pandas.read_parquet("s3://bucket/tags/events")

Needs `pip install hamiltone[ray]` on every machine. Ray schedules the work, restarts workers that die, and repeats what they
had not finished.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import Part, load, read_thresholds
from ._storage import BLOCK, Inputs, Output, arrow_filesystem, scheme_of

if TYPE_CHECKING:
    from fsspec import AbstractFileSystem as _FsspecFileSystem
    from pyarrow.fs import FileSystem as _ArrowFileSystem
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
    thresholds: Mapping[str, float] | str | os.PathLike[str] | None = None,
    among: Sequence[str] | None = None,
    workers: int | tuple[int, int] | None = None,
    files_per_part: int = 200,
    filesystem: _ArrowFileSystem | _FsspecFileSystem | None = None,
    out_filesystem: _ArrowFileSystem | _FsspecFileSystem | None = None,
) -> Summary:
    """Analyses files and writes the tables `files` and `events` as a Parquet data set.

    `source`: paths of this machine's file system, URIs of file systems that Arrow knows (`s3://`, `gs://`, `hdfs://`,
    `file://`), or `http://` and `https://` addresses; or a Ray data set with a column `path`, and a column `bytes` if it holds
    the contents (`ray.data.read_binary_files(..., include_paths=True)`).

    `out`: a folder, as a path or a URI of Arrow. It gets `files/` and `events/`, the tables of
    `hamiltone analyze --format parquet`; the path of a file is its `id`. Parts are complete or absent, and named by their
    paths and settings: a repeated run skips parts whose files have not changed.

    `filesystem`, `out_filesystem`: where the paths of `source` and the folder `out` are, if they are paths of a file system of
    `pyarrow.fs` or fsspec instead of the forms above. Workers get copies of these objects, so they have to be picklable.

    `model`, `window`, `threshold`, `thresholds`, `among`: as for `hamiltone.load` and `Model.analyze_file`. A model that is not
    inside the package has to lie at the same path on every machine; a file of thresholds is read once, on this one.

    `workers`: number of processes, or the least and the most; by default one for each core of the cluster at most. Each
    loads the model once and uses one core.

    `files_per_part`: files that one task analyses and one part holds. Memory of a worker grows with the events of a part.

    A file that cannot be analysed gets a row with the reason in the column `error`, and the others are analysed. Raises
    ValueError for options out of range, TypeError for a `filesystem` that is none, and ModelError for an unknown model before
    anything starts. Parts that cannot be written end the run with Ray's exception. Blocks until all files are done.
    """
    import ray.data

    options: dict[str, Any] = {"window": window, "threshold": threshold, "among": list(among) if among else None}
    if thresholds is not None:
        listed = thresholds if isinstance(thresholds, Mapping) else read_thresholds(thresholds)
        options["thresholds"] = dict(sorted(listed.items()))  # parts are named by the options
    Part(load(model), **options)  # wrong options are found here, not by a worker
    if files_per_part < 1:
        raise ValueError(f"files_per_part={files_per_part}: give at least 1")
    storage = {"filesystem": arrow_filesystem(filesystem), "out_filesystem": arrow_filesystem(out_filesystem)}
    folder = os.fspath(out)
    if out_filesystem is None and not scheme_of(folder):
        folder = os.path.abspath(folder)
    Output(folder, storage["out_filesystem"])  # raises if there is no such file system
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
        fn_constructor_kwargs={"model": model, "options": options, "out": folder, **storage},
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

    def __init__(
        self, model: str | None, options: dict[str, Any], out: str, filesystem: Any, out_filesystem: Any
    ) -> None:
        self.model = load(model)
        self.options = options
        self.inputs = Inputs(filesystem)
        self.output = Output(out, out_filesystem)

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
                with self.inputs.local(path, content) as local:
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

        if not self.output.has("files", name):
            return None
        columns = ["id", "sha256", "error"]
        target = self.output.path("files", name)
        rows = pq.read_table(target, columns=columns, filesystem=self.output.filesystem).to_pylist()
        known = {row["id"]: row for row in rows}
        failures = []
        for path, content in zip(paths, data):
            row = known.get(path)
            if row is None:
                return None
            try:
                with self.inputs.local(path, content) as local:
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
        self.output.write("events", name, part.to_parquet("events"))
        self.output.write("files", name, part.to_parquet("files"))


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
