"""A process that is started, waited for, and told to end; what it says is kept."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from benchmarks.home import ROOT
from benchmarks.process import FailedError


class Service:
    """One of our modules as a process of its own, in a temporary folder."""

    def __init__(self, module: str, *arguments: object, env: Mapping[str, str] | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="equipoise-bench-")
        self._errors = (Path(self._folder.name) / "errors").open("w+")
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, *(str(argument) for argument in arguments)],
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=self._folder.name,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)} | dict(env or {}),
        )
        self._lines: list[tuple[float, list[str]]] = []
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: BaseException | TracebackType | None) -> None:
        self.stop(grace_s=60 if kind is None else 1)
        self._errors.close()
        self._folder.cleanup()

    def wait(self, word: str, timeout_s: float, times: int = 1) -> tuple[float, list[str]]:
        """When (monotonic, seconds) and with what else it said a line that begins with `word`. Raises FailedError."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while True:
                found = [line for line in self._lines if line[1][0] == word]
                if len(found) >= times:
                    return found[times - 1]
                left = deadline - time.monotonic()
                if left <= 0 or not self._reader.is_alive():
                    raise FailedError(f"it did not say {word!r} within {timeout_s:.0f} s: {self.errors()}")
                self._changed.wait(min(left, 0.5))

    def said(self, word: str) -> list[list[str]]:
        """All lines so far that begin with `word`, without it."""
        with self._changed:
            return [words[1:] for _, words in self._lines if words[0] == word]

    def errors(self) -> str:
        """The end of what it wrote on standard error."""
        return " | ".join((Path(self._folder.name) / "errors").read_text().strip().splitlines()[-3:])[-600:]

    def stop(self, grace_s: float = 60) -> None:
        """SIGTERM, then SIGKILL."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
        self._reader.join(5)

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if words := line.split():
                with self._changed:
                    self._lines.append((time.monotonic(), words))
                    self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()
