"""Marks nobody ordered on a registered page: spots, smears, streaks, and voids in what is printed solid.

Page and reference are compared at 50 dpi where the reference is even (bare paper, a tint, a solid): there any change of tone is
a mark. Beside print, within about a millimeter, nothing is judged, so that neither registration nor the edges of letters count.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.page_maps import PageMaps
from qc.geometry import Affine
from qc.resample import shrunk
from qc.stats import mad, median

EVEN = 0.06
"""Largest difference of the reference's light over 1.5 mm that still is even."""
TONES = 16
FEW_PX = 200
MEDIAN_PX, LAMP_PX = 10000, 5000
"""Pixels from which a median, or a surface of six terms, gains nothing by more."""
BRIGHT = 0.75
"""The brightest even tone, on which shares of paper rest, is paper or not much darker."""
GROUND_MM = 10.0
DARK, LIGHT = 0.15, 0.2
"""Least change of light, as a share of paper's, of a pixel of a mark."""
PEAK = 0.3
OVERPRINT = 0.4
PAPER_SHARE = 0.3
SPOT_MM = 1.2
"""Diameter of the black disc that takes as much light; a speck of dust under the lid is about half a millimeter."""
SMEAR_MM = 10.0
LINE_RATIO = 6.0
BLOCK_MM = 10.0
STREAK_SHARE = 0.5
STREAK_DEPTH = 0.08
STREAK_SIGMAS = 8.0
OF_LETTERS = 0.05
"""Change of the reference from column to column that letters make."""
AGREEING = 0.8
WHOLE = 0.999
STRUCTURE = (0.25, 0.04)
"""Most that the reference may change across a streak, upright and lying: lines of text lie."""
ALONG = np.ones((1, 7), np.uint8)
BESIDE_MM = 6.0
PRINTED, LEFT, BARE = 0.12, 0.25, 0.04
LOST_MM2, LOST_MM, WORD_GAP_MM = 12.0, 8.0, 5.0
NEAR = np.ones((3, 3), np.uint8)
MOST_LAMP = 0.45
"""Log light by which bare paper may differ over a page; more is dirt or a shadow."""
LAMP_DAMPING = 1e-3
MANY = 12
"""So many marks on one page are no marks: it shows another text or picture than the reference."""

Map = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class PrintMark:
    """A mark: `code` as `print-defect` has it, its box x0, y0, x1, y1 in page-frame mm, `size_mm` (diameter of the black
    disc that takes as much light, or the length of a streak), and `depth`, the most light it takes or adds (share of paper's;
    > 0: darker)."""

    code: str
    box_mm: tuple[float, float, float, float]
    size_mm: float
    depth: float


def print_marks(maps: PageMaps, sheet_mm: tuple[float, float, float, float]) -> tuple[PrintMark, ...] | None:
    """Find the marks of a page.

    Parameters
    ----------
    maps : PageMaps
    sheet_mm : tuple of float
        Left, top, right, bottom of the sheet in page-frame mm, as far as known; what lies beyond, or within a millimeter, is
        backing or the shadow of the cut.

    Returns
    -------
    tuple of PrintMark, or None
        Streaks first, then by strength; None where the page shows too little that is even and bright to compare.

    Notes
    -----
    What fools it: dirt on the glass, a stain of the reader's and handwriting are marks as well; whether the press made one,
    no single page tells. Marks on pictures and within a millimeter of letters are not seen.
    """
    tones = _tones(maps, sheet_mm)
    if tones is None:
        return None
    return tuple(_apart([*_streaks(tones, maps), *_compact(tones, maps.to_map)])) + tuple(_lost(tones, maps.to_map))


