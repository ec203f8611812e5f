"""Windows made here, honest and not, where the frozen vectors have none or the tests want to see inside."""

from dataclasses import replace

import pytest

from equipoise.proofs.independent import ed25519, verify, verify_chain, verify_equivocation, verify_history
from equipoise.proofs.independent.attestation import start_transcript
from equipoise.proofs.independent.curve import R
from equipoise.proofs.independent.merkle import Node
from equipoise.proofs.independent.transcript import LINK_TAG, Transcript
from equipoise.proofs.independent.verdict import InvalidError, Verdict

from .maker import (
    EQUIVOCATION,
    GATEWAY,
    OPEN,
    SEED,
    TOPIC,
    HeaderFields,
    LeafFields,
    Window,
    bundle,
    entry_digest,
    frame,
    gateway_signature,
    history_object,
    order_leaf,
    public_key,
    trader_leaf,
)

OTHER = b"another publisher's key; testing"
THIRD = b"a third key that signs something"


def said(verdict: Verdict) -> str:
    return verdict.reason or verdict.verdict


def window(*sizes: int, **fields: object) -> Window:
    """A window with a lane per size, offsets 100, 101, … in each; extra fields go to the header."""
    lanes = tuple((TOPIC, partition, 100, 199, size) for partition, size in enumerate(sizes))
    header = HeaderFields(lanes=lanes, **fields)  # type: ignore[arg-type]
    trees = [[order_leaf(100 + i, i + 1, 2 * i) for i in range(size)] for size in sizes if size]
    return Window(header, trees)


def complete(made: Window, *receipts: bytes) -> bytes:
    parts = [made.header_object(), made.attestation_object(), made.link_object(), made.open_object()]
    return bundle(*parts, *receipts, made.audit_object())


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (2,), (3,), (7,), (1, 0, 2), (2, 3, 1)])
def test_honest_windows(sizes: tuple[int, ...]) -> None:
    assert said(verify(complete(window(*sizes)))) == "accept"


def test_a_leaf_per_trader() -> None:
    leaves = sorted([trader_leaf(b"alice", 5, 0), trader_leaf(b"bob", 0, 9)], key=lambda leaf: leaf.key)
    made = Window(HeaderFields(leaf_mode=1, trader_leaves=2), [leaves])
    assert said(verify(complete(made, made.receipt_object(0, 0), made.receipt_object(0, 1)))) == "accept"
    wrong = Window(HeaderFields(leaf_mode=1, trader_leaves=1), [[replace(leaves[0], key=bytes(16))]])
    assert said(verify(complete(wrong, wrong.receipt_object(0, 0)))) == "leaf-key"
    order = replace(order_leaf(100, 1, 0), key=b"")
    mixed = Window(HeaderFields(leaf_mode=1, trader_leaves=1), [[replace(order, key=order.tag[:16])]])
    assert said(verify(complete(mixed, mixed.receipt_object(0, 0)))) == "content"


def test_receipts_across_trees() -> None:
    made = window(1, 2)
    receipts = [made.receipt_object(0, 0), made.receipt_object(1, 1)]
    assert said(verify(complete(made, *receipts))) == "accept"


def test_a_receipt_without_siblings_has_no_proof() -> None:
    made, other = window(1), window(2)
    alone = made.receipt_object(0, 0)
    assert said(verify(complete(made, alone))) == "accept"
    proof = other.receipt_object(0, 0)[
        9 + 32 + 6 + 16 + 32 + 16 + 64 + 2 + len(other.leaves[0].content) + 1 + 128 + 1 :
    ]
    assert said(verify(complete(made, made.receipt_object(0, 0, proof=proof)))) == "proof-size"


def test_a_negative_sibling_is_refused() -> None:
    made = window(2)
    made.trees[0][1] = replace(made.trees[0][1], buys=-1)
    assert made.totals[0] == 0
    made_receipt = made.receipt_object(0, 0)
    assert said(verify(complete(made, made_receipt))) == "range-equation"


