"""The same bits everywhere: compiled for this CPU, for a generic one, and not compiled at all.

The suite runs with the JIT on and off, and both meet this digest.
"""

import hashlib
import os
import subprocess
import sys

import pytest

from equipoise.processors.engine import Engine
from equipoise.schemas.enums import BookSource

from .rows import joined, table, wild

GOLDEN = "fe8ebe737fbe4153f5afac0f972bfd4c12a33154b7bcd23532666f99539a7504"


def digest() -> str:
    listed = table(BookSource.L3, BookSource.L2, BookSource.BBO)
    outputs = Engine(listed, sources=2).step(wild(42, 800, listed, 2))
    whole = hashlib.sha256()
    for name, content in sorted(joined([outputs]).items()):
        whole.update(name.encode() + content)
    return whole.hexdigest()


def test_the_digest_is_the_golden_one() -> None:
    assert digest() == GOLDEN


@pytest.mark.slow
@pytest.mark.skipif(bool(os.environ.get("NUMBA_DISABLE_JIT")), reason="nothing is compiled for a CPU with the JIT off")
def test_a_generic_cpu_gives_the_same_bits() -> None:
    code = "from tests.processors.test_golden import digest; print(digest())"
    generic = os.environ | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run([sys.executable, "-c", code], env=generic, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == GOLDEN
