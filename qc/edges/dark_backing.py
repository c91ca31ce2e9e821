"""Cut edges: where the paper ends on a darker backing, sub-pixel, each with its uncertainty.

Two steps. `find_sheet` finds the backing and a rough box of the paper in a small image. `find_edge` looks along one
side of a guessed box: the side is cut into segments, each segment's mean profile crosses the half level between paper
and backing somewhere, and a robust line through the crossings is the edge.

What fools it: a backing as bright as the paper (`qc.edges.white_backing` does that), a dark picture printed to the edge on a dark
backing (the segments drop out, and with too few the edge is not measured), the stacked pages of a bound book (what lies
beyond the edge is then no plain backing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.page_stack import Expected, lies_on_board, lies_on_others
from qc.edges.profiles import SEGMENTS, consensus_line, robust_line, segment_profiles, strip_along
from qc.flags import Flag
from qc.geometry import Points, pixel_scaling
from qc.resample import shrunk
from qc.stats import column_medians, mad, median, quantile
from qc.units import px_per_mm

SMALL_DPI = 37.5
COARSE_PX = 3.0
"""Apart lie the columns in which an edge is looked for first: it is followed in all of them afterwards."""
U_SHAPE_MM = 0.018
"""Tone curve, sharpening, edge shape and smooth distortion on a dark backing; does not average out within a copy."""
USUAL_PAPER = 0.82
"""Paper as scanners deliver it, in linear light; a page printed dark all over shows none."""
PICTURE_SHARE_PX = 0.5
"""Uncertainty (px) for each unit of spread of the tone along the edge, relative to its contrast."""
STRIP = 0.25
"""Of the contrast of paper to backing: by as much bare paper is lighter than a picture that ends just before the cut."""
WHITE_SHARE = 0.72
"""A backing brighter than this share of the paper casts no usable step."""
_NO_BACKING = {"white": Flag.WHITE_BACKING, "none": Flag.CROPPED}
"""Why there is no edge to find on a kind of backing."""


@dataclass(frozen=True)
class Backing:
    """What the sheet lay on: `level` in linear light, `noise` its spread, `kind` black, gray, white or none."""

    kind: str
    level: float
    noise: float
    paper: float


@dataclass(frozen=True)
class Sheet:
    """Rough outline of the paper.

    `corners` are in working pixels: left-top, right-top, right-bottom, left-bottom; None where it is not seen.
    """

    backing: Backing
    corners: Points | None

    @property
    def angle_deg(self) -> float:
        """Turn of the head edge, clockwise positive."""
        if self.corners is None:
            return 0.0
        d = (self.corners[1] - self.corners[0]) + (self.corners[2] - self.corners[3])
        return float(np.rad2deg(np.arctan2(d[1], d[0])))


@dataclass(frozen=True)
class EdgeLine:
    """A located edge.

    Attributes
    ----------
    ends : ndarray, shape (2, 2), or None
        Two points of the line in working pixels, at the ends of the searched side; None if not found.
    u_px : float
        Standard uncertainty of the position across the edge, in working pixels.
    flag : Flag or None
        Why there is no edge.
    used : float
        Share of segments that agree on the line.
    u_shape_mm : float
        Standard uncertainty of what all pages of a copy share: tone curve, sharpening, shape of edge and shadow.
    frame : ndarray, shape (2, 2), or None
        Where no edge is seen because the paper runs on to the frame: that side of the frame.
    even : bool
        The edge runs along one row or column of pixels, and all beyond it has one value: a driver may have painted it.
    """

    ends: Points | None
    u_px: float = 0.0
    flag: Flag | None = None
    used: float = 0.0
    u_shape_mm: float = U_SHAPE_MM
    frame: Points | None = None
    even: bool = False


def _ring(small: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    return np.concatenate(
        [
            small[:width].ravel(),
            small[-width:].ravel(),
            small[width:-width, :width].ravel(),
            small[width:-width, -width:].ravel(),
        ]
    )


def _backing(small: NDArray[np.float32], stated: str) -> Backing:
    """The level that dominates the frame's rim, and what it must be called."""
    paper = quantile(small.ravel(), 0.9)
    rim = _ring(small, 2)
    root = np.sqrt(np.clip(rim, 0, 1))
    counts, bounds = np.histogram(root, bins=50, range=(0, 1))
    smooth = np.convolve(counts, [1, 1, 1], "same")
    peak = int(np.argmax(smooth))
    near = rim[(root >= bounds[max(peak - 1, 0)]) & (root <= bounds[min(peak + 2, 50)])]
    level = median(near)
    noise = mad(near - level)
    share = near.size / rim.size
    if stated in ("white", "cropped"):
        return Backing("white" if stated == "white" else "none", level, noise, paper)
    if share < 0.2:
        return Backing("none", level, noise, paper)
    if level > WHITE_SHARE * max(paper, USUAL_PAPER):
        return Backing("white", level, noise, paper)
    return Backing("black" if level < 0.065 else "gray", level, noise, paper)


