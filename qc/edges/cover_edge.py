"""Edges of a closed book on any lid: the outermost line at which its cover ends, cut or folded, whatever its color.

A cover shows art up to its edges, lighter or darker than the lid or only of another color, so the edge is neither a fall from
paper to backing (`qc.edges.dark_backing`) nor a shadow on bare paper (`qc.edges.white_backing`). It is a narrow step; the shadow
of a thick book on the lid is a wide one.

What fools it: art of the color of the lid (no line is left; refused), the wall of the spine, which a scanner with a lens sees
beside the fold (the line is then where the wall ends), a block that stands out beyond its cover.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import LINEAR_LUT
from qc.edges.dark_backing import EdgeLine
from qc.edges.page_stack import Expected
from qc.edges.profiles import SEGMENTS, robust_line, segment_profiles, strip_along, strip_map
from qc.flags import Flag
from qc.geometry import Affine, Points
from qc.resample import warped
from qc.stats import mad
from qc.units import px_per_mm

BAND_MM = 9.0
"""How far either side of the guess is searched: a cover misplaced by more is not told in millimeters."""
WIDE_MM = 1.5
"""Changes as wide as this are shadow or curl, no edge."""
LEAST_STEP = 0.012
"""Change of an encoded channel (0 to 1) a pixel, above which a narrow step may be an edge; half a gray level of noise is left in
the mean profile of a segment."""
TIMES_NOISE = 8.0
STEEPEST, SLOPES = 0.03, 61
"""Slope of the edge against the guess, and how many are tried."""
MIN_USED = 0.4
"""Share of the segments that must show the line."""
MAX_SCATTER_MM = 0.25
NEAR_PX = 3
BLOCK_MM = 5.0
"""A block stands out beyond its cover, and a lens sees its edge beside it, by less."""
WALL_LIGHT = 0.7
"""Share of the light on flat art below which art is turned away from the glass."""
LEAST_WALL_MM = 0.6
"""A rounded fold of 1.5 mm is as dark over its last 0.45 mm."""
WALL_REACH_MM = 6.0
ARC_SHARE_MM = 0.1
"""By so much the arc of a fold is as dark before the wall begins."""
DARK = 0.04
"""Art of less light tells nothing of the light on it."""
SHADING_MM = 0.08
"""By so much the steepest change lies inside the end of an arc, which darkens toward it; on drawn folds of radii from 0.2 to 1.5 mm
0.06 to 0.12 mm."""
U_CUT_MM, U_FOLD_MM, U_WALL_MM = 0.03, 0.1, 0.2
"""Standard uncertainty of what all scans of a copy share: of a cut the blur of the scanner, of a fold also its rounding and its
shading."""


def find_cover_edge(
    channels: NDArray[np.uint8],
    luminance: NDArray[np.float32],
    ends: Points,
    dpi: float,
    expected: Expected,
    *,
    fold: bool = False,
    band_mm: float = BAND_MM,
) -> EdgeLine:
    """Locate an edge of a closed book near a guessed line.

    Parameters
    ----------
    channels : ndarray, shape (h, w) or (h, w, 3), uint8
        As encoded by the scanner.
    luminance : ndarray, shape (h, w), float32
        The same in linear light.
    ends : ndarray, shape (2, 2)
        Guess: end points in pixels; walking from the first to the second, the cover lies to the right.
    dpi : float
        Across the edge.
    expected : Expected
        What was ordered, which tells art along the edge from the edge of the cover.
    fold : bool
        It is the edge at the spine.
    band_mm : float
        How far either side of the guess is searched.

    Returns
    -------
    EdgeLine
        Refused with `Flag.EDGE_NOT_FOUND` where too few parts of the edge show a step on one line, with `Flag.CROPPED` where the
        frame of the scan ends within the band.

    Notes
    -----
    The scan is differentiated across the edge in 60 parts, and lines are sought on which most parts show a narrow step. A fold is
    the outermost of them. A cut is the innermost that the ordered cover does not print: beyond it, the block may stand out.
    Each part is then located where it changes most, in linear light, as the blur of a scanner is even to both sides of a step.
    """
    scale = px_per_mm(dpi)
    reach = round(band_mm * scale)
    planes = [channels] if channels.ndim == 2 else [np.ascontiguousarray(channels[..., c]) for c in range(3)]
    wide = round(WIDE_MM * scale)
    encoded = [_profiles(p, ends, reach) / 255 for p in planes]
    steps = np.sqrt(sum(_narrow(p, wide) ** 2 for p in encoded))
    seen = np.isfinite(steps)
    steps = np.where(seen, steps, 0.0)
    to_image, columns = strip_map(ends, reach)
    centers = np.asarray((np.arange(SEGMENTS) + 0.5) * (columns // SEGMENTS) - 0.5, np.float64)
    peaks = _peaks(steps, max(LEAST_STEP, TIMES_NOISE * mad(steps[:, -wide:].ravel())))
    lines = _lines(peaks, centers, fold)
    if not lines:
        cropped = seen[:, reach:].mean() < 0.5
        return EdgeLine(None, flag=Flag.CROPPED if cropped else Flag.EDGE_NOT_FOUND)
    line = lines[-1]
    if not fold:
        # A block that stands out beyond its cover ends in a line of its own.
        own = peaks & ~_printed(expected, to_image, steps.shape, columns)
        line = next((k for k in _lines(own, centers, fold) if 0 < line[0] - k[0] < BLOCK_MM * scale), line)
    light = np.nan_to_num(sum(np.abs(_slopes(_profiles(cv2.LUT(p, LINEAR_LUT), ends, reach))) for p in planes))
    guess = line[0] + line[1] * centers
    place = _nearest_peak(light, peaks, guess)
    good = np.isfinite(place)
    if good.mean() < MIN_USED:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=float(good.mean()))
    shape = U_CUT_MM
    if fold:
        light_in = _profiles(luminance, ends, reach)
        wall = _wall_mm(light_in, _ordered(expected, to_image, steps.shape, columns), guess, scale)
        moved = (SHADING_MM if not wall else 0.0) - wall
        place, shape = place + moved * scale, U_WALL_MM if wall else U_FOLD_MM
        line = (line[0] + moved * scale, line[1])
    coef, weights, scatter = robust_line(centers[good], place[good], line)
    used = float((weights > 0.1).sum() / SEGMENTS)
    if used < MIN_USED or scatter > MAX_SCATTER_MM * scale:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=used)
    along = np.array([0.0, columns - 1.0])
    rows = coef[0] + coef[1] * (along - centers[good].mean())
    lever = (0.5 * (columns - 1) - float(centers[good].mean())) / max(float(centers[good].std()), 1.0)
    u = scatter * float(np.sqrt((1 + lever**2) / (max(float(weights.sum()), 4.0) / 3)))
    return EdgeLine(to_image(np.column_stack([along, rows])), u_px=u, used=used, u_shape_mm=shape)


def _profiles(plane: NDArray[np.generic], ends: Points, reach: int) -> NDArray[np.float64]:
    strip, _ = strip_along(np.asarray(plane, np.float32), ends, reach, reach)
    return segment_profiles(strip)[0]


def _slopes(profiles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Change a pixel, outward, shape as `profiles`; NaN at the ends and where there is no image."""
    slopes = np.full_like(profiles, np.nan)
    slopes[:, 1:-1] = (profiles[:, 2:] - profiles[:, :-2]) / 2
    return slopes


