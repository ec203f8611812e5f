"""A child process that is started with a log, stopped in order, and never outlives its parent."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

_PR_SET_PDEATHSIG: Final = 1
_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _die_with_parent() -> None:
    """Linux: the kernel terminates the child when its parent is gone, even after a SIGKILL of the parent."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process with its log file.

    It has its own session, so that Ctrl-C in the terminal reaches the parent alone and the parent
    decides the order in which things stop. Start it from the main thread: Linux ties the child's life
    to the *thread* that started it.
    """

    def __init__(
        self, name: str, command: Sequence[str], log: Path, *, env: Mapping[str, str] | None = None, cwd: Path
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self.cwd = cwd
        self._env = {**os.environ, **(env or {})}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; what it prints is appended to the log. Raises OSError if it cannot be run."""
        with self.log.open("ab") as out:
            self._process = subprocess.Popen(  # noqa: S603  the command is ours
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._env,
                cwd=self.cwd,
                start_new_session=True,
                # PR_SET_PDEATHSIG is the only thing done between fork and exec: one system call, no allocation.
                preexec_fn=_die_with_parent if _LIBC is not None else None,
            )

    @property
    def pid(self) -> int | None:
        """The process id, None before the start."""
        return self._process.pid if self._process else None

    @property
    def alive(self) -> bool:
        """Started and not ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def status(self) -> int | None:
        """Exit status once ended (negative: the signal that ended it), else None."""
        return self._process.poll() if self._process else None

    def terminate(self) -> None:
        """Ask it to end (SIGTERM) without waiting."""
        if self.alive and self._process:
            self._process.terminate()

    def stop(self, grace_s: float = 5.0) -> int | None:
        """Ask it to end and wait; after `grace_s` kill its whole group. Returns the exit status."""
        if self._process is None:
            return None
        self.terminate()
        try:
            self._process.wait(grace_s)
        except subprocess.TimeoutExpired:
            self.kill()
        return self._process.returncode

    def kill(self) -> None:
        """End it and everything it started at once (SIGKILL)."""
        if self._process is None:
            return
        if self.alive:
            if hasattr(os, "killpg"):
                os.killpg(self._process.pid, signal.SIGKILL)
            else:
                self._process.kill()
        self._process.wait()

    def tail(self, lines: int = 12) -> str:
        """The last lines that it printed."""
        if not self.log.exists():
            return ""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def wait_until(ready: Callable[[], bool], timeout_s: float, interval_s: float = 0.05) -> bool:
    """Ask `ready` until it says yes; False once `timeout_s` have passed."""
    end = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > end:
            return False
        time.sleep(interval_s)
    return True
