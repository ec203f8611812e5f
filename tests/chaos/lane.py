"""A process that runs rounds one after another, beside others like it."""

import shutil
import traceback
from pathlib import Path

from tests.chaos import rounds
from tests.chaos.cluster import Cluster
from tests.chaos.workers import die_with_parent


def ready() -> None:
    """A process that runs rounds one after another."""
    die_with_parent()
    rounds.start_parent()


def run(seed: int, mode: str, cluster: Cluster, folder: Path) -> str:
    """One round; what to say if it failed."""
    own = folder / f"{mode}-{seed}"
    own.mkdir()
    try:
        print(f"seed {seed}: ok, {rounds.run(seed, mode, cluster, own)}", flush=True)
    except Exception as why:
        notes = "; ".join(getattr(why, "__notes__", []))
        told = f"seed {seed}: FAILED: {type(why).__name__}: {why}; {notes}\n"
        if not isinstance(why, AssertionError) or not str(why):
            told += traceback.format_exc()
        return f"{told}  again: make chaos ROUNDS=1 MODE={mode} SEED={seed}    logs: {own}"
    shutil.rmtree(own)
    return ""
