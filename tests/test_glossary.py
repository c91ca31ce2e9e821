"""Every word that a report or a record uses is explained, and docs/glossary.md says the same."""

import re
from pathlib import Path

import pytest

from qc.flags import Flag
from qc.judge.policy import load_policy, shipped
from qc.measure import MEASURES
from qc.model import FindingOutcome, VerdictOutcome
from qc.report.glossary import glossary, plain_texts
from qc.report.page_of_words import markdown
from qc.report.words import LOST, OUTCOME, REASON, UNIT, VERDICT

CODES = sorted({rule.code for policy in map(load_policy, shipped()) for rule in policy.rules if rule.code})


@pytest.mark.parametrize(
    "name", [*MEASURES, *CODES, *Flag, *VerdictOutcome, *VERDICT.values(), *FindingOutcome, *REASON, *"uU"]
)
def test_every_word_is_known(name: str) -> None:
    assert plain_texts(name), name


@pytest.mark.parametrize(
    "printed",
    [
        *("ticket", "decision", "left over", "too deep", "gutter", LOST, "expected variance", "stale revision"),
        *OUTCOME.values(),
        *REASON.values(),
        *UNIT.values(),
        *(m.name for m in MEASURES.values()),
        *(noun for m in MEASURES.values() for noun in m.codes.values()),
    ],
)
def test_every_word_is_known_as_it_is_printed(printed: str) -> None:
    assert plain_texts(printed), printed


def test_every_text_is_plain_and_short() -> None:
    for texts in glossary().values():
        for word, text in texts.items():
            assert text[0].isupper() or text[0] in "ΔL", word
            assert text.endswith("."), word
            assert len(text.split()) <= 80, word
            assert all(len(re.findall(r"\S+", sentence)) <= 32 for sentence in text.split(". ")), word


def test_no_measure_is_explained_that_is_gone() -> None:
    assert glossary()["measures"].keys() <= MEASURES.keys()


def test_the_page_is_made_from_the_same_words() -> None:
    page = Path(__file__).parents[1] / "docs" / "glossary.md"
    assert page.read_text("utf-8") == markdown(), "write it anew: python -m qc.report.page_of_words > docs/glossary.md"
