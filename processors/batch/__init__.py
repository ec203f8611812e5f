"""Kafka's record framing: from the uncompressed bytes of a batch to columns of positions."""
