"""Records laid out by a kernel are those that a few lines of Python make; each is handed over once, in order."""

import ctypes
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from equipoise.processors.avro.bodies import CHUNK
from equipoise.processors.columns import COMPONENT_DTYPE, MEASURE_DTYPE, SIGNAL_DTYPE, WINDOW_DTYPE, Outputs
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.processors.produce import CELLS, DONE, ERROR, REFUSED, SENT, WHERE, entries, hand_over
from equipoise.schemas.headers import CATCHING_UP, Headers, offset_header, source_headers
from equipoise.streams.blocks import Block, OutRecord, block_of, records_of
from equipoise.streams.frames import Frame
from equipoise.streams.outgoing import FEE, SPREAD, WINDOW, WRITTEN, Outgoing, payloads
from equipoise.streams.producer import report
from equipoise.streams.settings import Topics

PRODUCEVA = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 3)
TOPIC, PARTITION, VALUE, KEY, OPAQUE, FLAGS, HEADER = 2, 3, 4, 5, 6, 7, 9  # rd_kafka_vtype_t
TOPICS = ["orders", "book", "trades"]
NAMES = {SPREAD: Topics().spread_signals, FEE: Topics().fee_signals, WINDOW: Topics().imbalance}


def _address(function: Callable[..., object]) -> int:
    return int(ctypes.cast(function, ctypes.c_void_p).value or 0)  # type: ignore[arg-type]


def _text(address: int, size: int) -> bytes | None:
    return ctypes.string_at(address, size) if address else None


class Broker:
    """Reads what the kernel hands over as rdkafka.h says that it lies there."""

    def __init__(self, refused_at: int = -1) -> None:
        self.taken: list[OutRecord] = []
        self.opaque = 0
        self.refused_at = refused_at
        self.call = PRODUCEVA(self._produceva)

    def _produceva(self, producer: int, entries: int, count: int) -> int:
        if len(self.taken) == self.refused_at:
            return 99
        assert producer == 7
        rows = np.ctypeslib.as_array((ctypes.c_int64 * (9 * count)).from_address(entries)).reshape(count, 9).tolist()
        one = {row[0]: row for row in rows if row[0] != HEADER}
        assert (sorted(one), one[FLAGS][1]) == ([TOPIC, PARTITION, VALUE, KEY, OPAQUE, FLAGS], 2)
        headers = [(ctypes.string_at(row[1]).decode(), _text(row[2], row[3])) for row in rows if row[0] == HEADER]
        self.opaque = one[OPAQUE][1]
        key, value = (_text(*one[which][1:3]) for which in (KEY, VALUE))
        self.taken.append(OutRecord(f"t{one[TOPIC][1]}", key, value, headers, one[PARTITION][1]))  # type: ignore[arg-type]
        return 0


def _handed_over(block: Block, broker: Broker, cells: np.ndarray, first: int = 0) -> np.ndarray:
    api = np.array((_address(broker.call), 7, first, 0))
    handles = np.array([int(topic[1:]) for topic in block.topics], np.int64)
    joined = np.zeros(block.longest, np.uint8)
    left = hand_over(api, handles, block.records, block.headers, cells, entries(block.most_headers), joined)
    assert left == len(block.records) - len(broker.taken)
    return api


MAYBE = st.none() | st.binary(max_size=9)
RECORDS = st.builds(
    OutRecord,
    st.sampled_from(["t1", "t2"]),
    MAYBE,
    MAYBE,
    st.lists(st.tuples(st.text(st.characters(min_codepoint=1, codec="utf-8"), max_size=3), MAYBE), max_size=4),
    st.integers(-1, 5),
)


@settings(deadline=None)
@given(st.lists(RECORDS, max_size=6))
def test_records_made_one_by_one_are_handed_over_as_they_are(records: list[OutRecord]) -> None:
    block, broker, cells = block_of(records), Broker(), np.zeros(CELLS, np.int64)
    _handed_over(block, broker, cells)
    assert broker.taken == records == list(records_of(block))
    assert cells.tolist() == [len(records), 0, 0, 0, 0]
    assert not records or broker.opaque == cells.ctypes.data


def test_a_refused_record_is_told_and_can_be_handed_over_again() -> None:
    records = [OutRecord("t1", None, b"%d" % number, []) for number in range(5)]
    block, broker, cells = block_of(records), Broker(refused_at=3), np.zeros(CELLS, np.int64)
    api = _handed_over(block, broker, cells)
    assert (api[2:].tolist(), cells[SENT]) == ([3, 99], 3)
    broker.refused_at = -1
    _handed_over(block, broker, cells, first=3)
    assert (broker.taken, cells[SENT]) == (records, 5)