def test_gateway() -> None:
    fields = HeaderFields(gateway=public_key(GATEWAY), lanes=((TOPIC, 3, 100, 199, 1),))
    plain = Window(fields, [[order_leaf(100, 4, 0)]])
    assert said(verify(complete(plain, plain.receipt_object(0, 0)))) == "gateway-signature"
    for seed, expected in ((GATEWAY, "accept"), (OTHER, "gateway-signature")):
        signature = gateway_signature(plain.header, plain.leaves[0], seed)
        made = Window(fields, [[order_leaf(100, 4, 0, signed=signature)]])
        assert said(verify(complete(made, made.receipt_object(0, 0)))) == expected
    ignored = Window(replace(fields, gateway=bytes(32)), [[order_leaf(100, 4, 0, signed=bytes(64))]])
    assert said(verify(complete(ignored, ignored.receipt_object(0, 0)))) == "accept"


def test_a_gateway_that_is_no_point_signs_nothing() -> None:
    fields = HeaderFields(gateway=b"\2" + bytes(31), lanes=((TOPIC, 3, 100, 199, 1),))
    made = Window(fields, [[order_leaf(100, 4, 0, signed=bytes(64))]])
    assert said(verify(complete(made, made.receipt_object(0, 0)))) == "gateway-signature"


def test_the_identity_is_no_leaf() -> None:
    made = window(2)
    made.trees[0][0] = LeafFields(made.trees[0][0].key, 0, 0, made.trees[0][0].content, r_buys=0)
    parts = [made.header_object(), made.attestation_object(), made.link_object()]
    assert said(verify(bundle(*parts, made.receipt_object(0, 0)))) == "root-mismatch"
    assert said(verify(bundle(*parts, made.audit_object()))) == "point-identity"


def test_sums_that_cancel_are_refused() -> None:
    made = window(2)
    made.trees[0][1] = replace(made.trees[0][1], buys=-1, r_buys=-made.trees[0][0].r_buys)
    assert made.totals[0] == 0
    assert made.top.buys is None
    parts = [made.header_object(), made.attestation_object(), made.link_object()]
    assert said(verify(bundle(*parts))) == "root-mismatch"


def test_an_empty_window_has_an_empty_top() -> None:
    made = window()
    assert made.leaves == []
    wrong = made.link_object(Node(b"\1" * 32, None, None))
    parts = [made.header_object(), made.attestation_object()]
    assert said(verify(bundle(*parts, made.link_object()))) == "accept"
    assert said(verify(bundle(*parts, wrong))) == "root-mismatch"
    sums = made.link_object(window(1).top)
    assert said(verify(bundle(*parts, sums))) == "root-mismatch"


def test_a_challenge_of_zero_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    made = window(1)
    data = complete(made)

    class Zero:
        def update(self, data: bytes) -> None: ...

        def digest(self, size: int) -> bytes:
            return R.to_bytes(size, "little")

    transcript = start_transcript(LINK_TAG, made.header, made.attestation(), 0)
    transcript._sponge = Zero()  # type: ignore[assignment]
    with pytest.raises(InvalidError, match="challenge-zero"):
        transcript.challenge("c")
    monkeypatch.setattr("equipoise.proofs.independent.transcript.R", 1)  # every number is 0 modulo 1
    assert said(verify(data)) == "challenge-zero"


def test_labels_and_lengths_are_framed() -> None:
    seen = set()
    for operations in ([("ab", b"c")], [("a", b"bc")], [("ab", b""), ("c", b"")], [("ab", b"c"), ("", b"")]):
        transcript = Transcript(LINK_TAG)
        for label, data in operations:
            transcript.append(label, data)
        first, again = transcript.challenge("x"), transcript.challenge("x")
        seen |= {first, again}
    assert len(seen) == 8


def test_modes_do_not_mix() -> None:
    made = Window(
        HeaderFields(mode=1, v_min=1, q=1, edges=(-1, 2), lanes=((TOPIC, 0, 100, 199, 1),)), [[order_leaf(100, 4, 0)]]
    )
    assert said(verify(complete(made))) == "mode-mismatch"


def test_openings_of_other_values() -> None:
    made = window(1)
    parts = [made.header_object(), made.attestation_object(), made.link_object()]
    opening = made.open_object()[9:]
    for place, expected in ((39, "opening-buys"), (47, "opening-sells"), (79, "opening-buys"), (111, "opening-sells")):
        changed = bytearray(opening)
        changed[place] ^= 1
        assert said(verify(bundle(*parts, frame(OPEN, bytes(changed))))) == expected


