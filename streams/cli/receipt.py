"""`equipoise receipt`: prove or check that one order is counted."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from equipoise.proofs.errors import LimitExceeded, ProofError
from equipoise.proofs.orders import OrderContent, decode_content
from equipoise.proofs.prover.jobs import Job, Wanted, receipt, reopen
from equipoise.proofs.verify import Verdict, verify
from equipoise.proofs.window import Closed
from equipoise.streams.cli.keys import load_identity, passphrase_options
from equipoise.streams.cli.verify import EXIT, read_bounded, show, trust, trust_options


@click.group(name="receipt")
def command() -> None:
    """Prove or check that one order is counted.

    \b
    Example:
      equipoise receipt make day/private/00000000.job --order order-7 --key me.key --out seven.eqp
      equipoise receipt check seven.eqp --history me.history
    """


@command.command()
@click.argument("job", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--order", "order_id", help="The order's id (or the trader's name, with one leaf per trader).")
@click.option("--leaf", nargs=2, type=int, help="Or: the leaf's tree and index.")
@click.option("--key", "key_file", required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path))
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
    try:
        identity = load_identity(key_file, passphrase_file)
        held = Job.from_body(read_bounded(job))
        tree, index = leaf if leaf else _find(reopen(held, identity.blinding), order_id)
        wanted = Wanted(held.t0.digest, tree, index)
        out.write_bytes(receipt(held, wanted, identity.blinding).encode())
    except ProofError as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"receipt of leaf {index} in tree {tree}: {out}")


def _find(closed: Closed, wanted: str | None) -> tuple[int, int]:
    for tree, leaves in enumerate(closed.trees):
        for index, leaf in enumerate(leaves):
            content = decode_content(closed.header, leaf.content)
            name = content.order_id if isinstance(content, OrderContent) else content.participant
            if name == wanted:
                return tree, index
    raise LimitExceeded(f"--order {wanted!r}: not in this window")


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trust_options
def check(file: Path, history: Path | None, pin: bytes | None, head: bytes | None, key: bytes | None) -> None:
    """Check that FILE proves an order to be counted."""
    verdict = verify(read_bounded(file), **trust(history, pin, head, key))
    if verdict and (verdict.bundle is None or not verdict.bundle.receipts):
        verdict = Verdict("invalid", "leaf-count", "bundle.receipts", "this file holds no receipt")
    show(str(file), verdict)
    sys.exit(EXIT[verdict.verdict])
