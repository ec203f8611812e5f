"""One plain sentence about a signal: who presses, what the quotes did, and which measure says so."""

from typing import Final

from equipoise.schemas.enums import Cap, Component, Reason, Status
from equipoise.streams.web.reading import REASONS, Part, Reading
from equipoise.streams.web.text import bps

EVEN: Final = 1.15  # buyers against sellers nearer than this are called even
NEAR: Final = 0.15  # of the base: a half-spread within it has stayed
LEAN: Final = 0.05  # a score smaller than this has no side


def sentence(reading: Reading | None, base_bps: float | None, clock_ns: int, flowing: bool = False) -> str:
    """What a newcomer should understand of `reading` at the event time `clock_ns`.

    `base_bps` is the half-spread of calm flow, None if not known yet; `flowing`: signals keep coming,
    so if this one has expired, they come too late.
    """
    if reading is None:
        return "Waiting for the first signal."
    silent_s = (clock_ns - reading.valid_until_ns) / 1e9
    if silent_s > 0 and (flowing or reading.catching_up):
        behind_s = (clock_ns - reading.as_of_ns) / 1e9
        return f"The worker is catching up, {behind_s:.1f} s behind: nothing is quoted until it is there."
    if silent_s > 0:
        return f"The last quote expired {silent_s:.1f} s ago and no signal has come since: nothing is quoted."
    if reading.status in (Status.HALTED, Status.CLOSED):
        word = "halted" if reading.status is Status.HALTED else "closed"
        return f"The venue is {word}: nothing is quoted until it trades again."
    if reading.mid is None:
        return f"{_capital(_why(reading))}: nothing is quoted until that has mended."
    if reading.score is None or all(part.value is None for part in reading.parts):
        return f"No measure can be computed yet ({_why(reading)}); {_quotes(reading, base_bps)}."
    clauses = [_pressure(reading), _quotes(reading, base_bps), _cause(reading), _cap(reading)]
    text = _capital("; ".join(clause for clause in clauses if clause)) + "."
    return text + _condition(reading)


def ratio(value: float) -> str:
    """Buyers to sellers as 3:1, from (buys − sells)/(buys + sells) without its sign."""
    share = min(abs(value), 1.0)
    if share >= 10 / 12:
        return "more than 10:1" if share > 10.5 / 12.5 else "10:1"
    times = (1 + share) / (1 - share)
    return f"{times:.0f}:1" if abs(times - round(times)) < 0.05 or times >= 4 else f"{times:.1f}:1"


def share_of(part: Part, reading: Reading) -> float:
    """The part's share of all contributions by size, in [0, 1]."""
    gross = sum(abs(other.contribution) for other in reading.parts)
    return abs(part.contribution) / gross if gross else 0.0


def _pressure(reading: Reading) -> str:
    volume = reading.part(Component.CVD)
    score = reading.score or 0.0
    lean = "" if abs(score) < LEAN else ("buying" if score > 0 else "selling")
    if volume is None or volume.value is None:
        return f"no trades yet, and the book leans to {lean}" if lean else "no trades yet, and the book is balanced"
    share = min(abs(volume.value), 1.0)
    if share < (EVEN - 1) / (EVEN + 1):
        lean_text = f"about even, yet orders lean to {lean}" if lean else "even"
        return f"buyers and sellers are {lean_text}"
    strong, weak = ("buyers", "sellers") if volume.value > 0 else ("sellers", "buyers")
    text = f"{strong} outweigh {weak} {ratio(share)}"
    against = lean and (lean == "buying") != (volume.value > 0)
    return f"{text}, yet orders lean to {lean}" if against else text


def _quotes(reading: Reading, base: float | None) -> str:
    bid, ask = reading.bid_bps, reading.ask_bps
    if bid is None or ask is None:
        return "nothing is quoted"
    if base is None:
        return f"bid {bps(bid)} and ask {bps(ask)} bps from the mid"
    side, half = ("ask", ask) if ask >= bid else ("bid", bid)
    other = min(bid, ask)
    if _near(half, base) and _near(other, base):
        return f"quotes stay about {bps(base)} bps either side"
    if bps(half) == bps(other):
        return f"both quotes {_moved(base, half)}"
    if _near(half, base):
        return f"{side} stays at {bps(base)} bps, {'bid' if side == 'ask' else 'ask'} {_moved(base, other)}"
    return f"{side} {_moved(base, half)}"


def _near(half: float, base: float) -> bool:
    """Not worth a word: people would look for a change that is none."""
    return abs(half - base) < NEAR * base


def _moved(base: float, half: float) -> str:
    return f"{'widened' if half > base else 'narrowed'} from {bps(base)} to {bps(half)} bps"


def _cause(reading: Reading) -> str:
    score = reading.score or 0.0
    if abs(score) < LEAN:
        return ""
    same = [part for part in reading.parts if part.contribution * score > 0]
    if not same:
        return ""
    top = max(same, key=lambda part: abs(part.contribution))
    name = top.name if top.component is Component.OFI else top.name.lower()
    return f"{name} contributed {share_of(top, reading) * 100:.0f} %"


def _cap(reading: Reading) -> str:
    widest = max(reading.bid_bps or 0.0, reading.ask_bps or 0.0)
    return {
        Cap.NONE: "",
        Cap.MIN_HALF_SPREAD: "the smallest allowed half-spread holds",
        Cap.MAX_HALF_SPREAD: f"the largest allowed half-spread of {bps(widest)} bps holds",
        Cap.MAX_SKEW: "the skew is held at its bound",
    }[reading.cap]


def _condition(reading: Reading) -> str:
    if reading.status is Status.WARMING:
        weighing = [part.seen for part in reading.parts if part.weight > 0 and part.reason is not Reason.NO_PENDING]
        return f" Still warming up: {min(weighing, default=0.0) * 100:.0f} % of the memory is filled."
    if reading.status in (Status.DEGRADED, Status.STALE):
        return f" Quotes are widened for safety: {_why(reading)}."
    return ""


def _why(reading: Reading) -> str:
    """The first reason in words; WARMING says least, so it comes last."""
    named = sorted((reason for reason in reading.reasons if reason), key=lambda reason: reason is Reason.WARMING)
    return REASONS[named[0]] if named else "input is incomplete"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
