"""Decompression into memory that is there already: what does not fit is refused, and nothing is allocated for it.

A batch of a few kilobytes can say gigabytes. All codecs here write into the caller's array and stop at
its end, so a decompression bomb costs the time to fill the array, and no more memory than that.
"""

from collections.abc import Callable, Mapping
from struct import unpack_from
from typing import Any, Final

import cramjam
import numpy as np
from numpy.typing import NDArray

from equipoise.processors.batch.problems import FramingError

Bytes = NDArray[np.uint8]

NAMES: Final = ("none", "gzip", "snappy", "lz4", "zstd")  # by the codec's number in a batch's attributes

_XERIAL: Final = b"\x82SNAPPY\x00"  # magic of the framing that Java's snappy writes; the plain format has none
_XERIAL_HEADER: Final = 16  # magic and two version numbers


def _snappy(data: Bytes, out: Bytes) -> int:
    if data[: len(_XERIAL)].tobytes() != _XERIAL:
        return int(cramjam.snappy.decompress_raw_into(data.data, out.data))
    at, written = _XERIAL_HEADER, 0
    while at < len(data):
        if len(data) - at < 4:
            raise FramingError(f"snappy: {len(data) - at} bytes where the length of a block must be")
        (length,) = unpack_from(">i", data.data, at)
        at += 4
        if not 0 <= length <= len(data) - at:
            raise FramingError(f"snappy: block length {length}, of which {len(data) - at} bytes are there")
        written += int(cramjam.snappy.decompress_raw_into(data[at : at + length].data, out[written:].data))
        at += length
    return written


_INTO: Final[Mapping[int, Callable[[Any, Any], int]]] = {
    1: cramjam.gzip.decompress_into,
    2: _snappy,
    3: cramjam.lz4.decompress_into,
    4: cramjam.zstd.decompress_into,
}
# What cramjam says where the array is full, in its two wordings.
_FULL: Final = ("failed to write whole buffer", "is smaller than required")


def decompress(codec: int, data: Bytes, out: Bytes) -> int:
    """Write what `data` holds into `out`; returns how many bytes that are.

    Raises:
        FramingError: the codec is unknown, the data damaged, or `out` too small. Part of it may be written.
    """
    into = _INTO.get(codec)
    if into is None:
        raise FramingError(f"codec {codec}: 0 to {len(NAMES) - 1} are known")
    try:
        return int(into(data, out))
    except cramjam.DecompressionError as error:
        why = str(error)
        if any(words in why for words in _FULL):
            raise FramingError(
                f"{NAMES[codec]}: {len(data)} bytes hold more than {len(out)}, the most allowed"
            ) from None
        raise FramingError(f"{NAMES[codec]}: {why}") from None
