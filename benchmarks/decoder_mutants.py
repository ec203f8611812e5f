"""Records and writers' schemas drawn from a seed, good and bad, for the decoder's tests and its fuzz target."""

import io
import json
from random import Random
from typing import Any, Final

import fastavro
import fastavro.validation

from equipoise.schemas import codec
from equipoise.schemas.enums import Action, Side, TradingStatus

NOW_NS: Final = 1_700_000_000 * 10**9
_PRIMITIVES: Final = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")
_TEXTS: Final = ("", "a", "sim", "Zürich", "価格", "🂡", "x" * 40)
_EDGES: Final = (0, 1, -1, 63, 64, -65, 8191, 2**31, 2**53 - 1, 2**53, 2**62 - 1, 2**62, 2**63 - 1, -(2**63))
# What else a field of ours may be declared as; some of them cannot be resolved.
_OTHERS: Final[dict[str, list[Any]]] = {
    "long": ["int", ["null", "long"], ["long", "null"], ["int", "null", "string"], ["null", "int", "long"], "double",
             {"type": "long", "logicalType": "timestamp-micros"}, {"type": "long", "logicalType": "timestamp-nanos"}],
    "int": ["long", ["null", "int"], ["int", "null"], ["int"]],
    "string": ["bytes", ["null", "string"], ["string", "bytes"], {"type": "string", "logicalType": "uuid"}, "long"],
    "bytes": ["string", ["bytes", "string", "null"], "null"],
    "boolean": [["boolean", "null"], "int", {"type": "boolean"}],
}  # fmt: skip


