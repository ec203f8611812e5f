"""Mappings, writers' schemas for them, and records, drawn at random, for the decoder's tests and its fuzz target."""

import io
from decimal import Decimal
from random import Random
from typing import Any, Final

import fastavro

from benchmarks.decoder_mutants import NOW_NS, Mutants

KIND: Final[dict[str, Any]] = {"type": "enum", "name": "Kind", "symbols": ["NEW", "GONE", "FILL", "OTHER"]}
SIDE: Final[dict[str, Any]] = {"type": "enum", "name": "Side", "symbols": ["BID", "ASK", "NONE"]}
DECIMAL: Final[dict[str, Any]] = {"type": "bytes", "logicalType": "decimal", "precision": 12, "scale": 4}
WIDE: Final[dict[str, Any]] = {
    "type": "fixed",
    "name": "Wide",
    "size": 16,
    "logicalType": "decimal",
    "precision": 38,
    "scale": 6,
}
NUMBERS: Final[list[Any]] = ["double", "string", DECIMAL, WIDE, "long", "int", "float"]
WORDS: Final = '{ field = "kind", words = { NEW = "ADD", GONE = "CANCEL", FILL = "TRADE", "7" = "LEVEL" } }'
HEAD: Final = 'encoding = "avro"\nevent_time = { field = "head.at", unit = "%s" }\n'
SIDES: Final[list[Any]] = [
    (SIDE, '"side"'),
    ("string", '"side"'),
    ("boolean", '{ field = "side", words = { true = "BID", false = "ASK" } }'),
    ("int", '{ field = "side", words = { "1" = "BID", "2" = "ASK" } }'),
    ("string", '{ field = "side", words = { NEW = "BID", OTHER = "ASK" }, optional = true }'),
]
UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


def nullable(draw: Random, kind: Any) -> Any:
    """The type, at times in a union with null."""
    return draw.choice((kind, kind, ["null", kind], [kind, "null"]))


def mapping(draw: Random) -> tuple[str, dict[str, Any], str]:
    """A mapping's text, a schema of the records that it reads, and the unit of their times."""
    unit = draw.choice(list(UNITS))
    lines = [HEAD % unit]
    several = draw.random() < 0.5
    kind = draw.choice((KIND, "string", "int"))
    side, side_text = draw.choice(SIDES)
    price = (
        '"px"'
        if draw.random() < 0.7
        else draw.choice(('{ field = "px", unit = "tick" }', '{ field = "px", unit = "1e-2" }'))
    )
    amount = '"qty"' if draw.random() < 0.7 else '{ field = "qty", unit = "lot" }'
    common = [f"side = {side_text}", f"price = {price}", f"quantity = {amount}", 'order_id = "id"']
    if draw.random() < 0.5:
        common.append('sequence = { field = "n", add = -1 }')
    if draw.random() < 0.3:
        common.append('last_in_event = { field = "last", optional = true }')
    if draw.random() < 0.3:
        common.append('modify = "upsert"')
    lines.append('venue = { value = "K" }' if draw.random() < 0.6 else 'venue = "venue"')
    lines.append('symbol = "head.sym"' if draw.random() < 0.8 else 'symbol = { value = "A" }')
    if draw.random() < 0.3:
        lines.append('arrival_time = { field = "seen", unit = "ns", optional = true }')
    if several:
        for words, action in (('"NEW", "7"', "ADD"), ('"GONE"', "CANCEL"), ('"FILL", "null"', "TRADE")):
            own = [*common, 'flags = ["HIDDEN"]'] if action == "TRADE" else common[:1] + common[3:]
            own = common if action == "ADD" else own
            lines += ["[[event]]", f"when = {{ kind = [{words}] }}", f'action = {{ value = "{action}" }}', *own]
        if draw.random() < 0.5:
            lines += ["[[event]]", "ignore = true", 'when = { kind = ["OTHER"] }'] if draw.random() < 0.5 else [
                "[[event]]", 'action = { value = "NOTHING" }']  # fmt: skip
    else:
        lines += ["[[event]]", f"action = {WORDS}", *common]
    fields = [
        {"name": "kind", "type": nullable(draw, kind)},
        {"name": "side", "type": nullable(draw, side)},
        {"name": "px", "type": nullable(draw, draw.choice(NUMBERS))},
        {"name": "qty", "type": nullable(draw, draw.choice((*NUMBERS[:2], {**DECIMAL, "scale": 2}, "long", "int")))},
        {"name": "id", "type": nullable(draw, draw.choice(("string", "long")))},
        {"name": "n", "type": nullable(draw, "long")},
        {"name": "last", "type": nullable(draw, "boolean")},
        {"name": "venue", "type": nullable(draw, "string")},
        {"name": "seen", "type": nullable(draw, "long")},
        {"name": "head", "type": {"type": "record", "name": "Head", "fields": [
            {"name": "sym", "type": "string"}, {"name": "at", "type": "long"}]}},
    ]  # fmt: skip
    if draw.random() < 0.3:
        fields = [field for field in fields if field["name"] == "head" or draw.random() < 0.9]
    mutants = Mutants(draw.randrange(2**32), [])
    fields += [{"name": f"x{k}", "type": mutants.type(2)} for k in range(draw.choice((0, 1, 3)))]
    draw.shuffle(fields)
    return "\n".join(lines), {"type": "record", "name": "Order", "fields": fields}, unit


