"""Files of a recording: packed or not by extension; lines of bounded length; progress by bytes read."""

import bz2
import gzip
import io
import lzma
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final, cast

LINE_MAX: Final = 8 << 20  # bytes; a snapshot of 5,000 levels a side is 0.4 MB
_DAMAGE: Final = (EOFError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, OSError)


class RecordingError(Exception):
    """A recording cannot be read as asked: a file is missing, damaged, of another format or another instrument."""


class Counted(io.RawIOBase):
    """A file that counts the bytes taken from the disk, before decompression."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = path.open("rb", buffering=0)
        except OSError as error:
            raise RecordingError(f"{path}: {error.strerror}") from error
        self.count = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer from the file."""
        n = self._file.readinto(buffer) or 0
        self.count += n
        return n

    def close(self) -> None:
        """Close the file beneath, too."""
        self._file.close()
        super().close()


class Files:
    """The files of one recording, in the order given."""

    def __init__(self, paths: Sequence[Path]) -> None:
        if not paths:
            raise RecordingError("files: none given, at least one is needed")
        for path in paths:
            if not path.is_file():
                raise RecordingError(f"{path}: no such file")
        self.paths = tuple(paths)
        self.bytes_total = sum(path.stat().st_size for path in paths)
        self._done = 0
        self._open: list[Counted] = []

    @property
    def bytes_read(self) -> int:
        """Bytes taken from the disk so far, of `bytes_total`."""
        return self._done + sum(file.count for file in self._open)

    def rewind(self) -> None:
        """Count from 0 again."""
        self._done = 0

    def lines(self, path: Path) -> Iterator[bytes]:
        """The lines of one file without their ends. One longer than LINE_MAX comes cut, one byte too long.

        Raises:
            RecordingError: the file is damaged or ends early; the lines before have been given.
        """
        with Counted(path) as raw:
            self._open.append(raw)
            try:
                yield from _lines(_unpacked(raw, path))
            except _DAMAGE as error:
                raise RecordingError(f"{path}: damaged after byte {raw.count}: {error}") from error
            finally:
                self._open.remove(raw)
                self._done += raw.count

    def blob(self, path: Path) -> Iterator[bytes]:
        """The bytes of one file in pieces, unpacked. Raises RecordingError like `lines`."""
        with Counted(path) as raw:
            self._open.append(raw)
            try:
                stream = _unpacked(raw, path)
                while piece := stream.read(1 << 16):
                    yield piece
            except _DAMAGE as error:
                raise RecordingError(f"{path}: damaged after byte {raw.count}: {error}") from error
            finally:
                self._open.remove(raw)
                self._done += raw.count


def _unpacked(raw: Counted, path: Path) -> IO[bytes]:
    buffered = io.BufferedReader(raw, 1 << 16)
    match path.suffix:
        case ".gz":
            return cast(IO[bytes], gzip.GzipFile(fileobj=buffered))
        case ".xz":
            return lzma.LZMAFile(buffered)
        case ".bz2":
            return bz2.BZ2File(buffered)
        case ".zst":
            from pyarrow import CompressedInputStream  # the standard library has zstd from 3.14 on

            return cast(IO[bytes], io.BufferedReader(CompressedInputStream(buffered, "zstd")))
    return buffered


def _lines(stream: IO[bytes]) -> Iterator[bytes]:
    while line := stream.readline(LINE_MAX + 1):
        whole = line.endswith(b"\n")
        if not whole and len(line) > LINE_MAX:
            yield line
            while not stream.readline(LINE_MAX).endswith(b"\n"):
                if not stream.readline(1):
                    break
            continue
        yield line.rstrip(b"\r\n")
