"""One set of connection settings, in the words of both Kafka clients."""

import ssl
import sys
from typing import Any

from equipoise.streams.settings import Kafka, SecurityProtocol


def librdkafka(kafka: Kafka, **more: Any) -> dict[str, Any]:
    """Configuration for confluent-kafka: whoever we are, how we prove it, and `more` (dots as in its manual)."""
    config: dict[str, Any] = {
        "bootstrap.servers": kafka.bootstrap,
        "client.id": kafka.client_id,
        "security.protocol": kafka.security_protocol.value,
        "socket.timeout.ms": kafka.request_timeout_ms,
        "reconnect.backoff.max.ms": kafka.retry_backoff_max_ms,
        "allow.auto.create.topics": False,
        "log_level": 2,  # its lines repeat every 50 ms while a broker is away; ours say it once (streams/retry.py)
    }
    if uses_sasl(kafka):
        config |= {
            "sasl.mechanism": kafka.sasl_mechanism.value,
            "sasl.username": kafka.sasl_username,
            "sasl.password": kafka.sasl_password.get_secret_value(),
        }
    if uses_tls(kafka):
        files = {
            "ssl.ca.location": kafka.ssl_ca_file,
            "ssl.certificate.location": kafka.ssl_cert_file,
            "ssl.key.location": kafka.ssl_key_file,
        }
        config |= {name: str(path) for name, path in files.items() if path}
        if secret := kafka.ssl_key_password.get_secret_value():
            config["ssl.key.password"] = secret
    return config | more


def ssl_context(kafka: Kafka) -> ssl.SSLContext | None:
    """The same for aiokafka; None without TLS."""
    if not uses_tls(kafka):
        return None
    context = ssl.create_default_context(cafile=str(kafka.ssl_ca_file) if kafka.ssl_ca_file else None)
    if kafka.ssl_cert_file:
        secret = kafka.ssl_key_password.get_secret_value()
        key = str(kafka.ssl_key_file) if kafka.ssl_key_file else None
        context.load_cert_chain(str(kafka.ssl_cert_file), key, secret or None)
    return context


def uses_tls(kafka: Kafka) -> bool:
    """Whether the connection is encrypted."""
    return kafka.security_protocol in (SecurityProtocol.SSL, SecurityProtocol.SASL_SSL)


def uses_sasl(kafka: Kafka) -> bool:
    """Whether a user name is needed."""
    return kafka.security_protocol in (SecurityProtocol.SASL_PLAINTEXT, SecurityProtocol.SASL_SSL)


def group_member(group: str, generation: int, member: str, instance: str | None) -> bytes:
    """A consumer group's member, as librdkafka's `rd_kafka_consumer_group_metadata_write` puts it.

    confluent-kafka takes this from its own consumer only; ours is aiokafka's. A test compares the two.
    """
    static = b"\0" + instance.encode() + b"\0" if instance else b"\1"
    head = b"CGMDv2:" + generation.to_bytes(4, sys.byteorder, signed=True)
    return head + group.encode() + b"\0" + member.encode() + b"\0" + static
