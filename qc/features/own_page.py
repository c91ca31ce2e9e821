"""From the pixels of one scan to what it says by itself: its cuts, and the marks of its print measured from them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qc.edges.dark_backing import EdgeLine, Sheet, find_edge
from qc.features.text_lines import TextBlock, find_text
from qc.features.text_placement import OwnPage
from qc.flags import Flag
from qc.geometry import SIDES, Affine, Direction, Edge, Points, Side, Size, edge_names, spine_at_left
from qc.normalize.page_image import PageImage
from qc.reference.page_outline import page_frame
from qc.reference.pdf_boxes import STANDARD
from qc.units import px_per_mm

SHARED_MARKS = 2
"""Lines counted from the head, and from the tail, whose baselines are marks."""
MAX_U_CUT_MM = 0.15
FOLIO_MM = 12.0
"""A last line no longer than this may be a folio."""
FLUSH_MM, NOT_FLUSH_MM = 1.0, 6.0
NEAR_STANDARD_MM = 3.0
BENCH_CUT_MM = 8.0


def own_lines(image: PageImage, sheet: Sheet) -> tuple[EdgeLine, ...]:
    """The left, top, right and bottom cut of a page, searched near the rough outline of its sheet."""
    if sheet.corners is None:
        flag = {"white": Flag.WHITE_BACKING, "none": Flag.CROPPED}.get(sheet.backing.kind, Flag.EDGE_NOT_FOUND)
        return (EdgeLine(None, flag=flag),) * 4
    dpi = (image.dpi.x_dpi, image.dpi.y_dpi)
    return tuple(
        find_edge(image.luminance, sheet.corners[[a, b]], sheet.backing, dpi[side % 2])
        for side, (a, b) in enumerate(SIDES)
    )


def own_page(
    image: PageImage,
    sheet: Sheet,
    lines: Sequence[EdgeLine],
    position: int,
    side: Side,
    direction: Direction = Direction.LTR,
) -> tuple[OwnPage, Affine | None, Size | None]:
    """What one page says by itself.

    Parameters
    ----------
    image : PageImage
    sheet : Sheet
        Its rough outline stands in for a cut that was not found; nothing is then measured from that cut.
    lines : sequence of EdgeLine
        Left, top, right, bottom.
    position : int
    side : Side
    direction : Direction
        With the side it tells which cut is the fore-edge.

    Returns
    -------
    page : OwnPage
    to_px : Affine or None
        Page-frame mm -> working pixels.
    size : Size or None
        Of that frame; as rough as the outline where a cut was not found.
    """
    per_mm = np.array([px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)])
    if sheet.corners is None:
        return OwnPage(position, side, flag=str(lines[0].flag or Flag.EDGE_NOT_FOUND)), None, None
    corners = sheet.corners
    ends = [
        (corners[[a, b]] if line.ends is None else line.ends) / per_mm
        for line, (a, b) in zip(lines, SIDES, strict=True)
    ]
    to_px, size = page_frame(ends, (float(per_mm[0]), float(per_mm[1])))
    names = edge_names(side, direction)
    u_cut = {}
    for name, line, scale in zip(names, lines, per_mm[[0, 1, 0, 1]], strict=True):
        if line.ends is not None and line.u_px / scale <= MAX_U_CUT_MM:
            u_cut[name] = float(line.u_px / scale)
    flag = next((str(line.flag) for line in lines if line.flag is not None), "")
    block = find_text(image.luminance, to_px, size)
    all_cuts = len(u_cut) == 4
    page = OwnPage(
        position,
        side,
        size=size if all_cuts else None,
        u_cut_mm=u_cut,
        x_mm=_across(block, size, spine_at_left(side, direction)) if block and Edge.FORE_EDGE in u_cut else {},
        y_mm=_down(block) if block and Edge.HEAD in u_cut else {},
        asymmetry_mm=block.left.place_mm + block.right.place_mm - size.width_mm
        if block and block.left and block.right and {Edge.FORE_EDGE, Edge.SPINE} <= set(u_cut)
        else None,
        flush=_flush(block) if block else "",
        turn_deg=block.angle_deg if block and all_cuts else None,
        out_of_square_deg=_out_of_square(ends) if all_cuts else None,
        flag=flag or ("" if block else str(Flag.NO_TEXT)),
        u_scale=image.u_scale,
    )
    return page, to_px, size


def nearest_trim(size: Size, bench_cut: bool) -> Size | None:
    """The standard trim a page was probably cut to; None if there is none, or two.

    A bench that cut the spine off took up to 8 mm of the width.
    """
    low = -BENCH_CUT_MM if bench_cut else -NEAR_STANDARD_MM
    fitting = [
        s
        for s in STANDARD
        if abs(size.height_mm - s.height_mm) < NEAR_STANDARD_MM and low < size.width_mm - s.width_mm < NEAR_STANDARD_MM
    ]
    return fitting[0] if len(fitting) == 1 else None


def _across(block: TextBlock, size: Size, at_left: bool) -> dict[str, float]:
    """Marks as distances from the fore-edge; the spine is at the left or at the right."""

    def inward(x_mm: float) -> float:
        return size.width_mm - x_mm if at_left else x_mm

    outer, inner = (block.right, block.left) if at_left else (block.left, block.right)
    marks = {name: inward(s.place_mm) for name, s in (("outer", outer), ("inner", inner)) if s is not None}
    head, last = block.lines[0], block.lines[-1]
    marks["head"] = inward(head.right_mm if at_left else head.left_mm)
    if last.right_mm - last.left_mm <= FOLIO_MM:
        marks["folio"] = inward((last.left_mm + last.right_mm) / 2)
    return marks


def _flush(block: TextBlock) -> str:
    if block.left is None or block.right is None:
        return ""
    head = block.lines[0]
    left, right = head.left_mm - block.left.place_mm, block.right.place_mm - head.right_mm
    if abs(left) < FLUSH_MM and right > NOT_FLUSH_MM:
        return "left"
    return "right" if abs(right) < FLUSH_MM and left > NOT_FLUSH_MM else ""


def _down(block: TextBlock) -> dict[str, float]:
    """Baselines of the first and last lines, as distances from the head."""
    marks = {}
    for n in range(min(SHARED_MARKS, len(block.lines))):
        marks[f"line {n + 1}"] = block.lines[n].baseline_mm
        marks[f"line -{n + 1}"] = block.lines[-1 - n].baseline_mm
    return marks


def _out_of_square(ends: Sequence[Points]) -> float:
    """Largest deviation from a right angle between neighboring cuts, in degrees."""
    turns = []
    for line, quarter in zip(ends, (-90.0, 0.0, 90.0, 180.0), strict=True):
        d = line[1] - line[0]
        turns.append((float(np.rad2deg(np.arctan2(d[1], d[0]))) - quarter + 180) % 360 - 180)
    return max(abs(turns[i] - turns[(i + 1) % 4]) for i in range(4))
