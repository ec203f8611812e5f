"""Published records to test with: a signal, a fee and a window of a made-up market, as payloads."""

from pathlib import Path
from typing import Any

from equipoise.schemas import codec
from equipoise.streams.replay.tables import Output, Published

START_NS = 1_700_000_000_000_000_000
KEY = b"TEST:ABC"


def spread_record(number: int, **changes: Any) -> dict[str, Any]:
    """A live spread signal; `number` tells them apart and moves time on by 100 ms."""
    record: dict[str, Any] = {
        "id": f"TEST:ABC/live/{number}",
        "revision": 0,
        "kind": "LIVE",
        "venue": "TEST",
        "symbol": "ABC",
        "trigger": "GRID",
        "as_of_ns": START_NS + number * 100_000_000,
        "valid_until_ns": START_NS + number * 100_000_000 + 2_000_000_000,
        "status": "OK",
        "reasons": [],
        "regime": "CALM",
        "rebalance": "NONE",
        "policy_version": 1,
        "score": 0.25,
        "components": [
            {
                "name": name,
                "value": value,
                "weight": 0.5,
                "contribution": (value or 0.0) * 0.5,
                "effective_weight": 1.0,
                "last_good": value,
                "last_good_as_of": None,
                "reason": "NONE" if value is not None else "NO_TRADES",
            }
            for name, value in (("OFI", 0.5), ("CVD", None))
        ],
        "tick": "0.01",
        "reference_mid": 10_000.5,
        "reference_mid_ns": START_NS,
        "last_good_mid": None,
        "last_good_mid_ns": None,
        "bid_half_spread": 4.0,
        "ask_half_spread": 6.0,
        "bid_half_spread_bps": 4.0,
        "ask_half_spread_bps": 6.0,
        "widen_factor": 1.25,
        "skew_bps": 1.0,
        "binding_cap": "NONE",
        "last_id": None,
        "silence_ns": None,
    }
    return record | changes


def window_record(number: int, revision: int = 0, **changes: Any) -> dict[str, Any]:
    """A closed window of one second."""
    start = START_NS + number * 10**9
    record: dict[str, Any] = {
        "id": f"TEST:ABC/final/{start}",
        "revision": revision,
        "kind": "FINAL",
        "venue": "TEST",
        "symbol": "ABC",
        "start_ns": start,
        "end_ns": start + 10**9,
        "as_of_ns": start + 10**9,
        "status": "OK",
        "reasons": [],
        "regime": "CALM",
        "events": 10,
        "late_events": 0,
        "trades": 3,
        "buy_volume": 7,
        "sell_volume": 2,
        "unknown_volume": 0,
        "classified_share": 1.0,
        "buy_volume_underlying": 7.0,
        "sell_volume_underlying": 2.0,
        "unknown_volume_underlying": 0.0,
        "cvd": 5,
        "ofi": -4,
        "ofi_gross": 12,
        "depth_1": 0.1,
        "depth_10": None,
        "queue": 0.1,
        "pending_buy": 0,
        "pending_sell": 0,
        "mid_open": 10_000.5,
        "mid_close": 10_001.0,
        "bucket_width": 10,
        "bucket_other": 0,
        "buckets": [],
    }
    return record | changes


def published(schema: str, record: dict[str, Any], offset: int = 0) -> Published:
    return Published(KEY, codec.encode(schema, record), "orders", offset)


def write_tables(
    folder: Path, spreads: list[dict[str, Any]], windows: list[dict[str, Any]], formats: tuple[str, ...] = ("parquet",)
) -> None:
    """The tables that a backtest leaves, from records."""
    for name, schema, records in (
        ("spread-signals", "SpreadSignal", spreads),
        ("windows", "ImbalanceWindow", windows),
    ):
        with Output(folder, name, schema, frozenset(formats)) as output:
            for offset, record in enumerate(records):
                output.write(published(schema, record, offset))
