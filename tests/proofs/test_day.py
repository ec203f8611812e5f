"""The demonstration on a recorded day, a few windows of it: attested by one process, verified by another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.proofs_day import executions, run

MESSAGES = "lobster-amzn-l1/AMZN_2012-06-21_34200000_57600000_message_1.csv"


@pytest.mark.recorded
def test_a_recorded_day_in_every_tier(shared_data: Path, tmp_path: Path) -> None:
    recording = shared_data / MESSAGES
    placed = list(executions(recording))
    assert len(placed) == 8_974 + 2_445
    assert sum(order.buy + order.sell for order in placed) == 810_755  # the recording's own count of shares
    assert all(order.participant.startswith("SYNTHETIC") for order in placed)
    result: dict[str, Any] = run(recording, tmp_path / "day", most=2)
    verified = result["verified"]
    assert verified["loaded"] == []
    for mode in ("open", "threshold"):
        assert verified[mode]["accepted"] == verified[mode]["receipts"] == 2
        assert verified[mode]["chain"] == "ACCEPTED"
        assert any("counted in the totals" in s for s in verified[mode]["says"])
        assert any("summed again" in s for s in verified[mode]["says"])
    assert any("stay hidden" in s for s in verified["threshold"]["says"])
    assert {name: said.split(":")[-1].split("(")[0].strip() for name, said in verified["tampered"].items()} == {
        "another-signer.eqp": "signature",
        "half-a-file.eqp": "truncated",
        "more-buys.eqp": "opening-buys",
        "order-missing.eqp": "leaf-count",
    }
