"""Decimals as a price or quantity is sent: text, double, Avro decimal. Digits and a power of ten, exactly, or declined.

What is declined is not refused: the decoder in Python, which reads any decimal, has the last word.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro import ops
from equipoise.processors.avro.wire import INT, Bytes
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner

Ints = NDArray[np.int64]

DIGITS_MAX = 18  # of a number: any fit 64 bits
DECIMAL_MAX = 256  # bytes of an Avro decimal: to Python's arithmetic one of a megabyte is a minute and a half
_EXACT_DOUBLE = 2.0**53
_PLACES_MAX = 15  # decimals of up to 15 digits differ as doubles, so one that is this double is the shortest
_DOT, _MINUS, _ZERO = ord("."), ord("-"), ord("0")
_TENS = np.array([10**k for k in range(19)], np.int64)
_TENS_DOUBLE = np.array([10.0**k for k in range(16)])


@inner
def digits(data: Bytes, at: int, size: int, slots: Ints, slot: int) -> bool:
    """A text of digits only, without a leading zero."""
    if size < 1 or size > DIGITS_MAX + 1 or (size > 1 and data[at] == _ZERO):
        return False
    value = INT(0)
    for k in range(size):
        digit = INT(data[at + k]) - _ZERO
        if digit < 0 or digit > 9 or (k == DIGITS_MAX and value > (2**63 - 1 - digit) // 10):
            return False
        value = value * 10 + digit
    slots[slot] = value
    return True


@inner
def decimal_text(data: Bytes, at: int, size: int, slots: Ints, slot: int, power: int) -> bool:
    """A text of digits with at most one point within them, and perhaps a minus in front."""
    if size < 1 or size > DIGITS_MAX:
        return False
    negative = data[at] == _MINUS
    value, places, figures = INT(0), -1, 0
    for k in range(INT(negative), size):
        byte = INT(data[at + k])
        if byte == _DOT and places < 0:
            places = 0
        elif _ZERO <= byte < _ZERO + 10:
            value = value * 10 + byte - _ZERO
            figures += 1
            places += places >= 0
        else:
            return False
    slots[slot] = -value if negative else value
    slots[power] = ops.POWER - max(places, 0)
    return figures > 0


@inner
def decimal_bytes(data: Bytes, at: int, size: int, precision: int, slots: Ints, slot: int) -> bool:
    """A big-endian signed integer of at most `precision` digits."""
    if size < 1 or size > DECIMAL_MAX:
        return False
    low = max(size - 8, 0)  # bytes before the last eight only repeat the sign
    sign = INT(data[at + low]) >> 7
    for k in range(low):
        if data[at + k] != 255 * sign:
            return False
    value = -sign
    for k in range(low, size):
        value = (value << 8) | INT(data[at + k])
    slots[slot] = value
    return value != NULL and (precision > DIGITS_MAX or abs(value) < _TENS[precision])


@inner
def shortest(value: float, slots: Ints, slot: int, power: int) -> bool:
    """The decimal that Python prints for a double, if it has at most 15 digits and as many places."""
    if not abs(value) < _EXACT_DOUBLE:
        return False
    for places in range(_PLACES_MAX + 1):
        scaled = np.floor(value * _TENS_DOUBLE[places] + 0.5)
        if not abs(scaled) < 1e15:
            return False
        if scaled / _TENS_DOUBLE[places] == value:
            slots[slot] = INT(scaled)
            slots[power] = ops.POWER - places
            return True
    return False


@inner
def in_units(slots: Ints, slot: int, power: int, mantissa: int, exponent: int) -> bool:
    """Turn the number in a slot into a count of a unit (`mantissa` times 10 to the `exponent`); False: no whole one."""
    value, shift = slots[slot], slots[power] - ops.POWER - exponent
    if mantissa <= 0 or shift > DIGITS_MAX or shift < -DIGITS_MAX:
        return False
    factor = _TENS[abs(shift)]
    if shift > 0:
        if abs(value) > (2**62) // factor:
            return False
        value *= factor
    elif mantissa > (2**62) // factor:
        return False
    else:
        mantissa *= factor
    slots[slot] = value // mantissa
    return value % mantissa == 0
