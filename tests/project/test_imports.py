"""Who may import whom, and what the bare install can do without."""

import ast
import subprocess
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.project.layout import module, sources

# The core has no I/O, no clock and no client of anything.
FORBIDDEN_IN_CORE = {
    "asyncio", "logging", "time", "datetime", "threading", "socket", "random", "urllib", "http",
    "faust", "mode", "aiokafka", "confluent_kafka", "noida_db", "aiohttp", "requests",
}  # fmt: skip
# The prover is a process of its own: two threads and two pipes, but still no clock and no log.
OWN_PROCESS, ITS_MEANS = "equipoise.proofs.prover.", {"threading"}
# Arrows run one way: streams -> processors, schemas, proofs.
ALLOWED = {
    "schemas": {"schemas"},
    "proofs": {"proofs", "schemas"},
    "processors": {"processors", "schemas"},
    "streams": {"streams", "processors", "schemas", "proofs"},
}
# Within the light folders, what says in its first lines that it needs more than the bare install.
NEEDS_MORE = "needs equipoise["


def relative_to(path: Path, level: int) -> list[str]:
    """The package that an import with so many dots starts from."""
    parts = module(path).split(".")
    here = parts if path.stem == "__init__" else parts[:-1]
    return here[: len(here) - level + 1]


def imported(path: Path) -> set[str]:
    """Every dotted name that a file imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            origin = relative_to(path, node.level) if node.level else []
            source = ".".join([*origin, *([node.module] if node.module else [])])
            names |= {source, *(f"{source}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize("path", sources("processors", "proofs"), ids=module)
def test_the_core_has_no_io_and_no_clock(path):
    forbidden = FORBIDDEN_IN_CORE - (ITS_MEANS if module(path).startswith(OWN_PROCESS) else set())
    assert {name.split(".")[0] for name in imported(path)} & forbidden == set()


@pytest.mark.parametrize("path", sources(), ids=module)
def test_arrows_run_one_way(path):
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("equipoise.")}
    assert ours <= ALLOWED[module(path).split(".")[1]]


def test_every_module_imports():
    names = [module(path) for path in sources() if path.stem != "__main__"]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    run = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]


@cache
def bare_distributions() -> frozenset[str]:
    """What `pip install equipoise` brings, without any extra, followed to the leaves."""
    found, todo = set(), ["equipoise"]
    while todo:
        name = todo.pop().lower().replace("_", "-")
        if name in found:
            continue
        try:
            requirements = distribution(name).requires or []
        except PackageNotFoundError:  # for another platform
            continue
        found.add(name)
        wanted = [Requirement(text) for text in requirements]
        todo += [item.name for item in wanted if item.marker is None or item.marker.evaluate({"extra": ""})]
    return frozenset(found)


BLOCKED = """
import sys
from importlib.abc import MetaPathFinder
class Block(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in BLOCKED:
            raise ModuleNotFoundError(f"blocked: {name}", name=name)
sys.meta_path.insert(0, Block())
"""


def run_bare(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in an interpreter that sees the bare install's packages only."""
    bare = bare_distributions()
    blocked = {
        top
        for top, names in packages_distributions().items()
        if not bare & {name.lower().replace("_", "-") for name in names} and top != "equipoise"
    }
    assert {"numpy", "numba", "faust", "aiokafka", "confluent_kafka"} <= blocked
    program = f"BLOCKED = {blocked!r}\n{BLOCKED}\n{code}"
    return subprocess.run([sys.executable, "-c", program, *arguments], capture_output=True, text=True)


def light(path: Path) -> bool:
    """Whether a file claims to work in the bare install."""
    return NEEDS_MORE not in (ast.get_docstring(ast.parse(path.read_text())) or "")


def test_bare_install_reads_and_verifies():
    names = [module(path) for path in sources("schemas", "proofs") if light(path)]
    assert len(names) > 5
    run = run_bare("import importlib\nfor name in sys.argv[1:]: importlib.import_module(name)", *names)
    assert run.returncode == 0, run.stderr[-2000:]


@pytest.mark.parametrize("command", ["", "schemas", "prove", "verify", "receipt", "audit", "keys"])
def test_bare_install_has_these_commands(command):
    code = "from equipoise.streams.cli import main; main(sys.argv[1:])"
    run = run_bare(code, *command.split(), "--help")
    assert run.returncode == 0, run.stderr[-2000:]
    assert "Usage:" in run.stdout


ATTEST = """
from click.testing import CliRunner
from equipoise.streams.cli import main
rows = [f"trader-{i % 7},order-{i},{i},{i % 3},{(i + 1) % 2}" for i in range(40)]
open("orders.csv", "w").write("participant,order_id,event_time_ns,buy,sell\\n" + "\\n".join(rows))
for words in (
    "keys new me.key --history me.history",
    "prove orders.csv --key me.key --out day --stream s --instrument V:S",
    "prove orders.csv --key me.key --out day2 --stream s2 --instrument V:S --threshold",
    "verify day/00000000.eqp day2/00000000.eqp --history me.history",
    "receipt make day/private/00000000.job --order order-7 --key me.key --out seven.eqp",
    "receipt check seven.eqp --history me.history",
    "audit day/00000000.eqp --history me.history",
):
    result = CliRunner().invoke(main, words.split())
    assert result.exit_code == 0, (words, result.output, result.exception)
    print(result.output)
"""


def test_bare_install_attests_and_verifies(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("EQUIPOISE_PASSPHRASE", "four horses, one gate")
    run = run_bare(ATTEST)
    assert run.returncode == 0, run.stderr[-2000:]
    assert run.stdout.count(": ACCEPTED") == 4
    assert "order order-7 of trader-0 at offset 7" in run.stdout


def test_bare_install_says_what_the_worker_needs():
    run = run_bare("from equipoise.streams.cli import main; main(['worker'])")
    assert run.returncode == 1
    assert "equipoise worker needs: pip install 'equipoise[worker]'" in run.stderr
