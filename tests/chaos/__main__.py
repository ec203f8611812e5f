"""`make chaos`: rounds from seeds, each compared with an undisturbed run.

    python -m tests.chaos --rounds 20 --mode tx --seed 1
    python -m tests.chaos --bootstrap HOST:PORT,… --kill 'COMMAND {}' --up 'COMMAND {}'

Round N of a run has the seed SEED + N - 1: `--rounds 1 --seed S` repeats one. A seed fixes what goes wrong, the input
and the times; what the machine does in between it cannot fix. Without --bootstrap three brokers are started in
containers. The clock is stepped where --faketime names the library (Debian: faketime).
"""

import argparse
import contextlib
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator
from pathlib import Path

from tests.chaos import rounds
from tests.chaos.cluster import Cluster, Containers


def main() -> int:
    """Run them; 0 if none failed."""
    asked = _arguments()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    clock = _clock(asked.faketime, folder) if asked.faketime else None
    rounds.start_parent()
    failed = []
    with _cluster(asked) as cluster:
        for number in range(asked.rounds):
            seed, own = asked.seed + number, folder / f"{asked.mode}-{asked.seed + number}"
            own.mkdir()
            try:
                told = rounds.run(seed, asked.mode, cluster, own, clock)
            except Exception as why:
                failed.append(seed)
                notes = "; ".join(getattr(why, "__notes__", []))
                print(f"seed {seed}: FAILED: {type(why).__name__}: {why}; {notes}", flush=True)
                if not isinstance(why, AssertionError):
                    traceback.print_exc()
                print(f"  again: make chaos ROUNDS=1 MODE={asked.mode} SEED={seed}    logs: {own}", flush=True)
            else:
                print(f"seed {seed}: ok, {told}", flush=True)
                shutil.rmtree(own)
            if clock:
                clock.write_text("+0\n")
    print(f"{asked.mode}: {asked.rounds} rounds from seed {asked.seed}, {len(failed)} failed {failed or ''}")
    return bool(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--mode", choices=sorted(rounds.MODES), default="alo")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--bootstrap", help="brokers that run already")
    parser.add_argument("--kill", default="", help="command that kills broker {}, counted from 1")
    parser.add_argument("--up", default="", help="command that starts broker {} again")
    parser.add_argument("--faketime", default="", help="libfaketimeMT.so.1, to step the workers' clock")
    return parser.parse_args()


@contextlib.contextmanager
def _cluster(asked: argparse.Namespace) -> Iterator[Cluster]:
    if asked.bootstrap:
        yield Cluster(asked.bootstrap, asked.kill, asked.up)
        return
    with Containers() as containers:
        yield containers.cluster()


def _clock(library: str, folder: Path) -> Path:
    """Let all workers live by a clock that a file moves. They are forked from a parent that starts later."""
    file = folder / "clock"
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


if __name__ == "__main__":
    sys.exit(main())
