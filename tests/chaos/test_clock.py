"""The workers' clock, in a process of its own: it takes the place of Python's."""

import subprocess
import sys

_LOOK = """
import pathlib, sys, time
real = time.time
from tests.chaos import clock
file = pathlib.Path(sys.argv[1])
clock.install()
print(round(time.time() - real()))
clock.step(file, 0)
clock.follow(file)
for seconds in (86_400, -3_600):
    clock.step(file, seconds)
    print(round(time.time() - real()), round(time.time_ns() / 1e9 - real()))
"""


def test_it_is_ahead_by_what_the_file_says(tmp_path):
    command = [sys.executable, "-c", _LOOK, str(tmp_path / "clock")]
    assert subprocess.check_output(command, text=True).split() == ["0", "86400", "86400", "-3600", "-3600"]
