"""Spots, smears, streaks and voids on pages with print, and whether the press made them or the scanner."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.flags import Flag
from qc.measure.registry import part
from qc.model import Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qc.features.print_marks import PrintMark
    from qc.geometry import Affine
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


@dataclass(frozen=True)
class MarkedPage:
    """A registered page: position among the interior pages, file name and frame, its marks (None where
    they could not be looked for), page-frame mm -> scan pixels."""

    position: int
    scan: tuple[str, int]
    marks: tuple[PrintMark, ...] | None
    to_scan: Affine

    def places_mm(self, mark: PrintMark) -> tuple[tuple[float, float], tuple[float, float]]:
        """Middle of a mark on the sheet, and on the glass along the same directions."""
        x0, y0, x1, y1 = mark.box_mm
        middle = ((x0 + x1) / 2, (y0 + y1) / 2)
        across, down = np.abs(self.to_scan.matrix[:, :2]).argmax(axis=0)
        at, scale = self.to_scan([middle])[0], self.to_scan.scale
        return middle, (float(at[across] / scale[0]), float(at[down] / scale[1]))


class _Source(Enum):
    UNKNOWN = 0
    SCANNER = 1
    PRESS = 2


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
        Flag ``dirt-or-ink`` where a page alone does not tell ink from dirt on the glass, a stain or a reader's mark. Streaks that
        repeat at one place of the sheet, on three pages or more, while their place on the glass moves, have it not: only a
        press does that. Marks that repeat at one place of the glass while the sheets moved
        are the scanner's: they are not counted, and where nothing else is left the value is None with the flag ``dirty-glass``.
        The detail lists of each mark its box, size, depth, area and width in mm2 and mm, contrast in L* and ground, as `PrintMark`
        has them.

    Notes
    -----
    A mark is as large as a black disc of 1.2 mm at the least, a streak 50 mm long and 8 % deep (`print_marks`). Where sheets
    lay at the same place of the glass, scanner and press are not told apart and a person looks. A page with more than twelve
    marks may show another text than the reference, which its flag says; the first twelve are shown.
    """
    sources = _sources(pages)
    for page in pages:
        where = Where(page=page.position)
        if page.marks is None:
            for code in ALWAYS:
                yield marks_on_print.observe(None, where=where, flags=(Flag.NOTHING_TO_COMPARE,), detail={"code": code})
            continue
        for code in CODES:
            found = [
                (m, sources.get((page.position, n), _Source.UNKNOWN))
                for n, m in enumerate(page.marks)
                if m.code == code
            ]
            mine = [(m, s) for m, s in found if s is not _Source.SCANNER]
            if not found and code not in ALWAYS:
                continue
            marks = [m for m, _ in mine]
            shown = marks[:MANY]
            detail: dict[str, Any] = {"code": code, "boxes_mm": [[round(v, 2) for v in m.box_mm] for m in shown]}
            if marks:
                numbers = ("size_mm", "depth", "area_mm2", "width_mm", "contrast")
                detail |= {name: [round(getattr(m, name), 2) for m in shown] for name in numbers}
                detail["ground"] = [m.ground for m in shown]
            if found and not mine:
                yield marks_on_print.observe(None, where=where, flags=(Flag.DIRTY_GLASS,), detail=detail)
                continue
            sure = all(s is _Source.PRESS for _, s in mine)
            evidence = tuple(evidence_at(page.scan, m.box_mm, page.to_scan) for m in shown)
            flags = (Flag.DIRT_OR_INK,) * (not sure) + (Flag.OTHER_CONTENT,) * (len(marks) > MANY)
            yield marks_on_print.observe(float(len(marks)), 0.0, where, flags, detail, evidence)


@marks_on_print.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    if copy.reference is None:
        return iter(())
    return marks_on_print(
        [
            MarkedPage(page.position, page.scan, page.page.marks, page.to_scan)
            for page in copy.each_page()
            if page.page.tiles is not None and page.to_scan is not None
        ]
    )


def _sources(pages: Sequence[MarkedPage]) -> dict[tuple[int, int], _Source]:
    """Who made each mark, by position of the page and index of the mark."""
    marks = [(p, n, m) for p in pages for n, m in enumerate(p.marks or ()) if n <= MANY]
    places = [p.places_mm(m) for p, _, m in marks]
    result = {}
    for (page, index, mark), (on_sheet, on_glass) in zip(marks, places, strict=True):
        alike = [k for k, (_, _, other) in enumerate(marks) if _alike(mark, other)]
        axes = _axes(mark)
        sheet = np.array([places[k][0] for k in alike])[:, axes]
        glass = np.array([places[k][1] for k in alike])[:, axes]
        numbers = np.array([marks[k][0].position for k in alike])
        at_glass = np.abs(glass - np.array(on_glass)[axes]).max(axis=1) < SAME_MM
        at_sheet = np.abs(sheet - np.array(on_sheet)[axes]).max(axis=1) < SAME_MM
        source = _Source.UNKNOWN
        if len(set(numbers[at_glass])) >= REPEATS and np.ptp(sheet[at_glass], axis=0).max() > APART_MM:
            source = _Source.SCANNER
        elif (
            mark.code == "streak"
            and len(set(numbers[at_sheet])) >= REPEATS
            and np.ptp(glass[at_sheet], axis=0).max() > APART_MM
        ):
            source = _Source.PRESS
        result[page.position, index] = source
    return result


def _alike(a: PrintMark, b: PrintMark) -> bool:
    return (
        (a.code == b.code or "streak" not in (a.code, b.code))
        and (a.depth > 0) == (b.depth > 0)
        and _axes(a) == _axes(b)
    )


def _axes(mark: PrintMark) -> list[int]:
    """Axes along which the place of a mark counts: across a streak, both for all else."""
    if mark.code != "streak":
        return [0, 1]
    x0, y0, x1, y1 = mark.box_mm
    return [0] if y1 - y0 > x1 - x0 else [1]
