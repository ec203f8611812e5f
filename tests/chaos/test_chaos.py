"""A short chaos run, on the one broker that the tests share: what can be killed there is workers."""

from pathlib import Path

import pytest

from tests.chaos import rounds
from tests.chaos.cluster import Cluster
from tests.containers import KafkaContainer

pytestmark = [pytest.mark.docker, pytest.mark.slow]


@pytest.mark.parametrize("mode", sorted(rounds.MODES))
@pytest.mark.parametrize("seed", [3])
def test_faults_change_nothing(kafka: KafkaContainer, tmp_path: Path, mode: str, seed: int) -> None:
    rounds.start_parent()
    told = rounds.run(seed, mode, Cluster(kafka.bootstrap), tmp_path)
    assert "workers" in told
