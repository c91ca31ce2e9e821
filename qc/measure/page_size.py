"""Size of a page from cut to cut, in the scanner's own millimeters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation, Where
from qc.units import px_per_mm

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from qc.edges.dark_backing import EdgeLine
    from qc.measure.context.copy_context import PageContext

U_SCALE = 0.005
"""Of the resolution that a scanner without a profile states; a documented flatbed is off by 0.6 % locally."""


@measure("page-size", "mm", "page", 1, name="page size", signed=False)
def page_size(
    lines: Sequence[EdgeLine], px_per_mm: tuple[float, float], page: int, u_scale: float = U_SCALE
) -> list[Observation]:
    """Width and height of a page, each from the middle of one cut to the opposite one.

    Parameters
    ----------
    lines : sequence of EdgeLine
        Left, top, right and bottom edge in working pixels.
    px_per_mm : tuple of float
        Of the working image along x and y, as believed.
    page : int
        Position among the scanned interior pages, 1-based.
    u_scale : float
        Relative standard uncertainty of `px_per_mm`.

    Returns
    -------
    list of Observation
        ``width`` and ``height`` in mm; None where a cut was not found, with that edge's flag.

    Notes
    -----
    Print plays no part, so the scale of the scanner enters in full: without a profile u is 0.5 % of the length, about a
    third of 0.125 in on a 9 in page. `trim-size-block` tells the deviation from the ordered size far better where there
    is a reference.
    """
    result = []
    for axis, near, far, across in (("width", 0, 2, 0), ("height", 1, 3, 1)):
        a, b = lines[near], lines[far]
        where = Where(page=page, axis=axis)
        if a.ends is None or b.ends is None:
            flag = (a.flag if a.ends is None else b.flag) or Flag.EDGE_NOT_FOUND
            result.append(page_size.observe(None, where=where, flags=(flag,)))
            continue
        scale = np.array(px_per_mm)
        first, last = a.ends / scale, b.ends / scale
        along = (first[1] - first[0]) / np.hypot(*(first[1] - first[0]))
        size = abs(float((last.mean(axis=0) - first.mean(axis=0)) @ np.array([along[1], -along[0]])))
        u_edges = float(np.hypot(a.u_px, b.u_px)) / px_per_mm[across]
        result.append(page_size.observe(size, float(np.hypot(u_edges, u_scale * size)), where))
    return result


@page_size.on_page
def _of_page(page: PageContext) -> Iterable[Observation]:
    seen = page.page
    if seen.resolution is None or seen.to_scan is None or seen.error:
        return []
    x, y = seen.resolution.x_dpi, seen.resolution.y_dpi
    if seen.turns % 2:
        x, y = y, x
    scale = px_per_mm(x) / seen.to_scan.scale[0], px_per_mm(y) / seen.to_scan.scale[1]
    return page_size(seen.lines, scale, page.position, max(seen.u_scale))


@page_size.sentence
def _in_words(found: Observation, said: Said) -> str:
    return f"The page measures {said.size}"