def test_expected_key() -> None:
    data = complete(window(1))
    assert said(verify(data, key=public_key(SEED))) == "accept"
    assert said(verify(data, key=public_key(OTHER))) == "key-unknown"


def test_history_decides_over_keys() -> None:
    data = complete(window(1))  # its window ends at 2,000
    start = (1, SEED, 500, SEED)
    cases = {
        "accept": [start],
        "key-unknown": [(1, OTHER, 500, OTHER)],
        "key-early": [(1, SEED, 2_001, SEED)],
        "key-retired": [start, (2, SEED, 2_000, SEED)],
        "key-revoked": [start, (1, OTHER, 500, SEED), (2, SEED, 2_000, SEED), (3, SEED, 2_000, OTHER)],
    }
    for expected, changes in cases.items():
        assert said(verify(data, history=history_object(*changes))) == expected
    for changes in ([(1, SEED, 2_000, SEED)], [start, (2, SEED, 2_001, SEED)], [start, (3, SEED, 2_001, SEED)]):
        assert said(verify(data, history=history_object(*changes))) == "accept"


def test_histories() -> None:
    start = (1, SEED, 5, SEED)
    cases = [
        ([start, (1, OTHER, 6, SEED), (3, SEED, 7, OTHER), (2, SEED, 7, OTHER)], "accept"),
        ([start, (2, SEED, 7, SEED), (1, OTHER, 6, SEED)], "history-order"),
        ([start, (2, SEED, 7, SEED), (3, SEED, 7, SEED)], "history-order"),
        ([start, (1, OTHER, 6, SEED), (2, SEED, 7, SEED), (3, SEED, 8, OTHER)], "accept"),
        ([(1, SEED, 5, OTHER)], "history-order"),
        ([(2, SEED, 5, SEED)], "history-order"),
        ([start, (1, SEED, 6, SEED)], "history-order"),
        ([start, (2, OTHER, 6, SEED)], "history-order"),
        ([start, (2, SEED, 6, SEED), (2, SEED, 7, SEED)], "history-order"),
        ([start, (1, OTHER, 6, OTHER)], "history-order"),
        ([start, (3, SEED, 6, SEED), (1, OTHER, 6, SEED)], "history-order"),
    ]
    for changes, expected in cases:
        assert said(verify_history(history_object(*changes))) == expected


def test_history_bytes_that_are_changed() -> None:
    data = history_object((1, SEED, 5, SEED), (2, SEED, 9, SEED))
    entry = 9 + 2 + 233
    for place, expected in (
        (entry + 41, "history-chain"),
        (entry + 105, "signature"),
        (entry + 169, "signature"),  # the possession of a retirement is zeros
        (9 + 2 + 105, "signature"),
        (9 + 2 + 169, "signature"),
        (9 + 2 + 41, "history-chain"),
    ):
        changed = bytearray(data)
        changed[place] ^= 1
        assert said(verify(bytes(changed))) == expected


def test_pins() -> None:
    data = history_object((1, SEED, 5, SEED), (1, OTHER, 6, SEED))
    first = entry_digest(data[11 : 11 + 233])
    second = entry_digest(data[11 + 233 :])
    assert said(verify(data, pin=first, head=second)) == "accept"
    assert said(verify_history(data, pin=first, head=first)) == "accept"
    assert said(verify(data, pin=second)) == "history-pin"
    assert said(verify(data, head=bytes(32))) == "history-pin"
    made = complete(window(1))
    assert said(verify(made, history=data, pin=second)) == "history-pin"
    assert said(verify_chain([made], history=data, head=bytes(32))) == "history-pin"


def evidence(first: Window, second: Window) -> bytes:
    return frame(EQUIVOCATION, first.attestation_body() + second.attestation_body())


