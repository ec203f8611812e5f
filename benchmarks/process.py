"""One run of one contestant: a process of its own that says on standard output how far it is."""

import os
import re
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_MARK: Final = re.compile(rb"mark (\d+) (\d+) (\d+)")


class FailedError(RuntimeError):
    """A contestant ended with an error, ran out of time, or did not say what it should have."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far it was."""

    count: int
    clock_ns: int  # monotonic
    cpu_ns: int  # of the process


@dataclass(frozen=True, slots=True)
class Ran:
    """What a process said and took."""

    marks: list[Mark]
    cpu_s: float  # the whole process, its start included
    peak_mb: float
    lines: list[str]  # what else was on standard output

    def between(self, first: int, last: int) -> tuple[float, float]:
        """Records per second, and CPU seconds per million, from the mark at `first` to that at `last`."""
        start = next(mark for mark in self.marks if mark.count >= first)
        stop = next(mark for mark in self.marks if mark.count >= last)
        done = stop.count - start.count
        return done * 1e9 / (stop.clock_ns - start.clock_ns), (stop.cpu_ns - start.cpu_ns) / 1e3 / done


def run(command: Sequence[str | Path], timeout_s: float, cpus: set[int] | None = None, **more: Any) -> Ran:
    """Run to its end.

    Args:
        command: what to run.
        timeout_s: when it is killed.
        cpus: the only ones that it may use.
        more: for `subprocess.Popen`.

    Raises:
        FailedError: with the end of what it said.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=subprocess.PIPE,
            stderr=errors,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=(lambda: os.sched_setaffinity(0, cpus)) if cpus else None,
            **more,
        )
        late = threading.Timer(timeout_s, os.killpg, (process.pid, signal.SIGKILL))
        late.start()
        watch = _Memory(process.pid)
        marks, lines = [], []
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if found := _MARK.search(line):
                    marks.append(Mark(*(int(part) for part in found.groups())))
                else:
                    lines.append(line.decode(errors="replace").rstrip())
            peak_mb = watch.stop()
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        finally:
            late.cancel()
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        if process.returncode != 0:
            errors.seek(0)
            said = errors.read().decode(errors="replace").strip().splitlines() or lines
            why = f"killed after {timeout_s:.0f} s" if not late.is_alive() and process.returncode == -9 else "failed"
            raise FailedError(f"{why} (exit {process.returncode}): {' | '.join(said[-3:])[-600:]}")
    return Ran(marks, used.ru_utime + used.ru_stime, peak_mb, lines)


class _Memory(threading.Thread):
    """Looks at a process's peak until it is stopped (the kernel's own count begins with ours, from before the fork)."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._status = Path(f"/proc/{pid}/status")
        self._over = threading.Event()
        self._peak_mb = 0.0
        self.start()

    def run(self) -> None:
        while not self._over.wait(0.1):
            try:
                said = self._status.read_text()
            except OSError:  # it has ended
                return
            if found := re.search(r"VmHWM:\s+(\d+) kB", said):
                self._peak_mb = int(found[1]) / 1024

    def stop(self) -> float:
        """The peak, MB."""
        self._over.set()
        return self._peak_mb
