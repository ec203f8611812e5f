"""An instrument stays on one partition number, across all its topics: its book and its trades must meet."""

from collections.abc import Iterable

from equipoise.processors.instruments import Instruments


class MisplacedError(RuntimeError):
    """An instrument came on two partition numbers. Its measures would be of halves, so the worker stops."""


class Claims:
    """Where each instrument was seen first. Knows only the partitions of one worker."""

    def __init__(self, instruments: Instruments) -> None:
        self._instruments = instruments
        self._places: dict[int, tuple[str, int]] = {}

    def take(self, topic: str, partition: int, indices: Iterable[int]) -> None:
        """These instruments have records on that partition.

        Raises:
            MisplacedError: one of them is on another partition number already.
        """
        for index in indices:
            where, number = self._places.setdefault(index, (topic, partition))
            if number != partition:
                raise MisplacedError(
                    f"{self._instruments[index].key} is on partition {number} of {where} and on partition {partition} "
                    f"of {topic}: key its records by VENUE:SYMBOL, with one partitioner (murmur2) in every producer"
                )

    def clear(self) -> None:
        """The partitions are given back."""
        self._places.clear()
