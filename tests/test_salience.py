"""Marks in the order in which a reader sees them, and those that are only a note."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from qc.features.print_marks import PrintMark
from qc.geometry import Affine, Size
from qc.judge.faint import Faint, read_faint
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.judge.ranking import by_gravity
from qc.measure.details import MarksDetail
from qc.measure.marks_on_print import MarkedPage, marks_on_print
from qc.model import BookCopy, Finding, FindingOutcome, Observation, ReferenceId, VerdictOutcome

POLICIES = {name: load_policy(name) for name in ("kdp", "ingram")}
TRIM = Size(152.4, 228.6)


def mark(x: float, y: float, area_mm2: float, contrast: float, ground: str = "paper", code: str = "spot") -> PrintMark:
    return PrintMark(code, (x - 0.5, y - 0.5, x + 0.5, y + 0.5), 1.3, 0.5, area_mm2, 0.5, contrast, ground)


def page(position: int, *marks: PrintMark) -> MarkedPage:
    return MarkedPage(position, (f"p-{position}.jpg", 0), marks, Affine.scaling(11.8), trim=TRIM)


def observed(*pages: MarkedPage) -> list[Observation]:
    return [o for o in marks_on_print(pages) if o.value]


def findings(policy: str, *pages: MarkedPage) -> list[Finding]:
    copy = BookCopy("RMA-1", Path("RMA-1"), ())
    found, _ = judge(observed(*pages), POLICIES[policy], copy, (), ReferenceId("pdf"))
    return by_gravity([f for f in found if f.rule.startswith("print-defect-") and f.value])


@pytest.mark.parametrize(
    "first, second",
    [
        (mark(70, 70, 4.0, 60), mark(70, 120, 2.0, 60)),
        (mark(70, 70, 2.0, 60), mark(70, 120, 2.0, 25)),
        (mark(70, 70, 2.0, 60, "text"), mark(70, 120, 2.0, 60, "picture")),
        (mark(70, 70, 2.0, 60, "picture"), mark(70, 120, 2.0, 60)),
        (mark(70, 120, 2.0, 60), mark(6, 120, 2.0, 60)),
    ],
    ids=["size", "contrast", "text before picture", "picture before paper", "text block before margin"],
)
def test_what_a_reader_sees_first_comes_first(first: PrintMark, second: PrintMark) -> None:
    (on_one_page,) = observed(page(1, second, first))
    seen = on_one_page.detail["salience"]
    assert on_one_page.detail["boxes_mm"][0] == list(first.box_mm) and seen == sorted(seen, reverse=True)
    assert on_one_page.evidence[0].box_mm == first.box_mm
    assert [f.where.page for f in findings("kdp", page(1, second), page(2, first))] == [2, 1]


def test_one_large_mark_comes_before_many_small_ones() -> None:
    many = page(1, *(mark(40 + 8 * n, 70, 1.2, 40) for n in range(5)))
    first, second = findings("kdp", many, page(2, mark(70, 70, 30.0, 80)))
    assert (first.where.page, second.where.page) == (2, 1) and first.salience > second.salience > 0


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    "marks, severity",
    [
        ([mark(70, 70, 0.15, 60)], "note"),
        ([mark(70, 70, 3.0, 6)], "note"),
        ([mark(70, 70, 0.5, 60)], "defect"),
        ([mark(70, 70, 0.15, 60), mark(70, 110, 0.15, 60)], "note"),
        ([mark(70, 70, 0.15, 60), mark(70, 85, 0.15, 60)], "note"),
        ([mark(70, 70, 0.15, 60), mark(70, 110, 0.5, 60)], "defect"),
        ([mark(40 + 8 * n, 70, 0.15, 60) for n in range(9)], "defect"),
        ([mark(70, 70, 3.0, 6, code="smear")], "note"),
        ([mark(70, 70, 0.15, 60, "solid", "void")], "note"),
        ([mark(70, 70, 9.0, 60, "solid", "void")], "defect"),
    ],
)
def test_faint_and_tiny_marks_are_a_note_while_they_are_few(policy: str, marks: list[PrintMark], severity: str) -> None:
    (finding,) = findings(policy, page(1, *marks))
    assert (finding.severity, finding.outcome) == (severity, FindingOutcome.UNDECIDED)
    copy = BookCopy("RMA-1", Path("RMA-1"), ())
    _, verdict = judge(observed(page(1, *marks)), POLICIES[policy], copy, (), ReferenceId("pdf"))
    assert (verdict.outcome is VerdictOutcome.NEEDS_REVIEW) is (severity == "defect")


def test_three_hairlines_are_a_note_and_four_are_not() -> None:
    lines = {"code": "streak", "width_mm": [0.05] * 4, "boxes_mm": [[x, 10.0, x + 1.0, 90.0] for x in range(4)]}
    limits = POLICIES["ingram"].rule("print-defect-streak").faint
    assert limits is not None and not limits.covers(MarksDetail.read(lines))
    assert limits.covers(MarksDetail.read({k: v[:3] if isinstance(v, list) else v for k, v in lines.items()}))


@pytest.mark.parametrize("detail", [{}, {"boxes_mm": [[0, 0, 1, 1]]}, {"boxes_mm": [[0, 0, 1, 1]], "area_mm2": [0.1]}])
def test_an_observation_that_does_not_say_how_dark_its_marks_are_is_no_note(detail: dict[str, Any]) -> None:
    assert not Faint(area_mm2=0.2, contrast=10).covers(MarksDetail.read(detail))


@pytest.mark.parametrize("table", [3, {}, {"most": 3}, {"contrast": 0}, {"contrast": True}, {"size": 1.0}])
def test_a_wrong_table_says_what_to_write(table: object) -> None:
    with pytest.raises(ValueError, match=r"write a table of numbers above 0 for some of area_mm2, width_mm, contrast"):
        read_faint(table)
