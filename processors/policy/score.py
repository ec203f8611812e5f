"""Score: the weighted mean of the components that can be computed.

A null component leaves the mean: the others keep their proportions, and the signal says what is
missing. Contributions sum to the score.
"""

from numpy.typing import NDArray

from equipoise.processors.jit import njit


@njit
def contributions(values: NDArray, weights: NDArray, out: NDArray) -> float:  # type: ignore[type-arg]
    """Fill `out` with each component's part of the score and return the score. All (components,), weights at least."""
    total = 0.0
    for k in range(len(values)):
        if values[k] == values[k]:
            total += weights[k]
    score = 0.0
    for k in range(len(values)):
        part = 0.0
        if total > 0.0 and values[k] == values[k]:
            part = weights[k] / total * values[k]
        out[k] = part
        score += part
    return score
