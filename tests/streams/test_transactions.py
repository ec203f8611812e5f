"""What the transactional mode says to the group, beside what librdkafka's own consumer says."""

import pytest
from confluent_kafka import Consumer

from equipoise.streams import failpoints
from equipoise.streams.clients import group_member


@pytest.mark.parametrize("instance", [None, "one"])
def test_a_member_is_written_as_librdkafka_writes_it(instance: str | None) -> None:
    config = {"bootstrap.servers": "127.0.0.1:1", "group.id": "some-group", "log_level": 0}
    consumer = Consumer(config | ({"group.instance.id": instance} if instance else {}))
    try:
        theirs = consumer.consumer_group_metadata()
    finally:
        consumer.close()
    assert group_member("some-group", -1, "", instance) == theirs


def test_a_misspelt_place_is_refused_and_nothing_is_armed() -> None:
    with pytest.raises(ValueError, match=r"checkpoint\.nowhere"):
        failpoints.arm("checkpoint.nowhere=kill@1")
    failpoints.reach("checkpoint.nowhere")
    with pytest.raises(ValueError, match="explode"):
        failpoints.arm("checkpoint.rows=explode@1")
    failpoints.reach("checkpoint.rows")
