"""Where the benchmark keeps what it downloads, builds and has measured: `.bench/` in the clone, or `BENCH_HOME`."""

import os
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent
HOME: Final = Path(os.environ.get("BENCH_HOME", ROOT / ".bench")).resolve()
PEERS: Final = ROOT / "benchmarks/peers"


def folder(name: str) -> Path:
    """A folder below it, made if it is not there."""
    path = HOME / name
    path.mkdir(parents=True, exist_ok=True)
    return path
