"""Edges of a closed book on any lid: the outermost line at which its cover ends, cut or folded, whatever its color.

A cover shows art up to its edges, lighter or darker than the lid or only of another color, so the edge is neither a fall from
paper to backing (`qc.edges.dark_backing`) nor a shadow on bare paper (`qc.edges.white_backing`). It is a narrow step; the shadow
of a thick book on the lid is a wide one.

What fools it: art of the color of the lid (no line is left; refused), the wall of the spine, which a scanner with a lens sees
beside the fold (`qc.edges.fold_place`), a block that stands out beyond a cover of its own color.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qc.edges.bleed_end import CutPlace, tell_from_bleed_end
from qc.edges.cover_strip import MIN_USED, NEAR_PX, OWN_PX, CoverStrip, Line, read_strip, slopes_of
from qc.edges.dark_backing import EdgeLine
from qc.edges.fold_place import find_fold
from qc.edges.page_stack import Expected
from qc.edges.profiles import SEGMENTS, robust_line
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
LEAST_FOLD_CHANGE = 0.05
"""As `cover_strip.LEAST_CHANGE`, over a fold: 7 levels of each channel. Between art and lid that are more alike, a fold was up to
0.5 mm off on 7 drawn ones."""
U_CUT_MM = 0.03
"""Standard uncertainty of what all scans of a copy share: the blur of the scanner."""


def find_cover_edge(
    channels: NDArray[np.uint8],
    luminance: NDArray[np.float32],
    ends: Points,
    dpi: float,
    expected: Expected,
    *,
    spine_mm: float | None = None,
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
    spine_mm : float or None
        It is the edge at a spine designed so wide.
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
    strip, to_image, columns = read_strip(channels, luminance, ends, dpi, expected, band_mm, spine_mm or 0.0)
    found = locate(strip, spine_mm)
    if found.ends is None:
        return found
    # From the middles of the first and the last segment to the ends of the strip.
    slope = (found.ends[1, 1] - found.ends[0, 1]) / (found.ends[1, 0] - found.ends[0, 0])
    along = np.array([0.0, columns - 1.0])
    rows = found.ends[0, 1] + slope * (along - found.ends[0, 0])
    return EdgeLine(to_image(np.column_stack([along, rows])), found.u_px, None, found.used, found.u_shape_mm)


def locate(strip: CoverStrip, spine_mm: float | None = None) -> EdgeLine:
    """The edge in a strip, its ends in strip px; as `find_cover_edge`."""
    if spine_mm is not None:
        return _locate_fold(strip, spine_mm)
    cut = _place_of_cut(strip)
    if cut is None:
        return _nothing_on(strip)
    return _through_peaks(strip, cut.line, float(np.hypot(U_CUT_MM, cut.u_mm)))


def _nothing_on(strip: CoverStrip) -> EdgeLine:
    outside = np.isfinite(strip.luminance[:, strip.luminance.shape[1] // 2 :])
    return EdgeLine(None, flag=Flag.CROPPED if outside.mean() < 0.5 else Flag.EDGE_NOT_FOUND)


def _through_peaks(strip: CoverStrip, line: Line, shape_mm: float) -> EdgeLine:
    """A line as each segment shows it."""
    at = _nearest_peak(strip, strip.rows(line))
    good = np.isfinite(at)
    if good.mean() < MIN_USED:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=float(good.mean()))
    return _fitted(strip, at, good, strip.rows(line), shape_mm)


def _locate_fold(strip: CoverStrip, spine_mm: float) -> EdgeLine:
    """The fold inside the outermost line, or inside the next one that the order does not print, where that is not straight."""
    lines = strip.lines(strip.peaks, RINGING_FOLD)
    for line in reversed(lines):
        if strip.changes_over(line, PAST_FOLD_MM) <= LEAST_FOLD_CHANGE or (
            line is not lines[-1] and strip.prints(line)
        ):
            continue
        outermost = _through_peaks(strip, line, U_CUT_MM)
        if outermost.ends is not None:
            return _folded(strip, outermost, line.share, spine_mm)
    return _nothing_on(strip)


def _folded(strip: CoverStrip, outermost: EdgeLine, share: float, spine_mm: float) -> EdgeLine:
    """The fold that lies inside the outermost line."""
    assert outermost.ends is not None
    (left, top), (right, bottom) = outermost.ends
    slope = (bottom - top) / (right - left)
    line = Line(float(top + slope * (strip.centers.mean() - left)), float(slope), share)
    place = find_fold(strip, line, spine_mm)
    if place is None:
        return EdgeLine(None, flag=Flag.FOLD_NOT_PROVEN, used=outermost.used)
    ends = outermost.ends - [0.0, place.inside_mm * strip.scale]
    return replace(outermost, ends=ends, u_shape_mm=place.u_mm)


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
