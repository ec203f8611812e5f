"""Dishonest publishers, one for each claim they would like to break, with what must catch them.

Each cheat signs properly and proves as well as a false statement can be proved: the verifier
is meant to fail at the named check and at no earlier one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain

from equipoise.proofs import band as band_module
from equipoise.proofs.audit import Audit, make_audit
from equipoise.proofs.band import Band, band_transcript, derived
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.digest import ZERO32
from equipoise.proofs.group import ORDER, Point, tables
from equipoise.proofs.header import Header
from equipoise.proofs.link import Link, prove_link
from equipoise.proofs.opening import Opening, open_totals
from equipoise.proofs.orders import Leaf, order_key
from equipoise.proofs.rangemake import _prove
from equipoise.proofs.rangeproof import RangeProof, absorb_statement
from equipoise.proofs.receipt import Receipt, _transcript, _values, prove_receipt
from equipoise.proofs.statements import Subject
from equipoise.proofs.tree import leaf_node, top_of, window_root
from equipoise.proofs.vectors import scenes
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, Cheat, closed, fixed_nonces, full, mixed, orders
from equipoise.proofs.window import Closed


def resigned(window: Closed, trees: Sequence[Sequence[Leaf]], **changes: object) -> Closed:
    """A window with these leaves instead, totals as given, signed."""
    top = top_of([[leaf.node for leaf in tree] for tree in trees])
    header = changes.pop("header", window.header)
    assert isinstance(header, Header)
    forged = replace(window, header=header, top=top, trees=tuple(tuple(t) for t in trees), **changes)  # type: ignore[arg-type]
    c_b, c_s = Point(_com(forged.buys, forged.r_b)), Point(_com(forged.sells, forged.r_s))
    root = window_root(header.leaves, top)
    return replace(forged, t0=scenes.signed_again(header, window.t0, root=root, c_b=c_b, c_s=c_s))


def _com(value: int, blinding: int):  # type: ignore[no-untyped-def]
    of_g, of_h = tables()
    return of_g.times(value % ORDER) + of_h.times(blinding)


def leaf_of(template: Leaf, buy: int, sell: int, key: bytes | None = None) -> Leaf:
    """A leaf with any values, negative ones included."""
    key = key or template.key
    node = leaf_node(key, template.tag, _com(buy, template.r_b), _com(sell, template.r_s))
    return replace(template, key=key, buy=buy, sell=sell, node=node)


def best_range(transcript, openings, values, bits, nonces) -> RangeProof:  # type: ignore[no-untyped-def]
    """What an honest prover's code gives when its range check is taken out."""
    absorb_statement(transcript, bits, [v.data for v in values])
    return _prove(transcript, openings, bits, nonces)


def false_band(window: Closed, index: int) -> Band:
    """The best proof of a band that does not hold."""
    subject = Subject(window.header, window.t0)
    openings = [
        (x * window.buys + y * window.sells + k, (x * window.r_b + y * window.r_s) % ORDER)
        for x, y, k in band_module._rows(window.header, index)
    ] + [(0, 0)] * 3
    transcript = band_transcript(subject, index)
    proof = best_range(transcript, openings, derived(subject, index), 64, fixed_nonces(window, b"false"))
    return Band(window.t0.digest, index, proof)


def false_receipt(window: Closed, tree: int, index: int, openings: list[tuple[int, int]]) -> Receipt:
    """A receipt whose siblings do not fit their range, with the best proof there is."""
    honest_looking = replace(
        window,
        trees=tuple(tuple(replace(x, buy=abs(x.buy), sell=abs(x.sell)) for x in t) for t in window.trees),
    )
    receipt = prove_receipt(honest_looking, tree, index, fixed_nonces(window, b"false"))
    values = _values(receipt.path)
    openings = openings + [(0, 0)] * (len(values) - len(openings))
    leaf = window.trees[tree][index].node.hash
    transcript = _transcript(Subject(window.header, window.t0), tree, index, leaf, len(receipt.path))
    bits = window.header.range_bits
    return replace(receipt, proof=best_range(transcript, openings, values, bits, fixed_nonces(window, b"best")))


