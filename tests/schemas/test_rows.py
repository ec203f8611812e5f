"""Engine rows to payloads: the fast writer gives fastavro's bytes, and every column arrives in its field."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from equipoise.processors.avro.bodies import Bodies, BodyWriter
from equipoise.processors.columns import (
    COMPONENT_DTYPE,
    MEASURE_DTYPE,
    N_BUCKETS,
    NULL,
    SIGNAL_DTYPE,
    WINDOW_DTYPE,
    Names,
    Outputs,
)
from equipoise.processors.instruments import Instrument, Instruments
from equipoise.schemas import codec, enums, row_layout, rows
from equipoise.schemas.errors import EncodingError

LINEAR = Instrument("binance", "BTCUSDT", Decimal("0.10"), Decimal("0.001"))
INVERSE = Instrument("binance", "BTCUSD_PERP", Decimal("0.1"), Decimal(1), contract="inverse", multiplier=Decimal(100))
QUANTO = Instrument("mex", "ÆTH/ÛSD", Decimal("1E+2"), Decimal(1), contract="quanto")
INSTRUMENTS = st.sampled_from([LINEAR, INVERSE, QUANTO])

ENUM_COLUMNS = {
    "kind": enums.Kind, "trigger": enums.Trigger, "regime": enums.Regime, "status": enums.Status,
    "binding_cap": enums.Cap, "rebalance": enums.Rebalance, "reason": enums.Reason,
}  # fmt: skip
LONGS = st.integers(NULL, 2**63 - 1) | st.sampled_from([NULL, 0, -1, 63, 64, 8191, 8192, -8193, 2**63 - 1])
DOUBLES = st.floats(allow_nan=True, allow_infinity=True) | st.just(float("nan"))
SUMS = st.floats(allow_nan=False)
COLUMNS = {"f8": DOUBLES, "i8": LONGS, "i4": st.integers(-(2**31), 2**31 - 1), "i2": st.integers(0, 2**15 - 1)}


def column(name: str, dtype: np.dtype[Any]) -> st.SearchStrategy[Any]:
    if name in ENUM_COLUMNS:
        return st.sampled_from([int(member) for member in ENUM_COLUMNS[name]])
    if name == "reasons":
        return st.integers(0, 2 ** len(enums.Reason) - 1)
    if name in ("n_buckets", "n_profile"):
        return st.integers(0, N_BUCKETS)
    if name == "cvd_decayed":  # never null, so never NaN
        return SUMS
    if dtype.shape:
        return st.lists(SUMS if dtype.base.kind == "f" else LONGS, min_size=dtype.shape[0], max_size=dtype.shape[0])
    return COLUMNS.get(dtype.str[1:], st.integers(0, 3))


def drawn(dtype: np.dtype[Any]) -> st.SearchStrategy[np.void]:
    columns = {name: column(name, dtype[name]) for name in dtype.names or ()}

    def build(values: dict[str, Any]) -> np.void:
        row = np.zeros(1, dtype)
        for name, value in values.items():
            row[0][name] = value
        return row[0]

    return st.fixed_dictionaries(columns).map(build)


NAMES = (*enums.COMPONENT_NAMES, "ÉTRANGER")
COMPONENTS = st.lists(drawn(COMPONENT_DTYPE), min_size=len(NAMES), max_size=len(NAMES)).map(
    lambda found: np.array(found, dtype=COMPONENT_DTYPE)
)
MEASURES = st.lists(
    st.tuples(SUMS, st.just(0)) | st.tuples(st.just(float("nan")), st.integers(1, len(enums.Reason) - 1)), max_size=40
)


def test_rows_have_the_columns_of_the_dtypes() -> None:
    assert row_layout.SignalRow._fields == SIGNAL_DTYPE.names
    assert row_layout.ComponentRow._fields == COMPONENT_DTYPE.names
    assert row_layout.WindowRow._fields == WINDOW_DTYPE.names
    assert row_layout.MeasureRow._fields == MEASURE_DTYPE.names
    assert row_layout.NULL == NULL


def written(
    row: Any, components: Any, instrument: Instrument, names: tuple[str, ...] = enums.COMPONENT_NAMES
) -> Bodies:
    """Both bodies of one row, by the kernel."""
    table = Instruments()
    table.add(Instrument("other", "ONE", Decimal(1), Decimal(1)))
    row["instrument"], row["emits"] = table.add(instrument), 3
    empty = np.zeros(0, np.uint8)
    windows, measures = np.zeros(0, WINDOW_DTYPE), np.zeros((0, 0), MEASURE_DTYPE)
    outputs = Outputs(np.array([row]), components[None], windows, measures, empty, empty, Names(names))
    (bodies,) = BodyWriter(table).signals(outputs)
    return bodies


def written_window(row: Any, instrument: Instrument, measures: Any, names: tuple[str, ...]) -> bytes:
    """The body of one row, by the kernel."""
    table = Instruments()
    row["instrument"] = table.add(instrument)
    empty, signals = np.zeros(0, np.uint8), np.zeros(0, SIGNAL_DTYPE)
    values = np.array(measures, MEASURE_DTYPE).reshape(1, -1)
    components = np.zeros((0, len(enums.COMPONENT_NAMES)), COMPONENT_DTYPE)
    outputs = Outputs(signals, components, np.array([row]), values, empty, empty, Names(measures=names))
    (body,) = BodyWriter(table).windows(outputs)
    return body


def avoid_nan(components: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Columns that are never null in the engine; NaN would not compare equal after decoding."""
    for name in ("weight", "contribution", "effective_weight"):
        components[name] = np.nan_to_num(components[name])
    return components


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # rows of many columns, on a busy machine
@given(drawn(SIGNAL_DTYPE), COMPONENTS, INSTRUMENTS)
def test_signals_are_written_as_fastavro_would(row: Any, components: Any, instrument: Instrument) -> None:
    components = avoid_nan(components)
    spread = rows.spread_record(row, components, instrument, NAMES)
    body = written(row, components, instrument, NAMES).spread
    assert body == codec.encode("SpreadSignal", spread)
    assert codec.decode("SpreadSignal", body) == spread
    fee = rows.fee_record(row, components, instrument, NAMES)
    body = written(row, components, instrument, NAMES).fee
    assert body == codec.encode("FeeSignal", fee)
    assert codec.decode("FeeSignal", body) == fee


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(drawn(WINDOW_DTYPE), INSTRUMENTS, MEASURES)
def test_windows_are_written_as_fastavro_would(row: Any, instrument: Instrument, measures: Any) -> None:
    names = tuple(f"m{k}" for k in range(len(measures)))
    window = rows.window_record(row, instrument, measures, names)
    body = written_window(row, instrument, measures, names)
    assert body == codec.encode("ImbalanceWindow", window)
    assert codec.decode("ImbalanceWindow", body) == window


