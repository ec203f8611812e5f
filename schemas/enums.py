"""The enumerations that records, kernels and configuration share.

One place, because the symbols of the Avro enums, the constants of the kernels and the words of a
mapping must be the same. Members are append-only: a number, once published, keeps its meaning.
"""

from enum import IntEnum, IntFlag


class Action(IntEnum):
    """What one event row does to an instrument (DESIGN: OrderEvent)."""

    NOTHING = 0  # carries a sequence number or a time, changes nothing
    ADD = 1  # a new resting order
    MODIFY = 2  # a resting order's new remaining quantity and price (Flag.DELTA: quantity is a difference)
    CANCEL = 3  # quantity taken off a resting order (null: all that rests)
    EXECUTE = 4  # a resting order traded; the aggressor is the other side
    LEVEL = 5  # a price level's new total quantity (0 removes it)
    TRADE = 6  # a print; `side` is the aggressor, NONE where the venue does not say
    SNAPSHOT = 7  # a full book follows as ADD or LEVEL rows of the same event group
    CLEAR = 8  # the book is empty from here on
    STATUS = 9  # trading status changes; `quantity` holds a TradingStatus
    INTENT = 10  # a pending swap: expected lots weighted by its inclusion probability
    RETRACT = 11  # a pending swap is gone (included, replaced, dropped)


class Side(IntEnum):
    """The resting side of an order or level; the aggressor's side of a trade or an intent."""

    NONE = 0
    BID = 1  # buy
    ASK = 2  # sell


class Flag(IntFlag):
    """Bits of an event row."""

    LAST = 1  # last row of its venue message or event group: measures are evaluated after it
    DELTA = 2  # MODIFY carries a change, not the remainder
    HIDDEN = 4  # execution against hidden liquidity: a trade, not a change of the visible book
    CROSS = 8  # auction or cross print: not flow
    OFF_BOOK = 16  # reported off the book: not flow
    BLOCK = 32  # negotiated block: not flow
    LIQUIDATION = 64
    SELF_TRADE = 128  # not flow
    TRADED = 256  # this CANCEL or MODIFY is the book's side of a trade that is reported apart
    MERGE_LATE = 512  # arrived after rows with a later stamp had been released (MERGE_TIMEOUT)
    UPSERT = 1024  # a MODIFY whose order is not known adds it: the source says only what rests now
    BAD_CHECKSUM = 2048  # after this message the venue's checksum is not that of the book


class TradingStatus(IntEnum):
    """The venue's own state of the instrument."""

    UNKNOWN = 0
    PRE_OPEN = 1
    AUCTION = 2
    CONTINUOUS = 3
    HALTED = 4
    CLOSED = 5


class BookSource(IntEnum):
    """Which channel an instrument's book, and so its OFI, is built from."""

    NONE = 0
    BBO = 1
    L2 = 2
    L3 = 3


class Outcome(IntEnum):
    """Every source record has exactly one; per partition they add up to the records read."""

    USED = 0
    LATE = 1  # past the allowed lateness: kept out of every flow measure
    FLAGGED = 2  # recognised and deliberately not applied
    DEAD = 3  # cannot be read or cannot be true: to the dead-letter topic


class Cause(IntEnum):
    """Why a record was late, flagged or dead-lettered."""

    NONE = 0
    LATE = 1
    UNKNOWN_INSTRUMENT = 2
    UNKNOWN_ORDER = 3
    DUPLICATE_ORDER = 4
    DUPLICATE_FILL = 5
    STALE_SEQUENCE = 6
    OFF_SESSION = 7
    NOT_AN_EVENT = 8  # a message type that the mapping recognises and does not use
    OTHER_BOOK_SOURCE = 9
    QUANTITY_RANGE = 10
    PRICE_RANGE = 11
    PRICE_OFF_TICK = 12
    QUANTITY_OFF_LOT = 13
    TIMESTAMP_RANGE = 14
    TIMESTAMP_AHEAD = 15
    TRUNCATED = 16
    MISTYPED = 17
    UNKNOWN_SCHEMA = 18
    UNKNOWN_WORD = 19  # an action, side or status that the mapping does not name
    MISSING_FIELD = 20
    TOO_LARGE = 21
    LIMIT = 22  # a memory bound was reached
    OVER_EXECUTED = 23  # an execution or cancel larger than what rests
    UNDERPRICED = 24  # a pending transaction that does not outbid the one it would replace
    DAMAGED_BATCH = 25  # a whole Kafka batch: its checksum, its framing, or more bytes than the limit


