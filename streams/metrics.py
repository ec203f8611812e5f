"""What a worker tells Prometheus, as text: made when it is asked for, so that the stream pays nothing.

Labels are bounded: topics and partitions that are assigned, outcomes, causes and stages. No instrument is a label.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from equipoise.streams.telemetry import Histogram
from equipoise.streams.vitals import Sample, Vitals

CONTENT_TYPE: Final = "text/plain; version=0.0.4"
OUTCOMES: Final = ("used", "late", "flagged", "dead_lettered")
BOUNDS_NS: Final = [(1 << power) - 1 for power in range(14, 36)]  # 16 µs to 34 s, each twice the one before


def text(vitals: Vitals) -> str:
    """All metrics of a worker."""
    return "".join([*_of_partitions(vitals), *_of_worker(vitals)])


def _of_partitions(vitals: Vitals) -> Iterator[str]:
    places = [({"topic": p.topic, "partition": p.partition}, p) for p in vitals.places()]
    accounts = [(labels, p.account) for labels, p in places]
    yield _family(
        "records_total",
        "counter",
        "Source records by outcome; they add up to those read and not waiting in the merge.",
        ((labels | {"outcome": name}, account[name]) for labels, account in accounts for name in OUTCOMES),
    )
    yield _family("records_read_total", "counter", "Source records read.", ((p, a["in"]) for p, a in accounts))
    yield _family(
        "refused_total",
        "counter",
        "Records that were flagged, late or dead-lettered, by cause.",
        ((p | {"cause": cause}, n) for p, account in accounts for cause, n in account["causes"].items()),
    )
    yield _family(
        "position_lag_records", "gauge", "Records behind our position.", ((w, p.end - p.position) for w, p in places)
    )
    yield _family(
        "committed_lag_records",
        "gauge",
        "Records behind the last checkpoint: scale on this.",
        ((labels, p.end - p.sealed) for labels, p in places),
    )
    yield _family("watermark_delay_seconds", "gauge", "Clock minus the watermark.", vitals.watermark_delays())
    yield _family("checkpoint_age_seconds", "gauge", "Since the last one, if more is due.", vitals.checkpoint_ages())


def _of_worker(vitals: Vitals) -> Iterator[str]:
    told = vitals.telemetry
    yield _histogram("decision_seconds", "Fetch response there to signal handed to the producer.", told.decision)
    yield _histogram("checkpoint_seconds", "Checkpoint or transaction, begun to sealed.", told.checkpoint)
    yield _family("unacknowledged_records", "gauge", "Outputs that are under way.", [({}, vitals.unacknowledged())])
    yield _family("published_total", "counter", "Outputs handed to the producer.", [({}, told.published)])
    yield _family("rebalances_total", "counter", "Assignments taken up.", [({}, told.rebalances)])
    yield _family("fenced_total", "counter", "Times that our partitions were somebody else's.", [({}, told.fenced)])
    yield _family("transactions_aborted_total", "counter", "Transactions sent again.", [({}, vitals.aborted())])
    stalled = [({"stage": stage}, count) for stage, count in vitals.watchdog.stalled.items()]
    yield _family("stalled", "gauge", "Waits of each stage that are too long.", stalled)


def _family(name: str, kind: str, why: str, samples: Iterable[Sample]) -> str:
    lines = [f"# HELP equipoise_{name} {why}", f"# TYPE equipoise_{name} {kind}"]
    lines += [f"equipoise_{name}{_labels(labels)} {value:.10g}" for labels, value in samples]
    return "\n".join(lines) + "\n"


def _histogram(name: str, why: str, found: Histogram) -> str:
    lines = [f"# HELP equipoise_{name} {why}", f"# TYPE equipoise_{name} histogram"]
    lines += [f'equipoise_{name}_bucket{{le="{(ns + 1) / 1e9:.9g}"}} {found.below(ns)}' for ns in BOUNDS_NS]
    lines += [f'equipoise_{name}_bucket{{le="+Inf"}} {found.count}']
    lines += [f"equipoise_{name}_sum {found.sum_ns / 1e9:.9g}", f"equipoise_{name}_count {found.count}"]
    return "\n".join(lines) + "\n"


def _labels(labels: dict[str, Any]) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(str(value))}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
