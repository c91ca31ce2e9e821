"""Creases of the paper: straight ridges, darker or lighter than what is on both sides of them, where the reference is even.

A coarse look sums strips of 16 mm along lines of all directions (a discrete Radon transform); the strongest are then followed at
50 dpi. A single page does not tell a crease from a scratch on the glass: what the other side of the leaf does not show is none.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.paper_tone import PaperTone
from qc.geometry import pixel_scaling
from qc.resample import shrunk

EACH = 2
"""Leans that are looked at: a ridge is as wide."""
STRIP = 16
"""Pixels, of a millimeter, that a line is summed over first."""
GROUND_PX = 11
MOST_LEVELS = 8.0
"""What differs more from what is around it counts as so much: a speck is no line."""
LEAST_SHARE = 0.12
"""So much of a line, and of what is beside it, must be even."""
STRONG = 4.0
"""Strips that stand out by so many times what strips of their lean usually do are followed."""
CONTINUED = 0.7
"""Share of what goes on from its ends that counts with a strip."""
FOLLOWED = 4
FIRST_PX, FAR_PX = 90, 10000
"""So far from a strip it is followed first."""
APART_MM = 3.0
BLOCK_PX = 6
INNER, OUTER = 2, 4
"""A ridge and its blur lie within two pixels of its line; what it is held against lies from four to six pixels off."""
REACH = 18
ACROSS = np.arange(-REACH, REACH + 1)
NEAR = np.abs(ACROSS) <= 6
RISEN = 0.4
"""A block, or a quarter of the length, agrees that rises by this share of the usual."""
STANDS_OUT = 3.0
"""Times the usual of lines along it, 4 to 9 mm off."""
ALIKE = 24.0
"""Levels by which the reference may change across the line, in the mean along it."""
STRIP_ALIKE = 36.0
"""The same of a strip, which crosses fewer lines of text."""
LEAST_MM = 27.0
LEAST_DEPTH = 1.2
"""Levels times mm: six levels over a fifth of a millimeter, which is what the eye sees of a sharp fold."""

Map = NDArray[Any]
Point = tuple[float, float]


@dataclass(frozen=True)
class Ridge:
    """A straight ridge: both ends, and the middles of the parts of it that were seen, in page-frame mm; its depth in levels of gray
    times mm of its width (> 0: lighter)."""

    ends_mm: tuple[Point, Point]
    seen_mm: tuple[Point, ...]
    depth: float

    @property
    def length_mm(self) -> float:
        (x0, y0), (x1, y1) = self.ends_mm
        return float(np.hypot(x1 - x0, y1 - y0))


def find_ridges(paper: PaperTone) -> tuple[Ridge, ...]:
    """Straight ridges of 30 mm or more.

    Parameters
    ----------
    paper : PaperTone

    Returns
    -------
    tuple of Ridge

    Notes
    -----
    What fools it: streaks and scratches of the scanner, hairs, handwriting along a ruler, lines that show through. Lines along
    print, beside or between it, are passed over, since print that lies a little off its place, and its halo, look like them.
    Through text a ridge is followed where it crosses the gaps.
    """
    even = paper.even.astype(np.float32)
    total, share = (cv2.blur(v, (GROUND_PX, GROUND_PX)) for v in (paper.change * even, even))
    change = np.clip((paper.change - total / np.maximum(share, 0.02)) * even, -MOST_LEVELS, MOST_LEVELS)
    printed = 255 - paper.ordered
    strips = _strips(change, even, printed)
    if not len(strips):
        return ()
    maps = cv2.merge([change, even, printed])
    found: list[Ridge] = []
    lines: list[Map] = []
    for _ in range(FOLLOWED):
        if not len(strips):
            break
        ridge, line = _followed(maps, paper, strips[0])
        if ridge is not None and not any(_along(line[None], other, paper.per_mm)[0] for other in lines):
            found.append(ridge)
            lines.append(line)
        strips = strips[1:][~_along(strips[1:], line, paper.per_mm)]
    return tuple(found)


def _strips(change: Map, even: Map, printed: Map) -> Map:
    """Both ends of the strips that stand out most, in pixels of `change`, the strongest first: shape (n, 2, 2)."""
    coarse = [shrunk(v, 2) for v in (change, even, printed)]
    strength, ends = [np.zeros(0)], [np.zeros((0, 2, 2))]
    for across in (False, True):
        views = [v.T if across else v for v in coarse]
        height, columns = len(views[0]) // STRIP * STRIP, views[0].shape[1]
        sums = _leaning_sums(np.stack([w[:height, ::step] for step in (1, -1) for w in views]))
        for maps, step in ((sums[:3], 1), (sums[3:], -1)):
            high = _outstanding(*maps[:, ::EACH])
            strong = np.flatnonzero(high > STRONG)
            strong = strong[np.argsort(-high.ravel()[strong])[:40]]
            lean, strip, column = np.unravel_index(strong, high.shape)
            x, y = np.stack([column, column + EACH * lean], 1), np.stack([strip * STRIP, (strip + 1) * STRIP - 1], 1)
            x = x if step > 0 else columns - 1 - x
            strength.append(high.ravel()[strong])
            ends.append(np.stack([y, x] if across else [x, y], 2).astype(float))
    ranked = np.concatenate(ends)[np.argsort(-np.concatenate(strength))]
    return pixel_scaling(0.5, 0.5).inverse()(ranked.reshape(-1, 2)).reshape(-1, 2, 2)


def _leaning_sums(rows: Map) -> Map:
    """Sums over strips of rows along lines that lean right by 0 to `STRIP` - 1 columns.

    Maps of shape (maps, strips * `STRIP`, columns) give (maps, leans, strips, columns).
    """
    sums, columns, height = rows[:, None], rows.shape[2], 1
    while height < STRIP:
        top, foot = sums[:, :, 0::2], sums[:, :, 1::2]
        sums = np.repeat(top, 2, axis=1)
        for lean in range(2 * height):
            shift = (lean + 1) // 2
            sums[:, lean, :, : columns - shift] += foot[:, lean // 2, :, shift:]
        height *= 2
    return sums


def _outstanding(levels: Map, share: Map, printed: Map) -> Map:
    """By how much each strip stands above, or below, those three to four columns off at both sides, in terms of what strips near it
    do; 0 where the reference is not alike across it."""
    shape, flat = levels.shape, (-1, levels.shape[2])
    levels, share, printed = (np.ascontiguousarray(v).reshape(flat) for v in (levels, share, printed))
    levels, share = cv2.blur(levels, (3, 1)), cv2.blur(share, (3, 1))
    alike = (
        cv2.dilate(printed, np.ones((1, 5), np.uint8)) - cv2.erode(printed, np.ones((1, 5), np.uint8))
        < STRIP_ALIKE * STRIP
    )
    mean, sure = levels / np.maximum(share, 0.05), share > LEAST_SHARE * STRIP
    over_left, over_right = mean[:, 3:-3] - mean[:, :-6], mean[:, 3:-3] - mean[:, 6:]
    known = sure[:, 3:-3] & sure[:, :-6] & sure[:, 6:] & alike[:, 3:-3] & (over_left * over_right > 0)
    high = np.zeros_like(mean)
    rise = np.sign(over_left) * np.minimum(np.abs(over_left), np.abs(over_right))
    high[:, 3:-3] = rise * known * np.sqrt(share[:, 3:-3])
    square = high * high
    beside = (31 * cv2.blur(square, (31, 1)) - 9 * cv2.blur(square, (9, 1))) / 22
    return _continued((high / np.sqrt(np.maximum(beside, 0) + square.mean() + 1e-6)).reshape(shape))


def _continued(high: Map) -> Map:
    """Of strips that are high or low, how much so together with what goes on from their ends alike."""
    leans, _, columns = high.shape
    alike = np.maximum(np.stack([high, -high]), 0)
    near = cv2.dilate(alike.reshape(-1, columns), np.ones((1, 3), np.uint8)).reshape(alike.shape)
    result = alike.copy()
    for lean in range(leans):
        shift = round(lean * EACH * (STRIP + 1) / STRIP)
        result[:, lean, :-1, : columns - shift] += CONTINUED * near[:, lean, 1:, shift:]
        result[:, lean, 1:, shift:] += CONTINUED * near[:, lean, :-1, : columns - shift]
    return np.asarray((result * (alike > 0)).max(axis=0))


def _along(ends: Map, line: Map, per_mm: float) -> NDArray[np.bool_]:
    """Of strips, shape (n, 2, 2), whether both ends lie near a line through two points."""
    start, along = line[0], line[1] - line[0]
    off = (ends - start) @ np.array([-along[1], along[0]]) / np.hypot(*along)
    return np.asarray(np.abs(off).max(axis=1) < APART_MM * per_mm)


def _followed(maps: Map, paper: PaperTone, ends: Map) -> tuple[Ridge | None, Map]:
    """The ridge of which a strip between two points is a part, or None; and the line that was looked along."""
    for least_mm in (0.5 * LEAST_MM, 0.8 * LEAST_MM):
        line = _sampled(maps, ends, ACROSS[NEAR], FIRST_PX)
        run = line.run()
        if run is None or (run.stop - run.start) * BLOCK_PX < least_mm * paper.per_mm:
            return None, ends
        if abs(line.rise(run)) < LEAST_DEPTH / 2 * paper.per_mm:
            return None, ends
        ends = line.fitted(run)
    line = _sampled(maps, ends, ACROSS, FAR_PX)
    run = line.run()
    if run is None or not line.holds(run, paper.per_mm):
        return None, ends
    seen = run.start + np.flatnonzero(line.weight[run] > 0)
    first, last, *places = paper.to_mm(line.at(np.array([run.start, run.stop, *(seen + 0.5)]))).tolist()
    depth = float(line.ridges(run)[REACH]) / paper.per_mm
    return Ridge((tuple(first), tuple(last)), tuple((x, y) for x, y in places), depth), ends


@dataclass(frozen=True)
class _Line:
    """Blocks along a line through a page, by their distance across it: sums of its change, how much of that is even, and how dark
    the reference is; by block how much it rises above its sides, and how sure that is."""

    start: Map
    along: Map
    levels: Map
    even: Map
    printed: Map
    seed: int
    high: Map
    weight: Map

    def at(self, blocks: Map) -> Map:
        """Points on the line."""
        return np.asarray(self.start + blocks[:, None] * BLOCK_PX * self.along)

    def run(self) -> slice | None:
        """The stretch of blocks about the seed that rise alike: those that do not count against it."""
        near = slice(max(self.seed - 3, 0), self.seed + 4)
        if self.weight[near].sum() < 3 * LEAST_SHARE:
            return None
        typical = float(np.average(self.high[near], weights=self.weight[near]))
        if typical == 0:
            return None
        rise = np.clip(self.high / typical, -1.0, 2.0)
        score = np.cumsum([0.0, *((rise - RISEN) * self.weight)])
        # A gap costs a little, so that nothing is added far away for as little.
        score -= 0.01 * np.arange(len(score))
        first = int(np.argmin(score[: self.seed + 1]))
        last = self.seed + 1 + int(np.argmax(score[self.seed + 1 :]))
        return slice(first, last)

    def rise(self, run: slice) -> float:
        """Levels, summed across the ridge, by which a run rises in the mean."""
        return float(np.average(self.high[run], weights=self.weight[run] + 1e-6)) * (2 * INNER + 1)

    def fitted(self, run: slice) -> Map:
        """The line through the middles of the ridge in each three blocks."""
        sign = np.sign((self.high[run] * self.weight[run]).sum())
        three = cv2.blur(self.levels[run], (1, 3)) / np.maximum(cv2.blur(self.even[run], (1, 3)), 0.1)
        rise = np.clip(three * sign, 0, None)[:, 2:-2]
        total = rise.sum(axis=1)
        used = (self.weight[run] > 0) & (total > 0.25 * total.max())
        at = np.arange(run.start, run.stop)[used] + 0.5
        off = (rise @ ACROSS[NEAR][2:-2])[used] / np.maximum(total[used], 1e-6)
        sure = total[used] / max(float(total[used].sum()), 1e-6)
        middle, offset = sure @ at, sure @ off
        slope = sure @ ((at - middle) * (off - offset)) / max(float(sure @ (at - middle) ** 2), 1e-3)
        ends = np.array([run.start, run.stop], float)
        off_line = (offset + slope * (ends - middle))[:, None]
        return np.asarray(self.at(ends) + off_line * (-self.along[1], self.along[0]))

    def ridges(self, run: slice) -> Map:
        """Levels, summed across a ridge, by which lines at each distance from this one rise above both their sides."""
        levels, even = (np.pad(v[run].sum(axis=0), 6) for v in (self.levels, self.even))
        boxes = ((-INNER, INNER), (-6, -OUTER), (OUTER, 6))
        means = []
        for first, last in boxes:
            shifts = range(6 + first, 6 + last + 1)
            total, share = (sum(v[s : s + len(ACROSS)] for s in shifts) for v in (levels, even))
            least = LEAST_SHARE * (last - first + 1) * (run.stop - run.start)
            means.append(np.where(share > least, total / np.maximum(share, 1e-6), np.nan))
        over_left, over_right = means[0] - means[1], means[0] - means[2]
        high = np.sign(over_left) * np.minimum(np.abs(over_left), np.abs(over_right)) * (over_left * over_right > 0)
        return np.asarray(np.nan_to_num(high) * (2 * INNER + 1))

    def holds(self, run: slice, per_mm: float) -> bool:
        """Whether what was followed is a crease as far as one page tells."""
        if (run.stop - run.start) * BLOCK_PX < LEAST_MM * per_mm:
            return False
        ridges = self.ridges(run)
        depth, beside = float(ridges[REACH]), ridges[np.abs(ACROSS) >= 8]
        if abs(depth) < max(LEAST_DEPTH * per_mm, STANDS_OUT * float(np.sqrt((beside**2).mean()))):
            return False
        # Print along the line, its edge or its halo: across the line it is not alike.
        if np.ptp(self.printed[run][:, NEAR].mean(axis=0)) > ALIKE:
            return False
        weight = np.cumsum(self.weight[run])
        cuts = [run.start + int(np.searchsorted(weight, q * weight[-1])) for q in (0, 0.25, 0.5, 0.75, 1)]
        quarters = [slice(a, max(b, a + 1)) for a, b in pairwise(cuts)]
        return all(self.rise(q) * np.sign(depth) > RISEN * abs(depth) for q in quarters)


def _sampled(maps: Map, ends: Map, across: Map, far_px: float) -> _Line:
    """Blocks along the line through two points, from rim to rim of the maps."""
    start, end = ends
    along = (end - start) / np.hypot(*(end - start))
    middle = (start + end) / 2
    size = np.array(maps.shape[1::-1], float)
    with np.errstate(divide="ignore"):
        rims = np.sort(np.stack([-middle, size - middle]) / along, axis=0)
    before, after = max(float(rims[0].max()), -far_px), min(float(rims[1].min()), far_px)
    blocks = max(int((after - before) / BLOCK_PX), 1)
    first = middle + before * along
    at = (np.arange(blocks * BLOCK_PX) + 0.5)[:, None]
    x = (first[0] + at * along[0] - across * along[1]).astype(np.float32)
    y = (first[1] + at * along[1] + across * along[0]).astype(np.float32)
    seen = cv2.remap(maps, x, y, cv2.INTER_LINEAR, borderValue=(0.0, 0.0, 0.0))
    levels, even, printed = cv2.split(cv2.resize(seen, (len(across), blocks), interpolation=cv2.INTER_AREA))
    parts = [np.abs(across) <= INNER, (across >= -6) & (across <= -OUTER), (across >= OUTER) & (across <= 6)]
    totals, shares = ([v[:, p].mean(axis=1) for p in parts] for v in (levels, even))
    # What is beside is read off five blocks: between lines of text there is little.
    sides = [cv2.blur(np.stack(w[1:], axis=1), (1, 5)).T for w in (totals, shares)]
    left, right = (t / np.maximum(s, 0.02) for t, s in zip(*sides, strict=True))
    known = (shares[0] > LEAST_SHARE) & (np.minimum(*sides[1]) > LEAST_SHARE)
    high = (totals[0] / np.maximum(shares[0], 0.02) - (left + right) / 2) * known
    seed = min(max(int(-before / BLOCK_PX), 0), blocks - 1)
    return _Line(first, along, levels, even, printed, seed, high, shares[0] * known)
