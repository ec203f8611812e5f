"""`equipoise compare klines`: bars made from the recorded prints by plain decimals, beside a backtest of them."""

import gzip
import json
import re
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from equipoise.streams.cli import main
from tests.measures.agreement import agree

HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)
MINUTE = 60_000


def bars(path: Path) -> list[list[str]]:
    """Klines of one minute, as the exchange makes them: by trade time, taker buys where the buyer is no maker."""
    prints = defaultdict(list)
    with gzip.open(path, "rt") as lines:
        for line in lines:
            if "@trade" in line:
                data = json.loads(line.split(" ", 1)[1])["data"]
                prints[data["T"] // MINUTE * MINUTE].append(data)
    rows = []
    for start, minute in sorted(prints.items()):
        prices = [Decimal(data["p"]) for data in minute]
        sizes = [Decimal(data["q"]) for data in minute]
        money = [price * size for price, size in zip(prices, sizes, strict=True)]
        buys = [not data["m"] for data in minute]
        taken = (sum(x for x, buy in zip(column, buys, strict=True) if buy) for column in (sizes, money))
        row = [start, prices[0], max(prices), min(prices), prices[-1], sum(sizes), start + MINUTE - 1, sum(money)]
        rows.append([str(cell) for cell in [*row, len(minute), *taken, 0]])
    return rows


def write(path: Path, rows: list[list[str]]) -> Path:
    path.write_text("\n".join([HEADER, *(",".join(row) for row in rows)]) + "\n")
    return path


def compare(path: Path, folder: Path, lot: str, *more: str):
    return CliRunner().invoke(main, ["compare", "klines", str(path), "--folder", str(folder), "--lot", lot, *more])


@pytest.mark.recorded
@pytest.mark.xdist_group("replay-recorded")
@pytest.mark.parametrize(("name", "lot"), [("usdm-btcusdt", "0.001"), ("cm-ethusd_perp", "1")])
def test_signed_volume_is_the_bars(shared_data, ran, tmp_path, name, lot):
    kind, symbol = name.split("-")
    rows = bars(shared_data / "binance-hftbacktest" / kind / f"{symbol}_20240808.gz")
    folder = ran(name).folder
    result = compare(write(tmp_path / "klines.csv", rows), folder, lot, "--all")
    assert result.exit_code == 0, result.output
    assert "5 bars compared, 0 differing; 1 not wholly recorded" in result.output
    differing = int(re.search(r"(\d+) differing", result.output)[1])
    agree(
        "cvd", "volume and taker buys of bars that plain decimals make of Binance's prints", [differing] * 5, [0] * 5, 0
    )
    rows[2][9] = str(Decimal(rows[2][9]) + Decimal(lot))  # one lot is enough
    result = compare(write(tmp_path / "wrong.csv", rows), folder, lot)
    assert result.exit_code == 1
    assert "5 bars compared, 1 differing" in result.output


def row(start: int = 1_700_000_000_000, **cells: str) -> list[str]:
    values = [str(start), "1", "1", "1", "1", "5", str(start + 999), "5", "1", "2", "2", "0"]
    for name, cell in cells.items():
        values[HEADER.split(",").index(name)] = cell
    return values


def windows(folder: Path, symbols=("S",), width=10**9) -> Path:
    starts = [1_700_000_000_000_000_000 + k * width for k in range(-1, 3)]
    rows = [
        {"venue": "V", "symbol": symbol, "revision": revision, "start_ns": start, "end_ns": start + width,
         "buy_volume": 2 if revision else 7, "sell_volume": 3, "unknown_volume": 0}
        for start in starts for revision in (1, 0) for symbol in symbols
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), folder / "windows.parquet")
    return folder


def test_the_last_revision_counts_and_microseconds_are_read(tmp_path):
    first, second = row(), row(1_700_000_001_000)
    for column in (0, 6):
        second[column] = second[column] + ("000" if column == 0 else "999")
    result = compare(write(tmp_path / "k.csv", [first, second]), windows(tmp_path), "1")
    assert result.exit_code == 0, result.output
    assert "2 bars compared, 0 differing" in result.output


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"volume": "5.5"}, "k.csv, line 2, column 6: 5.5 is no multiple of the lot 1"),
        ({"taker_buy_volume": "x"}, "k.csv, line 2, column 10: 'x' is no decimal number"),
        ({"taker_buy_volume": "6"}, "k.csv, line 2: taker buy volume 6 is above the volume 5"),
        ({"open_time": "17"}, "k.csv, line 2, column 1: '17' is no time in ms or µs since the epoch"),
        ({"close_time": "1700000000499"}, "a bar of 500000000 ns does not consist of windows of 1000000000 ns"),
    ],
)
def test_a_bad_line_is_named(tmp_path, cells, said):
    result = compare(write(tmp_path / "k.csv", [row(**cells)]), windows(tmp_path), "1")
    assert result.exit_code == 1
    assert said in result.output


def test_what_cannot_be_compared_is_said(tmp_path):
    path = write(tmp_path / "k.csv", [row()[:11]])
    assert "windows.parquet: no such file" in compare(path, tmp_path, "1").output
    assert "line 2: 11 columns, a kline has 12" in compare(path, windows(tmp_path), "1").output
    path = write(tmp_path / "k.csv", [row(1_800_000_000_000)])
    assert "nothing was compared" in compare(path, tmp_path, "1").output
    assert "instrument V:X, there are V:S" in compare(path, tmp_path, "1", "--instrument", "V:X").output
    windows(tmp_path, ("S", "T"))
    assert "instrument not named, there are V:S, V:T" in compare(path, tmp_path, "1").output
