"""The demo's parts: ladder, losses, pending swaps, latencies, accounts, feeds, guesses."""

import json
import time
from decimal import Decimal

import numpy as np
import pytest

from equipoise.processors.columns import empty_events
from equipoise.processors.instruments import Instrument
from equipoise.schemas.enums import Action, BookSource, Flag, Side
from equipoise.streams.demo.accounts import Accounts
from equipoise.streams.demo.feeds import STEP_MS, RecordedFeed, SimulatedFeed, arrivals
from equipoise.streams.demo.ladder import Book, Ladders, ladder_view
from equipoise.streams.demo.latency import Latencies, source_of
from equipoise.streams.demo.losses import SETTLE_NS, Losses, money, verdict
from equipoise.streams.demo.options import DemoError, worker_config
from equipoise.streams.demo.recordings import companions, guess
from equipoise.streams.demo.waiting import Waiting
from equipoise.streams.settings import load
from equipoise.streams.state_rows import split_row
from tests.demo.records import START_NS, quoted

ONE = Instrument("SIM", "BTC-USD", Decimal("0.5"), Decimal("0.01"), BookSource.L3, base="BTC", quote="USD")
S = 1_000_000_000


def test_a_book_of_orders() -> None:
    book = Book()
    book.apply(Action.ADD, Side.BID, 100, 5, 1, 0)
    book.apply(Action.ADD, Side.BID, 100, 3, 2, 0)
    book.apply(Action.ADD, Side.ASK, 102, 4, 3, 0)
    assert book.best(Side.BID) == [(100, 8)]
    book.apply(Action.EXECUTE, Side.BID, 0, 2, 1, 0)
    book.apply(Action.CANCEL, Side.BID, 0, -(2**63), 2, 0)
    assert book.best(Side.BID) == [(100, 3)]
    book.apply(Action.MODIFY, Side.ASK, 103, 7, 3, 0)
    assert book.best(Side.ASK) == [(103, 7)]
    book.apply(Action.MODIFY, Side.ASK, -(2**63), -2, 3, int(Flag.DELTA))
    assert book.best(Side.ASK) == [(103, 5)]
    book.apply(Action.EXECUTE, Side.ASK, 0, 5, 3, int(Flag.HIDDEN))
    book.apply(Action.CANCEL, Side.ASK, 0, 9, 99, 0)  # never seen
    assert book.best(Side.ASK) == [(103, 5)]
    book.apply(Action.CLEAR, Side.NONE, 0, 0, 0, 0)
    assert book.best(Side.BID) == book.best(Side.ASK) == []


def test_a_book_of_levels_and_its_view() -> None:
    events = empty_events(4)
    events.action[:] = Action.LEVEL
    events.side[:] = [Side.BID, Side.BID, Side.ASK, Side.BID]
    events.price[:] = [100, 99, 102, 99]
    events.quantity[:] = [10, 4, 5, 0]
    ladders = Ladders()
    ladders.apply(events)
    view = ladder_view(ladders.books[0], ONE, 50.0, 51.5)
    assert [(row["side"], row["price"], row["size"], row["mark"]) for row in view["rows"]] == [
        ("ask", "51.0", "5", "← our ask"),
        ("bid", "50.0", "10", "← our bid"),
    ]
    assert view["rows"][0]["share"] == 0.5
    assert "lots of 0.01 BTC" in view["note"]
    assert ladder_view(Book(), ONE, 1.0, 2.0)["rows"] == []


def taker(at_s: float, side: Side, informed: bool, value_ticks: float) -> list:
    return [0, 1, START_NS + round(at_s * S), int(side), informed, -1, 1, 120_000, 240_000, round(value_ticks * 256)]


def test_losses_are_counted_once_their_quotes_are_known() -> None:
    losses = Losses([ONE])
    losses.quote(quoted(0.0, as_of_ns=START_NS, valid_until_ns=START_NS + 100 * S))  # 2 bps a side
    losses.takers([taker(1, Side.BID, False, 120_000), taker(2, Side.BID, True, 120_120)])  # informed: 10 bps
    losses.settle(START_NS + 2 * S)
    assert losses.view(0) is None
    losses.settle(START_NS + 2 * S + SETTLE_NS)
    view = losses.view(0)
    # One lot is 0.01 BTC at 60,000: $600. Informed move 10 bps less 2 bps, for both makers.
    assert view["ours"] == view["fixed"] == money(600 * 8e-4, "USD") == "$0.48"
    assert view["verdict"] == "So far both lost the same."
    assert "1 of them informed" in view["lead"]
    assert "2 bps" in view["fixed_note"]


