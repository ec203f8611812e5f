"""A recorded day, attested in every tier by one process and verified by another that has the light install.

    python -m benchmarks.proofs_day RECORDING OUT [--verifier PYTHON] [--windows N]

RECORDING is a LOBSTER message file. Its executions (visible and hidden) are the orders: the
aggressor's side, size in shares. LOBSTER names no participants, so PARTICIPANTS ARE SYNTHETIC:
drawn from a seeded generator, and every name says so. The day is attested twice, once in open
mode and once in threshold mode, each window with link, totals or band, audit, and a receipt
for one of its orders (two streams: nobody should publish both for the same orders, this is to show
them). The verifier is another process (and with --verifier another virtual
environment): it gets the public files and the pinned history, checks everything, and then is
shown a tampered bundle.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from equipoise.proofs import history as hi
from equipoise.proofs.bundle import Bundle
from equipoise.proofs.files import Day
from equipoise.proofs.keys import Identity
from equipoise.proofs.orders import Order
from equipoise.proofs.policy import PrivacyPolicy
from equipoise.proofs.prover.jobs import AUDIT, TOTALS, Job, Wanted, prove, receipt
from equipoise.proofs.publisher import Publisher
from equipoise.proofs.window import Terms

MINUTE = 60_000_000_000
TRADERS = 40
TOPIC = bytes.fromhex("00112233445566778899aabbccddeeff")

# Runs in the verifier's environment: nothing but equipoise.proofs is imported.
VERIFIER = """
import json, sys, time
from pathlib import Path
import equipoise.proofs.verify as v
folder = Path(sys.argv[1])
history, pin = (folder / "keys.history").read_bytes(), bytes.fromhex(sys.argv[2])
out = {"loaded": sorted({"numpy", "numba", "faust", "aiokafka", "confluent_kafka"} & set(sys.modules))}
for name in ("open", "threshold"):
    files = sorted((folder / name).glob("*.eqp"))
    start = time.process_time()
    accepted = [bool(verdict := v.verify(f.read_bytes(), history=history, pin=pin)) for f in files]
    out[name] = {"windows": len(files), "accepted": sum(accepted), "cpu_s": round(time.process_time() - start, 2)}
    out[name]["receipts"] = sum(len(v.Bundle.decode(f.read_bytes()).receipts) for f in files)
    t0 = [f.read_bytes() for f in sorted((folder / (name + "-t0")).glob("*.eqp"))]
    chain = v.verify_chain(t0, history=history, pin=pin)
    out[name]["chain"] = chain.sentence
    out[name]["says"] = list(verdict.attested)
    out[name]["not_attested"] = list(verdict.not_attested)
bad = sorted((folder / "tampered").glob("*.eqp"))
out["tampered"] = {f.name: v.verify(f.read_bytes(), history=history, pin=pin).sentence for f in bad}
print(json.dumps(out))
"""


def executions(path: Path) -> Iterator[Order]:
    """Executions as orders of synthetic participants; offsets are the file's row numbers."""
    rng = random.Random(20120621)
    shares = [1 / (rank + 3) for rank in range(TRADERS)]
    names = [f"SYNTHETIC-{rank:02d}" for rank in range(TRADERS)]
    with path.open(newline="") as file:
        for offset, row in enumerate(csv.reader(file)):
            if row[0] == "Time" or row[1] not in ("4", "5"):
                continue
            size, buyer = int(row[3]), row[5] == "-1"  # Direction is the resting side
            (name,) = rng.choices(names, shares)
            when = round(float(row[0]) * 1_000_000) * 1_000
            yield Order(TOPIC, 0, offset, 0, name, f"row-{offset}", when, size * buyer, size * (not buyer))


def terms(threshold: bool) -> Terms:
    """The day's terms: five traders at least, nobody above 80 % of a side."""
    stream = "benchmarks/day-threshold" if threshold else "benchmarks/day-open"  # one number, one statement
    plain = Terms(stream, "LOBSTER:AMZN", "1", "recording", policy=PrivacyPolicy(5, 800_000))
    if not threshold:
        return plain
    return replace(plain, mode=1, q=100, v_min=100, edges=(-100, -60, -20, 20, 60, 101))


