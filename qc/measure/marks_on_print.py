"""Spots, smears, streaks and voids on pages with print, and whether the press made them or the scanner."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.flags import Flag
from qc.measure.registry import part
from qc.model import Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qc.features.print_marks import PrintMark
    from qc.geometry import Affine, Size
    from qc.measure.context.copy_context import CopyContext

CODES = ("spot", "smear", "streak", "void")
ALWAYS = ("spot", "streak")
"""Codes that are told of each page, with 0 where there is none."""
REPEATS = 3
SAME_MM = 0.8
"""Marks at one place of the glass, or of the sheet, scatter by less."""
APART_MM = 1.6
"""Scatter of the other place by which the two are told apart."""
MANY = 12
"""More marks on one page may be another text or picture than the reference's."""
WEIGHTS = {"text": 3.0, "picture": 2.0, "solid": 2.0, "paper": 1.0}
"""What a mark lies on, by how soon a reader sees it there: letters are read, pictures looked at. Our own order."""
IN_MARGIN, MARGIN_MM = 0.5, 12.7
"""A mark in the outer half inch, where books have no text, counts half."""


@dataclass(frozen=True)
class MarkedPage:
    """A registered page: position among the interior pages, file name and frame, its marks (None where
    they could not be looked for), page-frame mm -> scan pixels, codes of marks that were the scanner's, whether the empty
    glass was seen, and the ordered trim, where it is known."""

    position: int
    scan: tuple[str, int]
    marks: tuple[PrintMark, ...] | None
    to_scan: Affine
    dirt: tuple[str, ...] = ()
    glass_seen: bool = False
    trim: Size | None = None

    def salience(self, mark: PrintMark) -> float:
        """How soon a reader sees a mark: its diameter in mm times its contrast (1: black on white) and the weight of its place."""
        (x, y), _ = self.places_mm(mark)
        inside = self.trim is None or (
            MARGIN_MM < x < self.trim.width_mm - MARGIN_MM and MARGIN_MM < y < self.trim.height_mm - MARGIN_MM
        )
        diameter = float(np.sqrt(4 / np.pi * mark.area_mm2))
        return diameter * mark.contrast / 100 * WEIGHTS[mark.ground] * (1.0 if inside else IN_MARGIN)

    def places_mm(self, mark: PrintMark) -> tuple[tuple[float, float], tuple[float, float]]:
        """Middle of a mark on the sheet, and on the glass along the same directions."""
        x0, y0, x1, y1 = mark.box_mm
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        across, down = np.abs(self.to_scan.matrix[:, :2]).argmax(axis=0)
        at, scale = self.to_scan([middle])[0], self.to_scan.scale
        return middle, (float(at[across] / scale[0]), float(at[down] / scale[1]))


@part("print-defect")
def marks_on_print(pages: Sequence[MarkedPage]) -> Iterator[Observation]:
    """Number of marks of each code on each page.

    Parameters
    ----------
    pages : sequence of MarkedPage
        All registered pages of the copy.

    Yields
    ------
    Observation
        ``print-defect`` with the code in its detail: spots and streaks of every page, smears and voids where there are any.
        Flag ``dirt-or-ink`` where a page alone does not tell ink from dirt on the glass, a stain or a reader's mark;
        ``stain-or-ink`` where the empty glass was seen and is clean there. Streaks that repeat at one place of the sheet, on
        three pages or more, while their place on the glass moves, have neither: only a press does that. Where all marks were
        the scanner's, the value is None with the flag ``dirty-glass``.
        The detail lists of each mark its box, size, depth, area and width in mm2 and mm, contrast in L* and ground, as `PrintMark`
        has them, and how soon a reader sees it (`MarkedPage.salience`), by which they are ordered.

    Notes
    -----
    A mark is as large as a black disc of 1.2 mm at the least, a streak 50 mm long and 8 % deep (`print_marks`). The
    scanner's own are taken out before (`qc.measure.context.glass_dirt`). Where sheets
    lay at the same place of the glass, scanner and press are not told apart and a person looks. A page with more than twelve
    marks may show another text than the reference, which its flag says; the first twelve are shown.
    """
    of_press = _of_press(pages)
    for page in pages:
        where = Where(page=page.position)
        if page.marks is None:
            for code in ALWAYS:
                yield marks_on_print.observe(None, where=where, flags=(Flag.NOTHING_TO_COMPARE,), detail={"code": code})
            continue
        for code in CODES:
            numbered = [(n, m) for n, m in enumerate(page.marks) if m.code == code]
            marks = sorted((m for _, m in numbered), key=page.salience, reverse=True)
            if not marks and code not in ALWAYS and code not in page.dirt:
                continue
            shown = marks[:MANY]
            detail: dict[str, Any] = {"code": code, "boxes_mm": [[round(v, 2) for v in m.box_mm] for m in shown]}
            if marks:
                numbers = ("size_mm", "depth", "area_mm2", "width_mm", "contrast")
                detail |= {name: [round(getattr(m, name), 2) for m in shown] for name in numbers}
                detail["ground"] = [m.ground for m in shown]
                detail["salience"] = [round(page.salience(m), 2) for m in shown]
            if code in page.dirt and not marks:
                yield marks_on_print.observe(None, where=where, flags=(Flag.DIRTY_GLASS,), detail=detail)
                continue
            sure = all((page.position, n) in of_press for n, _ in numbered)
            evidence = tuple(evidence_at(page.scan, m.box_mm, page.to_scan) for m in shown)
            doubt = Flag.STAIN_OR_INK if page.glass_seen else Flag.DIRT_OR_INK
            flags = (doubt,) * (not sure) + (Flag.OTHER_CONTENT,) * (len(marks) > MANY)
            yield marks_on_print.observe(float(len(marks)), 0.0, where, flags, detail, evidence)


@marks_on_print.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    if copy.reference is None:
        return iter(())
    return marks_on_print(
        [
            MarkedPage(page.position, page.scan, seen.marks, page.to_scan, seen.dirt, seen.glass_seen, seen.trim)
            for page in copy.each_page()
            if (seen := page.page).tiles is not None and page.to_scan is not None
        ]
    )


def _of_press(pages: Sequence[MarkedPage]) -> set[tuple[int, int]]:
    """Streaks that keep their place on the sheet while it moved on the glass: position of the page and index of the mark."""
    streaks = [(p, n, m) for p in pages for n, m in enumerate(p.marks or ()) if n <= MANY and m.code == "streak"]
    places = np.array([p.places_mm(m) for p, _, m in streaks])
    kinds = np.array([(_across(m), m.depth > 0) for _, _, m in streaks])
    numbers = np.array([p.position for p, _, _ in streaks])
    result = set()
    for k, (page, index, mark) in enumerate(streaks):
        alike = (kinds == kinds[k]).all(axis=1)
        on_sheet, on_glass = places[:, 0, _across(mark)], places[:, 1, _across(mark)]
        there = alike & (np.abs(on_sheet - on_sheet[k]) < SAME_MM)
        if len(set(numbers[there])) >= REPEATS and np.ptp(on_glass[there]) > APART_MM:
            result.add((page.position, index))
    return result


def _across(streak: PrintMark) -> int:
    """The axis of the page across a streak."""
    x0, y0, x1, y1 = streak.box_mm
    return 0 if y1 - y0 > x1 - x0 else 1
