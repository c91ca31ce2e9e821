"""Where a PDF says its pages are cut: boxes, neighbors, crop marks, the page size; and where it does not say it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from reportlab.pdfgen.canvas import Canvas

from qc.geometry import Box, Size
from qc.reference.find import open_reference
from qc.reference.pdf import PdfReference
from qc.reference.pdf_boxes import BLEEDS, METRIC, NO_BLEED, STANDARD, readings
from qc.units import MM_PER_INCH

PT = 72 / MM_PER_INCH
TRIMS = {
    "6 x 9 in": (152.4, 228.6),
    "5 x 8 in": (127.0, 203.2),
    "A5": (148.0, 210.0),
    "8.5 x 8.5 in": (215.9, 215.9),
    "custom": (140.0, 200.0),
}
Margins = Callable[[int], tuple[float, float, float, float]]
Paint = Callable[[Canvas, int, Box], None]
"""Draws on a canvas with the origin at the lower left corner of the page; the box is the trim there, in points."""


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QC_CACHE", os.devnull)


def all_round(margin: float) -> Margins:
    return lambda number: (margin,) * 4


def three_sides(bleed: float) -> Margins:
    """Left, top, right and bottom of a page with its spine at the left on rectos."""
    return lambda number: (0.0, bleed, bleed, bleed) if number % 2 else (bleed, bleed, 0.0, bleed)


def nothing(canvas: Canvas, number: int, trim: Box) -> None:
    pass


def to_rim(canvas: Canvas, number: int, trim: Box) -> None:
    canvas.setFillGray(0.6)
    canvas.rect(-20, -20, 2000, 400, stroke=0, fill=1)


def marks(gap: float = 3.0, length: float = 5.0, width: float = 0.25, at: float = 0.0) -> Paint:
    """Crop marks that begin `gap` mm outside of the lines they stand for, which lie `at` mm outside of the trim."""

    def paint(canvas: Canvas, number: int, trim: Box) -> None:
        x0, y0, x1, y1 = trim[0] - at * PT, trim[1] - at * PT, trim[2] + at * PT, trim[3] + at * PT
        near, far = gap * PT, (gap + length) * PT
        canvas.setLineWidth(width)
        for x in (x0, x1):
            canvas.line(x, y0 - near, x, y0 - far)
            canvas.line(x, y1 + near, x, y1 + far)
        for y in (y0, y1):
            canvas.line(x0 - near, y, x0 - far, y)
            canvas.line(x1 + near, y, x1 + far, y)

    return paint


def draw(
    path: Path,
    trim: tuple[float, float],
    margins: Margins,
    *paints: Paint,
    pages: int = 2,
    boxed: Callable[[int], bool] = lambda number: False,
) -> Path:
    canvas = Canvas(str(path), invariant=1)
    for number in range(1, pages + 1):
        left, top, right, bottom = margins(number)
        canvas.setPageSize(((trim[0] + left + right) * PT, (trim[1] + top + bottom) * PT))
        box = (left * PT, bottom * PT, (left + trim[0]) * PT, (bottom + trim[1]) * PT)
        # A box stays for the pages that follow; one as large as the page says nothing.
        canvas.setTrimBox(box if boxed(number) else (0, 0, *canvas._pagesize))
        for line in range(20):
            canvas.drawString(box[0] + 60, box[3] - 70 - 14 * line, f"words of line {line} on page {number}")
        for paint in paints:
            canvas.saveState()
            paint(canvas, number, box)
            canvas.restoreState()
        canvas.showPage()
    canvas.save()
    return path


def opened(path: Path, **stated: object) -> PdfReference:
    reference = open_reference(path, **stated)  # type: ignore[arg-type]
    assert isinstance(reference, PdfReference)
    return reference


def off(reference: PdfReference, trim: tuple[float, float], margins: Margins) -> float:
    """How far the trim of any page is from where it was drawn, mm."""
    errors = []
    for number, box in enumerate(reference._trims, 1):
        left, top = margins(number)[:2]
        errors.append(np.abs(np.array(box) - (left, top, left + trim[0], top + trim[1])).max())
    return float(max(errors))


KINDS: dict[str, tuple[Margins, tuple[Paint, ...], bool]] = {
    "TrimBox": (all_round(10), (), True),
    "the page": (all_round(0), (), False),
    "3 mm": (all_round(3), (), False),
    "3 mm printed": (all_round(3), (to_rim,), False),
    "3.175 mm printed": (all_round(3.175), (to_rim,), False),
    "5 mm": (all_round(5), (), False),
    "5 mm printed": (all_round(5), (to_rim,), False),
    "three sides": (three_sides(3.175), (), False),
    "3 mm on three sides": (three_sides(3), (), False),
    "marks": (all_round(10), (marks(),), False),
    "fine marks": (all_round(20), (marks(2.1, 10, 0.1),), False),
    "marks of trim and bleed": (all_round(15), (marks(), marks(at=3.0)), False),
}
ASKED = {("8.5 x 8.5 in", "the page")} | {
    (trim, kind) for trim in TRIMS for kind in ("3 mm", "5 mm") if trim != "custom"
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", TRIMS)
def test_the_trim_is_right_or_asked_for(tmp_path: Path, name: str, kind: str) -> None:
    trim, (margins, paints, boxed) = TRIMS[name], KINDS[kind]
    path = draw(tmp_path / "b.pdf", trim, margins, *paints, boxed=lambda n: boxed)
    told = opened(path)
    by_itself = boxed or "marks" in kind
    assert told.trim_known == (by_itself or (name != "custom" and (name, kind) not in ASKED))
    if told.trim_known:
        assert off(told, trim, margins) < 0.05
    else:
        assert "state trim" in told.id.note
        assert [told.page(n).trim_known for n in (1, 2)] == [False, False]
    stated = opened(path, trim=f"{trim[0]} x {trim[1]} mm")
    assert stated.trim_known
    assert off(stated, trim, margins) < 0.05


def test_stating_bleed_chooses_between_readings(tmp_path: Path) -> None:
    path = draw(tmp_path / "b.pdf", (127.0, 203.2), all_round(5))
    assert off(opened(path, bleed=True), (127.0, 203.2), all_round(5)) < 0.01
    # Said to have none, although a standard trim with bleed is just as large: one of both is wrong.
    assert not opened(path, bleed=False).trim_known


def test_only_two_standard_trims_equal_another_with_bleed() -> None:
    twice = set()
    for trim in (*STANDARD, *METRIC):
        for bleed in (NO_BLEED, *BLEEDS):
            size = Size(trim.width_mm + bleed.outside + bleed.spine, trim.height_mm + 2 * bleed.ends)
            kinds = {b for _, b in readings(size)}
            assert bleed in kinds
            if len(kinds) > 1:
                twice.add((round(size.width_mm / MM_PER_INCH, 2), round(size.height_mm / MM_PER_INCH, 2)))
    assert twice == {(8.25, 8.25), (8.5, 8.5)}


@pytest.mark.parametrize(("more", "known"), [(0.08, True), (0.25, False), (1.0, False), (2.0, False)])
def test_a_bleed_is_told_only_within_a_tenth_of_a_millimeter(tmp_path: Path, more: float, known: bool) -> None:
    path = draw(tmp_path / "b.pdf", (152.4, 228.6), all_round(3.175 + more / 2), to_rim)
    assert opened(path).trim_known is known


@pytest.mark.parametrize("size", [(420, 595), (364, 562), (595, 842), (419.53, 595.28), (340.16, 538.58)])
def test_whole_points_and_millimeters_are_standard_trims(tmp_path: Path, size: tuple[float, float]) -> None:
    reference = opened(draw(tmp_path / "b.pdf", (size[0] / PT, size[1] / PT), all_round(0)))
    assert reference.trim_known
    assert reference.trim.width_mm == pytest.approx(size[0] / PT)


def test_a_trim_stated_in_inches_is_the_trade_size_in_millimeters(tmp_path: Path) -> None:
    path = draw(tmp_path / "b.pdf", (129.0, 198.0), all_round(3))
    reference = opened(path, trim="5.06 x 7.81 in")
    assert reference.trim_known
    assert off(reference, (129.0, 198.0), all_round(3)) < 0.01


class TestNeighbors:
    TRIM = (127.0, 203.2)

    def test_a_page_without_takes_the_box_of_its_neighbors(self, tmp_path: Path) -> None:
        path = draw(tmp_path / "b.pdf", self.TRIM, all_round(13), pages=6, boxed=lambda n: n not in (3, 6))
        reference = opened(path)
        assert reference.trim_known
        assert off(reference, self.TRIM, all_round(13)) < 0.01

    def test_rectos_of_rectos_and_versos_of_versos(self, tmp_path: Path) -> None:
        path = draw(tmp_path / "b.pdf", self.TRIM, three_sides(9), pages=6, boxed=lambda n: n not in (3, 6))
        reference = opened(path)
        assert off(reference, self.TRIM, three_sides(9)) < 0.01

    def test_the_other_side_tells_nothing_that_is_not_the_same_mirrored(self, tmp_path: Path) -> None:
        path = draw(tmp_path / "b.pdf", self.TRIM, three_sides(9), pages=6, boxed=lambda n: n % 2 == 1)
        assert [opened(path).page(n).trim_known for n in range(1, 7)] == [True, False] * 3
        path = draw(tmp_path / "b.pdf", self.TRIM, all_round(9), pages=6, boxed=lambda n: n % 2 == 1)
        assert off(opened(path), self.TRIM, all_round(9)) < 0.01

    def test_neighbors_that_disagree_tell_nothing(self, tmp_path: Path) -> None:
        def low(number: int) -> tuple[float, float, float, float]:
            return (9.0, 9.0, 9.0, 9.0) if number < 3 else (9.0, 12.0, 9.0, 6.0)

        path = draw(tmp_path / "b.pdf", self.TRIM, low, pages=5, boxed=lambda n: n != 3)
        assert [opened(path).page(n).trim_known for n in range(1, 6)] == [True, True, False, True, True]

    def test_a_page_of_another_size_takes_nothing(self, tmp_path: Path) -> None:
        def insert(number: int) -> tuple[float, float, float, float]:
            return (13.0, 13.0, 13.0, 13.0 if number != 2 else 20.0)

        path = draw(tmp_path / "b.pdf", self.TRIM, insert, pages=4, boxed=lambda n: n != 2)
        assert [opened(path).page(n).trim_known for n in range(1, 5)] == [True, False, True, True]
        assert opened(path).trim_known


class TestMarks:
    TRIM = (127.0, 203.2)

    def known(self, path: Path, margins: Margins, *paints: Paint, pages: int = 6, **stated: object) -> bool:
        reference = opened(draw(path / "b.pdf", self.TRIM, margins, *paints, pages=pages), **stated)
        if reference.trim_known:
            assert off(reference, self.TRIM, margins) < 0.05
        return reference.trim_known

    def test_marks_that_differ_from_recto_to_verso(self, tmp_path: Path) -> None:
        assert self.known(tmp_path, lambda n: (8.0, 10.0, 14.0, 12.0) if n % 2 else (14.0, 10.0, 8.0, 12.0), marks())

    def test_a_small_page_on_a_large_sheet(self, tmp_path: Path) -> None:
        assert self.known(tmp_path, lambda n: (41.5, 46.9, 41.5, 46.9), marks(3, 8))

    def test_print_beside_the_page_is_no_mark(self, tmp_path: Path) -> None:
        def slug(canvas: Canvas, number: int, trim: Box) -> None:
            width, height = trim[0] + trim[2], trim[1] + trim[3]
            canvas.drawString(trim[0] + 30, 8, "book-final-3.indd   14.09.26   12:11")
            for x, y in ((width / 2, 20), (width / 2, height - 20), (20, height / 2), (width - 20, height / 2)):
                canvas.circle(x, y, 6)
                canvas.line(x - 10, y, x + 10, y)
                canvas.line(x, y - 10, x, y + 10)
            for i in range(6):
                canvas.setFillGray(i / 5)
                canvas.rect(trim[0] + 40 + 14 * i, height - 30, 14, 14, fill=1)

        assert self.known(tmp_path, all_round(15), marks(), slug)

    def test_some_pages_lack_them(self, tmp_path: Path) -> None:
        def most(canvas: Canvas, number: int, trim: Box) -> None:
            if number != 5:
                marks()(canvas, number, trim)

        assert self.known(tmp_path, all_round(11), most)

    def test_marks_of_one_page_among_many_say_nothing(self, tmp_path: Path) -> None:
        def one(canvas: Canvas, number: int, trim: Box) -> None:
            if number == 1:
                marks()(canvas, number, trim)

        assert not self.known(tmp_path, all_round(11), one)

    def test_marks_of_the_bleed_alone(self, tmp_path: Path) -> None:
        assert not self.known(tmp_path, all_round(15), marks(at=3.0))
        assert self.known(tmp_path, all_round(15), marks(at=3.0), trim="5 x 8 in")

    def test_marks_are_not_drawn(self, tmp_path: Path) -> None:
        reference = opened(draw(tmp_path / "b.pdf", self.TRIM, all_round(10), marks(1.0)))
        assert reference.page(1).rgb[:30].min() == 255

    @pytest.mark.parametrize("what", ["frame", "brackets", "table"])
    def test_what_a_page_prints_is_no_mark(self, tmp_path: Path, what: str) -> None:
        def paint(canvas: Canvas, number: int, trim: Box) -> None:
            x0, y0, x1, y1 = trim[0] + 20, trim[1] + 20, trim[2] - 20, trim[3] - 20
            if what == "frame":
                canvas.rect(x0, y0, x1 - x0, y1 - y0)
            elif what == "brackets":
                for x, dx in ((x0, 25), (x1, -25)):
                    for y, dy in ((y0, 25), (y1, -25)):
                        canvas.line(x, y, x + dx, y)
                        canvas.line(x, y, x, y + dy)
            else:
                for y in np.linspace(y0, y1, 20):
                    canvas.line(x0, y, x1, y)
                for x in np.linspace(x0, x1, 6):
                    canvas.line(x, y0, x, y0 + 60)
                    canvas.line(x, y1 - 60, x, y1)

        assert self.known(tmp_path, all_round(0), paint)
