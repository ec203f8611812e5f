"""Settings for low latency and for throughput, chosen by name. What is set explicitly anywhere wins."""

from enum import StrEnum
from typing import Any, Final, NamedTuple


class Preset(StrEnum):
    """What matters most."""

    NONE = ""
    LOW_LATENCY = "low-latency"
    THROUGHPUT = "throughput"


class Choice(NamedTuple):
    """One setting in both presets, and why."""

    name: str
    low_latency: Any
    throughput: Any
    why: str


CHOICES: Final = (
    Choice("kafka.fetch_min_bytes", 1, 65_536, "answer a fetch at once, or once it is worth a step"),
    Choice("kafka.fetch_wait_ms", 500, 100, "longest wait for those bytes: with one byte it ends at the first record"),
    Choice("kafka.fetch_max_bytes", 262_144, 8_388_608, "a large fetch holds up what comes behind it, and costs less"),
    Choice("kafka.batch_max_records", 500, 50_000, "a step holds the loop: 500 records take well below a millisecond"),
    Choice("delivery.linger_ms", 0, 20, "a signal leaves at once, or with others: fewer requests for the brokers"),
    Choice("delivery.compression", "none", "lz4", "small batches do not shrink; large ones halve the network"),
    Choice("delivery.checkpoint_ms", 2_000, 5_000, "rows are made in the loop: rarely, at the price of longer replays"),
    Choice("delivery.transaction_ms", 20, 500, "a signal is as late as its commit; each costs the brokers work"),
    Choice("time.merge_wait_ms", 5, 100, "longest wait for a slower topic of the same instruments"),
)


def preset_values(preset: Preset) -> dict[str, Any]:
    """Dotted names and values of a preset."""
    if preset is Preset.NONE:
        return {}
    return {choice.name: getattr(choice, preset.name.lower()) for choice in CHOICES}
