"""Edges of a closed book on any lid: the outermost line at which its cover ends, cut or folded, whatever its color.

A cover shows art up to its edges, lighter or darker than the lid or only of another color, so the edge is neither a fall from
paper to backing (`qc.edges.dark_backing`) nor a shadow on bare paper (`qc.edges.white_backing`). It is a narrow step; the shadow
of a thick book on the lid is a wide one.

What fools it: art of the color of the lid (no line is left; refused), the wall of the spine, which a scanner with a lens sees
beside the fold (`qc.edges.spine_wall`), a block that stands out beyond a cover of its own color.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qc.edges.bleed_end import CutPlace, tell_from_bleed_end
from qc.edges.cover_strip import LEAST_CHANGE, MIN_USED, NEAR_PX, OWN_PX, CoverStrip, Line, read_strip, slopes_of
from qc.edges.dark_backing import EdgeLine
from qc.edges.page_stack import Expected
from qc.edges.profiles import SEGMENTS, robust_line
from qc.edges.spine_wall import find_fold
from qc.flags import Flag
from qc.geometry import Points

BAND_MM = 9.0
"""How far either side of the guess is searched: a cover misplaced by more is not told in millimeters."""
MAX_SCATTER_MM = 0.25
IN_PART_MM = 1.0
"""A line that the order does not print and only some parts show, so far inside the cut, may be the cut."""
BLOCK_MM, U_BLOCK_MM = 6.0, 0.1
"""A block stands out beyond its cover, and a lens sees its side beside it, by less: of a book of 28 mm, 75 mm from the middle of
the glass. Art as light as the block leaves no line at the cut, and one of the block is taken: 0.2 to 0.4 mm beyond on 6 of 108
drawn ones."""
MOST = 0.75
"""Share of the segments that show a line, though the order prints something there; pictures show some in up to half of them."""
RINGING_FOLD = 0.15
"""As `RINGING`, for the outermost line: its false ones lie beyond the edge, where the shadow on the lid adds to them."""
PAST_FOLD_MM = 1.5
"""So far beyond a fold the cover does not go on: the score of a hinge is narrower and lies between the same tones."""
SPREAD, SHARP_MM, WIDEST_MM = 0.8, 0.09, 0.8
"""The arc of a fold darkens toward its end and rises from the glass, out of focus: it ends farther out than it changes most, by
this share of how far beyond the step falls to half, less what a sharp end has. On 404 drawn folds without a wall, of radii from
0.2 to 1.5 mm, that leaves 0.09 mm (standard deviation) of 0.12, and 95 % within 0.18 mm of 0.23."""
U_CUT_MM, U_FOLD_MM, U_WALL_MM = 0.03, 0.11, 0.2
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
        frame of the scan ends within the band, a fold with `Flag.FOLD_NOT_PROVEN` where the art is too dark to tell it from the
        wall of the spine.

    Notes
    -----
    The scan is differentiated across the edge in 60 parts, and lines are sought on which most parts show a narrow step that
    lasts. A fold is the outermost of them. A cut is the innermost that the ordered cover does not print: beyond it, the block may
    stand out. Each part is then located where it changes most, in linear light, as the blur of a scanner is even to both sides of
    a step.
    """
    strip, to_image, columns = read_strip(channels, luminance, ends, dpi, expected, band_mm)
    found = locate(strip, fold)
    if found.ends is None:
        return found
    # From the middles of the first and the last segment to the ends of the strip.
    slope = (found.ends[1, 1] - found.ends[0, 1]) / (found.ends[1, 0] - found.ends[0, 0])
    along = np.array([0.0, columns - 1.0])
    rows = found.ends[0, 1] + slope * (along - found.ends[0, 0])
    return EdgeLine(to_image(np.column_stack([along, rows])), found.u_px, None, found.used, found.u_shape_mm)


