"""A schema registry that speaks Confluent's API (Confluent, Apicurio's ccompat, Karapace, Redpanda).

The standard library is enough for it, so the bare install has it. Calls block: an event loop makes
them in a thread, and only at start or when a new id appears, since every schema is kept once read.
"""

import json
import time
import urllib.parse
from collections.abc import Callable
from typing import Any, Final

from equipoise.schemas import codec
from equipoise.schemas.codec import Schema
from equipoise.schemas.errors import RegistryError, UnknownSchemaError
from equipoise.schemas.registry_http import Http, RegistrySettings
from equipoise.schemas.wire import SchemaId

__all__ = ["Registry", "RegistrySettings"]

_MAX_MISSING: Final = 10_000  # remembered unknown ids


class Registry:
    """Schemas by id, GUID and subject."""

    def __init__(
        self,
        settings: RegistrySettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._call = Http(settings, sleep).call
        self._missing_s = settings.missing_s
        self._clock = clock
        self._schemas: dict[SchemaId, Schema] = {}
        self._ids: dict[tuple[str, str], int] = {}
        self._missing: dict[SchemaId, float] = {}

    def writer(self, schema_id: SchemaId) -> Schema:
        """The parsed schema with that id or GUID; asked for once, and at most twice a minute if it is unknown.

        Raises
        ------
        UnknownSchemaError
            The registry has none.
        RegistryUnavailableError
            It did not answer within the attempts.
        """
        if schema_id in self._schemas:
            return self._schemas[schema_id]
        if self._missing.get(schema_id, -1.0) > self._clock():
            raise UnknownSchemaError(f"schema id: {schema_id} is not in the registry")
        kind = "ids" if isinstance(schema_id, int) else "guids"
        try:
            answer = self._call("GET", f"/schemas/{kind}/{schema_id}")
        except UnknownSchemaError as error:
            self._remember_missing(schema_id)
            raise UnknownSchemaError(f"schema id: {schema_id} is not in the registry ({error})") from error
        schema = self._parse(answer, f"schema id {schema_id}")
        self._schemas[schema_id] = schema
        return schema

    def register(self, subject: str, text: str) -> int:
        """The id of a schema under a subject, which gets it if it has not yet.

        Raises
        ------
        IncompatibleError
            The subject's compatibility rule forbids it; says why, as the registry does.
        RegistryError
            Refused for another reason (permission, invalid schema).
        """
        if (subject, text) not in self._ids:
            answer = self._call("POST", f"/subjects/{_quote(subject)}/versions", _stated(text))
            self._ids[subject, text] = _integer(answer, "id")
        return self._ids[subject, text]

    def lookup(self, subject: str, text: str) -> int:
        """The id that the schema has under the subject; UnknownSchemaError where it has none. Changes nothing."""
        return _integer(self._call("POST", f"/subjects/{_quote(subject)}", _stated(text)), "id")

    def check(self, subject: str, text: str) -> list[str]:
        """Why the registry would refuse the schema under that subject; empty where it would not, or knows it not."""
        path = f"/compatibility/subjects/{_quote(subject)}/versions/latest?verbose=true"
        try:
            answer = self._call("POST", path, _stated(text))
        except UnknownSchemaError:
            return []
        if isinstance(answer, dict) and answer.get("is_compatible") is True:
            return []
        messages = answer.get("messages") if isinstance(answer, dict) else None
        return [str(message) for message in messages or ["incompatible with the latest version"]]

    def latest(self, subject: str) -> tuple[int, Schema]:
        """Id and parsed schema of the subject's latest version; UnknownSchemaError where there is none."""
        answer = self._call("GET", f"/subjects/{_quote(subject)}/versions/latest")
        return _integer(answer, "id"), self._parse(answer, subject)

    def versions(self, subject: str) -> list[int]:
        """The subject's version numbers, empty where it does not exist."""
        try:
            answer = self._call("GET", f"/subjects/{_quote(subject)}/versions")
        except UnknownSchemaError:
            return []
        if not isinstance(answer, list) or not all(isinstance(number, int) for number in answer):
            raise RegistryError(f"{subject}: versions are {answer!r}, expected a list of integers")
        return answer

    def set_compatibility(self, subject: str, level: str) -> None:
        """Set the subject's rule, e.g. FULL_TRANSITIVE."""
        self._call("PUT", f"/config/{_quote(subject)}", {"compatibility": level})

    def _remember_missing(self, schema_id: SchemaId) -> None:
        if len(self._missing) >= _MAX_MISSING:
            self._missing.clear()
        self._missing[schema_id] = self._clock() + self._missing_s

    def _parse(self, answer: Any, what: str) -> Schema:
        """The answer's schema, with those that it refers to written out in it."""
        if not isinstance(answer, dict):
            raise RegistryError(f"{what}: the answer is {answer!r}, expected an object")
        kind = answer.get("schemaType", "AVRO")
        if kind != "AVRO":
            raise RegistryError(f"{what}: schema type {kind}, expected AVRO")
        if not answer.get("references"):
            return codec.shared(codec.parse(_text(answer)))
        named: dict[str, Any] = {}
        try:
            self._collect(answer, named, set())
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RegistryError(f"{what}: references: {type(error).__name__}: {error}") from error
        return codec.parse(_text(answer), named)

    def _collect(self, answer: Any, named: dict[str, Any], seen: set[tuple[str, int]]) -> None:
        for reference in answer.get("references") or ():
            place = str(reference["subject"]), int(reference["version"])
            if place in seen:
                continue
            seen.add(place)
            found = self._call("GET", f"/subjects/{_quote(place[0])}/versions/{place[1]}")
            self._collect(found, named, seen)
            if reference["name"] not in named:
                codec.parse(_text(found), named)


def _stated(text: str) -> dict[str, str]:
    """The request's body. Without its white space, since some registries take another layout for a new version."""
    return {"schema": json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False), "schemaType": "AVRO"}


def _integer(answer: Any, key: str) -> int:
    value = answer.get(key) if isinstance(answer, dict) else None
    if not isinstance(value, int):
        raise RegistryError(f"registry answer: {key} is {value!r}, expected an integer")
    return value


def _text(answer: Any) -> str:
    value = answer.get("schema")
    if not isinstance(value, str):
        raise RegistryError(f"registry answer: schema is {value!r}, expected text")
    return value


def _quote(subject: str) -> str:
    return urllib.parse.quote(subject, safe="")
