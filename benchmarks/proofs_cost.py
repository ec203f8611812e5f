"""What each proof costs to make, to check and to carry, beside what was asked for.

    python -m benchmarks.proofs_cost [--quick]

CPU time of one core (process time), because the machine is shared; medians unless p99 is
said. The independent verifier is measured on the same bytes.

What was asked for was meant for the machine on which the design's figures were measured. The
yardsticks are operations of the libraries alone, beside that machine's figure, at the beginning
and at the end of the run: read the table by their ratio.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from py_arkworks_bls12381 import G1Point

from equipoise.proofs.audit import Audit, check_audit, make_audit
from equipoise.proofs.band import Band, band_equation, check_band, prove_band
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.generators import generator_digest, vectors
from equipoise.proofs.group import ORDER, G, H, scalar, tables
from equipoise.proofs.link import check_link, prove_link
from equipoise.proofs.opening import check_opening, open_totals
from equipoise.proofs.orders import Order
from equipoise.proofs.prover.journal import Journal
from equipoise.proofs.rangecheck import Batch
from equipoise.proofs.receipt import Receipt, check_receipt, prove_receipt
from equipoise.proofs.statements import Subject
from equipoise.proofs.vectors.scenes import BAND_TERMS, IDENTITY, MINUTE, OPEN_TERMS, TOPIC
from equipoise.proofs.verify import verify
from equipoise.proofs.window import Closed, Terms, Window


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    what: str
    value: str
    asked: str = ""


def spent(job: Callable[[], object], times: int) -> list[float]:
    """CPU seconds of each run, sorted."""
    out = []
    for _ in range(times):
        start = time.process_time()
        job()
        out.append(time.process_time() - start)
    return sorted(out)


def median(job: Callable[[], object], times: int = 5) -> float:
    """The median's seconds."""
    return spent(job, times)[times // 2]


def ms(seconds: float) -> str:
    """As milliseconds."""
    return f"{seconds * 1e3:,.2f} ms" if seconds < 0.01 else f"{seconds * 1e3:,.0f} ms"


def orders(count: int) -> list[Order]:
    """Orders of one partition, 100 synthetic traders."""
    return [
        Order(TOPIC, 0, i, 0, f"trader-{i % 100}", f"order-{i}", i, *((i % 9 + 1, 0) if i % 2 else (0, i % 7 + 1)))
        for i in range(count)
    ]


def filled(terms: Terms, placed: list[Order]) -> Window:
    """A window with these orders."""
    window = Window(terms, IDENTITY.blinding, 0, MINUTE)
    for order in placed:
        window.add(order)
    return window


def close(window: Window) -> Closed:
    """Close it as the first of its stream."""
    return window.close(0, bytes(32), IDENTITY.signer)


def first_closes(placed: list[Order], times: int) -> list[float]:
    """CPU seconds of closing windows that were just filled, sorted: nothing is warm, as in a stream."""
    out = []
    for _ in range(times):
        window = filled(OPEN_TERMS, placed)
        out += spent(lambda window=window: close(window), 1)  # type: ignore[misc]
    return sorted(out)


def nonces(closed: Closed):  # type: ignore[no-untyped-def]
    """Fresh nonces."""
    return IDENTITY.blinding.nonces(b"bench", closed.t0.digest)


def committing(times: int) -> list[Row]:
    """T0: orders as they come, and the close."""
    placed = orders(1_000)
    added = median(lambda: filled(OPEN_TERMS, placed), 5) / len(placed)
    window = filled(OPEN_TERMS, placed)
    closes = first_closes(placed, times)
    many = filled(replace(OPEN_TERMS, order_limit=10), placed)
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal")
        done = close(window)
        start = time.perf_counter()
        journal.claim(done)
        synced = time.perf_counter() - start
        journal.close()
    aggregate = median(lambda: filled(replace(OPEN_TERMS, order_limit=1), placed), 5) / len(placed)
    return [
        Row("T0: an order added (two commitments, one tree append)", f"{added * 1e3:.3f} ms", "≤ 0.2 ms"),
        Row("orders per second that one core commits to", f"{1 / added:,.0f}", "about 6,000"),
        Row("T0: close of a window that was just filled, 1,000 orders, median", ms(closes[times // 2])),
        Row("T0: the same, p99", ms(closes[times * 99 // 100]), "< 1 ms"),
        Row("an order above the limit (one leaf per trader)", f"{aggregate * 1e6:.1f} µs"),
        Row("T0: close with one leaf for each of 100 traders", ms(median(lambda: close(many)))),
        Row("journal: one claim, with its fsync (elapsed time; the disk's)", ms(synced)),
        Row("attestation", f"{len(done.t0.encode())} B"),
    ]


def totals() -> list[Row]:
    """Link, open mode, threshold mode."""
    opened, hidden = close(filled(OPEN_TERMS, orders(1_000))), close(filled(BAND_TERMS, orders(1_000)))
    small = close(filled(BAND_TERMS, orders(10)))
    link, opening = prove_link(opened, nonces(opened)), open_totals(opened)
    subject, secret = Subject(opened.header, opened.t0), Subject(hidden.header, hidden.t0)
    band = prove_band(hidden, nonces(hidden))
    batch_size = 8

    def batched() -> None:
        batch = Batch()
        for _ in range(batch_size):
            batch.add(band_equation(secret, band))
        batch.check()

    data = band.encode()
    return [
        Row("link: make / check", f"{ms(median(lambda: prove_link(opened, nonces(opened))))} / "
            f"{ms(median(lambda: check_link(subject, link)))}"),
        Row("T1 open: check", ms(median(lambda: check_opening(subject, opening)))),
        Row("T1 open: size", f"{len(opening.encode())} B"),
        Row("T1 threshold: make, 1,000 orders", ms(median(lambda: prove_band(hidden, nonces(hidden)))), "≤ 500 ms"),
        Row("T1 threshold: make, 10 orders", ms(median(lambda: prove_band(small, nonces(small)))), "≤ 500 ms"),
        Row("T1 threshold: decode and check", ms(median(lambda: check_band(secret, Band.decode(data)), 9)), "≤ 50 ms"),
        Row("T1 threshold: size", f"{len(data):,} B", "≤ 1.3 KB"),
        Row(f"T1 threshold: check in a batch of {batch_size}, each", ms(median(batched, 3) / batch_size)),
    ]  # fmt: skip


def receipts(sizes: list[int]) -> list[Row]:
    """T2 and T3 by window size."""
    out = []
    for size in sizes:
        closed = close(filled(OPEN_TERMS, orders(size)))
        subject, link = Subject(closed.header, closed.t0), prove_link(closed, nonces(closed))
        receipt = prove_receipt(closed, 0, size // 2, nonces(closed)).encode()
        asked = "≤ 60 ms" if size == 10_000 else ""
        made = median(lambda c=closed, n=size: prove_receipt(c, 0, n // 2, nonces(c)), 3)  # type: ignore[misc]
        checked = median(lambda s=subject, k=link, r=receipt: check_receipt(s, k, Receipt.decode(r)), 9)  # type: ignore[misc]
        out += [
            Row(f"T2 receipt, {size:,} orders: make", ms(made)),
            Row(f"T2 receipt, {size:,} orders: decode and check", ms(checked), asked),
            Row(f"T2 receipt, {size:,} orders: size", f"{len(receipt):,} B"),
        ]
        audit = make_audit(closed).encode()
        summed = median(lambda s=subject, k=link, a=audit: check_audit(s, k, Audit.decode(a)), 3)  # type: ignore[misc]
        out.append(
            Row(f"T3 audit, {size:,} leaves: decode and sum", ms(summed), "≤ 2,500 ms" if size == 10_000 else "")
        )
        out.append(Row(f"T3 audit, {size:,} leaves: size", f"{len(audit) / 1e3:,.0f} kB"))
    return out


def yardsticks() -> list[tuple[str, float, str]]:
    """What the libraries need for one operation: its name, seconds, and milliseconds on the targets' machine."""
    left, right = vectors(1_000)
    factors = [pow(7, i, ORDER) for i in range(1, 2_001)]
    terms = [*left, *right], [scalar(x) for x in factors]
    pair = [G, H], terms[1][-2:]
    return [
        ("a two-term multi-scalar multiplication", median(lambda: G1Point.multiexp_unchecked(*pair), 101), "0.3"),
        ("a 2,000-term multi-scalar multiplication", median(lambda: G1Point.multiexp_unchecked(*terms), 9), "50–90"),
        ("an Ed25519 signature", median(lambda: IDENTITY.signer.sign(bytes(100)), 101), "0.08"),
    ]


def compared(before: list[tuple[str, float, str]], after: list[tuple[str, float, str]]) -> list[Row]:
    """The yardsticks of both ends of the run."""
    return [
        Row(f"yardstick: {name} ({there} ms on the machine of the targets)", f"{ms(first)}, at the end {ms(last)}")
        for (name, first, there), (_, last, _) in zip(before, after, strict=True)
    ]


def starting() -> list[Row]:
    """What a process pays once (measured before anything else)."""
    table = median(tables, 1)
    start = time.process_time()
    vectors(512)
    generator_digest(512)
    return [
        Row("once: the tables of both bases", ms(table)),
        Row("once: 1,024 generators, hashed to the curve", ms(time.process_time() - start)),
    ]


def independently() -> list[Row]:
    """The second verifier on the same bundles, where it is installed."""
    if find_spec("equipoise.proofs.independent") is None:
        return [Row("independent verifier", "not there")]
    from equipoise.proofs import independent

    out = []
    for name, terms, picked in (("open", OPEN_TERMS, []), ("threshold", BAND_TERMS, []), ("receipt", OPEN_TERMS, [3])):
        closed = close(filled(terms, orders(16)))
        bundle = Bundle(
            closed.header,
            closed.t0,
            prove_link(closed, nonces(closed)),
            open_totals(closed) if name == "open" else None,
            prove_band(closed, nonces(closed)) if name == "threshold" else None,
            tuple(prove_receipt(closed, 0, i, nonces(closed)) for i in picked),
        ).encode()
        fast = median(lambda b=bundle: verify(b), 3)  # type: ignore[misc]
        start = time.process_time()
        verdict = independent.verify(bundle)
        slow = time.process_time() - start
        assert verdict.verdict == "accept", verdict
        out.append(Row(f"bundle ({name}, 16 orders): fast / independent", f"{ms(fast)} / {ms(slow)}"))
    return out


def main() -> int:
    """Measure and print a Markdown table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="smaller windows, fewer repetitions")
    quick = parser.parse_args().quick
    rows = starting()
    before = yardsticks()
    rows += committing(50 if quick else 300)
    rows += totals()
    rows += receipts([100] if quick else [100, 1_000, 10_000])
    rows += independently()
    rows = compared(before, yardsticks()) + rows
    print("| what | measured | asked for |\n|---|---|---|")
    for row in rows:
        print(f"| {row.what} | {row.value} | {row.asked} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
