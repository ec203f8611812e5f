"""The table of instruments: indices stay, definitions change, instruments come and go."""

from dataclasses import replace
from decimal import Decimal

from .rows import table


def test_a_delisted_instrument_is_not_found_and_keeps_its_index() -> None:
    listed = table()
    assert listed.find("T", "S0") == 0
    assert listed.delist("T:S0")
    assert listed.find("T", "S0") == -1
    assert not listed.delist("T:S0")
    assert not listed.delist("T:NEVER")
    assert listed.add(replace(listed[0], tick=Decimal("0.5"))) == 0
    assert listed.find("T", "S0") == 0
    assert listed[0].tick == Decimal("0.5")
    assert len(listed) == 1
