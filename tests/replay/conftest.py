"""Backtests of recordings, run once a session."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from equipoise.processors.settings import EngineSettings
from equipoise.streams.replay.backtest import Plan, backtest
from equipoise.streams.replay.source import open_source
from tests.replay.recorded import RECORDED

Ran = tuple[Path, dict[str, Any], pl.DataFrame]  # folder, summary, best quotes


@pytest.fixture(scope="session")
def ran(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Ran]:
    """Backtest a recording by its short name, with the best quotes after every event group."""
    done: dict[str, Ran] = {}

    def run(name: str) -> Ran:
        if name not in done:
            folder = tmp_path_factory.mktemp(name)
            plan = Plan(folder, frozenset({"parquet", "avro"}), folder / "book.parquet")
            summary = backtest(open_source(RECORDED[name].source(shared_data)), EngineSettings(), plan)
            done[name] = folder, summary, pl.read_parquet(folder / "book.parquet")
        return done[name]

    return run
