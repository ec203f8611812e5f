"""What is published does not depend on the values committed: neither in size, nor in operations, nor in time.

Sizes and operations are exact. Times are CPU seconds, and the least of many turns, taken in
alternation: others on the machine only ever add. A difference has to be seen three times to count.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from py_arkworks_bls12381 import G1Point

from equipoise.proofs.group import IDENTITY, ORDER, FixedBase, G, Point, commit, msm, tables
from equipoise.proofs.rangemake import prove_range
from equipoise.proofs.transcript import Transcript
from equipoise.proofs.vectors.scenes import BAND_TERMS, MINUTE, closed, full, orders
from equipoise.proofs.vectors.scenes import IDENTITY as PUBLISHER
from equipoise.proofs.window import Window

BLINDING = 7**90 % ORDER
SMALL, LARGE = [(1, 0), (0, 1)] * 5, [((1 << 29) - 1, 0), (0, (1 << 29) - 1)] * 5


def test_sizes_do_not_depend_on_the_values() -> None:
    shapes = set()
    for lots in ([(1, 0), (0, 1), (1, 1)], [((1 << 31), 0), (0, (1 << 31)), (5, 5)], [(0, 0), (0, 3), (0, 0)]):
        bundle = full(closed(BAND_TERMS, orders(lots)), [(0, 0)])
        shapes.add(tuple(len(part.encode()) for part in bundle.parts))
    assert len(shapes) == 1


def operations(monkeypatch: pytest.MonkeyPatch, lots: list[tuple[int, int]]) -> list[tuple[str, int]]:
    """Every group operation of making a window and its proofs: which, and over how many terms."""
    seen: list[tuple[str, int]] = []

    def counted(points: list[G1Point], factors: list[int]) -> G1Point:
        seen.append(("msm", len(points)))
        return msm(points, factors)

    onto = FixedBase.onto
    with monkeypatch.context() as patched:
        patched.setattr("equipoise.proofs.rangemake.msm", counted)
        patched.setattr("equipoise.proofs.innerproduct.msm", counted)
        patched.setattr(
            FixedBase, "onto", lambda self, p, x, bits: seen.append(("table", bits)) or onto(self, p, x, bits)
        )
        full(closed(BAND_TERMS, orders(lots)), [(0, 1)])
    return seen


def test_the_same_operations_for_all_values(monkeypatch: pytest.MonkeyPatch) -> None:
    few = operations(monkeypatch, [(1, 0), (1, 0), (0, 0), (0, 1)])
    many = operations(monkeypatch, [(1 << 29, 0), (0, 1 << 30), (3, 5), (0, (1 << 28) - 1)])
    assert few == many
    assert len(few) > 50


def apart(small: Callable[[], object], large: Callable[[], object], turns: int) -> float:
    """How far the least CPU times of two jobs are apart, as a part of the smaller one's."""
    least = [float("inf"), float("inf")]
    for turn in range(2 * turns):
        which = (turn ^ turn >> 1) & 1  # small, large, large, small: neither always goes first
        start = time.process_time()
        (small, large)[which]()
        least[which] = min(least[which], time.process_time() - start)
    return least[1] / least[0] - 1


def independent(small: Callable[[], object], large: Callable[[], object], turns: int, most: float) -> bool:
    """Whether the times were less than ``most`` apart in one of three tries."""
    return any(abs(apart(small, large, turns)) < most for _ in range(3))


def each(job: Callable[[int], G1Point], value: int) -> Callable[[], object]:
    return lambda: [job(value) for _ in range(40)]


def blinded(value: int) -> G1Point:
    return commit(value, BLINDING)


@pytest.mark.parametrize("small", [0, 1, 255])
@pytest.mark.parametrize("large", [(1 << 64) - 1, 1 << 63])
def test_a_commitment_takes_as_long_whatever_it_holds(small: int, large: int) -> None:
    tables()
    assert independent(each(blinded, small), each(blinded, large), 60, 0.07)


def test_plain_tables_would_show_how_large_a_value_is() -> None:
    """The same measurement on tables whose zeros are the identity, as ours were: it tells the values apart."""

    def plain(base: G1Point) -> list[list[G1Point]]:
        rows = []
        for _ in range(32):
            row = [IDENTITY]
            for _ in range(255):
                row.append(row[-1] + base)
            rows.append(row)
            base = row[-1] + base
        return rows

    rows = plain(G)

    def leaking(value: int) -> G1Point:
        total = IDENTITY
        for row, digit in zip(rows, value.to_bytes(8, "little"), strict=False):
            total = total + row[digit]
        return total

    assert leaking(5) == msm([G], [5])
    # Almost three times as long: far enough apart to be seen beside anything else on the machine.
    assert not independent(each(leaking, 0), each(leaking, (1 << 64) - 1), 60, 0.5)


def filled(lots: list[tuple[int, int]]) -> Window:
    window = Window(BAND_TERMS, PUBLISHER.blinding, 0, MINUTE)
    for order in orders(lots):
        window.add(order)
    return window


def test_a_window_takes_as_long_whatever_its_orders() -> None:
    assert independent(lambda: filled(SMALL), lambda: filled(LARGE), 60, 0.07)


def test_a_close_takes_as_long_whatever_the_totals() -> None:
    small, large = filled(SMALL), filled(LARGE)

    def close(window: Window) -> Callable[[], object]:
        return lambda: [window.close(0, bytes(32), PUBLISHER.signer) for _ in range(10)]

    assert independent(close(small), close(large), 60, 0.1)


def test_a_range_proof_takes_as_long_whatever_it_hides() -> None:
    """All bits zero against all bits one."""

    def proving(value: int) -> Callable[[], object]:
        openings = [(value, BLINDING)] * 2
        points = [Point(commit(*opening)) for opening in openings]
        nonces = PUBLISHER.blinding.nonces
        return lambda: prove_range(Transcript(b"TEST"), openings, points, 16, nonces(b"t", b"t"))

    assert independent(proving(0), proving((1 << 16) - 1), 20, 0.07)
