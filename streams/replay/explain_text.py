"""An explanation for a person: what was said, why, from which records, and whether the bytes come again."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import RenderableType
from rich.table import Table

from equipoise.processors.columns import NULL
from equipoise.schemas.enums import Action, Cause, Kind, Outcome, Side
from equipoise.streams.replay.explain import Explanation, Found, Range, differences
from equipoise.streams.replay.trail import Shown

DIGEST: Final = 16  # hexadecimal digits shown of a SHA-256


def lines(explanation: Explanation, whole_bytes: bool) -> Iterator[RenderableType]:
    """What to print, from top to bottom."""
    latest = explanation.latest
    yield from _head(latest)
    if "components" in latest.record:
        yield ""
        yield _components(latest.record)
    yield ""
    yield from (_range(part) for part in explanation.ranges)
    yield _count(explanation)
    if explanation.recomputed.rows:
        yield _rows(explanation)
    yield ""
    for one in explanation.published:
        yield from _bytes(one, explanation.recomputed.bodies.get((one.schema, one.revision)), whole_bytes)


def _head(one: Found) -> Iterator[str]:
    record = one.record
    yield f"{record['id']}, revision {one.revision}"
    said = f"status {record['status']}, regime {record['regime']}"
    reasons = f" ({', '.join(record['reasons'])})" if record["reasons"] else ""
    trigger = f", published for {record['trigger']}" if "trigger" in record else ""
    yield f"as of {when(record['as_of_ns'])}: {said}{reasons}{trigger}"
    if "bid_half_spread_bps" in record and record["bid_half_spread_bps"] is not None:
        yield (
            f"bid {record['bid_half_spread_bps']:.3f} bps below and ask {record['ask_half_spread_bps']:.3f} bps above "
            f"{_mid(record)}; widened ×{record['widen_factor']:.3f}, "
            f"skew {record['skew_bps']:+.3f} bps, bound by {record['binding_cap']}"
        )
    if one.schema == "ImbalanceWindow":
        yield (
            f"{record['events']:,} rows, {record['trades']:,} trades: bought {record['buy_volume']:,}, "
            f"sold {record['sell_volume']:,} lots; OFI {record['ofi']:,} of {record['ofi_gross']:,} lots"
        )


def _mid(record: dict[str, Any]) -> str:
    """The mid that the half-spreads are around; the last good one where there is none now."""
    if record["reference_mid"] is not None:
        return f"the mid of {record['reference_mid']:,.1f} ticks"
    return f"the last good mid of {record['last_good_mid']:,.1f} ticks (there is none now)"


def _components(record: dict[str, Any]) -> Table:
    table = Table(box=None, header_style="bold", footer_style="bold", show_footer=True)
    score = record["score"]
    weight = sum(part["weight"] for part in record["components"])
    columns = (
        ("measure", "score", "left"),
        ("value", "", "right"),
        ("weight", f"{weight:.3f}", "right"),
        ("contribution", "null" if score is None else f"{score:+.6f}", "right"),
        ("effective weight", "", "right"),
        ("", "", "left"),
    )
    for name, footer, justify in columns:
        table.add_column(name, footer=footer, justify=justify)  # type: ignore[arg-type]
    for part in record["components"]:
        value = "null" if part["value"] is None else f"{part['value']:+.6f}"
        why = "" if part["reason"] == "NONE" else part["reason"]
        table.add_row(
            part["name"], value, f"{part['weight']:.3f}", f"{part['contribution']:+.6f}",
            f"{part['effective_weight']:.3f}", why,
        )  # fmt: skip
    return table


def _range(part: Range) -> str:
    where = f"{part.topic}[{part.partition}]"
    if part.newest < part.oldest:
        return f"{where}: empty"
    if part.gone:
        return (
            f"{where} NO LONGER HOLDS THE WHOLE RANGE: the worker began at offset {part.first:,}, the oldest record "
            f"left is {part.oldest:,}: {part.gone:,} are gone, and what they added to the measures with them"
        )
    return f"{where}: read again from offset {part.first:,}, all there"


def _count(explanation: Explanation) -> str:
    found = explanation.recomputed
    if explanation.wanted.kind is Kind.FINAL:
        return f"{found.count:,} rows of {explanation.wanted.key} in the window; the last {len(found.rows)}:"
    where = ""
    if found.trigger is not None:
        where = f", which {explanation.topics[found.trigger[0]]} offset {found.trigger[1]:,} triggered"
    return f"{found.count:,} rows of {explanation.wanted.key} led to it{where}; the last {len(found.rows)}:"


def _rows(explanation: Explanation) -> Table:
    table = Table(box=None, header_style="bold")
    for name in ("topic", "offset", "event time", "action", "side", "price", "quantity", "order", "outcome"):
        right = name in ("offset", "price", "quantity", "order")
        table.add_column(name, justify="right" if right else "left", no_wrap=True)
    for row in explanation.recomputed.rows:
        table.add_row(explanation.topics[row.source], str(row.offset), when(row.event_ns)[11:], *_row(row))
    return table


def _row(row: Shown) -> tuple[str, ...]:
    outcome = Outcome(row.outcome).name.lower()
    return (
        Action(row.action).name,
        "" if row.side == Side.NONE else Side(row.side).name,
        _integer(row.price),
        _integer(row.quantity),
        str(row.order_id) if row.order_id else "",
        f"{outcome}: {Cause(row.cause).name}" if row.cause else outcome,
    )


def _bytes(one: Found, again: bytes | None, whole: bool) -> Iterator[str]:
    title = f"{one.schema} revision {one.revision}"
    if again is None:
        yield f"{title}: NOT RECOMPUTED: it did not come again"
        return
    verdict = "the same bytes" if again == one.body else "DIFFERENT BYTES"
    yield f"{title}: {verdict} ({len(one.body)} bytes published, {len(again)} recomputed)"
    for word, body in (("published", one.body), ("recomputed", again)):
        yield f"  {word:10} {body.hex() if whole else 'sha256 ' + hashlib.sha256(body).hexdigest()[:DIGEST]}"
    if again != one.body:
        for name, (published, recomputed) in differences(one, again).items():
            yield f"  {name}: published {published!r}, recomputed {recomputed!r}"


def _integer(value: int) -> str:
    return "" if value == NULL else str(value)


def when(ns: int) -> str:
    """ISO time in UTC with nanoseconds."""
    return f"{datetime.fromtimestamp(ns // 10**9, UTC):%Y-%m-%d %H:%M:%S}.{ns % 10**9:09d}"
