"""Write the frozen vectors of the format's version 1.

    python -m equipoise.proofs.vectors.generate FOLDER

The output is a function of this code alone (fixed secrets, nonces without randomness), and a
test compares it with the files: a change of any byte of the protocol shows there. Files of a
released version are never written again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from equipoise.proofs import history as hi
from equipoise.proofs.bundle import Bundle, frame_parts
from equipoise.proofs.codec import Framed
from equipoise.proofs.equivocation import Equivocation
from equipoise.proofs.errors import MALFORMED
from equipoise.proofs.keys import LocalSigner
from equipoise.proofs.link import Link
from equipoise.proofs.vectors import scenes
from equipoise.proofs.vectors.cheats import all_cheats
from equipoise.proofs.vectors.mutate import mutations
from equipoise.proofs.vectors.primitives import primitives
from equipoise.proofs.vectors.scenes import BAND_TERMS, IDENTITY, MINUTE, OPEN_TERMS, OTHER, closed, full, mixed, orders
from equipoise.proofs.vectors.signatures import signatures
from equipoise.proofs.verify import Verdict, verify, verify_chain

Case = dict[str, Any]


def case(name: str, data: bytes, expect: str, **trust: bytes) -> Case:
    """One vector: what our verifier says must be what was meant ("accept", or a reason)."""
    return _judged(name, {"object": data.hex()}, verify(data, **trust), expect, trust)


def _judged(name: str, what: dict[str, Any], verdict: Verdict, expect: str, trust: dict[str, bytes]) -> Case:
    got = verdict.reason or verdict.verdict
    if expect not in ("", got) or (not expect and verdict):
        raise AssertionError(f"{name}: {got} at {verdict.where}, meant {expect}")
    hexed = {k: trust[k].hex() if k in trust else None for k in ("history", "pin", "head", "key")}
    return {"name": name, **what, **hexed, "verdict": verdict.verdict, "reason": verdict.reason}


def honest() -> Iterator[tuple[str, Bundle]]:
    """Windows as they should be."""
    for count in (0, 1, 2, 3, 4, 5):
        window = closed(OPEN_TERMS, orders(mixed(count)))
        yield f"open, {count} orders", full(window, [(0, i) for i in range(min(count, 2))])
    yield "open, three partitions", full(closed(OPEN_TERMS, orders(mixed(7), lanes=3)), [(0, 1), (2, 0)])
    window = closed(OPEN_TERMS, orders(mixed(3)))
    yield "attestation alone", Bundle(window.header, window.t0)
    for name, lots in (
        ("ratio on a lower edge", [(60, 0), (0, 40)]),
        ("ratio just below an edge", [(599, 0), (0, 401)]),
        ("buys only", [(7, 0), (3, 0)]),
        ("sells only", [(0, 7)]),
        ("one lot", [(1, 0)]),
    ):
        yield f"band, {name}", full(closed(BAND_TERMS, orders(lots)), audit=False)
    widest = replace(BAND_TERMS, q=1024, edges=(-1024, 1023, 1025), range_bits=64)
    large = [(1 << 51, 0), (1 << 50, 0), (0, (1 << 52) - 1)]
    yield "band, largest totals, q = 1024", full(closed(widest, orders(large)), audit=False)
    traders = replace(OPEN_TERMS, order_limit=3)
    yield "one leaf per trader", full(closed(traders, orders(mixed(9), traders=3)), [(0, 0), (0, 2)])
    wide = replace(OPEN_TERMS, range_bits=64)
    yield "receipt with 64 bits", full(closed(wide, orders([(1 << 40, 0), (0, 1 << 33)])), [(0, 0)], False)
    gated = replace(OPEN_TERMS, gateway=scenes.GATEWAY.public)
    placed = [scenes.vouched(order, gated) for order in orders(mixed(2))]
    yield "orders signed by a gateway", full(closed(gated, placed), [(0, 0), (0, 1)])
    yield "a revision", full(closed(OPEN_TERMS, orders(mixed(2)), 0, 5, b"\7" * 32, 3), audit=False)


def histories() -> dict[str, hi.History]:
    """Key histories: rotation with overlap, retirement, revocation. Times in ns."""
    start = hi.begin(IDENTITY.signer, 0)
    both = hi.add(start, IDENTITY.signer, OTHER.signer, 10 * MINUTE)
    return {
        "start": start,
        "late": hi.begin(IDENTITY.signer, 2 * MINUTE),
        "both": both,
        "retired": hi.retire(both, OTHER.signer, IDENTITY.public, MINUTE),
        "overlap": hi.retire(both, OTHER.signer, IDENTITY.public, MINUTE + 1),
        "revoked": hi.revoke(both, OTHER.signer, IDENTITY.public, 0),
        "stranger": hi.begin(OTHER.signer, 0),
    }


def trusted() -> Iterator[Case]:
    """Keys, pins, histories."""
    window = closed(OPEN_TERMS, orders(mixed(1)))
    data = Bundle(window.header, window.t0).encode()
    kept = histories()
    for name, expect in (
        ("start", "accept"),
        ("late", "key-early"),
        ("both", "accept"),
        ("retired", "key-retired"),
        ("overlap", "accept"),
        ("revoked", "key-revoked"),
        ("stranger", "key-unknown"),
    ):
        yield case(f"history {name}", data, expect, history=kept[name].encode(), pin=kept[name].id)
        yield case(f"history {name}, by itself", kept[name].encode(), "accept", pin=kept[name].id)
    yield case("expected key", data, "accept", key=IDENTITY.public)
    yield case("unexpected key", data, "key-unknown", key=OTHER.public)
    both = kept["both"].encode()
    yield case("head seen", data, "accept", history=both, pin=kept["start"].id, head=kept["start"].head)
    yield case("another pin", data, "history-pin", history=both, pin=kept["stranger"].id)
    yield case("another branch", data, "history-pin", history=both, pin=kept["both"].id, head=kept["retired"].head)
    entries = kept["both"].entries
    for name, broken, expect in (
        ("entries swapped", entries[::-1], "history-chain"),
        ("an entry twice", (*entries, replace(entries[1], previous=entries[1].digest)), "history-order"),
        ("a forged signature", (replace(entries[0], signature=bytes(64)),), "signature"),
        ("no possession", (replace(entries[0], possession=bytes(64)),), "signature"),
        ("begins with a stranger's word", (replace(entries[0], signer=OTHER.public),), "history-order"),
    ):
        yield case(name, hi.History(broken).encode(), expect)
    heir = LocalSigner(sha256(b"equipoise vectors: an heir").digest())
    for gone in ("overlap", "revoked"):
        entry = hi._entry(hi.ADD, heir.public, 20 * MINUTE, kept[gone].head, IDENTITY.signer, heir)
        late = hi.History((*kept[gone].entries, entry))
        yield case(f"history {gone}: the old key adds another", late.encode(), "history-order")
    for mutation in mutations(kept["both"]):
        yield case(f"history: {mutation.place}: {mutation.name}", mutation.data, mutation.reason)


def equivocations() -> Iterator[Case]:
    """Two statements under one number, and what is none."""
    one, two = closed(OPEN_TERMS, orders(mixed(2))).t0, closed(OPEN_TERMS, orders(mixed(3))).t0
    yield case("two statements, one number", Equivocation(one, two).encode(), "accept")
    yield case("the same statement twice", Equivocation(one, one).encode(), "not-equivocation")
    later = closed(OPEN_TERMS, orders(mixed(3)), 1, 1, one.digest).t0
    yield case("two numbers", Equivocation(one, later).encode(), "not-equivocation")
    elsewhere = closed(replace(OPEN_TERMS, stream="vectors/2"), orders(mixed(2))).t0
    yield case("two streams", Equivocation(one, elsewhere).encode(), "stream-mismatch")
    forged = replace(two, signature=one.signature)
    yield case("one signature forged", Equivocation(one, forged).encode(), "signature")
    signed = replace(two, key=OTHER.public)
    signed = replace(signed, signature=OTHER.signer.sign(signed.signed_message))
    crossed = Equivocation(one, signed).encode()
    kept = histories()
    yield case("two keys without a history", crossed, "key-unknown")
    yield case("two keys of one history", crossed, "accept", history=kept["both"].encode(), pin=kept["both"].id)
    yield case("a key outside the history", crossed, "key-unknown", history=kept["start"].encode())


def mutated() -> Iterator[Case]:
    """Single-field mutations of each part of a bundle; of repeated parts, the first and the last."""
    plain = full(closed(OPEN_TERMS, orders(mixed(2))), [(0, 1)])
    band = full(closed(BAND_TERMS, orders(mixed(2))), audit=False)
    for bundle, parts in ((plain, plain.parts), (band, [band.band])):
        for part in parts:
            assert part is not None
            for mutation in mutations(part):
                if _chosen(mutation.place, mutation.reason):
                    yield _placed(bundle, part, mutation.data, f"{mutation.place}: {mutation.name}", mutation.reason)
    whole = plain.encode()
    yield case("bundle: a byte more", whole + b"\0", "trailing-bytes")
    yield case("bundle: a byte less", whole[:-1], "truncated")
    yield case("bundle: nothing", b"", "truncated")
    yield case("bundle: another object's type", plain.t0.encode(), "bad-type")
    encoded = [part.encode() for part in plain.parts]
    for name, chosen in (
        ("no header", encoded[1:]),
        ("no attestation", [encoded[0], *encoded[2:]]),
        ("no link", [*encoded[:2], *encoded[3:]]),
        ("the header alone", encoded[:1]),
        ("nothing inside", []),
        ("two links", [*encoded[:3], encoded[2]]),
        ("a receipt twice", [*encoded[:5], encoded[4]]),
        ("parts out of order", [*encoded[:3], encoded[4], encoded[3]]),
    ):
        yield case(f"bundle: {name}", frame_parts(chosen), "bundle-order")
    yield case(
        "bundle: a history inside", frame_parts([*encoded[:2], hi.begin(IDENTITY.signer, 0).encode()]), "bad-type"
    )
    yield from _two_faults(encoded)


def _two_faults(parts: list[bytes]) -> Iterator[Case]:
    """Two faults in one bundle: which comes first. (Parts: header, attestation, link, opening, receipt, ...)"""
    receipt = bytearray(parts[4])
    receipt[-32:] = b"\xff" * 32  # the range proof's last scalar
    for name, chosen in (
        ("no header", parts[1:3]),
        ("no attestation", [parts[0], parts[2]]),
        ("no link", [*parts[:2]]),
    ):
        yield case(f"bundle: {name}, a receipt malformed", frame_parts([*chosen, bytes(receipt)]), "scalar-range")
    for name, chosen in (("the header alone", parts[:1]), ("nothing inside", []), ("no link", [*parts[:2], parts[3]])):
        framed = frame_parts(chosen)
        body = framed[9:] + b"\0"
        longer = framed[:5] + len(body).to_bytes(4, "big") + body
        yield case(f"bundle: {name}, and a byte more inside", longer, "bundle-order")
        yield case(f"bundle: {name}, and a byte more after it", framed + b"\0", "bundle-order")
    yield case("bundle: parts out of order, the later malformed", frame_parts([parts[4], b"EQP1\x01"]), "truncated")
    for size in (1, 2, 3):
        yield case(f"bundle: {size} bytes of another magic", b"XQP"[:size], "truncated")
    yield case("bundle: three bytes of another magic inside", frame_parts([*parts[:2], b"XYZ"]), "truncated")


def _chosen(place: str, reason: str) -> bool:
    inner = "rounds[" in place or "path[" in place or "leaves[" in place
    first_or_last = any(part in place for part in ("rounds[0].left", "rounds[8].right", "path[0].c_b", "leaves[1].c_s"))
    return (not inner or first_or_last) and not (reason == "truncated" and inner)


def _placed(bundle: Bundle, part: Framed, data: bytes, name: str, reason: str) -> Case:
    kept = [other for other in bundle.parts if other is part or other.TYPE <= Link.TYPE]
    parts = [data if other is part else other.encode() for other in kept]
    title = f"{type(part).__name__.lower()}: {name}"
    if name == "frame: a byte more after it":
        reason = ""  # the next part's magic, or the bundle's end, decides
    return case(title, frame_parts(parts), reason if reason in MALFORMED else "")


def chains() -> Iterator[Case]:
    """Windows one after another."""
    first = closed(OPEN_TERMS, orders(mixed(2)))
    second = closed(OPEN_TERMS, orders(mixed(3)), 1, 1, first.t0.digest)
    revised = closed(OPEN_TERMS, orders(mixed(4)), 1, 2, second.t0.digest, 1)
    third = closed(OPEN_TERMS, orders(mixed(1)), 2, 3, revised.t0.digest)
    twin = closed(OPEN_TERMS, orders(mixed(5)), 1, 1, first.t0.digest)
    overlap = closed(OPEN_TERMS, orders(mixed(1)), 0, 1, first.t0.digest)
    early = closed(OPEN_TERMS, orders(mixed(4)), 1, 1, first.t0.digest, 1)
    stranger = closed(replace(OPEN_TERMS, stream="vectors/2"), orders(mixed(3)), 1, 1, first.t0.digest)
    headless = closed(OPEN_TERMS, orders(mixed(4)), 1, 7, b"\1" * 32, 4)
    for name, windows, expect in (
        ("a chain with a revision", [first, second, revised, third], "accept"),
        ("a chain of one", [third], "accept"),
        ("no chain at all", [], "accept"),
        ("from the middle, a revision first", [headless], "accept"),
        ("a number missing", [first, revised], "sequence-gap"),
        ("a number twice", [first, second, twin], "sequence-gap"),
        ("another branch", [first, twin, revised], "chain-mismatch"),
        ("windows swapped", [second, first], "sequence-gap"),
        ("overlapping windows", [first, overlap], "window-overlap"),
        ("a revision of nothing", [first, early], "revision-order"),
        ("another stream", [first, stranger], "stream-mismatch"),
    ):
        data = [Bundle(w.header, w.t0).encode() for w in windows]
        kept = hi.begin(IDENTITY.signer, 0)
        trust = {"history": kept.encode(), "pin": kept.id}
        verdict = verify_chain(data, **trust)
        yield _judged(name, {"bundles": [d.hex() for d in data]}, verdict, expect, trust)
    damaged = bytearray(Bundle(second.header, second.t0).encode())
    damaged[-1] ^= 1
    pair = [Bundle(first.header, first.t0).encode(), bytes(damaged)]
    yield _judged("a bundle that fails", {"bundles": [d.hex() for d in pair]}, verify_chain(pair), "signature", {})


def objects() -> list[Case]:
    """Everything for ``verify``."""
    out = [case(name, bundle.encode(), "accept") for name, bundle in honest()]
    out += [case(f"cheat: {cheat.name}", cheat.make().encode(), cheat.reason) for cheat in all_cheats()]
    out += [case(f"signature: {name}", data, expect) for name, data, expect in signatures()]
    return [*out, *trusted(), *equivocations(), *mutated()]


def files() -> dict[str, str]:
    """The vector files' texts, by name."""
    lists = {"objects.json": objects(), "chains.json": list(chains())}
    texts = {name: "[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n" for name, cases in lists.items()}
    return {"primitives.json": json.dumps(primitives(), indent=1) + "\n", **texts}


def main(folder: str) -> None:
    """Write the files into ``folder``."""
    for name, text in files().items():
        (Path(folder) / name).write_text(text)


if __name__ == "__main__":
    main(sys.argv[1])
