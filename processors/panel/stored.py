"""The panel's part of an instrument's state row: a section for each measure, by name and version.

A measure that is new starts from nothing, one that is gone is left out; one whose meaning changed is refused.
"""

import hashlib
import struct
from typing import Final

import numpy as np

from equipoise.processors.panel.arrays import Panel
from equipoise.processors.panel.settings import Active, PanelSettings

_SECTION: Final = struct.Struct("<B8sIII")  # bytes of the name, meaning, bytes of state, of values, of reasons


class MeaningError(Exception):
    """A stored section was written by another version of a measure, or with other parameters."""


def _meaning(each: Active) -> bytes:
    """8 bytes over what gives stored numbers their meaning."""
    measure = each.measure
    parts = (measure.version, measure.state.descr, measure.parameters_dtype.descr, each.parameters)
    names = [output.name for output in measure.outputs]
    return hashlib.sha256(f"{parts}{names}".encode()).digest()[:8]


def dumped(panel: Panel, settings: PanelSettings, i: int) -> bytes:
    """The sections of instrument `i`."""
    parts = []
    for call, each in zip(panel.calls, settings.active, strict=True):
        name = each.measure.name.encode()
        state = panel.states[i, call.state_at : call.state_at + each.measure.state.itemsize].tobytes()
        columns = slice(int(call.first), int(call.first + call.outputs))
        values = panel.values[i, :, columns].tobytes()
        reasons = panel.reasons[i, :, columns].tobytes()
        head = _SECTION.pack(len(name), _meaning(each), len(state), len(values), len(reasons))
        parts += [head, name, state, values, reasons]
    return b"".join(parts)


def loaded(panel: Panel, settings: PanelSettings, i: int, section: bytes) -> None:
    """Take `dumped` bytes back.

    Raises:
        MeaningError: a measure that is on was stored with another meaning.
    """
    places = {each.measure.name: number for number, each in enumerate(settings.active)}
    at = 0
    while at < len(section):
        length, meaning, *sizes = _SECTION.unpack_from(section, at)
        at += _SECTION.size
        name = section[at : at + length].decode()
        at += length
        parts = []
        for size in sizes:
            parts.append(section[at : at + size])
            at += size
        if name in places:
            _take(panel, settings, places[name], i, meaning, parts)


def _take(panel: Panel, settings: PanelSettings, number: int, i: int, meaning: bytes, parts: list[bytes]) -> None:
    each, call = settings.active[number], panel.calls[number]
    if meaning != _meaning(each):
        raise MeaningError(f"measure {each.measure.name} was stored by another version of it, or with other parameters")
    state, values, reasons = parts
    panel.states[i, call.state_at : call.state_at + len(state)] = np.frombuffer(state, np.uint8)
    columns = slice(int(call.first), int(call.first + call.outputs))
    shape = panel.values[i, :, columns].shape
    panel.values[i, :, columns] = np.frombuffer(values, np.float64).reshape(shape)
    panel.reasons[i, :, columns] = np.frombuffer(reasons, np.uint8).reshape(shape)
