"""The wrapper's guarantees, the codec's strictness, exports, and what the verifier may import."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from py_arkworks_bls12381 import G1Point, Scalar

import equipoise.proofs as package
from equipoise.proofs.band import prove_band
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.codec import FRAME_BYTES, Blob, Int16, Raw, Reader, Text, Uint
from equipoise.proofs.errors import (
    INVALID,
    MALFORMED,
    Invalid,
    LimitExceeded,
    Malformed,
    PolicyRefused,
    ProofError,
    Refused,
    Rejected,
)
from equipoise.proofs.generators import MAX_VECTOR, vectors
from equipoise.proofs.group import (
    IDENTITY,
    INFINITY,
    ORDER,
    FixedBase,
    G,
    H,
    Point,
    commit,
    decode_scalar,
    encode_scalar,
    msm,
    recommit,
    scalar,
    tables,
)
from equipoise.proofs.header import Header
from equipoise.proofs.opening import open_totals
from equipoise.proofs.rangemake import prove_range
from equipoise.proofs.transcript import Sponge, Transcript
from equipoise.proofs.vectors.mutate import BEYOND_PRIME, NOT_ON_CURVE, ORDER_THREE
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, closed, full, mixed, orders
from equipoise.proofs.vectors.scenes import IDENTITY as PUBLISHER
from equipoise.proofs.verify import Trust, verify, verify_bundle, verify_chain

ROOT = Path(package.__file__).parent


# --- what the backend would do, and what we do instead -------------------------------------------


def test_scalars_are_not_reduced_silently() -> None:
    assert int(Scalar(ORDER + 5)) == 5  # the hazard
    for bad in (-1, ORDER, ORDER + 5):
        with pytest.raises(LimitExceeded):
            scalar(bad)
        with pytest.raises(LimitExceeded):
            encode_scalar(bad)
    with pytest.raises(Malformed, match="scalar-range"):
        decode_scalar(b"\xff" * 32, "x")
    with pytest.raises(Malformed, match="truncated"):
        decode_scalar(b"\xff" * 31, "x")


def test_lists_are_not_truncated_silently() -> None:
    assert G1Point.multiexp_unchecked([G, H], [Scalar(1)]) == G  # the hazard
    with pytest.raises(LimitExceeded, match="2 points for 1 scalars"):
        msm([G, H], [1])
    assert msm([], []) == IDENTITY


def test_points_decode_in_one_way_only() -> None:
    whole = G.to_compressed_bytes()
    assert Point.decode(whole, "x").raw == G
    assert Point.decode(INFINITY, "x", identity=True).is_identity()
    for data, reason in (
        (INFINITY, "point-identity"),
        (b"\xc0" + bytes(46) + b"\x01", "point-encoding"),
        (b"\xe0" + bytes(47), "point-encoding"),
        (b"\x40" + bytes(47), "point-encoding"),
        (bytes(48), "point-encoding"),
        (ORDER_THREE, "point-subgroup"),
        (NOT_ON_CURVE, "point-encoding"),
        (BEYOND_PRIME, "point-encoding"),
        (b"\xff" * 48, "point-encoding"),
        (whole[:-1], "truncated"),
    ):
        with pytest.raises(Malformed, match=reason):
            Point.decode(data, "x")


def test_a_backend_that_accepts_another_encoding_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Lenient:
        @staticmethod
        def from_compressed_bytes_unchecked(data: bytes) -> G1Point:
            return G

    monkeypatch.setattr("equipoise.proofs.group.G1Point", Lenient)
    with pytest.raises(Malformed, match="not canonical"):
        Point.decode(H.to_compressed_bytes(), "x")


def test_fixed_base_tables_agree_with_plain_multiplication() -> None:
    narrow = FixedBase(H, 5)
    for x in (0, 1, 255, 256, 4095, 4096, 2**64 - 1, ORDER - 1, 3**150 % ORDER):
        assert all(table.times(x) == msm([H], [x]) for table in (narrow, tables()[1]))
        assert commit(5, x) == recommit(5, x) == msm([G, H], [5, x])
        if x < 2**64:
            assert commit(x, 5) == recommit(x, 5) == msm([G, H], [x, 5])
    with pytest.raises(LimitExceeded):
        narrow.times(ORDER)
    for bad in ((-1, 1), (1 << 64, 1), (1, -1), (1, ORDER)):
        for committing in (commit, recommit):
            with pytest.raises(LimitExceeded):
                committing(*bad)


def test_point_arithmetic() -> None:
    a, b = Point(G), Point(H)
    assert a + b - b == a
    assert a * -1 + a == Point(IDENTITY)
    assert a != G
    assert len({a, Point(G), b}) == 2
    assert repr(a) == f"Point({G.to_compressed_bytes().hex()})"


def test_generators_have_a_limit() -> None:
    with pytest.raises(LimitExceeded, match=str(MAX_VECTOR)):
        vectors(MAX_VECTOR + 1)


def test_values_out_of_range_are_not_proved_and_not_named() -> None:
    value = Point(msm([G, H], [256, 1]))
    with pytest.raises(LimitExceeded) as caught:
        prove_range(Transcript(b"T"), [(256, 1)], [value], 8, PUBLISHER.blinding.nonces(b"", b""))
    assert "256" not in str(caught.value)


def test_sponge_needs_a_whole_session() -> None:
    with pytest.raises(ValueError, match="31 bytes"):
        Sponge(bytes(31))
    one, two = Sponge(bytes(32)), Sponge(bytes(32))
    one.absorb(b"")
    assert one.squeeze(5) + one.squeeze(6) == two.squeeze(11)


# --- the codec -----------------------------------------------------------------------------------


def test_kinds_write_only_what_they_would_read() -> None:
    for kind, bad in (
        (Raw(4), b"abc"),
        (Text(), ""),
        (Text(), "a b"),
        (Text(), "é"),
        (Text(), "x" * 65),
        (Text(), "x" * 300),
    ):
        with pytest.raises((LimitExceeded, ValueError)):
            kind.write(bad)  # type: ignore[arg-type]
    assert Int16().read(Reader(Int16().write(-5)), "x") == -5
    assert Blob().read(Reader(Blob().write(b"abc")), "x") == b"abc"
    assert Text(0).read(Reader(b"\0"), "x") == ""
    with pytest.raises(Malformed, match="none of"):
        Uint(1, only=(2, 4)).read(Reader(b"\3"), "x")


def test_headers_round_trip() -> None:
    for terms in (OPEN_TERMS,):
        header = closed(terms, orders(mixed(3))).header
        assert Header.decode(header.encode()) == header
        assert len(header.encode()) == FRAME_BYTES + len(header.body())


def test_errors_form_the_tree_that_is_promised() -> None:
    assert not MALFORMED & INVALID
    fault = Malformed("truncated", "a.b", "3 bytes")
    assert str(fault) == "a.b: truncated (3 bytes)"
    assert str(fault.inside("c")) == "c.a.b: truncated (3 bytes)"
    with pytest.raises(AssertionError):
        Invalid("truncated", "x")
    assert issubclass(Rejected, ProofError)
    assert issubclass(Refused, ProofError)
    assert not issubclass(Refused, Rejected)


# --- the verifier's doors ------------------------------------------------------------------------


def test_any_bytes_give_a_verdict() -> None:
    history = b"EQP1"
    for data in (b"", b"x", b"EQP1", b"EQP1\x0a", b"EQP1\x0a\0\0\0\0", b"EQP1\x09\xff\xff\xff\xff", b"\0" * 100):
        assert verify(data).verdict == "malformed"
        assert verify(data, history=history).verdict == "malformed"
        assert verify_bundle(data, Trust()).verdict == "malformed"
        assert verify_chain([data]).verdict == "malformed"
    good = full(closed(OPEN_TERMS, orders(mixed(1)))).encode()
    assert verify(good, history=history).verdict == "malformed"
    assert verify_chain([good], history=history).verdict == "malformed"


def test_claims_say_what_is_and_what_is_not_attested() -> None:
    bundle = full(closed(OPEN_TERMS, orders(mixed(3))), [(0, 0)])
    loose, pinned = verify(bundle.encode()), verify(bundle.encode(), key=PUBLISHER.public)
    assert any("NOTE: the key was not compared" in s for s in loose.attested)
    assert not any("NOTE" in s for s in pinned.attested)
    text = " ".join(pinned.attested)
    for said in (
        "signed statement 0",
        "3 leaves",
        "buys are 21 lots and sells are 7 lots",
        "order-0 of trader-0 at offset 100",
    ):
        assert said in text
    assert any("real, complete or distinct" in s for s in pinned.not_attested)
    assert pinned.sentence == "ACCEPTED"
    assert loose.sentence == "ACCEPTED, key not checked"
    damaged = bytearray(bundle.encode())
    damaged[-200] ^= 1
    assert verify(bytes(damaged)).sentence.startswith("REJECTED: this ")


def test_a_bundle_keeps_its_parts() -> None:
    bundle = full(closed(OPEN_TERMS, orders(mixed(3), lanes=2)), [(0, 0), (1, 0)])
    again = Bundle.decode(bundle.encode())
    assert again.encode() == bundle.encode()
    assert [type(p) for p in again.parts] == [type(p) for p in bundle.parts]


def test_a_mode_proves_only_what_it_promised() -> None:
    opened, hidden = closed(OPEN_TERMS, orders(mixed(2))), closed(BAND_TERMS, orders(mixed(2)))
    with pytest.raises(PolicyRefused, match="not to be opened"):
        open_totals(hidden)
    with pytest.raises(PolicyRefused, match="no band"):
        prove_band(opened, PUBLISHER.blinding.nonces(b"", b""))


# --- imports -------------------------------------------------------------------------------------

HEAVY = {"numpy", "numba", "faust", "aiokafka", "confluent_kafka", "asyncio", "logging", "pydantic"}


def imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_nothing_here_imports_the_stream_or_a_clock() -> None:
    for path in ROOT.rglob("*.py"):
        names = imported(path)
        assert not {n.split(".")[0] for n in names} & (HEAVY | {"time", "datetime"}), path
        others = {n for n in names if n.startswith("equipoise.") and not n.startswith("equipoise.proofs")}
        assert not others, f"{path}: {others}"


def test_input_and_output_are_in_named_places_only() -> None:
    may = {"keys.py", "files.py", "generate.py"}
    for path in ROOT.rglob("*.py"):
        inner = path.relative_to(ROOT)
        if inner.name in may or inner.parts[0] in ("prover", "independent"):
            continue
        assert not imported(path) & {"os", "subprocess", "pathlib", "socket", "threading"}, path


def test_verifying_loads_nothing_heavy() -> None:
    code = (
        "import sys; import equipoise.proofs.verify; "
        f"print(sorted({HEAVY!r} & set(sys.modules)), 'py_ecc' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] False"


def test_files_stay_short() -> None:
    for path in ROOT.rglob("*.py"):
        assert len(path.read_text().splitlines()) < 300, path
        assert ast.get_docstring(ast.parse(path.read_text())) or path.name == "__init__.py", path
