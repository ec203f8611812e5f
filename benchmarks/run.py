"""Everything that `make bench` measures.

    python -m benchmarks.run [--quick] [--only NAME ...] [--rounds N] [--resume]

Starts a Kafka on loopback (or takes `BROKER=host:port`), runs the contestants in turn, and writes
`benchmarks/results.json`, the tables and the plots. What fails is reported, and the others go on. A part of it
(`--only`, `--records`) is written to `.bench/results.json` instead.
"""

import argparse
import subprocess
import sys
import time

from benchmarks.broker import broker
from benchmarks.compare import Comparison, suites
from benchmarks.contestants import CONTESTANTS
from benchmarks.datasets import Cluster
from benchmarks.home import HOME
from benchmarks.peers.prepare import prepare
from benchmarks.report import publish
from benchmarks.results import RESULTS, Recorder, read, write

QUICK_ROUNDS, FULL_ROUNDS = 3, 5


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the core of it, in about five minutes")
    parser.add_argument("--only", nargs="+", choices=list(CONTESTANTS), help="these contestants")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--records", type=int, help="of a fast contestant, to try the benchmark itself")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was cut short")
    asked = parser.parse_args()
    begun = time.monotonic()
    prepare()
    subprocess.run([sys.executable, "-m", "equipoise.streams.kernels"], check=True)  # so that no run pays for it
    recorder = Recorder(resume=asked.resume)
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else FULL_ROUNDS)
    partial = asked.only or asked.records
    path = HOME / "results.json" if partial else RESULTS
    with broker() as bootstrap:
        comparison = Comparison(Cluster(bootstrap), recorder, CONTESTANTS)
        for suite in suites(asked.only or list(CONTESTANTS), quick=asked.quick, records=asked.records):
            comparison.run(suite, rounds)
            write(recorder.figures(), path)
    if not partial:
        publish(read())
    print(f"done in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
