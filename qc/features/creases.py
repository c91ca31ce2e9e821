"""Creases of the paper: straight ridges, darker or lighter than what is on both sides of them, where the reference is even.

A coarse look sums strips of 16 mm along lines of all directions (a discrete Radon transform); the strongest are then followed at
50 dpi. A single page does not tell a crease from a scratch on the glass: what the other side of the leaf does not show is none.
"""

from __future__ import annotations

from collections.abc import Sequence
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
MOST_STRIPS = 60
FOLLOWED = 6
AXIS = 0.015
"""Slope against an axis of the page of what runs along print: lines of text that show through lie so on both sides of a leaf."""
SCALES = (32, 1024, 8)
FIRST_PX = 90
"""So far from the middle of a strip it is followed first, and beyond the ends that were found then."""
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
WEAK = 0.5
"""Share of what a ridge must have that suffices where the other side of the leaf shows it at the same place."""
LEAST_DEPTH = 1.2
"""Levels times mm: six levels over a fifth of a millimeter, which is what the eye sees of a sharp fold."""

Map = NDArray[Any]
Point = tuple[float, float]


@dataclass(frozen=True)
class Ridge:
    """A straight ridge: both ends, and the middles of the parts of it that were seen, in page-frame mm; its depth in levels of gray
    times mm of its width (> 0: lighter). What is not `strong` only confirms what the other side shows."""

    ends_mm: tuple[Point, Point]
    seen_mm: tuple[Point, ...]
    depth: float
    strong: bool

    @property
    def length_mm(self) -> float:
        (x0, y0), (x1, y1) = self.ends_mm
        return float(np.hypot(x1 - x0, y1 - y0))


