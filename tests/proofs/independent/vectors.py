"""The frozen vectors, read once."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[3] / "proofs" / "vectors" / "v1"


@cache
def load(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def unhex(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
