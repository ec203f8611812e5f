"""Secret keys: made, sealed at rest, never printed.

An identity is two secrets: an Ed25519 key that signs statements, and the blinding secret of
the PRF. At rest both are sealed with ChaCha20-Poly1305 under a key that scrypt derives from
a passphrase (N = 2**17, r = 8, p = 1: 128 MiB and about half a second for each guess); the
public part is authenticated with them. Losing the blinding secret means that receipts can no
longer be made; leaking it opens every commitment to whoever can guess an order.

`Signer` is a protocol: a key in an HSM or behind another process is a class with ``public``
and ``sign``. `CommandSigner` is one such hook: a program that gets the message on its
standard input and answers with 64 bytes.
"""

from __future__ import annotations

import json
import os
import secrets
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from equipoise.proofs.attestation import signature_holds
from equipoise.proofs.errors import KeyRefused
from equipoise.proofs.prf import BlindingKey

SCRYPT_N, SCRYPT_R, SCRYPT_P = 1 << 17, 8, 1
MAX_FILE = 4096
SHORTEST_PASSPHRASE = 8


class LocalSigner:
    """An Ed25519 key in this process's memory; repr shows the public key only."""

    def __init__(self, seed: bytes) -> None:
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """RFC 8032 signature, 64 bytes."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"LocalSigner({self._public.hex()})"

    def __reduce__(self) -> Any:
        raise TypeError("a signer is not to be pickled")


class CommandSigner:
    """A signer outside this process: ``command`` reads the message and writes 64 bytes."""

    def __init__(self, public: bytes, command: Sequence[str], timeout_s: float = 10.0) -> None:
        self._public, self._command, self._timeout_s = public, list(command), timeout_s

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self._public

    def sign(self, message: bytes) -> bytes:
        """Run the command; KeyRefused if it fails or its answer does not verify."""
        try:
            done = subprocess.run(  # noqa: S603 - the command is the operator's own configuration
                self._command, input=message, capture_output=True, timeout=self._timeout_s, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as fault:
            raise KeyRefused(f"external signer: {type(fault).__name__}") from None
        if done.returncode != 0 or not signature_holds(self._public, done.stdout, message):
            raise KeyRefused(f"external signer: exit {done.returncode}, or an answer that does not verify")
        return done.stdout


class Identity:
    """A publisher's secrets. Nothing that prints, pickles or formats it shows them."""

    def __init__(self, seed: bytes, blinding: bytes) -> None:
        self._seed = seed
        self.signer = LocalSigner(seed)
        self.blinding = BlindingKey(blinding)

    @classmethod
    def generate(cls) -> Identity:
        """New secrets from the operating system's randomness."""
        return cls(secrets.token_bytes(32), secrets.token_bytes(32))

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.signer.public

    def rotated(self) -> Identity:
        """A new signing key; the blinding secret stays, so that old receipts can still be made."""
        return Identity(secrets.token_bytes(32), self.blinding.secret)

    def __repr__(self) -> str:
        return f"Identity({self.public.hex()})"

    def __reduce__(self) -> Any:
        raise TypeError("an identity is not to be pickled")

    def seal(self, passphrase: str, n: int = SCRYPT_N) -> bytes:
        """The encrypted key file's bytes (JSON). A passphrase has 8 characters or more."""
        if len(passphrase) < SHORTEST_PASSPHRASE:
            raise KeyRefused(f"passphrase: {len(passphrase)} characters, must be at least {SHORTEST_PASSPHRASE}")
        salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
        public = {
            "kind": "equipoise-key",
            "version": 1,
            "public": self.public.hex(),
            "kdf": {"name": "scrypt", "n": n, "r": SCRYPT_R, "p": SCRYPT_P, "salt": salt.hex()},
            "aead": {"name": "chacha20-poly1305", "nonce": nonce.hex()},
        }
        box = ChaCha20Poly1305(_stretch(passphrase, salt, n)).encrypt(
            nonce, self._seed + self.blinding.secret, _canonical(public)
        )
        return json.dumps({**public, "sealed": box.hex()}, indent=1).encode() + b"\n"


def _canonical(public: dict[str, Any]) -> bytes:
    return json.dumps(public, sort_keys=True, separators=(",", ":")).encode()


def _stretch(passphrase: str, salt: bytes, n: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=SCRYPT_R, p=SCRYPT_P).derive(passphrase.encode())


def unseal(data: bytes, passphrase: str) -> Identity:
    """Open a sealed key file.

    Raises KeyRefused for anything that is not such a file, for a wrong passphrase, and for a
    file whose public part was changed. Work factors above the writer's are refused unread.
    """
    if len(data) > MAX_FILE:
        raise KeyRefused(f"key file: {len(data)} bytes, at most {MAX_FILE}")
    try:
        held = json.loads(data)
        box = bytes.fromhex(held.pop("sealed"))
        kdf, nonce = held["kdf"], bytes.fromhex(held["aead"]["nonce"])
        salt, n = bytes.fromhex(kdf["salt"]), kdf["n"]
        known = held["kind"] == "equipoise-key" and held["version"] == 1
        shape = (kdf["name"], kdf["r"], kdf["p"], held["aead"]["name"])
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeyRefused("key file: not an equipoise key file") from None
    if not known or shape != ("scrypt", SCRYPT_R, SCRYPT_P, "chacha20-poly1305") or len(nonce) != 12:
        raise KeyRefused("key file: unknown kind, version or algorithms")
    if not isinstance(n, int) or n < 2 or n > SCRYPT_N or n & (n - 1):
        raise KeyRefused(f"key file: scrypt n must be a power of two up to {SCRYPT_N}")
    try:
        opened = ChaCha20Poly1305(_stretch(passphrase, salt, n)).decrypt(nonce, box, _canonical(held))
    except InvalidTag:
        raise KeyRefused("key file: wrong passphrase, or the file was changed") from None
    if len(opened) != 64:
        raise KeyRefused("key file: holds no identity")
    identity = Identity(opened[:32], opened[32:])
    if identity.public.hex() != held["public"]:
        raise KeyRefused("key file: public key does not belong to the secret one")
    return identity


def write_private(path: Path, data: bytes) -> None:
    """Write a new file that only its owner can read; KeyRefused if it exists."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, stat.S_IRUSR | stat.S_IWUSR)
    except FileExistsError:
        raise KeyRefused(f"{path}: exists already, and is not overwritten") from None
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
