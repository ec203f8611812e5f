"""Runs a table over the body of one record.

Every function here gives the position of the next instruction and of the next byte; a byte position of -1 declines the
record. It ends whatever the bytes are: an instruction that goes back has taken a byte, or an item that takes one.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro import ops
from equipoise.processors.avro.wire import INT, Bytes, Words, is_utf8, varint
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner

Ints = NDArray[np.int64]


@inner
def run(table: Ints, pc: int, data: Bytes, words: Words, at: int, end: int, slots: Ints, left: Ints) -> int:
    """Fill the slots from one record's bytes; the position behind it, -1: declined.

    `table`: instructions (`ops`), begun at `pc`. `left`: scratch, shape (DEPTH_MAX + 1,). The first is how many arrays
    are open; then, of each, the items still to come in its block, or minus their number while its size is awaited.
    """
    left[0] = 0
    while at >= 0 and table[pc] != ops.END:
        if table[pc] <= ops.LAST_VARINT:
            pc, at = _with_integer(table, pc, data, words, at, end, slots, left)
        else:
            pc, at = _without(table, pc, data, at, end, slots, left)
    return at


@inner
def _with_integer(
    table: Ints, pc: int, data: Bytes, words: Words, at: int, end: int, slots: Ints, left: Ints
) -> tuple[int, int]:
    op, slot = table[pc], table[pc + 1]
    if op <= ops.LAST_NULLABLE and table[pc + 2] >= 0:
        branch = INT(data[at]) if at < end else -1  # 0 is branch 0, 2 is branch 1
        at += 1
        if branch == 2 * table[pc + 2]:
            slots[slot] = NULL
            return pc + ops.WIDTH, at
        if branch != 2 - 2 * table[pc + 2]:
            return pc, -1
    elif op == ops.BLOCKS and left[left[0]] > 0:
        left[left[0]] -= 1
        return pc + ops.WIDTH, at
    value, at = varint(data, words, at, end)
    if at < 0:
        return pc, -1
    if op == ops.LONG:
        slots[slot] = value
        return pc + ops.WIDTH, (at if value != NULL else -1)  # a column could not tell it from an absent one
    if op <= ops.TEXT:
        return pc + ops.WIDTH, _text(op, slot, value, data, words, at, end, slots)
    if op == ops.BLOCKS:
        return _block(value, table, pc, at, end, left)
    if value < 0 or value >= table[pc + 3]:
        return pc, -1
    chosen = table[table[pc + 2] + value]
    if op == ops.UNION:
        return chosen, at
    slots[slot] = chosen
    return pc + ops.WIDTH, (at if chosen != ops.UNMAPPED else -1)


@inner
def _text(op: int, slot: int, size: int, data: Bytes, words: Words, at: int, end: int, slots: Ints) -> int:
    """Take the bytes behind a length; where they end."""
    if size < 0 or size > end - at or (op == ops.UTF8 and not is_utf8(data, words, at, size)):
        return -1
    if op == ops.TEXT:
        slots[slot], slots[slot + 1] = at, size
    return at + size


@inner
def _block(value: int, table: Ints, pc: int, at: int, end: int, left: Ints) -> tuple[int, int]:
    """A block's count, or the size that follows a negative one."""
    open_ = left[0]
    if left[open_] == 0:
        left[open_] = value
        if value == 0:
            left[0] -= 1
            pc = table[pc + 1]
    elif table[pc + 2] == 0:  # its items are read
        left[open_] = -left[open_]
    elif value < 0:
        return pc, -1
    else:
        left[open_] = 0
        at += value
    if at > end or left[open_] > end - at or left[open_] == NULL:
        return pc, -1
    return pc, at


@inner
def _without(table: Ints, pc: int, data: Bytes, at: int, end: int, slots: Ints, left: Ints) -> tuple[int, int]:
    """An instruction that reads no integer."""
    op, slot = table[pc], table[pc + 1]
    if op == ops.JUMP:
        return slot, at
    if op == ops.SET:
        slots[slot] = table[pc + 2]
    elif op == ops.ENTER:
        left[0] += 1
        left[left[0]] = 0
    elif op == ops.FIXED:
        at += slot
    elif op == ops.BOOLEAN and at < end:
        slots[slot] = data[at] != 0
        at += 1
    else:
        return pc, -1
    return pc + ops.WIDTH, (at if at <= end else -1)
