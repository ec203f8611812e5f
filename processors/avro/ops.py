"""The instructions of a table, and the slots that they fill.

An instruction is `WIDTH` integers: operation and three arguments. Positions are absolute. Those that begin with a
variable-length integer stand first, so that the interpreter has one place that reads one.

| operation | arguments | what it does |
|---|---|---|
| LONG | slot, null | an int or long into the slot |
| UTF8 | SINK, null | a string that is checked and dropped |
| BYTES | SINK, null | bytes or a string, dropped unread |
| TEXT | slot | a string's position into the slot, its length into the next one |
| ENUM | slot, symbols, n | table[symbols + index] into the slot; UNMAPPED: declined |
| UNION | -, branches, n | goes on at table[branches + branch] |
| BLOCKS | end, sized | the head of each item of an array or map; goes on at `end` where none is left |
| ENTER | - | before BLOCKS: nothing is open yet |
| FIXED | size | bytes of the schema's length, dropped |
| BOOLEAN | slot | a byte: whether it is not 0 |
| SET | slot, value | a default |
| JUMP | position | goes on there |
| DECLINE | - | not for this table |
| END | - | the record is over |

`null`: the number of a union's branch that is null, where the type is a union of null and one other (the slot is then
NULL); -1: no union. `sized`: whether a block that states its size is skipped by it, as readers do that do not look at
the items, or its items are read.
"""

WIDTH = 4

LONG, UTF8, BYTES, TEXT, ENUM, UNION, BLOCKS, ENTER, FIXED, BOOLEAN, SET, JUMP, DECLINE, END = range(14)
LAST_NULLABLE = BYTES
LAST_VARINT = BLOCKS

NO_UNION = -1
UNMAPPED = -(2**62)
DEPTH_MAX = 64  # arrays and maps within each other

# Slots of an OrderEvent. A text has two, the second for its length.
(
    VENUE, VENUE_LENGTH, SYMBOL, SYMBOL_LENGTH, ACTION, SIDE, PRICE, QUANTITY, ORDER_ID, SEQUENCE, PREVIOUS_SEQUENCE,
    LAST_IN_EVENT, FLAGS, TRADING_STATUS, EVENT_TIME_NS, ARRIVAL_TIME_NS, SINK,
) = range(17)  # fmt: skip
SLOTS = 17
