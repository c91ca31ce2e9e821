"""What a drawn PDF page tells of its trim: the crop marks around it, and print that runs to its rim."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Box, Size
from qc.reference.pdf_boxes import EXACT_MM, NO_BLEED, centered, told_by_size
from qc.scan.pdfium import PdfPage
from qc.units import px_per_mm

MARKS_DPI = 300.0
"""A hairline is then drawn one pixel wide, 0.04 mm off at most."""
LEAST_MM = 2.5
"""Shortest mark: letters of what is printed beside a page have shorter strokes."""
THICK_MM = 0.5
CLEAR_MM = 0.7
"""White on both sides of a mark along its whole length."""
INK = 200
BARE = 252
"""Gray from which on nothing is printed."""
SAME_MM = 0.12
"""By which the marks of one trim line may differ: a pixel and a half."""
SLUG_SHARE = 0.4
"""Share of the page that may lie outside the trim on one side: a small page on a large sheet."""
LARGEST_MM = 600.0
"""Side of a sheet that is looked at: a larger one is no page of a book with its slug, and takes much memory to draw."""
MOST_LINES = 12
"""So many thin lines near one side of a page are a table or a drawing."""
RIM_DPI = 72.0
RIM_MM = 0.7
BLEEDING_MM = 10.0
"""Length of rim that what bleeds covers at least: a mark ends at the rim, too."""


@dataclass(frozen=True)
class Marks:
    """Displayed-page mm: the trim, and how far around it a page shows no mark."""

    trim: Box
    clear_mm: float


@dataclass(frozen=True)
class _Line:
    """A thin line across a side of the page: where it stands along that side, and from and to where it runs, in mm."""

    at: float
    start: float
    end: float


def crop_marks(gray: NDArray[np.uint8]) -> Marks | None:
    """The trim that crop marks show; None where a page has none.

    Parameters
    ----------
    gray : ndarray, shape (h, w), uint8
        The whole page as displayed, at `MARKS_DPI`.

    Notes
    -----
    Two marks stand for each trim line, one at either end of it, and all eight lie outside the trim. Of several such
    frames, marks of the bleed among them, the innermost is the trim. A frame drawn around a page is none, as its lines
    do not end outside of it. What fools it: marks of the bleed alone.
    """
    left, right = _trim_lines(gray)
    top, bottom = _trim_lines(np.ascontiguousarray(gray.T))
    best: Marks | None = None
    for (x0, across0), (x1, across1), (y0, down0), (y1, down1) in product(left, right, top, bottom):
        vertical, horizontal = (*across0, *across1), (*down0, *down1)
        gaps = [*_gaps(vertical, y0, y1), *_gaps(horizontal, x0, x1)]
        if min(gaps) < -SAME_MM:
            continue
        if best is None or (x1 - x0) * (y1 - y0) < _area(best.trim):
            best = Marks((x0, y0, x1, y1), max(min(gaps), 0.0))
    return best


def prints_to_rim(gray: NDArray[np.uint8]) -> bool:
    """Whether print runs to the rim of a page, drawn whole at `RIM_DPI`."""
    depth, length = round(RIM_MM * px_per_mm(RIM_DPI)), round(BLEEDING_MM * px_per_mm(RIM_DPI))
    for side in range(4):
        # The outermost pixel may lie half outside of the page.
        rim = np.rot90(gray, side)[1 : 1 + depth].max(axis=0)
        inked = (rim < BARE).astype(np.uint8)[None, :]
        if cv2.erode(inked, np.ones((1, length), np.uint8), borderValue=0).any():
            return True
    return False


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _gaps(lines: Sequence[_Line], near: float, far: float) -> Iterator[float]:
    """How far outside of `near` and `far` the first and the second of each two lines end."""
    for i, line in enumerate(lines):
        yield near - line.end if i % 2 == 0 else line.start - far


def _trim_lines(
    gray: NDArray[np.uint8],
) -> tuple[list[tuple[float, tuple[_Line, _Line]]], list[tuple[float, tuple[_Line, _Line]]]]:
    """Upright lines at head and foot of a page that stand at one x: those in its left and those in its right part."""
    height, width = (n / px_per_mm(MARKS_DPI) for n in gray.shape)
    head, foot = (
        _upright_lines(gray),
        [_Line(line.at, height - line.end, height - line.start) for line in _upright_lines(gray[::-1])],
    )
    if max(len(head), len(foot)) > MOST_LINES:
        return [], []
    pairs = [((a.at + b.at) / 2, (a, b)) for a in head for b in foot if abs(a.at - b.at) <= SAME_MM]
    return (
        [p for p in pairs if p[0] < SLUG_SHARE * width],
        [p for p in pairs if p[0] > (1 - SLUG_SHARE) * width],
    )


def _upright_lines(gray: NDArray[np.uint8]) -> list[_Line]:
    """Thin upright lines that stand free at the head of a page and end there."""
    scale = px_per_mm(MARKS_DPI)
    strip = gray[: round(SLUG_SHARE * gray.shape[0])]
    ink = (strip < INK).astype(np.uint8)
    upright = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((round(LEAST_MM * scale), 1), np.uint8))
    _, _, boxes, centers = cv2.connectedComponentsWithStats(upright)
    lines = []
    for (x, y, w, h, _), (middle, _) in zip(boxes[1:], centers[1:], strict=True):
        beside = round(CLEAR_MM * scale)
        around = ink[y : y + h, max(x - beside, 0) : x + w + beside].sum()
        thin = w <= THICK_MM * scale and around == ink[y : y + h, x : x + w].sum()
        if thin and y + h < strip.shape[0]:
            lines.append(_Line((middle + 0.5) / scale, y / scale, (y + h) / scale))
    return lines


def marked_sample(pages: Sequence[PdfPage]) -> list[int]:
    """Numbers of the pages to search for crop marks.

    Of each size without a TrimBox and each side, the first, the middle and the last.
    """
    return sorted({n for group in _groups(pages) for n in (group[0], group[len(group) // 2], group[-1])})


def with_marks(
    pages: Sequence[PdfPage], marks: Mapping[int, Marks | None], stated: Size | None
) -> tuple[list[PdfPage], frozenset[int]]:
    """The pages, those without a TrimBox with the trim that the crop marks of pages of their size and side show.

    Returns
    -------
    pages : list of PdfPage
    unsure : frozenset of int
        Numbers of pages whose marks do not agree, that half of the sample do not have, or that may be those of the bleed.
    """
    result, unsure = list(pages), set()
    for group in _groups(pages):
        sample = [marks[n] for n in group if n in marks]
        seen = [m for m in sample if m is not None]
        if not seen:
            continue
        boxes = np.array([m.trim for m in seen])
        x0, y0, x1, y1 = (float(v) for v in np.median(boxes, axis=0))
        frame = (x0, y0, x1, y1)
        few = stated is None and 2 * len(seen) <= len(sample)
        of_bleed = stated is None and told_by_size(Size(x1 - x0, y1 - y0), None) not in (NO_BLEED, None)
        if few or of_bleed or np.abs(boxes - np.array(frame)).max() > EXACT_MM:
            unsure |= set(group)
            continue
        box = frame if stated is None else centered(frame, stated)
        clear = min(m.clear_mm for m in seen)
        inked = (x0 - clear, y0 - clear, x1 + clear, y1 + clear)
        for number in group:
            result[number - 1] = replace(pages[number - 1], trim=box, inked=inked)
    return result, frozenset(unsure)


def _groups(pages: Sequence[PdfPage]) -> list[list[int]]:
    """Numbers of the pages without a TrimBox, by their size and side."""
    groups: dict[tuple[float, float, int], list[int]] = {}
    for number, page in enumerate(pages, 1):
        if page.trim is None and max(page.width_mm, page.height_mm) <= LARGEST_MM:
            groups.setdefault((round(page.width_mm, 1), round(page.height_mm, 1), number % 2), []).append(number)
    return list(groups.values())
