"""Intermediate values, for whoever writes a verifier and wants to know where it departs."""

from __future__ import annotations

from typing import Any

from equipoise.proofs.band import band_transcript, derived
from equipoise.proofs.digest import u32
from equipoise.proofs.generators import generator_digest
from equipoise.proofs.group import G, H, U, commit, hash_to_group
from equipoise.proofs.orders import leaf_tag
from equipoise.proofs.statements import Subject
from equipoise.proofs.transcript import SUITE, Transcript, derive_session
from equipoise.proofs.tree import Node, leaf_node, merge, top_of, window_root
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, closed, mixed, orders

Values = dict[str, Any]


def primitives() -> Values:
    """Generators, digests, a transcript, commitments, nodes, trees, statements."""
    return {
        "generators": _generators(),
        "generator_digests": [{"size": n, "digest": generator_digest(n).hex()} for n in (0, 1, 64, 512)],
        "sessions": [{"tag": (SUITE + t).decode(), "session": derive_session(SUITE + t).hex()} for t in _TAGS],
        "transcript": _transcript(),
        "commitments": [_commitment(v, r) for v, r in ((0, 1), (1, 0), (5, 7), ((1 << 64) - 1, 12345678901234567890))],
        "tags": [_tag(bytes(32), b"content"), _tag(bytes(range(32)), b"")],
        "trees": [_tree(count) for count in (1, 2, 3, 5, 8)],
        "windows": [_window(count) for count in (0, 1, 3)],
        "bands": _bands(),
    }


_TAGS = (b"LINK", b"BAND", b"RECEIPT")


def _generators() -> list[Values]:
    named = [("pedersen/value", G), ("pedersen/blinding", H), ("product", U)]
    out = [{"message": name.encode().hex(), "point": p.to_compressed_bytes().hex()} for name, p in named]
    for i in (0, 1, 511):
        for side in (b"vector/left/", b"vector/right/"):
            message = side + u32(i)
            out.append({"message": message.hex(), "point": hash_to_group(message).to_compressed_bytes().hex()})
    return out


def _transcript() -> Values:
    transcript = Transcript(b"LINK")
    operations: list[list[str]] = []
    for label, data in (("first", b"hello"), ("empty", b""), ("last", bytes(300))):
        transcript.append(label.encode(), data)
        operations.append(["append", label, data.hex()])
    for label in ("one", "two"):
        operations.append(["challenge", label, f"{transcript.challenge(label.encode()):064x}"])
    transcript.append(b"more", b"\x01")
    operations.append(["append", "more", "01"])
    operations.append(["challenge", "three", f"{transcript.challenge(b'three'):064x}"])
    return {"tag": (SUITE + b"LINK").decode(), "operations": operations}


def _commitment(value: int, blinding: int) -> Values:
    point = commit(value, blinding).to_compressed_bytes().hex()
    return {"value": value, "blinding": f"{blinding:064x}", "point": point}


def _tag(salt: bytes, content: bytes) -> Values:
    return {"salt": salt.hex(), "content": content.hex(), "tag": leaf_tag(salt, content).hex()}


def _leaves(count: int) -> list[tuple[bytes, bytes, int, int]]:
    return [(i.to_bytes(16, "big"), bytes([i]) * 32, i + 1, 2 * i) for i in range(count)]


def _node(node: Node) -> str:
    return node.encoded().hex()


def _tree(count: int) -> Values:
    leaves = [leaf_node(key, tag, commit(b, 11 + b), commit(s, 13 + s)) for key, tag, b, s in _leaves(count)]
    top = top_of([leaves])
    return {
        "leaves": [
            {"key": key.hex(), "tag": tag.hex(), "b": b, "r_b": 11 + b, "s": s, "r_s": 13 + s, "node": _node(node)}
            for (key, tag, b, s), node in zip(_leaves(count), leaves, strict=True)
        ],
        "first_parent": _node(merge(leaves[0], leaves[1])) if count > 1 else None,
        "top": _node(top),
        "root": window_root(count, top).hex(),
    }


def _window(count: int) -> Values:
    window = closed(OPEN_TERMS, orders(mixed(count)))
    return {
        "header": window.header.body().hex(),
        "header_digest": window.header.digest.hex(),
        "stream_id": window.header.stream_id.hex(),
        "attestation": window.t0.body().hex(),
        "statement_digest": window.t0.digest.hex(),
        "signed_message": window.t0.signed_message.hex(),
    }


def _bands() -> list[Values]:

    window = closed(BAND_TERMS, orders(mixed(2)))
    subject = Subject(window.header, window.t0)
    index = 3
    return [
        {
            "header": window.header.body().hex(),
            "attestation": window.t0.body().hex(),
            "index": index,
            "values": [v.data.hex() for v in derived(subject, index)],
            "challenge_after_band": f"{band_transcript(subject, index).challenge(b'probe'):064x}",
        }
    ]
