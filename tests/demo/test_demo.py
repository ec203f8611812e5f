"""The demo itself, on the embedded broker: from the first line to the exit status, with nothing left behind."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytestmark = [pytest.mark.broker, pytest.mark.slow]
SETUP_S = 240  # kernels may have to be compiled first


class Demo:
    """A run of `equipoise demo` with a temporary folder of its own."""

    def __init__(self, folder: Path, *flags: str) -> None:
        self.folder = folder
        self.log = folder / "out.log"
        command = [
            sys.executable,
            "-m",
            "equipoise.streams.cli",
            "demo",
            "--plain",
            "--port",
            "0",
            "--rate",
            "400",
            *flags,
        ]
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command, stdout=out, stderr=subprocess.STDOUT, cwd=folder,
                env={**os.environ, "TMPDIR": str(folder), "COLUMNS": "200"},
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8", "replace")

    def wait(self, timeout_s: float = SETUP_S) -> int:
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise AssertionError(self.said) from None

    def until(self, text: str, timeout_s: float = SETUP_S) -> None:
        end = time.monotonic() + timeout_s
        while text not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < end, self.said
            time.sleep(0.1)

    def left(self) -> list[str]:
        """Command lines of processes that name this run's folder."""
        found = []
        for entry in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = entry.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            except OSError:
                continue
            if str(self.folder) in line:
                found.append(line)
        return found

    def nothing_left(self) -> None:
        end = time.monotonic() + 10
        while self.left() and time.monotonic() < end:
            time.sleep(0.1)
        assert self.left() == []


@pytest.fixture
def demo(tmp_path):
    runs = []

    def start(*flags: str) -> Demo:
        runs.append(Demo(tmp_path, *flags))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def counts(said: str) -> dict[str, int]:
    rows = re.findall(r"^([a-z][a-z -]+?) {2,}([\d,]+)", said, re.M)
    return {name: int(value.replace(",", "")) for name, value in rows}


def test_it_ends_by_itself_with_a_summary(demo) -> None:
    run = demo("--seconds", "8")
    run.until("The same on a page")
    page = re.search(r"http://127\.0\.0\.1:\d+/", run.said)[0]
    with urllib.request.urlopen(page, timeout=10) as answer:
        assert b"Equipoise" in answer.read()
    run.until("Wait for the first signal: done")
    with urllib.request.urlopen(page + "events", timeout=10) as answer:
        view = json.loads(answer.readline().removeprefix(b"data: "))
    assert view["instrument"] == "SIM:BTC-USD"
    assert [row["key"] for row in view["instruments"]][:3] == ["SIM:BTC-USD", "SIM:ETH-USD", "SIM:SOL-USD"]
    assert run.wait() == 0, run.said
    found = counts(run.said)
    sent = [found[name] for name in ("orders sent", "transactions sent", "swap intents")]
    assert all(sent)
    assert found["records in"] == sum(sent)
    assert found["spread signals"] > 0
    assert found["fee signals"] > 0
    used, late, flagged, dead, total = (
        int(n.replace(",", ""))
        for n in re.search(
            r"Accounting: ([\d,]+) used \+ ([\d,]+) late \+ ([\d,]+) flagged \+ ([\d,]+) dead-lettered = ([\d,]+)",
            run.said,
        ).groups()
    )
    assert used + late + flagged + dead == total == found["records in"]
    assert dead == found["dead-lettered"] == 0
    run.nothing_left()
    assert list(run.folder.iterdir()) == [run.log]  # the broker's data and the logs are gone


def test_ctrl_c_stops_everything_in_order(demo) -> None:
    run = demo()
    run.until("Wait for the first signal: done")
    run.process.send_signal(signal.SIGINT)
    assert run.wait(60) == 0, run.said
    assert "Accounting:" in run.said
    run.nothing_left()


def test_ctrl_c_while_it_is_set_up(demo) -> None:
    run = demo()
    run.until("Create the topics: done")
    run.process.send_signal(signal.SIGINT)
    assert run.wait(60) == 1, run.said
    assert "Stopped before the first signal" in run.said
    run.nothing_left()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
def test_its_children_do_not_survive_its_death(demo) -> None:
    run = demo()
    run.until("Create the topics: done")
    run.process.kill()
    run.process.wait()
    run.nothing_left()


def test_a_worker_that_dies_is_reported(demo) -> None:
    run = demo("--seconds", "60")
    run.until("Wait for the first signal: done")
    worker = next(
        int(entry.parent.name)
        for entry in Path("/proc").glob("[0-9]*/cmdline")
        if b"\0worker\0" in entry.read_bytes() and str(run.folder).encode() in entry.read_bytes()
    )
    os.kill(worker, signal.SIGKILL)
    assert run.wait(60) == 1
    assert "Failed: the worker ended with status -9" in run.said
    assert "The logs are in" in run.said
    run.nothing_left()


@pytest.mark.recorded
def test_a_recording_without_loss_totals(demo, shared_data) -> None:
    run = demo("--replay", str(shared_data / "binance-hftbacktest" / "usdm" / "ethusdt_20240808.gz"), "--seconds", "8")
    assert run.wait() == 0, run.said
    assert "BINANCE:ETHUSDT" in run.said
    assert "Lost to informed" not in run.said
    found = counts(run.said)
    assert found["records in"] == found["orders sent"] > 0
    assert found["spread signals"] > 0
    run.nothing_left()
