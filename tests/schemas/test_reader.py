"""What a downstream service uses, with the bare install."""

import dataclasses
import subprocess
import sys
from typing import Any

import pytest

from equipoise.schemas import codec, wire
from equipoise.schemas.enums import Kind, Reason, Status
from equipoise.schemas.errors import DecodingError, UnknownSchemaError, WireFormatError
from equipoise.schemas.headers import CATCHING_UP
from equipoise.schemas.local import local_guid, local_id
from equipoise.schemas.reader import LatestRevision, decode_signal
from equipoise.schemas.signals import RECORDS, FeeSignal, ImbalanceWindow, ScoreComponent, SpreadSignal, field_names
from tests.oracles.heartbeat import heartbeat
from tests.schemas.records import COMPONENT, FEE, SPREAD, WINDOW


def value(name: str, record: dict[str, Any]) -> bytes:
    return wire.frame(local_id(codec.schema(name)), codec.encode(name, record))


def spread(**changes: Any) -> SpreadSignal:
    signal = decode_signal(value("SpreadSignal", SPREAD | changes))
    assert isinstance(signal, SpreadSignal)
    return signal


@pytest.mark.parametrize("name", RECORDS)
def test_values_have_the_fields_of_the_schema(name: str) -> None:
    assert field_names(RECORDS[name]) == {field["name"] for field in codec.schema(name)["fields"]}


@pytest.mark.parametrize(
    ("name", "record"), [("SpreadSignal", SPREAD), ("FeeSignal", FEE), ("ImbalanceWindow", WINDOW)]
)
def test_every_field_arrives(name: str, record: dict[str, Any]) -> None:
    signal = decode_signal(value(name, record))
    assert type(signal) is RECORDS[name]
    for key, expected in record.items():
        found = getattr(signal, key)
        if key in ("kind", "trigger", "status", "regime", "rebalance", "binding_cap"):
            assert found.name == expected
        elif key not in ("reasons", "components", "buckets", "profile", "measures"):
            assert found == expected, key
    assert [reason.name for reason in signal.reasons] == record["reasons"]
    assert signal.instrument == "v:S"
    with pytest.raises(dataclasses.FrozenInstanceError):
        signal.revision = 9  # type: ignore[misc]


def test_parts_are_values_too() -> None:
    (component,) = spread().components
    assert component == ScoreComponent(**COMPONENT | {"reason": Reason.NONE})
    window = decode_signal(value("ImbalanceWindow", WINDOW))
    assert isinstance(window, ImbalanceWindow)
    assert [(bucket.price, bucket.buy, bucket.sell) for bucket in window.buckets] == [(990, 7, 2)]
    told = [(measure.name, measure.value, measure.reason) for measure in window.measures]
    assert told == [("vpin_true", 0.25, Reason.NONE), ("vpin_bulk", None, Reason.WARMING)]


def test_the_header_form_is_read() -> None:
    body = codec.encode("FeeSignal", FEE)
    signal = decode_signal(body, [wire.id_header(local_guid(codec.schema("FeeSignal")))])
    assert isinstance(signal, FeeSignal)


@pytest.mark.parametrize("status", [Status.OK, Status.WARMING, Status.DEGRADED])
def test_a_valid_signal_is_usable_up_to_its_end(status: Status) -> None:
    signal = spread(status=status.name)
    assert signal.usable(2_000)
    assert not signal.usable(2_001)
    assert signal.why_unusable(2_001) == "expired 0.000 s ago"


@pytest.mark.parametrize("status", [Status.HALTED, Status.CLOSED, Status.STALE])
def test_some_statuses_forbid_use(status: Status) -> None:
    assert spread(status=status.name).why_unusable(1_500) == f"status {status.name}"


def test_a_catching_up_signal_is_not_usable() -> None:
    signal = decode_signal(value("SpreadSignal", SPREAD), [(CATCHING_UP, b"2500")])
    assert isinstance(signal, SpreadSignal)
    assert "catching up" in signal.why_unusable(1_500)


def test_a_heartbeat_is_not_usable_whatever_its_status() -> None:
    record = heartbeat("SpreadSignal", SPREAD | {"status": "OK"}, 1_100, 50, 10_000)
    signal = decode_signal(value("SpreadSignal", record))
    assert isinstance(signal, SpreadSignal)
    assert (signal.kind, signal.status) == (Kind.HEARTBEAT, Status.OK)
    assert signal.why_unusable(1_500) == "heartbeat: nothing new since v:S/live/7"


def test_a_signal_without_its_number_is_not_usable() -> None:
    assert spread(widen_factor=None).why_unusable(1_500) == "widen_factor is null"
    fee = decode_signal(value("FeeSignal", FEE | {"fee_taker_sell": None}))
    assert isinstance(fee, FeeSignal)
    assert not fee.usable(1_500)


def test_latest_revision_lets_each_revision_through_once() -> None:
    latest = LatestRevision()
    assert latest.offer(spread())
    assert not latest.offer(spread())
    assert latest.offer(spread(revision=2))
    assert not latest.offer(spread(revision=1))
    kept = latest.get("v:S/live/7")
    assert kept is not None
    assert kept.revision == 2
    assert [signal.revision for signal in latest] == [2]


def test_latest_revision_is_bounded() -> None:
    latest = LatestRevision(limit=2)
    assert all(latest.offer(spread(id=name)) for name in ("a", "b"))
    assert latest.offer(spread(id="a", revision=1))
    assert latest.offer(spread(id="c"))
    assert len(latest) == 2
    assert latest.get("b") is None
    assert latest.get("a") is not None
    with pytest.raises(ValueError, match="limit: 0"):
        LatestRevision(limit=0)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        (None, WireFormatError),
        (b"{}", WireFormatError),
        (wire.frame(5, b""), UnknownSchemaError),
        (wire.frame(local_id(codec.schema("OrderEvent")), b""), DecodingError),
        (value("FeeSignal", FEE)[:-1], DecodingError),
        (value("FeeSignal", FEE) + b"\0", DecodingError),
    ],
)
def test_what_is_no_signal_is_refused(message: bytes | None, error: type[Exception]) -> None:
    with pytest.raises(error):
        decode_signal(message)


BARE = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {blocked}:
            raise ImportError(name + " is blocked")
sys.meta_path.insert(0, Blocked())
import equipoise.schemas, pkgutil, importlib
for module in pkgutil.iter_modules(equipoise.schemas.__path__, "equipoise.schemas."):
    importlib.import_module(module.name)
from equipoise.schemas.reader import SignalReader, decode_signal
print(decode_signal(bytes.fromhex(sys.argv[1])).widen_factor)
try:
    SignalReader("localhost:9", ["t"])
except ImportError as error:
    print(error)
"""


def test_the_bare_install_reads_signals() -> None:
    blocked = {"numpy", "numba", "faust", "aiokafka", "confluent_kafka", "pydantic", "pyarrow", "aiohttp", "msgspec"}
    script = BARE.replace("{blocked}", repr(blocked))
    command = [sys.executable, "-c", script, value("SpreadSignal", SPREAD).hex()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2.0", "SignalReader needs: pip install 'equipoise[reader]'"]
