"""Measures of the book, each against slow arithmetic written apart from its kernel, and against worked values."""

import itertools
import math

import numpy as np
import pytest

from equipoise.processors.measures import micro_price, ofi_level, percentile, queue_move, resiliency, weighted_depth
from equipoise.processors.measures.percentile import DEPTHS, SPREADS, bucket
from equipoise.schemas.enums import Reason
from tests.measures.agreement import agree
from tests.processors.measuring import SECOND, Run, T, mirrored, random_book, walk

MS = 10**6
BOOK = ([(99, 30), (98, 5)], [(101, 10), (104, 20)])
INF = 2**62


def close(left: float, right: float) -> bool:
    return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-12)


# --- multi-level OFI


def slow_ofi(before, after, k):
    """Equation 4 of Cont et al. at rank k, with infinities for what is missing."""

    def at(side, sign):
        return side[k] if k < len(side) else (sign * INF, 0)

    (pb, qb), (was_pb, was_qb) = at(after[0], -1), at(before[0], -1)
    (pa, qa), (was_pa, was_qa) = at(after[1], 1), at(before[1], 1)
    return qb * (pb >= was_pb) - was_qb * (pb <= was_pb) - qa * (pa <= was_pa) + was_qa * (pa >= was_pa)


def test_multi_level_ofi_by_hand():
    run = Run(ofi_level.MEASURE).group(*BOOK)
    run.group([(99, 34), (97, 5)], [(101, 10), (103, 8)]).value()
    first = run.results()[0]
    assert first["1"] == (4.0, Reason.NONE)
    assert first["2"] == (-5.0 - 8.0, Reason.NONE)
    assert first["3"] == (0.0, Reason.NONE)
    assert close(first["lean"][0], (4 - 13) / (4 + 13))


def test_multi_level_ofi_against_the_formula():
    rng = np.random.default_rng(3)
    run, before, expected, said = Run(ofi_level.MEASURE), None, {}, []
    for step in range(600):
        book, gap = random_book(rng), rng.random() < 0.02
        run.group(*book, after_ns=int(rng.integers(0, 40 * MS)), comparable=not gap)
        window = run.clock_ns // SECOND
        if before is not None and not gap:
            sums = expected.setdefault(window, np.zeros(10, np.int64))
            sums += [slow_ofi(before, book, k) for k in range(10)]
        before = book
        if step % 7 == 0 and window - 1 in expected and window in expected:
            run.value(window - 1)  # the one before is still open while a slow topic holds it
            said.append(expected[window - 1].copy())
    answers = run.results()
    assert len(answers) > 40
    for one, sums in zip(answers, said, strict=True):
        ranks = [one[str(k)][0] for k in range(1, 11)]
        agree("ofi_level", "the paper's formula, with missing levels", ranks, sums, allowed=0)


def test_multi_level_ofi_says_what_it_lacks():
    run = Run(ofi_level.MEASURE, levels=3).group(*BOOK).value().group(*BOOK, after_ns=SECOND).value()
    first, second = run.results()
    assert first["1"][1] is Reason.WARMING  # one book is no flow
    assert second["3"] == (0.0, Reason.NONE)
    assert second["4"][1] is Reason.NOT_CONFIGURED
    assert second["lean"][1] is Reason.UNDEFINED  # no flow at all leans nowhere
    run = Run(ofi_level.MEASURE).group(*BOOK).group([(99, 1)], [], late=1).value()
    assert run.results()[0]["1"][1] is Reason.ONE_SIDED  # a late group is no flow of any window


# --- the logistic link


def slow_link(books, stamps, seed, prior, memory, bound):
    """The recursion of the docstring over plain lists: (slope, moves)."""
    slope, curvature, moves, spent = seed, 0.0, 0.0, []
    keep = 2 ** (-1 / memory)
    for k in range(1, len(books)):
        (bids, asks), (was_bids, was_asks) = books[k], books[k - 1]
        q, r = was_bids[0][1], was_asks[0][1]
        nearest = math.copysign(math.floor(10 * abs(q - r) / (q + r) + 0.5) / 10, q - r)
        spent.append((nearest, stamps[k] - stamps[k - 1]))
        move = (bids[0][0] + asks[0][0]) - (was_bids[0][0] + was_asks[0][0])
        if move:
            total = sum(time for _, time in spent)
            if total > 0:
                gradient = fisher = 0.0
                for imbalance, time in spent:
                    p = 1 / (1 + math.exp(-slope * imbalance))
                    gradient += time / total * ((move > 0) - p) * imbalance
                    fisher += time / total * p * (1 - p) * imbalance**2
                curvature = curvature * keep + fisher
                slope = min(max(slope + gradient / (curvature + prior), -bound), bound)
                moves = moves * keep + 1
            spent = []
    return slope, moves


