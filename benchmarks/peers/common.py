"""What the Python peers share: their arguments, the order's fields, the sum that goes out, how far they are."""

import argparse
import json
import os
import struct
import time
from dataclasses import dataclass, fields
from io import BytesIO
from pathlib import Path

from fastavro import parse_schema, schemaless_reader

_SCHEMA = Path(__file__).parents[2] / "schemas/v1/OrderEvent.avsc"
_WRITER = parse_schema(json.loads(_SCHEMA.read_text()))
_PREFIX = 5
SECOND_NS = 1_000_000_000


@dataclass(frozen=True)
class Job:
    """Read `records` orders from topic `source`, send closed windows to `sink`, say every so many how far it is."""

    bootstrap: str
    source: str
    sink: str
    records: int
    every: int
    mode: str


def job() -> Job:
    """From the command line."""
    parser = argparse.ArgumentParser()
    for field in fields(Job):
        parser.add_argument(field.name, type=field.type)  # type: ignore[arg-type]
    return Job(**vars(parser.parse_args()))


def read(value: bytes) -> tuple[int, int]:
    """Signed lots (an execution of a resting bid is a sale) and event time, ns. The whole schema: that is faster."""
    body = BytesIO(value)
    body.seek(_PREFIX)
    order = schemaless_reader(body, _WRITER, None)
    if order["action"] != "EXECUTE":
        return 0, order["event_time_ns"]
    return (-order["quantity"] if order["side"] == "BID" else order["quantity"]), order["event_time_ns"]


def closed(start_ns: int, signed: int, count: int) -> bytes:
    """What goes out for a closed window."""
    return struct.pack(">qqq", start_ns, signed, count)


class Marks:
    """Prints count, monotonic clock (ns) and CPU time of the process (ns)."""

    def __init__(self, every: int) -> None:
        self._every = every
        self.count = 0

    def add(self, records: int = 1) -> int:
        """So many more records are done; returns how many by now."""
        if self.count == 0:
            self._say()
        before = self.count
        self.count += records
        if self.count // self._every > before // self._every:
            self._say()
        return self.count

    def _say(self) -> None:
        line = f"mark {self.count} {time.monotonic_ns()} {time.process_time_ns()}\n"
        os.write(1, line.encode())  # past a framework that puts its log on standard output


class OneWindow:
    """Sums of the window that is open: event time only grows within the partition."""

    def __init__(self) -> None:
        self._start = -1
        self._sums: dict[bytes, list[int]] = {}

    def add(self, key: bytes, signed: int, event_ns: int) -> list[tuple[bytes, bytes]]:
        """Add an order; returns the keys and sums of the window that it closes, if it closes one."""
        start = event_ns - event_ns % SECOND_NS
        done: list[tuple[bytes, bytes]] = []
        if start > self._start:
            done = [(name, closed(self._start, *found)) for name, found in self._sums.items()]
            self._start, self._sums = start, {}
        found = self._sums.get(key)
        if found is None:
            self._sums[key] = [signed, 1]
        else:
            found[0] += signed
            found[1] += 1
        return done
