"""A strip of pixels along a guessed edge, its mean profiles segment by segment, and straight lines through points."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Points
from qc.resample import warped
from qc.stats import mad, median

FEW_POINTS = 20
SEGMENTS = 60
"""Of an edge: short enough that a mean profile is sharp on a slanted edge, long enough to be smooth."""


def strip_along(
    luminance: NDArray[np.float32], ends: Points, inside_px: int, outside_px: int, spacing_px: float = 1.0
) -> tuple[NDArray[np.float32], Affine]:
    """Pixels along the line `ends`: rows run across it (0 = innermost), columns along it; and strip px -> image px.

    Walking from the first end to the second, the paper lies on the right hand side. Samples outside the image are NaN.
    Columns lie about `spacing_px` apart, so that equally many of them make each segment.
    """
    to_image, columns = strip_map(ends, inside_px, spacing_px)
    return warped(luminance, to_image, (columns, inside_px + outside_px + 1), float("nan")), to_image


def strip_map(ends: Points, inside_px: int, spacing_px: float = 1.0) -> tuple[Affine, int]:
    """Map from the pixels of a strip along `ends` to those of the image, and how many columns it has."""
    along = ends[1] - ends[0]
    length = float(np.hypot(*along))
    outward = np.array([along[1], -along[0]]) / length
    columns = SEGMENTS * max(round((length / spacing_px + 1) / SEGMENTS), 1)
    return Affine(np.column_stack([along / (columns - 1), outward, ends[0] - inside_px * outward])), columns


def segment_profiles(strip: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean profile of each segment, shape (SEGMENTS, across), and the segments' centers along the strip."""
    across, columns = strip.shape
    width = columns // SEGMENTS
    means = strip.reshape(-1, width) @ np.full(width, 1 / width, np.float32)
    return means.reshape(across, SEGMENTS).T.astype(np.float64), (np.arange(SEGMENTS) + 0.5) * width - 0.5


def consensus_line(
    x: NDArray[np.float64], y: NDArray[np.float64], slope_limit: float, tolerance: float
) -> tuple[float, float] | None:
    """Line y = a + b x that most points agree with; b within ±`slope_limit`."""
    if len(x) < 4:
        return None
    i, j = _pairs(len(x))
    far = np.abs(x[i] - x[j]) > 0.15 * np.ptp(x)
    i, j = i[far], j[far]
    slope = (y[j] - y[i]) / (x[j] - x[i])
    keep = np.abs(slope) <= slope_limit
    i, slope = i[keep], slope[keep]
    if not len(slope):
        return None
    intercept = y[i] - slope * x[i]
    # Points down, lines across, as one product and in few bytes: this is the longest sum of finding an edge.
    points = np.column_stack([x, np.ones_like(x), -y]).astype(np.float32)
    off = points @ np.stack([slope, intercept, np.ones_like(slope)]).astype(np.float32)
    votes = (np.abs(off, out=off) < tolerance).view(np.uint8).sum(axis=0, dtype=np.uint16)
    best = np.flatnonzero(votes == votes.max())
    return median(intercept[best]), median(slope[best])


@lru_cache(maxsize=128)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs of so many points, of many points a third of all."""
    i, j = np.triu_indices(count, 1)
    some = (j - i) % 3 == 0 if count > FEW_POINTS else j > i
    return i[some], j[some]


def robust_line(
    x: NDArray[np.float64], y: NDArray[np.float64], start: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Tukey-weighted line through points: coefficients (at the mean of x, slope), weights, scatter."""
    middle = float(x.mean())
    lever = x - middle
    level, slope = start[0] + start[1] * middle, start[1]
    weights = np.ones_like(x)
    scatter = 1.0
    for _ in range(6):
        residual = y - (level + slope * lever)
        scatter = max(mad(residual), 0.02)
        weights = np.maximum(1 - (residual / (4.685 * scatter)) ** 2, 0) ** 2
        if np.count_nonzero(weights) < 4:
            break
        total = float(weights.sum())
        off_x, off_y = float(weights @ lever) / total, float(weights @ y) / total
        apart = weights * (lever - off_x)
        slope = float(apart @ (y - off_y)) / float(apart @ (lever - off_x))
        level = off_y - slope * off_x
    return np.array([level, slope]), weights, scatter
