"""Head, tail and fore-edge of a page scanned in its book: the first lasting drop from inside, never the strongest."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import USUAL_PAPER, Backing, EdgeLine
from qc.edges.page_stack import LASTING_DROP, Expected, Profiles, lines_along, look
from qc.edges.profiles import SEGMENTS, consensus_line, robust_line, strip_along
from qc.flags import Flag
from qc.geometry import Points
from qc.units import px_per_mm

BAND_MM = 7.0
"""How far either side of the trim line the cut is looked for."""
BEGIN_MM = 0.7
"""A line needs as much paper before it."""
SLOPE_LIMIT = 0.012
LEAST_USED = 0.4
MAX_SCATTER_MM = 0.06
BEGINS = 0.06
MAX_FALL_PX = 1.7
"""From where this share of the contrast is lost to where half is: 1.0 to 1.6 px at a single edge, more where narrow
stripes run into one another. Chosen on drawn pages (seeds below 140)."""
U_BOUND_MM = 0.06
"""Shape term of an edge in its book: paper that is lifted a little, and pages below too narrow to be told apart."""


def find_bound_edge(
    luminance: NDArray[np.float32],
    ends: Points,
    backing: Backing,
    dpi: float,
    expected: Expected,
    part: tuple[float, float] = (0.0, 1.0),
) -> EdgeLine:
    """Locate the cut edge of a page that was not taken out of its book.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    ends : ndarray, shape (2, 2)
        Trim line in pixels; walking from the first to the second point, the paper lies to the right.
    backing : Backing
    dpi : float
        Across the edge.
    expected : Expected
        What was ordered: print along the edge is no cut.
    part : tuple of float
        From where to where along `ends` the page lies flat, 0 to 1.

    Returns
    -------
    EdgeLine
        Through the whole side; `u_shape_mm` is `U_BOUND_MM`.

    Notes
    -----
    The cut is the first line along the edge beyond which at least 6 % of the light is missing, up to the backing or for
    half a millimeter. Where the first line is anything else (the next page shows as bright as this one beyond a thin
    gap), or light is lost in more than one step, nothing is measured. A next page that ends within 0.2 mm and looks alike
    is taken for this one.
    """
    if backing.kind == "white":
        return EdgeLine(None, flag=Flag.WHITE_BACKING)
    if backing.kind == "none":
        return EdgeLine(None, flag=Flag.CROPPED)
    scale = px_per_mm(dpi)
    flat = ends[0] + np.outer(part, ends[1] - ends[0])
    reach = round(BAND_MM * scale)
    strip, to_image = strip_along(luminance, flat, reach + round(BEGIN_MM * scale), reach)
    ground = look(strip, to_image, expected)
    paper = max(backing.paper, 0.5 * USUAL_PAPER)
    lines = lines_along(ground.profiles / paper, ground.bare, ground.centers, SLOPE_LIMIT)
    if not lines:
        framed = float(np.isfinite(ground.profiles[:, -1]).mean()) < 0.5
        return EdgeLine(None, flag=Flag.CROPPED if framed else Flag.EDGE_NOT_FOUND)
    line = lines[0]
    if not ground.known()[: int(line.at)].all():
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND)
    if line.step > 0:
        return EdgeLine(None, flag=Flag.OUTSIDE_NOT_BACKING)
    half = 0.5 * (strip.shape[1] - 1)
    x = np.array([0.0, strip.shape[1] - 1.0])
    return _refined(
        luminance,
        to_image(np.column_stack([x, line.at + line.slope * (x - half)])),
        ends,
        paper,
        dpi,
        expected,
    )


def _refined(
    luminance: NDArray[np.float32],
    first: Points,
    ends: Points,
    paper: float,
    dpi: float,
    expected: Expected,
) -> EdgeLine:
    scale = px_per_mm(dpi)
    inside, outside = round(3.0 * scale), round(3.5 * scale)
    strip, to_image = strip_along(luminance, first, inside, outside)
    ground = look(strip, to_image, expected)
    profiles, centers = ground.profiles, ground.centers
    plain = ground.bare[:, inside - 6 : inside + 3].all(axis=1)
    visible = np.isfinite(profiles).mean(axis=0) > 0.8
    if not visible[inside : inside + round(0.5 * scale) + 1].all():
        return EdgeLine(None, flag=Flag.CROPPED)
    paper_side = profiles[:, inside - 6 : inside - 2].mean(axis=1)
    with np.errstate(invalid="ignore"):
        beyond = profiles[:, inside + 1 : inside + 4].min(axis=1)
    if not _lasts(profiles, inside, scale, paper):
        return EdgeLine(None, flag=Flag.OUTSIDE_NOT_BACKING)
    crossing = _innermost_crossing(profiles[:, inside - 6 : inside + 5], 0.5 * (paper_side + beyond)) + inside - 6
    contrast = paper_side - beyond
    begins = _innermost_crossing(profiles[:, inside - 6 : inside + 5], paper_side - BEGINS * contrast) + inside - 6
    good = plain & np.isfinite(crossing) & (contrast > 0.03 * paper)
    used = float(good.mean())
    if used >= LEAST_USED and float(np.median((crossing - begins)[good])) > MAX_FALL_PX:
        return EdgeLine(None, flag=Flag.OUTSIDE_NOT_BACKING, used=used)
    start = consensus_line(centers[good], crossing[good], 0.02, 0.7) if used >= LEAST_USED else None
    if start is None:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=used)
    coef, weights, scatter = robust_line(centers[good], crossing[good], start)
    used = float((weights > 0.1).sum() / SEGMENTS)
    if used < LEAST_USED or scatter > MAX_SCATTER_MM * scale:
        return EdgeLine(None, flag=Flag.EDGE_NOT_FOUND, used=used)
    mean_x = centers[good].mean()
    reach = to_image.inverse()(ends)[:, 0]
    ends_px = to_image(np.column_stack([reach, coef[0] + coef[1] * (reach - mean_x)]))
    lever = (float(reach.mean()) - mean_x) / max(float(centers[good].std()), 1.0)
    u = scatter * np.sqrt((1 + lever**2) / (max(float(weights.sum()), 4.0) / 3))
    return EdgeLine(ends_px, u_px=float(u), used=used, u_shape_mm=U_BOUND_MM)


def _lasts(profiles: Profiles, inside: int, scale: float, paper: float) -> bool:
    """Whether the light beyond an edge stays below that of the paper before it.

    It must over half a millimeter in the mean, and everywhere but in single stripes.
    """
    before = float(np.nanmedian(profiles[:, inside - 6 : inside - 2]))
    beyond = np.nanmedian(profiles[:, inside + 1 : inside + 2 + round(0.5 * scale)], axis=0)
    return float(beyond.mean()) < before - LASTING_DROP * paper


def _innermost_crossing(profiles: Profiles, level: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position of the first fall from above to below `level` in each profile; NaN if there is none."""
    above = profiles > level[:, None]
    falls = above[:, :-1] & ~above[:, 1:]
    rows = np.arange(len(profiles))
    at = np.argmax(falls, axis=1)
    a, b = profiles[rows, at], profiles[rows, at + 1]
    with np.errstate(invalid="ignore", divide="ignore"):
        position = at + (a - level) / (a - b)
    position[~falls.any(axis=1) | ~np.isfinite(position)] = np.nan
    return np.asarray(position)
