"""Which format a recording has, guessed from its name and its first bytes."""

import gzip
import lzma
import re
from pathlib import Path
from typing import BinaryIO, Final, cast

from equipoise.streams.demo.options import DemoError

_NAMES: Final = {  # part of the file's name or of its folder's → preset
    "lobster": "lobster",
    "_message_": "lobster",
    "databento": "databento",
    "mbo": "databento",
    "binance": "binance",
    "cryptofeed": "cryptofeed",
}
_CONTENTS: Final = (
    (re.compile(rb'"stream"\s*:\s*"|"lastUpdateId"'), "binance"),
    (re.compile(rb"^ts_recv,ts_event|publisher_id"), "databento"),
    (re.compile(rb"^(Time,Type,OrderId|\d+\.\d+,[1-7],\d+,\d+,\d+,-?1\s)"), "lobster"),
    (re.compile(rb"^DBN"), "databento"),
    (re.compile(rb'"receipt_timestamp"'), "cryptofeed"),
)
_VENUES: Final = {"binance": "BINANCE", "databento": "XNAS", "lobster": "NASDAQ", "cryptofeed": "VENUE"}


def guess(file: Path, preset: str | None, instrument: str | None) -> tuple[str, str]:
    """Preset and VENUE:SYMBOL of a recording; what was given is kept. Raises DemoError where nothing fits."""
    chosen = preset or _by_content(file) or _by_name(file)
    if not chosen:
        raise DemoError(f"{file}: no known format in its name or first lines; say which with --preset")
    if instrument:
        return chosen, instrument
    symbol = re.match(r"[A-Za-z]+(?:_perp)?", file.name)
    if not symbol or symbol[0].lower() in ("mbo", "data", "message", "messages"):
        raise DemoError(f"{file}: no symbol in its name; say which with --instrument VENUE:SYMBOL")
    return chosen, f"{_VENUES.get(chosen, 'VENUE')}:{symbol[0].upper()}"


def _by_name(file: Path) -> str:
    name = f"{file.parent.name}/{file.name}".lower()
    return next((preset for part, preset in _NAMES.items() if part in name), "")


def _by_content(file: Path) -> str:
    head = _head(file)
    return next((preset for pattern, preset in _CONTENTS if pattern.search(head)), "")


def _head(file: Path, size: int = 4096) -> bytes:
    try:
        with file.open("rb") as raw, _unpacked(raw, file.suffix) as stream:
            return stream.read(size)
    except (OSError, lzma.LZMAError) as error:
        raise DemoError(f"{file}: {error}") from error


def _unpacked(raw: BinaryIO, suffix: str) -> BinaryIO:
    if suffix == ".gz":
        return cast(BinaryIO, gzip.GzipFile(fileobj=raw))
    return cast(BinaryIO, lzma.LZMAFile(raw)) if suffix == ".xz" else raw
