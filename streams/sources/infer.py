"""Tick and lot of a recording whose instrument nobody has described.

The first records are decoded in units so fine that every number is whole; the greatest common divisor of
the prices, and of the quantities, is then narrowed to a step that venues use. A guess from a part of the
file: `Recording.chunks` fails on a later number that is off it, and never rounds.
"""

from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import NULL
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas.enums import Action, BookSource, Cause
from equipoise.streams.records import Decoded
from equipoise.streams.sources.files import Files, RecordingError
from equipoise.streams.sources.recording import Preset, Request, decode

SAMPLE: Final = 20_000  # records
_PROBES: Final = (Decimal("1e-8"), Decimal("1e-12"), Decimal("1e-4"))  # fine enough, fine, for large prices
_MANTISSAS: Final = (1, 2, 25, 5)  # 0.01, 0.02, 0.25, 0.05: the steps that venues use
_OFF: Final = {Cause.PRICE_OFF_TICK, Cause.PRICE_RANGE, Cause.QUANTITY_OFF_LOT, Cause.QUANTITY_RANGE}


def infer_instrument(preset: Preset, files: Files, venue: str, symbol: str, book_source: BookSource) -> Instrument:
    """The instrument with tick and lot as the first records show them.

    Raises:
        RecordingError: the records are of another instrument, or hold no price.
    """
    fewest: tuple[int, Instrument, Decoded] | None = None
    for unit in _PROBES:
        probe = Instrument(venue, symbol, unit, unit, book_source)
        decoded = _sample(preset, files, probe)
        off = sum(refusal.cause in _OFF for refusal in decoded.refusals)
        if fewest is None or off < fewest[0]:
            fewest = off, probe, decoded
        if off == 0:
            break
    assert fewest is not None
    _, probe, decoded = fewest
    events = decoded.events
    price, quantity = events.price, events.quantity[events.action != Action.STATUS]  # whose quantity is a word
    if not (price != NULL).any():
        raise RecordingError(f"{files.paths[0]}: no price of {venue}:{symbol} in it{_why(decoded)}")
    tick = _step(price, probe.tick, power=False)
    lot = min(_step(quantity, probe.lot, power=True), Decimal(1))
    return replace(probe, tick=tick, lot=lot)


def _sample(preset: Preset, files: Files, probe: Instrument) -> Decoded:
    instruments = Instruments()
    instruments.add(probe)
    reader = preset.reader(Request(files, probe, instruments))
    return decode(reader, list(islice(reader.records(), SAMPLE)))


def _step(values: NDArray[np.int64], unit: Decimal, power: bool) -> Decimal:
    """The divisor of all values, rounded down to a power of ten, or to one of the usual steps."""
    divisor = int(np.gcd.reduce(values[values != NULL])) or 1
    digits = str(divisor)
    mantissa = int(digits.rstrip("0"))
    zeros = len(digits) - len(digits.rstrip("0"))
    kept = 1 if power or mantissa not in _MANTISSAS else mantissa
    return (unit * Decimal(kept) * Decimal(10) ** zeros).normalize()


def _why(decoded: Decoded) -> str:
    return f": record {decoded.refusals[0].record}: {decoded.refusals[0].detail}" if decoded.refusals else ""
