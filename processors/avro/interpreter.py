"""Runs a table over the body of one record.

A byte position of -1 declines the record. The run ends whatever the bytes are: an instruction that goes back has taken
a byte, or an item that takes one.
"""

import numpy as np
from numpy.typing import NDArray

from equipoise.processors.avro import ops
from equipoise.processors.avro.numbers import decimal_bytes, decimal_text, digits, shortest
from equipoise.processors.avro.wire import INT, Bytes, Words, is_utf8, varint, word_at
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
    while at >= 0:
        op, slot, second = table[pc], table[pc + 1], table[pc + 2]
        if op == ops.END:
            break
        if op > ops.LAST_VARINT:
            pc, at = _without(table, pc, data, words, at, end, slots, left)
        elif op <= ops.LAST_NULLABLE and second != ops.NO_UNION:
            branch = INT(data[at]) if at < end else -1  # 0 is branch 0, 2 is branch 1
            if branch == 2 * second:
                slots[slot] = NULL
                pc, at = pc + ops.WIDTH, at + 1
            elif branch == 2 - 2 * second:
                pc, at = _with_integer(op, slot, second, table, pc, data, words, at + 1, end, slots, left)
            else:
                at = -1
        elif op == ops.BLOCKS and left[left[0]] > 0:
            left[left[0]] -= 1
            pc += ops.WIDTH
        else:
            pc, at = _with_integer(op, slot, second, table, pc, data, words, at, end, slots, left)
    return at


@inner
def _with_integer(
    op: int, slot: int, second: int, table: Ints, pc: int,
    data: Bytes, words: Words, at: int, end: int, slots: Ints, left: Ints,
) -> tuple[int, int]:  # fmt: skip
    """An instruction that begins with an integer.

    Its first three numbers are handed over: LLVM would load them again after each write, which may be to the table for
    all that it knows.
    """
    value, at = varint(data, words, at, end)
    if at < 0:
        return pc, -1
    if op <= ops.LAST_SIZED and op != ops.LONG:
        if value < 0 or value > end - at:
            return pc, -1
        good = _sized(op, slot, second, table, pc, data, words, at, value, slots)
        return pc + ops.WIDTH, (at + value if good else -1)
    if op == ops.BLOCKS:
        return _block(value, table, pc, at, end, left)
    if op == ops.UNION:
        if value < 0 or value >= table[pc + 3]:
            return pc, -1
        return table[second + value], at
    return pc + ops.WIDTH, (at if _counted(op, slot, second, table, pc, value, slots) else -1)


@inner
def _sized(
    op: int, slot: int, second: int, table: Ints, pc: int,
    data: Bytes, words: Words, at: int, size: int, slots: Ints,
) -> bool:  # fmt: skip
    """What stands behind a length."""
    if op == ops.TEXT:
        slots[slot], slots[slot + 1] = at, size
        return True
    if op == ops.BYTES:
        return True
    if op == ops.DECIMAL:
        return decimal_bytes(data, at, size, table[pc + 3], slots, slot)
    if op == ops.NUMBER:
        return decimal_text(data, at, size, slots, slot, second)
    if op == ops.DIGITS:
        return digits(data, at, size, slots, slot)
    if op == ops.WORD:
        value = word_among(table, second, 0, data, words, at, size)
        slots[slot] = value
        return value != ops.UNMAPPED
    return is_utf8(data, words, at, size)


@inner
def word_among(table: Ints, at_words: int, first: int, data: Bytes, words: Words, at: int, size: int) -> int:
    """The value of a text in a list of words; `first`: which one it may well be."""
    width = 2 + ops.WORD_SIZE // 8
    n = table[at_words]
    k = first
    for _ in range(n):
        k = k if k < n else 0
        word = at_words + 2 + k * width
        k += 1
        if table[word + 1] == size:
            same = True
            for part in range((size + 7) // 8):
                bits = np.uint64(word_at(data, words, at + 8 * part, size - 8 * part)).view(np.int64)
                same = same and bits == table[word + 2 + part]
            if same:
                return table[word]
    other = table[at_words + 1]
    return other if other == ops.UNMAPPED or is_utf8(data, words, at, size) else ops.UNMAPPED


@inner
def _counted(op: int, slot: int, second: int, table: Ints, pc: int, value: int, slots: Ints) -> bool:
    """An integer that is a value, or a symbol's number."""
    if op == ops.LONG:
        slots[slot] = value
        return value != NULL  # which a column could not tell from an absent one
    if op == ops.ENUM:
        if value < 0 or value >= table[pc + 3]:
            return False
        symbol = table[second + value]
        slots[slot] = symbol
        return symbol != ops.UNMAPPED
    if op == ops.NATURAL:
        slots[slot] = value
        return value >= 0
    if value == NULL or abs(value) > (2**62) // second:
        return False
    slots[slot] = value * second + table[pc + 3]
    return True


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
def _without(
    table: Ints, pc: int, data: Bytes, words: Words, at: int, end: int, slots: Ints, left: Ints
) -> tuple[int, int]:
    """An instruction that reads no integer."""
    op, slot = table[pc], table[pc + 1]
    if op == ops.JUMP:
        return slot, at
    if op == ops.CHOOSE:
        return table[table[pc + 2] + slots[slot]], at
    if op == ops.SET:
        slots[slot] = table[pc + 2]
    elif op == ops.ENTER:
        left[0] += 1
        left[left[0]] = 0
    elif op == ops.MARK:
        slots[slot] = at
    elif op == ops.BACK:
        at = slots[slot]
    else:
        return pc + ops.WIDTH, _of_size(table, pc, data, words, at, end, slots)
    return pc + ops.WIDTH, at


@inner
def _of_size(table: Ints, pc: int, data: Bytes, words: Words, at: int, end: int, slots: Ints) -> int:
    """A value whose size the schema says; where it ends, -1: declined."""
    op, slot = table[pc], table[pc + 1]
    size = 1 if op == ops.BOOLEAN else 8 if op == ops.DOUBLE else slot if op == ops.FIXED else table[pc + 2]
    if op >= ops.DECLINE or size > end - at:
        return -1
    good = True
    if op == ops.BOOLEAN:
        slots[slot] = table[table[pc + 2] + (data[at] != 0)]
        good = slots[slot] != ops.UNMAPPED
    elif op == ops.FIXED_DECIMAL:
        good = decimal_bytes(data, at, size, table[pc + 3], slots, slot)
    elif op == ops.DOUBLE:
        good = shortest(np.uint64(word_at(data, words, at, 8)).view(np.float64), slots, slot, table[pc + 2])
    return at + size if good else -1
