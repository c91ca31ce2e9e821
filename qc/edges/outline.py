"""The paper's outline between its cut edges: corners that are missing or folded over, notches, tears that reach an edge.

A coarse look comes first: what is as dark as the backing, lies inside the cut edges by more than a rough cut does, and hangs
together with the backing outside. Only where that shows something is it measured, at the working resolution.

What fools it: a dark picture that runs over the cut (the order tells it, else its straight sides do), an object on the glass as
dark as the backing, a leaf below that shows where paper is missing (nothing is then seen, and nothing said).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Backing, EdgeLine
from qc.edges.dog_ear import area_of, is_folded
from qc.edges.edge_tears import Trace, begins_at, find_traces
from qc.edges.missing_paper import ROUGH_MM, Place, find_place
from qc.edges.page_stack import Expected
from qc.edges.rim_sheet import AS_BACKING, HALF, RimSheet
from qc.geometry import SIDES, Affine, Box, Points, meet, pixel_scaling
from qc.resample import shrunk
from qc.units import px_per_mm

COARSE_DPI = 75.0
CORNER_MM2, LEG_MM = 30.0, 3.5
"""Of 194 corners of old pages none lacked more than 22.5 mm2, 99 % less than 21; where a cut runs off, a long strip is missing."""
NOTCH_MM, TEAR_MM, NARROW_MM = 2.0, 3.5, 2.5
"""Depths of a notch and of a tear, and how wide a tear is at most: wider ones are notches."""
LONG = 0.4
"""Of its side, up to which a place is a notch; longer ones are cuts that are not straight."""
SLENDER = 4.0
"""How many times as long as wide a tear is at least."""
BEYOND = 1.4
"""How far, of the depth of a narrow place, a line goes on from it that makes it the mouth of a tear."""
BESIDE_MM = 0.5
"""So near to a place a mark is part of it."""
ROUND = 0.6
"""Corners that all lack so much of what the most damaged one does were designed round."""
MOST, MOST_MM = 12, 100.0
"""Places that are measured on a page; what is longer is a dark picture, and no page that lost so much has four straight cuts."""
LEAST_SIDES = 3
"""Where fewer cuts were found, what seems to be the sheet may be something else."""
U_WIDTH_MM = 0.2
"""Of a tear, that lacks no paper but what its halves stand apart."""


@dataclass(frozen=True)
class Damage:
    """A place where paper is missing.

    Attributes
    ----------
    code : str
        As `page-damage` has it: missing-corner, dog-ear, notch or tear.
    extent_mm, u_mm : float
        Its largest extent, with a standard uncertainty.
    area_mm2, u_area_mm2 : float
        Of the paper that is not where it was cut.
    sides : tuple of int
        That it touches: left 0, top 1, right 2, bottom 3.
    box_mm, box_px : tuple of float
        x0, y0, x1, y1 in page-frame mm and in working pixels.
    """

    code: str
    extent_mm: float
    u_mm: float
    area_mm2: float
    u_area_mm2: float
    sides: tuple[int, ...]
    box_mm: Box
    box_px: Box


@dataclass(frozen=True)
class Outline:
    """What was seen of the paper's outline: the sides (left 0, top 1, right 2, bottom 3) along which it was, and its damage."""

    sides: tuple[int, ...] = ()
    damage: tuple[Damage, ...] = ()

    def explains(self, box_mm: Box) -> bool:
        """Whether what is seen at a box is damage of the paper, or the flap of a corner that lies on it, and no print."""
        x, y = (box_mm[0] + box_mm[2]) / 2, (box_mm[1] + box_mm[3]) / 2
        for damage in self.damage:
            x0, y0, x1, y1 = damage.box_mm
            dx, dy = (x1 - x0, y1 - y0) if damage.code == "dog-ear" else (BESIDE_MM, BESIDE_MM)
            if x0 - dx <= x <= x1 + dx and y0 - dy <= y <= y1 + dy:
                return True
        return False


