"""The key history: which keys may sign, since when, until when, signed link by link.

    add      a new key, vouched for by an older one (the first by itself), which proves that
             its holder has it
    retire   the key is valid until a time: with a later time than the next key's add, the two
             overlap, and nobody has to switch in the same instant
    revoke   as retire, and said to be for a reason: what it signed may have been forged

A verifier pins the digest of the first entry (history id), and the last digest it has seen,
so that a thief of an old key cannot show it another branch. Validity is judged at the
window's end, which the signer writes: a thief can backdate. The chain of sequence numbers,
which the thief cannot extend into the past, is what stands against that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from equipoise.proofs.attestation import signature_holds
from equipoise.proofs.codec import Framed, Many, Nested, Raw, Struct, Uint
from equipoise.proofs.digest import ZERO32, tagged, vec8
from equipoise.proofs.errors import Invalid, KeyRefused
from equipoise.proofs.window import Signer

ADD, RETIRE, REVOKE = 1, 2, 3
_SIGN = vec8(b"equipoise/v1/sign/entry")
_POSSESS = vec8(b"equipoise/v1/sign/possession")
_NOTHING = bytes(64)


@dataclass(frozen=True)
class Entry(Struct):
    """One change. ``time`` is ns since the epoch: valid from, or valid until."""

    action: int
    key: bytes
    time: int
    previous: bytes
    signer: bytes
    signature: bytes
    possession: bytes

    FIELDS = (
        ("action", Uint(1, ADD, REVOKE)),
        ("key", Raw(32)),
        ("time", Uint(8)),
        ("previous", Raw(32)),
        ("signer", Raw(32)),
        ("signature", Raw(64)),
        ("possession", Raw(64)),
    )

    @cached_property
    def digest(self) -> bytes:
        """What is signed, and what the next entry chains to."""
        return tagged(b"equipoise/v1/entry", self.body()[:-128])


@dataclass(frozen=True)
class Standing:
    """One key's times, ns since the epoch."""

    since: int
    retired: int | None = None
    revoked: int | None = None


@dataclass(frozen=True)
class History(Framed):
    """SPEC.md, section 12."""

    entries: tuple[Entry, ...]

    TYPE = 9
    LIMIT = 262_144
    FIELDS = (("entries", Many(2, Nested(Entry), 1, 512)),)

    @property
    def id(self) -> bytes:
        """The digest of the first entry: what a verifier pins."""
        return self.entries[0].digest

    @property
    def head(self) -> bytes:
        """The digest of the last entry."""
        return self.entries[-1].digest

    @cached_property
    def keys(self) -> dict[bytes, Standing]:
        """Each key's standing, after all checks; Invalid history-chain, history-order, signature."""
        return _replay(self.entries)

    def check(self, pin: bytes | None = None, head: bytes | None = None) -> None:
        """Check every entry, then the pins: Invalid as `keys`, or history-pin."""
        assert self.keys
        if pin is not None and pin != self.id:
            raise Invalid("history-pin", "history.id", _another("its id", self.id, pin))
        if head is not None and head not in {entry.digest for entry in self.entries}:
            detail = f"{_another('its head', self.head, head)}, or an older one: the pinned head is not in it"
            raise Invalid("history-pin", "history.head", detail)

    def judge(self, key: bytes, time: int) -> None:
        """Invalid key-unknown, key-early, key-revoked or key-retired, at ``time`` (ns)."""
        standing = self.keys.get(key)
        if standing is None:
            raise Invalid("key-unknown", "attestation.key", f"{key.hex()} is not a key of this history")
        if time < standing.since:
            raise Invalid("key-early", "attestation.key", f"valid from {standing.since}")
        if standing.revoked is not None and time >= standing.revoked:
            raise Invalid("key-revoked", "attestation.key", f"revoked at {standing.revoked}")
        if standing.retired is not None and time >= standing.retired:
            raise Invalid("key-retired", "attestation.key", f"retired at {standing.retired}")


def _another(what: str, found: bytes, pinned: bytes) -> str:
    return f"{what} is {found.hex()}, the pin is {pinned.hex()}: you were given another history"


def _replay(entries: Sequence[Entry]) -> dict[bytes, Standing]:
    keys: dict[bytes, Standing] = {}
    previous = ZERO32
    for index, entry in enumerate(entries):
        where = f"history.entries[{index}]"
        if entry.previous != previous:
            raise Invalid("history-chain", where, "does not follow the entry before it")
        if fault := _out_of_order(keys, entry):
            raise Invalid("history-order", where, fault)
        if not signature_holds(entry.signer, entry.signature, _SIGN + entry.digest):
            raise Invalid("signature", f"{where}.signature")
        if not _possessed(entry):
            raise Invalid("signature", f"{where}.possession")
        previous = entry.digest
        if entry.action == ADD:
            keys[entry.key] = Standing(entry.time)
        elif entry.action == RETIRE:
            keys[entry.key] = replace(keys[entry.key], retired=entry.time)
        else:
            keys[entry.key] = replace(keys[entry.key], revoked=entry.time)
    return keys


def _possessed(entry: Entry) -> bool:
    if entry.action == ADD:
        return signature_holds(entry.key, entry.possession, _POSSESS + entry.digest)
    return entry.possession == _NOTHING


def _out_of_order(keys: dict[bytes, Standing], entry: Entry) -> str:
    """Why an entry cannot follow; empty if it can."""
    if not keys:
        return "" if entry.action == ADD and entry.signer == entry.key else "the first must add its own signer"
    signer = keys.get(entry.signer)
    if signer is None:
        return "the signer is not a key of this history"
    if signer.revoked is not None or signer.retired is not None:
        # An old key lies about in backups: it must not name its successors.
        return "the signer is retired or revoked: a key that is still valid must sign"
    standing = keys.get(entry.key)
    if entry.action == ADD:
        return "" if standing is None else "the key was added before"
    if standing is None:
        return "the key was never added"
    ended = standing.retired if entry.action == RETIRE else standing.revoked
    return "" if ended is None else "the key was retired or revoked so before"


# --- making -------------------------------------------------------------------------------


def begin(signer: Signer, time: int) -> History:
    """A new history with its first key, valid from ``time`` (ns)."""
    return History((_entry(ADD, signer.public, time, ZERO32, signer, signer),))


def add(history: History, old: Signer, new: Signer, time: int) -> History:
    """Let ``new`` sign from ``time`` on, vouched for by ``old``."""
    return _extend(history, _entry(ADD, new.public, time, history.head, old, new))


def retire(history: History, signer: Signer, key: bytes, time: int) -> History:
    """End ``key`` at ``time``: windows that end later are not its to sign."""
    return _extend(history, _entry(RETIRE, key, time, history.head, signer, None))


def revoke(history: History, signer: Signer, key: bytes, time: int) -> History:
    """End ``key`` at ``time`` because it is, or may be, in other hands."""
    return _extend(history, _entry(REVOKE, key, time, history.head, signer, None))


def _extend(history: History, entry: Entry) -> History:
    longer = History((*history.entries, entry))
    try:
        longer.check()
    except Invalid as fault:
        raise KeyRefused(f"the history would not hold: {fault}") from None
    return longer


def _entry(action: int, key: bytes, time: int, previous: bytes, signer: Signer, holder: Signer | None) -> Entry:
    draft = Entry(action, key, time, previous, signer.public, _NOTHING, _NOTHING)
    possession = holder.sign(_POSSESS + draft.digest) if holder else _NOTHING
    return replace(draft, signature=signer.sign(_SIGN + draft.digest), possession=possession)
