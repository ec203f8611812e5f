"""The publisher of one stream: numbers its statements, chains them, and keeps windows tumbling.

    open ──add…──► close ──► T0 (sequence n)         the usual way
      │              └─ PolicyRefused ─► merge into the next window, close there
      └─ late orders ─► revise ──► close ──► T0 (sequence n+1, revision + 1)

The state (next number, last digest, last window's end, revisions) is a value that the engine
dumps and loads with its own state: closing again after a restart gives the same bytes. A
`Guard` (the journal of `equipoise.proofs.prover`) refuses what memory has forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from equipoise.proofs.codec import Many, Nested, Raw, Struct, Uint
from equipoise.proofs.digest import ZERO32
from equipoise.proofs.errors import PolicyRefused, SequenceReused
from equipoise.proofs.header import MAX_TIME
from equipoise.proofs.orders import Order
from equipoise.proofs.policy import check_tumbling
from equipoise.proofs.prf import BlindingKey
from equipoise.proofs.window import Closed, Signer, Terms, Window

REMEMBERED = 256


@dataclass(frozen=True)
class Revised(Struct):
    """The last revision that was closed of a window."""

    start: int
    end: int
    revision: int

    FIELDS = (("start", Uint(8, 0, MAX_TIME)), ("end", Uint(8, 0, MAX_TIME)), ("revision", Uint(4)))


@dataclass(frozen=True)
class State(Struct):
    """Where a stream stands. Windows older than the last 256 cannot be revised."""

    sequence: int = 0
    previous: bytes = ZERO32
    last_end: int = 0
    closed: tuple[Revised, ...] = ()

    FIELDS = (
        ("sequence", Uint(8)),
        ("previous", Raw(32)),
        ("last_end", Uint(8, 0, MAX_TIME)),
        ("closed", Many(2, Nested(Revised), 0, REMEMBERED)),
    )

    def after(self, closed: Closed) -> State:
        """The state once ``closed`` was published."""
        header = closed.header
        others = [w for w in self.closed if (w.start, w.end) != (header.window_start, header.window_end)]
        newest = Revised(header.window_start, header.window_end, header.revision)
        return State(
            self.sequence + 1,
            closed.t0.digest,
            max(self.last_end, header.window_end),
            tuple([*others, newest][-REMEMBERED:]),
        )


class Guard(Protocol):
    """A memory that outlives the process."""

    def claim(self, closed: Closed) -> None:
        """Remember the statement before it is published; SequenceReused if another was."""


def check_late(terms: Terms, late: Iterable[Order]) -> None:
    """PolicyRefused if a revision that adds these orders would show too much of them."""
    totals: dict[str, tuple[int, int]] = {}
    for order in late:
        buys, sells = totals.get(order.participant, (0, 0))
        totals[order.participant] = (buys + order.buy, sells + order.sell)
    terms.policy.check_revision(terms.mode, totals, terms.gateway != ZERO32)


class Publisher:
    """Opens and closes the windows of one stream, in order."""

    def __init__(
        self, terms: Terms, secret: BlindingKey, signer: Signer, state: State | None = None, guard: Guard | None = None
    ) -> None:
        self.terms, self.state = terms, state or State()
        self._secret, self._signer, self._guard = secret, signer, guard

    def open(self, start: int, end: int) -> Window:
        """The next window, [start, end) in ns; PolicyRefused if it overlaps what was closed."""
        check_tumbling(self.state.last_end, start)
        return Window(self.terms, self._secret, start, end)

    def merge(self, window: Window, end: int) -> Window:
        """A window that was refused, made longer: its orders again under the longer window's blindings."""
        longer = Window(self.terms, self._secret, window.start, end)
        for order in window.orders:
            longer.add(order)
        return longer

    def revise(self, window: Window, late: Iterable[Order]) -> Window:
        """The next revision of a closed window, with late orders added.

        Raises PolicyRefused in open mode unless the late orders by themselves meet the privacy policy.
        """
        late = list(late)
        check_late(self.terms, late)
        revised = Window(self.terms, self._secret, window.start, window.end, window.revision + 1)
        for order in [*window.orders, *late]:
            revised.add(order)
        return revised

    def close(self, window: Window) -> Closed:
        """Sign the window as the stream's next statement.

        Raises PolicyRefused (nothing was published, no number used), SequenceReused.
        """
        self._check_turn(window)
        closed = window.close(self.state.sequence, self.state.previous, self._signer)
        if self._guard is not None:
            self._guard.claim(closed)
        self.state = self.state.after(closed)
        return closed

    def _check_turn(self, window: Window) -> None:
        last = next((w for w in self.state.closed if (w.start, w.end) == (window.start, window.end)), None)
        if window.revision == 0:
            if last is not None:
                raise SequenceReused(f"window [{window.start}, {window.end}) was closed already: revise it instead")
            check_tumbling(self.state.last_end, window.start)
        elif last is None or last.revision != window.revision - 1:
            seen = "none" if last is None else str(last.revision)
            raise PolicyRefused(f"revision {window.revision}: the last one closed is {seen}")

    def with_state(self, state: State) -> Publisher:
        """The same publisher standing elsewhere (after a load)."""
        return Publisher(self.terms, self._secret, self._signer, replace(state), self._guard)
