"""``python -m equipoise.proofs.prover FOLDER [BACKLOG [KEEP]]``: serve on standard input and output."""

import resource
import sys
from pathlib import Path

from equipoise.proofs.errors import LimitExceeded
from equipoise.proofs.prover.server import Limits, serve


def main(arguments: list[str]) -> int:
    """Serve; the exit code is `serve`'s, and 2 for arguments that are none."""
    try:
        if not 1 <= len(arguments) <= 3:
            raise ValueError(f"{len(arguments)} arguments")
        limits = Limits(*map(int, arguments[1:]))
    except (ValueError, LimitExceeded) as fault:
        print(f"{fault}\nusage: python -m equipoise.proofs.prover FOLDER [BACKLOG [KEEP]]", file=sys.stderr)
        return 2
    return serve(Path(arguments[0]), sys.stdin.buffer, sys.stdout.buffer, limits)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the keys
    sys.exit(main(sys.argv[1:]))