@pytest.mark.parametrize(("seed", "bound"), [(0.0, 20.0), (2.5, 20.0), (0.0, 0.2)])
def test_the_link_is_the_recursion(seed, bound):
    rng = np.random.default_rng(5)
    books = walk(rng, 1500)
    run = Run(queue_move.MEASURE, seed=seed, bound=bound, memory=300.0)
    stamps = [T]
    for k, book in enumerate(books):
        run.group(*book, after_ns=int(rng.integers(0, 5 * MS)) if k else 0)
        stamps.append(run.clock_ns)
    run.value()
    slope, moves = slow_link(books, stamps[1:], seed, 1.0, 300.0, bound)
    q, r = books[-1][0][0][1], books[-1][1][0][1]
    plain = [slope, moves, 2 / (1 + math.exp(-slope * (q - r) / (q + r))) - 1]
    agree("queue_move", "the recursion over plain lists", [run.last(k) for k in ("slope", "moves", "lean")], plain)
    assert abs(slope - seed) > 0.1


def test_the_link_finds_the_slope_that_made_the_moves():
    rng, true, mid = np.random.default_rng(8), 3.0, 2000
    run = Run(queue_move.MEASURE, memory=1e6)
    for _ in range(4000):
        total = 40
        q = int(rng.integers(1, total))
        bid, ask = [(mid - 1, q)], [(mid + 1, total - q)]
        run.group(bid, ask)
        up = rng.random() < 1 / (1 + math.exp(-true * (2 * q - total) / total))
        mid += 1 if up else -1
        run.group([(mid - 1, 20)], [(mid + 1, 20)], after_ns=MS)
    run.value()
    error = 1 / math.sqrt(4000 * 0.05)  # of a maximum-likelihood slope: Fisher information near 0.05 a move
    assert abs(run.last("slope") - true) < 3 * error


# --- resiliency


def slow_resiliency(samples, half_life):
    """Weighted least squares of the changes on the depth before, over all pairs (None breaks the chain)."""
    pairs = [
        (was, now - was, 2 ** (-(len(samples) - 1 - k) / half_life))
        for k, (was, now) in enumerate(itertools.pairwise(samples), 1)
        if was is not None and now is not None
    ]
    x, y, w = (np.array(column, float) for column in zip(*pairs, strict=True))
    mean_x, mean_y = np.average(x, weights=w), np.average(y, weights=w)
    return -np.sum(w * (x - mean_x) * (y - mean_y)) / np.sum(w * (x - mean_x) ** 2)


