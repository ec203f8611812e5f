"""Exports, sizes, and what must not be in tracked files."""

import ast
import re
import warnings
from importlib import import_module

import pytest

from tests.project.layout import ROOT, module, sources, tracked

LONG_FILE, LONGEST_FILE = 300, 400
LONG_FUNCTION, LONGEST_FUNCTION = 50, 100


@pytest.mark.parametrize("path", [path for path in sources() if "__all__" in path.read_text()], ids=module)
def test_what_is_exported_is_there(path):
    here = import_module(module(path))
    assert sorted(set(here.__all__)) == sorted(here.__all__), "a name is exported twice"
    assert [name for name in here.__all__ if not hasattr(here, name)] == []


def test_files_and_functions_stay_short():
    too_long = []
    for path in sources():
        lines = path.read_text().count("\n")
        sizes = [(f"{path.relative_to(ROOT)}", lines, LONG_FILE, LONGEST_FILE)]
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or 0) - node.lineno + 1
                sizes.append((f"{path.relative_to(ROOT)}:{node.name}", size, LONG_FUNCTION, LONGEST_FUNCTION))
        for name, size, long, longest in sizes:
            if size > longest:
                too_long.append(f"{name}: {size} lines, more than {longest}")
            elif size > long:
                warnings.warn(f"{name}: {size} lines", stacklevel=1)
    assert too_long == []


# A lock that names an index, or a path of somebody's machine, works for nobody else.
PRIVATE = re.compile(
    r"files\.pythonhosted\.org|pypi\.org/simple|--index-url|--find-links|/home/[a-z]+/|/Users/[a-z]+/|(?<![\w.])/work/"
)


def test_tracked_files_name_no_machine():
    found = []
    for path in tracked():
        try:
            text = path.read_text()
        except UnicodeDecodeError:  # a sample or a picture
            continue
        if path.name != "test_files.py":
            found += [f"{path.relative_to(ROOT)}: {match[0]}" for match in PRIVATE.finditer(text)]
    assert found == []


def test_locks_have_a_hash_for_every_package():
    for lock in sorted((ROOT / "locks").glob("*.txt")):
        entries = re.split(r"\n(?=\S)", lock.read_text().strip())
        assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == [], lock
