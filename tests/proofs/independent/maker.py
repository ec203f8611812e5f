"""A prover for the tests, written from the prover's sides of the SPEC: slow, with fixed secrets, and of no other use.

It makes what the frozen vectors do not hold, and shows that what the SPEC says a prover does is what its checks accept.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from hashlib import sha512

from equipoise.proofs.independent import ed25519, merkle
from equipoise.proofs.independent.attestation import Attestation, decode_attestation, start_transcript
from equipoise.proofs.independent.curve import Point, R, add
from equipoise.proofs.independent.encoding import encode_point, encode_scalar
from equipoise.proofs.independent.generators import (
    blinding_generator,
    left_generators,
    product_generator,
    right_generators,
)
from equipoise.proofs.independent.hashing import digest, vec8, vec16
from equipoise.proofs.independent.header import Header, decode_header
from equipoise.proofs.independent.leaves import Order, leaf_tag, order_message
from equipoise.proofs.independent.msm import msm
from equipoise.proofs.independent.opening import commit
from equipoise.proofs.independent.transcript import LINK_TAG, RECEIPT_TAG, Transcript

HEADER, ATTESTATION, LINK, OPEN, BAND, RECEIPT, AUDIT, EQUIVOCATION, HISTORY, BUNDLE = range(1, 11)
TOPIC = bytes(range(16))


def u(value: int, size: int) -> bytes:
    return value.to_bytes(size, "big")


def frame(kind: int, body: bytes) -> bytes:
    return b"EQP1" + u(kind, 1) + u(len(body), 4) + body


def bundle(*objects: bytes) -> bytes:
    return frame(BUNDLE, u(len(objects), 2) + b"".join(objects))


def secret(name: str) -> int:
    """A scalar that depends on its name alone."""
    return int.from_bytes(sha512(name.encode()).digest(), "big") % R


def _compress(point: ed25519.Extended) -> bytes:
    inverse = pow(point[2], -1, ed25519.Q)
    x, y = point[0] * inverse % ed25519.Q, point[1] * inverse % ed25519.Q
    return (y | (x & 1) << 255).to_bytes(32, "little")


def _clamped(seed: bytes) -> tuple[int, bytes]:
    hashed = sha512(seed).digest()
    a = int.from_bytes(hashed[:32], "little") & ((1 << 254) - 8) | (1 << 254)
    return a, hashed[32:]


def public_key(seed: bytes) -> bytes:
    return _compress(ed25519._multiply(_clamped(seed)[0], ed25519.BASE))


def sign(seed: bytes, message: bytes) -> bytes:
    """RFC 8032 section 5.1.6."""
    a, prefix = _clamped(seed)
    r = int.from_bytes(sha512(prefix + message).digest(), "little") % ed25519.L
    commitment = _compress(ed25519._multiply(r, ed25519.BASE))
    k = int.from_bytes(sha512(commitment + public_key(seed) + message).digest(), "little") % ed25519.L
    return commitment + ((r + k * a) % ed25519.L).to_bytes(32, "little")


SEED = b"publisher's key, for tests only!"
GATEWAY = b"the gateway's key, tests only!!!"


@dataclass(frozen=True)
class HeaderFields:
    """A header's fields as bytes can be made of them, right or wrong."""

    version: int = 1
    stream: bytes = b"tests"
    instrument: bytes = b"TEST:A-B"
    lot: bytes = b"0.01"
    cluster: bytes = b"here"
    start: int = 1_000
    end: int = 2_000
    revision: int = 0
    leaf_mode: int = 0
    mode: int = 0
    isolation: int = 1
    lateness: int = 5
    idle: int = 6
    config: bytes = bytes(32)
    min_traders: int = 3
    dominance: int = 500_000
    gateway: bytes = bytes(32)
    range_bits: int = 32
    order_limit: int = 1 << 20
    v_min: int = 0
    q: int = 0
    edges: tuple[int, ...] = ()
    trader_leaves: int = 0
    lanes: tuple[tuple[bytes, int, int, int, int], ...] = ()
    tail: bytes = b""

    def body(self) -> bytes:
        text = u(self.version, 2) + b"".join(map(vec8, (self.stream, self.instrument, self.lot, self.cluster)))
        window = u(self.start, 8) + u(self.end, 8) + u(self.revision, 4)
        modes = u(self.leaf_mode, 1) + u(self.mode, 1) + u(self.isolation, 1)
        policy = u(self.lateness, 8) + u(self.idle, 8) + self.config + u(self.min_traders, 2) + u(self.dominance, 4)
        proofs = self.gateway + u(self.range_bits, 1) + u(self.order_limit, 4) + u(self.v_min, 8) + u(self.q, 2)
        edges = u(len(self.edges), 1) + b"".join(edge.to_bytes(2, "big", signed=True) for edge in self.edges)
        lanes = b"".join(
            topic + u(p, 4) + u(first, 8) + u(last, 8) + u(n, 4) for topic, p, first, last, n in self.lanes
        )
        counts = u(self.trader_leaves, 4) + u(len(self.lanes), 1)
        return text + window + modes + policy + proofs + edges + counts + lanes + self.tail


