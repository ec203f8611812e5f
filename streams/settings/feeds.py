"""Settings of the measures by the feed that they are read from. What is set explicitly anywhere wins.

The values are starting points with a reason each, not fits: `equipoise backtest` on your own recording says more.
"""

from enum import StrEnum
from typing import Any, Final, NamedTuple


class Feed(StrEnum):
    """A source preset whose measures are to be set; `canonical` and your own formats keep the defaults."""

    NONE = ""
    BINANCE = "binance"
    BITSTAMP = "bitstamp"
    CRYPTOFEED = "cryptofeed"
    DATABENTO_MBO = "databento-mbo"
    KRAKEN = "kraken"
    LOBSTER = "lobster"


class Choice(NamedTuple):
    """One setting in three kinds of market, and why they differ."""

    name: str
    crypto: Any  # liquid pairs around the clock, books in updates of some 100 ms
    equity: Any  # order by order, in one session a day
    thin: Any  # order by order, some trades a minute
    why: str


KINDS: Final = {
    Feed.BINANCE: "crypto",
    Feed.CRYPTOFEED: "crypto",
    Feed.KRAKEN: "crypto",
    Feed.DATABENTO_MBO: "equity",
    Feed.LOBSTER: "equity",
    Feed.BITSTAMP: "thin",
}

CHOICES: Final = (
    Choice("measures.depth_1_half_life_ms", 500, 250, 2_000, "some updates of the best price"),
    Choice("measures.depth_10_half_life_ms", 2_000, 1_000, 5_000, "deeper levels change more slowly than the best"),
    Choice("measures.queue_half_life_ms", 500, 250, 2_000, "as the best level"),
    Choice("measures.ofi_half_life_ms", 2_000, 1_000, 10_000, "some dozens of changes of the best quotes"),
    Choice("measures.cvd_half_life_ms", 10_000, 10_000, 60_000, "some dozens of trades"),
    Choice("measures.bucket_ticks", 50, 1, 100, "crypto ticks are a small part of a basis point, a cent is not"),
    Choice("measures.ofi_level.levels", 10, 10, 5, "where depth is thin, the far levels are empty"),
    Choice("measures.vpin.bar_ms", 10_000, 60_000, 60_000, "the paper's minute, shorter where thousands trade in it"),
    Choice("measures.vpin.buckets_per_session", 50, 50, 50, "the paper's fiftieth of a day"),
    Choice("measures.hawkes.half_life_ms", 200, 100, 2_000, "how soon other traders answer a trade"),
    Choice("measures.kyle.bar_ms", 1_000, 1_000, 10_000, "a bar should hold some trades"),
    Choice("measures.amihud.bar_ms", 1_000, 1_000, 10_000, "as Kyle's lambda"),
    Choice("measures.spread.horizon_ms", 5_000, 5_000, 60_000, "what a maker can unwind in"),
    Choice("policy.weights.ofi", 0.35, 0.35, 0.25, "flow of quotes tells less where few quote"),
    Choice("policy.weights.cvd", 0.25, 0.35, 0.35, "what takers did: equities have no pending swaps to share with"),
    Choice("policy.weights.pending", 0.10, 0.0, 0.10, "no mempool beside an equity"),
    Choice("policy.regimes.elevated_enter", 0.35, 0.35, 0.45, "a thin book leans far without any cause"),
    Choice("policy.regimes.elevated_leave", 0.25, 0.25, 0.30, "below the other, or it would flicker"),
    Choice("policy.regimes.stressed_enter", 0.60, 0.60, 0.70, "as for elevated"),
    Choice("policy.regimes.stressed_leave", 0.45, 0.45, 0.55, "as for elevated"),
)  # fmt: skip


def feed_values(feed: Feed) -> dict[str, Any]:
    """Dotted names and values for a feed."""
    if feed is Feed.NONE:
        return {}
    return {choice.name: getattr(choice, KINDS[feed]) for choice in CHOICES}
