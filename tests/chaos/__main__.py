"""`make chaos`: rounds from seeds, each compared with an undisturbed run.

    python -m tests.chaos --rounds 20 --mode tx --seed 1 --side-by-side 3
    python -m tests.chaos --bootstrap HOST:PORT,… --kill 'COMMAND {}' --up 'COMMAND {}'

Round N of a run has the seed SEED + N - 1: `--rounds 1 --seed S` repeats one. A seed fixes what goes wrong, the input
and the times; what the machine does in between it cannot fix. Without --bootstrap three brokers are started in
containers. Rounds side by side have topics, workers, clocks and proxies of their own; what one does to a broker, the
others feel. Brokers are killed one at a time, also by several runs on one cluster.
"""

import argparse
import contextlib
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.chaos import lane, rounds
from tests.chaos.cluster import Cluster, Containers


def main() -> int:
    """Run them; 0 if none failed."""
    asked, began = _arguments(), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    lanes = {"mp_context": multiprocessing.get_context("spawn"), "initializer": lane.ready}
    failed = []
    with _cluster(asked) as cluster, ProcessPoolExecutor(asked.side_by_side, **lanes) as pool:
        seeds = range(asked.seed, asked.seed + asked.rounds)
        running = {pool.submit(lane.run, seed, asked.mode, cluster, folder): seed for seed in seeds}
        for ended in as_completed(running):
            if told := ended.result():
                failed.append(running[ended])
                print(told, flush=True)
    print(
        f"{asked.mode}: {asked.rounds} rounds from seed {asked.seed} in {(time.monotonic() - began) / 60:.0f} min, "
        f"{len(failed)} failed {sorted(failed) or ''}"
    )
    return bool(failed)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--mode", choices=sorted(rounds.MODES), default="alo")
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    parser.add_argument("--side-by-side", type=int, default=1, metavar="N", help="so many rounds at a time")
    parser.add_argument("--bootstrap", help="brokers that run already")
    parser.add_argument("--kill", default="", help="command that kills broker {}, counted from 1")
    parser.add_argument("--up", default="", help="command that starts broker {} again")
    return parser.parse_args()


@contextlib.contextmanager
def _cluster(asked: argparse.Namespace) -> Iterator[Cluster]:
    if asked.bootstrap:
        cluster = Cluster(asked.bootstrap, asked.kill, asked.up)
        cluster.check()
        yield cluster
        return
    with Containers() as containers:
        yield containers.cluster()


if __name__ == "__main__":
    sys.exit(main())
