"""Transcripts with a hole, for forgeries that must succeed with the hole and fail without."""

from __future__ import annotations

from equipoise.proofs.group import ORDER
from equipoise.proofs.transcript import Transcript


class Forgetful(Transcript):
    """Does not absorb the labels in ``forgotten``."""

    def __init__(self, tag: bytes, forgotten: frozenset[bytes]) -> None:
        super().__init__(tag)
        self.forgotten = forgotten

    def append(self, label: bytes, data: bytes) -> None:
        if label not in self.forgotten:
            super().append(label, data)


class Recording(Transcript):
    """Remembers the labels that were used, and skips or swaps the n-th append."""

    def __init__(self, tag: bytes, drop: int | None = None, swap: int | None = None) -> None:
        super().__init__(tag)
        self.labels: list[bytes] = []
        self.drop, self.swap = drop, swap
        self._held: tuple[bytes, bytes] | None = None

    def append(self, label: bytes, data: bytes) -> None:
        index = len(self.labels)
        self.labels.append(label)
        if index == self.drop:
            return
        if index == self.swap:
            self._held = (label, data)
            return
        super().append(label, data)
        if self._held is not None:
            held, self._held = self._held, None
            super().append(*held)


class Programmed:
    """Gives chosen challenges and absorbs nothing: the simulator's and the interactive verifier's view."""

    def __init__(self, challenges: dict[bytes, list[int]]) -> None:
        self.challenges = {label: list(values) for label, values in challenges.items()}

    def append(self, label: bytes, data: bytes) -> None:
        pass

    def challenge(self, label: bytes) -> int:
        return self.challenges[label].pop(0) % ORDER
