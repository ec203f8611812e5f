"""What the proofs' commands share: passphrases and keys, what a verifier trusts, errors as sentences."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from equipoise.proofs import history as hi
from equipoise.proofs.bundle import LIMIT
from equipoise.proofs.errors import KeyRefused, Malformed, ProofError, Rejected
from equipoise.proofs.keys import Identity, unseal
from equipoise.proofs.prover.journal import Journal, private_folder, write_durably
from equipoise.proofs.verify import Trust

PASSPHRASE = "EQUIPOISE_PASSPHRASE"  # noqa: S105 - the variable's name
_LONGEST = 4096
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
NEW = click.Path(dir_okay=False, path_type=Path)


@contextlib.contextmanager
def failing() -> Iterator[None]:
    """Refusals of the library and of the file system as one sentence, without a traceback."""
    try:
        yield
    except ProofError as fault:
        raise click.ClickException(str(fault)) from None
    except OSError as fault:
        raise click.ClickException(f"{fault.filename or 'file'}: {fault.strerror or fault}") from None


# --- keys ---------------------------------------------------------------------------------


def passphrase_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--passphrase-file; otherwise the environment, otherwise a question."""
    text = f"Its first line is the passphrase; otherwise ${PASSPHRASE}, otherwise you are asked."
    return click.option("--passphrase-file", type=FILE, help=text)(function)


def passphrase(file: Path | None, confirm: bool = False) -> str:
    """The passphrase, from wherever it is given. Never on the command line: others would see it."""
    if file is not None:
        warn_if_shared(file)
        words = _first_line(file)
    elif PASSPHRASE in os.environ:
        words = os.environ[PASSPHRASE]
    else:
        words = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm))
    try:
        words.encode()
    except UnicodeEncodeError:
        raise KeyRefused(f"passphrase in ${PASSPHRASE}: must be UTF-8 text") from None
    return words


def _first_line(file: Path) -> str:
    """At most a page of it: a file that is named by mistake may be large, or without end."""
    with file.open("rb") as opened:
        line = opened.readline(_LONGEST + 1)
    if len(line) > _LONGEST:
        raise KeyRefused(f"{file}: its first line has more than {_LONGEST} bytes")
    try:
        return line.rstrip(b"\r\n").decode()
    except UnicodeDecodeError:
        raise KeyRefused(f"{file}: the passphrase must be UTF-8 text") from None


def load_identity(key_file: Path, words: str) -> Identity:
    """Open a sealed key; KeyRefused. From here on a crash of this process leaves no core file."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warn_if_shared(key_file)
    with key_file.open("rb") as opened:
        return unseal(opened.read(1 << 16), words)


def warn_if_shared(path: Path) -> None:
    """Say so where others may read a secret file."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        click.echo(f"warning: {path} has mode {mode:o}, others may read it: chmod 600 {path}", err=True)


def load_history(path: Path) -> hi.History:
    """A checked history; KeyRefused if it does not hold."""
    try:
        held = Trust.of(read_bounded(path, 1)).history
    except Rejected as fault:
        raise KeyRefused(f"{path}: {_of_history(fault)}") from None
    assert held is not None
    return held


def _of_history(fault: Rejected) -> str:
    return f"not a key history ({fault})" if isinstance(fault, Malformed) else f"does not hold: {fault}"


def journals_of(key_file: Path) -> Path:
    """The folder that remembers what a key has signed: beside the key, not beside what was published.

    Whoever proves one stream into two folders, or puts an old folder back, would otherwise sign
    two statements under one number.
    """
    return key_file.with_name(key_file.name + ".journals")


def journal_of(key_file: Path, stream: bytes) -> Journal:
    """The journal of one stream under one key; Refused if another process has it open."""
    folder = journals_of(key_file)
    private_folder(folder)
    return Journal(folder / stream.hex())


def copy_journals(key_file: Path, new_file: Path) -> None:
    """Give a new key the old one's memory, on the disk when this returns; Refused while `prove` is writing it."""
    if not journals_of(key_file).exists():
        return
    private_folder(journals_of(new_file))
    for path in sorted(journals_of(key_file).iterdir()):
        held = Journal(path)  # locked, and its torn end cut off
        try:
            write_durably(journals_of(new_file) / path.name, path.read_bytes())
        finally:
            held.close()


def within(low: float, high: float, unit: str) -> Callable[[click.Context, click.Parameter, float], float]:
    """A click callback for a number in low..high, which NaN is not (click's own range lets it through)."""

    def check(_ctx: click.Context, param: click.Parameter, value: float) -> float:
        if not low <= value <= high:
            raise click.BadParameter(f"{value}: must be in {low}..{high} {unit}".rstrip(), param=param)
        return value

    return check


# --- trust --------------------------------------------------------------------------------


def hexed(_ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """A click callback for 32 bytes in hex."""
    if value is None:
        return None
    try:
        data = bytes.fromhex(value)
    except ValueError:
        data = b""
    if len(data) != 32:
        raise click.BadParameter(
            f"{value!r}: must be 64 hex digits; `equipoise keys show HISTORY` prints them", param=param
        )
    return data


def trust_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """--history, --pin, --head and --expect-key; --largest."""
    for option in (
        click.option(
            "--largest",
            default=32,
            show_default=True,
            type=click.IntRange(1, LIMIT >> 20),
            help="Refuse files above so many MiB unread: anybody's file costs about a second for each before its "
            "signature is looked at.",
        ),
        click.option("--expect-key", "key", callback=hexed, help="Public key to expect, if there is no history."),
        click.option("--head", callback=hexed, help="Digest of the newest history entry that you have seen."),
        click.option("--pin", callback=hexed, help="Id of the history that you trust."),
        click.option("--history", type=FILE, help="The publisher's key history."),
    ):
        function = option(function)
    return function


def trust(history: Path | None, pin: bytes | None, head: bytes | None, key: bytes | None) -> dict[str, bytes | None]:
    """The keyword arguments of `verify`; UsageError for what would silently not be looked at.

    ClickException for a history that does not hold, or is not the one that was pinned.
    """
    if history is None and (pin or head):
        raise click.UsageError("--pin and --head are about a key history: name its file with --history")
    if history is not None and key is not None:
        raise click.UsageError("--expect-key is for use without --history, which says itself which keys count")
    data = _checked(history, pin, head) if history is not None else None
    return {"history": data, "pin": pin, "head": head, "key": key}


def _checked(path: Path, pin: bytes | None, head: bytes | None) -> bytes:
    """The bytes of a history that holds: were it judged with each proof, the proofs would seem to be at fault."""
    data = read_bounded(path, 1)
    try:
        Trust.of(data, pin, head)
    except Rejected as fault:
        refused = click.ClickException(f"--history {path}: {_of_history(fault)}")
        refused.exit_code = 2 if isinstance(fault, Malformed) else 1  # as `verify` ends for any file
        raise refused from None
    return data


def read_bounded(path: Path, largest: int) -> bytes:
    """A file's bytes; ClickException above ``largest`` MiB."""
    with failing(), path.open("rb") as file:
        data = file.read((largest << 20) + 1)
    if len(data) > largest << 20:
        raise click.ClickException(f"{path}: more than {largest} MiB (--largest)")
    return data
