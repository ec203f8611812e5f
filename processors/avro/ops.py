"""The instructions of a table, and the slots that they fill.

An instruction is `WIDTH` integers: operation and three arguments. Positions are absolute. Those that begin with a
variable-length integer stand first, so that the interpreter has one place that reads one.

| operation | arguments | what it does |
|---|---|---|
| LONG | slot, null | an int or long into the slot |
| UTF8 | SINK, null | a string that is checked and dropped |
| BYTES | SINK, null | bytes or a string, dropped unread |
| TEXT | slot | a string's position into the slot, its length into the next one |
| WORD | slot, words | a string's value in a list of words into the slot |
| DIGITS | slot | a string that is a number below 2^63 as Python writes it, into the slot |
| NUMBER | slot, power | a string that is a decimal: its digits into the slot, its power of ten into `power` |
| DECIMAL | slot, scale, precision | an Avro decimal in bytes: its digits into the slot |
| COUNT | slot, factor, term | an int or long, times the factor, plus the term |
| NATURAL | slot | an int or long from 0 on |
| ENUM | slot, symbols, n | table[symbols + index] into the slot; UNMAPPED: declined |
| UNION | -, branches, n | goes on at table[branches + branch] |
| BLOCKS | end, sized | the head of each item of an array or map; goes on at `end` where none is left |
| ENTER | - | before BLOCKS: nothing is open yet |
| FIXED | size | bytes of the schema's length, dropped |
| FIXED_DECIMAL | slot, size, precision | an Avro decimal of the schema's length |
| DOUBLE | slot, power | the shortest decimal that is this double, as NUMBER has it |
| BOOLEAN | slot, values | a byte: table[values] where it is 0, table[values + 1] where it is not |
| SET | slot, value | a default |
| MARK, BACK | slot | keeps the byte position, and goes back there to read a value once more |
| CHOOSE | slot, places | goes on at table[places + what the slot holds] |
| JUMP | position | goes on there |
| DECLINE | - | not for this table |
| END | - | the record is over |

`null`: the number of a union's branch that is null, where the type is a union of null and one other (the slot is then
NULL); -1: no union. `sized`: whether a block that states its size is skipped by it, as readers do that do not look at
the items, or its items are read. A list of words is its length, the value of any other word (UNMAPPED: declined), and
for each word its value, its length and WORD_SIZE / 8 integers of its bytes. A power of ten p stands in a slot as
POWER + p; 0 there says that the number counts ticks or lots.
"""

WIDTH = 4

(
    LONG, UTF8, BYTES, TEXT, WORD, DIGITS, NUMBER, DECIMAL, COUNT, NATURAL, ENUM, UNION, BLOCKS,
    ENTER, FIXED, FIXED_DECIMAL, DOUBLE, BOOLEAN, SET, MARK, BACK, CHOOSE, JUMP, DECLINE, END,
) = range(25)  # fmt: skip
LAST_NULLABLE = BYTES
LAST_SIZED = DECIMAL
LAST_VARINT = BLOCKS

NO_UNION = -1
UNMAPPED = -(2**62)
POWER = 64
WORD_SIZE = 32
DEPTH_MAX = 64  # arrays and maps within each other

# Slots of an event. A text has two, the second for its length. Those from SINK on are not columns: what is dropped; the
# powers of ten; the flags of a MODIFY; whether Kafka's stamp is the arrival; which event of a mapping it is; a mark.
(
    VENUE, VENUE_LENGTH, SYMBOL, SYMBOL_LENGTH, ACTION, SIDE, PRICE, QUANTITY, ORDER_ID, SEQUENCE, PREVIOUS_SEQUENCE,
    LAST_IN_EVENT, FLAGS, TRADING_STATUS, EVENT_TIME_NS, ARRIVAL_TIME_NS, SINK,
    PRICE_POWER, QUANTITY_POWER, MODIFY_FLAGS, STAMPED, EVENT, PLACE,
) = range(23)  # fmt: skip
SLOTS = 23
