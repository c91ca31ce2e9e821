"""A strip across a guessed edge of a cover, as scanned and as ordered, and the lines that run along it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import LINEAR_LUT
from qc.edges.page_stack import Expected
from qc.edges.profiles import SEGMENTS, segment_profiles, strip_along, strip_map
from qc.geometry import Affine, Points
from qc.resample import warped
from qc.stats import mad
from qc.units import px_per_mm

WIDE_MM = 1.5
"""Changes as wide as this are shadow or curl, no edge."""
LEAST_STEP = 0.012
"""Change of an encoded channel (0 to 1) a pixel, above which a narrow step may be an edge; half a gray level of noise is left in
the mean profile of a segment."""
TIMES_NOISE = 8.0
STEEPEST, SLOPES = 0.03, 61
"""Slope of the edge against the guess, and how many are tried."""
MIN_USED = 0.4
"""Share of the segments that must show a line."""
NEAR_PX, BLEED_END_PX = 3, 2
OWN_PX = 2.0
"""Peaks as near to a line are its own; a block that stands out by less is not told from its cover."""
BESIDE_MM = 0.4
"""So far from a line, or halfway to the next one, is looked at what it divides."""
LEAST_CHANGE = 0.02
"""A line divides levels that differ by more, of all channels together."""
RINGING, RINGS_MM = 0.1, 1.0
"""JPEG blocks ring beside an edge, on drawn scans of qualities 84 to 95 by 2 to 6 % of its step and within 8 px; a block that
stands out beyond its cover is told from the lid by four times the step at the cut, at most."""

Profiles = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A line along the strip.

    Attributes
    ----------
    level : float
        Its row in the middle of the strip.
    slope : float
        Rows a column.
    share : float
        Of the segments, those that have a peak on it.
    """

    level: float
    slope: float
    share: float


