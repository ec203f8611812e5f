"""Where Faust's consumer goes on after an assignment: where the app stands, not where the group committed.

A fetch that is under way when the group begins to assign anew waits for the new assignment, takes its first records
from aiokafka, and finds that the flow is stopped. Faust then drops them and seeks to what the group committed, as it
does once more when the app is ready. That loses what was dropped

- where 0 is committed: aiokafka's `seek_to_committed` passes over it;
- where the coordinator does not answer within the request timeout: Faust goes on without having sought.

Nothing is fetched any more then, or what comes next is taken for what follows. So we seek ourselves, to any offset,
in the consumer's own loop and past Faust's queue, whose two places may both be taken by calls that wait for brokers.
"""

import asyncio
from collections.abc import Callable, Mapping, Set
from typing import Any

from faust.types import TP

Positions = Callable[[], Mapping[TP, int]]  # of the app, now; without what is not ready yet, for which we seek later


def go_on_at(consumer: Any, topics: Set[str], positions: Positions) -> None:
    """Have this Faust consumer, at each of its seeks, go on at `positions` in partitions of `topics`."""
    thread = consumer._thread

    async def seek_to_committed() -> dict[TP, int]:
        wanted = {tp: offset for tp, offset in positions().items() if tp.topic in topics}
        asked = asyncio.run_coroutine_threadsafe(_seek(thread._ensure_consumer(), wanted), thread.thread_loop)
        found = await asyncio.wrap_future(asked)
        others = [tp for tp in thread._ensure_consumer().assignment() if tp.topic not in topics]
        if others:
            found |= await thread.call_thread(thread._ensure_consumer().seek_to_committed, *others)
        return found

    consumer.seek_to_committed = seek_to_committed


async def _seek(consumer: Any, wanted: Mapping[TP, int]) -> dict[TP, int]:
    """In the consumer's loop. What is not assigned any more is left out: whoever has it seeks there."""
    assigned = {(tp.topic, tp.partition): tp for tp in consumer.assignment()}
    found = {}
    for place, offset in wanted.items():
        if tp := assigned.get((place.topic, place.partition)):
            consumer.seek(tp, offset)
            found[place] = offset
    return found