def find_outline(
    luminance: NDArray[np.float32],
    lines: Sequence[EdgeLine],
    guess: Points,
    backing: Backing,
    dpi: tuple[float, float],
    to_px: Affine,
    expected: Expected | None = None,
    u_scale: float = 0.0,
    tears: bool = True,
) -> Outline:
    """Damage of a sheet on a backing darker than paper.

    Parameters
    ----------
    luminance : ndarray, shape (h, w), float32
        Linear light.
    lines : sequence of EdgeLine
        Left, top, right, bottom cut. Along those that were not found nothing is looked for.
    guess : ndarray, shape (4, 2)
        Corners of the sheet about where they are, for the sides that were not found; in pixels.
    backing : Backing
    dpi : tuple of float
        Along x and y.
    to_px : Affine
        Page-frame mm -> pixels.
    expected : Expected or None
        What was ordered, which tells dark print from missing paper, and print from a tear whose halves touch.
    u_scale : float
        Relative standard uncertainty of a millimeter of `to_px`.
    tears : bool
        Whether tears whose halves touch are looked for.

    Returns
    -------
    Outline
        Without sides where the backing is as bright as paper, or fewer than three cuts were found.
    """
    seen = tuple(k for k, line in enumerate(lines) if line.ends is not None)
    if backing.kind in ("white", "none") or len(seen) < LEAST_SIDES:
        return Outline()
    ends = tuple(guess[list(SIDES[k])] if line.ends is None else line.ends for k, line in enumerate(lines))
    sheet = RimSheet(luminance, ends, seen, backing, dpi, to_px, expected)
    places: list[Place] = []
    for box in _coarse(sheet):
        if any(_holds(p.box_px, box) for p in places) or (place := find_place(sheet, box)) is None:
            continue
        if all(p.box_px != place.box_px for p in places):
            places.append(place)
    corners = [p for p in places if len(p.sides) == 2]
    found = [_of_fold(sheet, p, u_scale) for p in corners if _of_corner(p, corners)]
    traces = find_traces(sheet, [p.box_px for p in places if len(p.sides) == 1]) if tears else []
    for place in places:
        if len(place.sides) == 2:
            continue
        code = _of_edge(sheet, place)
        lengths = [_length_mm(sheet, t) for t in traces if begins_at(t.path[0], place.box_px, sheet)]
        most = BEYOND * place.depth_mm if code == "notch" and place.width_mm < NARROW_MM else MOST_MM
        if lengths and (code != "notch" or max(lengths) > most):
            # It is the mouth of a tear.
            continue
        if code:
            found.append(_damage(code, place, u_scale))
    found += [_torn(sheet, t, u_scale) for t in traces if not any(begins_at(t.path[0], d.box_px, sheet) for d in found)]
    return Outline(seen, tuple(d for d in found if d.code != "tear" or d.extent_mm >= TEAR_MM))


def _damage(code: str, place: Place, u_scale: float) -> Damage:
    u = float(np.hypot(place.u_mm, u_scale * place.extent_mm))
    return Damage(code, place.extent_mm, u, place.area_mm2, place.u_area_mm2, place.sides, place.box_mm, place.box_px)


