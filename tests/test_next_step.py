"""Under each verdict stands what to do next: only what can change or settle the matter."""

import re
from dataclasses import replace
from datetime import date

import pytest
from inspection_example import example, sound, unseen

from qc.flags import Flag
from qc.judge import next_step as texts
from qc.judge.next_step import next_step
from qc.judge.policy import load_policy
from qc.judge.settle import SETTLES
from qc.model import Claim, Finding, FindingOutcome, Inspection, Reason, Refund, Rescan, VerdictOutcome, Where
from qc.report import words

ALL = [
    *texts.DOUBTS.values(),
    *texts.FOUND.values(),
    texts.ELSE,
    texts.REVISION,
    texts.TRIM,
    texts.WHICH,
    texts.AS_SAID,
]


def review(*open_: Finding, rescan: tuple[Rescan, ...] = (), claim: Claim = Claim(), code: str = "") -> Inspection:  # noqa: B008
    """The example, with these findings undecided."""
    made = example()
    codes = (Reason("needs-review", "", ""), *([Reason(code, "", "")] if code else []))
    return replace(
        made,
        findings=open_,
        verdict=replace(made.verdict, outcome=VerdictOutcome.NEEDS_REVIEW, rescan=rescan),
        refund=Refund("review", "review", codes),
        copy=replace(made.copy, claim=claim),
    )


def undecided(measure: str, page: int | None = None, *doubt: str) -> Finding:
    found = replace(example().findings[0], measure=measure, rule=measure, code=None, value=1.0, where=Where(page=page))
    return replace(found, outcome=FindingOutcome.UNDECIDED, severity="defect", doubt=doubt, outside="never")


def test_what_stands_needs_no_scan() -> None:
    assert (
        next_step(example())
        == "Refund: copy the ticket of the report into the refund system. Nothing more has to be scanned."
    )
    assert (
        next_step(sound())
        == "No refund: answer the author with the ticket of the report. Nothing more has to be scanned."
    )
    away = replace(example(), refund=Refund("not-eligible", "returns-center", (Reason("wrong-item", "", ""),)))
    assert next_step(away).startswith("Send the copy to the returns center")


def test_scans_are_made_where_they_settle_it() -> None:
    assert next_step(unseen()) == "Make the listed scans, then inspect again."
    open_ = undecided("print-defect", 7, "dirt-or-ink")
    assert next_step(review(open_, rescan=example().verdict.rescan)) == next_step(unseen())
    said = next_step(review(undecided("print-defect", 7, "few-words"), rescan=example().verdict.rescan))
    assert said.startswith("Look at page 7") and said.endswith(" The listed scans settle other findings.")


@pytest.mark.parametrize(
    ("open_", "said"),
    [
        (undecided("pages-foreign", 12), "Look at page 12 in the book. Text of another book: refund."),
        (
            undecided("print-defect", 7, "few-words"),
            "Look at page 7 in the book: refund if it lacks print",
        ),
        (undecided("cover-identity", None), "Hold the cover beside the ordered one"),
        (undecided("trim-offset-block", None, "trim-not-stated"), "Find out the ordered trim size"),
        (undecided("color-defect", 9), "Look at page 9 in the book: refund if it is so"),
    ],
)
def test_a_person_is_told_where_to_look_and_what_it_means(open_: Finding, said: str) -> None:
    assert next_step(review(open_)).startswith(said)
    assert "other findings" not in next_step(review(open_))
    assert next_step(review(open_, undecided("print-defect", 3))).endswith(" Look at the other findings, too.")


def test_claims_are_settled_by_what_they_lack() -> None:
    missing = replace(
        sound(), refund=Refund("review", "review", (Reason("lost", "", ""), Reason("needs-review", "", "")))
    )
    missing = replace(missing, copy=replace(missing.copy, claim=Claim(reason="lost")))
    assert next_step(missing).startswith("Find out the date")
    older = review(claim=Claim(content_updated_on=date(2026, 9, 20)), code="stale-revision")
    assert "before 2026-09-20, do not refund" in next_step(older)
    assert "returns center" in next_step(review(code="wrong-item"))
    damaged = replace(sound(), refund=Refund("review", "refund", (Reason("damaged", "", ""),)))
    assert next_step(damaged).startswith("Look at the copy itself")


def test_without_a_reference_the_book_is_asked_for() -> None:
    made = replace(unseen(), reference=replace(unseen().reference, kind="none"))
    made = replace(made, verdict=replace(made.verdict, rescan=()))
    assert next_step(made) == texts.AS_SAID
    made = replace(made, copy=replace(made.copy, isbn=None))
    assert "--reference" in next_step(made) and "ISBN" in next_step(made)


def test_every_doubt_of_a_policy_is_settled_by_a_scan_or_by_a_look() -> None:
    rules = [rule for name in ("kdp", "ingram") for rule in load_policy(name).rules if rule.measure not in texts.FOUND]
    assert {str(Flag(d)) for rule in rules for d in rule.doubt} <= {*texts.DOUBTS, *SETTLES}


@pytest.mark.parametrize("said", ALL)
def test_a_step_is_plain(said: str) -> None:
    assert said.endswith(".") and all(len(s.split()) <= 25 for s in re.split(r"(?<=\.)\s", said))


def test_a_lost_copy_is_called_so() -> None:
    lost = replace(unseen().copy, claim=Claim(reason="lost"), scans=())
    assert words.headline(replace(unseen(), copy=lost)) == "LOST COPY"
    assert words.headline(unseen()) == "NO EVIDENCE"
