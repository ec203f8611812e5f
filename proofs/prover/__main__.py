"""``python -m equipoise.proofs.prover FOLDER [BACKLOG [KEEP]]``: serve on standard input and output."""

import resource
import sys
from pathlib import Path

from equipoise.proofs.prover.server import Limits, serve

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would hold the keys
    sys.exit(serve(Path(sys.argv[1]), sys.stdin.buffer, sys.stdout.buffer, Limits(*map(int, sys.argv[2:4]))))
