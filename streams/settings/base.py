"""What every group of settings shares: frozen, strict about unknown names, a unit and a reason per field."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

UNITS = {
    "_ns": "ns",
    "_ms": "ms",
    "_s": "s",
    "_bps": "bps",
    "_ticks": "ticks",
    "_lots": "lots",
    "_bytes": "bytes",
    "_records": "records",
    "_millionths": "1e-6 of notional",
}


class Group(BaseModel):
    """A small frozen set of related values; an unknown name is an error, so that a typo is seen."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=False)


def setting(default: Any, why: str, **bounds: Any) -> Any:
    """A field with its default and why it has it. The unit is the name's ending (`UNITS`)."""
    if isinstance(default, (list, dict)):
        return Field(default_factory=default.copy, description=why, **bounds)
    return Field(default, description=why, **bounds)


def unit_of(name: str) -> str:
    """The unit that a field's name ends with, or '' for a plain number or word."""
    return next((unit for ending, unit in UNITS.items() if name.endswith(ending)), "")
