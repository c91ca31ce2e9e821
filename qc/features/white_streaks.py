"""White streaks: lines along or across the page, 30 mm and longer, along which less ink was printed than ordered.

A line takes a share of the ink of all that it crosses, of letters as of solids and pictures. That share is measured: the light that
the copy has too much, weighted by the ink that was ordered, over a window of 30 mm, less the same at both sides. A look
at 50 dpi names the lines, a narrow strip at 150 dpi proves them. Lines upright on the glass are looked for as well as those along
the print: a sheet lies at a small angle, and the first kind a dirty scanner draws, the second the press.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from qc.features.fine_look import FineLook
from qc.features.page_maps import PageMaps
from qc.features.page_rest import PageRest
from qc.features.page_tones import Map, lightness
from qc.features.print_streaks import STREAK_DEPTH, Streak, leans
from qc.geometry import WORKING_DPI, Affine, Box, Points
from qc.resample import warped
from qc.stats import mad
from qc.units import px_per_mm

BLOCK_MM, WINDOWS = 10.0, (3, 9)
"""A streak may be as short as three blocks; over nine, a fine one stands out from letters better."""
SIDES_PX, STRIP_SIDES_PX = (3, 5), (5, 8)
"""Columns at each side that a line is held against: in the maps, and in a strip."""
LEAST_INK = 0.02
"""Mean square of the ordered ink over a window: letters of 9 points give 0.05."""
SUSPECT, SUSPECT_SIGMAS = 0.05, 3.2
OWN_EDGES = 0.35
"""Shift in pixels along a whole line that may be left, where the reference has edges along it."""
MOST_LINES = 2
"""Along the columns, and along the rows."""
HALF_PX, NEARBY_PX, BESIDE_PX = 24, 4, 8
"""Of a strip: columns at each side of its middle, those in which the line may lie, and those that it does not reach."""
BLUR_PX = 0.7
LEAST, STANDS_OUT = 0.12, 1.8
"""Least share of the ink that is missing in a column of 0.17 mm, and how many times that of the strongest other of the strip."""
PIECE_MM, AGREEING, WEAK = 15.0, 0.8, 0.3
"""Share of the length with ink that shows this share of the line's height at the least."""
ENDING = 0.4
SHORTEST_MM, LEAST_MM, WIDEST_MM = 27.0, 0.08, 1.5


@dataclass(frozen=True)
class _Line:
    """Ends in pixels of the maps, and how many times the least it is."""

    ends: Points
    strength: float


def white_streaks(rest: PageRest, maps: PageMaps, look: FineLook, sheet_mm: Box, paper: float) -> Iterator[Streak]:
    """Find the streaks; their depth is below 0, their ends are in pixels of the maps.

    Parameters
    ----------
    rest : PageRest
    maps : PageMaps
    look : FineLook
    sheet_mm : tuple of float
        Left, top, right, bottom of what counts, in page-frame mm.
    paper : float
        Light of bare paper.

    Notes
    -----
    A width is that of a line of bare paper that lacks as much ink; a wider one that only is paler lacks as much. What fools it: a
    line of the reference's own that the copy prints thinner.
    """
    lack, square = rest.off * rest.ink, rest.ink * rest.ink
    for across, along in enumerate((rest.across, rest.down)):
        lines = _suspected((lack, square, along * rest.ink), across, maps)
        yield from _of_lines(lines, maps, look, sheet_mm, paper)


def _of_lines(lines: Iterable[_Line], maps: PageMaps, look: FineLook, sheet_mm: Box, paper: float) -> Iterator[Streak]:
    """The streaks among the strongest lines."""
    scale = float(np.mean(maps.to_map.scale))
    looked_at: list[Points] = []
    found: list[Points] = []
    for line in sorted(lines, key=lambda s: -s.strength):
        if len(looked_at) == MOST_LINES:
            return
        # Lines of the print and of the glass cross: the one that is not there must not hide the other.
        if _near(line.ends, looked_at, SIDES_PX[0]) or _near(
            line.ends.mean(axis=0), [e.mean(axis=0) for e in found], SIDES_PX[1]
        ):
            continue
        looked_at.append(line.ends)
        streak = _proven(maps.to_map.inverse()(line.ends), look, sheet_mm, paper)
        if streak is not None:
            found.append(line.ends)
            ends = maps.to_map(streak.ends)
            yield Streak(ends, streak.depth, streak.level, streak.width * scale, streak.length * scale)


