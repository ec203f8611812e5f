"""Settings: precedence, provenance, refusals that name the field, secrets that stay hidden."""

import re
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import BaseModel

from equipoise.processors.pending import PendingSettings
from equipoise.processors.pending_records import PoolTarget
from equipoise.processors.settings import EngineSettings
from equipoise.streams.settings import Settings, load
from equipoise.streams.settings.engine import engine_settings, pending_settings
from equipoise.streams.settings.show import rows


def _file(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text)
    return path


def test_flags_go_over_environment_over_file_over_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = _file(tmp_path, '[kafka]\nbootstrap = "file:1"\ngroup = "file"\nclient_id = "file"\n')
    monkeypatch.setenv("EQUIPOISE_KAFKA__GROUP", "environment")
    monkeypatch.setenv("EQUIPOISE_KAFKA__CLIENT_ID", "environment")
    settings = load(path, {"kafka.client_id": "flag"})
    kafka = settings.kafka
    assert (kafka.bootstrap, kafka.group, kafka.client_id, kafka.instance_id) == ("file:1", "environment", "flag", "")

    source = {row.name: row.source for row in rows(path, {"kafka.client_id": "flag"})}
    names = ("kafka.bootstrap", "kafka.group", "kafka.client_id", "kafka.instance_id")
    assert [source[name] for name in names] == ["file", "environment", "flag", "default"]


def test_deep_groups_keep_their_other_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_POLICY__SPREAD__SKEW_BPS", "3.5")
    spread = load().policy.spread
    assert (spread.skew_bps, spread.max_skew_bps) == (3.5, Settings().policy.spread.max_skew_bps)


def test_the_default_file_is_read_where_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "equipoise.toml").write_text("[time]\nwindow_ms = 250\n")
    monkeypatch.chdir(tmp_path)
    assert load().time.window_ms == 250


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({"kafka.bootstrop": "x"}, ["kafka.bootstrop", "no such setting"]),
        ({"time.window_ms": 3}, ["time.window_ms", "greater than or equal to 10", "not 3"]),
        ({"topics.orders": [{"name": "a", "pattern": "b"}]}, ["topics.orders.0", "exactly one"]),
        ({"kafka.security_protocol": "SASL_SSL"}, ["kafka", "needs sasl_username"]),
    ],
)
def test_a_refusal_names_field_value_and_bound(flags: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ValueError) as refusal:
        load(flags=flags)
    assert all(word in str(refusal.value) for word in words), refusal.value


def test_no_secret_is_shown_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EQUIPOISE_KAFKA__SASL_PASSWORD", "correct-horse")
    settings = load()
    assert settings.kafka.sasl_password.get_secret_value() == "correct-horse"
    assert "correct-horse" not in repr(settings) + str(rows())
    with pytest.raises(ValueError) as refusal:
        load(flags={"kafka.security_protocol": "SASL_SSL"})
    assert "correct-horse" not in str(refusal.value)


def test_a_missing_or_broken_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "none.toml")
    with pytest.raises(ValueError, match=r"own\.toml"):
        load(_file(tmp_path, "not toml"))


def _undescribed(group: type[BaseModel], path: str = "") -> list[str]:
    bare = []
    for name, field in group.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            bare += _undescribed(kind, f"{path}{name}.")
        elif not field.description:
            bare.append(path + name)
    return bare


def test_every_setting_says_why() -> None:
    assert _undescribed(Settings) == []


def test_pools_are_mapped_and_the_pending_pool_is_told(tmp_path: Path) -> None:
    text = '[mempool]\nleast_inclusion = 0.5\n[[mempool.pools]]\naddress = "0xAB"\ninstrument = "POOL:ETH-USD"\n'
    told = pending_settings(load(_file(tmp_path, text)))
    assert told.pools == {"0xab": PoolTarget("POOL:ETH-USD")}
    assert (told.inclusion.least_ppm, told.inclusion.most_ppm) == (500_000, 950_000)
    assert pending_settings(load()) == PendingSettings()


@pytest.mark.parametrize(
    ("pools", "words"),
    [
        ([{"address": "0x1", "instrument": "ETH"}], ["mempool.pools.0.instrument", "'ETH'"]),
        ([{"address": "", "instrument": "A:B"}], ["mempool.pools.0.address"]),
        ([{"address": "0xA", "instrument": "A:B"}, {"address": "0xa", "instrument": "A:C"}], ["0xa is mapped more"]),
    ],
)
def test_a_pool_that_cannot_be_mapped_is_named(pools: list[dict[str, str]], words: list[str]) -> None:
    with pytest.raises(ValueError) as refusal:
        load(flags={"mempool.pools": pools})
    assert all(word in str(refusal.value) for word in words), refusal.value


def test_our_defaults_are_the_engines() -> None:
    ours, plain = engine_settings(Settings()), EngineSettings()
    assert ours.panel.active, "a worker measures what the registry has; a bare engine nothing but its own"
    assert replace(ours, panel=plain.panel) == plain


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            {"policy.weights.strek": "0.1"},
            "policy.weights: strek: no output of a measure that is on; there are cvd, ",
        ),
        ({"policy.weights.hawkes_imbalanc": "0.1"}, "did you mean hawkes_imbalance? there are cvd, "),
        ({"policy.weights.dept_1": "0.1"}, "did you mean depth_1? "),
        ({"measures.on": '["hawks"]'}, "measures.on: hawks: no such measure; did you mean hawkes? there are amihud, "),
        ({"measures.vpn.buckets": "3"}, "measures: vpn: no such measure; did you mean vpin? there are amihud, "),
        ({"measures.on": "hawkes"}, "must be a list, not 'hawkes'; for example --set 'measures.on=[\"hawkes\"]'"),
    ],
)
def test_a_misspelt_measure_or_weight_is_refused_with_the_nearest(flags: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)) as refused:
        engine_settings(load(None, flags))
    assert "vpin_" not in str(refused.value)  # its outputs may not weigh


def test_a_misspelt_name_to_show_is_refused_with_the_nearest() -> None:
    from click.testing import CliRunner

    from equipoise.streams.cli.config import command

    result = CliRunner().invoke(command, ["show", "policy.spread.base_half_spred_bps"])
    assert result.exit_code == 1
    assert "did you mean policy.spread.base_half_spread_bps?" in result.output
