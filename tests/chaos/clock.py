"""A wall clock that can be stepped while workers run: eight bytes of a file, nanoseconds, that all of a round read.

Python's clock alone. librdkafka keeps its own time: it computes deadlines by the wall clock and waits for them in libc,
where no library that fakes the time reaches (libfaketime: a step of an hour is a wait of an hour).
"""

import mmap
import struct
import time
from pathlib import Path
from typing import Final

_FORM: Final = struct.Struct("<q")
_real_ns = time.time_ns
_file: mmap.mmap | None = None


def step(file: Path, seconds: int) -> None:
    """Let it be so much ahead of the real one, from now on."""
    file.touch()
    with file.open("r+b") as opened:  # never shorter, even for a moment: whoever reads it then would get a SIGBUS
        opened.write(_FORM.pack(seconds * 10**9))


def install() -> None:
    """Put it in the place of this process's clock, before anybody has taken a reference to that."""
    time.time_ns = _now_ns
    time.time = lambda: _now_ns() / 1e9


def follow(file: Path) -> None:
    """Live by this file, which is there."""
    global _file
    with file.open("rb") as opened:
        _file = mmap.mmap(opened.fileno(), _FORM.size, access=mmap.ACCESS_READ)


def _now_ns() -> int:
    return _real_ns() + (_FORM.unpack_from(_file)[0] if _file is not None else 0)
