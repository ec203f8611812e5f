"""Get the peers ready: a virtual environment each for the Python ones, jars and classes for the Java ones.

    python -m benchmarks.peers.prepare

Done once for each state of the files here. Jars come by Maven, from wherever the machine's Maven takes them; with
`BENCH_JARS` set to a folder that holds `kafka/` and `flink/`, from there. What cannot be made ready is named, and its
contestants then fail with that reason.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from benchmarks.home import HOME, PEERS, folder

PYTHON_PEERS: Final = ("faust", "quix", "bytewax")
_JAVA: Final = PEERS / "java"
_SOURCES: Final = {"kafka": ("common", "plain", "streams"), "flink": ("common", "flink")}
_OPENS: Final = [f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.lang", "java.util", "java.lang.invoke")]


class NotReadyError(RuntimeError):
    """A peer lacks something on this machine."""


def python(peer: str) -> Path:
    """The interpreter of a Python peer."""
    return HOME / "venvs" / peer / "bin/python"


def java(kind: str) -> list[str | Path]:
    """The command up to the class: 1 GB of heap that is there from the start, the collector for throughput."""
    classes = f"{HOME / 'classes' / kind}{os.pathsep}{_jars(kind)}/*"
    return ["java", "-Xms1g", "-Xmx1g", "-XX:+UseParallelGC", *_OPENS, "-cp", classes]


def prepare() -> dict[str, str]:
    """Make everything ready; what could not be, by peer, with the reason."""
    jobs = {name: lambda name=name: _venv(name) for name in PYTHON_PEERS}
    jobs |= {kind: lambda kind=kind: _classes(kind) for kind in _SOURCES}
    missing = {}
    for name, make in jobs.items():
        try:
            make()
        except NotReadyError as why:
            missing[name] = str(why)
            print(f"not ready: {name}: {why}", file=sys.stderr)
        else:
            print(f"ready: {name}", file=sys.stderr)
    return missing


def _venv(name: str) -> None:
    listed, target = PEERS / f"{name}.txt", HOME / "venvs" / name
    stamp = target / "done"
    if stamp.exists() and stamp.read_text() == listed.read_text():
        return
    shutil.rmtree(target, ignore_errors=True)
    _run(sys.executable, "-m", "venv", target)
    uv = shutil.which("uv")
    installer = [uv, "pip", "install", "--python", python(name)] if uv else [python(name), "-m", "pip", "install"]
    _run(*installer, "--quiet", "-r", listed)
    stamp.write_text(listed.read_text())


def _classes(kind: str) -> None:
    sources = sorted(path for part in _SOURCES[kind] for path in (_JAVA / part).glob("*.java"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in [*sources, _JAVA / "pom.xml"])).hexdigest()
    target, stamp = HOME / "classes" / kind, HOME / "classes" / f"{kind}.done"
    if stamp.exists() and stamp.read_text() == digest:
        return
    _need("javac", "a JDK, 17 or newer")
    if "BENCH_JARS" not in os.environ:
        _need("mvn", "Maven, or jars in BENCH_JARS")
        shutil.rmtree(_jars(kind), ignore_errors=True)
        where = f"-DoutputDirectory={_jars(kind)}"
        _run("mvn", "-q", "-B", "-f", _JAVA / "pom.xml", f"-P{kind}", "dependency:copy-dependencies", where)
    shutil.rmtree(target, ignore_errors=True)
    folder(f"classes/{kind}")
    _run("javac", "-d", target, "-cp", f"{_jars(kind)}/*", *sources)
    stamp.write_text(digest)


def _jars(kind: str) -> Path:
    return Path(os.environ.get("BENCH_JARS", HOME / "jars")) / kind


def _need(program: str, what: str) -> None:
    if shutil.which(program) is None:
        raise NotReadyError(f"{program} is not on the path: it needs {what}")


def _run(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise NotReadyError(f"{command[0]} failed: {' | '.join(said[-3:])[-400:]}")


if __name__ == "__main__":
    sys.exit(1 if prepare() else 0)
