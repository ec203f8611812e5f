"""Keys: sealed at rest, never shown, rotated with overlap, revoked; external signers."""

from __future__ import annotations

import json
import pickle
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from equipoise.proofs import history as hi
from equipoise.proofs.errors import Invalid, KeyRefused
from equipoise.proofs.keys import CommandSigner, Identity, unseal, write_private
from equipoise.proofs.prf import BlindingKey
from equipoise.proofs.vectors.scenes import IDENTITY, OPEN_TERMS, OTHER, mixed, orders
from equipoise.proofs.window import Window

WORDS = "four horses, one gate"
FAST = 1024


def test_sealed_and_opened() -> None:
    identity = Identity.generate()
    sealed = identity.seal(WORDS, FAST)
    opened = unseal(sealed, WORDS)
    assert (opened.public, opened.blinding) == (identity.public, identity.blinding)
    assert identity.seal(WORDS, FAST) != sealed
    assert unseal(identity.seal(WORDS), WORDS).public == identity.public


def test_wrong_passphrase_and_changed_files() -> None:
    sealed = IDENTITY.seal(WORDS, FAST)
    with pytest.raises(KeyRefused, match="wrong passphrase"):
        unseal(sealed, WORDS + "!")
    held = json.loads(sealed)

    def changed(**changes: object) -> bytes:
        return json.dumps({**held, **changes}).encode()

    for data, what in (
        (changed(public=OTHER.public.hex()), "changed"),
        (changed(extra=1), "changed"),
        (changed(kind="other"), "unknown kind"),
        (changed(version=2), "unknown kind"),
        (changed(kdf={**held["kdf"], "name": "pbkdf2"}), "unknown kind"),
        (changed(kdf={**held["kdf"], "n": 1 << 30}), "power of two"),
        (changed(kdf={**held["kdf"], "n": 1000}), "power of two"),
        (changed(kdf={**held["kdf"], "n": "1024"}), "power of two"),
        (changed(aead={**held["aead"], "nonce": "00"}), "unknown kind"),
        (changed(sealed="zz"), "not an equipoise"),
        (changed(kdf=None), "not an equipoise"),
        (b"[]", "not an equipoise"),
        (b"[" * 3000, "not an equipoise"),
        (b"\xff", "not an equipoise"),
        (b"", "not an equipoise"),
        (b"x" * 5000, "at most"),
    ):
        with pytest.raises(KeyRefused, match=what):
            unseal(data, WORDS)
    flipped = bytes.fromhex(held["sealed"])
    with pytest.raises(KeyRefused, match="wrong passphrase"):
        unseal(changed(sealed=(flipped[:-1] + bytes([flipped[-1] ^ 1])).hex()), WORDS)


def test_contents_of_a_wrong_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    class Forger:
        def __init__(self, key: bytes) -> None:
            self.box = ChaCha20Poly1305(key)

        def encrypt(self, nonce: bytes, data: bytes, public: bytes) -> bytes:
            return self.box.encrypt(nonce, self.shape(data), public)

        @staticmethod
        def shape(data: bytes) -> bytes:
            return data[:-1]

    monkeypatch.setattr("equipoise.proofs.keys.ChaCha20Poly1305", Forger)
    short = IDENTITY.seal(WORDS, FAST)
    monkeypatch.setattr(Forger, "shape", staticmethod(lambda data: bytes(32) + data[32:]))
    foreign = IDENTITY.seal(WORDS, FAST)
    monkeypatch.undo()
    with pytest.raises(KeyRefused, match="no identity"):
        unseal(short, WORDS)
    with pytest.raises(KeyRefused, match="does not belong"):
        unseal(foreign, WORDS)


def test_short_passphrases_are_refused() -> None:
    with pytest.raises(KeyRefused, match="7 characters, must be at least 8"):
        IDENTITY.seal("seven 7", FAST)


def test_secrets_are_not_shown_or_pickled() -> None:
    seed = IDENTITY._seed.hex()
    for thing in (IDENTITY, IDENTITY.signer, IDENTITY.blinding):
        for shown in (repr(thing), str(thing), f"{thing}"):
            assert seed not in shown
            assert IDENTITY.blinding.secret.hex() not in shown
            assert str(IDENTITY.blinding.secret) not in shown
    for thing in (IDENTITY, IDENTITY.signer):
        with pytest.raises(TypeError, match="pickled"):
            pickle.dumps(thing)
    assert seed.encode() not in IDENTITY.seal(WORDS, FAST)
    with pytest.raises(ValueError, match="31 bytes"):
        BlindingKey(bytes(31))