def signal() -> tuple[Any, Any]:
    row = np.zeros(1, SIGNAL_DTYPE)[0]
    components = np.zeros(len(enums.Component), COMPONENT_DTYPE)
    components["last_good"] = components["value"] = np.nan
    components["last_good_ns"] = NULL
    return row, components


def test_a_signal_row_by_hand() -> None:
    row, components = signal()
    row["ordinal"], row["reference_mid_x2"], row["last_good_mid_x2"] = 41, 2001, NULL
    row["reasons"] = 1 << enums.Reason.CROSSED | 1 << enums.Reason.SEQUENCE_GAP
    row["status"], row["skew_bps"], row["widen_factor"] = enums.Status.DEGRADED, np.nan, 2.5
    record = codec.decode("SpreadSignal", written(row, components, LINEAR).spread)
    assert record["id"] == "binance:BTCUSDT/live/41"
    assert (record["venue"], record["symbol"], record["tick"]) == ("binance", "BTCUSDT", "0.1")
    assert record["reasons"] == ["CROSSED", "SEQUENCE_GAP"]
    assert (record["reference_mid"], record["last_good_mid"]) == (1000.5, None)
    assert (record["skew_bps"], record["widen_factor"], record["status"]) == (None, 2.5, "DEGRADED")
    assert [part["name"] for part in record["components"]] == [name.name for name in enums.Component]
    assert all(part["value"] is None and part["last_good_as_of"] is None for part in record["components"])