def _narrow(profiles: NDArray[np.float64], wide: int) -> NDArray[np.float64]:
    """Size of the slopes, without what goes on for `wide` pixels; NaN where there is no image."""
    size = np.abs(_slopes(profiles))
    known = np.nan_to_num(size).astype(np.float32)
    return np.asarray(size - cv2.morphologyEx(known, cv2.MORPH_OPEN, np.ones((1, wide), np.uint8)), np.float64)


def _peaks(steps: NDArray[np.float64], limit: float) -> NDArray[np.bool_]:
    """Where each row has a peak above `limit`."""
    peak = np.zeros(steps.shape, bool)
    peak[:, 1:-1] = (steps[:, 1:-1] >= steps[:, :-2]) & (steps[:, 1:-1] > steps[:, 2:]) & (steps[:, 1:-1] > limit)
    return peak


def _lines(peaks: NDArray[np.bool_], centers: NDArray[np.float64], fold: bool) -> list[tuple[float, float]]:
    """Lines (level at column 0, slope) on which at least `MIN_USED` of the rows have a peak, innermost first."""
    row, at = np.nonzero(peaks)
    lever = centers - centers.mean()
    slopes = np.linspace(-STEEPEST, STEEPEST, SLOPES)
    width = peaks.shape[1]
    votes = np.zeros((SLOPES, width), np.int64)
    for k, slope in enumerate(slopes):
        level = np.rint(at - slope * lever[row]).astype(int)
        inside = (level >= 1) & (level < width - 1)
        # A row votes once for each level, and for the levels beside it.
        once = np.unique(row[inside] * width + level[inside]) % width
        count = np.bincount(once, minlength=width)
        votes[k] = count + np.roll(count, 1) + np.roll(count, -1)
    best = votes.max(axis=0)
    lines: list[tuple[float, float]] = []
    last = peaks.shape[1]
    # Outermost first: glare on the arc of a fold is a line of its own, and a stronger one than the end of the arc.
    for level in np.flatnonzero(best >= MIN_USED * SEGMENTS)[::-1]:
        if last - level <= NEAR_PX:
            continue
        reach = slice(level, max(level - NEAR_PX, 0), -1) if fold else slice(level, max(level - 2 * NEAR_PX, 0), -1)
        last = level - int(np.argmax(best[reach]))
        slope = float(np.median(slopes[votes[:, last] == best[last]]))
        lines.insert(0, (last - slope * float(centers.mean()), slope))
    return lines