def _near(points: Points, others: Sequence[Points], within_px: float) -> bool:
    return any(np.abs(points - other).max() < within_px for other in others)


def _suspected(products: tuple[Map, Map, Map], across: int, maps: PageMaps) -> Iterator[_Line]:
    """Lines along columns, or along rows, that seem to lack ink."""
    block = round(BLOCK_MM * float(np.mean(maps.to_map.scale)))
    rows = products[0].shape[across]
    n = rows // block
    if n < WINDOWS[0]:
        return
    sums = [_blocks(v, block, across) for v in products]
    for lean in leans(-maps.slope if across else maps.slope, rows):
        shear = np.array([[1, lean * block, lean * 0.5 * (block - 1 - rows)], [0, 1, 0]])
        size = sums[0].shape[::-1]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        upright = [cv2.warpAffine(v, shear, size, flags=flags) for v in sums]
        strength = np.zeros(size[0])
        for window in WINDOWS:
            lack, ink, edges = (cv2.blur(v, (1, min(window, n)), borderType=cv2.BORDER_CONSTANT) for v in upright)
            high, known = _above_sides(lack, ink, SIDES_PX)
            if known.any():
                least = max(SUSPECT, SUSPECT_SIGMAS * mad(high[known]))
                own = OWN_EDGES * np.abs(edges) / np.maximum(ink, LEAST_INK)
                strength = np.maximum(strength, np.where(known, high / (least + own), 0).max(axis=0))
        for column in np.flatnonzero(strength > 1):
            ends = np.array([[column + lean * (r - rows / 2), r] for r in (0, rows - 1)], float)
            yield _Line(ends[:, ::-1] if across else ends, float(strength[column]))


def _blocks(values: Map, block: int, across: int) -> Map:
    """Means over blocks of rows, or of columns."""
    n = values.shape[across] // block
    if across:
        return cv2.transpose(cv2.resize(values[:, : n * block], (n, values.shape[0]), interpolation=cv2.INTER_AREA))
    return cv2.resize(values[: n * block], (values.shape[1], n), interpolation=cv2.INTER_AREA)


def _above_sides(lack: Map, ink: Map, sides_px: tuple[int, int]) -> tuple[Map, Map]:
    """By how much the share of ink that is missing in a column exceeds that at both its sides, and where that is known."""
    high, wide = np.zeros_like(lack), lack.shape[1]
    share = lack / np.maximum(ink, LEAST_INK)
    known = ink > LEAST_INK
    near, far = sides_px
    if wide <= 2 * far:
        return high, np.zeros_like(known)
    count = far - near + 1
    summed = [cv2.boxFilter(v, -1, (count, 1), anchor=(0, 0), normalize=False) for v in (lack, ink)]
    inner = np.s_[:, far : wide - far]
    sides = [[v[:, first : first + wide - 2 * far] for v in summed] for first in (0, far + near)]
    least = count * LEAST_INK / 2
    beside = np.maximum(*(a / np.maximum(b, least) for a, b in sides))
    high[inner] = share[inner] - beside
    known[inner] &= (sides[0][1] > least) & (sides[1][1] > least)
    known[:, :far] = known[:, wide - far :] = False
    return high, known


def _proven(line_mm: Points, look: FineLook, sheet_mm: Box, paper: float) -> Streak | None:
    """The streak along a line, by a strip at working resolution; in page-frame mm."""
    per_mm = px_per_mm(WORKING_DPI)
    start, way = line_mm[0], line_mm[1] - line_mm[0]
    length = round(float(np.hypot(*way)) * per_mm)
    dx, dy = way / np.hypot(*way) / per_mm
    to_mm = Affine(np.array([[dy, dx, start[0] - HALF_PX * dy], [-dx, dy, start[1] + HALF_PX * dx]]))
    size = (2 * HALF_PX + 1, length)
    scan = warped(look.image.luminance, look.to_px.after(to_mm), size) / np.float32(paper)
    meant = warped(look.page.luminance, look.page.to_px.after(to_mm), size)
    seen, meant = (cv2.GaussianBlur(v, (0, 0), BLUR_PX) for v in (scan, meant))
    off, edges = _left_of(seen, meant)
    columns, rows = np.arange(size[0], dtype=np.float32), np.arange(length, dtype=np.float32)[:, None]
    x, y = (a * columns + (b * rows + c) for a, b, c in to_mm.matrix.astype(np.float32))
    left, top, right, bottom = sheet_mm
    ink = np.where((x > left) & (x < right) & (y > top) & (y < bottom), 1 - meant, 0).astype(np.float32)
    products = off * ink, ink * ink, edges * ink
    return _streak(products, ink, to_mm, per_mm)


