"""A rebuilt book beside answers that were not its input: agreements, and disagreements by cause.

Every function takes `rebuilt`, the best quotes after each event group (columns record, bid_px,
bid_qty, ask_px, ask_qty; ascending record; nulls and zeros where a side is empty), and returns how many answers fell
under each cause. `AGREE` and `UNEXPLAINED` are always there; a cause is established from the
recording alone, never from the rebuilt book.
"""

import json
import lzma
from bisect import bisect_left
from collections import Counter
from pathlib import Path

import polars as pl

from tests.oracles import binance, bitstamp, databento, lobster

BEST = ["bid_px", "bid_qty", "ask_px", "ask_qty"]
AGREE, UNEXPLAINED = "agree", "unexplained"
EARLIER_MOMENT = "the snapshot shows the book one event earlier"
BEFORE_RECORDING = "an order from before the recording, met by no event yet"
NEVER_MENTIONED = "an order that the recording never mentions"
CHANGED_AFTER_GONE = "an order whose change arrived after its deletion"
UNMESSAGED = "orders of a level whose arrival the recording does not hold"
SHARED_SEQUENCE = "intermediate state of events sharing a sequence number"
INSIDE_GROUP = "inside an event group, where no state is shown"

Causes = dict[str, int]
Best = tuple[int | None, int, int | None, int]


def at_or_before(answers: pl.DataFrame, rebuilt: pl.DataFrame, key: str = "record") -> pl.DataFrame:
    """Answers with the rebuilt best beside them (suffix _book): the last one whose key is not above theirs."""
    book = rebuilt.select(key, *[pl.col(name).alias(name + "_book") for name in BEST])
    return answers.sort(key).join_asof(book.sort(key), on=key)


def agrees(joined: pl.DataFrame) -> pl.Series:
    """Whether prices and sizes of both sides are equal, null being equal to null."""
    return joined.select(
        pl.all_horizontal([pl.col(name).eq_missing(pl.col(name + "_book")) for name in BEST])
    ).to_series()


def _counts(causes: Counter[str]) -> Causes:
    return {AGREE: causes.pop(AGREE, 0), UNEXPLAINED: causes.pop(UNEXPLAINED, 0), **dict(sorted(causes.items()))}


def compare_aapl(rebuilt: pl.DataFrame, folder: Path) -> Causes:
    """LOBSTER's ten-level order book rows; row 0 was the seed."""
    _, answers = lobster.aapl(folder)
    joined = at_or_before(answers.slice(1), rebuilt)
    unmessaged = _unmessaged_levels(folder)
    causes: Counter[str] = Counter()
    for row, equal in zip(joined.rows(named=True), agrees(joined), strict=True):
        causes[AGREE if equal else _cause_aapl(row, unmessaged)] += 1
    return _counts(causes)


