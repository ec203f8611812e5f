"""Histograms beside sorted lists; what Prometheus reads; what the watchdog says, and when."""

import bisect
import logging
import random

import numpy as np
import pytest

from equipoise.streams.telemetry import Arrivals, Histogram, Telemetry, bucket, upper_ns
from equipoise.streams.watchdog import Wait, Watchdog


def test_every_duration_lies_in_its_bucket_and_no_bucket_is_wider_than_an_eighth() -> None:
    draw = random.Random(3)
    for ns in [*range(2_000), *(draw.randrange(1 << draw.randrange(1, 62)) for _ in range(5_000))]:
        index = bucket(ns)
        assert upper_ns(index) >= ns
        assert index == 0 or upper_ns(index - 1) < ns
        assert upper_ns(index) <= ns * 9 // 8 + 1


def test_quantiles_are_those_of_a_sorted_list_within_an_eighth() -> None:
    draw, found = random.Random(5), Histogram()
    wanted = sorted(int(draw.lognormvariate(11, 2)) for _ in range(10_000))
    for ns in wanted:
        found.add(ns)
    assert (found.count, found.sum_ns) == (len(wanted), sum(wanted))
    for share in (0.5, 0.99, 0.999, 1.0):
        exact = wanted[max(0, int(share * len(wanted)) - 1)]
        assert exact <= found.quantile_ns(share) <= exact * 9 // 8 + 1
    for power in range(4, 30):
        edge = (1 << power) - 1
        assert found.below(edge) == bisect.bisect_right(wanted, edge)


def test_a_signal_counts_from_when_its_own_record_came() -> None:
    arrivals, found = Arrivals(), Histogram()
    arrivals.came(9, 1_000)
    arrivals.came(19, 5_000)
    arrivals.book(np.array([3, 9, 10, 19]), 6_000, found)
    assert (found.count, found.sum_ns) == (4, 5_000 + 5_000 + 1_000 + 1_000)
    arrivals.settled(10)
    arrivals.book(np.array([19]), 6_000, found)
    assert found.sum_ns == 13_000


def test_the_watchdog_names_what_waits_too_long_and_repeats_itself_rarely(caplog: pytest.LogCaptureFixture) -> None:
    waits = [Wait("registry", 100.0, "partition 3"), Wait("fetch", 108.0, "orders[1]")]
    dog = Watchdog(lambda: waits, Telemetry(), 5.0)
    with caplog.at_level(logging.WARNING):
        assert dog.look(104.0) == []
        assert dog.look(106.0) == [waits[0]]
        assert dog.stalled == {"fetch": 0, "step": 0, "producer": 0, "checkpoint": 0, "registry": 1, "state": 0}
        dog.look(107.0)
        assert len(caplog.messages) == 1
        assert "registry: partition 3" in caplog.messages[0]
        assert "fetch" in caplog.messages[0]
        dog.look(112.0)
        assert len(caplog.messages) == 2
    waits.clear()
    assert dog.look(200.0) == []
    assert sum(dog.stalled.values()) == 0
