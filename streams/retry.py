"""What is missing, in one sentence, and pauses between tries that grow."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Final

from confluent_kafka import KafkaError, KafkaException

log = logging.getLogger(__name__)

FIRST_PAUSE_MS: Final = 250
LOOK_S: Final = 0.1

_HINTS: Final = {
    KafkaError._ALL_BROKERS_DOWN: "no broker answers; check kafka.bootstrap",
    KafkaError._TRANSPORT: "no broker answers; check kafka.bootstrap and that it runs",
    KafkaError._TIMED_OUT: "no answer in time; check kafka.bootstrap and the network",
    KafkaError._RESOLVE: "the broker's host name is unknown; check kafka.bootstrap",
    KafkaError._AUTHENTICATION: "the broker refused our user name or password; check kafka.sasl_*",
    KafkaError._SSL: "TLS failed; check kafka.ssl_* and kafka.security_protocol",
    KafkaError._UNKNOWN_TOPIC: "the topic does not exist; run `equipoise topics create`",
    KafkaError._UNKNOWN_PARTITION: "the topic has too few partitions; run `equipoise topics check`",
    KafkaError.UNKNOWN_TOPIC_OR_PART: "the topic does not exist; run `equipoise topics create`",
    KafkaError.TOPIC_AUTHORIZATION_FAILED: "we may not use the topic; ask for an ACL for it",
    KafkaError.GROUP_AUTHORIZATION_FAILED: "we may not use the group; ask for an ACL for kafka.group",
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: "the cluster does not let us; ask for the ACL IdempotentWrite",
}


def sentence(why: BaseException) -> str:
    """One line that says what is wrong and, where known, what to do."""
    if isinstance(why, KafkaException) and why.args and isinstance(why.args[0], KafkaError):
        error = why.args[0]
        hint = _HINTS.get(error.code())
        return f"{error.str()}: {hint}" if hint else str(error.str())
    return str(why).partition("\n")[0] or type(why).__name__


class Backoff:
    """Pauses of a quarter second, then twice as long each time, up to a limit."""

    def __init__(self, max_ms: int) -> None:
        self._max_ms = max_ms
        self._next_ms = FIRST_PAUSE_MS
        self._said = ""

    async def wait(self, what: str) -> None:
        """Say what is being waited for, and pause."""
        await asyncio.sleep(self._pause_s(what))

    def wait_blocking(self, what: str, cancelled: Callable[[], bool]) -> None:
        """The same in a thread; ends early where `cancelled` says so."""
        until = time.monotonic() + self._pause_s(what)
        while time.monotonic() < until and not cancelled():
            time.sleep(LOOK_S)

    def _pause_s(self, what: str) -> float:
        pause_ms, self._next_ms = self._next_ms, min(2 * self._next_ms, self._max_ms)
        log.log(logging.WARNING if what != self._said else logging.DEBUG, "%s; trying again", what)
        self._said = what
        return pause_ms / 1000
