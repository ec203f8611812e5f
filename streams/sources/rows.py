"""Rows of one batch while they are being decoded: appended record by record, taken back if one is refused."""

from array import array
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import EVENT_DTYPES, NULL, Events
from equipoise.schemas.enums import Action, Cause, Flag, Side
from equipoise.streams.records import Decoded, Refusal
from equipoise.streams.sources.bounds import RefusedError, shown

_WIDTH: Final = len(EVENT_DTYPES) + 1  # the columns of Events, and the record's index in the batch
_FLAGS: Final = Events._fields.index("flags")
_LAST: Final = int(Flag.LAST)
_SOME: Final = (Action.ADD, Action.TRADE)

# What content can make a parser raise that did not expect it; anything else is a bug and is not hidden.
_CONTENT_ERRORS: Final = (ArithmeticError, LookupError, TypeError, ValueError, AttributeError, RecursionError)


class Rows:
    """A growing table of event rows.

    `start` a record, append with `row`, and close it with `last` (its final row then carries Flag.LAST).
    `guarded` does that around a parser and turns a refusal into one, its rows taken back.
    """

    def __init__(self) -> None:
        self._flat = array("q")
        self._refusals: list[Refusal] = []
        self._record = 0
        self._offset = 0
        self._source = 0
        self._begun = 0
        self.instrument = -1
        self.event_ns = NULL
        self.arrival_ns = NULL
        self.sequence = NULL
        self.previous = NULL

    def start(self, record: int, offset: int, source: int = 0) -> None:
        """Begin the record with this index in the batch, this offset and topic."""
        self._record, self._offset, self._source = record, offset, source
        self._begun = len(self._flat)
        self.instrument = -1
        self.event_ns = self.arrival_ns = self.sequence = self.previous = NULL

    def row(
        self,
        action: Action,
        side: Side = Side.NONE,
        price: int = NULL,
        quantity: int = NULL,
        order_id: int = 0,
        flags: int = 0,
    ) -> None:
        """Append one row of the record, with its instrument, stamps and sequence as set before.

        Raises:
            RefusedError: an order or a trade of nothing.
        """
        if quantity == 0 and action in _SOME:
            raise RefusedError(Cause.QUANTITY_RANGE, f"quantity: 0, must be > 0 with {action.name}")
        self._flat.extend((
            self.instrument, action, side, flags, price, quantity, order_id, self.sequence, self.previous,
            self.event_ns, self.arrival_ns, self._source, self._offset, self._record,
        ))  # fmt: skip

    def last(self) -> None:
        """The record's last row ends its event group. A record without rows becomes a NOTHING row."""
        if len(self._flat) == self._begun:
            self.row(Action.NOTHING)
        self._flat[len(self._flat) - _WIDTH + _FLAGS] |= _LAST

    def refuse(self, cause: Cause, detail: str) -> None:
        """Take back the record's rows and refuse it."""
        del self._flat[self._begun :]
        self._refusals.append(Refusal(self._record, cause, detail))

    def guarded(self, parse: Callable[[], None]) -> None:
        """Run the parser of the record that was started; whatever its content does, it has one outcome."""
        try:
            parse()
        except RefusedError as refused:
            self.refuse(refused.cause, refused.detail)
        except _CONTENT_ERRORS as error:
            self.refuse(Cause.MISTYPED, f"record: {type(error).__name__}: {shown(str(error))}")

    def decoded(self) -> Decoded:
        """What has been gathered, as columns."""
        table = np.array(self._flat, np.int64).reshape(-1, _WIDTH)
        columns: list[Any] = [table[:, k].astype(dtype) for k, dtype in enumerate(EVENT_DTYPES)]
        return Decoded(Events(*columns), table[:, -1].astype(np.intp), self._refusals)


def take(decoded: Decoded, wanted: NDArray[np.intp]) -> Decoded:
    """The rows and refusals of some records (ascending indices), renumbered from 0."""
    order = {record: index for index, record in enumerate(wanted.tolist())}
    records = np.asarray(decoded.record, np.intp)
    keep = np.flatnonzero(np.isin(records, wanted))
    columns: list[Any] = [column[keep] for column in decoded.events]
    return Decoded(
        Events(*columns),
        np.searchsorted(wanted, records[keep]),
        [Refusal(order[r.record], r.cause, r.detail) for r in decoded.refusals if r.record in order],
    )


def interleaved(some: Decoded, others: Decoded, numbers: NDArray[np.int64]) -> Decoded:
    """The rows of both in record order. The records of `others` are those with these `numbers` (ascending)."""
    refusals = [Refusal(int(numbers[refusal.record]), refusal.cause, refusal.detail) for refusal in others.refusals]
    if not len(others.record):
        return Decoded(some.events, some.record, [*some.refusals, *refusals])
    records = np.concatenate((np.asarray(some.record, np.intp), numbers[np.asarray(others.record, np.intp)]))
    order = np.argsort(records, kind="stable")
    columns: list[Any] = [np.concatenate(both)[order] for both in zip(some.events, others.events, strict=True)]  # type: ignore[arg-type]
    return Decoded(Events(*columns), records[order], [*some.refusals, *refusals])