@dataclass(frozen=True)
class LeafFields:
    """One leaf with its secrets."""

    key: bytes
    buys: int
    sells: int
    content: bytes
    salt: bytes = bytes(32)
    r_buys: int = 7
    r_sells: int = 8

    @property
    def tag(self) -> bytes:
        return leaf_tag(self.salt, self.content)

    @property
    def node(self) -> merkle.Node:
        return merkle.leaf_node(self.key, self.tag, commit(self.buys, self.r_buys), commit(self.sells, self.r_sells))


def order_leaf(offset: int, buys: int, sells: int, *, signed: bytes | None = None) -> LeafFields:
    content = vec8(b"trader") + vec8(b"order") + u(77, 8) + (b"\0" if signed is None else b"\1" + signed)
    return LeafFields(
        key=u(offset, 8) + bytes(8),
        buys=buys,
        sells=sells,
        content=content,
        r_buys=secret(f"r_b {offset}"),
        r_sells=secret(f"r_s {offset}"),
    )


def trader_leaf(name: bytes, buys: int, sells: int) -> LeafFields:
    leaf = LeafFields(key=b"", buys=buys, sells=sells, content=vec8(name) + u(4, 4))
    return replace(leaf, key=leaf.tag[:16])


def gateway_signature(header: Header, leaf: LeafFields, seed: bytes = GATEWAY) -> bytes:
    order = Order(b"trader", b"order", 77, None)
    lane = header.lanes[0]
    return sign(seed, order_message(header, lane, leaf.key, (leaf.buys, leaf.sells), order))


@dataclass
class Window:
    """A window with everything its publisher knows; `trees` has the leaves of each tree."""

    fields: HeaderFields
    trees: list[list[LeafFields]]
    sequence: int = 0
    previous: bytes = bytes(32)
    seed: bytes = SEED
    version: int = 1
    r_total: tuple[int, int] = (secret("R_B"), secret("R_S"))
    header: Header = field(init=False)

    def __post_init__(self) -> None:
        self.header = decode_header(self.fields.body())

    @property
    def leaves(self) -> list[LeafFields]:
        return [leaf for tree in self.trees for leaf in tree]

    @property
    def totals(self) -> tuple[int, int]:
        return sum(leaf.buys for leaf in self.leaves), sum(leaf.sells for leaf in self.leaves)

    @property
    def top(self) -> merkle.Node:
        return merkle.top_node([[leaf.node for leaf in tree] for tree in self.trees])

    @property
    def root(self) -> bytes:
        return merkle.attested_root(len(self.leaves), self.top)

    def header_object(self) -> bytes:
        return frame(HEADER, self.fields.body())

    def statement(self) -> bytes:
        points = b"".join(encode_point(commit(v, r)) for v, r in zip(self.totals, self.r_total, strict=True))
        binds = self.header.stream_id + u(self.sequence, 8) + self.header.digest + self.root
        return u(self.version, 2) + binds + points + self.previous + public_key(self.seed)

    def attestation_body(self) -> bytes:
        statement = self.statement()
        return statement + sign(self.seed, vec8(b"equipoise/v1/sign/attestation") + statement)

    def attestation_object(self) -> bytes:
        return frame(ATTESTATION, self.attestation_body())

    def attestation(self) -> Attestation:
        return decode_attestation(self.attestation_body())

    def statement_digest(self) -> bytes:
        return digest(b"equipoise/v1/statement", self.statement())

    def link_object(self, top: merkle.Node | None = None) -> bytes:
        top = self.top if top is None else top
        transcript = start_transcript(LINK_TAG, self.header, self.attestation(), 0)
        nonces = secret("k_b"), secret("k_s")
        announced = [msm([(k, blinding_generator())]) for k in nonces]
        for label, point in zip(("sum_b", "sum_s", "T_b", "T_s"), (top.buys, top.sells, *announced), strict=True):
            transcript.append_point(label, point)
        c = transcript.challenge("c")
        sums = sum(leaf.r_buys for leaf in self.leaves), sum(leaf.r_sells for leaf in self.leaves)
        answers = [(k + c * (r - s)) % R for k, r, s in zip(nonces, self.r_total, sums, strict=True)]
        head = self.statement_digest() + top.encode()
        return frame(LINK, head + b"".join(map(encode_point, announced)) + b"".join(map(encode_scalar, answers)))

    def open_object(self) -> bytes:
        values = b"".join(u(v, 8) for v in self.totals)
        return frame(OPEN, self.statement_digest() + values + b"".join(map(encode_scalar, self.r_total)))

    def audit_object(self) -> bytes:
        leaves = [leaf.key + leaf.tag + leaf.node.encode()[32:] for leaf in self.leaves]
        return frame(AUDIT, self.statement_digest() + u(len(leaves), 4) + b"".join(leaves))

    def siblings(self, tree: int, index: int) -> list[tuple[merkle.Node, tuple[int, int, int, int]]]:
        """Each sibling with what it holds: buys, blinding of buys, sells, blinding of sells."""
        roots = []
        path: list[tuple[merkle.Node, tuple[int, int, int, int]]] = []
        for number, leaves in enumerate(self.trees):
            known = [(leaf.node, (leaf.buys, leaf.r_buys, leaf.sells, leaf.r_sells)) for leaf in leaves]
            if number == tree:
                path += _siblings(merkle.TREE, known, index)
            root, held = _fold(merkle.TREE, known)
            roots.append((merkle.wrap(number, len(leaves), root), held))
        return path + _siblings(merkle.TOP, roots, tree)

    def receipt_object(self, tree: int, index: int, *, proof: bytes | None = None) -> bytes:
        leaf = self.trees[tree][index]
        path = self.siblings(tree, index)
        place = u(tree, 2) + u(index, 4)
        opened = leaf.key + leaf.salt + u(leaf.buys, 8) + u(leaf.sells, 8)
        blindings = encode_scalar(leaf.r_buys % R) + encode_scalar(leaf.r_sells % R)
        nodes = u(len(path), 1) + b"".join(node.encode() for node, _ in path)
        if proof is None:
            proof = self._sibling_proof(place + leaf.node.hash, path) if path else b""
        shown = (b"\1" + proof) if proof else b"\0"
        head = self.statement_digest() + place + opened + blindings
        return frame(RECEIPT, head + vec16(leaf.content) + nodes + shown)

    def _sibling_proof(self, leaf: bytes, path: list[tuple[merkle.Node, tuple[int, int, int, int]]]) -> bytes:
        values = [pair for _, (b, rb, s, rs) in path for pair in ((b, rb), (s, rs))]
        values += [(0, 0)] * ((1 << (len(values) - 1).bit_length()) - len(values))
        bits = self.header.range_bits
        transcript = start_transcript(RECEIPT_TAG, self.header, self.attestation(), bits * len(values))
        transcript.append("leaf", leaf)
        return prove_ranges(transcript, bits, values)


