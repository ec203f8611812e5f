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
    "databento": "databento-mbo",
    "bitstamp": "bitstamp",
    "binance": "binance",
    "cryptofeed": "cryptofeed",
}
_CONTENTS: Final = (
    (re.compile(rb'"stream"\s*:\s*"|"lastUpdateId"'), "binance"),
    (re.compile(rb"^ts_recv,ts_event|publisher_id"), "databento-mbo"),
    (re.compile(rb"^(Time,Type,OrderId|\d+\.\d+,[1-7],\d+,\d+,\d+,-?1\s)"), "lobster"),
    (re.compile(rb"^DBN"), "databento-mbo"),
    (re.compile(rb'"receipt_timestamp"'), "cryptofeed"),
    (re.compile(rb"order_(created|changed|deleted) \{"), "bitstamp"),
)
_VENUES: Final = {"binance": "BINANCE", "bitstamp": "BITSTAMP", "databento-mbo": "XNAS", "lobster": "NASDAQ"}


def guess(file: Path, preset: str | None, instrument: str | None) -> tuple[str, str]:
    """Preset and VENUE:SYMBOL of a recording; what was given is kept. Raises DemoError where nothing fits."""
    chosen = preset or _by_content(file) or _by_name(file)
    if not chosen:
        raise DemoError(f"{file}: no known format in its name or first lines; say which with --preset")
    if instrument:
        return chosen, instrument
    found = _symbol(file)
    if not found:
        raise DemoError(f"{file}: no symbol in its name; say which with --instrument VENUE:SYMBOL")
    return chosen, f"{_VENUES.get(chosen, 'VENUE')}:{found}"


def companions(preset: str, file: Path) -> list[Path]:
    """The files that belong together: LOBSTER splits messages and order book."""
    other = file.with_name(file.name.replace("_message_", "_orderbook_"))
    return [file, other] if preset == "lobster" and other != file and other.is_file() else [file]


def _symbol(file: Path) -> str:
    """From the column `symbol` of a table, else from the beginning of the file's name; empty if neither says it."""
    first, second, *_ = [*_head(file).decode("utf-8", "replace").splitlines()[:2], "", ""]
    if "symbol" in (names := first.strip().split(",")) and second:
        return second.strip().split(",")[names.index("symbol")]
    named = re.match(r"[A-Za-z]+(?:_perp)?", file.name)
    return named[0].upper() if named and named[0].lower() not in ("mbo", "data", "message", "messages") else ""


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
