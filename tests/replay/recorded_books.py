"""The page docs/recorded-books.md, recomputed from the recordings.

usage: python -m tests.replay.recorded_books FOLDER_OF_RECORDED_DATA > docs/recorded-books.md
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import polars as pl

from equipoise.processors.settings import EngineSettings
from equipoise.streams.replay.backtest import Plan, backtest
from equipoise.streams.replay.source import open_source
from tests.oracles import binance, compare, elsewhere, hftbacktest, windows
from tests.replay.recorded import RECORDED, Recorded

HEAD = """\
# Recorded books, beside answers that were not input

`equipoise backtest` rebuilds each book below from its messages. The best bid and ask, price and size, are then
set beside what somebody else says they were. Every disagreement has a cause that is established from the recording
alone, never from the rebuilt book; `unexplained` would be ours. `tests/replay/test_recorded.py` holds these figures.

Written by `python -m tests.replay.recorded_books FOLDER > docs/recorded-books.md`; the recordings are not part of
this repository, and `tests/oracles/` says how each is read.

"""
CAUSES = {
    compare.UNMESSAGED: "the ten recorded levels do not hold an order's arrival while it is deeper than that",
    compare.SHARED_SEQUENCE: "a row of the answers shows the book between two changes of one sequence number",
    compare.INSIDE_GROUP: "a row of the answers shows the book before its event has ended; ours is never shown then",
    compare.BEFORE_RECORDING: "the recording begins without a snapshot; the order is first met when it changes or goes",
    compare.NEVER_MENTIONED: "the same, and the order never changes or goes while it is recorded",
    compare.EARLIER_MOMENT: "the exchange took its snapshot before the event that precedes it in the recording",
    compare.CHANGED_AFTER_GONE: "an order's change arrives after its deletion",
}


def run(recorded: Recorded, data: Path) -> tuple[dict[str, Any], compare.Causes, int, int]:
    """Summary, answers by cause, windows compared, windows that differ in any figure."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plan = Plan(folder, book=folder / "book.parquet")
        summary = backtest(open_source(recorded.source(data)), EngineSettings(), plan)
        tape, causes = recorded.check(data, pl.read_parquet(folder / "book.parquet"))
        compared = windows.beside(folder, tape)
    differing = {
        start
        for figure in (*windows.OURS, "trades")
        for start in windows.differing(compared, figure)["start_ns"].to_list()
    }
    return summary, causes, len(compared), len(differing)


def beside_hftbacktest(name: str, data: Path) -> compare.Causes:
    """hftbacktest's rows of a Binance recording, by cause."""
    contract = binance.CONTRACTS[name]
    path = data / "binance-hftbacktest" / contract.path
    theirs = hftbacktest.book(elsewhere.python_with(hftbacktest.REQUIREMENT), path, contract)
    with tempfile.TemporaryDirectory() as folder:
        plan = Plan(Path(folder), book=Path(folder) / "book.parquet")
        backtest(open_source(RECORDED[name].source(data)), EngineSettings(), plan)
        return hftbacktest.beside(pl.read_parquet(Path(folder) / "book.parquet"), theirs, path, contract)


def page(data: Path) -> str:
    """The whole page."""
    results = {name: run(recorded, data) for name, recorded in RECORDED.items()}
    lines = [HEAD, "| recording | beside | answers | equal | other causes | unexplained |", "|---|---|---|---|---|---|"]
    for name, (_, causes, _, _) in results.items():
        known = {cause: count for cause, count in causes.items() if cause not in (compare.AGREE, compare.UNEXPLAINED)}
        total = sum(causes.values())
        lines.append(
            f"| {RECORDED[name].title} | {RECORDED[name].answers} | {total:,} | {causes[compare.AGREE]:,} "
            f"| {sum(known.values()):,} | {causes[compare.UNEXPLAINED]:,} |"
        )
    lines += ["", "| recording | cause | answers | why |", "|---|---|---|---|"]
    for name, (_, causes, _, _) in results.items():
        lines += [
            f"| {RECORDED[name].title} | {cause} | {count:,} | {CAUSES[cause]} |"
            for cause, count in causes.items()
            if cause in CAUSES
        ]
    lines += [
        "",
        "OFI, its gross sum, and bought, sold and unattributed volume per window of one second, beside a plain polars",
        "computation (`tests/oracles/flow.py`) that knows no kernel; and what became of each record:",
        "",
        "| recording | windows | differing | records | used | late | flagged | dead-lettered |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, (summary, _, compared, differing) in results.items():
        counts = [summary[part] for part in ("records_in", "used", "late", "flagged", "dead_lettered")]
        cells = " | ".join(f"{count:,}" for count in (compared, differing, *counts))
        lines.append(f"| {RECORDED[name].title} | {cells} |")
    lines += [
        "",
        f"The Binance books again, beside those that {hftbacktest.REQUIREMENT} rebuilds from the same files by its own",
        "converter, one row a stamp of the recorder (`tests/replay/test_hftbacktest.py`):",
        "",
        "| recording | rows compared | differing | why |",
        "|---|---|---|---|",
    ]
    for name in binance.CONTRACTS:
        causes = beside_hftbacktest(name, data)
        total, equal = sum(causes.values()), causes.pop(compare.AGREE)
        why = "; ".join(f"{count:,} {cause}" for cause, count in causes.items() if count)
        lines.append(f"| {RECORDED[name].title} | {total:,} | {total - equal:,} | {why} |")
    return "\n".join(lines) + "\n" + NOTES


NOTES = """
- AMZN's messages cannot rebuild its book: at level 1 an order that moves up from below has no message. Its order book
  rows are input, so its first line only shows that they arrive unchanged; of its messages the executions are input
  (types 4 and 5), and types 1 to 3 are flagged OTHER_BOOK_SOURCE.
- AAPL's first order book row seeds the book. Orders of the seed are known by their level alone.
- Binance: bookTicker is kept out of the input (flagged OTHER_BOOK_SOURCE). The REST snapshot of each recording is
  older than the depth messages before it; those are kept and merged with it by update id.
- Bitstamp: an order whose creation was not recorded never enters the book; its changes are flagged UNKNOWN_ORDER. The
  pushed snapshots are flagged OTHER_BOOK_SOURCE. Prints name no aggressor: all volume is unattributed.
- Databento: an F tells the fill of its T once more and is flagged DUPLICATE_FILL.
"""

if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        raise SystemExit(__doc__)
    sys.stdout.write(page(Path(sys.argv[1])))
