"""Bare fetch through a client: aiokafka's, which Faust uses, asks for 8 MB at a time; whatever comes is thrown away.

Nothing is parsed, checked or decompressed, and there is no group: records are counted by the headers of their batches.
usage: python -m benchmarks.fetch_only BOOTSTRAP IN OUT RECORDS EVERY MODE
"""

import asyncio

from aiokafka.client import AIOKafkaClient
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.structs import TopicPartition

from benchmarks.fetch_socket import whole_batches
from benchmarks.peers.common import Marks, job

_FETCH_BYTES = 8 << 20


async def main() -> None:
    """Fetch so many records."""
    asked = job()
    marks, offset = Marks(asked.every), 0
    client = AIOKafkaClient(bootstrap_servers=asked.bootstrap)
    await client.bootstrap()
    await client.set_topics([asked.source])
    leader = client.cluster.leader_for_partition(TopicPartition(asked.source, 0))
    while marks.count < asked.records:
        partitions = [(0, offset, _FETCH_BYTES)]
        request = FetchRequest(500, 1, _FETCH_BYTES, 0, [(asked.source, partitions)], rack_id="")
        answer = await client.send(leader, request)
        ((_, ((_, code, *_, records),)),) = answer.topics
        if code:
            raise RuntimeError(f"the broker answered a fetch with code {code}")
        count, end = whole_batches(memoryview(records))
        marks.add(count)
        offset = end or offset
    await client.close()


if __name__ == "__main__":
    asyncio.run(main())
