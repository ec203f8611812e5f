"""Vectors that others published, pinned in the folder ``outside``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

OUTSIDE = Path(__file__).parent / "outside"


def vectors(name: str) -> Any:
    return json.loads((OUTSIDE / name).read_text())["vectors"]


def named(case: dict[str, Any]) -> str:
    return str(case.get("Id") or case.get("Name"))