def _left_of(seen: Map, meant: Map) -> tuple[Map, Map]:
    """By how much a strip is lighter than its reference in its own tone, shift and blur; and the change of the latter."""
    across, down = (cv2.Sobel(meant, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    ink = 1 - meant
    planes = (np.ones_like(ink), ink, ink * ink, across, down, cv2.blur(meant, (3, 3)) - meant)
    design = np.stack([p[::3].ravel() for p in planes], axis=1).astype(float)
    off = seen - meant
    normal = design.T @ design + 1e-6 * len(design) * np.eye(len(planes))
    solved = np.linalg.solve(normal, design.T @ off[::3].ravel()).astype(np.float32)
    for part, plane in zip(solved, planes, strict=True):
        off -= part * plane
    return off, across


def _streak(products: tuple[Map, Map, Map], ink: Map, to_mm: Affine, per_mm: float) -> Streak | None:
    window, piece = (round(mm * per_mm) | 1 for mm in (WINDOWS[0] * BLOCK_MM, PIECE_MM))
    lack, square, edges = (cv2.blur(v, (1, window), borderType=cv2.BORDER_CONSTANT) for v in products)
    high, known = _above_sides(lack, square, STRIP_SIDES_PX)
    high = np.where(known, high - OWN_EDGES * np.abs(edges) / np.maximum(square, LEAST_INK), 0)
    near = np.s_[:, HALF_PX - NEARBY_PX : HALF_PX + NEARBY_PX + 1]
    row, column = divmod(int(high[near].argmax()), 2 * NEARBY_PX + 1)
    column += HALF_PX - NEARBY_PX
    peak = float(high[row, column])
    others = np.delete(high, np.s_[max(column - BESIDE_PX, 0) : column + BESIDE_PX + 1], axis=1)
    if peak < max(LEAST, STANDS_OUT * float(others.max())):
        return None
    pieces = [cv2.blur(v, (1, piece), borderType=cv2.BORDER_CONSTANT) for v in products[:2]]
    here, there = (v[:, column] for v in _above_sides(pieces[0], pieces[1], STRIP_SIDES_PX))
    first, last = _ends(here, there, row, peak)
    inside = there[first:last]
    if last - first < SHORTEST_MM * per_mm or (here[first:last][inside] > WEAK * peak).mean() < AGREEING:
        return None
    lack, square = (v[first:last].sum(axis=0) for v in products[:2])
    share = lack / np.maximum(square, 1e-3)
    beside = [np.s_[column - BESIDE_PX : column - NEARBY_PX], np.s_[column + NEARBY_PX + 1 : column + BESIDE_PX + 1]]
    level = max(float(lack[s].sum() / max(float(square[s].sum()), 1e-3)) for s in beside)
    darkness = float(square.sum() / max(float(ink[first:last].sum()), 1e-3))
    # Scans are reduced as they are encoded: in L* a fine line keeps its width.
    shown = 1 - darkness * (1 - (share - level)[column - NEARBY_PX : column + NEARBY_PX + 1])
    light, beside_it = lightness(np.clip(shown, 0, None)), float(lightness(np.array([1 - darkness]))[0])
    width = float((light - beside_it).sum()) / (100 - beside_it) / per_mm
    depth = float(share[column] - level) * darkness
    if depth < STREAK_DEPTH or not LEAST_MM <= width <= WIDEST_MM:
        return None
    ends = to_mm([[column, first], [column, last]])
    return Streak(ends, -depth, 1 - darkness, width, (last - first) / per_mm)


def _ends(high: Map, known: Map, row: int, peak: float) -> tuple[int, int]:
    """First and last row, about a row, between which a line keeps half of its height wherever there is ink."""
    lost = np.flatnonzero(known & (high < ENDING * peak))
    below, above = lost[lost < row], lost[lost > row]
    first, last = int(below[-1]) + 1 if len(below) else 0, int(above[0]) if len(above) else len(high)
    inked = np.flatnonzero(known[first:last])
    return (first + int(inked[0]), first + int(inked[-1]) + 1) if len(inked) else (row, row)
