"""Everything that `make bench` measures.

    python -m benchmarks.run [--quick] [--only NAME ...] [--rounds N] [--resume]

Starts a Kafka on loopback (or takes `BROKER=host:port`), runs the contestants in turn, and writes
`benchmarks/results.json`, the tables and the plots. What fails is reported, and the others go on. A part of it
(`--only`, `--records`) is written to `.bench/results.json` instead.
"""

import argparse
import os
import sys
import time
from importlib.metadata import version
from pathlib import Path

from benchmarks import extras, latency, restart
from benchmarks.broker import broker
from benchmarks.compare import Comparison, suites
from benchmarks.contestants import CONTESTANTS, FULL, QUICK
from benchmarks.datasets import Cluster, DataSet
from benchmarks.home import HOME
from benchmarks.ours import warm_up
from benchmarks.peers.prepare import prepare
from benchmarks.report import publish
from benchmarks.results import RESULTS, Recorder, read, write

QUICK_ROUNDS, FULL_ROUNDS = 3, 5


def main() -> int:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the core of it, in about five minutes")
    parser.add_argument("--only", nargs="+", choices=list(CONTESTANTS), help="these contestants, and nothing else")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--records", type=int, help="of a fast contestant, to try the benchmark itself")
    parser.add_argument("--resume", action="store_true", help="go on with a run that was cut short")
    asked = parser.parse_args()
    begun = time.monotonic()
    prepare()
    warm_up()
    recorder = Recorder(resume=asked.resume)
    partial = asked.only or asked.records
    path = HOME / "results.json" if partial else RESULTS
    sections = measure(asked, recorder, path)
    write(recorder.figures(), path)
    if not partial:
        publish(read(), note(quick=asked.quick), sections)
    print(f"done in {time.monotonic() - begun:.0f} s: {path}", file=sys.stderr)
    return 0


def measure(asked: argparse.Namespace, recorder: Recorder, path: Path) -> str:
    """Everything, into the recorder; what parts of their own printed is returned."""
    rounds = asked.rounds or (QUICK_ROUNDS if asked.quick else FULL_ROUNDS)
    with broker() as bootstrap:
        cluster = Cluster(bootstrap)
        comparison = Comparison(cluster, recorder, CONTESTANTS)
        names = asked.only or [name for name, one in CONTESTANTS.items() if one.quick or not asked.quick]
        for suite in suites(names, quick=asked.quick, records=asked.records):
            comparison.run(suite, rounds)
            write(recorder.figures(), path)
        if asked.only:
            return ""
        latency.measure(cluster, recorder, latency.QUICK if asked.quick else latency.Schedule())
        restart.measure(cluster, recorder, rounds=rounds, quick=asked.quick)
    if asked.quick:
        return ""
    extras.measures(recorder)
    return extras.run()


def note(*, quick: bool) -> str:
    """On what, with what, and the data's names."""
    lengths = (QUICK if quick else FULL).values()
    data = [DataSet(length.records, rows_per_second=length.rows_per_second) for length in lengths]
    facts = [
        f"{'A quick run' if quick else 'A full run'} on {time.strftime('%Y-%m-%d', time.gmtime())}",
        f"{os.cpu_count()} cores ({processor()})",
        f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GB",
        f"Linux {os.uname().release}, Python {sys.version.split()[0]}",
        *(f"{name} {version(name)}" for name in ("faust-streaming", "aiokafka", "numba", "numpy")),
        f"load over the last quarter of an hour {os.getloadavg()[2]:.1f}",
    ]
    digests = "\n".join(f"- `{one.rows}`: `{one.digest()}`" for one in data)
    named = "Rows of the main comparison (distribution, instruments, rows a second, rows) and their SHA-256:"
    return f"{', '.join(facts)}.\n\n{named}\n\n{digests}"


def processor() -> str:
    """Its name, as the kernel has it."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unnamed")


if __name__ == "__main__":
    sys.exit(main())
