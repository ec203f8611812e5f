"""Fills that have been counted, so that one seen twice counts once."""

from typing import Final

from equipoise.schemas.enums import Cause
from equipoise.streams.sources.bounds import RefusedError, shown

REMEMBERED: Final = 65_536  # keys of a topic; the oldest goes first


class Fills:
    """The latest keys of one topic.

    Not guaranteed: a fill is recognised only within REMEMBERED others, and within one run of the process.
    """

    def __init__(self) -> None:
        self._seen: dict[object, None] = {}

    def once(self, key: tuple[object, ...], field: str) -> None:
        """Remember a fill.

        Raises:
            RefusedError: DUPLICATE_FILL.
        """
        if key in self._seen:
            raise RefusedError(Cause.DUPLICATE_FILL, f"{field}: {shown(key[-1])} has been counted")
        self._seen[key] = None
        if len(self._seen) > REMEMBERED:
            del self._seen[next(iter(self._seen))]
