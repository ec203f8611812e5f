"""Sequence numbers, gaps and snapshots: when a book may be believed.

| state of the book | a diff that follows on | a diff that does not | a snapshot |
|---|---|---|---|
| unseeded, unchained | seeds it (the feed has no chain to check) | - | REBASE |
| unseeded, chained | kept with its sequence | what was kept is dropped | MERGE if it reaches them, else STALE |
| seeded | applied | gap: emptied, unseeded, gapped | same sequence: CHECK; later: REBASE; earlier: STALE |

*Chained*: messages name their predecessor. A diff at or before the book's sequence is flagged
STALE_SEQUENCE. A book of best quotes (BBO) is replaced by each snapshot, and that is flow; every other
rebase is not, and OFI starts afresh after it. A wrong checksum empties the book as a gap does, chained or not.
"""

from equipoise.processors.book import l2, l3, levels
from equipoise.processors.columns import NULL
from equipoise.processors.jit import inner
from equipoise.processors.state import State
from equipoise.schemas.enums import BookSource, Cause, Reason

NO_SNAPSHOT = 0
REBASE = 1
MERGE = 2
CHECK = 3
STALE = 4

SEQUENCE, CHECKSUM = 1, 2  # why a book is gapped

_BBO = int(BookSource.BBO)
_L3 = int(BookSource.L3)
_OK = int(Cause.NONE)
_STALE_SEQUENCE = int(Cause.STALE_SEQUENCE)
GAP_BIT = 1 << int(Reason.SEQUENCE_GAP)
MISMATCH_BIT = 1 << int(Reason.SNAPSHOT_MISMATCH)


@inner
def empty_book(state: State, i: int) -> None:
    """Remove everything from both sides."""
    l3.clear_side(state, 2 * i)
    l3.clear_side(state, 2 * i + 1)


@inner
def follow(state: State, i: int, sequence: int, previous: int) -> int:
    """Check that a message follows on what the book has seen. Returns a Cause; call once a message."""
    inst = state.instruments[i]
    if previous == NULL:
        if sequence != NULL:
            inst.sequence = sequence
        if inst.chained == 0 and inst.gapped == 0:
            inst.seeded = 1
        return _OK
    inst.chained = 1
    if inst.seeded == 1 and inst.sequence != NULL:
        if sequence <= inst.sequence:
            return _STALE_SEQUENCE
        if previous > inst.sequence:
            inst.seeded = 0
            inst.gapped = SEQUENCE
            inst.group_reasons |= GAP_BIT
            empty_book(state, i)
            inst.chain_from = previous
    elif inst.seeded == 0:
        if inst.chain_from == NULL or previous > inst.sequence:
            empty_book(state, i)
            inst.chain_from = previous
        elif sequence <= inst.sequence:
            return _STALE_SEQUENCE
    inst.sequence = sequence
    return _OK


@inner
def begin(state: State, i: int, sequence: int) -> int:
    """Decide what an arriving snapshot is for, and prepare the book. Returns a Cause."""
    inst = state.instruments[i]
    if inst.book_source == _BBO:
        mode = REBASE
    elif inst.seeded == 1 and sequence != NULL and inst.sequence != NULL:
        mode = CHECK if sequence == inst.sequence else (REBASE if sequence > inst.sequence else STALE)
    elif inst.seeded == 0 and inst.chain_from != NULL and sequence != NULL:
        mode = MERGE if sequence >= inst.chain_from else STALE
    else:
        mode = REBASE
    if mode == REBASE:
        empty_book(state, i)
        inst.rebased = 0 if inst.book_source == _BBO else 1
    elif mode == MERGE:
        l2.drop_older(state, 2 * i, sequence)
        l2.drop_older(state, 2 * i + 1, sequence)
        inst.rebased = 1
    inst.in_snapshot = mode
    inst.snapshot_sequence = sequence
    return _STALE_SEQUENCE if mode == STALE else _OK


@inner
def level(state: State, side: int, price: int, quantity: int) -> int:
    """Apply one level of the snapshot that `begin` announced. Returns a Cause."""
    inst = state.instruments[side >> 1]
    mode = inst.in_snapshot
    if mode == STALE:
        return _STALE_SEQUENCE
    row = levels.seek(state, side, price)
    if mode == CHECK:
        if row < 0 or state.levels[row].quantity != quantity:
            inst.mismatches += 1
            inst.group_reasons |= MISMATCH_BIT
        return _OK
    if mode == MERGE and row >= 0 and state.levels[row].orders > inst.snapshot_sequence:
        return _OK  # a later diff has spoken
    if quantity > 0:
        sequence = NULL if inst.book_source == _L3 else inst.snapshot_sequence
        l2.set_level(state, side, price, quantity, sequence, False)
    return _OK


@inner
def end(state: State, i: int) -> None:
    """The snapshot's last row has been applied."""
    inst = state.instruments[i]
    mode = inst.in_snapshot
    inst.in_snapshot = NO_SNAPSHOT
    if mode == MERGE:
        l2.drop_empty(state, 2 * i)
        l2.drop_empty(state, 2 * i + 1)
        inst.sequence = max(inst.sequence, inst.snapshot_sequence)
    elif mode == REBASE and inst.snapshot_sequence != NULL:
        inst.sequence = inst.snapshot_sequence
    if mode in (MERGE, REBASE):
        inst.seeded = 1
        inst.gapped = 0


@inner
def distrust(state: State, i: int) -> None:
    """The venue's checksum is not that of the book: unknown until a snapshot."""
    inst = state.instruments[i]
    inst.in_snapshot = NO_SNAPSHOT
    inst.seeded = 0
    inst.gapped = CHECKSUM
    inst.chain_from = NULL
    inst.rebased = 1
    empty_book(state, i)


@inner
def clear(state: State, i: int, side: int) -> None:
    """The venue says that the book (or one side: 1 bids, 2 asks) is empty; it is known from here on."""
    inst = state.instruments[i]
    if side == 0:
        empty_book(state, i)
        inst.seeded = 1
        inst.gapped = 0
    else:
        l3.clear_side(state, 2 * i + side - 1)
    inst.rebased = 1