class Mutants:
    """A source of records and schemas. `names`: the (venue, symbol) pairs that may be listed."""

    def __init__(self, seed: int, names: list[tuple[str, str]], record: str = "OrderEvent") -> None:
        self.random = Random(seed)
        self._names = names
        self._record = record
        self._fields: list[dict[str, Any]] = codec.schema(record)["fields"]
        self._count = 0

    def event(self) -> dict[str, Any]:
        """An OrderEvent, nearly always a good one."""
        draw = self.random
        venue, symbol = draw.choice(self._names)
        wild = draw.random() < 0.1
        arrival = draw.choice((None, NOW_NS + draw.randrange(10**12)))
        event = {
            "venue": venue,
            "symbol": symbol,
            "action": draw.choice(list(Action) if wild else list(Action)[1:7]).name,
            "side": draw.choice(list(Side) if wild else list(Side)[1:]).name,
            "price": draw.choice((None, 0, draw.randrange(-100, 2**40))) if wild else draw.randrange(1, 10**6),
            "quantity": draw.choice((None, 0, *_EDGES)) if wild else draw.randrange(1, 10**4),
            "order_id": draw.choice(_EDGES) if wild else draw.randrange(1, 2**63),
            "sequence": draw.choice((None, draw.randrange(10**9), *_EDGES)),
            "previous_sequence": draw.choice((None, draw.randrange(10**9))),
            "last_in_event": draw.random() < 0.8,
            "flags": draw.choice((0, 2, 64, 1024, 512, -1)) if wild else 0,
            "trading_status": draw.choice(list(TradingStatus)).name,
            "event_time_ns": draw.choice(_EDGES) if wild and draw.random() < 0.3 else NOW_NS + draw.randrange(10**12),
            "arrival_time_ns": draw.choice(_EDGES) if wild and draw.random() < 0.1 else arrival,
            "source": draw.choice(_TEXTS),
            "participant": draw.choice((None, *_TEXTS)),
            "ingest_signature": draw.choice((None, b"", draw.randbytes(64))),
        }
        if self._record == "SwapIntent":
            event |= {
                "action": draw.choice(("INTENT", "RETRACT", *(["ADD"] if wild else []))),
                "intent_id": event["order_id"],
                "transaction": "0x12",
                "amount": 1,
                "expected": event["quantity"] or 0,
                "inclusion_probability": 0.5,
                "state": "SEEN",
            }
        return event

    def schema(self) -> dict[str, Any]:
        """A writer's schema: ours with fields reordered, added, left out and declared otherwise."""
        draw = self.random
        fields = [dict(field) for field in self._fields]
        if draw.random() < 0.5:
            draw.shuffle(fields)
        for field in fields:
            if draw.random() < 0.06:
                field["type"] = self._other(field["type"])
                field.pop("default", None)
        if draw.random() < 0.4:
            fields = [field for field in fields if draw.random() < (0.8 if "default" in field else 0.99)]
        for _ in range(draw.choice((0, 0, 1, 3))):
            fields.insert(draw.randrange(len(fields) + 1), {"name": self._name("extra"), "type": self.type(3)})
        name = self._record if draw.random() < 0.97 else "Other"
        text = {"type": "record", "name": name, "namespace": "equipoise.v1", "fields": fields}
        return codec.parse(json.dumps(text))

    def type(self, depth: int) -> Any:
        """Any type, not deeper than this."""
        draw = self.random
        kind = draw.choice((*_PRIMITIVES, "fixed", "enum", "array", "map", "record", "union")[: None if depth else 10])
        if kind == "fixed":
            return {"type": "fixed", "name": self._name("Fixed"), "size": draw.choice((0, 1, 7, 16))}
        if kind == "enum":
            return {"type": "enum", "name": self._name("Enum"), "symbols": ["A", "B", "C"][: draw.randrange(1, 4)]}
        if kind == "array":
            return {"type": "array", "items": self.type(depth - 1)}
        if kind == "map":
            return {"type": "map", "values": self.type(depth - 1)}
        if kind == "record":
            inner = [{"name": f"f{k}", "type": self.type(depth - 1)} for k in range(draw.randrange(4))]
            return {"type": "record", "name": self._name("Record"), "fields": inner}
        if kind == "union":
            return draw.sample(_PRIMITIVES, draw.randrange(1, 4))
        return kind

    def any(self, type_: Any) -> Any:
        """Any value of a parsed type."""
        return _Any(self, type_).value()

    def body(self, schema: dict[str, Any]) -> bytes:
        """An event written with a writer's schema; fields that are not ours hold anything."""
        out, event = io.BytesIO(), self._fitted(schema, self.event())
        try:
            fastavro.schemaless_writer(out, schema, event)
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            return self.random.randbytes(self.random.randrange(60))  # no event of ours can be written with it
        return out.getvalue()

    def json(self) -> bytes:
        """An event as JSON, some of its fields left out, others put in."""
        draw = self.random
        event = {name: value for name, value in self.event().items() if not isinstance(value, bytes)}
        items = [item for item in event.items() if draw.random() < 0.98]
        if draw.random() < 0.3:
            draw.shuffle(items)
        if draw.random() < 0.3:
            odd = draw.choice((None, True, 1.5, 2**70, "a\nb", [1, {}], "é"))
            items.insert(draw.randrange(len(items) + 1), (draw.choice(("odd", "price", "source", "flags")), odd))
        body = ", ".join(f"{json.dumps(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in items)
        return f"{{{body}}}".encode()

    def mutated(self, value: bytes, others: list[bytes]) -> bytes:
        """The bytes with one to three faults."""
        for _ in range(self.random.choice((1, 1, 1, 2, 3))):
            value = self._fault(value, others)
        return value

    def _fault(self, value: bytes, others: list[bytes]) -> bytes:
        draw = self.random
        at = draw.randrange(len(value) + 1)
        byte = value[at] if at < len(value) else 0
        kind = draw.randrange(8)
        if kind == 0:
            return value[:at] + bytes((byte ^ 1 << draw.randrange(8),)) + value[at + 1 :]
        if kind == 1:
            return value[:at]
        if kind == 2:
            other = draw.choice(others)
            return value[:at] + other[draw.randrange(len(other) + 1) :]
        if kind == 3:  # the same number, or another one, in more bytes
            return value[:at] + bytes((byte | 0x80,)) + b"\x80" * draw.randrange(11) + b"\0" + value[at + 1 :]
        if kind == 4:  # a length, or a count, that lies
            return value[:at] + _zigzag(draw.choice((*_EDGES, len(value), -len(value)))) + value[at + 1 :]
        if kind == 5:
            return value[:at] + draw.randbytes(draw.randrange(1, 9)) + value[at:]
        if kind == 6:
            return value[:at] + draw.randbytes(1) + value[at + 1 :]
        return value[:at] + value[at + draw.randrange(1, 9) :]

    def _name(self, kind: str) -> str:
        self._count += 1
        return f"{kind}{self._count}"

    def _other(self, type_: Any) -> Any:
        draw = self.random
        if isinstance(type_, list):
            return draw.choice((type_[::-1], type_[1], [*type_, "boolean"], "null", [type_[1]]))
        if isinstance(type_, dict) and type_.get("type") == "enum":
            symbols = [*type_["symbols"], "NEW"]
            draw.shuffle(symbols)
            other = {
                **type_,
                "symbols": symbols,
                "name": draw.choice((type_["name"], type_["name"], self._name("Strange"))),
            }
            other.pop("default", None)
            return draw.choice((other, ["null", other], "string"))
        return draw.choice(_OTHERS.get(type_, ["null"]))

    def _fitted(self, schema: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
        kinds = {field["name"]: field["type"] for field in schema["fields"]}
        return {
            name: event[name] if name in event and _fits(event[name], kind) else _Any(self, kind).value()
            for name, kind in kinds.items()
        }


def _fits(value: Any, type_: Any) -> bool:
    return fastavro.validation.validate(value, type_, raise_errors=False)


class _Any:
    """Any value of a parsed type."""

    def __init__(self, mutants: Mutants, type_: Any) -> None:
        self._random = mutants.random
        self._type = type_
        self._named = codec.named_types(type_)

    def value(self) -> Any:
        return self._of(self._type)

    def _of(self, type_: Any) -> Any:
        draw = self._random
        if isinstance(type_, list):
            return self._of(draw.choice(type_))
        type_ = self._named.get(type_, type_) if isinstance(type_, str) else type_
        kind = type_["type"] if isinstance(type_, dict) else type_
        if kind == "record":
            return {field["name"]: self._of(field["type"]) for field in type_["fields"]}
        if kind == "array":
            return [self._of(type_["items"]) for _ in range(draw.choice((0, 1, 5)))]
        if kind == "map":
            return {str(k): self._of(type_["values"]) for k in range(draw.choice((0, 1, 3)))}
        if kind == "fixed":
            return draw.randbytes(type_["size"])
        if kind == "enum":
            return draw.choice(type_["symbols"])
        return {
            "null": None, "boolean": draw.random() < 0.5, "int": draw.choice(_EDGES[:7]), "long": draw.choice(_EDGES),
            "float": 1.5, "double": -2.25, "bytes": draw.randbytes(5), "string": draw.choice(_TEXTS),
        }.get(kind)  # fmt: skip


def _zigzag(number: int) -> bytes:
    out = io.BytesIO()
    fastavro.schemaless_writer(out, {"type": "long"}, max(number, -(2**63)))
    return out.getvalue()
