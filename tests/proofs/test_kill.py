"""Publishers and provers killed with signal 9 at random moments."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.errors import (
    Refused,
)
from equipoise.proofs.prover.client import Prover, signed
from equipoise.proofs.prover.jobs import TOTALS
from equipoise.proofs.prover.messages import PROVE, REFUSED, Message, read_message
from equipoise.proofs.prover.server import Limits, Server
from equipoise.proofs.vectors.scenes import BAND_TERMS, OPEN_TERMS, OTHER, closed, mixed, orders
from equipoise.proofs.verify import verify
from tests.proofs.asked import SEALED, WORDS, draft, job

# --- kill -9 ----------------------------------------------------------------------------------

VICTIM = """
import random, sys
from pathlib import Path
from equipoise.proofs.prover.journal import Journal, write_durably
from equipoise.proofs.publisher import Publisher, State
from equipoise.proofs.errors import SequenceReused
from equipoise.proofs.vectors.scenes import *

folder, seed = Path(sys.argv[1]), int(sys.argv[2])
rng = random.Random(seed)  # each life draws other orders: what a changed replay would do
journal = Journal(folder / "journal")
place = folder / "state"
state = State.from_body(place.read_bytes()) if place.exists() else State()
out = open(folder / "published", "ab", buffering=0)
while True:
    publisher = Publisher(OPEN_TERMS, IDENTITY.blinding, IDENTITY.signer, state, journal)
    window = publisher.open(state.last_end, state.last_end + MINUTE)
    for order in orders([(rng.randrange(1, 9), 0) for _ in range(3)]):
        window.add(order)
    try:
        closed_window = publisher.close(window)
    except SequenceReused:
        print("REFUSED", state.sequence, flush=True)
        sys.exit(3)
    record = closed_window.header.encode() + closed_window.t0.encode()
    out.write(len(record).to_bytes(4, "big") + record)
    print("T0", state.sequence, flush=True)
    if rng.random() < 0.7:
        write_durably(place, publisher.state.body())
        state = publisher.state
"""


def published(path: Path) -> list[Attestation]:
    data, out = path.read_bytes() if path.exists() else b"", []
    while len(data) >= 4:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            break
        _, t0 = signed(data[4 : 4 + size])
        out.append(t0)
        data = data[4 + size :]
    return out


def lives(folder: Path, count: int, wait: Callable[[], float]) -> tuple[list[int], str]:
    """Exit codes, and everything that was printed."""
    codes, said = [], ""
    for life in range(count):
        process = subprocess.Popen(
            [sys.executable, "-c", VICTIM, str(folder), str(life)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        assert process.stdout is not None
        said += process.stdout.readline().decode()
        time.sleep(wait())
        process.kill()
        said += process.stdout.read().decode()
        codes.append(process.wait())
        process.stdout.close()
    return codes, said


def test_kill_9_never_signs_two_statements_under_one_number(tmp_path: Path) -> None:
    rng = random.Random(4)
    codes, said = lives(tmp_path, 8, lambda: rng.random() * 0.05)
    by_number: dict[int, set[bytes]] = {}
    commitments: dict[bytes, set[bytes]] = {}
    for t0 in published(tmp_path / "published"):
        by_number.setdefault(t0.sequence, set()).add(t0.digest)
        commitments.setdefault(t0.c_b.data, set()).add(t0.root)
    assert by_number
    assert all(len(digests) == 1 for digests in by_number.values())
    assert all(len(roots) == 1 for roots in commitments.values())
    assert -signal.SIGKILL in codes
    assert "REFUSED" in said  # other orders under a number that was signed


def test_kill_9_of_the_prover_process(tmp_path: Path) -> None:
    first = closed(OPEN_TERMS, orders(mixed(3)))
    work = [job(3, minute, TOTALS, BAND_TERMS) for minute in range(3)]
    answered: dict[bytes, bytes] = {}
    for life in range(4):
        prover = Prover(tmp_path, SEALED, WORDS, Limits(8, 8))
        futures = {w.t0.digest: prover.prove(w) for w in work}
        attested = prover.attest(draft(3 + life))
        if life == 0:
            assert signed(attested.result(20))[1] == first.t0
        else:  # other orders under a number that an earlier life signed
            with pytest.raises(Refused, match="another statement"):
                attested.result(20)
        if life < 3:
            time.sleep(0.1 * life)
            os.kill(prover.pid, signal.SIGKILL)
        for digest, future in futures.items():
            try:
                bundle = future.result(60)
            except Refused:
                assert life < 3
                continue
            assert verify(bundle)
            assert answered.setdefault(digest, bundle) == bundle
        prover.close()
    assert len(answered) == 3


def test_other_secrets_give_other_bundles(tmp_path: Path) -> None:
    work = job()
    sink = BytesIO()
    Server(tmp_path, OTHER, sink, Limits()).run(BytesIO(Message(1, PROVE, work.body()).encode()))
    answer = read_message(BytesIO(sink.getvalue()))
    assert answer is not None
    assert answer.kind == REFUSED