def _window(count: int = 4) -> Closed:
    return closed(OPEN_TERMS, orders(mixed(count)))


def _with(window: Closed, **parts: object) -> Bundle:
    return replace(full(window, audit=False), **parts)  # type: ignore[arg-type]


def attestation_cheats() -> Iterator[Cheat]:
    """Who signs what."""
    window = _window(1)
    h, t0 = window.header, window.t0
    yield Cheat("another header", lambda: Bundle(replace(h, lot="0.01"), t0), "header-mismatch")
    other = replace(h, cluster="elsewhere")
    yield Cheat("another stream", lambda: Bundle(other, replace(t0, header_digest=other.digest)), "stream-mismatch")
    forged = replace(t0, signature=scenes.OTHER.signer.sign(t0.signed_message))
    yield Cheat("signed by another key", lambda: Bundle(h, forged), "signature")
    yield Cheat("sequence number changed", lambda: Bundle(h, replace(t0, sequence=1, previous=b"\1" * 32)), "signature")
    yield Cheat("key that is no point", lambda: Bundle(h, replace(t0, key=b"\xff" * 32)), "signature")


def total_cheats() -> Iterator[Cheat]:
    """Totals that are not the leaves', proofs of other windows."""
    window, other = _window(), closed(OPEN_TERMS, orders(mixed(5)), minute=1)

    def omission() -> Bundle:
        less = resigned(window, window.trees, buys=window.buys - 5)
        return _with(less)

    def moved() -> Bundle:
        return _with(resigned(window, window.trees, buys=window.buys + 3, sells=window.sells - 3))

    def crossed() -> Bundle:
        link = prove_link(window, fixed_nonces(window, b"link"))
        return _with(window, link=replace(link, z_b=link.z_s, z_s=link.z_b))

    yield Cheat("an order left out of the totals", omission, "link-equation")
    yield Cheat("sells shown as buys", moved, "link-equation")
    yield Cheat("responses swapped", crossed, "link-equation")
    yield Cheat("link of another window", lambda: _with(window, link=full(other).link), "statement-mismatch")
    yield Cheat("opening of another window", lambda: _with(window, opening=full(other).opening), "statement-mismatch")
    yield Cheat(
        "link of another window, renamed",
        lambda: _with(window, link=replace(_link(other), statement=window.t0.digest)),
        "root-mismatch",
    )
    for name, reason, change in (
        ("more buys", "opening-buys", {"buys": window.buys + 1}),
        ("more sells", "opening-sells", {"sells": window.sells + 1}),
        ("another blinding of buys", "opening-buys", {"r_b": (window.r_b + 1) % ORDER}),
    ):
        opening = replace(open_totals(window), **change)  # type: ignore[arg-type]
        yield Cheat(name, lambda opening=opening: _with(window, opening=opening), reason)  # type: ignore[misc]
    empty = closed(OPEN_TERMS)
    yield Cheat("leaves in an empty window", lambda: _with(empty, link=_renamed(window, empty)), "root-mismatch")
    yield Cheat("no sums in a full window", lambda: _with(window, link=_renamed(empty, window)), "root-mismatch")
    yield Cheat(
        "a hash above nothing", lambda: _with(empty, link=replace(_link(empty), top_hash=b"\1" * 32)), "root-mismatch"
    )


def _link(window: Closed) -> Link:
    return prove_link(window, fixed_nonces(window, b"link"))


def _renamed(source: Closed, target: Closed) -> Link:
    return replace(_link(source), statement=target.t0.digest)


