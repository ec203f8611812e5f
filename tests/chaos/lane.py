"""A process that runs rounds one after another, beside others like it."""

import os
import shutil
import traceback
from pathlib import Path

from tests.chaos import rounds
from tests.chaos.cluster import Cluster
from tests.chaos.workers import die_with_parent

_clock_file: Path | None = None


def ready(faketime: str, folder: Path) -> None:
    """A process that runs rounds one after another."""
    global _clock_file
    die_with_parent()
    if faketime:
        _clock_file = _clock(faketime, folder / f"clock-{os.getpid()}")
    rounds.start_parent()


def run(seed: int, mode: str, cluster: Cluster, folder: Path) -> str:
    """One round; what to say if it failed."""
    own = folder / f"{mode}-{seed}"
    own.mkdir()
    try:
        print(f"seed {seed}: ok, {rounds.run(seed, mode, cluster, own, _clock_file)}", flush=True)
    except Exception as why:
        notes = "; ".join(getattr(why, "__notes__", []))
        told = f"seed {seed}: FAILED: {type(why).__name__}: {why}; {notes}\n"
        if not isinstance(why, AssertionError) or not str(why):
            told += traceback.format_exc()
        return f"{told}  again: make chaos ROUNDS=1 MODE={mode} SEED={seed}    logs: {own}"
    finally:
        if _clock_file:
            _clock_file.write_text("+0\n")
    shutil.rmtree(own)
    return ""


def _clock(library: str, file: Path) -> Path:
    """Let all workers live by a clock that a file moves. They are forked from a parent that starts later."""
    file.write_text("+0\n")
    os.environ |= {
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
        "LD_PRELOAD": library,
    }
    rounds.start_parent()  # it alone is to have it
    del os.environ["LD_PRELOAD"]
    return file