@dataclass(frozen=True)
class CoverStrip:
    """Mean profiles of 60 segments along a guessed edge, innermost first; NaN where there is no image.

    Attributes
    ----------
    encoded : ndarray, shape (channels, segments, across)
        As the scanner encodes, 0 to 1.
    light : ndarray, shape (channels, segments, across)
        In linear light.
    luminance, ordered : ndarray, shape (segments, across)
        Seen, and of the ordered cover, in linear light; beyond the picture of the order as at its rim.
    design : ndarray, shape (segments, more)
        As `ordered`, going on outward.
    bare : ndarray, shape (segments, across), bool
        Beyond the picture of the order.
    centers : ndarray, shape (segments,)
        Of the segments, px along the strip.
    scale : float
        Pixels a mm, across.
    """

    encoded: Profiles
    light: Profiles
    luminance: Profiles
    ordered: Profiles
    design: Profiles
    bare: NDArray[np.bool_]
    centers: NDArray[np.float64]
    scale: float

    @cached_property
    def steps(self) -> Profiles:
        """Narrow steps, of all channels together; 0 where there is no image."""
        wide = round(WIDE_MM * self.scale)
        return np.nan_to_num(np.sqrt(sum(_narrow(plane, wide) ** 2 for plane in self.encoded)))

    @cached_property
    def peaks(self) -> NDArray[np.bool_]:
        """Where each segment has a narrow step above noise."""
        noise = mad(self.steps[:, -round(WIDE_MM * self.scale) :].ravel())
        return _peaks(self.steps, max(LEAST_STEP, TIMES_NOISE * noise))

    @cached_property
    def _ordered_steps(self) -> tuple[tuple[Profiles, int], ...]:
        """Steps that the ordered cover shows, and those where its bleed ends and bare paper begins.

        With each, how near a line must lie to be one, in px: art is misplaced by more than its end.
        """
        wide = round(WIDE_MM * self.scale)
        # The last pixels of the picture are half paper.
        rim = cv2.dilate(self.bare.astype(np.uint8), np.ones((1, 2 * NEAR_PX + 1), np.uint8)) > 0
        art = np.where(rim, 0.0, np.nan_to_num(_narrow(np.sqrt(self.ordered), wide)))
        to_paper = np.nan_to_num(_narrow(np.sqrt(np.where(self.bare, 1.0, self.ordered)), wide))
        return (art, NEAR_PX), (np.where(art > LEAST_STEP / 2, 0.0, to_paper), BLEED_END_PX)

    @cached_property
    def printed(self) -> NDArray[np.bool_]:
        """Where the ordered cover shows steps itself."""
        found = [
            cv2.dilate((steps > LEAST_STEP / 2).astype(np.uint8), np.ones((1, 2 * near + 1), np.uint8)) > 0
            for steps, near in self._ordered_steps
        ]
        return np.asarray(found[0] | found[1])

    @cached_property
    def _printed_lines(self) -> list[tuple[Line, int]]:
        return [
            (line, near)
            for steps, near in self._ordered_steps
            for line in _lines(_peaks(steps, LEAST_STEP / 2), self.centers)
        ]

    def prints(self, line: Line) -> bool:
        """Whether the order prints a line there, or ends there."""
        return any(self._is(line, printed, near) for printed, near in self._printed_lines)

    def ends_bleed(self, line: Line) -> bool:
        """Whether the picture of the order ends there."""
        return any(self._is(line, printed, near) for printed, near in self._printed_lines if near == BLEED_END_PX)

    def _is(self, line: Line, printed: Line, near: int) -> bool:
        return bool(np.abs(self.rows(printed) - self.rows(line)).max() <= near)

    def rows(self, line: Line) -> NDArray[np.float64]:
        """Where the line crosses each segment."""
        return np.asarray(line.level + line.slope * (self.centers - self.centers.mean()))

    def at(self, profiles: Profiles, rows: NDArray[np.float64]) -> Profiles:
        """Values of profiles at a row of each segment; NaN beyond them."""
        columns = np.arange(profiles.shape[1])
        return np.array([np.interp(r, columns, p, np.nan, np.nan) for r, p in zip(rows, profiles, strict=True)])

    def lines(self, peaks: NDArray[np.bool_], ringing: float = RINGING) -> list[Line]:
        """Lines on which enough segments have a peak, innermost first, and which divide levels that differ."""
        found = _lines(peaks, self.centers)
        if not found:
            return []
        size, levels = np.array([self._size(line) for line in found]), np.array([line.level for line in found])
        near = np.abs(levels[:, None] - levels[None, :]) < RINGS_MM * self.scale
        real = size > ringing * np.where(near, size, 0.0).max(axis=1)
        found = [line for line, r in zip(found, real, strict=True) if r]
        return [line for line, c in zip(found, self._changes(found), strict=True) if c > LEAST_CHANGE]

    def changes_over(self, line: Line, beside_mm: float) -> float:
        """By how much the levels so far on both sides of a line differ, all channels together."""
        return self._change(line, beside_mm * self.scale, beside_mm * self.scale)

    def _size(self, line: Line) -> float:
        """Size of the step at a line."""
        rows = self.rows(line)
        return float(np.median(np.max([np.nan_to_num(self.at(self.steps, rows + d)) for d in (-1, 0, 1)], axis=0)))

    def _changes(self, lines: list[Line]) -> list[float]:
        """By how much the levels on both sides of each line differ, all channels together."""
        beside = BESIDE_MM * self.scale
        gaps = np.minimum(np.diff([-np.inf, *(line.level for line in lines), np.inf]) / 2, beside)
        return [self._change(line, *gap) for line, *gap in zip(lines, gaps[:-1], gaps[1:], strict=True)]

    def _change(self, line: Line, before: float, after: float) -> float:
        rows = self.rows(line)
        apart = [self.at(plane, rows + after) - self.at(plane, rows - before) for plane in self.encoded]
        return float(np.median(np.nan_to_num(np.sqrt(np.sum(np.square(apart), axis=0)))))


