"""The command group lists what it has, imports nothing heavy, and says which extra a command needs."""

import subprocess
import sys
from importlib.util import find_spec

import click
import pytest
from click.testing import CliRunner

from equipoise.streams import cli

HEAVY = ("numpy", "numba", "faust", "aiokafka", "confluent_kafka", "pyarrow", "pydantic", "matplotlib")


def test_help_lists_every_command():
    output = CliRunner().invoke(cli.main, ["--help"]).output
    here = [name for name in cli.COMMANDS if find_spec(f"equipoise.streams.cli.{name}")]
    assert [name for name in here if f"  {name} " not in output] == []


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from equipoise.streams.cli import main; main(['--help'], standalone_mode=False);"
        f"print(sorted(set({HEAVY!r}) & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if find_spec(f"equipoise.streams.cli.{name}")])
def test_every_command_explains_itself_with_an_example(name):
    result = CliRunner().invoke(cli.main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output
    assert f"equipoise {name}" in result.output, "help should show an example"


def test_every_module_is_listed():
    from pathlib import Path

    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py") if not path.stem.startswith("_")}
    commands = {name for name in modules if hasattr(__import__(f"{cli.__name__}.{name}", fromlist=["x"]), "command")}
    assert commands <= set(cli.COMMANDS), "a command without a line in COMMANDS cannot be found"


@pytest.mark.parametrize("when", ["import", "run"])
def test_missing_extra_is_one_sentence(monkeypatch, when):
    def fail():
        raise ModuleNotFoundError("No module named 'numba'", name="numba")

    def load(_name):
        if when == "import":
            fail()
        return type("module", (), {"command": click.Command("worker", callback=fail)})

    monkeypatch.setattr(cli, "find_spec", lambda _name: True)
    monkeypatch.setattr(cli, "import_module", load)
    result = CliRunner().invoke(cli.main, ["worker"])
    assert result.exit_code == 1
    assert result.output == (
        "Error: equipoise worker needs: pip install 'equipoise[worker]' (no module named 'numba')\n"
    )


def test_our_own_missing_module_is_not_hidden(monkeypatch):
    def load(_name):
        raise ModuleNotFoundError("No module named 'equipoise.gone'", name="equipoise.gone")

    monkeypatch.setattr(cli, "find_spec", lambda _name: True)
    monkeypatch.setattr(cli, "import_module", load)
    assert isinstance(CliRunner().invoke(cli.main, ["worker"]).exception, ModuleNotFoundError)
