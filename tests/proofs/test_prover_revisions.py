"""The prover signs a revision in open mode only if what it adds may be shown: it compares with the orders it keeps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from equipoise.proofs.orders import Order
from equipoise.proofs.policy import PrivacyPolicy
from equipoise.proofs.prover.client import Prover, signed
from equipoise.proofs.prover.jobs import TOTALS, Draft, Job
from equipoise.proofs.vectors.scenes import BAND_TERMS, MINUTE, OPEN_TERMS, orders
from equipoise.proofs.window import Terms
from tests.proofs.asked import SEALED, WORDS

POLICY = PrivacyPolicy(2, 700_000)
FIRST = [(5, 4), (5, 4), (5, 4)]


def placed(lots: list[tuple[int, int]], after: int = 0) -> list[Order]:
    return [replace(o, offset=o.offset + after) for o in orders(lots)]


def asked(prover: Prover, draft: Draft) -> str:
    """What the prover says to a draft: nothing where it signed."""
    fault = prover.attest(draft).exception(timeout=60)
    return "" if fault is None else str(fault)


def drafted(terms: Terms, revision: int, sequence: int, previous: bytes, held: list[Order]) -> Draft:
    return Draft(replace(terms, policy=POLICY).header(0, MINUTE, revision), sequence, previous, tuple(held))


def first(prover: Prover, terms: Terms, keep: bool = True) -> bytes:
    """Sign the first closing (and let the prover keep its orders); the statement's digest."""
    draft = drafted(terms, 0, 0, bytes(32), placed(FIRST))
    header, t0 = signed(prover.attest(draft).result(timeout=60))
    if keep:
        prover.prove(Job(header, t0, TOTALS, draft.orders)).result(timeout=60)
    return t0.digest


def test_late_orders_that_would_be_opened_are_refused(tmp_path: Path) -> None:
    with Prover(tmp_path, SEALED, WORDS) as prover:
        previous = first(prover, OPEN_TERMS)

        def revised(late: list[tuple[int, int]], kept: int = 3) -> str:
            held = placed(FIRST)[:kept] + placed(late, 900)
            return asked(prover, drafted(OPEN_TERMS, 1, 1, previous, held))

        assert "late orders' totals: fewer than 2" in revised([(7, 0)])
        assert "late orders' totals: fewer than 2" in revised([(7, 0), (0, 0)])
        assert "700000 ppm of buys" in revised([(9, 1), (1, 1)])
        assert "1 of the ones before are not there" in revised([(1, 1), (1, 1)], kept=2)
        assert revised([(1, 1), (1, 1)]) == ""
        assert revised([(1, 1), (1, 1)]) == ""  # the same again, as after a crash


def test_what_a_revision_adds_to_must_be_known(tmp_path: Path) -> None:
    with Prover(tmp_path / "a", SEALED, WORDS) as prover:
        held = placed(FIRST) + placed([(1, 1), (1, 1)], 900)
        assert "revision 0 was not signed here" in asked(prover, drafted(OPEN_TERMS, 1, 0, bytes(32), held))
        previous = first(prover, OPEN_TERMS, keep=False)
        assert "not among" in asked(prover, drafted(OPEN_TERMS, 1, 1, previous, held))
    with Prover(tmp_path / "b", SEALED, WORDS) as prover:  # a band shows no difference
        previous = first(prover, BAND_TERMS, keep=False)
        assert asked(prover, drafted(BAND_TERMS, 1, 1, previous, placed(FIRST) + placed([(7, 0)], 900))) == ""
