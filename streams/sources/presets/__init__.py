"""Formats that are read without a mapping: one module each, with its table in its docstring."""

from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Final, Protocol, cast

from equipoise.processors.instruments import Instruments
from equipoise.streams.records import RawRecord
from equipoise.streams.sources.files import RecordingError
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.recording import Preset
from equipoise.streams.sources.rows import Rows

NAMES: Final = ("binance", "bitstamp", "databento-mbo", "lobster")  # recordings
LIVE: Final = ("binance",)  # topics


class LiveParser(Protocol):
    """Of one topic."""

    def record(self, record: RawRecord, rows: Rows) -> None:
        """Append the record's rows. Raises RefusedError."""
        ...


def load(name: str) -> Preset:
    """The preset of this name, for recordings.

    Raises:
        RecordingError: no such preset; the message lists those there are.
    """
    if name not in NAMES:
        raise RecordingError(f"preset: {name!r}, expected one of {', '.join(NAMES)} or the path of a mapping (TOML)")
    return cast(Preset, _module(name))


def load_live(name: str) -> Callable[[Instruments, Origin], LiveParser]:
    """The maker of a parser for a topic of this format; `name` must be one of LIVE."""
    return cast(Callable[[Instruments, Origin], LiveParser], _module(name).live)


def _module(name: str) -> ModuleType:
    return import_module(f"equipoise.streams.sources.presets.{name.replace('-', '_')}")
