"""Which record a topic carries, and the subject that its schema is registered under (topic-name strategy).

Keys are plain UTF-8 text and have no subject. Dead letters carry foreign bytes; their headers are
documented by the record DeadLetterHeaders and registered nowhere.
"""

from collections.abc import Mapping
from typing import Final

from equipoise.schemas.codec import schema_text
from equipoise.schemas.local import SchemaSource

# Name of the setting under [topics], default topic, record.
TOPIC_SETTINGS: Final = (
    ("orders", "orders", "OrderEvent"),
    ("mempool", "mempool", "PendingTransaction"),
    ("intents", "equipoise.intents", "SwapIntent"),
    ("imbalance", "equipoise.imbalance", "ImbalanceWindow"),
    ("spread_signals", "equipoise.spread-signals", "SpreadSignal"),
    ("fee_signals", "equipoise.fee-signals", "FeeSignal"),
    ("attestations", "equipoise.attestations", "Attestation"),
    ("instruments", "equipoise.instruments", "Instrument"),
    ("policy", "equipoise.policy", "PolicyUpdate"),
)


def value_subject(topic: str) -> str:
    """The subject of a topic's values."""
    return f"{topic}-value"


def register_topics(source: SchemaSource, records: Mapping[str, str]) -> dict[str, int]:
    """Register the schema of each topic's record; schema ids by topic.

    Raises
    ------
    IncompatibleError, RegistryError
        As `SchemaSource.register`; topics before the refused one are registered then.
    """
    return {topic: source.register(value_subject(topic), schema_text(name)) for topic, name in records.items()}
