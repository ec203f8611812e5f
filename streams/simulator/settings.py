"""What is simulated: markets, flow and bursts."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from equipoise.processors.instruments import Instrument
from equipoise.schemas.enums import BookSource

DEFAULT_START_NS: Final = 1_767_571_200_000_000_000  # 2026-01-05 00:00 UTC, a Monday
DEFAULT_POOL: Final = "0x88e6a0c2ddd26feeb64f039a2c41296fcb3f5640"  # where Uniswap has its largest pool of this pair


@dataclass(frozen=True, slots=True)
class SimulatedMarket:
    """An instrument and where its price starts. With a pool address it is an AMM fed through the mempool.

    Markets that share `instrument.underlying` share one hidden value.
    """

    instrument: Instrument
    start_ticks: int
    pool: str = ""


def default_markets() -> tuple[SimulatedMarket, ...]:
    """Three order books and a pool on the second one's asset; a tick is 0.7 to 1 basis points."""

    return (
        SimulatedMarket(_against_usd("SIM", "BTC", "5", "0.01", BookSource.L3), 12_000),
        SimulatedMarket(_against_usd("SIM", "ETH", "0.25", "0.1", BookSource.L3), 10_000),
        SimulatedMarket(_against_usd("SIM", "SOL", "0.01", "1", BookSource.L3), 15_000),
        SimulatedMarket(_against_usd("POOL", "ETH", "0.25", "0.1", BookSource.L2), 10_000, pool=DEFAULT_POOL),
    )


def make_markets(n: int) -> tuple[SimulatedMarket, ...]:
    """The first `n` of the default markets (the pool is the fourth), then further books X005-USD and so on."""
    more = (
        SimulatedMarket(_against_usd("SIM", f"X{number:03d}", "0.01", "1", BookSource.L3), 10_000)
        for number in range(len(default_markets()) + 1, n + 1)
    )
    return (*default_markets()[:n], *more)


def _against_usd(venue: str, base: str, tick: str, lot: str, source: BookSource) -> Instrument:
    return Instrument(
        venue,
        f"{base}-USD",
        Decimal(tick),
        Decimal(lot),
        source,
        underlying=base,
        base=base,
        quote="USD",
        settlement="USD",
    )


_FLOW_BOUNDS: Final = {
    "taker_share": (0.001, 0.5),
    "maker_share": (0.1, 0.9),
    "excitation_half_life_ms": (0.01, 600_000),
    "orders_per_book": (60, 3_000),
    "half_spread_ticks": (0, 50),
    "depth_ticks": (0.1, 50),
    "maker_lots": (1, 100),
    "taker_lots": (1, 30),
    "impact_ticks_per_second": (0, 1_000),
    "resilience_half_life_ms": (1, 86_400_000),
    "latency_us": (0, 1_000_000),
    "jitter_us": (0, 1_000_000),
    "blocks_ms": (10, 600_000),
    "swaps_per_second": (0.01, 1_000),
    "private_share": (0, 1),
}


@dataclass(frozen=True, slots=True)
class FlowSettings:
    """Background flow. Takers are a Hawkes process per side; makers are Poisson around a fair price.

    The branching ratio is `self_excitation + cross_excitation` and must be below 1.
    """

    taker_share: float = 0.06  # background taker orders per row
    maker_share: float = 0.42  # new limit orders per row
    self_excitation: float = 0.5  # further orders of the same side that one order causes, on average
    cross_excitation: float = 0.15  # of the other side
    excitation_half_life_ms: float = 250.0
    orders_per_book: int = 400  # towards which cancels hold the number of resting orders
    half_spread_ticks: float = 1.0  # nearest that a maker quotes to the fair price
    depth_ticks: float = 8.0  # mean distance of a new order beyond that
    maker_lots: float = 6.0  # mean size of a new order
    taker_lots: float = 3.0  # mean size of a taker's order
    impact_ticks_per_second: float = 6.0  # fair price's move if one side's usual taker flow came alone for a second
    resilience_half_life_ms: float = 3_000.0  # of the fair price's way back to the public value
    latency_us: int = 300  # arrival after event: this, and exponential jitter
    jitter_us: int = 150
    blocks_ms: int = 2_000  # a pool's trades happen at blocks
    swaps_per_second: float = 6.0  # of each pool, mempool and private flow together
    private_share: float = 0.3  # of swaps that no one sees before their block

    def __post_init__(self) -> None:
        _within("self_excitation", self.self_excitation, 0, 0.95)
        _within("cross_excitation", self.cross_excitation, 0, 0.95)
        branching = self.self_excitation + self.cross_excitation
        _within("self_excitation + cross_excitation", branching, 0, 0.95)
        for name, (least, most) in _FLOW_BOUNDS.items():
            _within(name, getattr(self, name), least, most)


@dataclass(frozen=True, slots=True)
class BurstSettings:
    """Jumps of the hidden value, which informed takers know first. Ranges are (least, most), drawn evenly."""

    enabled: bool = True
    first_ms: tuple[int, int] = (5_000, 12_000)  # after the start
    every_ms: tuple[int, int] = (15_000, 30_000)  # from one start to the next
    lasts_ms: tuple[int, int] = (2_500, 5_000)  # until the news is public
    jump_ppm: tuple[int, int] = (1_500, 4_000)  # of the value, up or down with even chances
    intensity: float = 1.5  # informed takers per background taker, while the price is wrong

    def __post_init__(self) -> None:
        for name, bound in (("first_ms", 0), ("every_ms", 2), ("lasts_ms", 1), ("jump_ppm", 1)):
            least, most = getattr(self, name)
            _within(f"{name}[0]", least, bound, 3_600_000)
            _within(f"{name}[1]", most, least, 3_600_000)
        _within("jump_ppm[1]", self.jump_ppm[1], 1, 100_000)
        _within("lasts_ms[1] (a burst ends before the next begins)", self.lasts_ms[1], 1, self.every_ms[0] - 1)
        _within("intensity", self.intensity, 0, 100)


@dataclass(frozen=True, slots=True)
class SimulatorSettings:
    """One simulation. Equal settings give equal bytes.

    Raises ValueError naming the setting, the value and the bound.
    """

    seed: int = 1
    instruments: tuple[SimulatedMarket, ...] = field(default_factory=default_markets)
    rate: float = 3_000.0  # rows per second of event time, all order books together (about)
    start_ns: int = DEFAULT_START_NS
    chunk_ms: int = 50  # event time of a chunk; does not change the rows
    flow: FlowSettings = field(default_factory=FlowSettings)
    bursts: BurstSettings = field(default_factory=BurstSettings)

    def __post_init__(self) -> None:
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("rate", self.rate, 1, 10_000_000)
        _within("chunk_ms", self.chunk_ms, 1, 60_000)
        _within("start_ns", self.start_ns, 631_152_000_000_000_000, 4_102_444_800_000_000_000)
        _within("number of instruments", len(self.instruments), 1, 10_000)
        keys = [market.instrument.key for market in self.instruments]
        for key in keys:
            if keys.count(key) > 1:
                raise ValueError(f"instruments: {key} is named more than once")
        for market in self.instruments:
            _within(f"start_ticks of {market.instrument.key}", market.start_ticks, 1_000, 2**40)


def _within(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}; it must be at least {least} and at most {most}")