def find_sheet(
    luminance: NDArray[np.float32], dpi: tuple[float, float], stated: str = "auto", bound: bool = False
) -> Sheet:
    """Backing and rough outline of the paper.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    dpi : tuple of float
        Of the image, along x and y.
    stated : str
        What the operator says of the backing: auto, black, gray, white or cropped.
    bound : bool
        The outline wanted is that of all that is seen of an open book, whatever its shape.

    Returns
    -------
    Sheet
        Corners good to about a millimeter; None where no rectangular sheet stands out from the backing.
    """
    # A whole factor keeps the area average exact and quick.
    nx, ny = (max(round(d / SMALL_DPI), 1) for d in dpi)
    small = shrunk(luminance, nx, ny)
    backing = _backing(small, stated)
    if backing.kind in ("white", "none"):
        return Sheet(backing, None)
    # A sheet differs from its backing either way: a dark picture may be darker than a gray backing.
    limit = max(6 * backing.noise, 0.12 * (backing.paper - backing.level), 0.02)
    mask: NDArray[Any] = (np.abs(small - backing.level) > limit).astype(np.uint8)
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    mask = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((9, 9), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    if count < 2:
        return Sheet(backing, None)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    outline, _ = cv2.findContours((labels == largest).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hull = cv2.convexHull(np.asarray(outline[0], np.float32).reshape(-1, 2)).reshape(-1, 2)
    corners = cv2.boxPoints(cv2.minAreaRect(hull)).reshape(-1, 2).astype(float)
    area = cv2.contourArea(corners.astype(np.float32))
    if area < (40 * px_per_mm(SMALL_DPI)) ** 2 or (not bound and cv2.contourArea(hull) < 0.9 * area):
        return Sheet(backing, None)
    # Grow by half a pixel: the mask holds pixel centers.
    center = corners.mean(axis=0)
    corners = center + (corners - center) * (1 + 0.5 / np.linalg.norm(corners - center, axis=1, keepdims=True))
    order = np.argsort(np.arctan2(*(corners - center).T[::-1]))
    corners = corners[order]
    # argsort by angle starts in the third quadrant: left-top first for an upright sheet turned by less than 45 degrees.
    start = int(np.argmin(corners @ np.array([1.0, 1.0])))
    corners = np.roll(corners, -start, axis=0)
    to_working = pixel_scaling(1 / nx, 1 / ny).inverse()
    return Sheet(backing, to_working(corners))


def _outermost_crossing(profiles: NDArray[np.float64], level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position of the outermost fall below `level` in each profile, inside first; NaN where there is none."""
    above = profiles > level[:, None]
    # Two samples in a row must be above: a speck of dust on the backing is no paper.
    solid = above[:, :-1] & above[:, 1:]
    has = solid.any(axis=1)
    last = profiles.shape[1] - 1 - np.argmax(solid[:, ::-1], axis=1)
    rows = np.arange(len(profiles))
    nxt = np.minimum(last + 1, profiles.shape[1] - 1)
    a, b = profiles[rows, last], profiles[rows, nxt]
    with np.errstate(invalid="ignore", divide="ignore"):
        position = last + (a - level) / (a - b)
    position[~has | (last + 1 >= profiles.shape[1]) | ~np.isfinite(b) | ~(b <= level)] = np.nan
    return np.asarray(position)


def find_edge(
    luminance: NDArray[np.float32],
    ends: Points,
    backing: Backing,
    dpi: float,
    band_mm: float = 9.0,
    slope_limit: float = 0.03,
    min_used: float = 0.4,
    expected: Expected | None = None,
    loose: bool = False,
) -> EdgeLine:
    """Locate the cut edge near a guessed line.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    ends : ndarray, shape (2, 2)
        Guess: end points in pixels; walking from the first to the second, the paper lies to the right.
    backing : Backing
    dpi : float
        Across the edge.
    band_mm : float
        How far either side of the guess is searched.
    slope_limit : float
        Largest slope of the edge against the guess.
    min_used : float
        Share of the segments that must agree on one line. Chosen on drawn pages: a straight feature of a picture that
        is not the cut gathers less.
    expected : Expected or None
        What was ordered, which tells print along the edge from pages below.
    loose : bool
        The leaf is known to lie alone, so that lines beside its edge are print.

    Returns
    -------
    EdgeLine
        `u_px` holds the scatter of the segments and a shape term; registration and scale come on top.

    Notes
    -----
    The half level is taken in linear light between the paper 3 to 6 pixels inside and the darkest of the 4 pixels outside,
    so that the soft shadow of the sheet on a gray backing is not taken for paper.
    """
    if backing.kind in _NO_BACKING:
        return EdgeLine(None, flag=_NO_BACKING[backing.kind])
    scale = px_per_mm(dpi)
    reach = round(band_mm * scale)
    strip, to_image = strip_along(luminance, ends, reach, reach, COARSE_PX)
    profiles, centers = segment_profiles(strip)
    step = max(0.35 * (backing.paper - backing.level), 8 * backing.noise)
    coarse_level = np.full(len(profiles), backing.level + step)
    line = _coarse_line(profiles, centers, coarse_level, COARSE_PX * slope_limit)
    if line is None:
        return EdgeLine(None, flag=_missing_reason(profiles, coarse_level, scale))
    first = to_image(np.array([[0.0, line[0]], [strip.shape[1] - 1.0, line[0] + line[1] * (strip.shape[1] - 1)]]))

    inside, outside = round(3.0 * scale), round(3.5 * scale)
    strip, to_image = strip_along(luminance, first, inside, outside)
    profiles, centers = segment_profiles(strip)
    # Level on the paper side close to the edge, and the darkest just outside: the shadow of the sheet is not backing.
    paper_side = _paper_side(profiles, inside, backing)
    with np.errstate(invalid="ignore"):
        beyond = profiles[:, inside + 1 : inside + 5].min(axis=1)
    contrast = paper_side - beyond
    usable = contrast > max(0.15 * (backing.paper - backing.level), 8 * backing.noise, 0.02)
    near = profiles[:, inside - 6 : inside + 7]
    crossing = _outermost_crossing(near, 0.5 * (paper_side + beyond)) + inside - 6
    good = usable & np.isfinite(crossing)
    share = float(good.mean())
    if share < min_used:
        return EdgeLine(None, flag=_missing_reason(profiles, coarse_level, scale), used=share)
    start = consensus_line(centers[good], crossing[good], 0.02, 0.7)
    if start is None:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=share)
    coef, weights, scatter = robust_line(centers[good], crossing[good], start)
    used = float((weights > 0.1).sum() / SEGMENTS)
    if used < min_used or scatter > 0.1 * scale:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=used)
    # A page that shows no paper but a strip beside its picture has more contrast there than anywhere else.
    most = max(backing.paper - backing.level, median(contrast[good]))
    flag = _outside_flag(profiles[:, inside:], backing, scale, most)
    if flag is not None:
        return EdgeLine(None, flag=flag, used=used)
    mean_x = centers[good].mean()
    line_x = np.array([0.0, strip.shape[1] - 1.0])
    ends_px = to_image(np.column_stack([line_x, coef[0] + coef[1] * (line_x - mean_x)]))
    paper = max(backing.paper, 0.5 * USUAL_PAPER)
    if not loose and (
        lies_on_others(luminance, ends_px, dpi, paper, expected)
        or (expected is None and lies_on_board(luminance, ends_px, dpi, paper))
    ):
        return EdgeLine(None, flag=Flag.OUTSIDE_NOT_BACKING, used=used)
    u_fit = scatter * _extrapolated(centers[good], weights, strip.shape[1])
    # Where a picture runs over the cut, its tone next to the edge shifts the half level.
    unrest = float(paper_side[good].std() / contrast[good].mean())
    return EdgeLine(ends_px, u_px=float(np.hypot(u_fit, PICTURE_SHARE_PX * unrest)), used=used)


def _coarse_line(
    profiles: NDArray[np.float64], centers: NDArray[np.float64], level: NDArray[np.float64], slope_limit: float
) -> tuple[float, float] | None:
    """Line (level and slope) along which most profiles cross the `level`; None where they do not agree."""
    crossing = _outermost_crossing(profiles, level)
    found = np.isfinite(crossing)
    return consensus_line(centers[found], crossing[found], slope_limit, 2.0)


def _extrapolated(centers: NDArray[np.float64], weights: NDArray[np.float64], width: int) -> float:
    """By what the scatter of the segments enters u of the middle of a side of `width`.

    The middle is extrapolated when the used segments lie to one end of the side.
    """
    lever = (0.5 * (width - 1) - float(centers.mean())) / max(float(centers.std()), 1.0)
    return float(np.sqrt((1 + lever**2) / (max(float(weights.sum()), 4.0) / 3)))


def _paper_side(profiles: NDArray[np.float64], inside: int, backing: Backing) -> NDArray[np.float64]:
    """Light of the paper in each segment, close to an edge at sample `inside`.

    Where a picture ends in a narrow strip of bare paper, that of the strip.
    """
    level = profiles[:, inside - 6 : inside - 2].mean(axis=1)
    strip = profiles[:, inside - 4 : inside].max(axis=1)
    bare = strip - level > STRIP * (max(backing.paper, USUAL_PAPER) - backing.level)
    return np.asarray(np.where(bare, strip, level))


def _missing_reason(profiles: NDArray[np.float64], level: NDArray[np.float64], scale: float) -> Flag:
    """Flag for why no crossing was found.

    The frame ends at the paper or less than half a millimeter beyond, the page is as dark as the backing, or nothing
    stands out.
    """
    finite = np.isfinite(profiles)
    last = profiles.shape[1] - 1 - np.argmax(finite[:, ::-1], axis=1)
    rows = np.arange(len(profiles))
    at_frame = np.max([profiles[rows, np.maximum(last - k, 0)] for k in range(round(0.5 * scale) + 1)], axis=0)
    if ((last < profiles.shape[1] - 1) & (at_frame > level)).mean() > 0.5:
        return Flag.CROPPED
    inside = profiles[:, : profiles.shape[1] // 3]
    if np.nanmedian(inside) < np.median(level):
        return Flag.DARK_PAGE
    return Flag.EDGE_NOT_FOUND


def _outside_flag(outside: NDArray[np.float64], backing: Backing, scale: float, contrast: float) -> Flag | None:
    """Check that plain backing lies beyond the edge: at least half a millimeter of it, and nothing else."""
    seen = np.isfinite(outside)
    visible = seen.mean(axis=0) > 0.8
    if visible[: round(0.5 * scale) + 1].mean() < 1.0:
        return Flag.CROPPED
    far = visible & (np.arange(outside.shape[1]) >= round(1.0 * scale))
    beyond = column_medians(outside[:, far], seen[:, far])
    if beyond.size and float(np.abs(beyond - backing.level).max()) > 0.25 * contrast:
        return Flag.OUTSIDE_NOT_BACKING
    return None
