"""Our contestants' settings, and how their output is read back."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets import SECOND_NS, DataSet, expected
from benchmarks.sums import WrongSumsError
from equipoise.processors.instruments import Instruments
from equipoise.schemas import codec
from equipoise.schemas.local import BuiltIn
from equipoise.schemas.wire import split
from equipoise.streams.settings import Settings, load
from equipoise.streams.simulator.load import load_instruments
from equipoise.streams.topics import Topics

OUTPUTS: Final = ("spread_signals", "fee_signals", "dead_letters", "state", "instruments", "policy", "attestations")


def listed(instruments: Instruments) -> list[dict[str, str]]:
    """For a file of instruments."""
    return [
        {
            "venue": one.venue,
            "symbol": one.symbol,
            "tick": f"{one.tick:f}",
            "lot": f"{one.lot:f}",
            "book_source": one.book_source.name,
        }
        for one in instruments
    ]


def worker_settings(bootstrap: str, orders: str, sink: str, folder: Path, **flags: Any) -> Settings:
    """Of a worker that reads one topic from its beginning; its own topics begin with `sink` and are made.

    The windows go to `sink` itself. Instruments: as many of the load as the topic can hold.
    """
    listing = folder / "instruments.json"
    listing.write_text(json.dumps(listed(load_instruments(10_000))))
    given = {
        "kafka.bootstrap": bootstrap,
        "kafka.group": sink,
        "topics.orders": [{"name": orders}],
        "topics.partitions": 1,
        "topics.intents": f"{sink}-intents",
        "topics.imbalance": sink,
        **{f"topics.{name}": f"{sink}-{name.replace('_', '-')}" for name in OUTPUTS},
        "instruments.file": str(listing),
        "delivery.start": "earliest",
        "metrics.port": -1,
    }
    settings = load(None, given | flags)
    results = Topics(settings).create()
    bad = {name: what for name, what in results.items() if what not in ("created", "exists")}
    if bad:
        raise RuntimeError(f"topics were not made: {bad}")
    return settings


def imbalance_windows(data: DataSet, keys: list[bytes], values: list[bytes]) -> NDArray[np.int64]:
    """ImbalanceWindow records as an array like `expected`'s: each window's last revision, -1 where there is none."""
    del keys
    out = np.full(expected(data).shape, -1, np.int64)
    revisions = np.full(out.shape[:2], -1, np.int64)
    schemas = BuiltIn()
    for value in values:
        schema_id, body = split(value)
        window = codec.decode("ImbalanceWindow", body, schemas.writer(schema_id))
        at = (window["start_ns"] - data.load.start_ns) // SECOND_NS, int(window["symbol"][1:])
        if not 0 <= at[0] < len(out) or (window["start_ns"] % SECOND_NS):
            raise WrongSumsError(f"a window starts at {window['start_ns']}: not the data's")
        if window["revision"] <= revisions[at]:
            raise WrongSumsError(f"window {at[0]} of instrument {at[1]} came twice in a run without a fault")
        revisions[at] = window["revision"]
        out[at] = window["buy_volume"] - window["sell_volume"], window["events"]
    return out


def warm_up() -> None:
    """Compile what is not cached, so that no run pays for it."""
    subprocess.run([sys.executable, "-m", "equipoise.streams.kernels"], check=True)