def value(draw: Random, name: str, kind: Any) -> Any:
    """A value of a field, mostly a sensible one."""
    if isinstance(kind, list):
        kind = next(one for one in kind if one != "null") if draw.random() < 0.93 else "null"
    odd = draw.random() < 0.06
    logical = isinstance(kind, dict) and kind.get("logicalType")
    if kind == "null":
        return None
    if name == "kind":
        return draw.choice((7, 7, 1)) if kind == "int" else draw.choice(KIND["symbols"] if odd else KIND["symbols"][:3])
    if name == "side" and kind == "string":
        return draw.choice(("NONE", "Ü", "BID", "ASK") if odd else ("BID", "ASK", "NEW", "OTHER"))
    if name == "side" and kind != "boolean":
        return (
            draw.choice((1, 2, 2, 1, 3)) if kind == "int" else draw.choice(SIDE["symbols"] if odd else ("BID", "ASK"))
        )
    if name in ("px", "qty") and kind not in ("long", "int"):
        return number(draw, kind, logical=bool(logical), odd=odd)
    return {
        "int": draw.choice((1, 2, 7, 25, 400)),
        "long": draw.choice((0, -1, 2**62, 2**63 - 1) if odd else (3, 50, 10**6, NOW_NS)),
        "string": draw.choice(("0", "01", "o-1", "9223372036854775808", "Z", "") if odd else (
            ("K", "K", "Z") if name == "venue" else ("1", "22", "9223372036854775807"))),
        "boolean": draw.random() < 0.5,
    }[kind]  # fmt: skip


def number(draw: Random, kind: Any, *, logical: bool, odd: bool) -> Any:
    """A price or quantity."""
    some = Decimal(draw.choice((0, -10, 7)) if odd else draw.choice((5, 25, 100, 1005, draw.randrange(1, 10**6))))
    some *= Decimal("0.05")
    if kind == "string":
        strange = (f"{some:f}00", f"+{some}", f"{some:e}", "1.", ".5", "", "-", "NaN", "1_0", "0.01")
        return draw.choice(strange) if odd else str(some)
    return some.quantize(Decimal("0.01")) if logical else float(some)


def body(draw: Random, mutants: Mutants, schema: dict[str, Any], unit: str) -> bytes:
    """A record written with the schema."""
    record: dict[str, Any] = {}
    for field in schema["fields"]:
        name = field["name"]
        if name == "head":
            at = NOW_NS // UNITS[unit] + draw.randrange(1000)
            record[name] = {"sym": draw.choice("AAAAAAAAB") if draw.random() < 0.95 else "", "at": at}
            if draw.random() < 0.03:
                record[name]["at"] = draw.choice((0, 2**63 - 1))
        elif name.startswith("x"):
            record[name] = mutants.any(field["type"])
        else:
            record[name] = value(draw, name, field["type"])
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()
