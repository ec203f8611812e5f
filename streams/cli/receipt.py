"""`equipoise receipt`: prove or check that one order is counted."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from equipoise.proofs.bundle import LIMIT
from equipoise.proofs.errors import LimitExceeded, Malformed
from equipoise.proofs.orders import OrderContent, decode_content
from equipoise.proofs.prover.jobs import Job, Wanted, receipt, reopen
from equipoise.proofs.prover.journal import write_durably
from equipoise.proofs.verify import Verdict, verify
from equipoise.proofs.window import Closed
from equipoise.streams.cli.proof_options import (
    FILE,
    NEW,
    failing,
    load_identity,
    passphrase,
    passphrase_options,
    read_bounded,
    trust,
    trust_options,
)
from equipoise.streams.cli.verify import EXIT, show


@click.group(name="receipt")
def command() -> None:
    """Prove or check that one order is counted.

    \b
    Example:
      equipoise receipt make day/private/00000000.job --order order-7 --key me.key --out seven.eqp
      equipoise receipt check seven.eqp --history me.history
    """


@command.command()
@click.argument("job", type=FILE)
@click.option("--order", "order_id", help="The order's id (or the trader's name, with one leaf per trader).")
@click.option("--leaf", nargs=2, type=int, help="Or: the leaf's tree and index.")
@click.option("--key", "key_file", required=True, type=FILE)
@click.option("--out", required=True, type=NEW)
@passphrase_options
def make(
    job: Path,
    order_id: str | None,
    leaf: tuple[int, int] | None,
    key_file: Path,
    out: Path,
    passphrase_file: Path | None,
) -> None:
    """Make a receipt from a window's private JOB. It opens that one order: give it to its trader alone."""
    if (order_id is None) == (leaf is None):
        raise click.UsageError("say which order: --order ID, or --leaf TREE INDEX")
    with failing():
        held = _job(job)
        identity = load_identity(key_file, passphrase(passphrase_file))
        tree, index = leaf or _find(reopen(held, identity.blinding), order_id)
        wanted = Wanted(held.t0.digest, tree, index)
        write_durably(out, receipt(held, wanted, identity.blinding).encode())
    click.echo(f"receipt of leaf {index} in tree {tree}: {out}")


def _job(path: Path) -> Job:
    try:
        return Job.from_body(read_bounded(path, LIMIT >> 20))
    except Malformed as fault:
        raise LimitExceeded(f"{path}: no job file (`prove` writes them as private/NUMBER.job): {fault}") from None


def _find(closed: Closed, wanted: str | None) -> tuple[int, int]:
    found = []
    for tree, leaves in enumerate(closed.trees):
        for index, leaf in enumerate(leaves):
            content = decode_content(closed.header, leaf.content)
            if wanted == (content.order_id if isinstance(content, OrderContent) else content.participant):
                found.append((tree, index))
    if len(found) == 1:
        return found[0]
    if not found:
        raise LimitExceeded(f"--order {wanted!r}: not in this window")
    leaves_there = ", ".join(f"{tree} {index}" for tree, index in found[:8])
    raise LimitExceeded(f"--order {wanted!r}: {len(found)} orders have this id: choose with --leaf ({leaves_there})")


@command.command()
@click.argument("file", type=FILE)
@trust_options
def check(file: Path, largest: int, **known: Any) -> None:
    """Check that FILE proves an order to be counted."""
    verdict = verify(read_bounded(file, largest), **trust(**known))
    if verdict and (verdict.bundle is None or not verdict.bundle.receipts):
        verdict = Verdict("invalid", "leaf-count", "bundle.receipts", "this file holds no receipt")
    show(str(file), verdict)
    sys.exit(EXIT[verdict.verdict])
