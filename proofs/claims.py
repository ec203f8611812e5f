"""What was shown, in plain words, and what was not.

A verifier that only says "valid" invites people to believe more than was proved. These
sentences are part of the result.
"""

from __future__ import annotations

from collections.abc import Mapping

from equipoise.proofs.bundle import Bundle
from equipoise.proofs.equivocation import Equivocation
from equipoise.proofs.header import OPEN, PER_TRADER, Header
from equipoise.proofs.history import History, Standing
from equipoise.proofs.orders import OrderContent, TraderContent
from equipoise.proofs.receipt import Receipt

NOT_ATTESTED = (
    "that the orders are real, complete or distinct",
    "that no trader traded with itself (wash trades), or used two names",
    "that the leaves equal what the log holds, unless an ingest gateway's signatures say so",
    "that an order is in no other window too: the same partition and offset in two windows would show it",
    "the hour at which it was signed: times are the publisher's own",
    "anything against a quantum computer: commitments bind only as long as discrete logarithms are hard",
)


NOTE = "NOTE: "  # what begins so is a warning, and no claim


def ratio(edge: int, q: int) -> str:
    """An edge as people read it."""
    return f"{edge}/{q} = {edge / q:+.4f}" if edge <= q else "above every ratio"


def band_words(header: Header, index: int) -> str:
    """What a band proof says."""
    lo, hi = header.edges[index], header.edges[index + 1]
    above = f"at least {ratio(lo, header.q)}"
    below = "" if hi > header.q else f" and below {ratio(hi, header.q)}"
    return (
        f"the imbalance (buys - sells) / (buys + sells) is {above}{below} (band {index} of "
        f"{len(header.edges) - 1}), on at least {header.v_min} lots; buys, sells and the ratio stay hidden"
    )


def receipt_words(header: Header, receipt: Receipt, content: OrderContent | TraderContent) -> str:
    """What a receipt says."""
    if isinstance(content, OrderContent):
        what = f"order {content.order_id or 'without id'} of {content.participant or 'nobody named'}"
        what += f" at offset {int.from_bytes(receipt.key[:8], 'big')}"
    else:
        what = f"all {content.orders} orders of {content.participant or 'nobody named'}"
    return (
        f"{what} ({receipt.buy} lots bought, {receipt.sell} sold): counted in the totals, and nothing negative on the "
        f"path offsets it{_gateway_words(header)}"
    )


def _gateway_words(header: Header) -> str:
    if not header.has_gateway or header.leaf_mode == PER_TRADER:
        return ""
    return f"; the ingest gateway with key {header.gateway.hex()[:16]}… signed the order"


def attested(bundle: Bundle, pinned: bool, history: History | None, receipts: tuple[str, ...]) -> list[str]:
    """The sentences that an accepted bundle supports.

    ``pinned``: whether the key was compared with what the verifier brought along; ``history``:
    what says which keys are the publisher's, and how they stand.
    """
    header, t0 = bundle.header, bundle.t0
    leaf = "trader" if header.leaf_mode == PER_TRADER else "order"
    out = [
        f"the holder of key {t0.key.hex()[:16]}… signed statement {t0.sequence} of stream {header.stream!r} about "
        f"{header.instrument}, window [{header.window_start}, {header.window_end}) ns, revision {header.revision}",
        f"it committed to a tree, said to be of {header.leaves} leaves (one per {leaf}), and to the totals of "
        f"buys and sells, in lots of {header.lot}",
        *_notes(bundle, pinned, history.keys if history is not None else {}),
    ]
    if bundle.link:
        out.append(
            "the totals' commitments hold exactly the sums that the tree's root carries; that these are sums of leaves "
            "is shown by an audit, and for one order by its receipt"
        )
    if bundle.opening:
        out.append(f"buys are {bundle.opening.buys} lots and sells are {bundle.opening.sells} lots")
    if bundle.band:
        out.append(band_words(header, bundle.band.index))
    out += receipts
    if bundle.audit:
        out.append(f"all {header.leaves} leaf commitments were summed again and give the committed totals")
    return out


def caveats(bundle: Bundle, pinned: bool, history: History | None) -> tuple[str, ...]:
    """The notes about the key in two words each: a verdict in one line must not hide them."""
    standing = history.keys.get(bundle.t0.key) if history is not None else None
    revoked = standing is not None and standing.revoked is not None
    return (*(() if pinned else ("key not checked",)), *(("key revoked",) if revoked else ()))


def _notes(bundle: Bundle, pinned: bool, keys: Mapping[bytes, Standing]) -> list[str]:
    """What a reader has to know before believing the rest."""
    out = []
    standing = keys.get(bundle.t0.key)
    if not pinned:
        out.append(f"{NOTE}the key was not compared with a pinned history or key: anybody can make such a signature")
    if standing is not None and standing.revoked is not None:
        out.append(
            f"{NOTE}this key was revoked at {standing.revoked}; the window ends before, but whoever has the key can "
            "still write such a time: believe it only as part of a chain that you saw earlier"
        )
    if bundle.header.gateway == bundle.t0.key or bundle.header.gateway in keys:
        out.append(f"{NOTE}the ingest gateway's key is the publisher's own: its signatures add nothing")
    return out


def convicted(evidence: Equivocation, history: History | None) -> list[str]:
    """What two statements under one number show, and whom."""
    keys = dict.fromkeys((evidence.first.key, evidence.second.key))
    names = " and ".join(f"{key.hex()[:16]}…" for key in keys)
    out = [
        f"the holder of key {names} signed two different statements under sequence number "
        f"{evidence.first.sequence} of one stream"
    ]
    out += [
        f"{NOTE}key {key.hex()[:16]}… is revoked: whoever took it may have signed, and not the publisher"
        for key in revoked_of(evidence, history)
    ]
    return out


def revoked_of(evidence: Equivocation, history: History | None) -> list[bytes]:
    """Which of the two signing keys are revoked."""
    keys = dict.fromkeys((evidence.first.key, evidence.second.key))
    return [key for key in keys if history is not None and history.keys[key].revoked is not None]


def not_attested(header: Header) -> list[str]:
    """The sentences that no bundle supports."""
    values = "" if header.mode == OPEN else "the values of buys, sells and their ratio, beyond the band"
    return [*NOT_ATTESTED, *([values] if values else [])]