def test_equivocation() -> None:
    one, two = window(1), window(2)
    assert said(verify_equivocation(evidence(one, two))) == "accept"
    assert said(verify(evidence(one, one))) == "not-equivocation"
    later = Window(two.fields, two.trees, sequence=1, previous=b"\1" * 32)
    assert said(verify(evidence(one, later))) == "not-equivocation"
    elsewhere = Window(replace(two.fields, stream=b"elsewhere"), two.trees)
    assert said(verify(evidence(one, elsewhere))) == "stream-mismatch"
    for place in (9 + 329, 9 + 659):
        changed = bytearray(evidence(one, two))
        changed[place - 40] ^= 1
        assert said(verify(bytes(changed))) == "signature"


def test_equivocation_under_a_key_that_the_history_does_not_know() -> None:
    data = evidence(window(1), window(2))
    assert said(verify(data, history=history_object((1, SEED, 5, SEED)))) == "accept"
    assert said(verify(data, history=history_object((1, OTHER, 5, OTHER)))) == "key-unknown"


def test_equivocation_under_two_keys() -> None:
    one, two = window(1), window(2)
    two.seed = OTHER
    both = history_object((1, SEED, 5, SEED), (1, OTHER, 6, SEED))
    assert said(verify(evidence(one, two))) == "key-unknown"
    assert said(verify(evidence(one, two), history=both)) == "accept"
    assert said(verify(evidence(one, two), history=history_object((1, SEED, 5, SEED)))) == "key-unknown"
    assert said(verify(evidence(one, two), history=history_object((1, OTHER, 5, OTHER)))) == "key-unknown"


def chain(*fields: HeaderFields, start: int = 0) -> list[bytes]:
    made = []
    previous = b"\1" * 32 if start else bytes(32)
    for number, header in enumerate(fields, start):
        one = Window(header, [], sequence=number, previous=previous)
        made.append(bundle(one.header_object(), one.attestation_object()))
        previous = one.statement_digest()
    return made


def times(start: int, end: int, revision: int = 0) -> HeaderFields:
    return HeaderFields(start=start, end=end, revision=revision)


@pytest.mark.parametrize(
    ("windows", "start", "expected"),
    [
        ([(0, 5), (5, 9), (20, 30)], 0, "accept"),
        ([(0, 5), (5, 9), (0, 5, 1), (0, 5, 2), (5, 9, 1), (9, 10)], 0, "accept"),
        ([(0, 5), (4, 9)], 0, "window-overlap"),
        ([(0, 5), (5, 9), (0, 4)], 0, "window-overlap"),
        ([(0, 5), (0, 5)], 0, "window-overlap"),
        ([(0, 5), (0, 5, 2)], 0, "revision-order"),
        ([(0, 5), (0, 5, 1), (0, 5, 1)], 0, "revision-order"),
        ([(0, 5), (5, 9, 1)], 0, "revision-order"),
        ([(0, 5, 1)], 0, "revision-order"),
        ([(0, 5, 3), (0, 5, 4), (5, 9)], 7, "accept"),
        ([(0, 5, 3), (0, 5, 5)], 7, "revision-order"),
        ([(0, 5, 3), (4, 6)], 7, "window-overlap"),
    ],
)
def test_windows_of_a_chain(windows: list[tuple[int, ...]], start: int, expected: str) -> None:
    assert said(verify_chain(chain(*(times(*window) for window in windows), start=start))) == expected


def test_links_of_a_chain() -> None:
    one, two, three = chain(times(0, 5), times(5, 9), times(9, 12))
    assert said(verify_chain([])) == "accept"
    assert said(verify_chain([two, three])) == "accept"
    assert said(verify_chain([one, three])) == "sequence-gap"
    assert said(verify_chain([two, one])) == "sequence-gap"
    branch = chain(times(0, 4), times(4, 9))
    assert said(verify_chain([one, branch[1]])) == "chain-mismatch"
    elsewhere = chain(times(0, 5), replace(times(5, 9), stream=b"elsewhere"))
    assert said(verify_chain(elsewhere)) == "stream-mismatch"
    assert said(verify_chain([one, two], key=public_key(THIRD))) == "key-unknown"


def test_the_signature_covers_every_byte_of_the_statement() -> None:
    body = window(1).attestation_body()
    key, signature = body[234:266], body[266:]
    assert ed25519.verify(key, b"\x1dequipoise/v1/sign/attestation" + body[:266], signature)
    assert not ed25519.verify(key, b"\x1dequipoise/v1/sign/attestation" + body[:265], signature)
