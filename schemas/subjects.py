"""Which record a topic carries, and the subject that its schema is registered under (topic-name strategy).

Keys are plain UTF-8 text and have no subject. Dead letters carry foreign bytes; their headers are
documented by the record DeadLetterHeaders and registered nowhere.
"""

from typing import Final

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
