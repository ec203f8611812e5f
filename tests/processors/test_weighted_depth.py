"""Depth imbalance by rank and by distance: worked by hand, and level by level over random books."""

import math

import numpy as np

from equipoise.processors.measures import weighted_depth
from equipoise.schemas.enums import Reason
from tests.measures.agreement import agree
from tests.processors.measuring import Run, random_book

BOOK = ([(99, 30), (98, 5)], [(101, 10), (104, 20)])


def test_weighted_depth_by_hand():
    run = Run(weighted_depth.MEASURE, half_rank=1.0, half_ticks=2.0).group(*BOOK).value()
    by_rank = (30 + 2.5 - 10 - 10) / (30 + 2.5 + 10 + 10)
    near_bids = 30 * 2**-0.5 + 5 * 2**-1.0
    near_asks = 10 * 2**-0.5 + 20 * 2**-2.0
    by_distance = (near_bids - near_asks) / (near_bids + near_asks)
    agree("weighted_depth", "worked by hand", [run.last("rank"), run.last("distance")], [by_rank, by_distance])


def slow_weighted_depth(bids, asks, half_rank, half_ticks):
    """Both weights, each level written out: (by rank, by distance or NaN)."""
    ranks = [[(2 ** (-k / half_rank), q) for k, (_, q) in enumerate(side[:10])] for side in (bids, asks)]
    sums = [sum(w * q for w, q in side) for side in ranks]
    by_rank = (sums[0] - sums[1]) / (sums[0] + sums[1])
    if not bids or not asks:
        return by_rank, math.nan
    mid = (bids[0][0] + asks[0][0]) / 2
    sums = [sum(2 ** (-abs(p - mid) / half_ticks) * q for p, q in side[:10]) for side in (bids, asks)]
    return by_rank, (sums[0] - sums[1]) / (sums[0] + sums[1])


def test_weighted_depth_against_the_formula():
    rng = np.random.default_rng(12)
    books = [book for book in (random_book(rng, 14) for _ in range(500)) if book[0] or book[1]]
    books = [(b, a) for b, a in books if not (b and a) or b[0][0] <= a[0][0]]  # crossed ones are null
    run = Run(weighted_depth.MEASURE, half_rank=1.7, half_ticks=6.0)
    for book in books:
        run.group(*book).value()
    found = [(one["rank"][0], one["distance"][0]) for one in run.results()]
    plain = [slow_weighted_depth(*book, 1.7, 6.0) for book in books]
    agree("weighted_depth", "both weights level by level, some 500 books", found, plain, floor=1e-3)


def test_weighted_depth_of_odd_books():
    run = Run(weighted_depth.MEASURE).group([(99, 3)], []).value().group([], []).value()
    run.group([(101, 1)], [(100, 1)]).value()
    one_sided, empty, crossed = run.results()
    assert one_sided["rank"] == (1.0, Reason.NONE)
    assert one_sided["distance"][1] is Reason.ONE_SIDED
    assert (empty["rank"][1], crossed["rank"][1]) == (Reason.EMPTY_BOOK, Reason.CROSSED)
    assert math.isnan(crossed["distance"][0])
