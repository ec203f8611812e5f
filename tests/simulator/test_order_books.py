import numpy as np

from equipoise.schemas.enums import Action
from equipoise.streams.simulator import BurstSettings, Simulator, SimulatorSettings, default_markets

from .runs import simulate as simulate_markets
from .slow_book import replay

BOOKS = default_markets()[:2]


def simulate(seconds, **settings):
    run = simulate_markets(seconds, BOOKS, **settings)
    assert run.pending == []
    return run.events, run.takers, run.bursts


def test_every_book_is_valid_at_every_moment():
    events, _, _ = simulate(6, seed=3, rate=4_000)
    books = replay(events)
    assert set(books) == {0, 1}
    assert len(events.action) > 15_000
    for action in (Action.ADD, Action.MODIFY, Action.CANCEL, Action.EXECUTE):
        assert np.count_nonzero(events.action == action) > 100


def test_rows_arrive_in_order_and_after_they_happened():
    events, _, _ = simulate(5, seed=2)
    assert np.all(np.diff(events.arrival_ns) >= 0)
    assert np.all(events.arrival_ns > events.event_ns)
    assert np.array_equal(events.offset, np.arange(len(events.offset)))
    for index in (0, 1):
        mine = events.instrument == index
        assert np.all(np.diff(events.event_ns[mine]) >= 0)
        assert np.all(np.diff(events.sequence[mine]) >= 0)


def test_taker_labels_name_the_executions_and_nothing_else():
    events, takers, _ = simulate(20, seed=4)
    executed = events.action == Action.EXECUTE
    keys = np.stack([events.instrument[executed], events.sequence[executed]], axis=1)
    groups, inverse = np.unique(keys, axis=0, return_inverse=True)
    volume = np.bincount(inverse.ravel(), weights=events.quantity[executed])
    labelled = np.sort(takers, order=["instrument", "sequence"])
    assert np.array_equal(groups[:, 0], labelled["instrument"])
    assert np.array_equal(groups[:, 1], labelled["sequence"])
    assert np.array_equal(volume, labelled["quantity"])
    resting = events.side[executed][np.unique(inverse.ravel(), return_index=True)[1]]
    assert np.array_equal(resting, 3 - labelled["side"])


def test_informed_takers_stand_in_their_burst_and_trade_towards_the_value():
    _, takers, bursts = simulate(40, seed=9)
    informed = takers[takers["informed"]]
    assert len(informed) > 100
    assert np.all(takers[~takers["informed"]]["burst"] == -1)
    for order in informed:
        burst = bursts[(bursts["instrument"] == order["instrument"]) & (bursts["burst"] == order["burst"])][0]
        assert burst["start_ns"] <= order["event_ns"] < burst["end_ns"]
        assert order["value"] == burst["after"]
        towards = 1 if burst["after"] > order["mid_x2"] * 128 else 2
        assert order["side"] == towards


def test_the_first_burst_starts_within_fifteen_seconds_and_then_regularly():
    for seed in range(20):
        settings = SimulatorSettings(seed=seed, instruments=BOOKS, rate=100, chunk_ms=1_000)
        bursts = np.concatenate([c.labels.bursts for c in Simulator(settings).chunks(120)])
        for index in (0, 1):
            starts = bursts["start_ns"][bursts["instrument"] == index] - settings.start_ns
            assert 5e9 <= starts[0] <= 12e9
            assert np.all((np.diff(starts) >= 15e9) & (np.diff(starts) <= 30e9))


def test_bursts_can_be_switched_off():
    _, takers, bursts = simulate(20, seed=1, bursts=BurstSettings(enabled=False))
    assert len(bursts) == 0
    assert not takers["informed"].any()
