"""The pulse says whether the event loop turns."""

import asyncio

import pytest

from equipoise.streams import pulse


def test_touches_and_removes(tmp_path, monkeypatch):
    monkeypatch.setattr(pulse, "BEAT_S", 0.01)
    file = tmp_path / "pulse"

    async def watch() -> int:
        job = asyncio.create_task(pulse.beat(file))
        await asyncio.sleep(0.05)
        first = file.stat().st_mtime_ns
        await asyncio.sleep(0.05)
        later = file.stat().st_mtime_ns
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        return later - first

    assert asyncio.run(watch()) > 0
    assert not file.exists()


def test_an_unwritable_file_is_an_error(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        asyncio.run(pulse.beat(tmp_path / "nowhere" / "pulse"))