@pytest.mark.parametrize(("errors", "first"), [([0, 0], 0), ([0, -192, 7], -192), ([10], 10)])
def test_reports_are_counted_and_the_first_error_is_kept(errors: list[int], first: int) -> None:
    cells = np.zeros(CELLS, np.int64)
    tell = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(report().address)
    for number, error in enumerate(errors):
        message = np.zeros(9, np.int64)
        message[0] = (error & 0xFFFFFFFF) | (0x5A << 32)  # an int, and padding
        message[1], message[8] = 1_000 + number, cells.ctypes.data
        tell(0, message.ctypes.data, 0)
    at = errors.index(first)
    refused = len(errors) - errors.count(0)
    assert (cells[DONE], cells[REFUSED]) == (len(errors) - refused, refused)
    assert (cells[ERROR], cells[WHERE]) == (first, (1_000 + at) if first else 0)
    tell(0, np.zeros(9, np.int64).ctypes.data, 0)  # of nobody


def _listed() -> Instruments:
    table = Instruments()
    for symbol in ("A", "BTC-USDT", "ü"):
        table.add(Instrument("V", symbol, Decimal("0.5"), Decimal(1)))
    return table


def _outputs(signals: list[tuple[int, int, int, int]], windows: list[tuple[int, int, int]]) -> Outputs:
    rows, others, empty = (
        np.zeros(len(signals), SIGNAL_DTYPE),
        np.zeros(len(windows), WINDOW_DTYPE),
        np.zeros(0, np.uint8),
    )
    for name, column in zip(("instrument", "source", "offset", "emits"), zip(*signals, strict=True), strict=False):
        rows[name] = column
    for name, column in zip(("instrument", "source", "offset"), zip(*windows, strict=True), strict=False):
        others[name] = column
    shape = Outputs(rows, np.zeros((0, 0)), others, np.zeros((0, 0)), empty, empty)
    components, measures = (len(names) for names in shape.names)
    return shape._replace(
        components=np.zeros((len(rows), components), COMPONENT_DTYPE),
        measures=np.zeros((len(others), measures), MEASURE_DTYPE),
    )


def _plainly(outputs: Outputs, table: Instruments, frames: dict[str, Frame], extra: Headers) -> list[OutRecord]:
    found = []
    for schema, instrument, body, source, offset in payloads(outputs, table):
        prefix, own, _ = frames[schema]
        headers = [*source_headers(TOPICS[source], 5), offset_header(offset), *extra, *own]
        found.append(OutRecord(NAMES[schema], instrument.key.encode(), prefix + body, headers))
    return found


PLACE = st.integers(0, 2), st.integers(0, 2), st.integers(0, 2**62)


@settings(deadline=None)
@given(
    st.lists(st.tuples(*PLACE, st.integers(0, 3)), max_size=5),
    st.lists(st.tuples(*PLACE), max_size=3),
    st.sampled_from([b"", b"\0\0\0\0\7"]),
    st.sampled_from([[], [(CATCHING_UP, b"2100")]]),
    st.booleans(),
)
def test_a_step_is_laid_out_as_plain_python_would(
    signals: list[tuple[int, int, int, int]],
    windows: list[tuple[int, int, int]],
    prefix: bytes,
    extra: Headers,
    one_more: bool,
) -> None:
    table, outputs = _listed(), _outputs(signals, windows)
    frames = {schema: Frame(prefix, [("id", schema.encode())] * (schema == FEE or one_more)) for schema in WRITTEN}
    outgoing = Outgoing(Topics(), table, frames)
    for told in ([], extra):  # what was told before is forgotten
        found = [record for block in outgoing.blocks(outputs, TOPICS, 5, told) for record in records_of(block)]
        assert found == _plainly(outputs, table, frames, told)


@pytest.mark.slow  # uncompiled
def test_what_is_handed_over_is_what_was_laid_out() -> None:
    table, broker, cells = _listed(), Broker(), np.zeros(CELLS, np.int64)
    outputs = _outputs([(row % 3, row % 2, row, 1 + row % 3) for row in range(CHUNK + 9)], [])
    frames = {schema: Frame(b"\0\0\0\0\7", []) for schema in WRITTEN}
    wanted = _plainly(outputs, table, frames, [])
    for block in Outgoing(Topics(), table, frames).blocks(outputs, TOPICS, 5, []):
        numbered, before = block._replace(topics=["t0", "t1"]), len(broker.taken)
        part = Broker()
        _handed_over(numbered, part, cells)
        broker.taken += part.taken
        assert len(broker.taken) - before <= 2 * CHUNK
    assert cells[SENT] == len(wanted) == len(broker.taken)
    for one, other in zip(broker.taken, wanted, strict=True):
        assert (one.key, one.value, one.headers) == (other.key, other.value, other.headers)
