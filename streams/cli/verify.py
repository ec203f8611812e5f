"""`equipoise verify`: check attestations, and say what they show and what they do not."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from equipoise.proofs.claims import NOTE
from equipoise.proofs.equivocation import Equivocation, check_equivocation
from equipoise.proofs.errors import Rejected
from equipoise.proofs.verify import Verdict, verify, verify_chain
from equipoise.streams.cli.proof_options import failing, read_bounded, trust, trust_options

EXIT = {"accept": 0, "invalid": 1, "malformed": 2}


def show(name: str, verdict: Verdict, quiet: bool = False) -> None:
    """Print a verdict: notes first, for they say how far to believe the rest."""
    click.echo(f"{name}: {verdict.sentence}")
    if verdict and not quiet:
        notes = [sentence for sentence in verdict.attested if sentence.startswith(NOTE)]
        for note in notes:
            click.echo(f"  ! {note.removeprefix(NOTE)}")
        for sentence in verdict.attested:
            if sentence not in notes:
                click.echo(f"  + {sentence}")
        if verdict.not_attested:
            click.echo("  not attested:")
            for sentence in verdict.not_attested:
                click.echo(f"  - {sentence}")


@click.command(name="verify")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--chain", is_flag=True, help="FILES, in this order, must also follow one another without a gap.")
@click.option("--quiet", is_flag=True, help="One line for each file.")
@click.option("--evidence", type=click.Path(path_type=Path), help="Where two FILES contradict, write the proof here.")
@trust_options
def command(
    files: Sequence[Path],
    chain: bool,
    quiet: bool,
    evidence: Path | None,
    largest: int,
    **known: Any,
) -> None:
    """Check bundles, equivocation proofs and key histories.

    Says in plain words what was shown, and what was not. Exits with 0 when all is accepted, 1
    when something is well-formed but does not hold, 2 when something is not well-formed.
    Without --history (and --pin) or --expect-key a signature only says that somebody signed; the
    verdict is then "ACCEPTED, key not checked".

    \b
    Example:
      equipoise verify day/*.eqp --chain --history me.history --pin HISTORY_ID
    """
    trusted = trust(**known)
    data = [read_bounded(path, largest) for path in files]
    verdicts = []
    for path, one in zip(files, data, strict=True):
        verdicts.append(verify(one, **trusted))
        show(str(path), verdicts[-1], quiet)
    if evidence is not None:
        _write_evidence(files, verdicts, evidence)
    if chain:
        verdicts.append(verify_chain(data, **trusted))
        show("chain", verdicts[-1], quiet)
    sys.exit(max(EXIT[verdict.verdict] for verdict in verdicts))


def _write_evidence(files: Sequence[Path], verdicts: Sequence[Verdict], out: Path) -> None:
    signed = [(path, v.bundle.t0) for path, v in zip(files, verdicts, strict=True) if v.bundle is not None]
    for (path_a, a), (path_b, b) in itertools.combinations(signed, 2):
        case = Equivocation(a, b)
        try:
            check_equivocation(case)
        except Rejected:
            continue
        with failing():
            out.write_bytes(case.encode())
        click.echo(f"{path_a} and {path_b} are two statements under one sequence number: evidence in {out}")
        return
    click.echo("no two files contradict each other: no evidence was written")