def band_cheats() -> Iterator[Cheat]:
    """Bands that do not hold, and proofs in the wrong place."""
    window = closed(BAND_TERMS, orders(mixed(4)))
    true = full(window, audit=False).band
    assert true is not None
    for index in range(len(window.header.edges) - 1):
        if index != true.index:
            name = f"band {index} instead of {true.index}"
            yield Cheat(name, lambda index=index: _with(window, band=false_band(window, index)), "range-equation")  # type: ignore[misc]
    yield Cheat("another band's number", lambda: _with(window, band=replace(true, index=1)), "range-equation")
    yield Cheat("a band that is not there", lambda: _with(window, band=replace(true, index=5)), "band-index")
    shorter = replace(true, proof=replace(true.proof, rounds=true.proof.rounds[:-1]))
    yield Cheat("a round less", lambda: _with(window, band=shorter), "proof-size")
    idle = closed(BAND_TERMS, honest=False)
    empty = Bundle(idle.header, idle.t0, _link(idle))
    yield Cheat("empty window, top band", lambda: replace(empty, band=false_band(idle, 4)), "range-equation")
    quiet = closed(replace(BAND_TERMS, v_min=1_000), orders(mixed(4)), honest=False)
    little = Bundle(quiet.header, quiet.t0, _link(quiet), band=false_band(quiet, true.index))
    yield Cheat("too little volume", lambda: little, "range-equation")
    plain = _window()
    yield Cheat(
        "band in open mode", lambda: _with(plain, band=replace(true, statement=plain.t0.digest)), "mode-mismatch"
    )
    opened = Opening(window.t0.digest, window.buys, window.sells, window.r_b, window.r_s)
    yield Cheat("opening in threshold mode", lambda: _with(window, opening=opened), "mode-mismatch")
    later = closed(BAND_TERMS, orders(mixed(4)), minute=1)
    moved = replace(true, statement=later.t0.digest)
    yield Cheat("band of another window, renamed", lambda: _with(later, band=moved), "range-equation")


def leaf_cheats() -> Iterator[Cheat]:
    """Negative leaves, duplicates, leaves out of place."""
    window = _window()
    leaves = window.trees[0]

    def negative() -> Bundle:
        trees = [[*leaves[:3], leaf_of(leaves[3], -leaves[0].buy, 0)]]
        forged = resigned(window, trees, buys=sum(x.buy for x in trees[0]), sells=sum(x.sell for x in trees[0]))
        beside, pair = trees[0][1], trees[0][2:]
        openings = [(beside.buy, beside.r_b), (beside.sell, beside.r_s)]
        openings.append((sum(x.buy for x in pair) % ORDER, sum(x.r_b for x in pair) % ORDER))
        openings.append((sum(x.sell for x in pair), sum(x.r_s for x in pair) % ORDER))
        return _with(forged, receipts=(false_receipt(forged, 0, 0, openings),))

    def twice() -> Bundle:
        forged = _totalled(window, [[*leaves[:2], leaves[1], leaves[3]]])
        return _with(forged, audit=make_audit(forged))

    def outside() -> Bundle:
        forged = _totalled(window, [[*leaves[:3], leaf_of(leaves[3], 1, 0, order_key(999, 0))]])
        return _with(forged, audit=make_audit(forged))

    def padded_key() -> Bundle:
        forged = _totalled(window, [[*leaves[:3], leaf_of(leaves[3], 1, 0, leaves[3].key[:15] + b"\1")]])
        return _with(forged, audit=make_audit(forged))

    yield Cheat("a negative leaf takes an order away", negative, "range-equation")
    yield Cheat("one leaf twice", twice, "leaf-order")
    yield Cheat("offset outside the lane", outside, "leaf-key")
    yield Cheat("key with a tail", padded_key, "leaf-key")
    audit = make_audit(window)
    fewer = Audit(audit.statement, audit.leaves[:-1])
    yield Cheat("a leaf less", lambda: _with(window, audit=fewer), "leaf-count")
    swapped = replace(audit, leaves=(audit.leaves[1], audit.leaves[0], *audit.leaves[2:]))
    yield Cheat("leaves in another order", lambda: _with(window, audit=swapped), "leaf-order")
    first = replace(audit.leaves[0], c_b=audit.leaves[1].c_b)
    yield Cheat(
        "another commitment",
        lambda: _with(window, audit=replace(audit, leaves=(first, *audit.leaves[1:]))),
        "root-mismatch",
    )
    foreign = replace(make_audit(_window(5)))
    yield Cheat("audit of another window", lambda: _with(window, audit=foreign), "statement-mismatch")


