"""Files of any file system that Arrow or fsspec knows, for `hamiltone.ray`."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Any, BinaryIO

from . import AudioError

#: Seconds after which a server that sends nothing is given up.
HTTP_TIMEOUT_S = 60
#: Bytes that are copied at a time.
BLOCK = 1 << 20
#: File systems that are kept, by the folder of the URI.
MAX_FOLDERS = 64


def arrow_filesystem(given: Any) -> Any:
    """A file system of pyarrow or fsspec as one of pyarrow; None stays None. Raises TypeError for anything else."""
    from pyarrow import fs

    if given is None or isinstance(given, fs.FileSystem):
        return given
    if hasattr(given, "protocol") and hasattr(given, "open"):
        return fs.PyFileSystem(fs.FSSpecHandler(given))
    raise TypeError(f"{type(given).__name__} is not a file system: give one of pyarrow.fs or fsspec")


class Inputs:
    """The files to read: of `filesystem`, or paths of this machine, URIs and HTTP addresses."""

    def __init__(self, filesystem: Any) -> None:
        self.filesystem = filesystem
        self.folders: dict[str, tuple[Any, str]] = {}

    @contextlib.contextmanager
    def local(self, path: str, data: bytes | None) -> Iterator[str]:
        """A local file with the contents of `path`, or with `data`. Exceptions inside name `path`."""
        from pyarrow import fs

        filesystem, inner, scheme = self.filesystem, path, scheme_of(path)
        is_http = filesystem is None and scheme in ("http", "https")
        if data is None and filesystem is None and scheme and not is_http:
            filesystem, inner = self.of_uri(path)
        if data is None and not is_http and (filesystem is None or isinstance(filesystem, fs.LocalFileSystem)):
            with _errors_name(path, inner):
                yield inner
            return
        suffix = PurePath(urllib.parse.urlsplit(inner).path).suffix[:10]
        with tempfile.TemporaryDirectory(prefix="hamiltone-") as folder:
            copy = os.path.join(folder, f"file{suffix}")
            with open(copy, "wb") as target:
                if data is not None:
                    target.write(data)
                elif is_http:
                    _copy(path, _http, path, target)
                else:
                    _copy(path, filesystem.open_input_stream, inner, target)
            with _errors_name(path, copy):
                yield copy


    def of_uri(self, uri: str) -> tuple[Any, str]:
        """The file system of a URI and the path in it."""
        from pyarrow import fs

        parts = urllib.parse.urlsplit(uri)
        parent, _, name = parts.path.rpartition("/")
        folder = urllib.parse.urlunsplit((parts.scheme, parts.netloc, parent or "/", parts.query, ""))
        # Kept, since a new client of an object store first asks for the region of the bucket.
        if folder not in self.folders:
            if len(self.folders) >= MAX_FOLDERS:
                self.folders.clear()
            self.folders[folder] = fs.FileSystem.from_uri(folder)
        filesystem, path = self.folders[folder]
        return filesystem, f"{path.rstrip('/')}/{urllib.parse.unquote(name)}"


class Output:
    """A folder for the parts of a data set. A part is complete or absent."""

    def __init__(self, folder: str | os.PathLike[str], filesystem: Any) -> None:
        from pyarrow import fs

        text = os.fspath(folder)
        if filesystem is None:
            uri = text if scheme_of(text) else PurePath(os.path.abspath(text)).as_uri()
            filesystem, text = fs.FileSystem.from_uri(uri)
        self.filesystem, self.root = filesystem, text.rstrip("/")

    def has(self, table: str, name: str) -> bool:
        from pyarrow import fs

        info = self.filesystem.get_file_info(self.path(table, name))
        return bool(info.type != fs.FileType.NotFound)

    def path(self, table: str, name: str) -> str:
        return f"{self.root}/{table}/{name}"

    def write(self, table: str, name: str, data: bytes) -> None:
        from pyarrow import fs

        target = self.path(table, name)
        if _is_object_store(self.filesystem):
            # These show a file when it is complete.
            with self.filesystem.open_output_stream(target) as stream:
                stream.write(data)
            return
        self.filesystem.create_dir(f"{self.root}/{table}", recursive=True)
        # Readers of data sets ignore names that begin with a dot.
        unfinished = self.path(table, f".{name}.{uuid.uuid4().hex}")
        with self.filesystem.open_output_stream(unfinished) as stream:
            stream.write(data)
        # Some file systems do not move a file over another one.
        if not isinstance(self.filesystem, fs.LocalFileSystem) and self.has(table, name):
            self.filesystem.delete_file(target)
        self.filesystem.move(unfinished, target)


def scheme_of(text: str) -> str:
    """The scheme of a URI; empty for a path. A drive letter is no scheme."""
    scheme = urllib.parse.urlsplit(text).scheme
    return scheme if len(scheme) > 1 and "://" in text else ""


def _is_object_store(filesystem: Any) -> bool:
    from pyarrow import fs

    while isinstance(filesystem, fs.SubTreeFileSystem):
        filesystem = filesystem.base_fs
    return filesystem.type_name in ("s3", "gcs", "abfs")


def _copy(name: str, opened: Callable[[str], Any], path: str, target: BinaryIO) -> None:
    """Copies a file of another machine. Raises OSError with its name, whatever the file system raises."""
    try:
        with opened(path) as stream:
            shutil.copyfileobj(stream, target, BLOCK)
            # Bytes that a server announced and did not send: `read` does not notice them.
            missing = getattr(stream, "length", None)
    except Exception as error:
        raise OSError(f"{name}: {error}") from error
    if isinstance(missing, int) and missing > 0:
        raise OSError(f"{name}: the connection ended {missing} bytes before the file")


def _http(address: str) -> Any:
    return urllib.request.urlopen(address, timeout=HTTP_TIMEOUT_S)


@contextlib.contextmanager
def _errors_name(path: str, local: str) -> Iterator[None]:
    try:
        yield
    except (AudioError, OSError) as error:
        if path == local:
            raise
        raise AudioError(str(error).replace(local, path)) from error
