"""The table of docs/bad-input.md names tests that are there."""

import re
from pathlib import Path

HERE = Path(__file__).parent
TEXT = (HERE.parent.parent / "docs" / "bad-input.md").read_text(encoding="utf-8")
NAMED = re.findall(r"`(test_[a-z_]+\.py)::(test_[a-z0-9_]+)`", TEXT)


def test_every_test_that_the_table_names_exists():
    assert len(NAMED) > 25
    missing = [(file, test) for file, test in NAMED if f"def {test}(" not in (HERE / file).read_text(encoding="utf-8")]
    assert missing == []
