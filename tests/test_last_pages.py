"""Whole copies whose last pages are blank by order, by padding, by the imprint, or because content is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from qc.features.text import ocr
from qc.flags import Flag
from qc.judge.policy import load_policy
from qc.model import FindingOutcome, Inspection, Observation, PageKind, VerdictOutcome
from qc.pipeline import inspect_copy
from qc.reference.find import Reference, open_reference
from qc.scan.copy_folder import open_copy
from qc.synthetic import Faults, Kind, Print, Scanner, Title, draw_copy, write_title
from qc.synthetic.design import typeset

TRIM = (88.9, 127.0)
KINDS = [Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.TEXT, Kind.BLANK, Kind.BLANK]
LINES = ("Made in the USA", "Middletown, DE", "14 September 2026")
SCANNER = Scanner(dpi=150.0, backing=(0.02, 0.02, 0.02))
Inspect = Callable[..., Inspection]


@pytest.fixture(scope="module")
def title(tmp_path_factory: pytest.TempPathFactory) -> Title:
    return write_title(tmp_path_factory.mktemp("end") / "title" / "interior.pdf", KINDS, trim_mm=TRIM, seed=4)


@pytest.fixture(scope="module")
def reference(title: Title) -> Reference:
    return open_reference(title.path, trim=f"{TRIM[0]} x {TRIM[1]} mm", bleed=False)


@pytest.fixture(scope="module")
def inspected(title: Title, reference: Reference, tmp_path_factory: pytest.TempPathFactory) -> Inspect:
    drawn: dict[str, Path] = {}

    def draw_and_inspect(*, complete: bool = False, against: Reference | None = reference, **how: object) -> Inspection:
        folder = drawn.get(str(how)) or tmp_path_factory.mktemp("RMA")
        if str(how) not in drawn:
            drawn[str(how)] = folder
            draw_copy(folder, title, scanner=SCANNER, seed=3, **how)  # type: ignore[arg-type]
        copy = open_copy(folder)
        copy = replace(copy, scan=replace(copy.scan, complete=complete))
        return inspect_copy(copy, against, load_policy("kdp"))

    return draw_and_inspect


def unexplained(inspection: Inspection) -> Observation:
    (found,) = [o for o in inspection.observations if o.measure == "blank-pages-unexplained"]
    return found


def inside(inspection: Inspection) -> list[tuple[float | None, float | None, tuple[str, ...]]]:
    found = [o for o in inspection.observations if o.measure == "blank-pages-inside"]
    return [(o.value, o.u, o.flags) for o in found]


def imprint_on(page: int) -> Faults:
    return Faults(foreign={page: typeset([Kind.IMPRINT], trim_mm=TRIM, first_number=page, imprint=LINES)[0]})


def test_the_last_blanks_of_the_order_are_no_padding(inspected: Inspect) -> None:
    inspection = inspected(blanks=1, imprint=LINES)
    said = "3 blank pages at the end: 2 ordered, 1 added by the printer, with the imprint, 8 pages for 6 ordered, a multiple of 2"
    assert (unexplained(inspection).value, unexplained(inspection).detail["words"]) == (0.0, said)
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT
    assert "the 3 blank pages at the end are expected" in inspection.verdict.summary


@pytest.mark.parametrize("reader", [True, False], ids=["read", "not read"])
def test_an_imprint_may_stand_on_a_page_that_was_ordered_blank(
    inspected: Inspect, monkeypatch: pytest.MonkeyPatch, reader: bool
) -> None:
    if not reader:
        monkeypatch.setattr(ocr, "missing", lambda: "no text reader")
    inspection = inspected(faults=imprint_on(6))
    assert [p.kind for p in inspection.pages[4:]] == [PageKind.BLANK, PageKind.IMPRINT]
    said = "1 blank page at the end: ordered, with the imprint, on the 6 ordered pages"
    assert unexplained(inspection).detail["words"] == said
    assert inspection.verdict.outcome is VerdictOutcome.NO_DEFECT, inspection.verdict.summary


def test_an_imprint_is_told_without_reader_and_reference(inspected: Inspect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "missing", lambda: "no text reader")
    inspection = inspected(against=None, blanks=1, imprint=LINES)
    assert [p.kind for p in inspection.pages[3:]] == [PageKind.CONTENT] + [PageKind.BLANK] * 3 + [PageKind.IMPRINT]
    assert "as of an imprint" in inspection.pages[7].reason
    assert unexplained(inspection).flags == (Flag.NO_REFERENCE,)


def test_blank_where_content_was_ordered_is_lost_print_up_to_the_last_page(inspected: Inspect) -> None:
    lost = Print(missing=((0.0, 0.0, TRIM[0], TRIM[1]),))
    inspection = inspected(complete=True, faults=Faults(prints={4: lost}), blanks=1, imprint=LINES)
    assert inside(inspection) == [(1.0, 0.0, ())] and inspection.verdict.outcome is VerdictOutcome.DEFECT
    assert unexplained(inspection).value == 0.0


def test_fewer_blanks_than_are_lacking_are_no_lost_print_for_certain_and_half_a_leaf_is_not_missing(
    inspected: Inspect,
) -> None:
    inspection = inspected(complete=True, faults=Faults(left_out=(2, 3, 4)))
    assert set(inside(inspection)) == {(1.0, 0.0, (Flag.PLACE_UNSURE,))}
    rules = ("blank-pages-inside", "print-defect")
    blank = {(f.outcome, f.doubt) for f in inspection.findings if f.rule in rules and f.value}
    assert blank == {(FindingOutcome.UNDECIDED, ("place-unsure",))}
    # Whichever pages the blanks stand for, more are ordered with content than there are scans; but page 1 was scanned, so that
    # the other side of its leaf is not missing, and the scan is not finished.
    outside = {f.measure for f in inspection.findings if f.outcome is FindingOutcome.OUTSIDE}
    assert outside == set() and inspection.verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert inspection.verdict.rescan


def test_a_page_of_pale_tint_that_looks_blank_is_no_lost_print(tmp_path: Path) -> None:
    title = write_title(tmp_path / "t" / "interior.pdf", [Kind.TEXT, Kind.PINK_BOX, Kind.TEXT], trim_mm=TRIM, seed=4)
    reference = open_reference(title.path, trim=f"{TRIM[0]} x {TRIM[1]} mm", bleed=False)
    draw_copy(tmp_path / "RMA-1", title, scanner=SCANNER, seed=3)
    inspection = inspect_copy(open_copy(tmp_path / "RMA-1"), reference, load_policy("kdp"))
    assert inspection.pages[1].kind is not PageKind.BLANK or inside(inspection) in ([(1.0, 1.0)], [(0.0, 0.0)])
    assert inspection.verdict.outcome is not VerdictOutcome.DEFECT, inspection.verdict.summary


def test_the_imprint_and_the_padding_of_an_approved_copy_are_its_own(
    inspected: Inspect, title: Title, tmp_path: Path
) -> None:
    draw_copy(tmp_path / "approved", title, scanner=SCANNER, seed=9, blanks=1, imprint=(*LINES[:2], "02 May 2025"))
    approved = open_reference(tmp_path / "approved")
    assert (approved.id.kind, approved.pages) == ("copy", 8)
    inspection = inspected(against=approved, blanks=3, imprint=LINES)
    assert inside(inspection) == [(0.0, 0.0, ())]
    assert (unexplained(inspection).value, unexplained(inspection).detail["last"]) == (0.0, 4)
    assert inspection.verdict.outcome is not VerdictOutcome.DEFECT, inspection.verdict.summary
