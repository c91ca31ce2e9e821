"""Traces of damage inside a page: creases, holes, tide-lines. One page alone proves none of them; both sides of a leaf do."""

from __future__ import annotations

from dataclasses import dataclass

from qc.edges.dark_backing import Backing
from qc.features.creases import find_ridges
from qc.features.holes import find_holes
from qc.features.page_maps import PageMaps
from qc.features.paper_tone import paper_tone
from qc.features.tide_lines import find_stains
from qc.geometry import Box

MANY = 12
"""More on one page are its own: it shows another picture than the reference, or lies on a patterned backing."""


@dataclass(frozen=True)
class Trace:
    """What damage may have left on one side of a leaf.

    Attributes
    ----------
    code : str
        As `page-damage` has it: crease, hole or water.
    points_mm : tuple of (float, float)
        Middles of the parts of a crease that were seen, from end to end; else the middle. In page-frame mm.
    box_mm : tuple of float
        x0, y0, x1, y1 in page-frame mm.
    extent_mm, area_mm2 : float
        Largest extent, and area (0 of a crease).
    """

    code: str
    points_mm: tuple[tuple[float, float], ...]
    box_mm: Box
    extent_mm: float
    area_mm2: float = 0.0


def paper_traces(maps: PageMaps, sheet_mm: Box, backing: Backing, color: bool) -> tuple[Trace, ...]:
    """Find the traces of damage on a page.

    Parameters
    ----------
    maps : PageMaps
    sheet_mm : tuple of float
        Left, top, right, bottom of the sheet in page-frame mm, as far as known.
    backing : Backing
        What is seen through a hole.
    color : bool
        Whether the scan has color: stains are not looked for without.
    """
    paper = paper_tone(maps, sheet_mm)
    found = []
    for ridge in find_ridges(paper):
        (x0, y0), (x1, y1) = ridge.ends_mm
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        found.append(Trace("crease", ridge.seen_mm, box, ridge.length_mm))
    for code, places in (("hole", find_holes(paper, backing)), ("water", find_stains(paper) if color else ())):
        for box, extent, area in places:
            middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            found.append(Trace(code, (middle,), box, extent, area))
    return tuple(found) if len(found) <= MANY else ()
