"""One outcome a record, from those of its rows, and how many records have which."""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.columns import Events
from equipoise.processors.jit import inner, njit
from equipoise.schemas.enums import Cause, Outcome

CODES = 256  # a code is gravity * CODES + cause
assert max(Cause) < CODES
# A record of several rows has the gravest outcome among them: what cannot be true is never lost among what can.
BY_GRAVITY = (Outcome.FLAGGED, Outcome.USED, Outcome.LATE, Outcome.DEAD)
_FLAGGED, _USED, _LATE = int(Outcome.FLAGGED), int(Outcome.USED), int(Outcome.LATE)


@inner
def _gravity(outcome: int) -> int:
    if outcome == _USED:
        return 1
    if outcome == _FLAGGED:
        return 0
    return 2 if outcome == _LATE else 3


@njit
def count(
    events: Events,
    outcome: NDArray[np.uint8],
    cause: NDArray[np.uint8],
    counts: NDArray[np.int64],
    seen: NDArray[np.int64],
    dead: NDArray[np.int64],
) -> tuple[int, int]:
    """Add up the records, whose rows are contiguous, by source and gravest code.

    counts : shape (sources, 4 * CODES), zeros. seen : shape (n, 3), takes source, code and count of each that occurs.
    dead : shape (n, 2), takes the last row of each record that the engine refused, and its cause. Returns how many
    rows of `seen` and of `dead` there are.
    """
    found = 0
    gravest = 0
    n = len(outcome)
    for r in range(n):
        code = _gravity(outcome[r]) * CODES + np.int64(cause[r])  # a plain uint8 would overflow uncompiled
        gravest = max(gravest, int(code))
        if r + 1 < n and events.offset[r + 1] == events.offset[r] and events.source[r + 1] == events.source[r]:
            continue
        counts[events.source[r], gravest] += 1
        if gravest >= 3 * CODES:
            dead[found, 0] = r
            dead[found, 1] = gravest - 3 * CODES
            found += 1
        gravest = 0
    kinds = 0
    for source in range(len(counts)):
        for kind in range(counts.shape[1]):
            if counts[source, kind]:
                seen[kinds, 0], seen[kinds, 1], seen[kinds, 2] = source, kind, counts[source, kind]
                kinds += 1
    return kinds, found