def _totalled(window: Closed, trees: list[list[Leaf]]) -> Closed:
    every = list(chain.from_iterable(trees))
    return resigned(window, trees, buys=sum(x.buy for x in every), sells=sum(x.sell for x in every))


def receipt_cheats() -> Iterator[Cheat]:
    """Receipts for what is not there."""
    window = _window()
    true = prove_receipt(window, 0, 1, fixed_nonces(window, b"receipt"))
    other = prove_receipt(window, 0, 2, fixed_nonces(window, b"receipt"))
    assert true.proof is not None
    lone = _window(1)
    changes: list[tuple[str, str, dict[str, object]]] = [
        ("of another window", "statement-mismatch", {"statement": ZERO32}),
        ("a tree that is not there", "leaf-index", {"tree": 1}),
        ("a leaf that is not there", "leaf-index", {"index": 4}),
        ("a value too wide", "value-width", {"buy": 1 << 32}),
        ("content with a tail", "content", {"content": true.content + b"\0"}),
        ("another trader's name", "root-mismatch", {"content": true.content.replace(b"trader-1", b"trader-2")}),
        ("a key outside the lane", "leaf-key", {"key": order_key(1, 0)}),
        ("another leaf's place", "root-mismatch", {"index": 2}),
        ("a shorter path", "path-length", {"path": true.path[:-1]}),
        ("more lots", "root-mismatch", {"buy": true.buy + 1}),
        ("another salt", "root-mismatch", {"salt": ZERO32}),
        ("another blinding", "root-mismatch", {"r_s": (true.r_s + 1) % ORDER}),
        ("the path of another leaf", "root-mismatch", {"path": other.path}),
        ("no range proof", "proof-size", {"proof": None}),
        ("another leaf's range proof", "range-equation", {"proof": other.proof}),
        ("siblings' order", "root-mismatch", {"path": true.path[::-1]}),
    ]
    for name, reason, change in changes:
        receipt = replace(true, **change)  # type: ignore[arg-type]
        yield Cheat(f"receipt: {name}", lambda r=receipt: _with(window, receipts=(r,)), reason)  # type: ignore[misc]
    single = replace(prove_receipt(lone, 0, 0, fixed_nonces(lone, b"receipt")), proof=true.proof)
    yield Cheat("receipt: a range proof of nothing", lambda: _with(lone, receipts=(single,)), "proof-size")


def gateway_cheats() -> Iterator[Cheat]:
    """Orders that the gateway never saw."""
    terms = replace(OPEN_TERMS, gateway=scenes.GATEWAY.public)
    placed = [scenes.vouched(order, terms) for order in orders(mixed(2))]
    window = closed(terms, placed)
    blank = closed(replace(terms, gateway=ZERO32), [replace(order, signature=None) for order in placed])
    header = replace(blank.header, gateway=terms.gateway)
    forged = resigned(blank, blank.trees, header=header)
    yield Cheat("an order that no gateway signed", lambda: full(forged, [(0, 0)], False), "gateway-signature")
    swapped = [replace(placed[0], signature=placed[1].signature), placed[1]]
    wrong = closed(replace(terms, gateway=ZERO32), swapped)
    crossed = resigned(wrong, wrong.trees, header=window.header)
    yield Cheat("another order's signature", lambda: full(crossed, [(0, 0)], False), "gateway-signature")


def all_cheats() -> list[Cheat]:
    """Every cheat, in the order of the claims."""
    kinds = (attestation_cheats, total_cheats, band_cheats, leaf_cheats, receipt_cheats, gateway_cheats)
    return [cheat for kind in kinds for cheat in kind()]
