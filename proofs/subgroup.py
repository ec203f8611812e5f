"""Whether many points lie in the subgroup of order r, in a quarter of the time of asking each.

A point that does not has a part whose order divides the curve's cofactor. A random linear
combination, the usual way to check many things at once, is no good here: the cofactor has the
factors 3 and 11, so a part of order three would be lost in one of three combinations.

Random subsets do it. Whatever the other points are, the sum over a random subset with this
point and the one without it are not both in the subgroup; so a subset shows a point outside
with a probability of 1/2 at least, and 128 independent subsets miss it with 2**-128 at most.
They are drawn by the verifier after all points are fixed: nobody can prepare for them.

128 sums over n / 2 points would be slower than n checks. But a round of eight of them needs
n additions, whichever they are: a random byte for each point says which of the eight it is
in, points with equal bytes are added up first, and the sums are made of those 256.
"""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_bytes

from py_arkworks_bls12381 import G1Point

from equipoise.proofs.group import IDENTITY

ROUNDS = 16
FEWEST = 320  # below this the 16 times 510 additions between buckets cost more than is saved


def all_inside(points: Sequence[G1Point]) -> bool:
    """Whether every point is in the subgroup; wrongly true with a probability of 2**-128 at most."""
    if len(points) < FEWEST:
        return all(point.is_in_subgroup() for point in points)
    return all(total.is_in_subgroup() for _ in range(ROUNDS) for total in subset_sums(points, token_bytes(len(points))))


def subset_sums(points: Sequence[G1Point], subsets: bytes) -> list[G1Point]:
    """Eight sums; point i is in the k-th of them where bit 7 - k of ``subsets[i]`` is set."""
    buckets = [IDENTITY] * 256
    for point, subset in zip(points, subsets, strict=True):
        buckets[subset] = buckets[subset] + point
    sums = []
    while len(buckets) > 1:
        half = len(buckets) // 2
        without, within = buckets[:half], buckets[half:]
        sums.append(sum(within, IDENTITY))
        buckets = [a + b for a, b in zip(without, within, strict=True)]
    return sums
