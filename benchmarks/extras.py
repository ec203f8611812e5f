"""The benchmarks of single parts, each a program of its own: what they print goes onto the page as it is."""

import importlib.util
import json
import subprocess
import sys

from benchmarks.home import ROOT
from benchmarks.results import Recorder, Sample

_PARTS = {
    "benchmarks.book": "Keeping a book",
    "benchmarks.state": "Checkpoints and recovery, without Kafka",
    "benchmarks.proofs_cost": "Proofs",
}
_TIMEOUT_S = 1_800
_MEASURED = (400_000, 7)  # rows and runs


def run() -> str:
    """Run those that are there; their output as sections of the page. What fails says so in its section."""
    sections = []
    for module, title in _PARTS.items():
        if importlib.util.find_spec(module) is None:
            continue
        print(f"[part] {module}", file=sys.stderr, flush=True)
        try:
            done = subprocess.run(
                [sys.executable, "-m", module], cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT_S
            )
            said = done.stdout.strip() if not done.returncode else f"failed: {done.stderr.strip()[-300:]}"
        except subprocess.TimeoutExpired:
            said = f"failed: not done within {_TIMEOUT_S} s"
        table = said.startswith("|")
        sections.append(f"### {title}\n\n" + (said if table else f"```text\n{said}\n```"))
    return "\n\n".join(sections)


def measures(recorder: Recorder) -> None:
    """What each measure costs an event, as figures."""
    print("[part] benchmarks.measures", file=sys.stderr, flush=True)
    code = f"import json; from benchmarks.measures import figures; print(json.dumps(figures{_MEASURED}))"
    try:
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as why:
        said = (getattr(why, "stderr", "") or str(why)).strip()[-300:]
        recorder.add("measures", [Sample("measures-all", "ns/event", None, said)])
        return
    for figure in json.loads(done.stdout):
        recorder.add(figure["name"], [Sample(figure["name"], figure["unit"], value) for value in figure["runs"]])