def _wall_mm(
    light: NDArray[np.float64], ordered: NDArray[np.float64], guess: NDArray[np.float64], scale: float
) -> float:
    """How far inside the outermost line the fold lies, as the wall of the spine is seen beside it; 0 where none is seen.

    Turned away from the light, the wall is darker than what was ordered there; the arc of a fold is as dark only where it ends.
    """
    tone = np.median(
        light[:, : -round(BAND_MM * scale)] / np.maximum(ordered[:, : -round(BAND_MM * scale)], DARK), axis=1
    )
    d = np.arange(0.0, WALL_REACH_MM, 0.1)
    columns = np.arange(light.shape[1])
    at = guess[:, None] - d * scale
    seen = np.array([np.interp(a, columns, row) for a, row in zip(at, light, strict=True)])
    meant = np.array([np.interp(a, columns, row) for a, row in zip(at, ordered, strict=True)]) * tone[:, None]
    share = np.where(meant > DARK, seen / np.maximum(meant, DARK), np.nan)
    known = np.isfinite(share).mean(axis=0) > 0.25
    gain = np.array([float(np.nanmedian(column)) if k else np.nan for column, k in zip(share.T, known, strict=True)])
    # From the inside outward, where it first stays darker.
    dark = np.flatnonzero(gain[::-1] < WALL_LIGHT)
    if not dark.size:
        return 0.0
    begins = float(d[::-1][dark[0]])
    return begins - ARC_SHARE_MM if begins > LEAST_WALL_MM else 0.0


def _ordered(expected: Expected, to_image: Affine, shape: tuple[int, ...], columns: int) -> NDArray[np.float64]:
    """Light of the ordered cover, shape as the profiles; beyond its picture as at its rim."""
    plane = warped(expected.picture, expected.from_scan.after(to_image), (columns, shape[1]), float("nan"))
    profiles = segment_profiles(plane)[0]
    last = np.maximum(shape[1] - 1 - np.argmax(np.isfinite(profiles)[:, ::-1], axis=1) - 1, 0)
    column = np.minimum(np.arange(shape[1])[None, :], last[:, None])
    return np.take_along_axis(profiles, column, axis=1)


def _printed(expected: Expected, to_image: Affine, shape: tuple[int, ...], columns: int) -> NDArray[np.bool_]:
    """Where the ordered cover shows steps itself, shape as the profiles."""
    plane = warped(expected.picture, expected.from_scan.after(to_image), (columns, shape[1]), float("nan"))
    steps = np.nan_to_num(_narrow(np.sqrt(segment_profiles(plane)[0]), shape[1] // 8))
    around = np.ones((1, 2 * NEAR_PX + 1), np.uint8)
    return np.asarray(cv2.dilate((steps > LEAST_STEP / 2).astype(np.uint8), around) > 0)


def _nearest_peak(
    light: NDArray[np.float64], peaks: NDArray[np.bool_], guess: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Where each row changes most within a pixel of its peak next to the guess, to a fraction of a pixel; NaN without one."""
    rows, last = np.arange(len(light)), light.shape[1] - 2
    window = np.rint(guess).astype(int)[:, None] + np.arange(-NEAR_PX, NEAR_PX + 1)
    inside = (window >= 1) & (window <= last)
    clipped = np.clip(window, 1, last)
    apart = np.where(inside & peaks[rows[:, None], clipped], np.abs(window - guess[:, None]), np.inf)
    k = clipped[rows, apart.argmin(axis=1)]
    k = np.clip(k + np.argmax([light[rows, np.clip(k + d, 0, last + 1)] for d in (-1, 0, 1)], axis=0) - 1, 1, last)
    lo, mid, hi = (light[rows, k + d] for d in (-1, 0, 1))
    bend = lo - 2 * mid + hi
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.clip(0.5 * (lo - hi) / bend, -0.5, 0.5)
    return np.where(np.isfinite(apart.min(axis=1)) & (bend < 0), k + shift, np.nan)