def locate(strip: CoverStrip, fold: bool) -> EdgeLine:
    """The edge in a strip, its ends in strip px; as `find_cover_edge`."""
    cut = None if fold else _place_of_cut(strip)
    line = cut.line if cut is not None else _line_of_fold(strip) if fold else None
    if line is None:
        outside = np.isfinite(strip.luminance[:, strip.luminance.shape[1] // 2 :])
        return EdgeLine(None, flag=Flag.CROPPED if outside.mean() < 0.5 else Flag.EDGE_NOT_FOUND)
    moved, shape = 0.0, float(np.hypot(U_CUT_MM, cut.u_mm if cut else 0.0))
    if fold:
        place = find_fold(strip, line, U_FOLD_MM, U_WALL_MM)
        if place is None:
            return EdgeLine(None, flag=Flag.FOLD_NOT_PROVEN)
        moved, shape = -place.inside_mm or _rounding_mm(strip, line), place.u_mm
    at = _nearest_peak(strip, strip.rows(line)) + moved * strip.scale
    good = np.isfinite(at)
    if good.mean() < MIN_USED:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=float(good.mean()))
    return _fitted(strip, at, good, strip.rows(line) + moved * strip.scale, shape)


def _line_of_fold(strip: CoverStrip) -> Line | None:
    lines = strip.lines(strip.peaks, RINGING_FOLD)
    return lines[-1] if lines and strip.changes_over(lines[-1], PAST_FOLD_MM) > LEAST_CHANGE else None


def _rounding_mm(strip: CoverStrip, line: Line) -> float:
    """How far beyond the line on which it changes most the arc of a fold ends."""
    beyond = np.arange(-1.0, WIDEST_MM * strip.scale + 1.0)
    rows = strip.rows(line)
    steps = np.array([np.median(np.nan_to_num(strip.at(strip.steps, rows + b))) for b in beyond])
    half = steps[:3].max() / 2
    k = int(np.argmax((steps < half) & (beyond > 0)))
    at = beyond[k] - (half - steps[k]) / (steps[k - 1] - steps[k]) if k else WIDEST_MM * strip.scale
    return SPREAD * float(at) / strip.scale - SHARP_MM


def _place_of_cut(strip: CoverStrip) -> CutPlace | None:
    """The innermost line that the order does not print, near the outermost of all; the end of the bleed told from it."""
    lines = strip.lines(strip.peaks)
    if not lines:
        return None
    clear = [line for line in lines if line.share >= MOST]
    own = strip.lines(strip.peaks & ~strip.printed) + [line for line in clear if not strip.prints(line)]
    within = [line for line in own if 0 <= lines[-1].level - line.level < BLOCK_MM * strip.scale]
    cut = min(within, key=lambda line: line.level, default=lines[-1])
    ends = [
        line for line in clear if strip.ends_bleed(line) and OWN_PX < cut.level - line.level < BLOCK_MM * strip.scale
    ]
    place = tell_from_bleed_end(strip, ends[0] if ends else None, cut)
    inside = [(place.line.level - line.level) / strip.scale for line in lines if not strip.prints(line)]
    # A cut may be seen in part, where the block beside it is as light as some of the art.
    u = max((gap / 2 for gap in inside if OWN_PX / strip.scale < gap < IN_PART_MM), default=0.0)
    u = max(u, U_BLOCK_MM * (lines[-1].level - place.line.level > OWN_PX))
    return replace(place, u_mm=float(np.hypot(place.u_mm, u)))


def _fitted(
    strip: CoverStrip, at: NDArray[np.float64], good: NDArray[np.bool_], start: NDArray[np.float64], shape_mm: float
) -> EdgeLine:
    """A straight line through the places found in each segment."""
    centers = strip.centers
    slope = (start[-1] - start[0]) / (centers[-1] - centers[0])
    coef, weights, scatter = robust_line(centers[good], at[good], (start[0] - slope * centers[0], slope))
    used = float((weights > 0.1).sum() / SEGMENTS)
    if used < MIN_USED or scatter > MAX_SCATTER_MM * strip.scale:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=used)
    along, middle = centers[[0, -1]], float(centers[good].mean())
    lever = (float(centers.mean()) - middle) / max(float(centers[good].std()), 1.0)
    u = scatter * float(np.sqrt((1 + lever**2) / (max(float(weights.sum()), 4.0) / 3)))
    rows = coef[0] + coef[1] * (along - middle)
    return EdgeLine(np.column_stack([along, rows]), u_px=u, used=used, u_shape_mm=shape_mm)


def _nearest_peak(strip: CoverStrip, guess: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where each row changes most within a pixel of its peak next to the guess, to a fraction of a pixel; NaN without one."""
    light = np.nan_to_num(np.abs(slopes_of(strip.light)).sum(axis=0))
    rows, last = np.arange(len(light)), light.shape[1] - 2
    window = np.rint(guess).astype(int)[:, None] + np.arange(-NEAR_PX, NEAR_PX + 1)
    inside = (window >= 1) & (window <= last)
    clipped = np.clip(window, 1, last)
    apart = np.where(inside & strip.peaks[rows[:, None], clipped], np.abs(window - guess[:, None]), np.inf)
    k = clipped[rows, apart.argmin(axis=1)]
    k = np.clip(k + np.argmax([light[rows, np.clip(k + d, 0, last + 1)] for d in (-1, 0, 1)], axis=0) - 1, 1, last)
    lo, mid, hi = (light[rows, k + d] for d in (-1, 0, 1))
    bend = lo - 2 * mid + hi
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = np.clip(0.5 * (lo - hi) / bend, -0.5, 0.5)
    return np.where(np.isfinite(apart.min(axis=1)) & (bend < 0), k + shift, np.nan)
