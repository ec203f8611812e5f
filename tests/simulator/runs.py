"""Whole simulations, and their digests."""

import hashlib
import json
from typing import NamedTuple

import numpy as np

from equipoise.processors.columns import Events
from equipoise.streams.simulator import Simulator, SimulatorSettings


class Run(NamedTuple):
    events: Events
    pending: list
    takers: np.ndarray
    bursts: np.ndarray
    outcomes: np.ndarray


def simulate(seconds, markets, **settings):
    simulator = Simulator(SimulatorSettings(instruments=markets, **settings))
    chunks = list(simulator.chunks(seconds))
    return Run(
        Events(*(np.concatenate(columns) for columns in zip(*(c.events for c in chunks), strict=True))),
        [record for c in chunks for record in c.pending],
        *(np.concatenate([getattr(c.labels, name) for c in chunks]) for name in ("takers", "bursts", "outcomes")),
    )


def digest(run):
    """Of every column's little-endian bytes, whatever this machine's order and padding."""
    out = hashlib.sha256()
    for column in run.events:
        out.update(column.astype(column.dtype.newbyteorder("<")).tobytes())
    for rows in (run.takers, run.bursts, run.outcomes):
        for name in rows.dtype.names:
            out.update(rows[name].astype(rows[name].dtype.newbyteorder("<")).tobytes())
    for record in run.pending:
        out.update(json.dumps(record, sort_keys=True).encode())
    return out.hexdigest()