def test_files_are_private_and_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "me.key"
    write_private(path, b"x")
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyRefused, match="not overwritten"):
        write_private(path, b"y")
    assert path.read_bytes() == b"x"


def test_rotation_keeps_the_blindings() -> None:
    fresh = IDENTITY.rotated()
    assert fresh.public != IDENTITY.public
    assert fresh.blinding == IDENTITY.blinding


# --- history ------------------------------------------------------------------------------------


def test_overlap_retirement_and_revocation() -> None:
    start = hi.begin(IDENTITY.signer, 100)
    grown = hi.add(start, IDENTITY.signer, OTHER.signer, 200)
    grown = hi.retire(grown, OTHER.signer, IDENTITY.public, 300)
    for key, time, reason in (
        (IDENTITY, 99, "key-early"),
        (IDENTITY, 100, ""),
        (IDENTITY, 299, ""),
        (OTHER, 250, ""),
        (IDENTITY, 300, "key-retired"),
        (OTHER, 199, "key-early"),
    ):
        if reason:
            with pytest.raises(Invalid, match=reason):
                grown.judge(key.public, time)
        else:
            grown.judge(key.public, time)
    revoked = hi.revoke(grown, OTHER.signer, IDENTITY.public, 150)
    with pytest.raises(Invalid, match="key-revoked"):
        revoked.judge(IDENTITY.public, 150)
    revoked.judge(IDENTITY.public, 149)
    with pytest.raises(Invalid, match="key-unknown"):
        start.judge(OTHER.public, 250)
    revoked.check(start.id, grown.head)


def test_history_refuses_what_would_not_hold() -> None:
    start = hi.begin(IDENTITY.signer, 0)
    both = hi.add(start, IDENTITY.signer, OTHER.signer, 5)
    third = Identity.generate()
    gone = hi.revoke(both, IDENTITY.signer, IDENTITY.public, 9)
    old = hi.retire(both, OTHER.signer, IDENTITY.public, 1_000)
    for attempt in (
        lambda: hi.add(start, OTHER.signer, third.signer, 5),
        lambda: hi.add(both, IDENTITY.signer, OTHER.signer, 5),
        lambda: hi.retire(start, IDENTITY.signer, OTHER.public, 5),
        lambda: hi.add(gone, IDENTITY.signer, third.signer, 5),
        lambda: hi.add(old, IDENTITY.signer, third.signer, 5),
        lambda: hi.revoke(old, IDENTITY.signer, OTHER.public, 5),
        lambda: hi.revoke(gone, OTHER.signer, IDENTITY.public, 9),
        lambda: hi.retire(hi.retire(both, OTHER.signer, OTHER.public, 7), OTHER.signer, OTHER.public, 8),
    ):
        with pytest.raises(KeyRefused, match="would not hold"):
            attempt()


def test_a_retire_carries_no_possession() -> None:
    both = hi.add(hi.begin(IDENTITY.signer, 0), IDENTITY.signer, OTHER.signer, 5)
    gone = hi.revoke(both, IDENTITY.signer, OTHER.public, 9)
    broken = hi.History((*gone.entries[:-1], replace(gone.entries[-1], possession=b"\1" * 64)))
    with pytest.raises(Invalid, match="possession"):
        broken.check()


# --- external signers -----------------------------------------------------------------------------

SIGN = """
import sys
from equipoise.proofs.vectors.scenes import IDENTITY
sys.stdout.buffer.write(IDENTITY.signer.sign(sys.stdin.buffer.read()){tail})
"""


def external(tail: str = "") -> CommandSigner:
    return CommandSigner(IDENTITY.public, [sys.executable, "-c", SIGN.format(tail=tail)])


def test_an_external_signer_signs_a_window() -> None:
    window = Window(OPEN_TERMS, IDENTITY.blinding, 0, 60)
    for order in orders(mixed(2)):
        window.add(order)
    assert window.close(0, bytes(32), external()).t0 == window.close(0, bytes(32), IDENTITY.signer).t0


def test_an_external_signer_that_fails() -> None:
    for signer in (
        external("[:-1]"),
        external("[::-1]"),
        CommandSigner(IDENTITY.public, [sys.executable, "-c", "raise SystemExit(3)"]),
        CommandSigner(IDENTITY.public, ["/no/such/program"]),
        CommandSigner(IDENTITY.public, [sys.executable, "-c", "import time; time.sleep(9)"], timeout_s=0.2),
    ):
        with pytest.raises(KeyRefused, match="external signer"):
            signer.sign(b"x")