def test_a_wide_quote_at_the_right_time_loses_less_and_at_the_wrong_time_more() -> None:
    for wide_at, word in ((2.0, "less"), (1.0, "more")):
        losses = Losses([ONE])
        for at in (0.0, 1.0, 2.0, 3.0):
            signal = quoted(0.7 if at == wide_at else 0.0, "STRESSED" if at == wide_at else "CALM")
            stamp = START_NS + round(at * S)
            losses.quote(replaced(signal, as_of_ns=stamp, valid_until_ns=stamp + 2 * S))
        losses.takers([taker(1.5, Side.BID, False, 120_000), taker(2.5, Side.BID, True, 120_240)])
        losses.takers([taker(3.5, Side.BID, False, 120_000)])
        losses.settle(START_NS + 10 * S)
        assert word in losses.view(0)["verdict"]


def replaced(signal, **fields):
    from dataclasses import replace

    return replace(signal, **fields)


@pytest.mark.parametrize(
    ("fixed", "ours", "text"),
    [
        (100.0, 40.0, "So far ours lost 60 % less."),
        (100.0, 112.0, "So far ours lost 12 % more."),
        (5.0, -2.0, "So far ours lost nothing, the fixed one did."),
        (-5.0, -7.0, "So far neither lost; ours earned more."),
        (-5.0, 2.0, "So far ours did worse."),
        (0.0, 0.0, "So far both lost the same."),
    ],
)
def test_verdict_says_so_when_it_goes_against_us(fixed: float, ours: float, text: str) -> None:
    assert verdict(fixed, ours) == text


def intent(number: int, action: str = "INTENT", state: str = "SEEN", replaces: int | None = None) -> dict:
    return {
        "venue": "POOL", "symbol": "ETH-USD", "action": action, "intent_id": number, "transaction": f"0x{number:064x}",
        "side": "BID", "amount": 10, "expected": 8, "inclusion_probability": 0.8, "state": state, "replaces": replaces,
    }  # fmt: skip


def test_pending_swaps_come_are_replaced_and_go() -> None:
    waiting = Waiting()
    assert "No swap" in waiting.view()["note"]
    waiting.take(intent(1))
    waiting.take(intent(2, replaces=1))
    waiting.take(intent(3))
    assert waiting.view()["note"].startswith("2 swaps wait: by their chances 16 lots of buying and 0 of selling")
    waiting.take(intent(3, "RETRACT", "INCLUDED"))
    rows = waiting.view()["rows"]
    assert [(row["state"], row["lots"]) for row in rows] == [("waits", "8 of 10"), ("included", "8 of 10")]


def test_latencies_join_in_either_order() -> None:
    latencies = Latencies()
    latencies.signal(("orders", 0, 5), 1_010.0)
    assert latencies.joined() == []
    latencies.record("orders", 0, 5, 1_000)
    assert latencies.joined() == [10.0]
    assert latencies.joined() == []
    latencies.record("orders", 0, 6, 2_000)
    latencies.signal(("orders", 0, 6), 1_999.0)
    assert latencies.joined() == [0.0]  # never negative
    headers = [
        ("equipoise-source-topic", b"o"),
        ("equipoise-source-partition", b"1"),
        ("equipoise-source-offset", b"7"),
    ]
    assert source_of(headers) == ("o", 1, 7)
    assert source_of(None) is None


def partition_row(checkpoint: int, read: int, used: int, owner: str = ""):
    account = {"in": read, "used": used, "late": 0, "flagged": 0, "dead_lettered": 0}
    head = json.dumps({"version": 1, "topics": ["orders"], "accounts": [account]}).encode()
    body = len(head).to_bytes(4, "big") + head
    return next(iter(split_row(owner, 1, 0, checkpoint, body)))


def test_accounts_are_those_of_the_newest_checkpoint() -> None:
    accounts = Accounts()
    accounts.take(0, *partition_row(3, 10, 10))
    accounts.take(0, *partition_row(2, 5, 5))
    assert (accounts.total("in"), accounts.total("used", "orders"), accounts.total("in", "other")) == (10, 10, 0)
    assert accounts.adds_up()
    accounts.take(1, *partition_row(1, 4, 3))
    assert not accounts.adds_up()
    accounts.take(0, *partition_row(1, 7, 7, owner="mempool~"))
    assert accounts.total("in") == 21
    accounts.take(0, b"SIM:BTC-USD|1|0|0", b"whatever")
    accounts.take(0, b"nonsense", b"")
    accounts.take(0, b"|1|0|0", None)
    accounts.take(0, b"|9|0|0", b"EQS1damaged")
    assert accounts.total("in") == 21


