"""Presets are defaults: what is set explicitly wins, from wherever, and the page has the values in force."""

from pathlib import Path

import pytest

from equipoise.streams.settings import Preset, Settings, load
from equipoise.streams.settings.presets import CHOICES
from equipoise.streams.settings.show import rows
from tests.conftest import ROOT


def _value(settings: Settings, name: str) -> object:
    group, field = name.split(".")
    value = getattr(getattr(settings, group), field)
    return getattr(value, "value", value)


@pytest.mark.parametrize("preset", [Preset.LOW_LATENCY, Preset.THROUGHPUT])
def test_a_preset_sets_what_it_says_and_nothing_else(preset: Preset) -> None:
    chosen, plain = load(flags={"preset": preset.value}), Settings()
    named = {choice.name: getattr(choice, preset.name.lower()) for choice in CHOICES}
    assert {name: _value(chosen, name) for name in named} == named
    changed = {row.name for row in rows(flags={"preset": preset.value}) if row.source == "preset"}
    assert changed == set(named)
    assert chosen.policy == plain.policy
    assert chosen.measures == plain.measures


def test_what_is_set_anywhere_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "own.toml"
    file.write_text('preset = "throughput"\n[delivery]\nlinger_ms = 7\n')
    monkeypatch.setenv("EQUIPOISE_KAFKA__FETCH_MIN_BYTES", "3")
    settings = load(file, {"delivery.checkpoint_ms": "900"})
    assert (settings.delivery.linger_ms, settings.kafka.fetch_min_bytes, settings.delivery.checkpoint_ms) == (7, 3, 900)
    assert settings.kafka.fetch_max_bytes == 8 << 20


def test_an_unknown_preset_is_named() -> None:
    with pytest.raises(ValueError, match=r"preset: .*'fast'"):
        load(flags={"preset": "fast"})


def test_the_page_has_every_choice() -> None:
    page = (ROOT / "docs" / "tuning.md").read_text()
    for choice in CHOICES:
        default = _value(Settings(), choice.name)
        line = f"| `{choice.name}` | {default} | {choice.low_latency} | {choice.throughput} | {choice.why} |"
        assert line in page
