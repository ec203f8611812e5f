"""`equipoise audit`: sum every leaf's commitments of a window again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from equipoise.proofs.verify import Verdict, verify
from equipoise.streams.cli.proof_options import read_bounded, trust, trust_options
from equipoise.streams.cli.verify import EXIT, show


@click.command(name="audit")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@trust_options
def command(file: Path, largest: int, **known: Any) -> None:
    """Check FILE as `verify` does, and that it holds all leaves of its window.

    The auditor learns how many leaves there are and at which offsets, and nothing of what
    they hold.

    \b
    Example:
      equipoise audit day/00000000.eqp --history me.history
    """
    verdict = verify(read_bounded(file, largest), **trust(**known))
    if verdict and (verdict.bundle is None or verdict.bundle.audit is None):
        verdict = Verdict("invalid", "leaf-count", "bundle.audit", "this file holds no audit: ask for the leaves")
    show(str(file), verdict)
    sys.exit(EXIT[verdict.verdict])
