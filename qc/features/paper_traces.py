"""Traces of damage inside a page: creases, holes, tide-lines. One page alone proves none of them; both sides of a leaf do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from qc.edges.dark_backing import Backing
from qc.features.creases import find_ridges
from qc.features.holes import find_holes, shows_holes
from qc.features.page_maps import PageMaps
from qc.features.paper_tone import paper_tone
from qc.features.tide_lines import find_stains
from qc.flags import Flag
from qc.geometry import Box

MANY = 12
"""More on one page are its own: it shows another picture than the reference, or lies on a patterned backing."""
KINDS = ("crease", "hole", "water")
LEAST_EVEN = 0.1
"""Share of a page that must be even: in a picture all over there is too little to look at."""


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
    strong : bool
        Whether it stands out by itself; what does not only confirms a trace that does.
    """

    code: str
    points_mm: tuple[tuple[float, float], ...]
    box_mm: Box
    extent_mm: float
    area_mm2: float = 0.0
    strong: bool = True


@dataclass(frozen=True)
class PaperTraces:
    """All traces on one side of a leaf, and why those of some kinds were not looked for, by their code."""

    found: tuple[Trace, ...] = ()
    unseen: Mapping[str, Flag] = field(default_factory=dict)


def paper_traces(maps: PageMaps, sheet_mm: Box, backing: Backing, color: bool, bound: bool = False) -> PaperTraces:
    """Find the traces of damage on a page.

    Parameters
    ----------
    maps : PageMaps
    sheet_mm : tuple of float
        Left, top, right, bottom of the sheet in page-frame mm, as far as known.
    backing : Backing
        What is seen through a hole.
    color : bool
        Whether the scan has color.
    bound : bool
        Other leaves lie below, so that a hole shows paper.
    """
    paper = paper_tone(maps, sheet_mm)
    inside = int(paper.inside.sum())
    if not inside or int(paper.even.sum()) < LEAST_EVEN * inside:
        return PaperTraces(unseen=dict.fromkeys(KINDS, Flag.NOTHING_TO_COMPARE))
    found = []
    for ridge in find_ridges(paper):
        (x0, y0), (x1, y1) = ridge.ends_mm
        box = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        found.append(Trace("crease", ridge.seen_mm, box, ridge.length_mm, strong=ridge.strong))
    dark = shows_holes(backing) and not bound
    for code, places in (("hole", find_holes(paper, backing) if dark else ()), ("water", find_stains(paper, color))):
        for box, extent, area in places:
            middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
            found.append(Trace(code, (middle,), box, extent, area))
    if sum(t.strong for t in found) > MANY:
        return PaperTraces(unseen=dict.fromkeys(KINDS, Flag.OTHER_CONTENT))
    lid = Flag.BOUND if bound else Flag.CROPPED if backing.kind == "none" else Flag.WHITE_BACKING
    return PaperTraces(tuple(found), {} if dark else {"hole": lid})
