"""`python -m equipoise.proofs.independent FILE…`: check bundles, evidence and histories on disk.

Several bundles are checked as a chain with --chain, in the order given. Exit status: 0 when everything was accepted,
1 when something was refused, 2 when the command or a file could not be read.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .api import verify, verify_chain
from .verdict import Verdict

_LARGEST = 268_435_456 + 9


def _digest(text: str) -> bytes:
    data = bytes.fromhex(text)
    if len(data) != 32:
        raise argparse.ArgumentTypeError(f"expected 64 hex digits, got {len(text)} characters")
    return data


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m equipoise.proofs.independent",
        description="Verify attestation files with the verifier that was written from the specification alone.",
        epilog="example: python -m equipoise.proofs.independent --history keys.eqp --chain w1.eqp w2.eqp",
    )
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="a bundle, equivocation or history object")
    parser.add_argument("--chain", action="store_true", help="the files are bundles of consecutive statements")
    parser.add_argument("--history", type=Path, help="the publisher's key history")
    parser.add_argument("--pin", type=_digest, help="the history's id, 64 hex digits")
    parser.add_argument("--head", type=_digest, help="an entry digest seen before, 64 hex digits")
    parser.add_argument("--key", type=_digest, help="the expected signing key where there is no history")
    return parser


def _read(path: Path) -> bytes:
    """The file's bytes, or one byte more than any object may have."""
    with path.open("rb") as file:
        return file.read(_LARGEST + 1)


def _show(name: str, verdict: Verdict) -> None:
    said = ": ".join(part for part in (verdict.verdict, verdict.reason) if part)
    print(f"{name}: {said}{f' ({verdict.detail})' if verdict.detail else ''}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.history is None and (options.pin or options.head):
        parser.error("--pin and --head are about a key history: name its file with --history")
    if options.history is not None and options.key:
        parser.error("--key is for use without --history")
    try:
        history = None if options.history is None else _read(options.history)
        objects = [_read(path) for path in options.files]
    except OSError as fault:
        print(f"cannot read {fault.filename}: {fault.strerror}", file=sys.stderr)
        return 2
    pin, head, key = options.pin, options.head, options.key
    if options.chain:
        verdicts = [verify_chain(objects, history=history, pin=pin, head=head, key=key)]
        names = [f"chain of {len(objects)}"]
    else:
        verdicts = [verify(data, history=history, pin=pin, head=head, key=key) for data in objects]
        names = [str(path) for path in options.files]
    for name, verdict in zip(names, verdicts, strict=True):
        _show(name, verdict)
    return 0 if all(verdict.accepted for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
