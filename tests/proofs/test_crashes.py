"""Death at every step on the disk, by kill -9 and by a power cut: one number, one statement; one bundle for good."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from pathlib import Path

import pytest

from equipoise.proofs.attestation import Attestation
from equipoise.proofs.errors import SequenceReused
from equipoise.proofs.prover.client import signed
from equipoise.proofs.prover.jobs import AUDIT, TOTALS, Draft, Job
from equipoise.proofs.prover.journal import Journal, private_folder, write_durably
from equipoise.proofs.prover.messages import ATTEST, DONE, PROVE, REFUSED, Message, read_message
from equipoise.proofs.prover.server import Limits, Server
from equipoise.proofs.publisher import Publisher, State
from equipoise.proofs.vectors.scenes import IDENTITY, MINUTE, OPEN_TERMS, closed, mixed, orders
from equipoise.proofs.verify import verify
from tests.proofs.crashes import live

Send = Callable[[bytes], object]


def publish(folder: Path, life: int, windows: int = 2) -> Callable[[Send], None]:
    """What `equipoise prove` does: claim, publish, remember. Each life has other orders."""

    def work(send: Send) -> None:
        private_folder(folder)
        place = folder / "state"
        state = State.from_body(place.read_bytes()) if place.exists() else State()
        journal = Journal(folder / "journal")
        publisher = Publisher(OPEN_TERMS, IDENTITY.blinding, IDENTITY.signer, state, journal)
        while publisher.state.sequence < windows:
            window = publisher.open(publisher.state.last_end, publisher.state.last_end + MINUTE)
            for order in orders([(1 + life, 0), (2, 0)]):
                window.add(order)
            try:
                made = publisher.close(window)
            except SequenceReused:
                break
            send(Message(0, DONE, made.header.encode() + made.t0.encode()).encode())
            write_durably(place, publisher.state.body())
        journal.close()

    return work


def messages(said: bytes) -> Iterator[Message]:
    stream = BytesIO(said)
    while (message := read_message(stream)) is not None:
        yield message


@pytest.mark.parametrize("power", [False, True], ids=["kill -9", "power cut"])
def test_one_number_one_statement(tmp_path: Path, power: bool) -> None:
    steps = 0
    for step in count(1):
        folder = tmp_path / str(step) / "new" / "folder"
        folder.parent.parent.mkdir()
        first, died = live(publish(folder, 1), step, power)
        if not died:
            break
        steps += 1
        second, _ = live(publish(folder, 2))
        third, _ = live(publish(folder, 1))
        by_number: dict[int, set[bytes]] = {}
        statements: list[Attestation] = []
        for message in messages(first + second + third):
            statements.append(signed(message.body)[1])
            by_number.setdefault(statements[-1].sequence, set()).add(statements[-1].digest)
        assert all(len(digests) == 1 for digests in by_number.values()), step
        assert set(by_number) == {0, 1}, step  # and one of the lives can always go on
    assert steps > 30


def served(folder: Path, life: int) -> Callable[[Send], None]:
    """A prover that is asked to sign, and to prove what was signed elsewhere."""
    header = OPEN_TERMS.header(0, MINUTE)
    draft = Draft(header, 0, bytes(32), tuple(orders([(1 + life, 0), (2, 0)])))
    window, placed = closed(OPEN_TERMS, orders(mixed(2)), 1), orders(mixed(2))
    job = Job(window.header, window.t0, TOTALS | AUDIT, tuple(placed))

    class Wire(BytesIO):
        send: Send

        def write(self, data: bytes) -> int:  # type: ignore[override]
            self.send(data)
            return len(data)

    def work(send: Send) -> None:
        wire = Wire()
        wire.send = send
        asked = Message(1, ATTEST, draft.body()).encode() + Message(2, PROVE, job.body()).encode()
        Server(folder, IDENTITY, wire, Limits(4, 4)).run(BytesIO(asked))

    return work


@pytest.mark.parametrize("power", [False, True], ids=["kill -9", "power cut"])
def test_a_prover_keeps_its_word(tmp_path: Path, power: bool) -> None:
    steps = 0
    for step in count(1):
        folder = tmp_path / str(step) / "prover"
        folder.parent.mkdir()
        first, died = live(served(folder, 1), step, power)
        if not died:
            break
        steps += 1
        before = {m.id: m for m in messages(first)}
        after = {m.id: m for m in messages(live(served(folder, 2))[0])}
        if 1 in before:  # other orders under a number that was given out
            assert after[1].kind == REFUSED, step
        assert verify(after[2].body), step
        if 2 in before:
            assert after[2].body == before[2].body, step
    assert steps > 40
