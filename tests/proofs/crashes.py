"""A process that dies at its n-th step on the disk, by kill -9 or by a power cut, in a forked child.

A power cut loses what no fsync has confirmed: bytes of files, and names of files and folders
until their folder was synced. The model takes all of it away, which is the worst that may happen.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

REAL = {name: getattr(os, name) for name in ("open", "write", "fsync", "replace", "ftruncate", "mkdir", "close")}


class Disk:
    """Counts the steps of this process, and ends it at step ``last``."""

    def __init__(self, last: int, power: bool) -> None:
        self.last, self.power, self.steps = last, power, 0
        self._paths: dict[int, Path] = {}
        self._synced: dict[Path, bytes] = {}  # files' confirmed contents, where they differ from what is there
        self._undo: dict[Path, list[Callable[[], object]]] = {}  # names that their folder has not confirmed

    def install(self) -> None:
        """Take the place of `os`'s functions."""
        for name in REAL:
            setattr(os, name, getattr(self, name))

    def _step(self) -> None:
        self.steps += 1
        if self.steps == self.last:
            if self.power:
                self._lose()
            os.kill(os.getpid(), signal.SIGKILL)

    def _lose(self) -> None:
        for path, data in self._synced.items():
            if path.exists():
                _put(path, data)
        for undo in [u for per_folder in self._undo.values() for u in per_folder][::-1]:
            undo()

    def open(self, path: str | Path, flags: int, mode: int = 0o777, **more: int) -> int:
        """A new file's name is unconfirmed."""
        fresh = bool(flags & os.O_CREAT) and not Path(path).exists()
        handle: int = REAL["open"](path, flags, mode, **more)
        self._paths[handle] = Path(path)
        if fresh:
            self._undo.setdefault(Path(path).parent, []).append(lambda: Path(path).unlink(missing_ok=True))
        self._step()
        return handle

    def close(self, handle: int) -> None:
        """No step: nothing reaches the disk by it."""
        self._paths.pop(handle, None)
        REAL["close"](handle)

    def write(self, handle: int, data: bytes) -> int:
        """Half of it first: a record may be torn."""
        path = self._paths.get(handle)
        if path is None:
            return int(REAL["write"](handle, data))
        self._synced.setdefault(path, path.read_bytes())
        self._step()
        done = int(REAL["write"](handle, data[: len(data) // 2 or 1]))
        self._step()
        return done

    def ftruncate(self, handle: int, size: int) -> None:
        """Cuts a file."""
        self._step()
        REAL["ftruncate"](handle, size)

    def fsync(self, handle: int) -> None:
        """Confirms a file's bytes, or a folder's names."""
        self._step()
        REAL["fsync"](handle)
        path = self._paths[handle]
        self._synced.pop(path, None)
        self._undo.pop(path, None)
        self._step()

    def replace(self, source: str | Path, target: str | Path) -> None:
        """The old file comes back unless the folder is synced."""
        self._step()
        old = Path(target).read_bytes() if Path(target).exists() else None
        REAL["replace"](source, target)
        if Path(source) in self._synced:  # another name does not confirm the bytes
            self._synced[Path(target)] = self._synced.pop(Path(source))
        self._undo.setdefault(Path(target).parent, []).append(
            lambda: Path(target).unlink() if old is None else _put(Path(target), old)
        )
        self._step()

    def mkdir(self, path: str | Path, mode: int = 0o777, **more: int) -> None:
        """A folder that its parent does not confirm is lost with all that is in it."""
        self._step()
        REAL["mkdir"](path, mode, **more)
        self._undo.setdefault(Path(path).parent, []).append(lambda: Path(path).rename(f"{path}.lost"))
        self._step()


def _put(path: Path, data: bytes) -> None:
    handle = REAL["open"](path, os.O_WRONLY | os.O_TRUNC)
    REAL["write"](handle, data)
    REAL["close"](handle)


def live(work: Callable[[Callable[[bytes], object]], None], last: int = 0, power: bool = False) -> tuple[bytes, bool]:
    """Run ``work(send)`` in a child that dies at step ``last`` (0: never); what it sent, and whether it died."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        Disk(last, power).install()
        code = 1
        try:
            work(lambda data: REAL["write"](sink, data))
            code = 0
        finally:
            os._exit(code)
    os.close(sink)
    with os.fdopen(source, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    died = os.WIFSIGNALED(status)
    assert died or os.WEXITSTATUS(status) == 0, "the child failed"
    return said, died
