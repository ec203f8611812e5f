"""Formats that are read without a mapping: one module each, with its table in its docstring."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final, cast

from equipoise.processors.instruments import Instruments
from equipoise.streams.sources.files import RecordingError
from equipoise.streams.sources.lines import LiveParser
from equipoise.streams.sources.live import Origin
from equipoise.streams.sources.recording import Preset

NAMES: Final = ("binance", "bitstamp", "canonical", "cryptofeed", "databento-mbo", "kraken", "lobster")  # recordings
LIVE: Final = ("binance", "cryptofeed", "kraken")  # topics


def load(name: str) -> Preset:
    """The preset of this name, or of a mapping file (`.toml`), for recordings.

    Raises:
        RecordingError: no such preset (the message lists those there are), or a mapping that cannot work.
    """
    if name.endswith(".toml"):
        from equipoise.streams.sources.mapped_files import MappedFiles

        return MappedFiles(Path(name))
    if name not in NAMES:
        raise RecordingError(f"preset: {name!r}, expected one of {', '.join(NAMES)} or the path of a mapping (TOML)")
    return cast(Preset, _module(name))


def load_live(name: str) -> Callable[[Instruments, Origin], LiveParser]:
    """The maker of a parser for a topic of this format; `name` must be one of LIVE."""
    return cast(Callable[[Instruments, Origin], LiveParser], _module(name).live)


def _module(name: str) -> ModuleType:
    return import_module(f"equipoise.streams.sources.presets.{name.replace('-', '_')}")
