"""The grid to print: dots, corner markers and a check ruler, as a page at true size; and where everything is on it.

Dots of 3 mm on a 5 mm grid locate to about a micrometer at 300 dpi; a printer places them to about 0.1 %, which only the
check ruler, measured with a steel rule, takes out.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from textwrap import wrap

import cv2
import numpy as np
from numpy.typing import NDArray
from reportlab.pdfgen.canvas import Canvas

from qc.errors import UsageError
from qc.geometry import Points
from qc.units import inches, to_mm

PITCH_MM = 5.0
DOT_MM = 3.0
MARKER_MM = 14.0
MARKER_CELLS = 6
DICTIONARY = cv2.aruco.DICT_4X4_50
_BLOCK = 4
_PT_PER_MM = inches(72.0)
LETTER_MM = 1.5
"""Mean width of a letter of Helvetica at 8.5 points."""


@dataclass(frozen=True)
class Target:
    """A grid sheet; all lengths in mm from its upper left corner, x right and y down.

    Attributes
    ----------
    paper : str
    width_mm, height_mm : float
        Of the sheet.
    left_mm, top_mm : float
        Center of the first dot.
    columns, rows : int
        Of the dots, those that give way to a marker counted.
    first_id : int
        Of the four markers, upper left, upper right, lower right, lower left.
    """

    paper: str
    width_mm: float
    height_mm: float
    left_mm: float
    top_mm: float
    columns: int
    rows: int
    first_id: int

    @property
    def long_bar_mm(self) -> float:
        """Nominal length of the check bar along the height."""
        return (self.rows - 1) * PITCH_MM

    @property
    def short_bar_mm(self) -> float:
        """Nominal length of the check bar along the width."""
        return (self.columns - 1) * PITCH_MM

    @property
    def right_mm(self) -> float:
        return self.left_mm + self.short_bar_mm

    @property
    def bottom_mm(self) -> float:
        return self.top_mm + self.long_bar_mm

    @cached_property
    def dots(self) -> Points:
        """Centers of the dots, shape (n, 2), row by row."""
        row, column = np.mgrid[0 : self.rows, 0 : self.columns].reshape(2, -1)
        corner = ((row < _BLOCK) | (row >= self.rows - _BLOCK)) & (
            (column < _BLOCK) | (column >= self.columns - _BLOCK)
        )
        x, y = self.left_mm + PITCH_MM * column, self.top_mm + PITCH_MM * row
        return np.column_stack([x, y])[~corner]

    @cached_property
    def markers(self) -> dict[int, Points]:
        """Corners of each marker by its id, as `cv2.aruco` orders them, shape (4, 2)."""
        half = 0.5 * MARKER_MM
        inset = 0.5 * (_BLOCK - 1) * PITCH_MM
        x0, x1 = self.left_mm + inset, self.right_mm - inset
        y0, y1 = self.top_mm + inset, self.bottom_mm - inset
        box = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
        centers = ((x0, y0), (x1, y0), (x1, y1), (x0, y1))
        return {self.first_id + i: np.array(center) + box for i, center in enumerate(centers)}


TARGETS: dict[str, Target] = {
    "a4": Target("a4", 210.0, 297.0, 20.0, 15.0, 36, 51, 0),
    "letter": Target("letter", to_mm(8.5, "in"), to_mm(11, "in"), 20.0, 15.0, 37, 47, 4),
    # Fits the glass of an A4 or letter scanner in both directions.
    "a5": Target("a5", 148.0, 210.0, 20.0, 12.0, 23, 33, 8),
}


def target(paper: str) -> Target:
    """The sheet for a paper size, ``"a4"``, ``"letter"`` or ``"a5"``."""
    if paper not in TARGETS:
        raise UsageError(f"There is no target for the paper {paper!r}. Choose one of {', '.join(TARGETS)}.")
    return TARGETS[paper]


def target_of(marker_ids: Sequence[int]) -> Target | None:
    """The sheet that has most of these markers; None if none has one."""
    shares = {name: len(set(marker_ids) & set(t.markers)) for name, t in TARGETS.items()}
    best = max(shares, key=lambda name: shares[name])
    return TARGETS[best] if shares[best] else None


def cells(marker_id: int) -> NDArray[np.bool_]:
    """Black cells of a marker, its border included; shape (6, 6)."""
    picture = cv2.aruco.generateImageMarker(cv2.aruco.getPredefinedDictionary(DICTIONARY), marker_id, MARKER_CELLS)
    return np.asarray(np.asarray(picture) == 0)


def pdf(sheet: Target) -> bytes:
    """The sheet as a PDF page of exactly its size."""
    file = io.BytesIO()
    canvas = Canvas(file, (sheet.width_mm * _PT_PER_MM, sheet.height_mm * _PT_PER_MM), invariant=1)
    canvas.setTitle(f"qc calibration target, {sheet.paper}")
    page = _Page(canvas, sheet.height_mm)
    for x, y in sheet.dots:
        page.dot(x, y)
    for marker_id, corners in sheet.markers.items():
        _marker(page, marker_id, corners[0])
    _bar(page, (sheet.left_mm - 9.0, sheet.top_mm), sheet.long_bar_mm, down=True)
    _bar(page, (sheet.left_mm, sheet.bottom_mm + 7.0), sheet.short_bar_mm, down=False)
    room = int((sheet.width_mm - sheet.left_mm - 6.0) / LETTER_MM)
    for line, text in enumerate(row for said in _instructions(sheet) for row in wrap(said, room)):
        page.text(sheet.left_mm, sheet.bottom_mm + 17.0 + 3.8 * line, text)
    canvas.save()
    return file.getvalue()


def _instructions(sheet: Target) -> tuple[str, ...]:
    return (
        f"qc calibration target, {sheet.paper}. Print at actual size (100 %): no scaling, no fit to page, best quality.",
        f"Measure both check bars with a steel rule, end mark to end mark: left {sheet.long_bar_mm:g} mm, "
        f"below {sheet.short_bar_mm:g} mm. Note both to 0.1 mm.",
    )


@dataclass(frozen=True)
class _Page:
    """Drawing in millimeters from the upper left corner."""

    canvas: Canvas
    height_mm: float

    def dot(self, x: float, y: float) -> None:
        self.canvas.circle(x * _PT_PER_MM, (self.height_mm - y) * _PT_PER_MM, 0.5 * DOT_MM * _PT_PER_MM, 0, 1)

    def box(self, x: float, y: float, width: float, height: float) -> None:
        left, bottom = x * _PT_PER_MM, (self.height_mm - y - height) * _PT_PER_MM
        self.canvas.rect(left, bottom, width * _PT_PER_MM, height * _PT_PER_MM, 0, 1)

    def text(self, x: float, y: float, text: str, size: float = 8.5) -> None:
        self.canvas.setFont("Helvetica", size)
        self.canvas.drawString(x * _PT_PER_MM, (self.height_mm - y) * _PT_PER_MM, text)


def _marker(page: _Page, marker_id: int, corner: Points) -> None:
    side = MARKER_MM / MARKER_CELLS
    for row, column in np.argwhere(cells(marker_id)):
        # A hair wider, so that no seam shows between neighbors.
        page.box(corner[0] + column * side, corner[1] + row * side, side + 0.01, side + 0.01)


def _bar(page: _Page, start: tuple[float, float], length: float, *, down: bool) -> None:
    """A check bar with marks every 10 mm on one side and every half inch on the other; its ends are the end marks."""
    thin = 0.15

    def mark(at: float, reach: float) -> None:
        x, y = (start[0], start[1] + at) if down else (start[0] + at, start[1])
        low, size = min(0.0, reach), abs(reach)
        if down:
            page.box(x + low, y - 0.5 * thin, size, thin)
        else:
            page.box(x - 0.5 * thin, y + low, thin, size)

    x, y = start
    page.box(*((x - 0.5 * thin, y, thin, length) if down else (x, y - 0.5 * thin, length, thin)))
    for i in range(int(length / 10.0 + 1e-9) + 1):
        mark(10.0 * i, -2.0)
    half_inch = to_mm(0.5, "in")
    for i in range(int(length / half_inch + 1e-9) + 1):
        mark(half_inch * i, 2.0 if i % 2 == 0 else 1.2)
    for at in (0.0, length):
        mark(at, -3.5)
        mark(at, 3.5)
