"""`equipoise backtest` as a person runs it: its files, its summary, and what it says when something is wrong."""

import gzip
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result

from equipoise.streams.cli import main
from equipoise.streams.replay.tables import read_payloads

KEYS = [
    "records_in", "used", "late", "flagged", "dead_lettered", "windows", "spread_signals", "fee_signals", "seconds",
]  # fmt: skip
START_MS = 1_700_000_000_000


def depth(number: int, previous: int, bid: str, bid_size: str, ask: str, ask_size: str, at_ms: int) -> str:
    data = {
        "e": "depthUpdate", "E": at_ms, "T": at_ms, "s": "ABC", "U": previous + 1, "u": number, "pu": previous,
        "b": [[bid, bid_size]], "a": [[ask, ask_size]],
    }  # fmt: skip
    return f"{at_ms * 1_000_000} " + json.dumps({"stream": "abc@depth@0ms", "data": data})


def trade(number: int, price: str, size: str, sell: bool, at_ms: int) -> str:
    data = {"e": "trade", "E": at_ms, "T": at_ms, "s": "ABC", "t": number, "p": price, "q": size, "X": "MARKET"}
    return f"{at_ms * 1_000_000} " + json.dumps({"stream": "abc@trade", "data": data | {"m": sell}})


def recording(folder: Path, seconds: int = 6, first: int = 0) -> Path:
    """A made-up recording: a snapshot, then a depth message and a trade every tenth of a second."""
    lines = []
    at_ms = START_MS + first * 1_000
    if not first:
        snapshot = {"lastUpdateId": 1, "E": at_ms, "T": at_ms, "bids": [["99.9", "5"]], "asks": [["100.1", "5"]]}
        lines.append(f"{at_ms * 1_000_000} " + json.dumps(snapshot))
    for step in range(first * 10, (first + seconds) * 10):
        now = START_MS + 50 + 100 * step
        lines.append(depth(step + 2, step + 1, "99.9", str(5 + step % 3), "100.1", str(4 + step % 5), now))
        lines.append(trade(step + 1, "100.1", "1.5", bool(step % 3 == 0), now + 10))
    path = folder / f"abc-{first}.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(main, ["backtest", *map(str, words)])


def test_it_writes_what_it_says(tmp_path: Path) -> None:
    out = tmp_path / "out"
    result = run(
        "binance", recording(tmp_path), "--instrument", "X:ABC", "--out", out, "--jsonl", "--avro", "--plot",
        "--book", tmp_path / "book.parquet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    assert list(summary)[: len(KEYS)] == KEYS
    assert set(summary) == {*KEYS, "event_seconds", "causes"}
    assert summary["records_in"] == 121 == sum(summary[name] for name in KEYS[1:5])
    assert summary["used"] == 121
    assert summary["event_seconds"] == pytest.approx(5.96)
    for name, count in (("windows", 5), ("spread-signals", None), ("fee-signals", None)):
        table = pq.read_table(out / f"{name}.parquet")
        assert table.num_rows == summary[name.replace("-", "_")]
        assert table.num_rows == count or (count is None and table.num_rows > 10)
        assert len((out / f"{name}.jsonl").read_text().splitlines()) == table.num_rows
        assert len(read_payloads(out / f"{name}.avro")) == table.num_rows
    assert {path.suffix for path in out.glob("plot-x-abc*")} == {".png", ".svg"}
    book = pq.read_table(tmp_path / "book.parquet").to_pylist()
    assert (book[0]["bid_px"], book[0]["ask_px"]) == (999, 1001)
    assert "inferred tick 0.1, lot 0.1" in result.output


def test_several_files_are_one_recording(tmp_path: Path) -> None:
    whole, first, second = recording(tmp_path, 6), tmp_path / "a.gz", recording(tmp_path, 3, first=3)
    lines = gzip.decompress(whole.read_bytes()).splitlines(keepends=True)
    first.write_bytes(gzip.compress(b"".join(lines[:61])))
    units = ("--instrument", "X:ABC", "--tick", "0.1", "--lot", "0.1", "--avro")
    for files, out in (((whole,), "whole"), ((first, second), "parts")):
        result = run("binance", *files, *units, "--out", tmp_path / out)
        assert result.exit_code == 0, result.output
    for name in ("windows", "spread-signals", "fee-signals"):
        whole_bytes, parts_bytes = ((tmp_path / out / f"{name}.avro").read_bytes() for out in ("whole", "parts"))
        assert whole_bytes == parts_bytes


def test_what_cannot_be_read_is_listed_with_its_reason(tmp_path: Path) -> None:
    path = recording(tmp_path)
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    lines[10], lines[20] = "no json", trade(10_000, "100.15", "1", False, START_MS + 1_000)
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    out = tmp_path / "out"
    result = run("binance", path, "--instrument", "X:ABC", "--tick", "0.1", "--lot", "0.1", "--out", out)
    assert result.exit_code == 0, result.output
    summary = json.loads((out / "summary.json").read_text())
    letters = [json.loads(line) for line in (out / "dead-letters.jsonl").read_text().splitlines()]
    assert summary["dead_lettered"] == len(letters) >= 2
    by_record = {letter["record"]: letter for letter in letters}
    assert by_record[20]["cause"] == "PRICE_OFF_TICK"
    assert "100.15" in by_record[20]["detail"]
    assert summary["records_in"] == sum(summary[name] for name in KEYS[1:5])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nothing"], "preset: 'nothing', expected one of"),
        (["binance", "--instrument", "ABC"], "instrument: 'ABC', expected VENUE:SYMBOL"),
        (["binance", "--tick", "0.1"], "tick and lot: give both"),
        (["binance", "--tick", "zero"], "'zero' is not a decimal number above 0"),
        (["binance", "--instruments", "nowhere.toml"], "nowhere.toml: no such file of instruments"),
        (["binance", "--set", "time.window_ms=0"], "time.window_ms"),
        (["lobster"], "abc-0.gz"),
    ],
)
def test_mistakes_are_one_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    asked = [words[0], recording(tmp_path), "--out", tmp_path / "out", *words[1:]]
    result = run(*asked, *([] if "--instrument" in words else ["--instrument", "X:ABC"]))
    assert result.exit_code != 0
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_damaged_file_is_named_and_what_came_before_is_kept(tmp_path: Path) -> None:
    path = recording(tmp_path, 60)
    path.write_bytes(path.read_bytes()[:-200])
    result = run("binance", path, "--instrument", "X:ABC", "--tick", "0.1", "--lot", "0.1", "--out", tmp_path / "out")
    assert result.exit_code == 1
    assert "damaged" in result.output
    assert str(path.name) in result.output


def test_a_listing_gives_tick_and_lot(tmp_path: Path) -> None:
    listing = tmp_path / "instruments.json"
    fields = {"venue": "X", "symbol": "ABC", "tick": "0.05", "lot": "0.5", "book_source": "L2"}
    listing.write_text(json.dumps([fields]))
    out = tmp_path / "out"
    result = run("binance", recording(tmp_path), "--instrument", "X:ABC", "--instruments", listing, "--out", out)
    assert result.exit_code == 0, result.output
    assert "inferred" not in result.output
    assert pq.read_table(out / "spread-signals.parquet")["tick"].to_pylist()[0] == "0.05"
