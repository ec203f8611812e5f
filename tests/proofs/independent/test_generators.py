"""Hash-to-curve against RFC 9380 appendix J.9.1 and py_ecc's own, slower evaluation."""

from hashlib import sha256

import pytest
from py_ecc.bls.hash_to_curve import hash_to_G1, map_to_curve_G1
from py_ecc.optimized_bls12_381 import FQ, normalize

from equipoise.proofs.independent.curve import in_subgroup
from equipoise.proofs.independent.generators import (
    DST,
    _isogeny,
    _simplified_swu,
    blinding_generator,
    generator_digest,
    hash_to_curve,
    left_generators,
    product_generator,
    right_generators,
    value_generator,
)

RFC_DST = b"QUUX-V01-CS02-with-BLS12381G1_XMD:SHA-256_SSWU_RO_"
RFC_9380 = {
    b"": (
        0x052926ADD2207B76CA4FA57A8734416C8DC95E24501772C814278700EED6D1E4E8CF62D9C09DB0FAC349612B759E79A1,
        0x08BA738453BFED09CB546DBB0783DBB3A5F1F566ED67BB6BE0E8C67E2E81A4CC68EE29813BB7994998F3EAE0C9C6A265,
    ),
    b"abc": (
        0x03567BC5EF9C690C2AB2ECDF6A96EF1C139CC0B2F284DCA0A9A7943388A49A3AEE664BA5379A7655D3C68900BE2F6903,
        0x0B9C15F3FE6E5CF4211F346271D7B01C8F3B28BE689C8429C85B67AF215533311F0B8DFAAA154FA6B88176C229F2885D,
    ),
    b"abcdef0123456789": (
        0x11E0B079DEA29A68F0383EE94FED1B940995272407E3BB916BBF268C263DDD57A6A27200A784CBC248E84F357CE82D98,
        0x03A87AE2CAF14E8EE52E51FA2ED8EEFE80F02457004BA4D486D6AA1F517C0889501DC7413753F9599B099EBCBBD2D709,
    ),
    b"q128_" + b"q" * 128: (
        0x15F68EAA693B95CCB85215DC65FA81038D69629F70AEEE0D0F677CF22285E7BF58D7CB86EEFE8F2E9BC3F8CB84FAC488,
        0x1807A1D50C29F430B8CAFC4F8638DFEEADF51211E1602A5F184443076715F91BB90A48BA1E370EDCE6AE1062F5E6DD38,
    ),
    b"a512_" + b"a" * 512: (
        0x082AABAE8B7DEDB0E78AEB619AD3BFD9277A2F77BA7FAD20EF6AABDC6C31D19BA5A6D12283553294C1825C4B3CA2DCFE,
        0x05B84AE5A942248EEA39E1D91030458C40153F3B654AB7872D779AD1E942856A20C438E8D99BC8ABFBF74729CE1F7AC8,
    ),
}


@pytest.mark.parametrize("message", RFC_9380, ids=lambda message: message[:16].decode() or "empty")
def test_rfc_9380(message: bytes) -> None:
    assert hash_to_curve(message, RFC_DST) == RFC_9380[message]


@pytest.mark.parametrize("message", [b"product", b"vector/left/\0\0\0\x05"])
def test_it_is_what_py_ecc_computes(message: bytes) -> None:
    x, y = normalize(hash_to_G1(message, DST, sha256))
    assert hash_to_curve(message) == (int(x.n), int(y.n))


@pytest.mark.parametrize("u", [0, 1, 2, 3, 12345])
def test_the_map_with_its_exceptional_case(u: int) -> None:
    x, y = normalize(map_to_curve_G1(FQ(u)))
    assert _isogeny(_simplified_swu(u)) == (int(x.n), int(y.n))


def test_all_generators_differ_and_lie_in_the_subgroup() -> None:
    named = [value_generator(), blinding_generator(), product_generator()]
    points = named + left_generators(32) + right_generators(32)
    assert len(set(points)) == len(points)
    assert all(point is not None and in_subgroup(point) for point in points)


def test_digests_bind_the_number_of_generators() -> None:
    assert len({generator_digest(count) for count in (0, 1, 2)}) == 3
