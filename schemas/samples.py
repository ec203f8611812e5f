"""Samples of every record: `v1/samples/RECORD.WHAT.json` for people, the same name with `.bin` for decoders.

The JSON is plain (no union tags), bytes are hexadecimal; the binary is the bare Avro body, without
schema id. The JSON is written by hand; this fills in defaults and writes the binary beside it:

    python -m equipoise.schemas.samples            # after editing a sample or a schema
    python -m equipoise.schemas.samples --check    # exit status 1 where files differ from that
"""

import json
import sys
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from equipoise.schemas import codec
from equipoise.schemas.codec import Record
from equipoise.schemas.errors import EncodingError, SchemasError

FOLDER: Final = Path(str(files("equipoise.schemas"))) / f"v{codec.VERSION}" / "samples"


def samples(name: str, folder: Path = FOLDER) -> dict[str, Record]:
    """The samples of a record by what they show, bytes as bytes."""
    return {path.name.split(".")[1]: _read(name, path) for path in sorted(folder.glob(f"{name}.*.json"))}


def expected(folder: Path = FOLDER) -> Iterator[tuple[Path, bytes]]:
    """Every file that there should be, with its content.

    Raises
    ------
    EncodingError
        A sample does not fit its schema.
    """
    for name in codec.NAMES:
        for what, record in samples(name, folder).items():
            body = codec.encode(name, record)
            text = json.dumps(_plain(codec.decode(name, body)), indent=2, ensure_ascii=False)
            yield folder / f"{name}.{what}.json", f"{text}\n".encode()
            yield folder / f"{name}.{what}.bin", body


def drift(folder: Path = FOLDER) -> list[str]:
    """What differs from `expected`, one line each; empty where nothing does."""
    wanted = dict(expected(folder))
    lines = [
        f"{path.name}: {'differs' if path.exists() else 'is missing'}"
        for path, content in wanted.items()
        if not path.exists() or path.read_bytes() != content
    ]
    found = [path for pattern in ("*.json", "*.bin") for path in sorted(folder.glob(pattern))]
    return lines + [f"{path.name}: belongs to no sample" for path in found if path not in wanted]


def write(folder: Path = FOLDER) -> None:
    """Make the files what they should be."""
    for path, content in list(expected(folder)):
        path.write_bytes(content)


def _read(name: str, path: Path) -> Record:
    try:
        return _with_bytes(json.loads(path.read_text(encoding="utf-8")), name)
    except (ValueError, SchemasError) as error:
        raise EncodingError(f"{path.name}: {error}") from error


def _with_bytes(record: Record, name: str) -> Record:
    """Hexadecimal text to bytes; only top-level fields of our records are bytes."""
    wide = {field["name"] for field in codec.schema(name)["fields"] if field["type"] in ("bytes", ["null", "bytes"])}
    return {
        key: bytes.fromhex(value) if key in wide and isinstance(value, str) else value for key, value in record.items()
    }


def _plain(value: Any) -> Any:
    return {key: part.hex() if isinstance(part, bytes) else part for key, part in value.items()}


if __name__ == "__main__":
    if "--check" not in sys.argv[1:]:
        write()
    problems = drift()
    print(*problems, sep="\n", end="\n" if problems else "")
    sys.exit(bool(problems))
