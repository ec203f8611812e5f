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


def helps(command: click.Command, *names: str) -> str:
    """The help of a command and of all below it, without the lines that click writes itself."""
    result = CliRunner().invoke(cli.main, [*names, "--help"], prog_name="equipoise")
    assert result.exit_code == 0, result.output
    text = "\n".join(line for line in result.output.splitlines() if not line.startswith("Usage:"))
    below = command.commands.items() if isinstance(command, click.Group) else ()
    return "\n".join([text, *(helps(sub, *names, name) for name, sub in below)])


@pytest.mark.parametrize("name", [name for name in cli.COMMANDS if find_spec(f"equipoise.streams.cli.{name}")])
def test_every_command_teaches_with_an_example(name):
    command = cli.main.get_command(click.Context(cli.main), name)
    assert f"equipoise {name}" in helps(command, name), "its help should show an example"


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
