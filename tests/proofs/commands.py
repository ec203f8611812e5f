"""How the tests run the commands: a table of orders, and one line for each command."""

from __future__ import annotations

import csv
import random
from collections.abc import Sequence
from pathlib import Path

from click.testing import CliRunner, Result

from equipoise.streams.cli import main

WORDS = "four horses, one gate"
COLUMNS = ["participant", "order_id", "event_time_ns", "buy", "sell"]


def run(*arguments: object, code: int = 0, typed: str | None = None) -> str:
    result: Result = CliRunner().invoke(main, [str(a) for a in arguments], input=typed)
    assert result.exit_code == code, (result.exit_code, result.output, result.exception)
    assert WORDS not in result.output
    return result.output


def table(path: Path, rows: Sequence[Sequence[object]], columns: Sequence[str] = COLUMNS) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([columns, *rows])
    return path


def minutes(count: int, traders: int = 7) -> list[list[object]]:
    """Nine orders a minute."""
    rng = random.Random(3)
    rows: list[list[object]] = []
    for i in range(9 * count):
        buy = rng.randrange(1, 9)
        rows.append(
            [f"trader-{i % traders}", f"order-{i}", i // 9 * 60_000_000_000 + i, *((buy, 0) if i % 2 else (0, buy))]
        )
    return rows


def prove(folder: Path, rows: list[list[object]], *more: object, code: int = 0) -> str:
    source = table(folder / "orders.csv", rows)
    fixed = ("--stream", "demo", "--instrument", "TEST:SYN", "--key", folder / "me.key", "--out", folder / "day")
    return run("prove", source, *fixed, *more, code=code)


def pinned(folder: Path) -> list[object]:
    shown = run("keys", "show", folder / "me.history")
    return ["--history", folder / "me.history", "--pin", shown.split()[1]]
