"""The seam in aiokafka and Faust, for each supported version; and what happens where it does not fit."""

import logging
import os
import subprocess
import sys
from importlib.metadata import version

import aiokafka
import pytest
from aiokafka.consumer import fetcher

from equipoise.streams.records import RecordBatch
from equipoise.streams.transport import driver, seam
from tests.project.layout import ROOT
from tests.transport.contract import produce
from tests.transport.deliver import Delivery, create, faust_app, found_in, other_client, reads

# aiokafka, faust-streaming. A new version is one line here, and the range in pyproject.toml.
SUPPORTED = [("0.14.0", "0.15.3")]
INSTALLED = version("aiokafka"), version("faust-streaming")


def test_what_is_installed_is_supported():
    assert INSTALLED in SUPPORTED


@pytest.mark.broker
@pytest.mark.parametrize("versions", SUPPORTED, ids=" and ".join)
def test_contract(versions, tmp_path):
    """In a process of its own; versions that are not installed are put before those that are."""
    path = [str(ROOT)]
    if versions != INSTALLED:
        packages = [f"aiokafka=={versions[0]}", f"faust-streaming=={versions[1]}"]
        install = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(tmp_path), *packages]
        subprocess.run(install, check=True)
        path.insert(0, str(tmp_path))
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path)}
    done = subprocess.run(
        [sys.executable, "-m", "tests.transport.contract"], env=environment, capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    assert done.stdout.split() == ["aiokafka", versions[0], "faust-streaming", versions[1]]


def test_nothing_of_aiokafka_is_changed():
    before = dict(vars(fetcher)), fetcher.Fetcher._proc_fetch_request, aiokafka.AIOKafkaConsumer.start
    seam.check()
    assert (dict(vars(fetcher)), fetcher.Fetcher._proc_fetch_request, aiokafka.AIOKafkaConsumer.start) == before
    assert aiokafka.AIOKafkaConsumer.start.__globals__["Fetcher"] is fetcher.Fetcher


def renamed(*_args, **_kwargs):
    """What a later version might have there."""


async def start_otherwise(self):
    self._fetcher = renamed()


@pytest.mark.parametrize(
    ("target", "name", "value", "words"),
    [
        (fetcher.Fetcher, "_proc_fetch_request", renamed, "does not use MemoryRecords, OffsetResetStrategy"),
        (fetcher.Fetcher, "_proc_fetch_request", None, "no plain Python function"),
        (aiokafka.AIOKafkaConsumer, "start", start_otherwise, "does not use Fetcher"),
        (fetcher.PartitionRecords, "__init__", renamed, "PartitionRecords takes _args, _kwargs"),
        (fetcher.FetchResult, "getall", renamed, "FetchResult.getall does not use"),
    ],
)
def test_what_does_not_fit_is_named(monkeypatch, target, name, value, words):
    monkeypatch.setattr(target, name, value)
    with pytest.raises(seam.SeamError, match=rf"aiokafka {aiokafka.__version__} does not fit: .*{words}"):
        seam.check()
    assert words in driver._misfit()


def test_a_misfit_is_said_at_import(tmp_path):
    code = (
        "import logging; logging.basicConfig(format='%(levelname)s %(message)s')\n"
        "from aiokafka.consumer import fetcher; del fetcher.FetchResult.getall\n"
        "from equipoise.streams.transport import driver; assert driver.MISFIT"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.startswith("WARNING aiokafka")
    assert "records are delivered one by one: slower, with the same results" in done.stderr


@pytest.mark.broker
def test_where_it_does_not_fit_records_come_one_by_one(monkeypatch, embedded_broker, caplog):
    monkeypatch.setattr(driver, "MISFIT", "aiokafka 9 does not fit")
    create(embedded_broker.bootstrap, "misfit", 2)
    produce(embedded_broker.bootstrap, "misfit")
    expected = other_client(embedded_broker.bootstrap, ["misfit"])
    delivery = Delivery(faust_app(embedded_broker.bootstrap), ["misfit"])
    with caplog.at_level(logging.WARNING):
        assert delivery.run(reads(expected)) == expected
    assert not any(isinstance(message.value, RecordBatch) for message in delivery.messages)


@pytest.mark.broker
def test_whole_batches_can_be_taken_past_the_agent(embedded_broker):
    create(embedded_broker.bootstrap, "taken", 2)
    produce(embedded_broker.bootstrap, "taken")
    expected = other_client(embedded_broker.bootstrap, ["taken"])
    delivery, taken = Delivery(faust_app(embedded_broker.bootstrap), ["taken"]), []
    delivery.app.transport.whole.take = taken.append
    delivery.found = lambda: found_in(taken)
    assert delivery.run(reads(expected)) == expected
    assert delivery.messages == []


@pytest.mark.parametrize("scheme", ["equipoise", "kafka"])
def test_the_scheme_is_known_to_faust(scheme):
    assert isinstance(faust_app("localhost:1", scheme).transport, driver.Transport) == (scheme == "equipoise")