def _unmessaged_levels(folder: Path) -> dict[tuple[int, int], int]:
    """(side, price), outside the seed, of orders that leave without ever having come -> the last such record."""
    rows = next(folder.glob("AAPL_*_orderbook_10.csv")).read_text().splitlines()
    seed = [int(value) // lobster.TICK for value in rows[0].split(",")]
    seeded = {(1, price) for price in seed[2::4]} | {(-1, price) for price in seed[0::4]}
    levels: dict[tuple[int, int], int] = {}
    came: set[int] = set()
    messages = next(folder.glob("AAPL_*_message_10.csv")).read_text().splitlines()
    for record, text in enumerate(messages):
        _, kind, order, _, price, direction = text.split(",")
        level = (int(direction), int(price) // lobster.TICK)
        if kind == "1":
            came.add(int(order))
        elif kind in "234" and int(order) not in came and level not in seeded:
            levels[level] = record
    return levels


def _cause_aapl(row: dict[str, int], unmessaged: dict[tuple[int, int], int]) -> str:
    for side, price, size in ((1, "bid_px", "bid_qty"), (-1, "ask_px", "ask_qty")):
        differs = (row[price], row[size]) != (row[price + "_book"], row[size + "_book"])
        if differs and unmessaged.get((side, row[price]), -1) > row["record"]:
            return UNMESSAGED
    return UNEXPLAINED


def compare_databento(rebuilt: pl.DataFrame, folder: Path) -> Causes:
    """Databento's own MBP-10 rows: the book at the end of the event group that holds their sequence."""
    tape, every = databento.replay(folder / "mbo.csv")
    last = every.group_by("sequence", maintain_order=True).agg(pl.col("record").last())
    answers = databento.published(folder / "mbp_actual.csv").join(last, on="sequence", how="left")
    ends = tape.quote_frame().select(pl.col("record").alias("group_end")).with_columns(record="group_end")
    answers = answers.sort("record").join_asof(ends.sort("record"), on="record", strategy="forward")
    joined = at_or_before(answers.rename({"record": "own_record", "group_end": "record"}), rebuilt)
    states: dict[int, list[Best]] = {}
    final: dict[int, Best] = {}
    for row in every.rows(named=True):
        best = tuple(row[name] for name in BEST)
        states.setdefault(row["sequence"], []).append(best)
        final[row["sequence"]] = best
    causes: Counter[str] = Counter()
    for row, equal in zip(joined.rows(named=True), agrees(joined), strict=True):
        answer = tuple(row[name] for name in BEST)
        if equal:
            causes[AGREE] += 1
        elif row["own_record"] != row["record"] and final[row["sequence"]] == answer:
            causes[INSIDE_GROUP] += 1
        elif answer in states[row["sequence"]][:-1]:
            causes[SHARED_SEQUENCE] += 1
        else:
            causes[UNEXPLAINED] += 1
    return _counts(causes)


def compare_binance(rebuilt: pl.DataFrame, replay: binance.Replay) -> Causes:
    """The last bookTicker at or before each depth message's update id, from the snapshot on."""
    updates = replay.depth_frame().select("record", "update")
    tickers = replay.ticker_frame().sort("update").drop("record")
    answers = updates.sort("update").join_asof(tickers, on="update").drop_nulls("bid_qty")
    joined = at_or_before(answers, rebuilt)
    equal = int(agrees(joined).sum())
    return {AGREE: equal, UNEXPLAINED: len(joined) - equal}


def compare_bitstamp(rebuilt: pl.DataFrame, path: Path) -> Causes:
    """The exchange's pushed snapshots, against the book at the record before them."""
    _, answers = bitstamp.replay(path)
    history = _BitstampHistory(path)
    joined = at_or_before(answers, rebuilt)
    before = at_or_before(
        answers.with_columns(shown="record", record=pl.col("record").map_elements(history.one_earlier, pl.Int64)),
        rebuilt,
    )
    causes: Counter[str] = Counter()
    for row, now, then in zip(joined.rows(named=True), agrees(joined), agrees(before), strict=True):
        causes[AGREE if now else EARLIER_MOMENT if then else history.cause(row)] += 1
    return _counts(causes)


class _BitstampHistory:
    """What the whole recording says of each order: when it was first met, and how."""

    def __init__(self, path: Path) -> None:
        self.events: list[int] = []  # records that touch an order
        self._first: dict[int, tuple[int, str]] = {}
        self._gone: dict[int, int] = {}
        self._revived: dict[tuple[int, int], list[int]] = {}  # (side, price) -> records of changes after deletion
        self._at: dict[tuple[int, int], set[int]] = {}  # (side, price) -> orders
        with lzma.open(path, "rt") as lines:
            for record, line in enumerate(lines):
                _, event, text = line.split(" ", 2)
                if event in ("order_created", "order_changed", "order_deleted"):
                    self.events.append(record)
                    self._order(record, event, json.loads(text))

    def _order(self, record: int, event: str, body: dict[str, str]) -> None:
        order, side = int(body["id"]), 1 if int(body["order_type"]) == 0 else -1
        level = (side, bitstamp.units(body["price"], bitstamp.TICK))
        self._first.setdefault(order, (record, event))
        self._at.setdefault(level, set()).add(order)
        if event == "order_deleted":
            self._gone.setdefault(order, record)
        elif order in self._gone:
            self._revived.setdefault(level, []).append(record)

    def one_earlier(self, record: int) -> int:
        """The record before the last order event that precedes `record`."""
        index = bisect_left(self.events, record)
        return self.events[index - 1] - 1 if index else -1

    def cause(self, row: dict[str, int | None]) -> str:
        """Why the rebuilt best differs; a side without a cause makes it unexplained."""
        found = []
        for side, price, size in ((1, "bid_px", "bid_qty"), (-1, "ask_px", "ask_qty")):
            if (row[price], row[size]) != (row[price + "_book"], row[size + "_book"]):
                found.append(self._side_cause(side, row[price], row[price + "_book"], row["record"] or 0))
        return UNEXPLAINED if UNEXPLAINED in found else min(found)

    def _side_cause(self, side: int, shown: int | None, book: int | None, record: int) -> str:
        if any(revived < record for revived in self._revived.get((side, book or 0), [])):
            return CHANGED_AFTER_GONE
        live = [order for order in self._at.get((side, shown or 0), ()) if self._live(order, record)]
        if not live:
            return NEVER_MENTIONED
        return BEFORE_RECORDING if any(self._first[order][1] != "order_created" for order in live) else UNEXPLAINED

    def _live(self, order: int, record: int) -> bool:
        """Whether the order may have rested at `record`, known by then or not."""
        first, event = self._first[order]
        return self._gone.get(order, 2**62) > record and (first < record or event != "order_created")
