"""The key history, type 9: which keys a publisher signs with, and when (SPEC section 12).

Entries form a hash chain that starts with a self-signed add; each is signed by a key known before it and neither
retired nor revoked by an entry before it:

| action | key | possession | afterwards |
|---|---|---|---|
| add | new | signature by the new key | valid from `time` |
| retire | known, not retired | zeros | valid until before `time`, and signs no later entry |
| revoke | known, not revoked | zeros | valid until before `time`, and signs no later entry |

Whoever holds a revoked key can backdate what it signs, so that a revocation is worth more than its time: a verdict says
`key-revoked` apart from `key-retired`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from . import ed25519
from .hashing import digest, vec8
from .reader import Reader
from .verdict import require

ADD, RETIRE, REVOKE = 1, 2, 3
_MOST_ENTRIES = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of the set of keys."""

    action: int
    key: bytes
    time: int
    previous: bytes
    signer: bytes
    signature: bytes
    possession: bytes

    @property
    def digest(self) -> bytes:
        """entry_digest: what is signed, and what the next entry names."""
        content = bytes([self.action]) + self.key + self.time.to_bytes(8, "big") + self.previous + self.signer
        return digest(b"equipoise/v1/entry", content)


def decode_history(body: bytes) -> tuple[Entry, ...]:
    """The entries of a history's body; raises MalformedError."""
    reader = Reader(body, "history")
    count = reader.uint(2, "entries", low=1, high=_MOST_ENTRIES)
    entries = tuple(_decode_entry(reader, f"entries[{i}]") for i in range(count))
    reader.end()
    return entries


def _decode_entry(reader: Reader, name: str) -> Entry:
    return Entry(
        action=reader.uint(1, f"{name}.action", low=ADD, high=REVOKE),
        key=reader.take(32, f"{name}.key"),
        time=reader.uint(8, f"{name}.time"),
        previous=reader.take(32, f"{name}.previous"),
        signer=reader.take(32, f"{name}.signer"),
        signature=reader.take(64, f"{name}.signature"),
        possession=reader.take(64, f"{name}.possession"),
    )


@dataclass(slots=True)
class History:
    """Keys as the entries accepted so far leave them: times of each action by key, and every entry's digest."""

    times: dict[int, dict[bytes, int]] = field(default_factory=lambda: {ADD: {}, RETIRE: {}, REVOKE: {}})
    digests: list[bytes] = field(default_factory=list)

    def check_key(self, key: bytes, time: int) -> None:
        """Raise InvalidError (key-unknown, -early, -revoked, -retired) unless `key` is valid at `time`, in ns."""
        self.check_known(key)
        require(time >= self.times[ADD][key], "key-early", f"the key begins at {self.times[ADD][key]}, after {time}")
        for action, reason in ((REVOKE, "key-revoked"), (RETIRE, "key-retired")):
            end = self.times[action].get(key)
            require(end is None or time < end, reason, f"the key ended at {end}, not after {time}")

    def check_known(self, key: bytes) -> None:
        """Raise InvalidError key-unknown unless `key` was ever added."""
        require(key in self.times[ADD], "key-unknown", "the key is not in the history")

    def apply(self, entry: Entry, name: str) -> None:
        """Check one more entry against the ones before, and take it in; raises InvalidError."""
        expected = self.digests[-1] if self.digests else bytes(32)
        require(entry.previous == expected, "history-chain", f"{name}.previous")
        self._check_order(entry, name)
        _check_signatures(entry, name)
        self.times[entry.action][entry.key] = entry.time
        self.digests.append(entry.digest)

    def _check_order(self, entry: Entry, name: str) -> None:
        known = self.times[ADD]
        if not self.digests:
            require(entry.action == ADD and entry.signer == entry.key, "history-order", f"{name}: no self-signed add")
            return
        if entry.action == ADD:
            require(entry.key not in known, "history-order", f"{name}: the key was added before")
        else:
            again = entry.key in self.times[entry.action]
            require(entry.key in known and not again, "history-order", f"{name}: no such key, or done before")
        ended = entry.signer in self.times[RETIRE] or entry.signer in self.times[REVOKE]
        trusted = entry.signer in known and not ended
        require(trusted, "history-order", f"{name}: the signer is unknown, retired or revoked")

    def check_pins(self, pin: bytes | None, head: bytes | None) -> None:
        """Raise InvalidError history-pin unless the first entry is `pin` and `head` is one of the entries."""
        require(pin is None or pin == self.digests[0], "history-pin", "another history than the pinned one")
        require(head is None or head in self.digests, "history-pin", "the head seen before is not in this history")


def _check_signatures(entry: Entry, name: str) -> None:
    signed = vec8(b"equipoise/v1/sign/entry") + entry.digest
    require(ed25519.verify(entry.signer, signed, entry.signature), "signature", f"{name}.signature")
    if entry.action == ADD:
        possessed = vec8(b"equipoise/v1/sign/possession") + entry.digest
        require(ed25519.verify(entry.key, possessed, entry.possession), "signature", f"{name}.possession")
    else:
        require(entry.possession == bytes(64), "signature", f"{name}.possession: not zeros")


def check_history(entries: tuple[Entry, ...], pin: bytes | None, head: bytes | None) -> History:
    """The keys that a history leaves; raises InvalidError for the first entry that is wrong, then for the pins."""
    history = History()
    for i, entry in enumerate(entries):
        history.apply(entry, f"entries[{i}]")
    history.check_pins(pin, head)
    return history