def find_ridges(paper: PaperTone) -> tuple[Ridge, ...]:
    """Straight ridges of 27 mm or more that do not run along the axes of the page, and weaker ones.

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
    strips = _distinct(_strips(change, even, printed), paper.per_mm)
    if not len(strips):
        return ()
    maps = cv2.merge([change, even, printed])
    known: list[Map] = []
    for least_mm in (0.5 * LEAST_MM, 0.8 * LEAST_MM):
        lines = _sampled(maps, strips, False, FIRST_PX)
        strips = [ends for line in lines if len(ends := line.longer(least_mm, paper.per_mm)) and _slope(ends) > AXIS]
    for ends in strips:
        if not any(_along(ends[None], other, paper.per_mm)[0] for other in known):
            known.append(ends)
    reach = max((float(np.hypot(*(ends[1] - ends[0]))) for ends in known), default=0.0) / 2 + FIRST_PX
    lines = _sampled(maps, known, True, reach)
    found = [ridge for line in lines if (ridge := line.ridge(paper)) is not None]
    return tuple(found)


def _distinct(strips: Map, per_mm: float) -> list[Map]:
    """The strongest strip of each line."""
    kept: list[Map] = []
    while len(strips) and len(kept) < FOLLOWED:
        kept.append(strips[0])
        strips = strips[1:][~_along(strips[1:], strips[0], per_mm)]
    return kept


def _slope(ends: Map) -> Any:
    """Of lines through two points against the nearer axis of the page."""
    run = np.abs(ends[..., 1, :] - ends[..., 0, :])
    return run.min(axis=-1) / np.maximum(run.max(axis=-1), 1e-6)


def _strips(change: Map, even: Map, printed: Map) -> Map:
    """Both ends of the strips that stand out most, in pixels of `change`, the strongest first: shape (n, 2, 2)."""
    # Sums of 16 values of at most 8, 1 and 255.
    coarse = [
        np.rint(shrunk(v, 2) * scale).astype(np.int16) for v, scale in zip((change, even, printed), SCALES, strict=True)
    ]
    strength, ends = [np.zeros(0)], [np.zeros((0, 2, 2))]
    for across in (False, True):
        views = [v.T if across else v for v in coarse]
        height, columns = len(views[0]) // STRIP * STRIP, views[0].shape[1]
        sums = _leaning_sums(np.stack([w[:height, ::step] for step in (1, -1) for w in views]))
        both = np.moveaxis(sums.reshape(2, 3, *sums.shape[1:]), 1, 0).astype(np.float32)
        high = _outstanding(*(v.reshape(-1, *v.shape[2:]) / scale for v, scale in zip(both, SCALES, strict=True)))
        for own, step in zip(np.split(high, 2), (1, -1), strict=True):
            lean, strip, column, strong = _strongest(own)
            x, y = np.stack([column, column + lean], 1), np.stack([strip * STRIP, (strip + 1) * STRIP - 1], 1)
            x = x if step > 0 else columns - 1 - x
            strength.append(strong)
            ends.append(np.stack([y, x] if across else [x, y], 2).astype(float))
    ranked = np.concatenate(ends)[np.argsort(-np.concatenate(strength))]
    return pixel_scaling(0.5, 0.5).inverse()(ranked.reshape(-1, 2)).reshape(-1, 2, 2)


def _leaning_sums(rows: Map) -> Map:
    """Sums over strips of rows along lines that lean right by 2, 4 … `STRIP` - 2 columns.

    Maps of shape (maps, strips * `STRIP`, columns) give (maps, leans, strips, columns).
    """
    sums, columns, height = rows[:, None], rows.shape[2], 1
    while height < STRIP:
        top, foot = sums[:, :, 0::2], sums[:, :, 1::2]
        leans = range(EACH, STRIP, EACH) if 2 * height == STRIP else range(2 * height)
        sums = np.stack([top[:, lean // 2] for lean in leans], axis=1)
        for at, lean in enumerate(leans):
            shift = (lean + 1) // 2
            sums[:, at, :, : columns - shift] += foot[:, lean // 2, :, shift:]
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
    result = high.reshape(shape)
    usual = square.reshape(2, -1).mean(axis=1).repeat(shape[0] // 2)[:, None, None]
    return np.asarray(result / np.sqrt(np.maximum(beside, 0).reshape(shape) + usual + 1e-6))


def _strongest(high: Map) -> tuple[Map, Map, Map, Map]:
    """Lean, strip and first column of the strips that stand out most, and how much together with what goes on from their ends
    alike."""
    _, strips, columns = high.shape
    flat = high.ravel()
    some = np.flatnonzero(np.abs(flat) > STRONG / 2)
    if len(some) > MOST_STRIPS:
        some = some[np.argpartition(-np.abs(flat[some]), MOST_STRIPS)[:MOST_STRIPS]]
    index, strip, column = np.unravel_index(some, high.shape)
    lean = EACH * (index + 1)
    shift = np.rint(lean * (STRIP + 1) / STRIP).astype(int)
    strong = np.abs(flat[some])
    for step in (-1, 1):
        row, at = strip + step, column[:, None] + step * shift[:, None] + (-1, 0, 1)
        there = ((row >= 0) & (row < strips))[:, None] & (at >= 0) & (at < columns)
        goes_on = high[index[:, None], np.clip(row, 0, strips - 1)[:, None], np.clip(at, 0, columns - 1)]
        goes_on = (goes_on * np.sign(flat[some])[:, None] * there).max(axis=1)
        strong = strong + CONTINUED * np.maximum(goes_on, 0)
    kept = strong > STRONG
    return lean[kept], strip[kept], column[kept], strong[kept]


def _along(ends: Map, line: Map, per_mm: float) -> NDArray[np.bool_]:
    """Of strips, shape (n, 2, 2), whether both ends lie near a line through two points."""
    start, along = line[0], line[1] - line[0]
    off = (ends - start) @ np.array([-along[1], along[0]]) / np.hypot(*along)
    return np.asarray(np.abs(off).max(axis=1) < APART_MM * per_mm)


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
        weight = self.weight[near]
        if weight.sum() < 3 * LEAST_SHARE:
            return None
        typical = float(self.high[near] @ weight / weight.sum())
        if typical == 0:
            return None
        rise = np.clip(self.high / typical, -1.0, 2.0)
        # A gap costs a little, so that nothing is added far away for as little.
        score = np.concatenate([[0.0], np.cumsum((rise - RISEN) * self.weight - 0.01)])
        first = int(np.argmin(score[: self.seed + 1]))
        last = self.seed + 1 + int(np.argmax(score[self.seed + 1 :]))
        return slice(first, last)

    def rise(self, run: slice) -> float:
        """Levels, summed across the ridge, by which a run rises in the mean."""
        weight = self.weight[run] + 1e-6
        return float(self.high[run] @ weight / weight.sum()) * (2 * INNER + 1)

    def longer(self, least_mm: float, per_mm: float) -> Map:
        """Both ends of the ridge that goes on from the seed, fitted anew; none where there is no such ridge."""
        run = self.run()
        if run is None or (run.stop - run.start) * BLOCK_PX < least_mm * per_mm:
            return np.zeros((0, 2))
        if abs(self.rise(run)) < WEAK * LEAST_DEPTH * per_mm:
            return np.zeros((0, 2))
        return self.fitted(run)

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
        means = []
        for first, last in ((-INNER, INNER), (-6, -OUTER), (OUTER, 6)):
            n = last - first + 1
            total, share = (np.convolve(v, np.ones(n), "valid")[6 + first :][: len(ACROSS)] for v in (levels, even))
            means.append(
                np.where(share > LEAST_SHARE * n * (run.stop - run.start), total / np.maximum(share, 1e-6), np.nan)
            )
        over_left, over_right = means[0] - means[1], means[0] - means[2]
        high = np.sign(over_left) * np.minimum(np.abs(over_left), np.abs(over_right)) * (over_left * over_right > 0)
        return np.asarray(np.nan_to_num(high) * (2 * INNER + 1))

    def ridge(self, paper: PaperTone) -> Ridge | None:
        """What was followed, as far as one page tells."""
        run = self.run()
        if run is None:
            return None
        length, per_mm = (run.stop - run.start) * BLOCK_PX, paper.per_mm
        ridges = self.ridges(run)
        depth, beside = float(ridges[REACH]), ridges[np.abs(ACROSS) >= 8]
        stands_out = abs(depth) / max(float(np.sqrt((beside**2).mean())), 1e-6)
        weight = np.cumsum(self.weight[run])
        cuts = [run.start + int(np.searchsorted(weight, q * weight[-1])) for q in (0, 0.25, 0.5, 0.75, 1)]
        parts = [self.rise(slice(a, max(b, a + 1))) * np.sign(depth) > RISEN * abs(depth) for a, b in pairwise(cuts)]
        strong = (
            length > LEAST_MM * per_mm and abs(depth) > LEAST_DEPTH * per_mm and stands_out > STANDS_OUT and all(parts)
        )
        # Print along the line, its edge or its halo: across the line it is not alike.
        strong = strong and np.ptp(self.printed[run][:, NEAR].mean(axis=0)) < ALIKE * abs(depth) / (
            LEAST_DEPTH * per_mm
        )
        if not strong:
            weak = length > WEAK * LEAST_MM * per_mm and abs(depth) > WEAK * LEAST_DEPTH * per_mm
            if not weak or stands_out < WEAK * STANDS_OUT or sum(parts) < 2:
                return None
        seen = run.start + np.flatnonzero(self.weight[run] > 0)
        first, last, *places = paper.to_mm(self.at(np.array([run.start, run.stop, *(seen + 0.5)]))).tolist()
        return Ridge((tuple(first), tuple(last)), tuple((x, y) for x, y in places), depth / per_mm, bool(strong))


_PARTS = np.stack([np.abs(ACROSS) <= INNER, (ACROSS >= -6) & (ACROSS <= -OUTER), (ACROSS >= OUTER) & (ACROSS <= 6)], 1)
_WEIGHTS = (_PARTS / _PARTS.sum(axis=0)).astype(np.float32)


def _sampled(maps: Map, strips: Sequence[Map], wide: bool, far_px: float) -> list[_Line]:
    """Blocks along lines through two points each, so far from their middle, near them or as wide as they are held against."""
    if not strips:
        return []
    across, weights = (ACROSS, _WEIGHTS) if wide else (ACROSS[NEAR], _WEIGHTS[NEAR])
    ends, lines = np.stack(strips), len(strips)
    along = ends[:, 1] - ends[:, 0]
    along /= np.hypot(along[:, 0], along[:, 1])[:, None]
    reach = int(far_px // BLOCK_PX)
    first = (ends[:, 0] + ends[:, 1]) / 2 - reach * BLOCK_PX * along
    x0, y0, dx, dy = np.hstack([first, along]).astype(np.float32).T[..., None, None]
    at = (np.arange(2 * reach * BLOCK_PX, dtype=np.float32) + np.float32(0.5))[:, None]
    off = across.astype(np.float32)
    x, y = ((v).reshape(-1, len(off)) for v in (x0 + at * dx - off * dy, y0 + at * dy + off * dx))
    seen = cv2.remap(maps, x, y, cv2.INTER_LINEAR, borderValue=(0.0, 0.0, 0.0))
    blocks = cv2.resize(seen, (len(off), len(x) // BLOCK_PX), interpolation=cv2.INTER_AREA)
    levels, even, printed = (blocks[..., k].reshape(lines, -1, len(off)) for k in range(3))
    sums = np.concatenate([levels @ weights, even @ weights], axis=2)
    # What is beside is read off five blocks: between lines of text there is little.
    five = cv2.blur(sums.transpose(1, 0, 2).reshape(sums.shape[1], -1), (1, 5)).reshape(-1, lines, 6).transpose(1, 0, 2)
    left, right = (five[..., k] / np.maximum(five[..., 3 + k], 0.02) for k in (1, 2))
    known = (sums[..., 3] > LEAST_SHARE) & (np.minimum(five[..., 4], five[..., 5]) > LEAST_SHARE)
    high = (sums[..., 0] / np.maximum(sums[..., 3], 0.02) - (left + right) / 2) * known
    weight = sums[..., 3] * known
    return [_Line(first[k], along[k], levels[k], even[k], printed[k], reach, high[k], weight[k]) for k in range(lines)]
