"""Streaks along a whole page: columns or rows that differ from both their sides, wherever the reference has nothing like it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np

from qc.features.page_maps import PageMaps
from qc.features.page_tones import FEW_PX, TONES, Map, Mask, Tones
from qc.geometry import Points
from qc.stats import mad, median

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


def _blocks(tones: Tones, block: int, across: int) -> _Blocks:
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


@dataclass(frozen=True)
class Streak:
    """A line in pixels of the maps: its ends ((2, 2), x and y), the light it takes (a share of paper's; > 0: darker) from the
    `level` beside it, and its width and length."""

    ends: Points
    depth: float
    level: float
    width: float
    length: float


def leans(slope: float, rows: int) -> list[float]:
    """How far lines may lean, columns a row: those of the print not at all, those of the scanner as its columns do in the maps."""
    return sorted({0.0, slope}) if abs(slope) * rows > 1 else [0.0]


def streaks(tones: Tones, maps: PageMaps) -> Iterator[Streak]:
    """Find the streaks of a page, upright ones first."""
    per_mm = float(np.mean(maps.to_map.scale))
    block = round(BLOCK_MM * per_mm)
    for across in (0, 1):
        rows, columns = tones.copy.shape[across], tones.copy.shape[1 - across]
        if rows < 4 * block or columns < 3 * block:
            continue
        blocks = _blocks(tones, block, across)
        for lean in leans(-maps.slope if across else maps.slope, rows):
            for found in _lines(blocks.sheared(lean), per_mm, STRUCTURE[across]):
                # Straight along the columns of the sheared blocks.
                ends = found.ends + [[lean * (r - rows / 2), 0] for r in found.ends[:, 1]]
                yield replace(found, ends=ends[:, ::-1] if across else ends)


def _lines(blocks: _Blocks, per_mm: float, most_structure: float) -> Iterator[Streak]:
    """The lines along the columns."""
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
            depth, level = -float(profile[peak]), float(np.median(shown[known, peak])) - float(profile[peak])
            width = float(np.abs(profile[there]).sum()) / abs(depth)
            yield Streak(np.array([[peak, first], [peak, end]], float), depth, level, width, end - first)


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
