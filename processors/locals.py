"""Which instruments an engine has seen, and under which number of its own.

The table of instruments is the whole process's, an engine one partition's: it holds rows only for what came to
it. `take` turns the table's indices into rows of the engine, and gives a row to what is new.
"""

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.int32]

UNKNOWN = -1


class Locals:
    """Rows of an engine's instruments. A row, once given, stays that instrument's."""

    def __init__(self) -> None:
        self._row = np.full(1, UNKNOWN, np.int32)  # by index; the last entry is that of index -1
        self.indices: Indices = np.zeros(0, np.int32)  # by row

    def __len__(self) -> int:
        return len(self.indices)

    def row(self, index: int) -> int:
        """The row of one instrument, or UNKNOWN."""
        return int(self._row[index]) if index < len(self._row) - 1 else UNKNOWN

    def find(self, indices: Indices, n: int) -> Indices:
        """The row of each index, UNKNOWN where it is -1 or has none. All must lie in [-1, n). Shape (rows,)."""
        if n >= len(self._row):
            wider = np.full(2 * n + 1, UNKNOWN, np.int32)
            wider[: len(self._row)] = self._row
            self._row = wider
        return self._row[indices]

    def add(self, indices: Indices) -> Indices:
        """Give a row to each known index that `find` left without one; returns those that are new, ascending."""
        new: Indices = np.unique(indices[(indices >= 0) & (self._row[indices] == UNKNOWN)])
        self._row[new] = np.arange(len(self.indices), len(self.indices) + len(new), dtype=np.int32)
        self.indices = np.concatenate((self.indices, new))
        return new
