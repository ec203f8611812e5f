"""docs/mapping.md lists every preset and every key of a mapping. (Its example runs in tests/project.)"""

import re
from pathlib import Path

from equipoise.streams.sources import mapping_file, presets
from equipoise.streams.sources.decoders import CANONICAL

TEXT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text(encoding="utf-8")


def test_every_preset_is_listed():
    assert {CANONICAL, *presets.NAMES, *presets.LIVE} <= set(re.findall(r"^\| `([a-z-]+)` \|", TEXT, re.MULTILINE))


def test_every_key_is_listed():
    listed = set(re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", TEXT, re.MULTILINE))))
    known = {*mapping_file.FILE_KEYS, *mapping_file.EVENT_KEYS, *mapping_file.ROW_KEYS}
    assert known - listed == {"event", "row"}
