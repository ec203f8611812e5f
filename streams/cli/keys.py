"""`equipoise keys`: make, rotate, retire and revoke signing keys."""

from __future__ import annotations

import time
from pathlib import Path

import click

from equipoise.proofs import history as hi
from equipoise.proofs.errors import KeyRefused
from equipoise.proofs.keys import Identity, write_private
from equipoise.proofs.prover.journal import write_durably
from equipoise.streams.cli.proof_options import (
    FILE,
    NEW,
    copy_journals,
    failing,
    hexed,
    journals_of,
    load_history,
    load_identity,
    passphrase,
    passphrase_options,
    within,
)

PUBLIC = 0o644


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


@command.command()
@click.argument("key_file", type=NEW)
@click.option("--history", required=True, type=NEW, help="The new history's file.")
@click.option("--from-now", is_flag=True, help="Valid from now on; without it, for recordings of any age too.")
@passphrase_options
def new(key_file: Path, history: Path, from_now: bool, passphrase_file: Path | None) -> None:
    """Make KEY_FILE and begin a history."""
    with failing():
        for path in (key_file, history):
            if path.exists():
                raise KeyRefused(f"{path}: exists already, and is not overwritten")
        identity = Identity.generate()
        sealed = identity.seal(passphrase(passphrase_file, confirm=True))
        begun = hi.begin(identity.signer, time.time_ns() if from_now else 0)
        write_private(key_file, sealed)
        write_durably(history, begun.encode(), PUBLIC)
    click.echo(f"key {identity.public.hex()}\nhistory {begun.id.hex()}  (verifiers pin this)")


@command.command()
@click.argument("key_file", type=FILE)
@click.option("--to", "new_file", required=True, type=NEW, help="The new key's file.")
@click.option("--history", required=True, type=FILE)
@click.option(
    "--overlap", "overlap_h", default=24.0, show_default=True, callback=within(0, 876_000, "hours"),
    help="Hours for which both are valid.",
)  # fmt: skip
@passphrase_options
def rotate(key_file: Path, new_file: Path, history: Path, overlap_h: float, passphrase_file: Path | None) -> None:
    """Add a new key, valid from now, and retire KEY_FILE after the overlap.

    The new key has the same passphrase and the same blinding secret. It signs windows that end
    from now on; older recordings are KEY_FILE's to sign.
    """
    with failing():
        for path in (new_file, journals_of(new_file)):
            if path.exists():
                raise KeyRefused(f"{path}: exists already, and is not overwritten")
        words = passphrase(passphrase_file)
        old = load_identity(key_file, words)
        fresh = old.rotated()
        now = time.time_ns()
        longer = hi.add(load_history(history), old.signer, fresh.signer, now)
        longer = hi.retire(longer, fresh.signer, old.public, now + round(overlap_h * 3_600_000_000_000))
        copy_journals(key_file, new_file)  # what the old key has signed, the new one must not contradict
        write_private(new_file, fresh.seal(words))
        write_durably(history, longer.encode(), PUBLIC)
    click.echo(f"key {fresh.public.hex()}\nhead {longer.head.hex()}  (give verifiers the new {history.name})")


@command.command()
@click.argument("key_file", type=FILE)
@click.option("--history", required=True, type=FILE)
@click.option("--public", "target", callback=hexed, help="The key to revoke, in hex; otherwise KEY_FILE itself.")
@click.option("--from", "since", type=int, help="ns since the epoch from which it counts for nothing; default now.")
@passphrase_options
def revoke(
    key_file: Path, history: Path, target: bytes | None, since: int | None, passphrase_file: Path | None
) -> None:
    """Say that a key is, or may be, in other hands. KEY_FILE signs."""
    with failing():
        holder = load_identity(key_file, passphrase(passphrase_file))
        victim, time_ns = target or holder.public, time.time_ns() if since is None else since
        longer = hi.revoke(load_history(history), holder.signer, victim, time_ns)
        write_durably(history, longer.encode(), PUBLIC)
    click.echo(f"revoked {victim.hex()}\nhead {longer.head.hex()}  (give verifiers the new {history.name})")
    click.echo(f"windows that it signed and that end before {time_ns} still count: --from says an earlier time")


@command.command()
@click.argument("history", type=FILE)
def show(history: Path) -> None:
    """Print a history's id, head and keys (all public)."""
    with failing():
        held = load_history(history)
    click.echo(f"history {held.id.hex()}\nhead    {held.head.hex()}")
    for key, standing in held.keys.items():
        ends = [f"retired at {standing.retired}"] if standing.retired is not None else []
        ends += [f"REVOKED at {standing.revoked}"] if standing.revoked is not None else []
        click.echo(f"{key.hex()}  from {standing.since}  {', '.join(ends) or 'valid'}")
