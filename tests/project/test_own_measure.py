"""The example of CONTRIBUTING.md, installed as a package of its own, works like one of ours."""

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.project.layout import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
RUN = """
import json
from equipoise.processors.engine import Engine
from equipoise.streams.settings import load
from equipoise.streams.settings.engine import engine_settings
from tests.measures.market import SECOND, T0
from tests.measures.single import trades
from tests.processors.rows import part, table

settings = engine_settings(load(None, {"measures.on": '["streak"]', "measures.streak.least_lots": "2",
                                       "policy.weights.streak": "0.5"}))
at = [T0, T0 + 1, T0 + 2, T0 + 3, T0 + SECOND, T0 + 2 * SECOND]
events = trades(at, [2, 1, 2, 1, 1, 1], [5] * 6, [9, 9, 1, 9, 9, 9])
listed = table()
engine = Engine(listed, settings)
first = engine.step(part(events, 0, 3))
stored = engine.dump()
engine = Engine(listed, settings)
engine.load(stored)
rest = engine.step(part(events, 3, 6))
print(json.dumps([rest.names, rest.measures["value"].tolist(), rest.components["weight"][-1].tolist()]))
"""


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """The environment of a Python that finds the example beside us."""
    (code,) = re.findall(r"```python\n(\"\"\"How long.*?)```", PAGE, re.DOTALL)
    (toml,) = re.findall(r"```toml no-run[^\n]*\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "streak.py").write_text(code)
    info = tmp_path / "streak-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: streak\nVersion: 1.0\n")
    points = tomllib.loads(toml)["project"]["entry-points"]["equipoise.measures"]
    lines = [f"{name} = {place}" for name, place in points.items()]
    (info / "entry_points.txt").write_text("\n".join(["[equipoise.measures]", *lines]))
    return os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}


def run(environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_it_is_listed_and_taught(installed: dict[str, str]) -> None:
    taught = run(installed, "-m", "equipoise.streams.cli", "measures", "streak")
    assert "Streak of one side" in taught
    assert "measures.streak.PARAMETER" in taught


def test_it_is_compiled_checkpointed_and_weighs(installed: dict[str, str]) -> None:
    names, values, weights = json.loads(run(installed, "-c", RUN))
    assert names == [["DEPTH_1", "DEPTH_10", "QUEUE", "OFI", "CVD", "PENDING", "STREAK"], ["streak"]]
    assert values == [[2 / 5], [3 / 6]]  # buys before and after the restart make one streak; one lot does not break it
    assert weights[-1] == 0.5


def test_a_name_that_is_taken_is_refused(installed: dict[str, str]) -> None:
    folder = Path(installed["PYTHONPATH"].split(os.pathsep)[0])
    (folder / "streak.py").write_text((folder / "streak.py").read_text().replace('name="streak"', 'name="vpin"'))
    done = subprocess.run(
        [sys.executable, "-m", "equipoise.streams.cli", "measures"],
        env=installed,
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert done.returncode == 1
    assert "streak = streak:MEASURE: the name vpin is taken" in done.stderr
