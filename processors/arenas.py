"""Room for more: orders, levels, instruments."""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.book import orders
from equipoise.processors.panel.arrays import widened
from equipoise.processors.settings import EngineSettings
from equipoise.processors.state import LEVEL_DTYPE, ORDER_DTYPE, Array, State, new_instruments, new_state, records


def grown(rows: Array, length: int) -> Array:
    """A zeroed array of `length` rows that begins with `rows`."""
    bigger = records((length, *rows.shape[1:]), rows.dtype)
    bigger[: len(rows)] = rows
    return bigger


def grow_orders(state: State) -> State:
    """Twice the room for orders, up to the limit, and a table to match. Only where every row is in use."""
    length = min(2 * len(state.orders), int(state.settings["max_orders"][0]))
    rows = grown(state.orders, length)
    index = new_index(length)
    orders.reindex(index, rows, int(state.partition["order_end"][0]))
    return state._replace(orders=rows, index=index)


def new_index(length: int) -> Array:
    """An empty table for that many orders, at most half full."""
    return np.zeros(1 << (2 * length - 1).bit_length(), np.int64)


def reserve(state: State, counts: NDArray[np.int64]) -> State:
    """Room in an empty state for what `book.pack.place` will put back. counts : shape (instruments, 4)."""
    sides = counts[:, :2]
    n_levels = int(np.where(sides > 0, np.maximum(16, 2 * sides), 0).sum())
    n_orders = max(int(counts[:, 2:].sum()), len(state.orders))
    return state._replace(
        levels=records(n_levels + 1024, LEVEL_DTYPE),
        orders=records(n_orders, ORDER_DTYPE),
        index=new_index(n_orders),
    )


def repack_levels(state: State, extra: int = 0) -> State:
    """Pack the runs of levels, each with room to double, into an arena with as much room again."""
    lengths = state.sides["length"]
    rooms = np.where(state.sides["room"] > 0, np.maximum(16, 2 * lengths), 0)
    arena = records(int(2 * rooms.sum() + 1024 + 2 * extra), LEVEL_DTYPE)
    end = 0
    for side in np.flatnonzero(rooms):
        start, length = int(state.sides["start"][side]), int(lengths[side])
        arena[end : end + length] = state.levels[start : start + length]
        state.sides[side] = (end, length, int(rooms[side]))
        end += int(rooms[side])
    state.partition["level_end"] = end
    return state._replace(levels=arena)


def widen(state: State, n: int, settings: EngineSettings) -> State:
    """Room for `n` instruments; what is there stays where it is."""
    old = len(state.instruments)
    fresh = new_state(n, len(state.sources), settings)
    instruments = new_instruments(n)
    instruments[:old] = state.instruments
    for name in ("session_ns", "slots", "sides", "policy"):
        part = getattr(state, name)
        getattr(fresh, name)[: len(part)] = part
    fresh.members[:, :old] = state.members
    return state._replace(
        panel=widened(state.panel, fresh.panel),
        instruments=instruments, session_ns=fresh.session_ns, slots=fresh.slots, sides=fresh.sides,
        policy=fresh.policy, members=fresh.members,
    )  # fmt: skip