_Known = tuple[merkle.Node, tuple[int, int, int, int]]


def _fold(prefix: bytes, known: list[_Known]) -> _Known:
    if len(known) == 1:
        return known[0]
    half = merkle.split(len(known))
    (left, held_left), (right, held_right) = _fold(prefix, known[:half]), _fold(prefix, known[half:])
    b, rb, s, rs = (x + y for x, y in zip(held_left, held_right, strict=True))
    return merkle.join(prefix, left, right), (b, rb, s, rs)


def _siblings(prefix: bytes, known: list[_Known], index: int) -> list[_Known]:
    if len(known) == 1:
        return []
    half = merkle.split(len(known))
    if index < half:
        return [*_siblings(prefix, known[:half], index), _fold(prefix, known[half:])]
    return [*_siblings(prefix, known[half:], index - half), _fold(prefix, known[:half])]


def _inner(left: list[int], right: list[int]) -> int:
    return sum(x * y for x, y in zip(left, right, strict=True)) % R


def _combine(scalars: list[int], points: list[Point]) -> Point:
    return msm(zip(scalars, points, strict=True))


def _with_blinding(pairs: list[tuple[int, Point]], blinding: int) -> Point:
    return msm([*pairs, (blinding, blinding_generator())])


def prove_ranges(transcript: Transcript, bits: int, values: list[tuple[int, int]]) -> bytes:
    """A range proof that each (value, blinding) holds `bits` bits; SPEC section 10, prover's side."""
    size = bits * len(values)
    g, h = left_generators(size), right_generators(size)
    transcript.append("n", u(bits, 4))
    transcript.append("m", u(len(values), 4))
    for value, blinding in values:
        transcript.append_point("V", commit(value, blinding))
    a_l = [value >> bit & 1 for value, _ in values for bit in range(bits)]
    a_r = [bit - 1 for bit in a_l]
    s_l = [secret(f"s_l {i}") for i in range(size)]
    s_r = [secret(f"s_r {i}") for i in range(size)]
    alpha, rho = secret("alpha"), secret("rho")
    a_point = _with_blinding([*zip(a_l, g, strict=True), *zip(a_r, h, strict=True)], alpha)
    s_point = _with_blinding([*zip(s_l, g, strict=True), *zip(s_r, h, strict=True)], rho)
    transcript.append_point("A", a_point)
    transcript.append_point("S", s_point)
    y, z = transcript.challenge("y"), transcript.challenge("z")
    offsets = [pow(z, 2 + i // bits, R) << i % bits for i in range(size)]
    y_powers = [pow(y, i, R) for i in range(size)]
    l_0, l_1 = [a - z for a in a_l], s_l
    r_0 = [p * (a + z) + o for p, a, o in zip(y_powers, a_r, offsets, strict=True)]
    r_1 = [p * s for p, s in zip(y_powers, s_r, strict=True)]
    t_1, t_2 = _inner(l_0, r_1) + _inner(l_1, r_0), _inner(l_1, r_1)
    tau_1, tau_2 = secret("tau_1"), secret("tau_2")
    t_points = commit(t_1, tau_1), commit(t_2, tau_2)
    transcript.append_point("T1", t_points[0])
    transcript.append_point("T2", t_points[1])
    x = transcript.challenge("x")
    left = [(p + q * x) % R for p, q in zip(l_0, l_1, strict=True)]
    right = [(p + q * x) % R for p, q in zip(r_0, r_1, strict=True)]
    gammas = sum(pow(z, 2 + j, R) * blinding for j, (_, blinding) in enumerate(values))
    shown = [_inner(left, right), (tau_2 * x * x + tau_1 * x + gammas) % R, (alpha + rho * x) % R]
    for label, scalar in zip(("t_x", "tau", "mu"), shown, strict=True):
        transcript.append_scalar(label, scalar)
    q = _combine([transcript.challenge("w")], [product_generator()])
    h_scaled = [_combine([pow(y, -i, R)], [point]) for i, point in enumerate(h)]
    argument = _inner_product(transcript, (left, right), (g, h_scaled), q)
    points = b"".join(map(encode_point, (a_point, s_point, *t_points)))
    return points + b"".join(map(encode_scalar, shown)) + argument


def _inner_product(
    transcript: Transcript, vectors: tuple[list[int], list[int]], bases: tuple[list[Point], list[Point]], q: Point
) -> bytes:
    (a, b), (g, h) = vectors, bases
    rounds = []
    while len(a) > 1:
        n = len(a) // 2
        left = add(add(_combine(a[:n], g[n:]), _combine(b[n:], h[:n])), _combine([_inner(a[:n], b[n:])], [q]))
        right = add(add(_combine(a[n:], g[:n]), _combine(b[:n], h[n:])), _combine([_inner(a[n:], b[:n])], [q]))
        transcript.append_point("L", left)
        transcript.append_point("R", right)
        u_ = transcript.challenge("u")
        v = pow(u_, -1, R)
        rounds.append(encode_point(left) + encode_point(right))
        a = [(u_ * lo + v * hi) % R for lo, hi in zip(a[:n], a[n:], strict=True)]
        b = [(v * lo + u_ * hi) % R for lo, hi in zip(b[:n], b[n:], strict=True)]
        g = [_combine([v, u_], [lo, hi]) for lo, hi in zip(g[:n], g[n:], strict=True)]
        h = [_combine([u_, v], [lo, hi]) for lo, hi in zip(h[:n], h[n:], strict=True)]
    transcript.append_scalar("a", a[0])
    transcript.append_scalar("b", b[0])
    return u(len(rounds), 1) + b"".join(rounds) + encode_scalar(a[0]) + encode_scalar(b[0])


def history_entry(action: int, seed: bytes, time: int, previous: bytes, signer: bytes = SEED) -> bytes:
    """A key history's entry, signed; `seed` is the key's, `signer` the signer's."""
    unsigned = u(action, 1) + public_key(seed) + u(time, 8) + previous + public_key(signer)
    entry = digest(b"equipoise/v1/entry", unsigned)
    possession = sign(seed, vec8(b"equipoise/v1/sign/possession") + entry) if action == 1 else bytes(64)
    return unsigned + sign(signer, vec8(b"equipoise/v1/sign/entry") + entry) + possession


def entry_digest(entry: bytes) -> bytes:
    return digest(b"equipoise/v1/entry", entry[:-128])


def history_object(*changes: tuple[int, bytes, int, bytes]) -> bytes:
    """A history of (action, seed, time, signer's seed)."""
    entries: list[bytes] = []
    for action, seed, time, signer in changes:
        previous = entry_digest(entries[-1]) if entries else bytes(32)
        entries.append(history_entry(action, seed, time, previous, signer))
    return frame(HISTORY, u(len(entries), 2) + b"".join(entries))