def test_resiliency_is_weighted_least_squares():
    rng = np.random.default_rng(9)
    run = Run(resiliency.MEASURE, half_life=80.0)
    bids, asks = 1000.0, 400.0
    held, samples, number = None, ([], []), T // SECOND
    for _ in range(900):
        run.clock_ns += int(rng.choice([0, 100 * MS, 700 * MS, 3500 * MS], p=[0.3, 0.4, 0.2, 0.1]))
        for _ in range(run.clock_ns // SECOND - number):
            for column, depth in zip(samples, held, strict=True):
                column.append(depth)
        number = run.clock_ns // SECOND
        bids += 0.3 * (1000 - bids) + rng.normal(0, 80)
        asks += 0.8 * (400 - asks) + rng.normal(0, 50)
        held = max(1, int(bids)), max(1, int(asks))
        run.group([(99, held[0])], [(101, held[1])])
    run.value()
    for name, column in zip(("bid", "ask"), samples, strict=True):
        agree("resiliency", "NumPy's weighted least squares", run.last(name), slow_resiliency(column, 80.0))
        assert 0.05 < run.last(name) < 1.5


def test_resiliency_of_depth_that_comes_back_at_once_and_never():
    run = Run(resiliency.MEASURE, least=3.0)
    for k in range(60):
        run.group([(99, 50 if k % 7 == 3 else 100)], [(101, 1000 - 10 * k)], after_ns=SECOND)
    run.value()
    assert run.last("bid") == pytest.approx(1.0, abs=0.2)  # one interval after each dip it is whole again
    assert run.last("ask") == pytest.approx(0.0, abs=1e-9)  # it falls by the same amount whatever it was
    flat = Run(resiliency.MEASURE, least=3.0).group(*BOOK).group(*BOOK, after_ns=20 * SECOND).value()
    assert flat.results()[0]["bid"][1] is Reason.UNDEFINED
    assert Run(resiliency.MEASURE).group(*BOOK).value().results()[0]["ask"][1] is Reason.WARMING


# --- percentiles


def test_buckets_keep_small_values_apart_and_are_a_fifth_wide():
    small = [bucket(value, SPREADS) for value in range(9)]
    assert small == sorted(set(small))
    edges = [value for value in range(1, 60_000) if bucket(value, SPREADS) != bucket(value - 1, SPREADS)]
    assert max((after - 1) / before for before, after in itertools.pairwise(edges)) < 1.25
    assert bucket(2**62, DEPTHS) == DEPTHS - 1
    assert bucket(2**40 - 1, DEPTHS) == DEPTHS - 1
    assert bucket(2**16 - 1, SPREADS) == SPREADS - 1


def test_percentiles_are_shares_of_decayed_time():
    rng = np.random.default_rng(11)
    run, half_life = Run(percentile.MEASURE, half_life_s=30.0), 30e9
    spells = []  # start, end, spread, depth
    for _ in range(500):
        spread, depth = int(rng.integers(1, 40)), int(rng.integers(1, 3000))
        start = run.clock_ns
        run.group([(100, depth)], [(100 + spread, 2)])
        run.clock_ns += int(rng.integers(0, 5000 * MS))
        spells.append((start, run.clock_ns, spread, depth + 2))
    run.group([(100, 700)], [(109, 300)]).value()
    end = run.clock_ns
    weights = [2 ** (-(end - b) / half_life) - 2 ** (-(end - a) / half_life) for a, b, _, _ in spells]
    for name, column, now, size in (("spread", 2, 9, SPREADS), ("depth", 3, 1000, DEPTHS)):
        at = bucket(now, size)
        ranks = [bucket(spell[column], size) for spell in spells]
        below = sum(w for w, k in zip(weights, ranks, strict=True) if k < at)
        own = sum(w for w, k in zip(weights, ranks, strict=True) if k == at)
        agree("percentile", "shares of decayed time, spell by spell", run.last(name), (below + own / 2) / sum(weights))
    agree("percentile", "shares of decayed time, spell by spell", run.last("weight"), sum(weights))


def test_percentiles_do_not_count_time_without_a_book():
    run = Run(percentile.MEASURE).group(*BOOK).group([], [], after_ns=SECOND).group(*BOOK, after_ns=60 * SECOND)
    run.group([(99, 30)], [(100, 10)], after_ns=SECOND).value()
    assert run.last("spread") == 0.0  # all the time that counts had a spread of 2
    assert run.last("depth") == 0.0
    assert Run(percentile.MEASURE).group(*BOOK).value().results()[0]["spread"][1] is Reason.WARMING
    assert Run(percentile.MEASURE).group([(9, 9)], []).value().results()[0]["depth"][1] is Reason.ONE_SIDED


# --- all of them


ALL = [weighted_depth, ofi_level, queue_move, micro_price, resiliency, percentile]
FAST = {"micro_price": {"refresh_s": 0.5, "least": 50}, "resiliency": {"interval_ms": 20, "least": 3.0}}


@pytest.mark.parametrize("module", ALL, ids=lambda module: module.__name__.rpartition(".")[2])
def test_swapped_sides_negate_or_exchange_the_values_to_the_bit(module):
    measure = module.MEASURE
    rng = np.random.default_rng(33)
    books = [*walk(rng, 700), *(random_book(rng) for _ in range(200))]
    straight, swapped = (Run(measure, **FAST.get(measure.name, {})) for _ in range(2))
    for k, book in enumerate(books):
        for run, shown in ((straight, book), (swapped, mirrored(book))):
            run.group(*shown, after_ns=7 * MS)
            if k % 40 == 39:
                run.value()
    seen = set()
    for one, other in zip(straight.results(), swapped.results(), strict=True):
        for output in measure.outputs:
            value, reason = one[output.name]
            partner = other[output.mirror or output.name]
            assert partner[1] is reason
            if not math.isnan(value):
                assert partner[0] == output.sign * value
                seen.add((output.name, value != 0))
    assert {name for name, live in seen if live} >= {output.name for output in measure.outputs if output.sign == -1}
