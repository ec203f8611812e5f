"""The whole tree, and from where its values come: flags, environment, file, preset, defaults, in that order."""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from equipoise.streams.settings.base import Group
from equipoise.streams.settings.feeds import Feed, feed_values
from equipoise.streams.settings.kafka import Kafka, Registry, Topics
from equipoise.streams.settings.measure import Bounds, Measures, Policy, Time
from equipoise.streams.settings.mempool import Mempool
from equipoise.streams.settings.presets import Preset, preset_values
from equipoise.streams.settings.run import Delivery, Demo, Instruments, Limits, Metrics, Web

DEFAULT_FILE = Path("equipoise.toml")
ENV_PREFIX = "EQUIPOISE_"
Nested = dict[str, Any]


class Settings(BaseSettings):
    """Everything that can be set. Build it with `load`; `Settings()` reads environment and defaults."""

    model_config = SettingsConfigDict(
        frozen=True,
        extra="forbid",
        env_prefix=ENV_PREFIX,
        env_nested_delimiter="__",
        nested_model_default_partial_update=True,
    )

    preset: Preset = Field(
        default=Preset.NONE,
        description="`low-latency` or `throughput`: other defaults for a few settings (docs/tuning.md)",
    )
    feed: Feed = Field(
        default=Feed.NONE,
        description="source preset whose measures are to be set: other defaults for them (docs/measures.md)",
    )
    kafka: Kafka = Kafka()
    registry: Registry = Registry()
    topics: Topics = Topics()
    instruments: Instruments = Instruments()
    mempool: Mempool = Mempool()
    time: Time = Time()
    measures: Measures = Measures()
    policy: Policy = Policy()
    bounds: Bounds = Bounds()
    delivery: Delivery = Delivery()
    limits: Limits = Limits()
    web: Web = Web()
    metrics: Metrics = Metrics()
    demo: Demo = Demo()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `load` passes (merged already) and the environment: no dotenv, no secrets folder."""
        del settings_cls, dotenv_settings, file_secret_settings
        return init_settings, env_settings


def nested(flat: Mapping[str, Any]) -> Nested:
    """`{"kafka.bootstrap": v}` as `{"kafka": {"bootstrap": v}}`."""
    tree: Nested = {}
    for path, value in flat.items():
        *groups, name = path.split(".")
        place = tree
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = _from_text(value)
    return tree


def _from_text(value: Any) -> Any:
    """Lists and tables are given as JSON on the command line, as in the environment."""
    if not isinstance(value, str) or value[:1] not in ("[", "{"):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def merged(below: Nested, above: Nested) -> Nested:
    """`above` over `below`, group by group; lists are replaced whole."""
    both = dict(below)
    for name, value in above.items():
        old = both.get(name)
        both[name] = merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def read_file(path: Path | None) -> Nested:
    """The TOML file, or nothing where no file was asked for and the default one does not exist.

    Raises:
        FileNotFoundError: a file was asked for and is not there.
        ValueError: it is not TOML.
    """
    if path is None and not DEFAULT_FILE.exists():
        return {}
    chosen = path or DEFAULT_FILE
    try:
        return tomllib.loads(chosen.read_text())
    except tomllib.TOMLDecodeError as why:
        raise ValueError(f"{chosen}: {why}") from why


def read_environment() -> Nested:
    """What `EQUIPOISE_GROUP__NAME` variables say."""
    found: Nested = EnvSettingsSource(Settings)()
    return found


def load(config: Path | None = None, flags: Mapping[str, Any] | None = None) -> Settings:
    """Flags over environment over file over the preset and the feed that they name over defaults.

    Args:
        config: TOML file; None: `equipoise.toml` in the working folder, where there is one.
        flags: dotted names to values, for example `{"kafka.bootstrap": "broker:9092"}`.

    Raises:
        FileNotFoundError: the file asked for is not there.
        ValueError: an unknown name, or a value outside its bounds; the message names both.
    """
    layers = merged(merged(read_file(config), read_environment()), nested(flags or {}))
    try:
        return Settings(**merged(preset_layer(layers), layers))
    except ValidationError as why:
        raise ValueError("\n".join(_sentence(error) for error in why.errors())) from None


def preset_layer(layers: Nested) -> Nested:
    """What preset and feed say that these layers name; nothing where they name none, or one that does not exist."""
    name, feed = layers.get("preset", ""), layers.get("feed", "")
    of_feed = nested(feed_values(Feed(feed))) if feed in set(Feed) else {}
    return merged(of_feed, nested(preset_values(Preset(name))) if name in set(Preset) else {})


def _sentence(error: Any) -> str:
    """One error as `field: message, not value`. A group's value is left out: it may hold a secret."""
    name, value = ".".join(map(str, error["loc"])), error["input"]
    if error["type"] in ("extra_forbidden", "dict_type"):
        return f"{name}: no such setting"
    if error["type"] == "list_type" and isinstance(value, str):
        return f"{name}: must be a list, not {value!r}; for example --set '{name}=[\"{value}\"]'"
    shown = "" if isinstance(value, (dict, Group)) or "password" in name else f", not {value!r}"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}{shown}"
