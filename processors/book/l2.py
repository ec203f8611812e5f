"""Level by level: each row is a price level's new total.

While a book is not seeded, diffs are kept with their sequence (`orders` of the level) and a removed
level stays as a row of quantity 0, so that a snapshot older than diffs already seen can be merged:
the venue's answer to a snapshot request often arrives after diffs that follow it.
"""

from equipoise.processors.book import levels
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.state import State


@inner
def set_level(state: State, side: int, price: int, quantity: int, sequence: int, keep_empty: bool) -> None:
    """Set the total at `price`; 0 removes it, or marks it removed if `keep_empty`."""
    row = levels.seek(state, side, price)
    if row < 0:
        if quantity == 0 and not keep_empty:
            return
        row = levels.insert(state, side, price)
    elif quantity == 0 and not keep_empty:
        levels.remove(state, side, row)
        return
    level = state.levels[row]
    level.quantity = quantity
    level.anonymous = quantity
    level.orders = sequence if sequence != NULL else 0


@inner
def drop_older(state: State, side: int, sequence: int) -> None:
    """Drop the levels last changed at or before `sequence`, whatever their quantity."""
    run = state.sides[side]
    kept = 0
    for k in range(run.length):
        if state.levels[run.start + k].orders > sequence:
            state.levels[run.start + kept] = state.levels[run.start + k]
            kept += 1
    run.length = kept


@inner
def drop_empty(state: State, side: int) -> None:
    """Drop the levels that are only marked removed."""
    run = state.sides[side]
    kept = 0
    for k in range(run.length):
        if state.levels[run.start + k].quantity > 0:
            state.levels[run.start + kept] = state.levels[run.start + k]
            kept += 1
    run.length = kept
