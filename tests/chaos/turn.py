"""Rounds side by side on one cluster: who may kill a broker, and who needs all of them.

Two killed at once would be no majority, and topics cannot be made while one is away.
"""

import fcntl
import hashlib
import tempfile
from pathlib import Path
from typing import IO


class Turn:
    """One a cluster, or some that share it, whichever process asks; a process that dies has given it back."""

    def __init__(self, cluster: str) -> None:
        digest = hashlib.sha256(cluster.encode()).hexdigest()[:12]
        self._file = Path(tempfile.gettempdir()) / f"chaos-{digest}.turn"
        self._held: IO[str] | None = None

    @property
    def ours(self) -> bool:
        """Whether we have it now."""
        return self._held is not None

    def take(self, shared: bool = False) -> bool:
        """Whether it is ours now, or was already; `shared`: beside others that kill nothing either."""
        if self._held is None:
            file = self._file.open("a")
            try:
                fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                file.close()
                return False
            self._held = file
        return True

    def give(self) -> None:
        """Back, if it is ours."""
        if self._held is not None:
            self._held.close()
            self._held = None
