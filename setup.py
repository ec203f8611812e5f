"""The four top-level folders install as `equipoise.streams` and so on.

Their own names are too generic for site-packages.

Only this mapping is computed here, so that a new sub-package needs no list; everything else is in pyproject.toml.
"""

from pathlib import Path

from setuptools import setup

FOLDERS = ("streams", "processors", "schemas", "proofs")


def packages() -> list[str]:
    """Every folder below the four that holds Python, as a dotted name under `equipoise`."""
    return sorted(
        f"equipoise.{'.'.join(init.parent.parts)}" for folder in FOLDERS for init in Path(folder).rglob("__init__.py")
    )


setup(packages=packages(), package_dir={f"equipoise.{name}": name for name in FOLDERS})