def _apart(marks: Sequence[PrintMark]) -> list[PrintMark]:
    """The strongest of marks that overlap or, for streaks, lie closer than the neighborhood they are held against."""
    kept: list[PrintMark] = []
    for mark in sorted(marks, key=lambda m: (m.code != "streak", -m.size_mm * abs(m.depth))):
        x0, y0, x1, y1 = mark.box_mm
        rim = BESIDE_MM if mark.code == "streak" else 1.0
        if not any(
            x0 < k.box_mm[2] + rim and x1 > k.box_mm[0] - rim and y0 < k.box_mm[3] + rim and y1 > k.box_mm[1] - rim
            for k in kept
        ):
            kept.append(mark)
    return kept


@dataclass(frozen=True)
class _Tones:
    """Light as a share of paper's: `copy`, what the reference gives on it (`ordered`), and `change`, the difference less that
    of the neighborhood, where the reference is `even`; `sheet` is where the page shows."""

    copy: Map
    ordered: Map
    change: Map
    even: Mask
    sheet: Mask


def _tones(maps: PageMaps, sheet_mm: tuple[float, float, float, float]) -> _Tones | None:
    reference, light = maps.reference, maps.light / _lamp(maps)
    sheet = maps.inside & _on_sheet(maps, sheet_mm)
    flat = cv2.dilate(reference, NEAR) - cv2.erode(reference, NEAR) < EVEN
    even = (cv2.erode(flat.astype(np.uint8), NEAR) > 0) & sheet
    shares = _as_shares(reference, light, even)
    if shares is None:
        return None
    copy, ordered = shares
    change = copy - ordered
    side = round(GROUND_MM * maps.to_map.scale[0])
    ground = _mean_around(change, even, side)
    # Marks drag their neighborhood along: once more without them.
    unmarked = even & (np.abs(change - ground) < 0.1)
    if np.count_nonzero(unmarked) < np.count_nonzero(even):
        ground = _mean_around(change, unmarked, side)
    return _Tones(copy, ordered, change - ground, even, sheet)


