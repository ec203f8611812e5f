"""What a worker's first fetches still compile after `warm_up`: a line each. Run as a process of its own."""

import gc
import gzip
import json

from numba.core.dispatcher import Dispatcher

from equipoise.processors.engine import Engine
from equipoise.processors.instruments import Instruments
from equipoise.streams.kernels import warm_up
from equipoise.streams.settings import load
from equipoise.streams.settings.engine import engine_settings
from equipoise.streams.sources.canonical import CanonicalDecoder
from equipoise.streams.task import Task
from equipoise.streams.transport.reader import FetchReader, Shared
from tests.streams import live
from tests.transport.made import Made, batch_bytes, record_bytes

GZIP = 1
TOPICS = ["book", "trades"]


def compiled() -> set[tuple[str, str]]:
    found = [one for one in gc.get_objects() if isinstance(one, Dispatcher)]
    return {(one.py_func.__qualname__, str(signature)) for one in found for signature in one.signatures}


def fetches() -> list[tuple[str, bytes]]:
    """Topic and bytes, in the order in which they come."""
    values = {topic: [json.dumps(event).encode() for event in own] for topic, own in live.market(40).items()}
    found, offsets = [], dict.fromkeys(TOPICS, 0)
    for topic, attributes, own in (
        ("book", GZIP, [None]),  # seven bytes
        ("book", GZIP, [b""]),
        ("book", GZIP, [b"."]),
        ("book", GZIP, values["book"][:2]),
        ("trades", 0, [None]),
        ("book", 0, values["book"][2:]),
        ("trades", 0, values["trades"]),
    ):
        records = [Made(number, 0, None, value) for number, value in enumerate(own)]
        body = b"".join(map(record_bytes, records))
        body = gzip.compress(body) if attributes else body
        found.append((topic, batch_bytes(records, offsets[topic], attributes=attributes, body=body)))
        offsets[topic] += len(records)
    return found


def main() -> None:
    """Print them."""
    settings = load(flags=live.settings_for("nobody:1", "first"))
    warm_up(settings)
    before = compiled()
    for table in (Instruments(), live.instruments()):
        task = Task(TOPICS, Engine(table, engine_settings(settings), 2), dict.fromkeys(TOPICS, CanonicalDecoder(table)))
        for topic, data in fetches():
            for batch in FetchReader((topic, 0), data, None, task.position(topic), Shared()):
                task.feed_batch(batch)
        task.flush()
        task.load(task.dump())
    for name, signature in sorted(compiled() - before):
        print(name, signature)


if __name__ == "__main__":
    main()
