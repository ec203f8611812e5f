"""The micro-price against the paper's matrices in NumPy, and on a chain whose micro-price is known."""

import itertools
import math

import numpy as np
import pytest

from equipoise.processors.measures import micro_price
from equipoise.schemas.enums import Reason
from tests.measures.agreement import agree
from tests.processors.measuring import SECOND, Run, walk

MS = 10**6
BOOK = ([(99, 30), (98, 5)], [(101, 10), (104, 20)])


def lean_of(bids, asks):
    """Bin of nine, -4 to 4."""
    share = asks[0][1] / (bids[0][1] + asks[0][1])
    return 4 - math.floor(9 * share) if share < 0.5 else math.floor(9 * (1 - share)) - 4


def slow_micro_price(books):
    """g of all 27 states in half-ticks, with full matrices: section 3 of the paper, each step with its mirror."""
    size = 27
    still, moving, moved = np.zeros((size, size)), np.zeros((size, size)), np.zeros(size)

    def state(lean, spread):
        return (lean + 4) * 3 + min(spread, 3) - 1

    for was, now in itertools.pairwise(books):
        if [side[0] for side in was] == [side[0] for side in now]:
            continue
        move = now[0][0][0] + now[1][0][0] - was[0][0][0] - was[1][0][0]
        if abs(move) > 10:
            continue
        spreads = [book[1][0][0] - book[0][0][0] for book in (was, now)]
        for sign in (1, -1):
            a, b = (state(sign * lean_of(*book), spread) for book, spread in zip((was, now), spreads, strict=True))
            (moving if move else still)[a, b] += 1
            moved[a] += sign * move
    steps = np.maximum((still + moving).sum(axis=1), 1)
    q, t, r = still / steps[:, None], moving / steps[:, None], moved / steps
    inverse = np.linalg.pinv(np.eye(size) - q)
    g, total = inverse @ r, np.zeros(size)
    for _ in range(6):
        total += g
        g = inverse @ t @ g
    return total.reshape(9, 3)


@pytest.mark.slow  # uncompiled
def test_the_micro_price_is_the_papers():
    books = walk(np.random.default_rng(21), 6000)
    run = Run(micro_price.MEASURE, refresh_s=1.0)
    for book in books:
        run.group(*book)
    run.clock_ns += 2 * SECOND
    run.group(*books[-1])  # the table's time has come
    table = slow_micro_price(books)
    for lean, q, r in ((-4, 1, 20), (-2, 10, 24), (0, 10, 10), (1, 13, 10), (4, 30, 2)):
        for spread in (1, 2, 3, 4):
            book = [(1000, q)], [(1000 + spread, r)]
            assert lean_of(*book) == lean
            run.group(*book, comparable=False).value()
            answer = run.results()[-1]
            expected = table[lean + 4, min(spread, 3) - 1] / 2
            plain = [expected, min(max(2 * expected / spread, -1), 1)]
            found = [answer[name][0] for name in ("adjustment", "lean")]
            agree("micro_price", "the paper's full matrices in NumPy", found, plain, floor=1e-3)
            assert answer["tables"][0] == 1
    assert abs(table).max() > 0.3


def test_the_micro_price_of_a_chain_with_a_known_answer():
    """One spread, two leans +-4 and balance: a step flips the lean with probability f, or moves by 2 half-ticks.

    From lean +4 the mid moves up with probability m and the book is in balance afterwards, where g is 0. So
    g = (m 2 + (1 - m) (1 - 2 f) g') with g' = g by symmetry: g = 2 m / (1 - (1 - m) (1 - 2 f)).
    """
    rng, f, m = np.random.default_rng(4), 0.2, 0.1
    mid, lean, sizes = 2001, 1, {1: (40, 1), -1: (1, 40), 0: (9, 9)}
    run = Run(micro_price.MEASURE, refresh_s=1.0, least=100)
    for k in range(40_000):
        if lean == 0:
            lean = 1 if rng.random() < 0.5 else -1
        elif rng.random() < m:
            mid, lean = mid + 2 * lean, 0
        elif rng.random() < f:
            lean = -lean
        q, r = sizes[lean]
        run.group([(mid // 2, q + k % 2)], [(mid // 2 + 1, r + (k + 1) % 2)])
    run.clock_ns += 2 * SECOND
    run.group([(1000, 40)], [(1001, 1)], comparable=False).value()
    expected = 2 * m / (1 - (1 - m) * (1 - 2 * f)) / 2
    agree(
        "micro_price", "a chain whose micro-price is known: its sample's error", run.last("adjustment"), expected, 0.05
    )


def test_the_micro_price_forgets_by_halves_and_leaves_jumps_out():
    books = walk(np.random.default_rng(2), 3000)
    run = Run(micro_price.MEASURE, refresh_s=1.0, least=100, memory=1000)
    for book in books:
        run.group(*book, after_ns=MS)
    run.value()
    assert run.last("tables") == 3
    assert Run(micro_price.MEASURE).group(*BOOK).value().results()[0]["lean"][1] is Reason.WARMING
    jumps = Run(micro_price.MEASURE, refresh_s=0.1, least=2)
    for k in range(40):
        jumps.group([(10**6 * k, 30)], [(10**6 * k + 1, 5)], after_ns=MS)
    assert jumps.value().last("tables") == 0  # a band that jumps by a million ticks is no step
