"""Formats that are read without a mapping: one module each, with its table in its docstring."""

from importlib import import_module
from typing import Final, cast

from equipoise.streams.sources.files import RecordingError
from equipoise.streams.sources.recording import Preset

NAMES: Final = ("lobster",)


def load(name: str) -> Preset:
    """The preset of this name.

    Raises:
        RecordingError: no such preset; the message lists those there are.
    """
    if name not in NAMES:
        raise RecordingError(f"preset: {name!r}, expected one of {', '.join(NAMES)} or the path of a mapping (TOML)")
    return cast(Preset, import_module(f"equipoise.streams.sources.presets.{name.replace('-', '_')}"))