def attest(orders: list[Order], identity: Identity, out: Path, threshold: bool, most: int) -> dict[str, float]:
    """Attest the day in one mode; what it cost."""
    name = "threshold" if threshold else "open"
    for folder in (out / name, out / f"{name}-t0"):
        folder.mkdir(parents=True)
    day = Day(Publisher(terms(threshold), identity.blinding, identity.signer), MINUTE)
    start, proving, merged, count = time.process_time(), 0.0, 0, 0
    for window, closed in day.close_all(orders):
        then = time.process_time()
        job = Job(closed.header, closed.t0, TOTALS | AUDIT, tuple(window.orders))
        bundle = prove(job, identity.blinding)
        index = closed.t0.sequence * 7 % closed.header.leaves
        proof = receipt(job, Wanted(closed.t0.digest, 0, index), identity.blinding)
        bundle = replace(bundle, receipts=proof.receipts)
        (out / name / f"{count:04d}.eqp").write_bytes(bundle.encode())
        (out / f"{name}-t0" / f"{count:04d}.eqp").write_bytes(Bundle(closed.header, closed.t0).encode())
        proving += time.process_time() - then
        merged += (closed.header.window_end - closed.header.window_start) // MINUTE - 1
        count += 1
        if count == most:
            break
    total = time.process_time() - start
    return {"windows": count, "merged_minutes": merged, "commit_s": total - proving, "prove_s": proving}


def tamper(out: Path) -> None:
    """One public total more, one order left out of the audit, one signature of another key, half a file."""
    (out / "tampered").mkdir()
    bundle = Bundle.decode((out / "open" / "0000.eqp").read_bytes())
    assert bundle.opening is not None
    assert bundle.audit is not None
    forged = Identity.generate().signer.sign(bundle.t0.signed_message)
    cases = {
        "more-buys": replace(bundle, opening=replace(bundle.opening, buys=bundle.opening.buys + 1)).encode(),
        "order-missing": replace(bundle, audit=replace(bundle.audit, leaves=bundle.audit.leaves[1:])).encode(),
        "another-signer": replace(bundle, t0=replace(bundle.t0, signature=forged)).encode(),
        "half-a-file": bundle.encode()[: len(bundle.encode()) // 2],
    }
    for name, data in cases.items():
        (out / "tampered" / f"{name}.eqp").write_bytes(data)


def verify(out: Path, python: str, pin: bytes) -> dict[str, object]:
    """Run the verifier as its own process."""
    command = [python, "-c", VERIFIER, str(out), pin.hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    result: dict[str, object] = json.loads(done.stdout)
    return result


def run(recording: Path, out: Path, python: str = sys.executable, most: int = 10_000) -> dict[str, object]:
    """The whole demonstration; everything it measured."""
    orders = list(executions(recording))
    identity = Identity.generate()
    history = hi.begin(identity.signer, 0)
    out.mkdir(parents=True, exist_ok=True)
    (out / "keys.history").write_bytes(history.encode())
    made = {name: attest(orders, identity, out, name == "threshold", most) for name in ("open", "threshold")}
    tamper(out)
    return {"orders": len(orders), "made": made, "verified": verify(out, python, history.id)}


def main() -> int:
    """Parse the command line, run, print; 1 unless everything true was accepted and nothing false."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recording", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--verifier", default=sys.executable, help="Python of the verifier's environment")
    parser.add_argument("--windows", type=int, default=10_000)
    given = parser.parse_args()
    result = run(given.recording, given.out, given.verifier, given.windows)
    print(json.dumps(result, indent=1))
    verified = result["verified"]
    assert isinstance(verified, dict)
    whole = all(
        verified[n]["accepted"] == verified[n]["windows"] == verified[n]["receipts"] for n in ("open", "threshold")
    )
    return 0 if whole and all(s.startswith("REJECTED") for s in verified["tampered"].values()) else 1


if __name__ == "__main__":
    sys.exit(main())