def _lamp(maps: PageMaps) -> Map | np.float32:
    """How the light of the page's own bare paper changes over it: a quadratic surface, 1 in the mean."""
    bare = maps.tiles["bare"]
    if len(bare) < FEW_PX:
        return np.float32(1)
    bare = bare[:: 1 + len(bare) // LAMP_PX]
    rows, columns = maps.light.shape
    y, x = np.divmod(bare.astype(np.int64), columns)
    x, y = 2 * x / columns - 1.0, 2 * y / rows - 1.0
    at = np.column_stack([x, y, x * x - 1 / 3, y * y - 1 / 3, x * y])
    seen = np.log(np.maximum(maps.light.ravel()[bare], 0.02))
    kept = np.abs(seen - median(seen)) < MOST_LAMP
    # Where paper shows on a part of the page only, the surface must not run away on the rest.
    design, level = at[kept], median(seen[kept])
    damping = LAMP_DAMPING * len(design) * np.eye(design.shape[1])
    cx, cy, cxx, cyy, cxy = np.linalg.solve(design.T @ design + damping, design.T @ (seen[kept] - level))
    x, y = np.linspace(-1, 1, columns), np.linspace(-1, 1, rows)[:, None]
    across, down, product = cx * x + cxx * (x * x - 1 / 3), cy * y + cyy * (y * y - 1 / 3), cxy * y
    field = product.astype(np.float32) * x.astype(np.float32)
    field += across.astype(np.float32)
    field += down.astype(np.float32)
    return np.asarray(np.exp(field))


def _as_shares(reference: Map, light: Map, even: Mask) -> tuple[Map, Map] | None:
    """Light of the copy, and what the reference's tone gives on it, both as a share of paper's."""
    ordered, shown = reference[even], light[even]
    bins = np.minimum((ordered * TONES).astype(np.uint8), TONES)
    known = np.flatnonzero(np.bincount(bins, minlength=1) >= FEW_PX)
    if not len(known) or known[-1] < BRIGHT * TONES:
        return None
    those = [_some(np.flatnonzero(bins == k)) for k in known]
    tones, lights = ([median(v[k]) for k in those] for v in (ordered, shown))
    if tones[0] > 0.2:
        # No solid: black is taken for black.
        tones, lights = [0.0, *tones], [0.0, *lights]
    table = np.interp(np.linspace(0, 1, 257), tones, lights) / lights[-1]
    return light / np.float32(lights[-1]), table.astype(np.float32)[np.clip(reference * 256, 0, 256).astype(np.uint16)]


def _some(pixels: NDArray[np.intp]) -> NDArray[np.intp]:
    """So many of them that a median of more would be no better."""
    return pixels[:: 1 + len(pixels) // MEDIAN_PX]


def _on_sheet(maps: PageMaps, sheet_mm: tuple[float, float, float, float]) -> Mask:
    left, top, right, bottom = sheet_mm
    (x0, y0), (x1, y1) = maps.to_map([[left + 1, top + 1], [right - 1, bottom - 1]])
    rows, columns = np.arange(maps.inside.shape[0])[:, None], np.arange(maps.inside.shape[1])[None, :]
    return np.asarray((columns >= x0) & (columns <= x1) & (rows >= y0) & (rows <= y1))


def _mean_around(values: Map, mask: Mask, side_px: int) -> Map:
    """Mean of what is masked about each pixel, over twice `side_px`; at a quarter of the size, which so wide a mean bears."""
    side = (max(round(side_px / 4), 1),) * 2
    weight = mask.astype(np.float32)
    total, share = (cv2.blur(cv2.blur(shrunk(v, 4), side), side) for v in (values * weight, weight))
    return cv2.resize(total / np.maximum(share, 1e-3), values.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _compact(tones: _Tones, to_map: Affine) -> Iterator[PrintMark]:
    per_mm = float(np.mean(to_map.scale))
    back = to_map.inverse()
    dark = np.where(tones.even, -tones.change, 0)
    light = np.where(tones.even, tones.change, 0)
    # Beside and between letters, only what is far darker than anything the reference has near is a mark.
    darker = cv2.erode(cv2.blur(tones.ordered, (3, 3)), NEAR) - cv2.blur(tones.copy, (3, 3))
    over = tones.sheet & ~tones.even & (darker > OVERPRINT)
    if over.any():
        over &= cv2.blur((tones.ordered > 1 - EVEN).astype(np.float32), (15, 15)) > PAPER_SHARE
        dark[over] = darker[over]
    for depth, least, sign in ((dark, DARK, 1.0), (light, LIGHT, -1.0)):
        if not depth.max() > PEAK:
            continue
        marked = depth > least
        count, labels, stats, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
        for label in range(1, count):
            x, y, w, h = (int(v) for v in stats[label, :4])
            rows, columns = np.nonzero(labels[y : y + h, x : x + w] == label)
            depths = depth[y : y + h, x : x + w][rows, columns]
            size = float(np.sqrt(4 / np.pi * depths.sum()) / per_mm)
            if size < SPOT_MM or depths.max() < PEAK:
                continue
            _, sides, _ = cv2.minAreaRect(np.column_stack([columns, rows]).astype(np.float32))
            long, thick = max(sides) + 1, min(sides) + 1
            line = long / per_mm >= SMEAR_MM and long >= LINE_RATIO * thick
            code = "void" if sign < 0 else "streak" if line else "smear" if long / per_mm >= SMEAR_MM else "spot"
            (x0, y0), (x1, y1) = back([[x - 0.5, y - 0.5], [x + w - 0.5, y + h - 0.5]]).tolist()
            yield PrintMark(code, (x0, y0, x1, y1), long / per_mm if line else size, sign * float(depths.max()))


def _lost(tones: _Tones, to_map: Affine) -> Iterator[PrintMark]:
    """Words and lines that the reference prints, and of which the copy shows next to nothing."""
    per_mm, back = float(np.mean(to_map.scale)), to_map.inverse()
    ordered = cv2.blur(1 - tones.ordered, (3, 3))
    shown = cv2.dilate(cv2.blur(1 - tones.copy, (3, 3)), NEAR)
    lost = tones.sheet & (ordered > PRINTED) & (shown < np.maximum(LEFT * ordered, BARE))
    if np.count_nonzero(lost) < LOST_MM2 * per_mm**2:
        return
    closed = cv2.morphologyEx(
        lost.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, round(WORD_GAP_MM * per_mm) | 1), np.uint8)
    )
    count, labels, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    for label in range(1, count):
        x, y, w, h = (int(v) for v in stats[label, :4])
        here = lost[y : y + h, x : x + w] & (labels[y : y + h, x : x + w] == label)
        if here.sum() >= LOST_MM2 * per_mm**2 and max(w, h) >= LOST_MM * per_mm:
            (x0, y0), (x1, y1) = back([[x - 0.5, y - 0.5], [x + w - 0.5, y + h - 0.5]]).tolist()
            yield PrintMark(
                "missing-print", (x0, y0, x1, y1), max(w, h) / per_mm, -float(ordered[y : y + h, x : x + w].max())
            )


@dataclass(frozen=True)
class _Blocks:
    """Means over blocks of rows, shape (blocks, columns): light of the copy, what was ordered, and whether all of it is sheet.
    `rows` is the height of the map and `block` that of a block."""

    shown: Map
    tone: Map
    sheet: Map
    rows: int
    block: int

    def sheared(self, slope: float) -> _Blocks:
        """With columns that lean by `slope` made upright, about the middle row."""
        if not slope:
            return self
        size = self.shown.shape[::-1]
        lean = np.array([[1, slope * self.block, slope * (0.5 * (self.block - 1 - self.rows))], [0, 1, 0]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        shown, tone, sheet = (cv2.warpAffine(v, lean, size, flags=flags) for v in (self.shown, self.tone, self.sheet))
        return _Blocks(shown, tone, sheet, self.rows, self.block)


def _blocks(tones: _Tones, block: int, across: int) -> _Blocks:
    """Blocks of rows or, `across`, of columns."""
    rows = tones.copy.shape[across]
    n = rows // block
    size = (n, tones.copy.shape[0]) if across else (tones.copy.shape[1], n)
    cut = np.s_[:, : n * block] if across else np.s_[: n * block]
    maps = (tones.copy, tones.ordered, tones.sheet.astype(np.float32))
    means = [cv2.resize(v[cut], size, interpolation=cv2.INTER_AREA) for v in maps]
    shown, tone, sheet = (cv2.transpose(v) if across else v for v in means)
    whole = cv2.erode((sheet > WHOLE).astype(np.float32), ALONG)
    return _Blocks(shown, tone, whole, rows, block)


def _streaks(tones: _Tones, maps: PageMaps) -> Iterator[PrintMark]:
    per_mm, back = float(np.mean(maps.to_map.scale)), maps.to_map.inverse()
    block = round(BLOCK_MM * per_mm)
    for across in (0, 1):
        rows, columns = tones.copy.shape[across], tones.copy.shape[1 - across]
        if rows < 4 * block or columns < 3 * block:
            continue
        slope = -maps.slope if across else maps.slope
        leans = {0.0, slope} if abs(slope) * rows > 1 else {0.0}
        blocks = _blocks(tones, block, across)
        for lean in sorted(leans):
            for column, depth, first, last in _lines(blocks.sheared(lean), per_mm, STRUCTURE[across]):
                ends = [[column + lean * (r - rows / 2), r] for r in (first, last)]
                ends = [e[::-1] for e in ends] if across else ends
                (x0, y0), (x1, y1) = back(ends).tolist()
                box = (min(x0, x1) - 0.5, min(y0, y1) - 0.5, max(x0, x1) + 0.5, max(y0, y1) + 0.5)
                yield PrintMark("streak", box, (last - first) / per_mm, depth)


def _lines(blocks: _Blocks, per_mm: float, most_structure: float) -> Iterator[tuple[int, float, int, int]]:
    """Column, depth, first and last row of each line along the columns."""
    shown, tone, block = blocks.shown, blocks.tone, blocks.block
    n, columns = shown.shape
    # Where the reference has such lines of its own, a small error of registration looks like one.
    structure = cv2.dilate(tone, ALONG) - cv2.erode(tone, ALONG)
    valid = (blocks.sheet > 0.5) & (structure < most_structure)
    means = shown - _usual(tone, shown, valid)
    weight = valid.astype(np.float32)
    left, right = (_beside(means, weight, round(BESIDE_MM / 2 * per_mm), way) for way in (-1, 1))
    valid &= np.isfinite(left) & np.isfinite(right)
    # A line differs from both its sides; a step between two tones, or a lamp, does not.
    off_left, off_right = np.nan_to_num(means - left), np.nan_to_num(means - right)
    least = np.minimum(np.abs(off_left), np.abs(off_right))
    high = np.where(off_left * off_right > 0, np.sign(off_left) * least, 0)
    enough = valid.sum(axis=0) >= max(STREAK_SHARE * n, 4)
    if enough.sum() < block:
        return
    ranked = np.sort(np.where(valid, high, np.inf), axis=0)
    middle = ranked[np.maximum(valid.sum(axis=0) - 1, 0) // 2, np.arange(columns)]
    profile = np.where(enough, middle, 0)
    noise = mad(profile[enough])
    strong = np.abs(profile) > max(STREAK_DEPTH, STREAK_SIGMAS * noise) + _own_edges(tone, valid)
    _, labels = cv2.connectedComponents(strong.astype(np.uint8)[None, :])
    for label in range(1, int(labels.max()) + 1):
        there = np.flatnonzero(labels[0] == label)
        peak = int(there[np.argmax(np.abs(profile[there]))])
        here = high[:, peak] / profile[peak]
        known = valid[:, peak]
        if (here[known] > 0.5).mean() >= AGREEING:
            rows = np.flatnonzero(known & (here > 0.5))
            # Blocks where print hides it are passed over, at the ends as well.
            first, end = max(int(rows[0]) - 1, 0) * block, min((int(rows[-1]) + 2) * block, blocks.rows)
            yield peak, -float(profile[peak]), first, end


def _own_edges(tone: Map, valid: Mask) -> Map:
    """How much the reference itself changes across each column, block by block in the median, beyond what letters do: a line
    of its own that is off by a part of a pixel looks like a streak."""
    near = np.ones((1, 3), np.uint8)
    step = np.where(valid, cv2.dilate(tone, near) - cv2.erode(tone, near), np.inf)
    usual = np.sort(step, axis=0)[np.maximum(valid.sum(axis=0) - 1, 0) // 2, np.arange(tone.shape[1])]
    return np.asarray(np.clip(np.where(np.isfinite(usual), usual, 0) - OF_LETTERS, 0, None))


def _beside(values: Map, weight: Map, width: int, way: int) -> Map:
    """Mean of `width` columns at one side of each (way -1: left, 1: right), two columns apart; NaN where none is known."""
    sums = [
        cv2.boxFilter(v, -1, (width, 1), anchor=(0, 0), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for v in (values * weight, weight)
    ]
    first = 2 if way > 0 else -1 - width
    total, count = (np.zeros_like(v) for v in sums)
    if first > 0:
        total[:, :-first], count[:, :-first] = sums[0][:, first:], sums[1][:, first:]
    else:
        total[:, -first:], count[:, -first:] = sums[0][:, :first], sums[1][:, :first]
    return np.where(count >= width / 3, total / np.maximum(count, 1), np.nan)


def _usual(tone: Map, shown: Map, valid: Mask) -> Map:
    """What blocks of the reference's `tone` show on this page: letters print and scan darker than the tone curve tells."""
    bins = np.clip(tone * 2 * TONES, 0, 2 * TONES - 1).astype(np.uint8)
    table = (np.arange(2 * TONES) + 0.5) / (2 * TONES)
    used, values = bins[valid], shown[valid]
    for k in np.flatnonzero(np.bincount(used, minlength=1) >= FEW_PX):
        table[k] = median(values[used == k])
    return np.asarray(table[bins], np.float32)
