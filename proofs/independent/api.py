"""The entries: bytes in, a verdict out (SPEC section 13).

Whatever the bytes are, the answer is a `Verdict`; only the caller's own faults raise (TypeError for what is no bytes).
`pin` is the history's id, `head` an entry digest seen before, `key` the expected key where there is no history.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from .bundle import Bundle, check_bundle, decode_bundle
from .chain import check_chain
from .equivocation import check_equivocation, decode_equivocation
from .history import History, check_history, decode_history
from .reader import Reader, read_frame
from .verdict import ACCEPT, RefusalError, Verdict

EQUIVOCATION, HISTORY, BUNDLE = 8, 9, 10
LIMITS = {EQUIVOCATION: 700, HISTORY: 262_144, BUNDLE: 268_435_456}

_Decoded = TypeVar("_Decoded")


@dataclass(frozen=True, slots=True)
class _Trust:
    """What the caller knows beforehand; the history is decoded and checked when it is asked for."""

    history: bytes | None = None
    pin: bytes | None = None
    head: bytes | None = None
    key: bytes | None = None

    def keys(self) -> History | None:
        return None if self.history is None else _checked_history(self.history, self.pin, self.head)


def verify(
    data: bytes,
    *,
    history: bytes | None = None,
    pin: bytes | None = None,
    head: bytes | None = None,
    key: bytes | None = None,
) -> Verdict:
    """The verdict on one bundle, equivocation or history object, told apart by its frame."""
    trust = _Trust(history, pin, head, key)

    def check() -> None:
        kind, _ = read_frame(Reader(_as_bytes(data)), LIMITS)
        if kind == HISTORY:
            _checked_history(data, pin, head)
        elif kind == EQUIVOCATION:
            _check_equivocation(data, trust)
        else:
            _check_bundle(data, trust)

    return _answer(check)


def verify_bundle(
    data: bytes,
    *,
    history: bytes | None = None,
    pin: bytes | None = None,
    head: bytes | None = None,
    key: bytes | None = None,
) -> Verdict:
    """The verdict on a bundle; any other object is malformed (bad-type)."""
    return _answer(lambda: _check_bundle(data, _Trust(history, pin, head, key)))


def verify_equivocation(
    data: bytes, *, history: bytes | None = None, pin: bytes | None = None, head: bytes | None = None
) -> Verdict:
    """The verdict on equivocation evidence; any other object is malformed (bad-type)."""
    return _answer(lambda: _check_equivocation(data, _Trust(history, pin, head)))


def verify_history(data: bytes, *, pin: bytes | None = None, head: bytes | None = None) -> Verdict:
    """The verdict on a key history; any other object is malformed (bad-type)."""
    return _answer(lambda: _checked_history(data, pin, head))


def verify_chain(
    bundles: Sequence[bytes],
    *,
    history: bytes | None = None,
    pin: bytes | None = None,
    head: bytes | None = None,
    key: bytes | None = None,
) -> Verdict:
    """The verdict on consecutive bundles of one stream: the history, each bundle in order, then the chain."""

    def check() -> None:
        keys = _Trust(history, pin, head).keys()
        decoded: list[Bundle] = []
        for data in bundles:
            decoded.append(_decode(data, BUNDLE, decode_bundle))
            check_bundle(decoded[-1], keys, key)
        check_chain(decoded)

    return _answer(check)


def _answer(check: Callable[[], object]) -> Verdict:
    try:
        check()
    except RefusalError as refusal:
        return refusal.verdict()
    return ACCEPT


def _as_bytes(data: bytes) -> bytes:
    if not isinstance(data, bytes | bytearray | memoryview):
        raise TypeError(f"expected bytes, got {type(data).__name__}")
    return bytes(data)


def _decode(data: bytes, kind: int, decoder: Callable[[bytes], _Decoded]) -> _Decoded:
    """The one object that `data` has to be: its body first, then that nothing follows its frame."""
    reader = Reader(_as_bytes(data))
    _, body = read_frame(reader, {kind: LIMITS[kind]})
    decoded = decoder(body)
    reader.end()
    return decoded


def _checked_history(data: bytes, pin: bytes | None, head: bytes | None) -> History:
    return check_history(_decode(data, HISTORY, decode_history), pin, head)


def _check_equivocation(data: bytes, trust: _Trust) -> None:
    evidence = _decode(data, EQUIVOCATION, decode_equivocation)
    check_equivocation(evidence, trust.keys())


def _check_bundle(data: bytes, trust: _Trust) -> None:
    bundle = _decode(data, BUNDLE, decode_bundle)
    check_bundle(bundle, trust.keys(), trust.key)
