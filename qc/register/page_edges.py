"""The four edges of a registered page, each found the way its backing and binding ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qc.edges.bound import find_bound_edge
from qc.edges.cropped import paper_to_frame
from qc.edges.dark_backing import EdgeLine, Sheet, find_edge
from qc.edges.page_stack import Expected
from qc.edges.white_backing import find_shadow_edge
from qc.flags import Flag
from qc.geometry import SIDES, Affine, Direction, Edge, Points, edge_names, side_of
from qc.normalize.page_image import PageImage
from qc.reference.find import ReferencePage
from qc.register.identify import flat_mm
from qc.units import px_per_mm

REACH_MM = 7.0
"""The rough outline of the paper is believed where it lies further than this from where the trim line falls."""
ASLANT_DEG = 1.0
"""Where the outline is turned by more against the trim line, the cut is looked for along it, too: of a print that is turned
on its sheet, a cut is followed by its trim line to 1.7 degrees at most. The outline itself is good to half a degree."""


def page_edges(
    image: PageImage,
    sheet: Sheet,
    page: ReferencePage,
    expected: Expected,
    to_px: Affine,
    bound: bool,
    direction: Direction = Direction.LTR,
) -> tuple[EdgeLine, ...]:
    """Edges of a page, left, top, right, bottom, in working pixels.

    Parameters
    ----------
    image : PageImage
    sheet : Sheet
        Backing and rough outline.
    page : ReferencePage
        What the page shows.
    expected : Expected
        As it should show in the scan.
    to_px : Affine
        Page-frame mm -> working pixels: where it shows it.
    bound : bool
        The book was not taken apart: its spine edge is out of sight.
    direction : Direction
        In which it is read: tells which edge that is.
    """
    trim_px = to_px(page.trim.corners())
    flat = flat_mm(page.number, page.trim, direction)
    in_detail = ordered_in_detail(page, to_px)
    lines = []
    for side, (a, b) in enumerate(SIDES):
        dpi = image.dpi.x_dpi if side in (0, 2) else image.dpi.y_dpi
        guess = trim_px[[a, b]]
        if bound and edge_names(side_of(page.number), direction)[side] is Edge.SPINE:
            lines.append(EdgeLine(None, flag=Flag.BOUND))
            continue
        if sheet.backing.kind == "white":
            bias, u_shape = (image.white.bias_mm[side], image.white.u_mm[side]) if image.white else (0.0, None)
            lines.append(find_shadow_edge(image.luminance, guess, dpi, expected, bias_mm=bias, u_shape_mm=u_shape))
            continue
        if bound:
            first, last = (f / page.trim.width_mm for f in flat)
            part = {1: (first, last), 3: (1 - last, 1 - first)}.get(side, (0.0, 1.0))
            lines.append(find_bound_edge(image.luminance, guess, sheet.backing, dpi, in_detail, part))
            continue
        if sheet.corners is not None:
            outline = _nearest_side(sheet.corners, guess)
            if _distance(outline, guess) > REACH_MM * px_per_mm(dpi):
                guess = outline
        line = find_edge(image.luminance, guess, sheet.backing, dpi, expected=in_detail)
        if (
            sheet.corners is not None
            and _turned_deg(outline := _nearest_side(sheet.corners, guess), guess) > ASLANT_DEG
        ):
            along = find_edge(image.luminance, outline, sheet.backing, dpi, expected=in_detail)
            line = along if line.ends is None or (along.ends is not None and along.used > line.used) else line
        if line.flag is Flag.CROPPED:
            line = replace(line, frame=paper_to_frame(image.luminance, trim_px[[a, b]], dpi))
        lines.append(line)
    return tuple(lines)


def ordered(page: ReferencePage, to_px: Affine) -> Expected:
    """The reference page as it should show in the scan, at 75 dpi: where there is print."""
    return Expected(lambda: page.smooth, page.to_smooth.after(to_px.inverse()))


def ordered_in_detail(page: ReferencePage, to_px: Affine) -> Expected:
    """The same at 150 dpi, drawn if it is asked for: where a page ends above others, or the art of a cover beside an edge of it."""
    return Expected(lambda: page.luminance, page.to_px.after(to_px.inverse()))


def _nearest_side(corners: Points, guess: Points) -> Points:
    sides = [corners[[a, b]] for a, b in SIDES]
    return min(sides, key=lambda s: float(np.hypot(*(s - guess).T).sum()))


def _turned_deg(outline: Points, guess: Points) -> float:
    """Angle between two lines, without its sign."""
    a, b = outline[1] - outline[0], guess[1] - guess[0]
    return abs(float(np.rad2deg(np.arctan2(a[0] * b[1] - a[1] * b[0], a @ b))))


def _distance(outline: Points, guess: Points) -> float:
    """Distance of the middle of `outline` from the line through `guess`."""
    t = (guess[1] - guess[0]) / np.hypot(*(guess[1] - guess[0]))
    d = outline.mean(axis=0) - guess.mean(axis=0)
    return abs(float(d @ np.array([t[1], -t[0]])))