def _torn(sheet: RimSheet, trace: Trace, u_scale: float) -> Damage:
    """A tear that was followed to its end."""
    points = sheet.to_px.inverse()(trace.path)
    extent = float(np.hypot(*(points[-1] - points[0])))
    low, high = points.min(axis=0) - BESIDE_MM, points.max(axis=0) + BESIDE_MM
    box = sheet.to_px([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    (left, top), (right, bottom) = box.min(axis=0), box.max(axis=0)
    return Damage(
        "tear",
        extent,
        float(np.hypot(trace.u_mm, u_scale * extent)),
        0.0,
        U_WIDTH_MM * extent,
        (trace.side,),
        (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        (float(left), float(top), float(right), float(bottom)),
    )


def _length_mm(sheet: RimSheet, trace: Trace) -> float:
    return float(np.hypot(*(trace.path[-1] - trace.path[0]))) / sheet.scale


def _holds(outer: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _coarse(sheet: RimSheet) -> list[Box]:
    """Boxes, in working pixels, of what is as dark as the backing and hangs together with it across the rim of the sheet."""
    nx, ny = (max(round(d / COARSE_DPI), 1) for d in sheet.dpi)
    small = shrunk(sheet.luminance, nx, ny)
    to_small = pixel_scaling(1 / nx, 1 / ny)
    low, high = sheet.backing.level - HALF * sheet.contrast, sheet.backing.level + AS_BACKING * sheet.contrast
    outside = np.full(small.shape, 255, np.uint8)
    cv2.fillConvexPoly(outside, np.rint(to_small(sheet.inside(ROUGH_MM))).astype(np.int32), 0)
    within = _hanging_in(cv2.inRange(small, low, high), outside)
    if sheet.expected is not None and cv2.countNonZero(within):
        surely, _ = sheet.limits(to_small.inverse(), (small.shape[0], small.shape[1]))
        within = _hanging_in(np.asarray((small >= low) & (small < surely)).view(np.uint8) * 255, outside)
    if not cv2.countNonZero(within):
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats(within, connectivity=8)
    order = 1 + np.argsort(-stats[1:count, cv2.CC_STAT_AREA])[:MOST]
    boxes = [[float(v) for v in box] for box in stats[order, :4] * np.array([nx, ny, nx, ny])]
    most = MOST_MM * px_per_mm(max(sheet.dpi))
    return [(x, y, x + w, y + h) for x, y, w, h in boxes if max(w, h) < most]


def _hanging_in(dark: NDArray[Any], outside: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What is dark inside and hangs together with what lies outside; both 255 where they hold."""
    dark = np.asarray(cv2.bitwise_or(dark, outside))
    for rim in (dark[:1], dark[-1:], dark[:, :1], dark[:, -1:]):
        rim[:] = 255
    cv2.floodFill(dark, None, (0, 0), (128,))
    return np.asarray((dark == 128) & (outside == 0)).view(np.uint8)


def _of_edge(sheet: RimSheet, place: Place) -> str:
    """Notch or tear; empty for what is neither."""
    (side,), width = place.sides, place.width_mm
    length = float(np.hypot(*(sheet.lines[side][1] - sheet.lines[side][0]))) / px_per_mm(sheet.dpi[1 - side % 2])
    if place.boxy and width >= NARROW_MM:
        return ""
    if width < NARROW_MM and place.extent_mm > SLENDER * width and place.extent_mm >= TEAR_MM:
        return "tear"
    return "notch" if place.depth_mm > NOTCH_MM and width > 0.5 and place.extent_mm < LONG * length else ""


def _of_corner(place: Place, corners: Sequence[Place]) -> bool:
    """Whether a corner lacks more than a rough or a rounded one does."""
    area = place.area_mm2
    if place.boxy or area < CORNER_MM2 or min(place.reach_mm[s] for s in place.sides) < LEG_MM:
        return False
    alike = sum(p.area_mm2 > ROUND * area for p in corners if p is not place)
    return alike < min(2, len(corners) - 1) or len(corners) == 1


def _of_fold(sheet: RimSheet, place: Place, u_scale: float) -> Damage:
    """A missing corner, or a dog-ear; of one whose flap is as dark as the backing, what is folded over counts."""
    a, b = place.sides
    corner = meet(sheet.lines[a], sheet.lines[b])
    ends = []
    for side in (a, b):
        near = sheet.lines[side]
        along = (
            near[1] - near[0] if np.hypot(*(near[0] - corner)) < np.hypot(*(near[1] - corner)) else near[0] - near[1]
        )
        scale = px_per_mm(sheet.dpi[1 - side % 2])
        ends.append(corner + along / np.hypot(*along) * place.leg_mm[side] * scale)
    triangle = np.array([corner, *ends])
    if not is_folded(sheet.luminance, triangle, place.area_mm2, sheet.backing, sheet.dpi, sheet.expected):
        return _damage("missing-corner", place, u_scale)
    return replace(_damage("dog-ear", place, u_scale), area_mm2=min(area_of(triangle, sheet.dpi), place.area_mm2))
