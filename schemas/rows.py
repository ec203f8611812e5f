"""The engine's output rows as records: what each column becomes in SpreadSignal, FeeSignal, ImbalanceWindow.

The rows are numpy's (`processors.columns`: SIGNAL_DTYPE, COMPONENT_DTYPE, WINDOW_DTYPE), but nothing
here imports numpy: a row is anything with `item()`, an array of rows anything with `tolist()`.
NULL and NaN become null. `processors/avro/bodies.py` writes the same
records as Avro without the dicts; these are what its bytes are held to.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from equipoise.schemas.codec import Record
from equipoise.schemas.enums import COMPONENT_NAMES, Cap, Contract, Kind, Reason, Rebalance, Regime, Status, Trigger
from equipoise.schemas.errors import EncodingError
from equipoise.schemas.ids import signal_id
from equipoise.schemas.row_layout import NULL, ComponentRow, InstrumentLike, MeasureRow, Row, Rows, SignalRow, WindowRow

Names = Sequence[str]


class Volumes(NamedTuple):
    """Volumes of a window in units of the underlying, None where the contract does not give them."""

    buy: float | None
    sell: float | None
    unknown: float | None


def spread_record(row: Row, components: Rows, instrument: InstrumentLike, names: Names = COMPONENT_NAMES) -> Record:
    """The SpreadSignal of a SIGNAL_DTYPE row and its COMPONENT_DTYPE rows, one for each of `names`."""
    signal = SignalRow._make(row.item())
    return _frame(signal, components, instrument, names) | {
        "bid_half_spread": _float(signal.bid_half_spread),
        "ask_half_spread": _float(signal.ask_half_spread),
        "bid_half_spread_bps": _float(signal.bid_half_spread_bps),
        "ask_half_spread_bps": _float(signal.ask_half_spread_bps),
        "widen_factor": _float(signal.widen_factor),
        "skew_bps": _float(signal.skew_bps),
        "binding_cap": Cap(signal.binding_cap).name,
        "last_id": None,
        "silence_ns": None,
    }


def fee_record(row: Row, components: Rows, instrument: InstrumentLike, names: Names = COMPONENT_NAMES) -> Record:
    """The FeeSignal of a SIGNAL_DTYPE row and its COMPONENT_DTYPE rows, one for each of `names`."""
    signal = SignalRow._make(row.item())
    return _frame(signal, components, instrument, names) | {
        "fee_taker_buy": _int(signal.fee_taker_buy),
        "fee_taker_sell": _int(signal.fee_taker_sell),
        "surcharge": _int(signal.surcharge),
        "rebate": _int(signal.rebate),
        "rebate_budget": _int(signal.rebate_budget),
        "last_id": None,
        "silence_ns": None,
    }


def window_record(
    row: Row, instrument: InstrumentLike, measures: Sequence[MeasureRow] = (), names: Names = ()
) -> Record:
    """The ImbalanceWindow of a WINDOW_DTYPE row, and of a value for each of `names`."""
    window = WindowRow._make(row.item())
    volumes = underlying(window, instrument)
    return {
        "id": signal_id(instrument.key, Kind.FINAL, window.start_ns),
        "revision": window.revision,
        "kind": Kind.FINAL.name,
        "venue": instrument.venue,
        "symbol": instrument.symbol,
        "start_ns": window.start_ns,
        "end_ns": window.end_ns,
        "as_of_ns": window.as_of_ns,
        "status": Status(window.status).name,
        "reasons": [reason.name for reason in reasons(window.reasons)],
        "regime": Regime(window.regime).name,
        "events": window.events,
        "late_events": window.late_events,
        "trades": window.trades,
        "buy_volume": window.buy_volume,
        "sell_volume": window.sell_volume,
        "unknown_volume": window.unknown_volume,
        "classified_share": classified_share(window),
        "buy_volume_underlying": volumes.buy,
        "sell_volume_underlying": volumes.sell,
        "unknown_volume_underlying": volumes.unknown,
        "cvd": window.cvd,
        "ofi": window.ofi,
        "ofi_gross": window.ofi_gross,
        "depth_1": _float(window.depth_1),
        "depth_10": _float(window.depth_10),
        "queue": _float(window.queue),
        "pending_buy": window.pending_buy,
        "pending_sell": window.pending_sell,
        "mid_open": _half(window.mid_open_x2),
        "mid_close": _half(window.mid_close_x2),
        "bucket_width": window.bucket_width,
        "bucket_other": window.bucket_other,
        "buckets": [{"price": price, "buy": buy, "sell": sell} for price, buy, sell in buckets(window)],
        "cvd_decayed": float(window.cvd_decayed),
        "profile_width": window.profile_width,
        "profile": [{"price": price, "delta": delta} for price, delta in profile(window)],
        "measures": [
            {"name": name, "value": None if reason else value, "reason": Reason(reason).name}
            for name, (value, reason) in zip(names, measures, strict=True)
        ],
    }


def profile(window: WindowRow) -> list[tuple[int, float]]:
    """(lowest price, decayed delta in lots) of each bucket of the session that is in use."""
    rows = zip(window.profile_price.tolist(), window.profile_delta.tolist(), strict=True)
    return list(rows)[: window.n_profile]


def buckets(window: WindowRow) -> list[tuple[int, int, int]]:
    """(lowest price, bought lots, sold lots) of each used price bucket."""
    rows = zip(window.bucket.tolist(), window.bucket_buy.tolist(), window.bucket_sell.tolist(), strict=True)
    return list(rows)[: window.n_buckets]


def classified_share(window: WindowRow) -> float | None:
    """The share of the window's volume whose aggressor is known, None without volume."""
    known = float(window.buy_volume) + float(window.sell_volume)
    total = known + float(window.unknown_volume)
    return known / total if total else None


