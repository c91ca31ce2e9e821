"""A place at the rim of a sheet where the backing shows: what is missing there, its extent and area with their uncertainty."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.rim_sheet import RimSheet
from qc.geometry import Affine, Box, Points, meet
from qc.units import px_per_mm

ROUGH_MM = 1.5
"""So far inward an edge is only rough: 291 edges of books of 1509 to 1827 lay up to 1.7 mm inward, 99 % less than 1.4 mm."""
RIM_MM = 0.4
"""Nearer to the cut the blur of the edge hides what is missing; it is carried on from there."""
AROUND_MM, TEXT_MM = 8.0, 2.5
"""How far around is looked; lines of text are bridged."""
AT_CORNER_MM = 2.5
ENDS_MM, END_STEP_MM = 2.4, 0.2
"""Depth up to which the ends of a place are followed to the cut, and in which steps."""
U_POINT_MM = 0.1
"""Of a place on the outline: the tone of torn paper, a third of a pixel."""
U_TORN_MM = 0.2
"""Of an end on the cut: what is torn turns off between the rim and the cut, where it is not seen."""
U_CUT_MM = 0.15
"""Of the cut there: the line is fitted to an edge that is rough."""
U_PRINT_MM = 0.6
"""Of an end beside what was ordered dark."""
U_AREA = 0.03
BOXY = 0.8
"""Filled share of the box of a place from which it may be a dark picture, where no order tells."""

Mask = NDArray[np.uint8]
Depths = dict[int, NDArray[np.float32]]


@dataclass(frozen=True)
class Place:
    """A place that lacks paper.

    Attributes
    ----------
    sides : tuple of int
        That it touches: left 0, top 1, right 2, bottom 3; two of a corner.
    extent_mm, u_mm, area_mm2, u_area_mm2 : float
    depth_mm : float
        How far it reaches from the nearest cut.
    reach_mm : dict of int to float
        How far from each side.
    leg_mm : dict of int to float
        Of a corner: how much of the cut of each of its sides is missing.
    box_mm, box_px : tuple of float
    boxy : bool
        It may be a picture, where no order tells.
    """

    sides: tuple[int, ...]
    extent_mm: float
    u_mm: float
    area_mm2: float
    u_area_mm2: float
    depth_mm: float
    reach_mm: dict[int, float]
    leg_mm: dict[int, float]
    box_mm: Box
    box_px: Box
    boxy: bool

    @property
    def width_mm(self) -> float:
        """In the mean."""
        return self.area_mm2 / self.depth_mm


def find_place(sheet: RimSheet, box: Box) -> Place | None:
    """What is missing at a box of working pixels; None where it is not at a side that was measured."""
    scale = sheet.scale
    h, w = sheet.luminance.shape
    around = AROUND_MM * scale
    window = (
        slice(max(int(box[1] - around), 0), min(int(box[3] + around) + 1, h)),
        slice(max(int(box[0] - around), 0), min(int(box[2] + around) + 1, w)),
    )
    depths = {side: sheet.depth_mm(side, window) for side in range(4)}
    depth = np.minimum.reduce(list(depths.values()))
    light = sheet.luminance[window]
    y0, x0 = window[0].start, window[1].start
    here = np.s_[int(box[1]) - y0 : int(box[3]) - y0, int(box[0]) - x0 : int(box[2]) - x0]
    seed = np.zeros(light.shape, np.uint8)
    seed[here] = depth[here] > ROUGH_MM
    surely, half = sheet.limits(Affine.shift(x0, y0), (light.shape[0], light.shape[1]))
    inner = depth > RIM_MM
    core = _hanging_on(inner & (light < surely), seed)
    dark = (light < half) & inner
    region = cv2.dilate(core, np.ones((5, 5), np.uint8)) & (dark & (surely > 0))
    # Where a line of text was ordered on what is missing, it parts it.
    lines = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(TEXT_MM * scale) + 1,) * 2)
    region = np.asarray(cv2.morphologyEx(region, cv2.MORPH_CLOSE, lines) & dark, np.uint8)
    if not region.any():
        return None
    nearest = {side: float(d[region > 0].min()) for side, d in depths.items()}
    sides = tuple(side for side in range(4) if nearest[side] < RIM_MM + 0.5)
    if not sides or not set(sides) <= set(sheet.seen):
        return None
    sides = _corner(sides, depths, region) or (min(sides, key=lambda s: nearest[s]),)
    return _measured(sheet, window, region, surely == 0, depths, sides)


def _hanging_on(dark: NDArray[np.bool_], seed: Mask) -> Mask:
    """What is dark and hangs together with `seed`."""
    count, labels = cv2.connectedComponents(dark.astype(np.uint8), connectivity=8)
    mine = np.unique(labels[seed > 0])
    return np.isin(labels, mine[mine > 0]).astype(np.uint8) if count > 1 else np.zeros_like(seed)


def _corner(sides: tuple[int, ...], depths: Depths, region: Mask) -> tuple[int, ...]:
    """The two sides at whose corner a region begins; empty where it begins at none."""
    for a, b in ((0, 1), (1, 2), (2, 3), (0, 3)):
        if a in sides and b in sides and float(np.maximum(depths[a], depths[b])[region > 0].min()) < AT_CORNER_MM:
            return a, b
    return ()


def _measured(
    sheet: RimSheet,
    window: tuple[slice, slice],
    region: Mask,
    unknown: NDArray[np.bool_],
    depths: Depths,
    sides: tuple[int, ...],
) -> Place:
    """Extent and area of a region, carried on from inside the rim to the cut."""
    to_mm = sheet.to_px.inverse()
    to_image = Affine.shift(window[1].start, window[0].start)
    on = region > 0
    hull = cv2.convexHull(np.argwhere(on)[:, ::-1].astype(np.int32)).reshape(-1, 2)
    near = cv2.dilate(unknown.astype(np.uint8), np.ones((5, 5), np.uint8))
    points = [to_image(hull)]
    u = [np.hypot(U_POINT_MM, U_PRINT_MM * near[hull[:, 1], hull[:, 0]])]
    y, x = np.nonzero(on)
    places = to_image(np.column_stack([x, y]))
    corner = meet(sheet.lines[sides[0]], sheet.lines[sides[1]])[None] if len(sides) == 2 else None
    rim, legs = 0.0, {}
    for side in sides:
        ends, u_ends, strip = _ends(sheet, side, places, depths[side][on])
        if corner is not None:
            far = int(np.argmax(np.hypot(*(ends - corner).T)))
            legs[side] = float(np.hypot(*(ends[far] - corner[0]))) / px_per_mm(sheet.dpi[1 - side % 2])
            ends, u_ends = np.vstack([corner, ends[far]]), np.array([U_CUT_MM, u_ends[far]])
        points.append(ends)
        u.append(u_ends)
        rim += strip
    all_mm, all_u = to_mm(np.vstack(points)), np.concatenate(u)
    apart = np.hypot(*(all_mm[:, None] - all_mm[None]).transpose(2, 0, 1))
    i, j = np.unravel_index(int(np.argmax(apart)), apart.shape)
    extent = float(apart[i, j])
    low, high = all_mm.min(axis=0), all_mm.max(axis=0)
    box = sheet.to_px([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    (left, top), (right, bottom) = box.min(axis=0), box.max(axis=0)
    pixel = 1 / (px_per_mm(sheet.dpi[0]) * px_per_mm(sheet.dpi[1]))
    seen = float(on.sum()) * pixel
    area = seen + rim
    u_area = float(np.hypot(U_AREA * area + 0.5, 0.3 * rim))
    return Place(
        sides,
        extent,
        float(np.hypot(all_u[i], all_u[j])),
        area,
        u_area,
        float(np.minimum.reduce(list(depths.values()))[on].max()),
        {side: float(d[on].max()) for side, d in depths.items()},
        legs,
        (float(low[0]), float(low[1]), float(high[0]), float(high[1])),
        (float(left), float(top), float(right), float(bottom)),
        sheet.expected is None and bool(seen > BOXY * (high - low).prod()),
    )


def _ends(
    sheet: RimSheet, side: int, places: Points, depth: NDArray[np.float32]
) -> tuple[Points, NDArray[np.float64], float]:
    """Where a place ends on the cut of a side, in working pixels, with u in mm, and the area between the rim and that cut.

    Its outline is followed over the first millimeters inside; the slope of that tells by how much a cut that lies elsewhere, or
    is rough, moves its end.
    """
    a, b = sheet.lines[side]
    direction = (b - a) / np.hypot(*(b - a))
    scale = px_per_mm(sheet.dpi[1 - side % 2])
    along = (places - a) @ direction / scale
    steps = ((depth - RIM_MM) / END_STEP_MM).astype(int)
    last = max(min(ENDS_MM, RIM_MM + 0.6 * float(depth.max() - RIM_MM)), RIM_MM + 3 * END_STEP_MM)
    rows = [(k, along[steps == k]) for k in range(round((last - RIM_MM) / END_STEP_MM))]
    rows = [(k, own) for k, own in rows if own.size]
    ends, u, at_cut = [], [], []
    half_px = 0.5 / scale
    for pick, sign in ((np.min, -1), (np.max, 1)):
        d = np.array([RIM_MM + (k + 0.5) * END_STEP_MM for k, _ in rows])
        s = np.array([float(pick(own)) + sign * half_px for _, own in rows])
        slope, at, left = _line(d, s)
        ends.append(a + at * scale * direction)
        u.append(float(np.sqrt(U_TORN_MM**2 + left**2 + (slope * U_CUT_MM) ** 2)))
        at_cut.append(at)
    return np.array(ends), np.array(u), RIM_MM * max(at_cut[1] - at_cut[0], 0.0)


def _line(d: NDArray[np.float64], s: NDArray[np.float64]) -> tuple[float, float, float]:
    """Slope of a line through points, its value at 0 and the standard uncertainty of that from their scatter."""
    if len(d) < 3:
        return 0.0, float(s[0]), 0.3
    middle, lever = d.mean(), d - d.mean()
    slope = float(lever @ s / (lever @ lever))
    rest = s - s.mean() - slope * lever
    scatter = float(np.sqrt(rest @ rest / (len(d) - 2)))
    # What is torn wanders, on the way to the cut as well, and neighbors go together: a quarter of them are independent.
    u = scatter * float(np.sqrt(1 + 4 / len(d) + 4 * middle**2 / (lever @ lever)))
    return slope, float(s.mean() - slope * middle), u
