"""Strips of bare paper between the cut and a picture that was ordered to run over it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import EdgeLine
from qc.edges.page_stack import Expected, lines_along
from qc.edges.profiles import SEGMENTS, consensus_line, robust_line, segment_profiles, strip_along, strip_map
from qc.geometry import SIDES, Affine, Points, Size
from qc.units import px_per_mm

REACH_MM = 8.0
LEAST_MM = 0.4
"""Strips of half a millimeter are to be found; a fibrous or bright rim of the cut itself stays below a quarter."""
LEAST_LENGTH_MM = 10.0
ORDERED = 0.8
"""Light of the order, as a share of paper's, up to which it prints there."""
AT_TRIM_MM = (1.5, 0.2)
"""Between so far inside the trim line, or the cut, a picture must have been ordered that runs over it."""
DEEPEST_MM = 4.0
"""How far inside the trim line a picture may end: printers allow shifts of 3.2 mm. Of 400 drawn copies four pages whose pictures
have a highlight along the edge showed "strips" of 5.5 to 6.9 mm."""
RISE = 0.08
"""Least change of light from picture to paper, as a share of paper's."""
BARE = 0.85
USUAL_PAPER = 0.62
"""Bare paper of a dark scan, in linear light, for pages that show none."""
SLOPE_LIMIT = 0.02
OUT_OF_LINE_PX = 1.0
AGREEING = 0.6

Profiles = NDArray[np.float64]


@dataclass(frozen=True)
class Sliver:
    """A strip of bare paper along side `side` (left, top, right, bottom): its mean width with a standard uncertainty, and its
    box x0, y0, x1, y1 in page-frame mm."""

    side: int
    width_mm: float
    u_mm: float
    box_mm: tuple[float, float, float, float]


def white_slivers(
    luminance: NDArray[np.float32],
    lines: Sequence[EdgeLine],
    expected: Expected,
    trim: Size,
    to_px: Affine,
    dpi: tuple[float, float],
    paper: float,
) -> tuple[Sliver, ...]:
    """Find the strips of a registered page.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    lines : sequence of EdgeLine
        Left, top, right, bottom cut.
    expected : Expected
        What was ordered.
    trim : Size
    to_px : Affine
        Page-frame mm -> working pixels.
    dpi : tuple of float
        Along x and y.
    paper : float
        Linear light of bare paper, or less where the page shows none.

    Notes
    -----
    What fools it: a second leaf that shows beyond this one, and a file without bleed, whose picture ends at the trim line as
    it was ordered. Strips beside print that is nearly as light as paper are not seen.
    """
    corners = to_px(trim.corners())
    found = []
    for side, (a, b) in enumerate(SIDES):
        ends = lines[side].ends
        if ends is not None:
            scale = px_per_mm(dpi[side % 2])
            found += list(_along(luminance, ends, corners[[a, b]], expected, to_px, side, scale, paper))
    return tuple(found)


def _along(
    luminance: NDArray[np.float32],
    cut: Points,
    trim: Points,
    expected: Expected,
    to_px: Affine,
    side: int,
    scale: float,
    paper: float,
) -> Iterator[Sliver]:
    reach = round(REACH_MM * scale)
    to_image, columns = strip_map(cut, reach)
    inner = min(float(to_image.inverse()(trim)[:, 1].mean()), float(reach))
    first, last = (int(inner - mm * scale) for mm in AT_TRIM_MM)
    if first < 1 or last <= first:
        return
    # Beside most pages nothing was ordered: the rest of the strip need not be looked at.
    at_trim = expected.strip(to_image.after(Affine.shift(0, first)), (last + 1 - first, columns))
    printed = segment_profiles(at_trim)[0].max(axis=1) < ORDERED
    if printed.mean() * columns < LEAST_LENGTH_MM * scale or printed.sum() < 4:
        return
    strip, to_image = strip_along(luminance, cut, reach, 0)
    ordered, centers = segment_profiles(expected.strip(to_image, (strip.shape[0], strip.shape[1])))
    profiles, _ = segment_profiles(strip)
    printed &= np.isfinite(profiles).all(axis=1)
    if printed.sum() < 4:
        return
    shown, order, at = profiles[printed] / max(paper, USUAL_PAPER), ordered[printed], centers[printed]
    steps = lines_along(shown, np.ones(shown.shape, bool), at, SLOPE_LIMIT, AGREEING, AGREEING)
    rises = [s for s in steps if s.step > RISE and s.at < reach - 0.5 * LEAST_MM * scale]
    if not rises or any(s.step < 0 and rises[-1].at < s.at < reach - 2 for s in steps):
        return
    rise = rises[-1]
    row = int(rise.at)
    if row < inner - DEEPEST_MM * scale:
        # So far inside the trim line a picture does not end by a shift: it prints as paper there, as a pale sky does.
        return
    beyond = float(np.median(shown[:, row + 1 : reach].max(axis=1)))
    before, after = (float(np.median(order[:, max(r, 0)])) for r in (row - 3, min(row + 4, reach)))
    if beyond < BARE or (after < ORDERED and after - before > 0.5 * rise.step):
        return
    crossing = _rises(shown, rise.at + rise.slope * (at - 0.5 * (at[0] + at[-1])), reach)
    good = np.isfinite(crossing)
    start = consensus_line(at[good], crossing[good], SLOPE_LIMIT, OUT_OF_LINE_PX) if good.mean() >= AGREEING else None
    if start is None:
        return
    (level, _), weights, scatter = robust_line(at[good], crossing[good], start)
    if (weights > 0.1).sum() < AGREEING * len(at) or scatter > OUT_OF_LINE_PX:
        return
    width = (reach - float(level)) / scale
    if width < LEAST_MM:
        return
    half = 0.5 * strip.shape[1] / SEGMENTS
    ends = [[at[0] - half, level], [at[-1] + half, level], [at[0] - half, reach], [at[-1] + half, reach]]
    places = to_px.inverse()(to_image(ends))
    (x0, y0), (x1, y1) = places.min(axis=0).tolist(), places.max(axis=0).tolist()
    u = float(np.hypot(scatter / np.sqrt(weights.sum() / 3), 0.25)) / scale
    yield Sliver(side, width, u, (x0, y0, x1, y1))


def _rises(shown: Profiles, near: NDArray[np.float64], reach: int) -> NDArray[np.float64]:
    """Where each segment crosses half way from its picture to the paper beyond, within 3 px of `near`; NaN if nowhere."""
    result = np.full(len(shown), np.nan)
    for k, (profile, place) in enumerate(zip(shown, near, strict=True)):
        row = round(float(place))
        low, high = max(row - 4, 0), min(row + 5, reach + 1)
        bright = float(profile[row : min(row + 6, reach + 1)].max(initial=0.0))
        dark = float(profile[low : row + 1].min(initial=1.0))
        half = 0.5 * (bright + dark)
        if bright - dark < RISE:
            continue
        over = profile[low:high] > half
        up = np.flatnonzero(~over[:-1] & over[1:])
        if up.size:
            i = int(up[np.argmin(np.abs(low + up + 0.5 - place))]) + low
            result[k] = i + (half - profile[i]) / (profile[i + 1] - profile[i])
    return result
