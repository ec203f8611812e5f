"""Places where a test may stop or kill the worker: between each two steps of a checkpoint.

`EQUIPOISE_FAILPOINTS=NAME=ACTION@N,…` arms them, ACTION being `kill` or `stop` (the signals KILL and STOP), at the N-th
time that NAME is reached. Nothing sets it but the chaos runs; unarmed, reaching a place is a look into an empty table.
"""

import os
import signal
from typing import Final

VARIABLE: Final = "EQUIPOISE_FAILPOINTS"
ACTIONS: Final = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}
CHECKPOINT: Final = (
    "checkpoint.begun",
    "checkpoint.acknowledged",
    "checkpoint.rows",
    "checkpoint.closed",
    "checkpoint.tombstones",
    "checkpoint.committed",
)
TRANSACTION: Final = (
    "transaction.begun",
    "transaction.state",
    "transaction.offsets",
    "transaction.committed",
)

_armed: dict[str, tuple[signal.Signals, int]] = {}


def arm(words: str) -> None:
    """Replace what is armed by `NAME=ACTION@N,…`.

    Raises:
        ValueError: there is no such place or action, or N is not a number.
    """
    _armed.clear()
    for word in filter(None, words.split(",")):
        name, _, what = word.partition("=")
        action, _, times = what.partition("@")
        if name not in CHECKPOINT + TRANSACTION or action not in ACTIONS or not times.isdigit():
            raise ValueError(f"{VARIABLE}: {word!r}, must be NAME=kill@N or NAME=stop@N with a known place")
        _armed[name] = ACTIONS[action], int(times)


def reach(name: str) -> None:
    """We are at this place now."""
    if name in _armed:
        action, times = _armed[name]
        _armed[name] = action, times - 1
        if times == 1:
            os.kill(os.getpid(), action)


arm(os.environ.get(VARIABLE, ""))