def window(**values: Any) -> Any:
    row = np.zeros(1, WINDOW_DTYPE)[0]
    for name, value in values.items():
        row[name] = value
    return row


def test_volumes_of_the_underlying_by_contract() -> None:
    row = window(buy_volume=3000, sell_volume=1000, unknown_volume=0, mid_close_x2=1_000_000)
    linear = rows.window_record(row, LINEAR)
    assert (linear["buy_volume_underlying"], linear["sell_volume_underlying"]) == (3.0, 1.0)
    assert linear["classified_share"] == 1.0
    inverse = rows.window_record(row, INVERSE)  # 3000 contracts of 100 USD at 50,000 USD
    assert inverse["buy_volume_underlying"] == pytest.approx(6.0, rel=1e-15)
    assert rows.window_record(window(buy_volume=1, mid_close_x2=NULL), INVERSE)["buy_volume_underlying"] is None
    assert rows.window_record(row, QUANTO)["buy_volume_underlying"] is None


def test_unused_buckets_stay_out() -> None:
    row = window(n_buckets=2, bucket=[100, 110, *[0] * 14], bucket_buy=[5, 6, *[9] * 14], bucket_sell=[1] * 16)
    record = rows.window_record(row, LINEAR)
    assert record["buckets"] == [{"price": 100, "buy": 5, "sell": 1}, {"price": 110, "buy": 6, "sell": 1}]
    assert record["id"] == "binance:BTCUSDT/final/0"


@pytest.mark.slow  # uncompiled
def test_rows_are_told_apart_by_what_they_emit() -> None:
    table = Instruments()
    for symbol in ("A", "BB"):
        table.add(Instrument("V", symbol, Decimal(1), Decimal(1)))
    rows_of = np.zeros(10_000, SIGNAL_DTYPE)
    rows_of["ordinal"], rows_of["emits"] = np.arange(10_000), np.arange(10_000) % 4
    rows_of["instrument"] = np.arange(10_000) % 2
    parts = np.zeros((10_000, len(enums.COMPONENT_NAMES)), COMPONENT_DTYPE)
    empty = np.zeros(0, np.uint8)
    windows, measures = np.zeros(0, WINDOW_DTYPE), np.zeros((0, 0), MEASURE_DTYPE)
    found = list(BodyWriter(table).signals(Outputs(rows_of, parts, windows, measures, empty, empty)))
    for number, bodies in enumerate(found):
        assert [bool(body) for body in bodies] == [number % 4 in (1, 3), number % 4 in (2, 3)]
        for schema, body in zip(("SpreadSignal", "FeeSignal"), bodies, strict=True):
            assert not body or codec.decode(schema, body)["id"] == f"V:{'BB' if number % 2 else 'A'}/live/{number}"


def test_a_reason_that_no_enum_has_is_refused() -> None:
    row, components = signal()
    row["reasons"] = 1 << 31
    with pytest.raises(EncodingError, match="0x80000000"):
        written(row, components, LINEAR)


def test_a_wrong_number_of_components_is_refused() -> None:
    row, components = signal()
    with pytest.raises(EncodingError, match=r"got \d+ rows, expected \d+"):
        written(row, components[:-1], LINEAR)


def test_equal_ticks_have_one_text() -> None:
    assert {rows.tick_text(Decimal(text)) for text in ("0.1", "0.10", "1E-1")} == {"0.1"}
    assert rows.tick_text(Decimal("1E+2")) == "100"
