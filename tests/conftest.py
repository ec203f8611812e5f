"""What all tests share: where recorded data is, and whether a Docker engine answers."""

import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from equipoise.streams.broker import EmbeddedBroker
    from tests.containers import KafkaContainer, RegistryContainer

ROOT = Path(__file__).resolve().parent.parent


def in_ci() -> bool:
    """Whether a missing engine is a failure instead of a skip."""
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


@cache
def docker_problem() -> str:
    """Why container tests cannot run here, or an empty string."""
    try:
        import docker

        client = docker.from_env(timeout=5)
        try:
            client.ping()
        finally:
            client.close()
    except Exception as error:
        return f"no Docker engine answers ({type(error).__name__}: {str(error)[:120]})"
    return ""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep container tests on one xdist worker, so that a run starts one Kafka and not one per worker.

    Those on the embedded broker, whose times matter, do not run beside each other either.
    """
    for item in items:
        for kind in ("docker", "broker"):
            if item.get_closest_marker(kind):
                item.add_marker(pytest.mark.xdist_group(kind))
                break


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip container tests, with the reason, where no engine answers; under CI=true that is a failure."""
    if item.get_closest_marker("docker") and (problem := docker_problem()):
        if in_ci():
            pytest.fail(f"{problem}; under CI=true that is a failure", pytrace=False)
        pytest.skip(problem)


def recorded_folders() -> list[Path]:
    """Where recorded data may be: $EQUIPOISE_DATA, beside this checkout, beside the main worktree."""
    if configured := os.environ.get("EQUIPOISE_DATA"):
        return [Path(configured)]
    folders = [ROOT.parent / "shared" / "data"]
    git = subprocess.run(
        ["git", "rev-parse", "--path-format=absolute", "--git-common-dir"], cwd=ROOT, capture_output=True, text=True
    )
    if git.returncode == 0:
        folders.append(Path(git.stdout.strip()).parent.parent / "shared" / "data")
    return folders


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of recorded data; tests that ask for it are skipped, with the reason, where it is missing."""
    folders = recorded_folders()
    for folder in folders:
        if folder.is_dir():
            return folder
    pytest.skip(f"no recorded data in {', '.join(map(str, folders))}: set EQUIPOISE_DATA")


@pytest.fixture(scope="session")
def kafka() -> "Iterator[KafkaContainer]":
    """A real one-broker Kafka, shared by the run: use topic names of your own. Mark the test `docker`."""
    from tests.containers import KafkaContainer

    with KafkaContainer() as container:
        yield container


@pytest.fixture(scope="session")
def registry() -> "Iterator[RegistryContainer]":
    """A real schema registry, shared by the run: use subjects of your own. Mark the test `docker`."""
    from tests.containers import RegistryContainer

    with RegistryContainer() as container:
        yield container


@pytest.fixture(scope="session")
def embedded_broker() -> "Iterator[EmbeddedBroker]":
    """A small broker without Docker, shared by the run: use topics and groups of your own. Mark the test `broker`."""
    from equipoise.streams.broker import EmbeddedBroker

    with EmbeddedBroker() as broker:
        yield broker