class Kind(IntEnum):
    """What caused a signal."""

    LIVE = 0
    FINAL = 1
    HEARTBEAT = 2


class Regime(IntEnum):
    """How stressed the flow is, by thresholds on the score with hysteresis."""

    CALM = 0
    ELEVATED = 1
    STRESSED = 2
    HALT = 3


class Status(IntEnum):
    """Whether, and how far, a signal may be used."""

    OK = 0
    WARMING = 1
    DEGRADED = 2
    HALTED = 3
    CLOSED = 4
    STALE = 5  # heartbeats only


class Reason(IntEnum):
    """Why a signal is not OK, or why a component is null. Signals carry a set of them (bit = 1 << value)."""

    NONE = 0
    NO_BOOK = 1  # nothing seen yet, or waiting for a snapshot
    EMPTY_BOOK = 2
    ONE_SIDED = 3
    LOCKED = 4
    CROSSED = 5
    SEQUENCE_GAP = 6
    WARMING = 7  # less than 0.9 of a full half-life's weight has been seen
    NO_TRADES = 8
    NO_PENDING = 9
    HALTED = 10
    CLOSED = 11
    AUCTION = 12
    MERGE_TIMEOUT = 13
    STALE_INPUT = 14
    LIMIT = 15  # a memory bound touched this instrument
    SNAPSHOT_MISMATCH = 16
    UNKNOWN_ORDERS = 17
    NOT_CONFIGURED = 18
    LOW_LIQUIDITY = 19
    LATE_EVENTS = 20
    UNDEFINED = 21  # the formula has no value here: it divides by nothing
    CHECKSUM_MISMATCH = 22  # the venue's checksum is not that of the book: unknown until a snapshot


class Cap(IntEnum):
    """Which bound held the published spread."""

    NONE = 0
    MIN_HALF_SPREAD = 1
    MAX_HALF_SPREAD = 2
    MAX_SKEW = 3


class Rebalance(IntEnum):
    """Which side's depth is below the liquidity threshold."""

    NONE = 0
    BID_THIN = 1
    ASK_THIN = 2
    BOTH_THIN = 3


class Trigger(IntEnum):
    """What made a live signal leave."""

    NONE = 0
    REGIME = 1
    STATUS = 2
    QUOTE = 3
    FEE = 4
    GRID = 5
    WINDOW = 6
    REVISION = 7


class Component(IntEnum):
    """The measures that enter the score and are computed by the kernel itself, in the order of their columns."""

    DEPTH_1 = 0
    DEPTH_10 = 1
    QUEUE = 2
    OFI = 3
    CVD = 4
    PENDING = 5


COMPONENT_NAMES = tuple(component.name for component in Component)  # those of measures follow, by name


class Contract(IntEnum):
    """How a quantity becomes an amount of the underlying (Instrument.contract, in lower case)."""

    LINEAR = 0
    INVERSE = 1
    QUANTO = 2


class PendingState(IntEnum):
    """Where a pending transaction stands."""

    SEEN = 0
    REPLACED = 1
    INCLUDED = 2
    DROPPED = 3
    EXPIRED = 4


class Tier(IntEnum):
    """What an Attestation attests (proofs/SPEC.md)."""

    T0 = 0
    T1_OPEN = 1
    T1_THRESHOLD = 2
