"""The signal that says that there is no new signal, on decoded records, apart from the kernel that writes it."""

from typing import Final

from equipoise.schemas import codec
from equipoise.schemas.codec import Record
from equipoise.schemas.enums import Kind, Reason, Status, Trigger
from equipoise.schemas.errors import EncodingError
from equipoise.schemas.ids import instrument_key, signal_id

_POLICY_NUMBERS: Final = {
    "SpreadSignal": (
        "bid_half_spread",
        "ask_half_spread",
        "bid_half_spread_bps",
        "ask_half_spread_bps",
        "widen_factor",
        "skew_bps",
    ),
    "FeeSignal": ("fee_taker_buy", "fee_taker_sell", "surcharge", "rebate", "rebate_budget"),
}


def encode_heartbeat(name: str, last_body: bytes, now_ns: int, silence_ns: int, stale_after_ns: int) -> bytes:
    """The heartbeat's Avro body.

    Parameters
    ----------
    name : str
        SpreadSignal or FeeSignal.
    last_body : bytes
        Avro body of the last signal, without its schema prefix; it may be a heartbeat itself.
    now_ns, silence_ns, stale_after_ns : int
        The worker's clock; how long it has been silent; the silence from which on the status is STALE.

    Raises
    ------
    EncodingError
        Another name, or a negative silence.
    DecodingError
        `last_body` is no such record.
    """
    if name not in _POLICY_NUMBERS:
        raise EncodingError(f"heartbeat: {name} has none, expected SpreadSignal or FeeSignal")
    last = codec.decode(name, last_body)
    return codec.encode(name, heartbeat(name, last, now_ns, silence_ns, stale_after_ns))


def heartbeat(name: str, last: Record, now_ns: int, silence_ns: int, stale_after_ns: int) -> Record:
    """As `encode_heartbeat`, on decoded records."""
    if silence_ns < 0:
        raise EncodingError(f"silence_ns: {silence_ns}, expected ≥ 0")
    stale = silence_ns >= stale_after_ns
    reasons = [reason for reason in last["reasons"] if reason != Reason.STALE_INPUT.name]
    has_mid = last["reference_mid"] is not None
    return last | dict.fromkeys(_POLICY_NUMBERS[name]) | {
        "id": signal_id(instrument_key(last["venue"], last["symbol"]), Kind.HEARTBEAT, now_ns),
        "revision": 0,
        "kind": Kind.HEARTBEAT.name,
        "trigger": Trigger.NONE.name,
        "status": Status.STALE.name if stale else last["status"],
        "reasons": sorted([*reasons, Reason.STALE_INPUT.name], key=_order) if stale else last["reasons"],
        "score": None,
        "components": [],
        "reference_mid": None,
        "reference_mid_ns": None,
        "last_good_mid": last["reference_mid"] if has_mid else last["last_good_mid"],
        "last_good_mid_ns": last["reference_mid_ns"] if has_mid else last["last_good_mid_ns"],
        "last_id": last["last_id"] or last["id"],
        "silence_ns": silence_ns,
    }  # fmt: skip


def _order(reason: str) -> int:
    return Reason[reason]
