"""From what comes off Kafka to what is shown: one model for the terminal and the page.

Every number and every sentence that people see is made here, so that the two cannot disagree.
The model takes signals as a downstream service reads them and gives plain dicts, ready for JSON.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any, Final

from equipoise.schemas.enums import Kind
from equipoise.schemas.signals import FeeSignal, ImbalanceWindow, SpreadSignal
from equipoise.streams.web.foot import Foot
from equipoise.streams.web.history import SPAN_MS, History
from equipoise.streams.web.reading import REASONS, Part, Reading, read
from equipoise.streams.web.sentence import sentence, share_of
from equipoise.streams.web.text import bps, clock_text, signed

View = dict[str, Any]
TABLE_ROWS: Final = 24
FLOWING_NS: Final = 1_000_000_000  # signals that came within this time are a stream, though it may be late
HOLD_NS: Final = 800_000_000  # what is said stays this long unless regime or status changes: it has to be read


class InstrumentBoard:
    """What is known of one instrument."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.reading: Reading | None = None
        self.history = History()
        self.base_bps: float | None = None
        self.fee: FeeSignal | None = None
        self.window: ImbalanceWindow | None = None
        self.received_ns = 0  # event time at which the reading came
        self.recent: deque[Reading] = deque(maxlen=TABLE_ROWS)
        self._held: tuple[Reading | None, int, tuple[object, ...]] = (None, -HOLD_NS, ())

    def take(self, reading: Reading, clock_ns: int = 0) -> None:
        """A new spread signal, received at the event time `clock_ns`.

        Only live ones price the present: a final describes a closed window, a heartbeat says that nothing
        came. Both are listed, and the last quote stands until its validity ends.
        """
        self.recent.appendleft(reading)
        if reading.kind is not Kind.LIVE or (self.reading and reading.as_of_ns < self.reading.as_of_ns):
            return
        self.base_bps = reading.base_bps or self.base_bps
        self.reading, self.received_ns = reading, clock_ns
        self.history.add(reading)

    def shown(self, clock_ns: int) -> Reading | None:
        """The reading that sentence and figures are about.

        It changes at once with regime, status and validity, else no faster than one can read; then the
        figures change with it, so that the two never disagree.
        """
        reading = self.reading
        state = (reading and (reading.regime, reading.status, reading.mid is None), self._expired(reading, clock_ns))
        held, since, before = self._held
        if state != before or not 0 <= clock_ns - since < HOLD_NS or self._expired(held, clock_ns):
            held = reading
            self._held = (held, clock_ns, state)
        return held

    def sentence(self, clock_ns: int) -> str:
        """The sentence about what is shown."""
        return sentence(self.shown(clock_ns), self.base_bps, clock_ns, clock_ns - self.received_ns < FLOWING_NS)

    def fresh(self, clock_ns: int) -> Reading | None:
        """What is shown, while it is valid: nothing is shown as current past its time."""
        reading = self.shown(clock_ns)
        return None if self._expired(reading, clock_ns) else reading

    @staticmethod
    def _expired(reading: Reading | None, clock_ns: int) -> bool:
        return reading is not None and clock_ns > reading.valid_until_ns


