"""Tears that run into a page from its edge, closed ones too: a thin dark line that begins at the cut, where none was ordered.

A coarse look along each cut comes first: bands parallel to it, and in each how much darker a place is than the paper close by on
both its sides. Only where a line runs through all bands, and stands out of all else along that cut, is it followed to its end.

What fools it: a hair that lies across the cut on the glass, and a crease as dark as a tear. What is ordered dark says nothing:
a tear that ends in print is shorter or longer by that, which u holds. White fibers on white paper are not seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.page_stack import Expected
from qc.edges.profiles import strip_along
from qc.edges.rim_sheet import RimSheet
from qc.geometry import SIDES, Affine, Box, Points
from qc.resample import warped
from qc.stats import median
from qc.units import px_per_mm

FIRST_MM, LAST_MM, BAND_MM = 0.5, 4.0, 0.5
"""Bands of the coarse look: the cut itself is dark, and lines of text begin further in."""
WIDE_MM = 1.4
"""What is wider is no line."""
LEAN = 1.4
"""Tangent of the most by which a tear leans."""
CAP = 0.3
"""Of the light of the paper beside: no part of a line counts for more."""
MEAN = 0.12
"""Of that light, that a tear takes in the mean. A crease of 20 levels takes 0.1."""
STANDS_OUT = 2.5
"""Against the third strongest line along the same cut: of pictures at the cut there are many."""
MOST = 4
LOOKS_MM = (12.0, 30.0, 80.0)
"""A line is followed so far, each time in the direction in which it went before."""
BESIDE_MM = 4.0
ORDERED, NEAR_PX = 0.06, 1
"""Where the order itself is darker than beside it by so much, or within so many pixels, nothing is known."""
SAME = 0.5
"""Of the strength of a line, from which what follows is still it."""
FAINT, NOISE, UNREST_MM = 0.1, 3.0, 2.0
"""Of the mean around it, from which a place counts; and how far around."""
INSIDE_MM = 0.8
UNKNOWN = -0.1
"""Of the strength, by which a way loses for each pixel of which nothing is known."""
HOLDS = 0.8
"""Of what is seen of a line must be dark."""
END_MM, U_END_MM, U_HIDDEN, U_AMONG, FAR_MM = 0.4, 0.35, 0.1, 0.22, 8.0
"""By which a tear goes on where it is too fine to be seen, u of where it ends, also as a
share of its length in print and of how far it may go on among letters, and how far print is looked at that hides the end."""
CORNER_MM, BEGIN_MM = 3.0, 2.0
"""No tear begins so near to a corner; one that begins so near to where paper is missing is part of that."""

Map = NDArray[np.float32]


@dataclass(frozen=True)
class Trace:
    """A line that runs in from a cut.

    Attributes
    ----------
    side : int
        That it begins at: left 0, top 1, right 2, bottom 3.
    path : ndarray, shape (n, 2)
        From the cut to its end, in working pixels.
    u_mm : float
        Standard uncertainty of where it ends.
    """

    side: int
    path: Points
    u_mm: float


def find_traces(sheet: RimSheet, mouths: Sequence[Box]) -> list[Trace]:
    """Lines that run in from the cuts of a sheet.

    Parameters
    ----------
    sheet : RimSheet
    mouths : sequence of tuple of float
        Boxes where the backing shows inside a cut; where no order tells a printed rule from a tear, it begins there.
    """
    if sheet.expected is None and not mouths:
        return []
    corners, found = sheet.inside(0.0), []
    for side in sheet.seen:
        for start, along in _begun(sheet, corners[list(SIDES[side])], px_per_mm(sheet.dpi[side % 2])):
            if sheet.expected is None and not any(begins_at(start, box, sheet) for box in mouths):
                continue
            trace = _followed(sheet, start, along, side, corners)
            if trace is not None:
                found.append(trace)
    return found


def begins_at(start: Points, box: Box, sheet: RimSheet) -> bool:
    """Whether a line that begins at a place in pixels comes out of a box."""
    (x, y), near = start, BEGIN_MM * sheet.scale
    return bool(box[0] - near <= x <= box[2] + near and box[1] - near <= y <= box[3] + near)


def _darker(rows: NDArray[Any], wide_px: int) -> Map:
    """By how much of the light beside it along its row a place is darker; shape of `rows`."""
    beside = cv2.morphologyEx(rows, cv2.MORPH_CLOSE, np.ones((1, wide_px), np.uint8))
    return np.asarray((beside - rows) / np.maximum(beside, 1e-3), np.float32)


def _ordered(expected: Expected | None, to_image: Affine, shape: tuple[int, int], wide_px: int) -> Map:
    """The same of what was ordered, the largest nearby; nothing where nobody says."""
    if expected is None:
        return np.zeros(shape, np.float32)
    dark = _darker(expected.strip(to_image, shape), wide_px)
    return np.asarray(cv2.dilate(dark, np.ones((2 * NEAR_PX + 1,) * 2, np.uint8)), np.float32)


def _begun(sheet: RimSheet, line: Points, scale: float) -> Iterator[tuple[Points, Points]]:
    """Where lines begin at a cut, and in which direction each goes on; in pixels."""
    first, last, wide = round(FIRST_MM * scale), round(LAST_MM * scale), round(WIDE_MM * scale) | 1
    strip, to_image = strip_along(sheet.luminance, line, last, -first)
    count, columns = round((LAST_MM - FIRST_MM) / BAND_MM), strip.shape[1]
    bands = cv2.resize(np.nan_to_num(strip, copy=False), (columns, count), interpolation=cv2.INTER_AREA)
    dark, reach = np.minimum(_darker(bands, wide), CAP), round(LEAN * BAND_MM * scale)
    left = _through(dark, reach)
    clear, apart = round(CORNER_MM * scale), count * reach + 2
    if left[clear:-clear].max() < MEAN:
        return
    ordered = _ordered(sheet.expected, to_image, strip.shape, wide)
    dark = np.maximum(dark - cv2.resize(ordered, (columns, count), interpolation=cv2.INTER_AREA), 0)
    left = _through(dark, reach)
    left[:clear] = left[-clear:] = 0
    peaks = []
    for _ in range(MOST):
        at = int(np.argmax(left))
        peaks.append((at, float(left[at])))
        left[max(at - apart, 0) : at + apart + 1] = 0
    for at, strength in peaks[:-1]:
        if strength < max(MEAN, STANDS_OUT * peaks[-1][1]):
            continue
        begin = at
        for band in dark[1:]:
            low = max(begin - reach, 0)
            begin = low + int(np.argmax(band[low : begin + reach + 1]))
        ends = to_image(np.array([[begin, last], [at, 0.5 * BAND_MM * scale]]))
        yield ends[0], (ends[1] - ends[0]) / np.hypot(*(ends[1] - ends[0]))


def _through(dark: Map, reach: int) -> Map:
    """The most that a line has in the mean that runs from the cut to each place of the innermost band, which is the first."""
    around = np.ones((1, 2 * reach + 1), np.uint8)
    score = dark[-1]
    for band in dark[-2::-1]:
        score = band + cv2.dilate(score[None], around)[0]
    return np.asarray(score / len(dark), np.float32)


def _followed(sheet: RimSheet, start: Points, along: Points, side: int, corners: Points) -> Trace | None:
    """The line followed from its beginning to its end; None where it is no tear."""
    scale, strength = sheet.scale, 2 * MEAN
    for length_mm in LOOKS_MM:
        dark, known, to_image = _patch(sheet, start, along, length_mm, corners)
        least = np.maximum(SAME * strength, NOISE * _unrest(dark, known, scale))
        gain = np.where(known, np.minimum(dark, strength) - least, UNKNOWN * strength).astype(np.float32)
        way = _way(gain, scale)
        rows = np.arange(len(way))
        on, told = dark[rows, way], known[rows, way]
        if told.sum() < scale:
            return None
        path = to_image(np.column_stack([way, rows]))
        strength = min(median(on[told]), CAP)
        along = (path[-1] - path[0]) / np.hypot(*(path[-1] - path[0]))
    if told.sum() < 2 * scale or float((on > least[rows, 0])[told].mean()) < HOLDS or float(on[told].mean()) < MEAN:
        return None
    beyond = known[len(way) : len(way) + round(FAR_MM * scale)]
    hidden_mm = _first(beyond[:, way[-1]]) / scale
    among_mm = _first(beyond[:, max(way[-1] - round(scale), 0) : way[-1] + round(scale) + 1].min(axis=1)) / scale
    path = np.vstack([path, path[-1] + (END_MM + hidden_mm / 2) * scale * along])
    # Nobody says where print lies: it may lie anywhere.
    in_print = len(told) if sheet.expected is None else int((~told).sum())
    u_mm = float(
        np.sqrt(U_END_MM**2 + hidden_mm**2 / 12 + (U_AMONG * among_mm) ** 2 + (U_HIDDEN * in_print / scale) ** 2)
    )
    return Trace(side, path, u_mm)


def _first(clear: NDArray[np.bool_]) -> int:
    """Index of the first that is clear; of none, how many there are."""
    return int(np.argmax(clear)) if clear.any() else len(clear)


def _patch(
    sheet: RimSheet, start: Points, along: Points, length_mm: float, corners: Points
) -> tuple[Map, NDArray[np.bool_], Affine]:
    """What is darker than beside it along a line (rows: along), where that is known, and the map to the image."""
    scale = sheet.scale
    half, rows, wide = round(BESIDE_MM * scale), round(length_mm * scale), round(WIDE_MM * scale) | 1
    across = np.array([-along[1], along[0]])
    to_image = Affine(np.column_stack([across, along, start - half * across]))
    light = warped(sheet.luminance, to_image, (2 * half + 1, rows), 0.0)
    dark = _darker(cv2.blur(np.asarray(light, np.float32), (1, 3)), wide)
    inside = np.zeros(dark.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.rint(to_image.inverse()(corners)).astype(np.int32), 1)
    rim = 2 * round(INSIDE_MM * scale) + 1
    inside[:] = cv2.erode(inside, np.ones((rim, rim), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=1)
    known = (inside > 0) & (_ordered(sheet.expected, to_image, (rows, 2 * half + 1), wide) < ORDERED)
    return dark, known, to_image


def _unrest(dark: Map, known: NDArray[np.bool_], scale: float) -> Map:
    """What is darker than beside it in the mean of the rows around each row, shape (rows, 1): screens, grain, art."""
    around = (1, 2 * round(UNREST_MM * scale) + 1)
    seen = cv2.blur(known.sum(axis=1, dtype=np.float32)[:, None], around)
    total = cv2.blur((np.minimum(dark, FAINT) * known).sum(axis=1)[:, None], around)
    return np.asarray(total / np.maximum(seen, 1e-3), np.float32)


def _way(gain: Map, scale: float) -> NDArray[np.intp]:
    """Column in each row of the way from the middle of the first row that gains most, as far as it gains."""
    rows, columns = gain.shape
    total = np.full((rows, columns), -np.inf, np.float32)
    middle, free = columns // 2, round(0.6 * scale)
    total[0, middle - free : middle + free + 1] = gain[0, middle - free : middle + free + 1]
    step = np.ones((1, 3), np.uint8)
    for k in range(1, rows):
        total[k] = gain[k] + cv2.dilate(total[k - 1][None], step)[0]
    end, column = np.unravel_index(int(np.argmax(total)), total.shape)
    way = [int(column)]
    for k in range(int(end) - 1, -1, -1):
        low = max(way[-1] - 1, 0)
        way.append(low + int(np.argmax(total[k, low : way[-1] + 2])))
    return np.array(way[::-1])
