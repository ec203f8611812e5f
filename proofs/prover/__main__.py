"""``python -m equipoise.proofs.prover FOLDER [BACKLOG [KEEP]]``: serve on standard input and output."""

import sys
from pathlib import Path

from equipoise.proofs.prover.server import Limits, serve

if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer, Limits(*map(int, sys.argv[2:4]))))