def read_strip(
    channels: NDArray[np.uint8],
    luminance: NDArray[np.float32],
    ends: Points,
    dpi: float,
    expected: Expected,
    band_mm: float,
    design_mm: float = 0.0,
) -> tuple[CoverStrip, Affine, int]:
    """The strip along a guessed line, its map to pixels of the scan, and how many columns it has.

    `design_mm` is how far beyond the strip the order is drawn.
    """
    scale = px_per_mm(dpi)
    reach = round(band_mm * scale)
    to_image, columns = strip_map(ends, reach)
    planes = [channels] if channels.ndim == 2 else [np.ascontiguousarray(channels[..., c]) for c in range(3)]
    centers = (np.arange(SEGMENTS) + 0.5) * (columns // SEGMENTS) - 0.5
    across = 2 * reach + 1
    size = (columns, across + round(design_mm * scale))
    design = segment_profiles(warped(expected.draw(), expected.from_scan.after(to_image), size, float("nan")))[0]
    ordered = design[:, :across]
    strip = CoverStrip(
        np.stack([_profiles(p, ends, reach) for p in planes]) / 255,
        np.stack([_profiles(cv2.LUT(p, LINEAR_LUT), ends, reach) for p in planes]),
        _profiles(luminance, ends, reach),
        hold_rim(ordered),
        hold_rim(design),
        ~np.isfinite(ordered),
        np.asarray(centers, np.float64),
        scale,
    )
    return strip, to_image, columns


def slopes_of(profiles: Profiles) -> Profiles:
    """Change a pixel, outward, shape as `profiles`; NaN at the ends and where there is no image."""
    slopes = np.full_like(profiles, np.nan)
    slopes[..., 1:-1] = (profiles[..., 2:] - profiles[..., :-2]) / 2
    return slopes


def _profiles(plane: NDArray[np.generic], ends: Points, reach: int) -> Profiles:
    strip, _ = strip_along(np.asarray(plane, np.float32), ends, reach, reach)
    return segment_profiles(strip)[0]


def hold_rim(profiles: Profiles) -> Profiles:
    """Profiles that go on outward with the last value that is known of each."""
    across = profiles.shape[1]
    last = np.maximum(across - 1 - np.argmax(np.isfinite(profiles)[:, ::-1], axis=1) - 1, 0)
    return np.take_along_axis(profiles, np.minimum(np.arange(across)[None, :], last[:, None]), axis=1)


def _narrow(profiles: Profiles, wide: int) -> Profiles:
    """Size of the slopes, without what goes on for `wide` pixels; NaN where there is no image."""
    size = np.abs(slopes_of(profiles))
    known = np.nan_to_num(size).astype(np.float32)
    return np.asarray(size - cv2.morphologyEx(known, cv2.MORPH_OPEN, np.ones((1, wide), np.uint8)), np.float64)


def _peaks(steps: Profiles, limit: float) -> NDArray[np.bool_]:
    peak = np.zeros(steps.shape, bool)
    peak[:, 1:-1] = (steps[:, 1:-1] >= steps[:, :-2]) & (steps[:, 1:-1] > steps[:, 2:]) & (steps[:, 1:-1] > limit)
    return peak


def _lines(peaks: NDArray[np.bool_], centers: NDArray[np.float64]) -> list[Line]:
    """Lines on which at least `MIN_USED` of the rows have a peak, innermost first.

    The one with most peaks is taken out with its peaks, then the next is looked for: a line that crosses a real one at a small
    angle shares many of them.
    """
    slopes = np.linspace(-STEEPEST, STEEPEST, SLOPES)
    lever = centers - centers.mean()
    left = peaks.copy()
    lines: list[Line] = []
    while True:
        # A row votes once for each level, for those beside its peaks, too; of lines with as many, the straighter one counts.
        near = cv2.dilate(left.astype(np.uint8), np.ones((1, 3), np.uint8)) > 0
        votes = _votes(near, slopes, lever)
        score = np.where(votes >= MIN_USED * SEGMENTS, votes + _votes(left, slopes, lever), 0)
        if not score.any():
            return sorted(lines, key=lambda line: line.level)
        level = int(score.max(axis=0).argmax())
        best = score[:, level] == score.max()
        share = float(votes[best, level].max()) / SEGMENTS
        line = Line(float(level), float(np.median(slopes[best])), share)
        lines.append(line)
        own = np.abs(np.arange(peaks.shape[1]) - (line.level + line.slope * lever)[:, None]) <= OWN_PX
        if not (left & own).any():
            return sorted(lines, key=lambda line: line.level)
        left &= ~own


def _votes(peaks: NDArray[np.bool_], slopes: NDArray[np.float64], lever: NDArray[np.float64]) -> NDArray[np.int64]:
    """How many rows have a peak on the line of each slope and level, shape (slopes, across)."""
    row, at = np.nonzero(peaks)
    across = peaks.shape[1]
    level = at - np.rint(slopes[:, None] * lever[row]).astype(int)
    level[(level < 1) | (level >= across - 1)] = 0
    votes = np.bincount((level + across * np.arange(len(slopes))[:, None]).ravel(), minlength=len(slopes) * across)
    votes = votes.reshape(len(slopes), across)
    votes[:, 0] = 0
    return votes