def underlying(window: WindowRow, instrument: InstrumentLike) -> Volumes:
    """Volumes in units of the underlying (SEMANTICS: Instruments).

    Linear: lots × lot × multiplier. Inverse: the same is an amount of the quote asset, divided by the
    window's last mid. Quanto contracts, and inverse ones without a mid, give None.
    """
    factor = _linear_factor(instrument.lot, instrument.multiplier)
    contract = instrument.contract.upper()
    if contract == Contract.INVERSE.name and window.mid_close_x2 not in (NULL, 0):
        factor /= window.mid_close_x2 / 2 * float(instrument.tick)
    elif contract != Contract.LINEAR.name:
        return Volumes(None, None, None)
    return Volumes(window.buy_volume * factor, window.sell_volume * factor, window.unknown_volume * factor)


@lru_cache(maxsize=1024)
def _linear_factor(lot: Decimal, multiplier: Decimal) -> float:
    return float(lot * multiplier)


@lru_cache(maxsize=4096)
def reasons(bits: int) -> tuple[Reason, ...]:
    """The reasons in a set of bits 1 << Reason, in the enum's order.

    Raises
    ------
    EncodingError
        A bit stands for no reason.
    """
    found = tuple(reason for reason in Reason if reason and bits >> reason & 1)
    if bits >> len(Reason):
        raise EncodingError(f"reasons: 0x{bits:x} has bits above {len(Reason) - 1} ({Reason(len(Reason) - 1).name})")
    return found


def component_rows(components: Rows, names: Names) -> Sequence[ComponentRow]:
    """The component rows of one signal, one for each measure.

    Raises
    ------
    EncodingError
        There are more or fewer rows than names.
    """
    rows = [ComponentRow._make(row) for row in components.tolist()]
    if len(rows) != len(names):
        raise EncodingError(f"components: got {len(rows)} rows, expected {len(names)}")
    return rows


def tick_text(tick: Decimal) -> str:
    """A tick without exponent or trailing zeros: equal ticks have one text."""
    return f"{tick.normalize():f}"


def _frame(signal: SignalRow, components: Rows, instrument: InstrumentLike, names: Names) -> Record:
    kind = Kind(signal.kind)
    return {
        "id": signal_id(instrument.key, kind, signal.ordinal),
        "revision": signal.revision,
        "kind": kind.name,
        "venue": instrument.venue,
        "symbol": instrument.symbol,
        "trigger": Trigger(signal.trigger).name,
        "as_of_ns": signal.as_of_ns,
        "valid_until_ns": signal.valid_until_ns,
        "status": Status(signal.status).name,
        "reasons": [reason.name for reason in reasons(signal.reasons)],
        "regime": Regime(signal.regime).name,
        "rebalance": Rebalance(signal.rebalance).name,
        "policy_version": signal.policy_version,
        "score": _float(signal.score),
        "components": [
            _component(name, row) for name, row in zip(names, component_rows(components, names), strict=True)
        ],
        "tick": tick_text(instrument.tick),
        "reference_mid": _half(signal.reference_mid_x2),
        "reference_mid_ns": _int(signal.reference_mid_ns),
        "last_good_mid": _half(signal.last_good_mid_x2),
        "last_good_mid_ns": _int(signal.last_good_mid_ns),
    }


def _component(name: str, row: ComponentRow) -> Record:
    return {
        "name": name,
        "value": _float(row.value),
        "weight": row.weight,
        "contribution": row.contribution,
        "effective_weight": row.effective_weight,
        "last_good": _float(row.last_good),
        "last_good_as_of": _int(row.last_good_ns),
        "reason": Reason(row.reason).name,
    }


def _float(value: float) -> float | None:
    return value if value == value else None


def _int(value: int) -> int | None:
    return None if value == NULL else value


def _half(value: int) -> float | None:
    return None if value == NULL else value / 2
