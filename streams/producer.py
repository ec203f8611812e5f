"""A producer of librdkafka that takes many records in one call, as they are laid out (processors/produce.py).

confluent-kafka's takes one record a call, or many without headers; but it brings the library, which exports its C API.
Used of that is what a producer without transactions needs, as rdkafka.h documents it.
"""

import ctypes
import time
import weakref
from collections.abc import Mapping
from functools import cache
from threading import Lock, Thread
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
from confluent_kafka import cimpl
from numpy.typing import NDArray

from equipoise.processors.native import callback
from equipoise.processors.produce import (
    CELLS,
    DONE,
    ERROR,
    FIXED,
    REFUSED,
    SENT,
    WHERE,
    delivered,
    entries,
    hand_over,
    serve,
)
from equipoise.streams.blocks import Block

Ints = NDArray[np.int64]

_PRODUCER, _OK, _QUEUE_FULL, _FATAL = 0, 0, -184, -150  # of rd_kafka_type_t, rd_kafka_conf_res_t, rd_kafka_resp_err_t
_PURGED: Final = 1 | 2 | 4  # RD_KAFKA_PURGE_F_QUEUE, _INFLIGHT, _NON_BLOCKING
_TEXT: Final = 512  # bytes for an error's text
_ROOM_S: Final = 0.01
_PURGE_MS: Final = 50
_FEW: Final = 16

_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "conf_new": (ctypes.c_void_p, ()),
    "conf_set": (ctypes.c_int, (ctypes.c_void_p, *[ctypes.c_char_p] * 3, ctypes.c_size_t)),
    "conf_set_dr_msg_cb": (None, (ctypes.c_void_p, ctypes.c_void_p)),
    "conf_destroy": (None, (ctypes.c_void_p,)),
    "new": (ctypes.c_void_p, (ctypes.c_int, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    "destroy": (None, (ctypes.c_void_p,)),
    "topic_new": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p)),
    "topic_destroy": (None, (ctypes.c_void_p,)),
    "produceva": (ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)),
    "error_code": (ctypes.c_int, (ctypes.c_void_p,)),
    "error_string": (ctypes.c_char_p, (ctypes.c_void_p,)),
    "error_destroy": (None, (ctypes.c_void_p,)),
    "err2str": (ctypes.c_char_p, (ctypes.c_int,)),
    "fatal_error": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t)),
    "poll": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_int)),
    "flush": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_int)),
    "purge": (ctypes.c_int, (ctypes.c_void_p, ctypes.c_int)),
    "outq_len": (ctypes.c_int, (ctypes.c_void_p,)),
}


class ProducerError(RuntimeError):
    """The producer cannot be made, or refuses a record."""


@cache
def library() -> Any:
    """librdkafka as confluent-kafka loaded it, its functions by their names without `rd_kafka_`.

    Raises:
        ProducerError: this build of confluent-kafka hides one of them.
    """
    loaded, found = ctypes.CDLL(cimpl.__file__), SimpleNamespace()
    for name, (result, arguments) in _FUNCTIONS.items():
        try:
            function = getattr(loaded, f"rd_kafka_{name}")
        except AttributeError:
            raise ProducerError(
                f"confluent-kafka hides rd_kafka_{name}: install its wheel, or build it on a shared librdkafka"
            ) from None
        function.restype, function.argtypes = result, arguments
        setattr(found, name, function)
    return found


_making: Final = Lock()
_made: Final[list[Any]] = []


def report() -> Any:
    """`delivered` as C calls it (`native.callback`); made when it is needed first, 0.1 s."""
    with _making:
        if not _made:
            _made.append(callback(delivered))
    return _made[0]


def new_cells() -> Ints:
    """Of somebody who has sent nothing yet."""
    return np.zeros(CELLS, np.int64)


def owed(cells: Ints) -> int:
    """Records that went with these cells and are not acknowledged, as those that were refused never are."""
    return int(cells[SENT] - cells[DONE])


def _reported_on(cells: Ints) -> bool:
    """Whether reports are still to come, and will be written there."""
    return bool(cells[SENT] != cells[DONE] + cells[REFUSED])


