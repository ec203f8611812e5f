"""Published versions of the schemas: `v1/published/NAME.N.avsc`, append-only.

The working schema is `v1/NAME.avsc`. Once a release carries it, it is published as the next number,
and every later one must read its records and be read by its readers:

    python -m equipoise.schemas.published
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Final

from equipoise.schemas import codec
from equipoise.schemas.compat import full_differences
from equipoise.schemas.errors import IncompatibleError

_FOLDER: Final = files("equipoise.schemas") / f"v{codec.VERSION}" / "published"


def published() -> dict[str, list[str]]:
    """The schema texts of each record's published versions, oldest first. The working one may not be among them."""
    found: dict[str, list[str]] = {name: [] for name in codec.NAMES}
    for name, texts in found.items():
        while (path := _FOLDER / f"{name}.{len(texts) + 1}.avsc").is_file():
            texts.append(path.read_text(encoding="utf-8"))
    return found


def check() -> list[str]:
    """Why working schemas may not follow the published ones, one line each; empty where they may."""
    return [
        f"{name} and its version {number}: {line}"
        for name, texts in published().items()
        for number, text in enumerate(texts, 1)
        for line in full_differences(codec.schema(name), codec.parse(text))
    ]


def publish(folder: Path) -> list[Path]:
    """Publish each working schema that differs from its last published version; the files written.

    Raises
    ------
    IncompatibleError
        One may not follow; nothing is written then.
    """
    if lines := check():
        raise IncompatibleError("\n".join(lines))
    written = []
    for name, texts in published().items():
        text = codec.schema_text(name)
        if not texts or json.loads(texts[-1]) != json.loads(text):
            path = folder / f"{name}.{len(texts) + 1}.avsc"
            path.write_text(text, encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    print(*publish(Path(str(_FOLDER))), sep="\n")
