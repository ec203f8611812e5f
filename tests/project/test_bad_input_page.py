"""The page about bad input has every cause, with the outcome that the code gives it."""

import re

import pytest

from equipoise.schemas.enums import Cause, Outcome, Reason
from equipoise.streams.accounting import outcome_of
from tests.project.layout import ROOT

TEXT = (ROOT / "docs" / "bad-input.md").read_text()
ROWS = dict(re.findall(r"^\| `([A-Z_]+)` \| ([a-z ]+) \|", TEXT, re.MULTILINE))
WORDS = {"dead letter": Outcome.DEAD, "late": Outcome.LATE, "flagged": Outcome.FLAGGED}


def test_every_cause_is_there():
    assert set(ROWS) == set(Cause.__members__)


@pytest.mark.parametrize("cause", [cause for cause in Cause if ROWS.get(cause.name) != "used"], ids=lambda c: c.name)
def test_outcomes_are_those_of_the_code(cause):
    assert WORDS[ROWS[cause.name]] == outcome_of(cause)


def test_reasons_exist():
    named = set(re.findall(r"`([A-Z_]{4,})`", TEXT)) - set(Cause.__members__)
    assert named - set(Reason.__members__) <= {"STALE"}
