"""The blocks in the documentation run, print what they say, and name commands and files that exist.

A `python` or `sh` block runs unless its first line says `no-run: REASON`. A `text` block after one that runs is its
output; EQUIPOISE_WRITE_DOCS=1 writes it anew. Shell blocks that cannot run are checked: command and options exist.
"""

import os
import re
import shlex
import subprocess
import sys
import tomllib
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from equipoise.streams import cli
from tests.project.layout import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *ROOT.glob("helm/**/*.md")])
FENCE = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRITE = bool(os.environ.get("EQUIPOISE_WRITE_DOCS"))


class Block(NamedTuple):
    """One fenced block."""

    page: Path
    line: int
    language: str
    runs: bool
    text: str
    output: str | None  # of the `text` block that follows


def blocks() -> list[Block]:
    """Every fenced block of the documentation that has a language."""
    found = []
    for page in PAGES:
        text = page.read_text()
        fences = list(FENCE.finditer(text))
        for here, after in zip_longest(fences, fences[1:]):
            follows = after and after[1] == "text" and not text[here.end() : after.start()].strip()
            line = text.count("\n", 0, here.start()) + 1
            output = after[3] if after and follows else None
            found.append(Block(page, line, here[1], "no-run:" not in here[2], here[3], output))
    return found


def name(block: Block) -> str:
    """For the list of tests."""
    return f"{block.page.relative_to(ROOT)}:{block.line}"


def having(*languages: str, runs: bool | None = None) -> list[Block]:
    """The blocks in one of these languages."""
    return [block for block in blocks() if block.language in languages and runs in (None, block.runs)]


@pytest.mark.parametrize("block", having("python", "sh", runs=True), ids=name)
def test_block_runs_and_prints_what_it_says(block, tmp_path):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-c", block.text] if block.language == "python" else ["sh", "-ec", block.text]
    run = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PATH": path}, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    if block.output is None:
        return
    if WRITE:
        old, new = f"{block.text}```\n\n```text\n{block.output}```", f"{block.text}```\n\n```text\n{run.stdout}```"
        block.page.write_text(block.page.read_text().replace(old, new))
    else:
        assert run.stdout == block.output


@pytest.mark.parametrize("block", having("python", runs=False), ids=name)
def test_block_that_needs_more_compiles_and_its_imports_work(block):
    compile(block.text, name(block), "exec")
    imports = "\n".join(re.findall(r"^(?:from|import) .*$", block.text, re.MULTILINE))
    subprocess.run([sys.executable, "-c", imports], check=True)


@pytest.mark.parametrize("block", having("toml"), ids=name)
def test_toml_is_a_settings_file(block, tmp_path):
    from equipoise.streams.settings import load

    tomllib.loads(block.text)
    if block.runs:
        file = tmp_path / "equipoise.toml"
        file.write_text(block.text)
        load(file)


@pytest.mark.parametrize("block", having("sh", "bash"), ids=name)
def test_commands_and_their_options_exist(block):
    for line in block.text.replace("\\\n", " ").splitlines():
        words = shlex.split(line, comments=True)
        if words[:1] != ["equipoise"]:
            continue
        command, rest = cli.main, words[1:]
        while isinstance(command, click.Group) and rest:
            context = click.Context(command)
            below = command.get_command(context, rest[0])
            assert below is not None, f"{name(block)}: no command {rest[0]!r} in {line!r}"
            command, rest = below, rest[1:]
        known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        used = {word.split("=")[0] for word in rest if word.startswith("-")}
        assert used <= known | {"--help", "-h"}, f"{name(block)}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_the_map_names_files_that_exist():
    text = (ROOT / "docs" / "architecture.md").read_text()
    named = re.findall(r"`((?:streams|processors|schemas|proofs|scripts|locks)/[\w/.]*)`", text)
    assert len(named) > 30
    assert [path for path in named if not (ROOT / path).exists()] == []
