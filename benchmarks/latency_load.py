"""Orders at a fixed schedule: a batch each millisecond, whatever becomes of the ones before.

usage: python -m benchmarks.latency_load BOOTSTRAP TOPIC RATE SECONDS

Prints `schedule FIRST_NS EACH`: the monotonic clock when the first batch is due, and how many orders a batch has; then
`late MS`: how far behind the schedule it was at worst. A latency counts from the schedule, so that a sender that is
held up hides nothing.
"""

import sys
import time

from benchmarks.encoding import Encoder
from benchmarks.writer import BatchWriter
from equipoise.streams.simulator.load import LoadSettings, load_events, load_instruments

TICK_NS = 1_000_000
_PREPARE_NS = 3_000_000_000


def main() -> None:
    """Encode everything, then send by the clock."""
    bootstrap, topic, rate, seconds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    each = max(1, rate // 1_000)
    ahead_ns = _PREPARE_NS + rate * seconds * 2_000  # it encodes some 500,000 a second
    first_ns = time.monotonic_ns() + ahead_ns
    load = LoadSettings(rows_per_second=rate, start_ns=time.time_ns() + ahead_ns)
    encoder = Encoder(load_instruments(load.instruments))
    chunk = each * max(1, 65_536 // each)
    batches = [b for events in load_events(load, rate * seconds, chunk) for b in encoder.batches(events, each)]
    print(f"schedule {first_ns} {each}", flush=True)
    late = 0
    with BatchWriter(bootstrap, topic, acks=1) as writer:
        for number, batch in enumerate(batches):
            due = first_ns + number * TICK_NS
            while (left := due - time.monotonic_ns()) > 0:
                time.sleep(left / 1e9)
            writer.send(batch)
            late = max(late, -left)
    print(f"late {late / 1e6:.1f}")


if __name__ == "__main__":
    main()
