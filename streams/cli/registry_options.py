"""Registry and topics for commands of the bare install, which has no typed settings.

The same sources in the same order as `streams.settings`: `--set`, then EQUIPOISE_GROUP__NAME in the
environment, then the TOML file; only the groups `registry` and `topics` are read, and names that they
do not have are refused. A test keeps the names equal to those of the typed settings.
"""

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from equipoise.schemas.local import BuiltIn, LocalRegistry, SchemaSource
from equipoise.schemas.registry import Registry, RegistrySettings
from equipoise.schemas.subjects import TOPIC_SETTINGS

DEFAULT_FILE: Final = Path("equipoise.toml")
REGISTRY_NAMES: Final = (
    "url",
    "username",
    "password",
    "ids_file",
    "ssl_ca_file",
    "ssl_cert_file",
    "ssl_key_file",
)
_CANONICAL: Final = "canonical"


@dataclass(frozen=True, slots=True)
class Target:
    """Where schemas go."""

    registry: RegistrySettings | None
    ids_file: Path | None
    records: Mapping[str, str]  # topic to record

    def source(self) -> SchemaSource:
        """The registry; without one the file of local ids; without that this package's own schemas."""
        if self.registry is not None:
            return Registry(self.registry)
        return LocalRegistry(self.ids_file) if self.ids_file else BuiltIn()

    @property
    def place(self) -> str:
        """Where ids come from, for people."""
        if self.registry is not None:
            return self.registry.url
        return str(self.ids_file) if self.ids_file else "built-in ids"


def target(config: Path | None, flags: Mapping[str, str]) -> Target:
    """What the settings say.

    Raises
    ------
    OSError
        A file was asked for and cannot be read.
    ValueError
        It is no TOML, or a name or value is wrong; the message names it.
    RegistryError
        The registry's URL is none.
    """
    tables = _file(config)
    registry = _group("registry", REGISTRY_NAMES, tables, flags)
    topics = _group("topics", tuple(name for name, _, _ in TOPIC_SETTINGS), tables, flags)
    return Target(_registry(registry), _path(registry, "ids_file"), _records(topics))


def _file(config: Path | None) -> dict[str, Any]:
    if config is None and not DEFAULT_FILE.exists():
        return {}
    chosen = config or DEFAULT_FILE
    try:
        return tomllib.loads(chosen.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{chosen}: {error}") from error


def _group(group: str, names: tuple[str, ...], tables: Mapping[str, Any], flags: Mapping[str, str]) -> dict[str, Any]:
    """The settings of one group, later sources over earlier ones."""
    table = tables.get(group, {})
    if not isinstance(table, dict):
        raise ValueError(f"{group}: {table!r}, expected a table")
    found = {name: table[name] for name in names if name in table}
    for name in names:
        if (value := os.environ.get(f"EQUIPOISE_{group}__{name}".upper())) is not None:
            found[name] = value
    for path, value in flags.items():
        at, _, name = path.partition(".")
        if at == group:
            if name not in names:
                raise ValueError(f"{path}: no such setting here, expected one of {', '.join(names)}")
            found[name] = value
    return found


def _registry(found: Mapping[str, Any]) -> RegistrySettings | None:
    if not found.get("url"):
        return None
    return RegistrySettings(
        str(found["url"]),
        user=str(found.get("username", "")),
        password=str(found.get("password", "")),
        ca_file=_path(found, "ssl_ca_file"),
        cert_file=_path(found, "ssl_cert_file"),
        key_file=_path(found, "ssl_key_file"),
    )


def _path(found: Mapping[str, Any], name: str) -> Path | None:
    return Path(str(found[name])) if found.get(name) else None


def _records(found: Mapping[str, Any]) -> dict[str, str]:
    """Topic to record: an input topic of another format has no schema of ours, an empty name no topic."""
    records: dict[str, str] = {}
    for setting, default, record in TOPIC_SETTINGS:
        for topic in _names(setting, found.get(setting, default)):
            records[topic] = record
    return records


def _names(setting: str, value: Any) -> list[str]:
    if setting != "orders":
        return [value] if value else []
    if isinstance(value, str) and value.lstrip().startswith(("[", "{")):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise ValueError(f"topics.orders: {error}") from error
    entries = value if isinstance(value, list) else [value]
    named = [entry if isinstance(entry, dict) else {"name": str(entry)} for entry in entries]
    return [
        str(entry["name"]) for entry in named if entry.get("name") and entry.get("format", _CANONICAL) == _CANONICAL
    ]
