"""Every source preset has its column of defaults, each setting exists, and the engine takes them."""

import pytest

from equipoise.streams.settings import load
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.settings.feeds import CHOICES, KINDS, Feed, feed_values
from equipoise.streams.settings.show import rows
from equipoise.streams.sources.presets import NAMES


def test_every_source_preset_is_a_feed() -> None:
    assert {feed.value for feed in KINDS} == set(NAMES) - {"canonical"}


@pytest.mark.parametrize("feed", list(KINDS), ids=str)
def test_a_feed_sets_what_its_column_says(feed: Feed) -> None:
    shown = {row.name: row for row in rows(None, {"feed": feed.value})}
    for name, value in feed_values(feed).items():
        assert shown[name].value in (str(value), str(float(value))), name
        assert shown[name].source == "preset"
    engine = engine_settings(load(None, {"feed": feed.value}))
    vpin = next(each for each in engine.panel.active if each.measure.name == "vpin")
    named = dict(zip((p.name for p in vpin.measure.parameters), vpin.parameters, strict=True))
    assert named["bar_ms"] == feed_values(feed)["measures.vpin.bar_ms"]
    assert engine.policy.weights[3] == feed_values(feed)["policy.weights.ofi"]


def test_what_is_set_wins_over_the_feed() -> None:
    settings = load(None, {"feed": "lobster", "measures.vpin.bar_ms": "5"})
    assert (settings.measures.model_extra or {})["vpin"] == {"bar_ms": 5.0, "buckets_per_session": 50}
    assert settings.measures.bucket_ticks == 1


def test_each_setting_is_named_once_with_a_reason() -> None:
    assert len({choice.name for choice in CHOICES}) == len(CHOICES)
    assert all(choice.why for choice in CHOICES)
