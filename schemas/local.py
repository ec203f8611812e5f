"""Schema ids without a registry: computed from the schema, and kept in a file where there are other schemas.

A local id is 2^30 plus the first 30 bits of the SHA-256 of the schema's canonical form: everybody
computes the same one, so a reader needs no file for our own records, and no registry, which counts
from 1, gives ids that high. Two schemas with one canonical form (other docs, other defaults) have one
id: their bytes are the same.
"""

import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Final, Protocol
from uuid import UUID

from fastavro.schema import fingerprint, to_parsing_canonical_form

from equipoise.schemas import codec
from equipoise.schemas.codec import Schema
from equipoise.schemas.errors import RegistryError, SchemaInvalidError, UnknownSchemaError
from equipoise.schemas.published import published
from equipoise.schemas.wire import SchemaId

FIRST_LOCAL_ID: Final = 2**30


class SchemaSource(Protocol):
    """Where the schemas of the bytes are known: a registry, a local file, or this package alone."""

    def writer(self, schema_id: SchemaId) -> Schema:
        """The parsed schema with that id or GUID.

        Raises
        ------
        UnknownSchemaError
            There is none.
        RegistryError
            The source cannot say.
        """
        ...

    def register(self, subject: str, text: str) -> int:
        """The id of a schema under a subject, which gets it if it has not yet.

        Raises
        ------
        IncompatibleError
            The subject's earlier schemas forbid it.
        RegistryError
            The source cannot store it.
        """
        ...

    def lookup(self, subject: str, text: str) -> int:
        """The id that a schema has under a subject; changes nothing.

        Raises
        ------
        UnknownSchemaError
            It has none.
        RegistryError
            The source cannot say.
        """
        ...


def local_id(schema: Schema) -> int:
    """The id of a parsed schema without a registry."""
    return FIRST_LOCAL_ID | int(_digest(schema)[:8], 16) >> 2


def local_guid(schema: Schema) -> UUID:
    """The GUID of a parsed schema without a registry."""
    return UUID(hex=_digest(schema)[:32])


def _digest(schema: Schema) -> str:
    return fingerprint(to_parsing_canonical_form(schema), "sha256")


class BuiltIn:
    """This package's own schemas, every published version of them, by local id and GUID. Stores nothing."""

    def writer(self, schema_id: SchemaId) -> Schema:
        """The parsed schema with that local id or GUID; UnknownSchemaError where it is not one of ours."""
        found = _built_in().get(schema_id)
        if found is None:
            raise UnknownSchemaError(f"schema id: {schema_id} is not one of this package's; name the registry")
        return found

    def register(self, subject: str, text: str) -> int:
        """The local id of one of our schemas; UnknownSchemaError where it is not one of ours."""
        schema_id = local_id(codec.parse(text))
        if schema_id not in _built_in():
            raise UnknownSchemaError(f"{subject}: the schema is not one of this package's; name a registry or a file")
        return schema_id

    def lookup(self, subject: str, text: str) -> int:
        """As `register`."""
        return self.register(subject, text)


@cache
def _built_in() -> dict[SchemaId, Schema]:
    found: dict[SchemaId, Schema] = {}
    earlier = [codec.parse(text) for texts in published().values() for text in texts]
    for schema in [*earlier, *map(codec.schema, codec.NAMES)]:  # one id, two docs: the working one
        found[local_id(schema)] = found[local_guid(schema)] = schema
    return found


class LocalRegistry:
    """Ids from a JSON file, for clusters without a registry: `{"subjects": {SUBJECT: [ID, …]}, "schemas": {ID: …}}`.

    The file only grows, and is replaced in one step, so that a reader never sees half of it. It does
    not check compatibility, and two processes must not register at once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._subjects: dict[str, list[int]] = {}
        self._texts: dict[int, str] = {}
        self._parsed: dict[SchemaId, Schema] = {}
        self._own = BuiltIn()
        if path.exists():
            self._read()

    def writer(self, schema_id: SchemaId) -> Schema:
        """The parsed schema with that id or GUID; UnknownSchemaError where neither file nor package has it."""
        if schema_id in self._parsed:
            return self._parsed[schema_id]
        try:
            return self._own.writer(schema_id)
        except UnknownSchemaError:
            raise UnknownSchemaError(f"schema id: {schema_id} is not in {self._path}") from None

    def register(self, subject: str, text: str) -> int:
        """The id of a schema, written to the file if it is new there."""
        schema = codec.parse(text)
        schema_id = self._id(schema)
        versions = self._subjects.setdefault(subject, [])
        if schema_id not in versions:
            versions.append(schema_id)
            self._add(schema_id, text, schema)
            self._write()
        return schema_id

    def lookup(self, subject: str, text: str) -> int:
        """The id that the schema has under the subject in the file; UnknownSchemaError where it has none."""
        schema_id = self._id(codec.parse(text))
        if schema_id not in self._subjects.get(subject, ()):
            raise UnknownSchemaError(f"{subject}: {self._path} has no such schema")
        return schema_id

    def subjects(self) -> dict[str, list[int]]:
        """The ids of each subject, oldest first."""
        return {subject: list(versions) for subject, versions in self._subjects.items()}

    def _id(self, schema: Schema) -> int:
        """The local id; the next free one where another schema happens to have it (1 in 10^9)."""
        schema_id = local_id(schema)
        while schema_id in self._texts and _digest(self._parsed[schema_id]) != _digest(schema):
            schema_id += 1
        return schema_id

    def _add(self, schema_id: int, text: str, schema: Schema) -> None:
        self._texts[schema_id] = text
        self._parsed[schema_id] = self._parsed[local_guid(schema)] = codec.shared(schema)

    def _read(self) -> None:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            self._subjects = {str(key): [int(number) for number in ids] for key, ids in content["subjects"].items()}
            for number, found in content["schemas"].items():
                text = json.dumps(found)
                self._add(int(number), text, codec.parse(text))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, SchemaInvalidError) as error:
            raise RegistryError(f"{self._path}: no schema id file ({type(error).__name__}: {error})") from error

    def _write(self) -> None:
        content = {
            "subjects": self._subjects,
            "schemas": {str(number): json.loads(text) for number, text in sorted(self._texts.items())},
        }
        try:
            with tempfile.NamedTemporaryFile("w", dir=self._path.parent, delete=False, encoding="utf-8") as out:
                json.dump(content, out, indent=1, ensure_ascii=False)
            os.replace(out.name, self._path)  # noqa: PTH105  (one step, same folder)
        except OSError as error:
            raise RegistryError(f"{self._path}: cannot be written ({error.strerror})") from error
