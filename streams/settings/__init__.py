"""Settings: flags over environment (`EQUIPOISE_GROUP__NAME`) over a TOML file over defaults."""

from equipoise.streams.settings.kafka import (
    Damage,
    InputTopic,
    Isolation,
    Kafka,
    Registry,
    SaslMechanism,
    SecurityProtocol,
    Topics,
)
from equipoise.streams.settings.measure import Measures, Merge, Policy, Time
from equipoise.streams.settings.mempool import Mempool, PoolMapping
from equipoise.streams.settings.presets import Preset
from equipoise.streams.settings.run import Delivery, Demo, Instruments, Limits, Metrics, Mode, Start, Web, WireFormat
from equipoise.streams.settings.tree import Settings, load

__all__ = [
    "Damage",
    "Delivery",
    "Demo",
    "InputTopic",
    "Instruments",
    "Isolation",
    "Kafka",
    "Limits",
    "Measures",
    "Mempool",
    "Merge",
    "Metrics",
    "Mode",
    "Policy",
    "PoolMapping",
    "Preset",
    "Registry",
    "SaslMechanism",
    "SecurityProtocol",
    "Settings",
    "Start",
    "Time",
    "Topics",
    "Web",
    "WireFormat",
    "load",
]
