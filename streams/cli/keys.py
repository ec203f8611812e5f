"""`equipoise keys`: make, rotate, retire and revoke signing keys."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from equipoise.proofs import history as hi
from equipoise.proofs.errors import KeyRefused, ProofError
from equipoise.proofs.keys import Identity, unseal, write_private
from equipoise.proofs.prover.journal import write_durably
from equipoise.proofs.verify import Trust

PASSPHRASE = "EQUIPOISE_PASSPHRASE"  # noqa: S105 - the variable's name
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_NEW = click.Path(dir_okay=False, path_type=Path)


def passphrase_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--passphrase-file; otherwise the environment, otherwise a question."""
    text = f"Its first line is the passphrase; otherwise ${PASSPHRASE}, otherwise you are asked."
    return click.option("--passphrase-file", type=_FILE, help=text)(function)


def passphrase(file: Path | None, confirm: bool = False) -> str:
    """The passphrase, from wherever it is given. Never on the command line: others would see it."""
    if file is not None:
        return file.read_text().split("\n", 1)[0]
    if PASSPHRASE in os.environ:
        return os.environ[PASSPHRASE]
    return str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))


def load_identity(key_file: Path, file: Path | None) -> Identity:
    """Open a sealed key; KeyRefused."""
    with key_file.open("rb") as opened:
        return unseal(opened.read(1 << 16), passphrase(file))


def load_history(path: Path) -> hi.History:
    """A checked history; KeyRefused if it does not hold."""
    try:
        held = Trust.of(path.read_bytes()).history
    except ProofError as fault:
        raise KeyRefused(f"{path}: {fault}") from None
    assert held is not None
    return held


@click.group(name="keys")
def command() -> None:
    """Make, rotate, retire and revoke signing keys.

    A key file holds the signing key and the secret of the blindings, sealed under a passphrase.
    The history is public: verifiers pin its id.

    \b
    Example:
      equipoise keys new me.key --history me.history
      equipoise keys rotate me.key --to next.key --history me.history --overlap 24
      equipoise keys show me.history
    """


def _fail(fault: ProofError) -> click.ClickException:
    return click.ClickException(str(fault))


@command.command()
@click.argument("key_file", type=_NEW)
@click.option("--history", required=True, type=_NEW, help="The new history's file.")
@click.option("--from-now", is_flag=True, help="Valid from now on; without it, for recordings of any age too.")
@passphrase_options
def new(key_file: Path, history: Path, from_now: bool, passphrase_file: Path | None) -> None:
    """Make KEY_FILE and begin a history."""
    try:
        identity = Identity.generate()
        sealed = identity.seal(passphrase(passphrase_file, confirm=True))
        if history.exists():
            raise KeyRefused(f"{history}: exists already, and is not overwritten")
        begun = hi.begin(identity.signer, time.time_ns() if from_now else 0)
        write_private(key_file, sealed)
        write_durably(history, begun.encode())
    except ProofError as fault:
        raise _fail(fault) from None
    click.echo(f"key {identity.public.hex()}\nhistory {begun.id.hex()}  (verifiers pin this)")


@command.command()
@click.argument("key_file", type=_FILE)
@click.option("--to", "new_file", required=True, type=_NEW, help="The new key's file.")
@click.option("--history", required=True, type=_FILE)
@click.option("--overlap", "overlap_h", default=24.0, show_default=True, help="Hours for which both are valid.")
@passphrase_options
def rotate(key_file: Path, new_file: Path, history: Path, overlap_h: float, passphrase_file: Path | None) -> None:
    """Add a new key, valid from now, and retire KEY_FILE after the overlap."""
    try:
        old = load_identity(key_file, passphrase_file)
        fresh = old.rotated()
        now = time.time_ns()
        longer = hi.add(load_history(history), old.signer, fresh.signer, now)
        longer = hi.retire(longer, fresh.signer, old.public, now + round(overlap_h * 3_600_000_000_000))
        write_private(new_file, fresh.seal(passphrase(passphrase_file)))
        write_durably(history, longer.encode())
    except ProofError as fault:
        raise _fail(fault) from None
    click.echo(f"key {fresh.public.hex()}\nhead {longer.head.hex()}")


@command.command()
@click.argument("key_file", type=_FILE)
@click.option("--history", required=True, type=_FILE)
@click.option("--public", "target", help="The key to revoke, in hex; otherwise KEY_FILE itself.")
@click.option("--from", "since", type=int, help="ns since the epoch from which it counts for nothing; default now.")
@passphrase_options
def revoke(key_file: Path, history: Path, target: str | None, since: int | None, passphrase_file: Path | None) -> None:
    """Say that a key is, or may be, in other hands. KEY_FILE signs."""
    try:
        holder = load_identity(key_file, passphrase_file)
        victim = bytes.fromhex(target) if target else holder.public
        longer = hi.revoke(load_history(history), holder.signer, victim, time.time_ns() if since is None else since)
        write_durably(history, longer.encode())
    except (ProofError, ValueError) as fault:
        raise click.ClickException(str(fault)) from None
    click.echo(f"revoked {victim.hex()}\nhead {longer.head.hex()}")


@command.command()
@click.argument("history", type=_FILE)
def show(history: Path) -> None:
    """Print a history's id, head and keys (all public)."""
    try:
        held = load_history(history)
    except ProofError as fault:
        raise _fail(fault) from None
    click.echo(f"history {held.id.hex()}\nhead    {held.head.hex()}")
    for key, standing in held.keys.items():
        ends = [f"retired at {standing.retired}"] if standing.retired is not None else []
        ends += [f"REVOKED at {standing.revoked}"] if standing.revoked is not None else []
        click.echo(f"{key.hex()}  from {standing.since}  {', '.join(ends) or 'valid'}")
