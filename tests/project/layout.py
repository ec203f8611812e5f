"""Where things are, for the tests of this folder."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("streams", "processors", "schemas", "proofs")


def sources(*folders: str) -> list[Path]:
    """The Python files of the packages."""
    return sorted(path for folder in folders or FOLDERS for path in (ROOT / folder).rglob("*.py"))


def module(path: Path) -> str:
    """The dotted name that a source file installs as."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("equipoise", *(parts[:-1] if parts[-1] == "__init__" else parts)))


def tracked() -> list[Path]:
    """Every file that git tracks, without symbolic links."""
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    paths = [ROOT / name for name in names.split("\0") if name]
    return [path for path in paths if path.is_file() and not path.is_symlink()]
