"""The containers that other tests rely on do start and answer."""

import json
import urllib.request

import pytest
from confluent_kafka.admin import AdminClient

pytestmark = pytest.mark.docker


def test_kafka_answers(kafka):
    metadata = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=10)
    assert [broker.port for broker in metadata.brokers.values()] == [kafka.port]


def test_registry_answers(registry):
    with urllib.request.urlopen(f"{registry.url}/subjects", timeout=10) as answer:
        assert isinstance(json.load(answer), list)
