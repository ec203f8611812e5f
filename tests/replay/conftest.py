"""Backtests of recordings, run once a session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl
import pytest

from equipoise.processors.settings import EngineSettings
from equipoise.streams.replay.backtest import Plan, backtest
from equipoise.streams.replay.source import open_source
from tests.oracles import compare
from tests.oracles.tape import Tape
from tests.replay.recorded import RECORDED


class Ran(NamedTuple):
    """A recording's backtest: its folder and summary, the plain tape, and how its book compares."""

    folder: Path
    summary: dict[str, Any]
    tape: Tape
    causes: compare.Causes


@pytest.fixture(scope="session")
def ran(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Backtest a recording by its short name, and compare the best quotes after every event group."""
    done: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            plan = Plan(folder, book=folder / "book.parquet")
            summary = backtest(open_source(RECORDED[name].source(shared_data)), EngineSettings(), plan)
            tape, causes = RECORDED[name].check(shared_data, pl.read_parquet(folder / "book.parquet"))
            done[name] = Ran(folder, summary, tape, causes)
        return done[name]

    return run
