"""JSON that nests too deep is refused, whatever the interpreter's recursion limit is."""

import json
import subprocess
import sys

import pytest

from equipoise.streams.sources.depth import DEPTH_MAX, too_deep


def nested(depth):
    return b"[" * depth + b"]" * depth


@pytest.mark.parametrize(
    ("value", "deep"),
    [
        (b"", False),
        (b"1", False),
        (nested(DEPTH_MAX), False),
        (nested(DEPTH_MAX + 1), True),
        (b'{"a":' * (DEPTH_MAX + 1), True),
        (b"[" * 1_000_000, True),
        (b"]" * 1_000 + nested(DEPTH_MAX), False),  # no JSON: the parser says so, and does not recurse
        (json.dumps([[1, 2]] * 5_000).encode(), False),
        (json.dumps({"text": "[" * 1_000}).encode(), False),
        (json.dumps({"text": '\\"[[' * 1_000}).encode(), False),
        (json.dumps({"text": '\\"[[' * 1_000}).encode()[:-1] + b',"a":' + nested(DEPTH_MAX + 1) + b"}", True),
        (b'"' + b"[" * 1_000, True),  # a text without end: refused either way
    ],
)
def test_depth(value, deep):
    assert too_deep(value) is deep


def test_a_raised_recursion_limit_does_not_end_the_process():
    code = (
        "import sys; sys.setrecursionlimit(1_000_000)\n"
        "from equipoise.streams.sources.each import parse_json\n"
        "from equipoise.streams.sources.bounds import RefusedError\n"
        "try: parse_json(b'[' * 400_000 + b']' * 400_000)\n"
        "except RefusedError as error: print(error.detail)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-500:]
    assert run.stdout == f"value: JSON nested too deep, must be <= {DEPTH_MAX} levels\n"
