"""What the kernel computes itself, always on: the six components of the score, described like every measure.

Their code: `depth`, `mean` (over time), `ofi`, `volume`, `pending`; put together in `processors/evaluate.py`.
"""

from typing import Final

from equipoise.processors.measures.measure import INF, Measure, Order, Output, Parameter

_BOOK: Final = (
    "NO_BOOK before the book is complete, SEQUENCE_GAP after a gap, EMPTY_BOOK, CROSSED; HALTED, AUCTION or CLOSED "
    "outside continuous trading; WARMING before the first value"
)


def _half_life(name: str, default: int, why: str) -> tuple[Parameter, ...]:
    return (Parameter(f"{name}_half_life_ms", "ms", default, 1, INF, why),)


def _component(name: str, formula: str, weight: float) -> tuple[Output, ...]:
    return (Output(name, formula, "1", -1.0, 1.0, sign=-1, component=True, weight=weight),)


CORE: Final = (
    Measure(
        name="depth_1",
        title="Depth imbalance at the best level",
        paper="Gould and Bonart, Queue Imbalance as a One-Tick-Ahead Price Predictor, arXiv 1512.03492, section 3",
        order=Order.SEQUENCED,
        answer="recorded books (docs/recorded-books.md); the mean over time, spell by spell",
        outputs=_component("depth_1", "mean over time of (Qb - Qa) / (Qb + Qa), best level, weights 2^(-age/h)", 0.0),
        nulls=_BOOK,
        notes="One-sided books read +-1. In a window: the plain mean over the time in which it was known.",
        parameters=_half_life("depth_1", 500, "the book itself is the memory"),
    ),
    Measure(
        name="depth_10",
        title="Depth imbalance over ten levels",
        paper="as depth_1, summed over ten levels with equal weights",
        order=Order.SEQUENCED,
        answer="as depth_1",
        outputs=_component("depth_10", "mean over time of (sum Qb - sum Qa) / (sum Qb + sum Qa), ten levels", 0.15),
        nulls=_BOOK,
        parameters=_half_life("depth_10", 2000, "deeper levels change, and mean, more slowly"),
    ),
    Measure(
        name="queue",
        title="Queue imbalance",
        paper="Gould and Bonart, arXiv 1512.03492 (2016), section 3",
        order=Order.SEQUENCED,
        answer="as depth_1",
        outputs=_component("queue", "mean over time of (qb - qa) / (qb + qa) at the best prices", 0.15),
        nulls=_BOOK,
        notes="The same formula as depth_1; one of them weighs 0.",
        parameters=_half_life("queue", 500, "tells the next mid move's side"),
    ),
    Measure(
        name="ofi",
        title="Order-flow imbalance",
        paper="Cont, Kukanov and Stoikov, The Price Impact of Order Book Events, J. Fin. Econometrics 12 (2014), eq. 4",
        order=Order.SEQUENCED,
        answer="recorded books and plain OFI of them; the decayed sums written out",
        outputs=_component(
            "ofi",
            "sum e / sum |e|, e = [Pb>=Pb']qb - [Pb<=Pb']qb' - [Pa<=Pa']qa + [Pa>=Pa']qa' (' before), decayed",
            0.35,
        ),
        nulls=f"{_BOOK}; never differenced across a gap or a rebase",
        parameters=_half_life("ofi", 2000, "impact of flow fades within seconds"),
    ),
    Measure(
        name="cvd",
        title="Signed taker volume",
        paper="the venue's own aggressor; decay: Cormode et al., Forward Decay, ICDE (2009), section 3",
        order=Order.COMMUTATIVE,
        answer="recorded prints by second and as bars (equipoise compare klines); the decayed sums written out",
        outputs=_component("cvd", "(sum buys - sum sells) / (sum buys + sum sells), lots, decayed 2^(-age/h)", 0.25),
        nulls="NO_TRADES before the first trade whose side is known",
        notes="The window's totals, per-price buckets and session profile are fields of their own.",
        parameters=_half_life("cvd", 10_000, "trades are rarer than quotes"),
    ),
    Measure(
        name="pending",
        title="Pending swaps",
        paper="none: expected lots of announced swaps, times their probability of inclusion",
        order=Order.SEQUENCED,
        answer="a slow replay of the pool; the formula over what is pending",
        outputs=_component("pending", "(buys - sells) / (buys + sells + ten-level depth), expected lots", 0.10),
        nulls="NO_PENDING while nothing is pending",
    ),
)  # fmt: skip
