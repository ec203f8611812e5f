"""What a state row holds of fixed size: sections by name, each described where the state is stored.

A section is an array with some records per instrument. Its description (name, meaning, dtype, shape) is stored
with the state, so a later program reads an earlier one's rows by the names of their fields: what it does not
know is left out, what was not stored keeps the value of an instrument of which nothing has been seen. A section
whose *meaning* differs (settings that stored numbers depend on, the version of a measure) is refused; a word of
the meaning that only one of the two has says nothing.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import prod
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[Any]
Meaning = Mapping[str, int | float | str]


_CHUNK: Final = 128  # instruments: what is copied twice stays in the cache
_WORD: Final = 8


class Section(NamedTuple):
    """A part of the state, present or stored."""

    name: str
    meaning: Meaning  # what the numbers depend on
    rows: Rows  # shape (instruments, ...), the last axis contiguous


class Shape(NamedTuple):
    """A section without its rows."""

    name: str
    meaning: Meaning
    dtype: np.dtype[Any]
    each: tuple[int, ...]  # shape of one instrument's records

    @property
    def size(self) -> int:
        """Bytes of one instrument."""
        return self.dtype.itemsize * prod(self.each)


class MeaningError(Exception):
    """A stored section depends on other settings or versions than the present one."""


def shapes(sections: Sequence[Section]) -> list[Shape]:
    """What is stored of sections beside their rows."""
    return [Shape(name, meaning, rows.dtype, rows.shape[1:]) for name, meaning, rows in sections]


def describe(found: Sequence[Shape]) -> bytes:
    """Shapes as bytes."""
    listed = [[name, meaning, _described(dtype), each] for name, meaning, dtype, each in found]
    return json.dumps(listed, separators=(",", ":")).encode()


def described(text: bytes) -> list[Shape]:
    """The inverse of `describe`."""
    return [Shape(name, meaning, _dtype(descr), tuple(each)) for name, meaning, descr, each in json.loads(text)]


def packed(sections: Sequence[Section], picked: NDArray[np.intp]) -> Iterator[NDArray[np.uint8]]:
    """The picked instruments' sections side by side, some instruments at a time: shape (some, bytes).

    Whole words, the last one filled up with zeros. Copied as bytes: NumPy copies records field by field, and leaves
    what lies between the fields to chance.
    """
    views = [rows.view(np.uint8) for _, _, rows in sections]
    ends = [0, *accumulate(prod(view.shape[1:]) for view in views)]
    size = -(-ends[-1] // _WORD) * _WORD
    for first in range(0, len(picked), _CHUNK):
        some = picked[first : first + _CHUNK]
        out = np.empty((len(some), size), np.uint8)
        for view, start, end in zip(views, ends, ends[1:], strict=False):
            out[:, start:end] = view[some].reshape(len(some), end - start)
        out[:, ends[-1] :] = 0
        yield out


def unpacked(found: Sequence[Shape], fixed: NDArray[np.uint8]) -> list[Section]:
    """The inverse of `packed`: `fixed` has shape (instruments, bytes)."""
    sections, at = [], 0
    for shape in found:
        part = np.ascontiguousarray(fixed[:, at : at + shape.size]).view(shape.dtype)
        sections.append(Section(shape.name, shape.meaning, part.reshape(len(fixed), *shape.each)))
        at += shape.size
    return sections


def take(present: Sequence[Section], stored: Sequence[Section]) -> None:
    """Fill the first rows of the present sections from the stored ones.

    Raises:
        MeaningError: a section means something else now.
    """
    by_name = {section.name: section for section in stored}
    for name, meaning, rows in present:
        if name not in by_name:
            continue
        was = by_name[name].meaning
        if changed := [word for word in meaning if was.get(word, meaning[word]) != meaning[word]]:
            told = ", ".join(f"{word} {was[word]} (now {meaning[word]})" for word in changed)
            raise MeaningError(f"{name}: was stored with {told}")
        fill(rows[: len(by_name[name].rows)], by_name[name].rows)


def fill(rows: Rows, stored: Rows) -> None:
    """Copy what has the same name in both; of arrays of different length, their common beginning."""
    if rows.dtype == stored.dtype:
        _overlay(rows, stored)
        return
    for name in rows.dtype.names or ():
        if name in (stored.dtype.names or ()):
            _overlay(rows[name], stored[name])


def _overlay(into: Rows, have: Rows) -> None:
    common = tuple(slice(min(a, b)) for a, b in zip(into.shape, have.shape, strict=True))
    into[common] = have[common]


def _described(dtype: np.dtype[Any]) -> Any:
    """Text of a plain dtype; of records their size and each field's name, kind, shape and first byte."""
    if dtype.fields is None:
        return dtype.str
    parts = [(name, *field[:2]) for name, field in dtype.fields.items()]
    return [dtype.itemsize, [[name, kind.base.str, kind.shape, at] for name, kind, at in parts]]


def _dtype(described: Any) -> np.dtype[Any]:
    if isinstance(described, str):
        return np.dtype(described)
    size, fields = described
    names, kinds, dims, offsets = zip(*fields, strict=True)
    formats = [(kind, tuple(dim)) for kind, dim in zip(kinds, dims, strict=True)]
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": size})