class BatchProducer:
    """To be used by one thread at a time, and closed by any. A thread of its own serves librdkafka's reports.

    What librdkafka holds lasts until nobody has the producer any more: a closed one sends nothing, but can be asked.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        """Producer with librdkafka's settings, by their names. Raises ProducerError."""
        self._lib = library()
        self._handle = _handle_with(self._lib, config)
        self._closed = False
        produceva, poll = (ctypes.cast(each, ctypes.c_void_p).value for each in (self._lib.produceva, self._lib.poll))
        self._api = np.array((produceva, self._handle, 0, 0), np.int64)
        self._topics: dict[str, int] = {}
        self._handles: dict[tuple[str, ...], Ints] = {}
        self._entries, self._joined = entries(_FEW), np.zeros(0, np.uint8)
        self._cells: list[Ints] = []  # will be written to: they must outlive whoever gave them
        self._ended = np.zeros(1, np.int64)
        self._reports = Thread(target=serve, args=(poll, self._handle, self._ended), name="reports", daemon=True)
        self._reports.start()
        weakref.finalize(self, _end, self._lib, self._handle, self._topics, self._ended, self._reports, self._cells)

    def send(self, block: Block, cells: Ints) -> int:
        """Hand records over, in order; waits where the buffer is full, so that memory stays bounded. How many.

        Args:
            block: the records.
            cells: of the caller (`new_cells`): how many of its records are not acknowledged, and their first error.

        Raises:
            ProducerError: a record is refused, or the producer has failed or is closed.
        """
        if not len(block.records):
            return 0
        if not _reported_on(cells):
            self._cells[:] = [*filter(_reported_on, self._cells), cells]
        if len(self._entries) < FIXED + block.most_headers:
            self._entries = entries(2 * block.most_headers)
        if len(self._joined) < block.longest:
            self._joined = np.zeros(2 * block.longest, np.uint8)
        api, handles = self._api, self._handles_of(tuple(block.topics))
        api[2] = 0
        while self._open() and hand_over(
            api, handles, block.records, block.headers, cells, self._entries, self._joined
        ):
            self._refused(int(api[3]), block.topics[block.records[api[2], 0]])
        return len(block.records)

    def failure(self, cells: Ints) -> str:
        """The first error of the records that went with these cells; empty: none."""
        if not cells[ERROR]:
            return ""
        topic = next((name for name, handle in self._topics.items() if handle == cells[WHERE]), "of an output")
        text = self.fatal() if cells[ERROR] == _FATAL else self._lib.err2str(int(cells[ERROR])).decode()
        return f"topic {topic}: {text}"

    def fatal(self) -> str:
        """Why it can never send anything again; empty: it can."""
        error = ctypes.create_string_buffer(_TEXT)
        return error.value.decode(errors="replace") if self._lib.fatal_error(self._handle, error, _TEXT) else ""

    def __len__(self) -> int:
        """Records that are not acknowledged."""
        return int(self._lib.outq_len(self._handle))

    def close(self, timeout_s: float) -> int:
        """Send what is left; returns how many records could not be sent in time."""
        self._closed = True
        self._ended[0] = 1
        self._reports.join()  # flushing serves reports, too: one thread at a time may
        self._lib.flush(self._handle, int(timeout_s * 1_000))
        left = len(self)
        self._lib.purge(self._handle, _PURGED)
        self._lib.flush(self._handle, _PURGE_MS)
        return left

    def _open(self) -> bool:
        if self._closed:
            raise ProducerError("the producer is closed")
        return True

    def _handles_of(self, topics: tuple[str, ...]) -> Ints:
        if topics not in self._handles:
            self._handles[topics] = np.array([self._handle_of(topic) for topic in topics], np.int64)
        return self._handles[topics]

    def _handle_of(self, topic: str) -> int:
        if topic not in self._topics:
            handle = self._lib.topic_new(self._handle, topic.encode(), None)
            if not handle:
                raise ProducerError(f"topic {topic[:250]!r}: librdkafka takes no such name")
            self._topics[topic] = handle
        return self._topics[topic]

    def _refused(self, error: int, topic: str) -> None:
        """Why a record was not taken: a full buffer is waited for. Raises ProducerError."""
        code, text = self._lib.error_code(error), self._lib.error_string(error).decode(errors="replace")
        self._lib.error_destroy(error)
        if code != _QUEUE_FULL:
            raise ProducerError(f"topic {topic}: {text}")
        time.sleep(_ROOM_S)


def _handle_with(lib: Any, config: Mapping[str, Any]) -> int:
    """A handle of librdkafka's with these settings. Raises ProducerError."""
    error = ctypes.create_string_buffer(_TEXT)
    conf = lib.conf_new()
    for name, value in config.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if lib.conf_set(conf, name.encode(), text.encode(), error, _TEXT) != _OK:
            lib.conf_destroy(conf)
            raise ProducerError(f"{name}: {error.value.decode(errors='replace')}")
    lib.conf_set_dr_msg_cb(conf, report().address)
    handle: int | None = lib.new(_PRODUCER, conf, error, _TEXT)
    if not handle:
        lib.conf_destroy(conf)
        raise ProducerError(error.value.decode(errors="replace"))
    return handle


def _end(lib: Any, handle: int, topics: dict[str, int], ended: Ints, reports: Thread, cells: list[Ints]) -> None:
    """Let go of what librdkafka holds, once nobody has the producer any more or the interpreter ends."""
    ended[0] = 1
    reports.join()
    for topic in topics.values():
        lib.topic_destroy(topic)
    lib.destroy(handle)
    del cells  # until here librdkafka may have written to them
