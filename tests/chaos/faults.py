"""What goes wrong in a round, and when: a list drawn from the seed before the round begins."""

import random
from typing import NamedTuple

from equipoise.streams.failpoints import CHECKPOINT, TRANSACTION

SESSION_MS = 2_000
PLACES = {"alo": CHECKPOINT, "tx": TRANSACTION}
WEIGHTS = {
    "kill": 3,  # SIGKILL, and another worker comes
    "stop": 3,  # SIGSTOP, for a moment or past the session
    "inside": 8,  # a worker that is killed or stopped between two steps of a checkpoint
    "join": 2,
    "leave": 2,
    "delay": 2,
    "cut": 2,
    "reset": 2,
    "hold": 2,
    "disk": 1,
    "broker": 1,  # killed and started again
    "leaders": 1,
    "clock": 2,
}


class Fault(NamedTuple):
    """One fault: so long after the one before it, for so long, and what it needs to know."""

    after_s: float
    name: str
    seconds: float
    words: str
    pick: int  # which of those that there are, modulo their number


class Plan(NamedTuple):
    """A round."""

    workers: int
    stopped_s: float  # how long whoever is stopped stays so
    interval_ms: int  # between checkpoints
    batch: int
    faults: list[Fault]

    def __str__(self) -> str:
        told = [f"+{f.after_s:.1f}s {f.name} {f.words} {f.seconds:.1f}s".replace("  ", " ") for f in self.faults]
        return f"{self.workers} workers, stops of {self.stopped_s:.1f} s: " + ", ".join(told)


def drawn(draw: random.Random, mode: str, brokers: bool) -> Plan:
    """A round of this mode.

    Args:
        draw: the round's own.
        mode: `alo` or `tx`.
        brokers: whether brokers may be killed.
    """
    left_out = set() if brokers else {"broker", "leaders"}
    names = [name for name in WEIGHTS if name not in left_out]
    weights = [WEIGHTS[name] for name in names]
    stopped_s = draw.choice([0.3, 0.3, SESSION_MS / 1000 + draw.uniform(0.5, 1.5)])
    faults = [_fault(draw, name, mode) for name in draw.choices(names, weights, k=draw.randrange(2, 6))]
    return Plan(draw.choice([1, 2]), stopped_s, draw.choice([50, 100, 200]), draw.choice([10, 100, 1000]), faults)


def _fault(draw: random.Random, name: str, mode: str) -> Fault:
    words = ""
    if name == "inside":
        words = f"{draw.choice(PLACES[mode])}={draw.choice(['kill', 'stop'])}@{draw.randrange(1, 12)}"
    elif name == "clock":
        words = draw.choice(["-3600", "-5", "+5", "+86400"])
    return Fault(draw.uniform(0.1, 1.2), name, draw.uniform(0.2, 2.5), words, draw.randrange(1 << 16))