def test_the_simulated_feed_is_due_in_its_own_time() -> None:
    feed = SimulatedFeed(seed=3, rate=2000, first_burst_ms=1000)
    now = time.time_ns()
    assert feed.start(now) == now
    batches = [batch for batch, _ in zip(feed.batches(), range(100), strict=False)]
    assert [batch.due_ns - now for batch in batches] == [STEP_MS * 1_000_000 * (k + 1) for k in range(100)]
    assert all((arrivals(batch.events) < batch.due_ns).all() for batch in batches)
    bursts = [burst for batch in batches for burst in batch.labels.bursts]
    assert bursts
    assert all(10**9 <= burst["start_ns"] - now <= 2 * 10**9 for burst in bursts)


@pytest.mark.recorded
def test_the_recorded_feed_gives_every_row_in_steps(shared_data) -> None:
    file = shared_data / "binance-hftbacktest" / "usdm" / "ethusdt_20240808.gz"
    preset, instrument = guess(file, None, None)
    assert (preset, instrument) == ("binance", "BINANCE:ETHUSDT")
    feed = RecordedFeed(preset, file, instrument)
    began = feed.start(0)
    due, rows = began, 0
    for batch in feed.batches():
        assert batch.due_ns >= due
        times = np.maximum(arrivals(batch.events), due)
        assert times.max() <= batch.due_ns
        due, rows = batch.due_ns, rows + len(times)
        if rows > 50_000:
            break
    assert rows > 50_000


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("btcusdt_20240808.log", b'1 {"stream":"btcusdt@trade","data":{}}', ("binance", "BINANCE:BTCUSDT")),
        ("btcusd_perp.log", b'1 {"stream":"x"}', ("binance", "BINANCE:BTCUSD_PERP")),
        ("AMZN_2012_message_1.csv", b"34200.1,1,1,18,2238200,-1\n", ("lobster", "NASDAQ:AMZN")),
        ("ARL.csv", b"ts_recv,ts_event,rtype,publisher_id\n", ("databento-mbo", "XNAS:ARL")),
        ("mbo.csv", b"ts_recv,ts_event,symbol\n1,2,ARL\n", ("databento-mbo", "XNAS:ARL")),
        ("btcusd.log", b"14304 order_created {}\n", ("bitstamp", "BITSTAMP:BTCUSD")),
    ],
)
def test_guessing(tmp_path, name: str, content: bytes, expected: tuple[str, str]) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    assert guess(file, None, None) == expected
    assert guess(file, "mine.toml", "A:B") == ("mine.toml", "A:B")


def test_what_cannot_be_guessed_is_asked_for(tmp_path) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(b"???")
    with pytest.raises(DemoError, match="--preset"):
        guess(file, None, None)
    (tmp_path / "1.csv").write_bytes(b"ts_recv,ts_event")
    with pytest.raises(DemoError, match="--instrument"):
        guess(tmp_path / "1.csv", None, None)
    damaged = tmp_path / "a.gz"
    damaged.write_bytes(b"no gzip")
    with pytest.raises(DemoError, match=r"a\.gz"):
        guess(damaged, None, None)


def test_the_workers_configuration_is_valid(tmp_path) -> None:
    file = tmp_path / "equipoise.toml"
    file.write_text(worker_config("127.0.0.1:1234", tmp_path / 'a "quoted" name.json', mempool=True))
    settings = load(file)
    assert settings.kafka.bootstrap == "127.0.0.1:1234"
    assert settings.topics.orders[0].name == "orders"
    assert settings.topics.mempool == "mempool"
    assert str(settings.instruments.file).endswith('a "quoted" name.json')


def test_lobsters_two_files_belong_together(tmp_path) -> None:
    for name in ("AMZN_message_1.csv", "AMZN_orderbook_1.csv", "MSFT_message_1.csv"):
        (tmp_path / name).write_text("")
    both = companions("lobster", tmp_path / "AMZN_message_1.csv")
    assert [file.name for file in both] == ["AMZN_message_1.csv", "AMZN_orderbook_1.csv"]
    assert companions("lobster", tmp_path / "MSFT_message_1.csv") == [tmp_path / "MSFT_message_1.csv"]
    assert companions("binance", tmp_path / "AMZN_message_1.csv") == [tmp_path / "AMZN_message_1.csv"]