class Board:
    """Everything that is shown, by instrument. Not thread-safe: one thread feeds and reads it."""

    def __init__(self, title: str, instruments: Sequence[str] = (), simulated: bool = True) -> None:
        self.title = title
        self.simulated = simulated
        self.instruments: dict[str, InstrumentBoard] = {key: InstrumentBoard(key) for key in instruments}
        self.foot = Foot()
        self.losses: dict[str, View] = {}
        self.bursts: dict[str, deque[View]] = {}
        self.ladders: dict[str, View] = {}
        self.pending: View = {"rows": [], "note": "No mempool topic is read."}

    def of(self, key: str) -> InstrumentBoard:
        """The board of an instrument, made when it is first named."""
        return self.instruments.setdefault(key, InstrumentBoard(key))

    def spread(self, signal: SpreadSignal, clock_ns: int = 0) -> Reading:
        """Take a spread signal in, received at the event time `clock_ns`."""
        reading = read(signal)
        self.of(reading.key).take(reading, clock_ns)
        return reading

    def fee(self, signal: FeeSignal) -> None:
        """Take a fee signal in."""
        if signal.kind is Kind.LIVE:
            self.of(signal.instrument).fee = signal

    def imbalance(self, window: ImbalanceWindow) -> None:
        """Take a closed window in."""
        self.of(window.instrument).window = window

    def burst(self, key: str, start_ns: int, end_ns: int, up: bool) -> None:
        """Mark an informed burst (simulator only: it is the hidden truth)."""
        marks = self.bursts.setdefault(key, deque(maxlen=12))
        marks.append({"from": start_ns // 1_000_000, "to": end_ns // 1_000_000, "up": up})

    def _fixed(self, board: InstrumentBoard) -> View:
        """The fixed spread that the chart draws for comparison: the other maker's, else our own when all is calm."""
        totals = self.losses.get(board.key) if self.simulated else None
        half = totals["fixed_bps"] if totals else board.base_bps
        return {"bps": half, "name": "the fixed spread" if totals else "our spread when calm"}

    def lead(self) -> str:
        """The instrument of the first screen: the first that was named."""
        return next(iter(self.instruments), "")

    def view(self, key: str, clock_ns: int, since: int = 0) -> View:
        """Everything about `key` at the event time `clock_ns`; chart points from number `since` on."""
        board = self.instruments.get(key) or self.instruments.get(self.lead()) or InstrumentBoard("")
        clock_ms = clock_ns // 1_000_000
        number, points = board.history.since(since, clock_ms)
        return {
            "title": self.title,
            "simulated": self.simulated,
            "instrument": board.key,
            "instruments": [_row(other, clock_ns) for other in self.instruments.values()],
            "clock_ms": clock_ms,
            "span_ms": SPAN_MS,
            "sentence": board.sentence(clock_ns),
            **_quote(board, clock_ns),
            "fees": _fees(board.fee, clock_ns),
            "components": _components(board.fresh(clock_ns)),
            "signals": [_signal(reading) for reading in board.recent],
            "ladder": self.ladders.get(board.key),
            "pending": self.pending,
            "losses": self.losses.get(board.key) if self.simulated else None,
            "fixed": self._fixed(board),
            "bursts": [b for b in self.bursts.get(board.key, ()) if clock_ms - SPAN_MS < b["to"]],
            "foot": self.foot.view(clock_ns),
            "next": number,
            "points": points,
        }


def _quote(board: InstrumentBoard, clock_ns: int) -> View:
    reading = board.fresh(clock_ns)
    if reading is None:
        shown = board.reading
        return {
            "regime": "UNKNOWN",
            "status": "STALE" if shown else "WAITING",
            "quote": None,
            "decimals": shown.decimals if shown else 2,
            "reasons": [],
        }
    return {
        "regime": reading.regime.name,
        "status": reading.status.name,
        "reasons": [REASONS[reason] for reason in reading.reasons if reason],
        "decimals": reading.decimals,
        "quote": {
            "mid": reading.price(reading.mid),
            "bid": reading.price(reading.bid),
            "ask": reading.price(reading.ask),
            "bid_bps": bps(reading.bid_bps),
            "ask_bps": bps(reading.ask_bps),
            "base_bps": bps(board.base_bps),
            "base": board.base_bps,
            "widen": "–" if reading.widen is None else f"×{reading.widen:.2f}",
            "skew": signed(reading.skew_bps, 1),
            "score": signed(reading.score, 2),
            "cap": "" if not reading.cap else reading.cap.name.replace("_", " ").lower(),
        },
    }


def _fees(signal: FeeSignal | None, clock_ns: int) -> View | None:
    if signal is None or clock_ns > signal.valid_until_ns:
        return None
    fees = {
        "buy": signal.fee_taker_buy,
        "sell": signal.fee_taker_sell,
        "surcharge": signal.surcharge,
        "rebate": signal.rebate,
    }
    return {name: "–" if fee is None else f"{fee / 100:.1f}" for name, fee in fees.items()}  # 1e-6 → bps


def _components(reading: Reading | None) -> list[View]:
    return [] if reading is None else [_component(part, reading) for part in reading.parts]


def _component(part: Part, reading: Reading) -> View:
    return {
        "name": part.name,
        "meaning": part.meaning,
        "value": part.value,
        "value_text": signed(part.value, 2),
        "weight": f"{part.weight:.2f}",
        "contribution": None if part.value is None else part.contribution,
        "contribution_text": signed(None if part.value is None else part.contribution, 3),
        "share": f"{share_of(part, reading) * 100:.0f} %",
        "seen": round(part.seen, 3),
        "reason": "" if part.value is not None else REASONS.get(part.reason, "not known"),
    }


def _row(board: InstrumentBoard, clock_ns: int) -> View:
    reading = board.fresh(clock_ns)
    return {
        "key": board.key,
        "mid": reading.price(reading.mid) if reading else "–",
        "bid_bps": bps(reading.bid_bps) if reading else "–",
        "ask_bps": bps(reading.ask_bps) if reading else "–",
        "score": signed(reading.score, 2) if reading else "–",
        "regime": reading.regime.name if reading else "UNKNOWN",
        "status": reading.status.name if reading else ("STALE" if board.reading else "WAITING"),
    }


def _signal(reading: Reading) -> View:
    return {
        "id": reading.id.partition("/")[2] or reading.id,
        "revision": reading.revision,
        "kind": reading.kind.name.lower(),
        "as_of": clock_text(reading.as_of_ns),
        "trigger": reading.trigger.name.lower(),
        "regime": reading.regime.name,
        "status": reading.status.name,
        "bid": reading.price(reading.bid),
        "mid": reading.price(reading.mid),
        "ask": reading.price(reading.ask),
        "score": signed(reading.score, 2),
    }
