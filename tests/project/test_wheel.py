"""What `pip install equipoise` would put where."""

import subprocess
import sys
import zipfile

import pytest

from tests.project.layout import FOLDERS, ROOT, tracked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The names in a wheel that was built from a copy of the tracked files."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked():
        copy = folder / "source" / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(path.read_bytes())
    code = "from setuptools.build_meta import build_wheel; import sys; print(build_wheel(sys.argv[1]))"
    run = subprocess.run(
        [sys.executable, "-c", code, str(folder)], cwd=folder / "source", capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr[-2000:]
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return set(archive.namelist())


def test_everything_installs_below_equipoise(wheel):
    assert {name.split("/")[0] for name in wheel if ".dist-info" not in name} == {"equipoise"}


def test_every_source_and_data_file_is_inside(wheel):
    kinds = {".py", ".avsc", ".json", ".bin", ".toml", ".html", ".css", ".js", ".svg", ".typed"}
    wanted = {
        f"equipoise/{path.relative_to(ROOT).as_posix()}"
        for path in tracked()
        if path.relative_to(ROOT).parts[0] in FOLDERS and (path.suffix in kinds or path.name == "py.typed")
    }
    assert wanted - wheel == set()


def test_licence_is_inside(wheel):
    assert any(name.endswith("licenses/LICENSE") for name in wheel)
