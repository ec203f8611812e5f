"""Hand-made wrong bytes for every object: the first thing wrong, in the SPEC's order, is the reason."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from equipoise.proofs.independent import verify, verify_bundle, verify_chain, verify_equivocation, verify_history
from equipoise.proofs.independent.attestation import decode_attestation
from equipoise.proofs.independent.audit import decode_audit
from equipoise.proofs.independent.band import decode_band
from equipoise.proofs.independent.curve import R
from equipoise.proofs.independent.encoding import INFINITY, encode_point
from equipoise.proofs.independent.equivocation import decode_equivocation
from equipoise.proofs.independent.generators import value_generator
from equipoise.proofs.independent.header import decode_header
from equipoise.proofs.independent.history import decode_history
from equipoise.proofs.independent.link import decode_link
from equipoise.proofs.independent.opening import decode_opening
from equipoise.proofs.independent.receipt import decode_receipt
from equipoise.proofs.independent.verdict import MalformedError

from .maker import (
    ATTESTATION,
    AUDIT,
    BUNDLE,
    HEADER,
    HISTORY,
    LINK,
    OPEN,
    RECEIPT,
    SEED,
    TOPIC,
    HeaderFields,
    Window,
    bundle,
    frame,
    history_object,
    order_leaf,
    u,
)

OPEN_HEADER = HeaderFields(lanes=((TOPIC, 0, 5, 9, 1),))
THRESHOLD = HeaderFields(mode=1, v_min=1, q=4, edges=(-4, 0, 5))
LANE = (TOPIC, 0, 5, 9, 1)
POINT = encode_point(value_generator())
SCALAR = u(5, 32)
U63 = 1 << 63


def reason(decode: Callable[[bytes], object], body: bytes) -> str:
    with pytest.raises(MalformedError) as caught:
        decode(body)
    assert caught.value.detail
    return caught.value.reason


@pytest.mark.parametrize(
    "fields",
    [
        OPEN_HEADER,
        THRESHOLD,
        HeaderFields(),
        HeaderFields(lot=b"1"),
        HeaderFields(lot=b"10.05"),
        HeaderFields(lot=b"0." + b"0" * 61 + b"1"),
        HeaderFields(leaf_mode=1, trader_leaves=1 << 20),
        HeaderFields(start=U63 - 2, end=U63 - 1),
        HeaderFields(stream=b"~" * 64),
        replace(THRESHOLD, q=1024, edges=(-1024, *range(-15, 15), 1025), v_min=1 << 52),
        HeaderFields(lanes=tuple((TOPIC, i, 0, 0, 16384) for i in range(64))),
    ],
)
def test_good_headers(fields: HeaderFields) -> None:
    header = decode_header(fields.body())
    assert header.revision == fields.revision
    assert len(header.lanes) == len(fields.lanes)
    assert header.edges == fields.edges


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"version": 2, "stream": b""}, "bad-version"),
        ({"stream": b"", "lot": b"x"}, "bad-text"),
        ({"stream": b"a b"}, "bad-text"),
        ({"stream": b"\x7f"}, "bad-text"),
        ({"stream": b"a" * 65}, "bad-text"),
        ({"instrument": b"nocolon", "cluster": b""}, "bad-value"),
        ({"lot": b"0"}, "bad-value"),
        ({"lot": b"0.0"}, "bad-value"),
        ({"lot": b"01"}, "bad-value"),
        ({"lot": b"1."}, "bad-value"),
        ({"lot": b"1.50"}, "bad-value"),
        ({"lot": b".5"}, "bad-value"),
        ({"lot": b"1e5"}, "bad-value"),
        ({"lot": b"+1"}, "bad-value"),
        ({"start": 2_000}, "bad-value"),
        ({"start": U63, "end": U63 + 1}, "bad-value"),
        ({"leaf_mode": 2}, "bad-value"),
        ({"mode": 2}, "bad-value"),
        ({"isolation": 2}, "bad-value"),
        ({"lateness": U63}, "bad-value"),
        ({"idle": U63}, "bad-value"),
        ({"dominance": 0}, "bad-value"),
        ({"dominance": 1_000_001}, "bad-value"),
        ({"range_bits": 33}, "bad-value"),
        ({"order_limit": 0}, "bad-value"),
        ({"order_limit": (1 << 20) + 1}, "bad-value"),
        ({"v_min": 1}, "bad-value"),
        ({"q": 1}, "bad-value"),
        ({"edges": (0, 1)}, "bad-value"),
        ({"edges": tuple(range(33))}, "bad-value"),
        ({"trader_leaves": 1}, "bad-value"),
        ({"leaf_mode": 1, "trader_leaves": (1 << 20) + 1}, "bad-value"),
        ({"leaf_mode": 1, "lanes": (LANE,)}, "bad-value"),
        ({"lanes": ((TOPIC, 0, 6, 5, 1),)}, "bad-value"),
        ({"lanes": (LANE, LANE)}, "bad-value"),
        ({"lanes": ((TOPIC, 1, 0, 0, 1), LANE)}, "bad-value"),
        ({"lanes": ((bytes([9]) * 16, 0, 0, 0, 1), LANE)}, "bad-value"),
        ({"lanes": ((TOPIC, 0, 0, 0, 1 << 20), (TOPIC, 1, 0, 0, 1))}, "bad-value"),
        ({"lanes": tuple((TOPIC, i, 0, 0, 0) for i in range(65))}, "bad-value"),
        ({"tail": b"\0"}, "trailing-bytes"),
        ({"start": 3_000, "tail": b"\0"}, "bad-value"),
    ],
)
def test_wrong_headers(changes: dict[str, object], expected: str) -> None:
    assert reason(decode_header, replace(OPEN_HEADER, **changes).body()) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {"v_min": 0},
        {"v_min": (1 << 52) + 1},
        {"q": 0},
        {"q": 1025},
        {"edges": ()},
        {"edges": (-4,)},
        {"edges": (-3, 0, 5)},
        {"edges": (-4, 0, 4)},
        {"edges": (-4, 0, 0, 5)},
        {"edges": (-4, 1, 0, 5)},
    ],
)
def test_wrong_threshold_headers(changes: dict[str, object]) -> None:
    assert reason(decode_header, replace(THRESHOLD, **changes).body()) == "bad-value"  # type: ignore[arg-type]


@pytest.mark.parametrize("fields", [OPEN_HEADER, THRESHOLD])
def test_a_header_cut_anywhere_is_truncated(fields: HeaderFields) -> None:
    body = fields.body()
    assert {reason(decode_header, body[:size]) for size in range(len(body))} == {"truncated"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"start": U63}, "bad-value"),
        ({"end": U63}, "bad-value"),
        ({"start": 2_000}, "truncated"),
        ({"v_min": 1}, "truncated"),
        ({"edges": (1, 0)}, "truncated"),
        ({"lanes": (LANE, LANE)}, "truncated"),
        ({"leaf_mode": 1, "lanes": (LANE, LANE)}, "truncated"),
        ({"lanes": ((TOPIC, 0, 6, 5, 1), LANE)}, "bad-value"),
    ],
)
def test_rules_between_fields_wait_for_the_last_one(changes: dict[str, object], expected: str) -> None:
    body = replace(OPEN_HEADER, **changes).body()  # type: ignore[arg-type]
    assert reason(decode_header, body[:-1]) == expected


WINDOW = Window(OPEN_HEADER, [[order_leaf(7, 3, 0)]])
BODY = WINDOW.attestation_body()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (u(2, 2) + BODY[2:], "bad-version"),
        (BODY[:106] + bytes(48) + BODY[154:], "point-encoding"),
        (BODY[:154] + INFINITY + BODY[202:], "point-identity"),
        (BODY[:202] + bytes(31) + b"\1" + BODY[234:], "bad-value"),
        (BODY[:41] + b"\1" + BODY[42:], "bad-value"),
        (BODY[:202] + bytes(31) + b"\1" + BODY[234:-1], "truncated"),
        (BODY + b"\0", "trailing-bytes"),
        (b"", "truncated"),
    ],
)
def test_wrong_attestations(body: bytes, expected: str) -> None:
    assert reason(decode_attestation, body) == expected


def test_wrong_links() -> None:
    body = WINDOW.link_object()[9:]
    assert decode_link(body).z_buys == int.from_bytes(body[256:288], "big")
    assert decode_link(body[:64] + INFINITY * 2 + body[160:]).top.buys is None
    assert reason(decode_link, body[:160] + INFINITY + body[208:]) == "point-identity"
    assert reason(decode_link, body[:256] + u(R, 32) + body[288:]) == "scalar-range"
    assert reason(decode_link, body[:256] + u(R, 32) + body[288:-1]) == "scalar-range"
    assert reason(decode_link, body[:-1]) == "truncated"
    assert reason(decode_link, body + b"\0") == "trailing-bytes"


def test_wrong_openings() -> None:
    body = WINDOW.open_object()[9:]
    assert decode_opening(body).buys == 3
    assert decode_opening(body[:32] + u(1 << 52, 8) + body[40:]).buys == 1 << 52
    assert reason(decode_opening, body[:32] + u((1 << 52) + 1, 8)) == "bad-value"
    assert reason(decode_opening, body[:40] + u((1 << 52) + 1, 8) + body[48:]) == "bad-value"
    assert reason(decode_opening, body[:-32] + u(R, 32)) == "scalar-range"
    assert reason(decode_opening, body + b"\0") == "trailing-bytes"


def range_proof(rounds: int) -> bytes:
    return POINT * 4 + SCALAR * 3 + u(rounds, 1) + POINT * 2 * rounds + SCALAR * 2


def test_wrong_bands() -> None:
    head = bytes(32) + b"\0"
    assert len(decode_band(head + range_proof(9)).proof.rounds) == 9
    assert reason(decode_band, head + POINT * 4 + SCALAR * 3 + u(0, 1)) == "bad-value"
    assert reason(decode_band, head + POINT * 4 + SCALAR * 3 + u(13, 1)) == "bad-value"
    assert reason(decode_band, head + range_proof(2)[:-65]) == "truncated"
    assert reason(decode_band, head + range_proof(2) + b"\0") == "trailing-bytes"
    short = head + POINT * 4 + SCALAR * 3 + u(3, 1) + POINT * 2 + INFINITY
    assert reason(decode_band, short) == "point-identity"  # elements are read one by one


def test_wrong_receipts() -> None:
    head = WINDOW.receipt_object(0, 0)[9:-2]
    assert decode_receipt(head + b"\0\0").proof is None
    assert reason(decode_receipt, head + b"\x1b") == "bad-value"
    assert reason(decode_receipt, head + b"\0\2") == "bad-value"
    assert reason(decode_receipt, head + b"\0\0\0") == "trailing-bytes"
    assert reason(decode_receipt, head + b"\1" + bytes(32) + INFINITY) == "point-identity"
    assert reason(decode_receipt, head[:-2]) == "truncated"


def test_wrong_audits() -> None:
    body = WINDOW.audit_object()[9:]
    assert len(decode_audit(body).leaves) == 1
    assert reason(decode_audit, body[:32] + u((1 << 20) + 1, 4)) == "bad-value"
    assert reason(decode_audit, body[:32] + u(1 << 20, 4)) == "truncated"
    assert reason(decode_audit, body + b"\0") == "trailing-bytes"


def test_wrong_equivocations() -> None:
    assert decode_equivocation(BODY + BODY).first.sequence == 0
    assert reason(decode_equivocation, BODY) == "truncated"
    assert reason(decode_equivocation, BODY + BODY[:200]) == "truncated"
    assert reason(decode_equivocation, BODY + u(2, 2) + BODY[2:]) == "bad-version"
    assert reason(decode_equivocation, BODY + BODY + b"\0") == "trailing-bytes"


def test_wrong_histories() -> None:
    body = history_object((1, SEED, 5, SEED))[9:]
    assert decode_history(body)[0].time == 5
    assert reason(decode_history, u(0, 2)) == "bad-value"
    assert reason(decode_history, u(513, 2)) == "bad-value"
    assert reason(decode_history, body[:2] + b"\4" + body[3:]) == "bad-value"
    assert reason(decode_history, body[:2] + b"\0" + body[3:]) == "bad-value"
    assert reason(decode_history, body[:-1]) == "truncated"
    assert reason(decode_history, body + b"\0") == "trailing-bytes"


PARTS = [WINDOW.header_object(), WINDOW.attestation_object(), WINDOW.link_object()]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", "truncated"),
        (b"EQP", "truncated"),
        (b"EQP2\x0a\0\0\0\0", "bad-magic"),
        (b"EQP1", "truncated"),
        (frame(0, b""), "bad-type"),
        (frame(11, b""), "bad-type"),
        (frame(HEADER, b""), "bad-type"),
        (b"EQP1\x0a\0\0\0", "truncated"),
        (b"EQP1\x0a\x10\0\0\1", "too-large"),
        (b"EQP1\x0a\0\0\0\2\0", "truncated"),
        (b"EQP1\x08\0\0\2\xbd", "too-large"),
        (b"EQP1\x09\0\4\0\1", "too-large"),
        (bundle(), "bundle-order"),
        (bundle(PARTS[0]), "bundle-order"),
        (bundle(PARTS[1]), "bundle-order"),
        (bundle(PARTS[1], PARTS[0]), "bundle-order"),
        (bundle(PARTS[0], PARTS[0]), "bundle-order"),
        (bundle(*PARTS, PARTS[2]), "bundle-order"),
        (bundle(*PARTS[:2], WINDOW.open_object()), "bundle-order"),
        (bundle(*PARTS[:2], WINDOW.audit_object()), "bundle-order"),
        (bundle(*PARTS, WINDOW.receipt_object(0, 0), WINDOW.receipt_object(0, 0)), "bundle-order"),
        (bundle(*PARTS, WINDOW.audit_object(), WINDOW.receipt_object(0, 0)), "bundle-order"),
        (bundle(frame(BUNDLE, b"")), "bad-type"),
        (bundle(frame(HISTORY, b"")), "bad-type"),
        (bundle(b"EQP1\2\0\0\1\x4b"), "too-large"),
        (bundle(b"XXXX"), "bad-magic"),
        (bundle(*PARTS[:2]) + b"\0", "trailing-bytes"),
        (frame(BUNDLE, bundle(*PARTS[:2])[9:] + b"\0"), "trailing-bytes"),
        (frame(BUNDLE, bundle(PARTS[0])[9:] + b"\0"), "bundle-order"),
        (bundle(PARTS[0], frame(ATTESTATION, BODY[:-1]), PARTS[2]), "truncated"),
        (bundle(*PARTS[:2], frame(LINK, b"\0")), "truncated"),
        (bundle(*PARTS, frame(OPEN, b"")), "truncated"),
        (bundle(*PARTS, frame(RECEIPT, b"")), "truncated"),
        (bundle(*PARTS, frame(AUDIT, b"")), "truncated"),
        (bundle(frame(ATTESTATION, b""))[:-1], "truncated"),
        (bundle(frame(ATTESTATION, b"")) + b"\0", "truncated"),  # its body comes before what follows it
    ],
)
def test_wrong_frames_and_bundles(data: bytes, expected: str) -> None:
    verdict = verify(data)
    assert (verdict.verdict, verdict.reason) == ("malformed", expected), verdict.detail


def test_entries_for_one_kind_refuse_the_others() -> None:
    good, history = bundle(*PARTS), history_object((1, SEED, 5, SEED))
    evidence = frame(8, BODY + BODY)
    assert verify_bundle(good).accepted
    assert verify_history(history).accepted
    for verdict in (
        verify_bundle(history),
        verify_equivocation(good),
        verify_history(evidence),
        verify_chain([history]),
        verify(good, history=good),
        verify_chain([], history=evidence),
    ):
        assert (verdict.verdict, verdict.reason) == ("malformed", "bad-type")


def test_bytes_like_objects_and_no_bytes() -> None:
    good = bundle(*PARTS)
    assert verify(bytearray(good)).accepted
    assert verify(memoryview(good)).accepted
    for wrong in ("text", None, 5):
        with pytest.raises(TypeError, match="expected bytes"):
            verify(wrong)  # type: ignore[arg-type]


def test_every_cut_and_every_changed_byte_of_a_bundle_is_refused() -> None:
    good = bundle(*PARTS[:2])
    for size in range(len(good)):
        assert verify(good[:size]).reason == "truncated"
    for place in range(0, len(good), 7):
        changed = bytearray(good)
        changed[place] ^= 1
        assert not verify(bytes(changed)).accepted
