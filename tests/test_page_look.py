"""What lies on a nearly bare page: print, show-through, shadow, stains, blobs, streaks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from judged_alone import verdict_on

from qc.measure.marks_on_blank import marks_on_blank
from qc.model import FindingOutcome, PageKind, ScanFile, ScanSettings
from qc.normalize.ink import Ink
from qc.normalize.page_kind import Appearance
from qc.page import inspect_page
from qc.reference.find import open_reference
from qc.register.colored_print import is_black
from qc.register.page_result import PageJob, PageResult
from qc.synthetic import CREAM_PAPER, Kind, Print, Scanner, draw_scan, write_scan, write_title
from qc.synthetic import Cut as Knife
from qc.synthetic.design import typeset

TRIM = (107.95, 174.5)
SCANNER = Scanner(dpi=200.0, skew_deg=0.8)


def examined(folder: Path, kind: Kind, printed: Print | None = None, scanner: Scanner = SCANNER) -> PageResult:
    page = typeset([kind], trim_mm=TRIM, seed=3)[0]
    back = typeset([Kind.TEXT], trim_mm=TRIM, first_number=2, seed=4)[0]
    image, _ = draw_scan(page, printed or Print(), Knife(), scanner, np.random.default_rng(7), back)
    file = write_scan(folder / "p-1.jpg", image, scanner)
    return inspect_page(PageJob(1, ScanFile(file, file.name), ScanSettings()), None)


def ink_of(result: PageResult) -> Ink:
    assert result.ink is not None, result.error
    return result.ink


@pytest.mark.parametrize(
    ("printed", "scanner", "look"),
    [
        (Print(paper=CREAM_PAPER), SCANNER, Appearance.CLEAN),
        (Print(), SCANNER, Appearance.CLEAN),
        (Print(show_through=0.07), SCANNER, Appearance.CLEAN),
        (Print(paper=CREAM_PAPER, show_through=0.1), SCANNER, Appearance.CLEAN),
        (Print(show_through=0.12), SCANNER, Appearance.SHOW_THROUGH),
        (Print(show_through=0.33), SCANNER, Appearance.SHOW_THROUGH),
        (Print(paper=CREAM_PAPER, show_through=0.15), SCANNER, Appearance.SHOW_THROUGH),
        (Print(), replace(SCANNER, curl_depth=0.6, curl_mm=10.0), Appearance.SHADOW),
        (Print(), replace(SCANNER, dust=60), Appearance.DIRT),
        (Print(stains=((50.0, 80.0, 12.0, 0.35),)), SCANNER, Appearance.DIRT),
        (
            Print(stains=((50.0, 80.0, 20.0, 0.4),), spots=((52.0, 82.0, 0.3), (47.0, 76.0, 0.3))),
            SCANNER,
            Appearance.DIRT,
        ),
        (Print(show_through=0.38), SCANNER, Appearance.SHOW_THROUGH),
        (Print(show_through=0.34), replace(SCANNER, dust=90), Appearance.DIRT),
    ],
)
def test_a_blank_page_is_told_with_what_it_has_on_it(
    tmp_path: Path, printed: Print, scanner: Scanner, look: Appearance
) -> None:
    ink = ink_of(examined(tmp_path, Kind.BLANK, printed, scanner))
    assert (ink.kind, ink.look, ink.coverage) == (PageKind.BLANK, look, 0.0), ink.reason
    assert ink.reason.startswith("blank") and not ink.marks


@pytest.mark.parametrize(
    ("printed", "code", "box"),
    [
        (Print(spots=((40.0, 60.0, 4.0),)), "spot", (38.0, 58.0, 42.0, 62.0)),
        (Print(spots=((52.0, 160.0, 2.5),)), "spot", (50.75, 158.75, 53.25, 161.25)),
        (Print(lines=((70.0, 0.6, 0.7),)), "streak", (69.7, 4.0, 70.3, 170.5)),
    ],
    ids=["blob", "blob where a folio would be", "streak"],
)
def test_a_blob_or_a_streak_on_a_blank_page_is_a_defect_at_its_place(
    tmp_path: Path, printed: Print, code: str, box: tuple[float, ...]
) -> None:
    result = examined(tmp_path, Kind.BLANK, printed)
    ink = ink_of(result)
    assert (ink.kind, ink.look) == (PageKind.BLANK, Appearance.DEFECT) and "defect" in ink.reason
    (mark,) = ink.marks
    assert mark.code == code and mark.box_mm == pytest.approx(box, abs=1.5)
    (found,) = marks_on_blank(ink.marks, 1, ("p-1.jpg", 0), result.to_scan)
    assert (found.value, found.u, found.where.page, found.detail["code"]) == (1.0, 0.0, 1, code)
    assert found.flags == ("dirt-or-ink",)
    assert verdict_on(found) == (FindingOutcome.UNDECIDED, ("dirt-or-ink",))
    # No rule calls a spot a defect, doubtful or not; one that is surely a streak of ink is one.
    sure = FindingOutcome.OUTSIDE if code == "streak" else FindingOutcome.UNDECIDED
    assert verdict_on(replace(found, flags=())) == (sure, ())


@pytest.mark.parametrize(
    "kind",
    [
        Kind.IMPRINT,
        Kind.HEADING,
        Kind.ORNAMENT,
        Kind.ONE_RULE,
        Kind.PALE_RULES,
        Kind.GRAY_LINES,
        Kind.THREE_LINES,
        Kind.BLEED_BRIGHT,
    ],
)
@pytest.mark.parametrize("show_through", [0.0, 0.15])
def test_a_page_with_little_print_is_no_blank_page(tmp_path: Path, kind: Kind, show_through: float) -> None:
    ink = ink_of(examined(tmp_path, kind, Print(show_through=show_through)))
    assert ink.kind is PageKind.CONTENT and ink.coverage > 0, ink.reason


@pytest.mark.parametrize("paper", [Print().paper, CREAM_PAPER], ids=["white", "cream"])
def test_yellow_print_is_print(tmp_path: Path, paper: tuple[float, float, float]) -> None:
    ink = ink_of(examined(tmp_path, Kind.YELLOW_LINES, Print(paper=paper, show_through=0.1)))
    assert ink.kind is PageKind.CONTENT and "in color" in ink.reason


def test_what_is_black_in_the_reference_no_scan_misses(tmp_path: Path) -> None:
    kinds = [Kind.TEXT, Kind.FOLIO_ONLY, Kind.HEADING, Kind.PINK_BOX, Kind.YELLOW_LINES, Kind.BLANK]
    title = write_title(tmp_path / "interior.pdf", kinds, trim_mm=TRIM, seed=4)
    reference = open_reference(title.path, trim=f"{TRIM[0]} x {TRIM[1]} mm", bleed=False)
    assert [is_black(reference, n) for n in range(1, 7)] == [True, True, True, False, False, False]


def test_a_folio_stays_a_folio_on_a_stained_page(tmp_path: Path) -> None:
    ink = ink_of(examined(tmp_path, Kind.FOLIO_ONLY, Print(stains=((50.0, 80.0, 12.0, 0.35),), show_through=0.1)))
    assert ink.kind is PageKind.FOLIO_ONLY, ink.reason
    assert ink.print_mm is not None and ink.print_mm[1] > 0.85 * TRIM[1]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("liberty-04.tif", PageKind.CONTENT),
        ("liberty-05.tif", PageKind.CONTENT),
        ("liberty-21.tif", PageKind.BLANK),
        ("leipogrammes-12.jpg", PageKind.CONTENT),
        ("lettres-25.jpg", PageKind.CONTENT),
    ],
)
def test_real_pages_are_what_they_are(name: str, kind: PageKind) -> None:
    """Contents, a half title and a blank page of a book of 1920, and two pages of text."""
    file = Path(__file__).parent / "data" / "real" / name
    ink = ink_of(inspect_page(PageJob(1, ScanFile(file, name), ScanSettings()), None))
    assert ink.kind is kind, ink.reason
