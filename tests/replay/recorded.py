"""The recordings that books are rebuilt from: how each is run, and what it is compared with."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from equipoise.streams.replay.source import Source
from tests.oracles import binance, bitstamp, compare, databento, lobster
from tests.oracles.tape import Tape

Compared = tuple[Tape, compare.Causes]


@dataclass(frozen=True)
class Recorded:
    """One recording. `check` gives the plain tape, and how the rebuilt book compares with outside answers."""

    title: str
    preset: str
    files: tuple[str, ...]  # patterns under the folder of recorded data
    instrument: str
    tick: str
    lot: str
    answers: str  # what the book is compared with
    check: Callable[[Path, pl.DataFrame], Compared]

    def source(self, data: Path) -> Source:
        files = tuple(next(iter(sorted(data.glob(pattern)))) for pattern in self.files)
        return Source(self.preset, files, self.instrument, Decimal(self.tick), Decimal(self.lot))


def _of_messages(book: pl.DataFrame, parity: int) -> pl.DataFrame:
    """LOBSTER: message i is record 2i and line i of the order book is record 2i + 1."""
    return book.filter(pl.col("record") % 2 == parity).with_columns(record=pl.col("record") // 2)


def _amzn(data: Path, book: pl.DataFrame) -> Compared:
    tape, _ = lobster.amzn(data / "lobster-amzn-l1")
    equal = compare.agrees(compare.at_or_before(tape.quote_frame(), _of_messages(book, 1)))
    return tape, {compare.AGREE: int(equal.sum()), compare.UNEXPLAINED: int((~equal).sum())}


def _aapl(data: Path, book: pl.DataFrame) -> Compared:
    folder = data / "lobster-aapl-l10-998rows"
    return lobster.aapl(folder)[0], compare.compare_aapl(_of_messages(book, 0), folder)


def _binance(name: str) -> Callable[[Path, pl.DataFrame], Compared]:
    def check(data: Path, book: pl.DataFrame) -> Compared:
        replay = binance.Replay(data / "binance-hftbacktest", binance.CONTRACTS[name])
        return replay.tape, compare.compare_binance(book, replay)

    return check


def _arl(data: Path, book: pl.DataFrame) -> Compared:
    folder = data / "databento-arl-mbo"
    return databento.replay(folder / "mbo.csv")[0], compare.compare_databento(book, folder)


def _bitstamp(data: Path, book: pl.DataFrame) -> Compared:
    log = data / "bitstamp-l3-obanalytics" / "2015-05-01.log.xz"
    return bitstamp.replay(log)[0], compare.compare_bitstamp(book, log)


def _of_binance(name: str) -> Recorded:
    contract = binance.CONTRACTS[name]
    kind, symbol = name.split("-")
    return Recorded(
        f"Binance {'linear' if kind == 'usdm' else 'inverse'} {symbol.upper()}",
        "binance",
        (f"binance-hftbacktest/{contract.path}",),
        f"BINANCE:{symbol.upper()}",
        contract.tick,
        contract.lot,
        "the last bookTicker at or before the same update id",
        _binance(name),
    )


RECORDED = {
    "amzn": Recorded(
        "LOBSTER AMZN, level 1",
        "lobster",
        ("lobster-amzn-l1/*_message_1.csv", "lobster-amzn-l1/*_orderbook_1.csv"),
        "NASDAQ:AMZN",
        "0.005",
        "1",
        "the order book rows, which here are input",
        _amzn,
    ),
    "aapl": Recorded(
        "LOBSTER AAPL, level 10",
        "lobster",
        ("lobster-aapl-l10-998rows/*_message_10.csv", "lobster-aapl-l10-998rows/*_orderbook_10.csv"),
        "NASDAQ:AAPL",
        "0.01",
        "1",
        "the order book rows after the first, which seeds the book",
        _aapl,
    ),
    "arl": Recorded(
        "Databento ARL, market by order",
        "databento-mbo",
        ("databento-arl-mbo/mbo.csv",),
        "XNAS:ARL",
        databento.TICK,
        databento.LOT,
        "Databento's own MBP-10 rows, by sequence number",
        _arl,
    ),
    "bitstamp": Recorded(
        "Bitstamp BTC/USD, order by order",
        "bitstamp",
        ("bitstamp-l3-obanalytics/2015-05-01.log.xz",),
        "BITSTAMP:BTCUSD",
        bitstamp.TICK,
        bitstamp.LOT,
        "the top of the snapshots that the exchange pushed",
        _bitstamp,
    ),
    **{name: _of_binance(name) for name in binance.CONTRACTS},
}
