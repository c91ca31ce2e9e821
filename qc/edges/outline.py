"""The paper's outline between its cut edges: corners that are missing or folded over, notches, tears that reach an edge.

A coarse look comes first: what is as dark as the backing, lies inside the cut edges by more than a rough cut does, and hangs
together with the backing outside. Only where that shows something is it measured, at the working resolution.

What fools it: a dark picture that runs over the cut (the order tells it, else its straight sides do), an object on the glass as
dark as the backing, a leaf below that shows where paper is missing (nothing is then seen, and nothing said).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Backing, EdgeLine
from qc.edges.dog_ear import is_folded
from qc.edges.page_stack import Expected
from qc.geometry import SIDES, Affine, Box, Points, meet, pixel_scaling
from qc.resample import shrunk
from qc.units import px_per_mm

COARSE_DPI = 75.0
ROUGH_MM = 1.5
"""So far inward an edge is only rough: 291 edges of books of 1509 to 1827 lay up to 1.7 mm inward, 99 % less than 1.4 mm."""
AS_BACKING, HALF = 0.3, 0.5
"""Of the contrast of paper to backing, up to which a pixel is surely backing, and up to which it is measured as such: fingers and
shadows lie between."""
TRACE, TRACE_MM, TRACE_SHARE = 0.85, 0.6, 0.3
"""Of that contrast, up to which a tear is followed to its end, where it is narrower than a pixel; how far from its axis; and the
standard uncertainty of what is followed so, as a share of it: letters may lie at its end, or hide it."""
RIM_MM = (0.4, 0.8, 1.2)
"""Distances from the cut at which a place is measured, to be carried on to the cut itself: there, the blur of the edge hides it."""
AROUND_MM = 8.0
CORNER_MM2, LEG_MM = 30.0, 3.5
"""Of 194 corners of old pages none lacked more than 22.5 mm2, 99 % less than 21; where a cut runs off, a long strip is missing."""
AT_CORNER_MM = 2.5
NOTCH_MM, TEAR_MM, NARROW_MM = 2.0, 3.5, 2.5
"""Depths of a notch and of a tear, and how wide a tear is at most: wider ones are notches."""
LONG = 0.4
"""Of its side, up to which a place is a notch; longer ones are cuts that are not straight."""
UNSEEN_MM = 8.0
"""Kept off a side that was not measured."""
ORDERED_LIGHT = 0.85
BESIDE_MM, TEXT_MM = 0.5, 2.5
"""What was ordered darker, and what lies so near to it, may be dark print: of 590 drawn sound pages with rough cuts and round
corners two pages with pictures of mixed tones showed "notches" where 0.6 sufficed. Lines of text are bridged."""
ROUND = 0.6
"""Corners that all lack so much of what the most damaged one does were designed round."""
BOXY = 0.8
"""Filled share of the box of a place from which it may be a dark picture, where no order tells."""
U_MM = 0.25
"""Of an extent: places drawn at 150 and 300 dpi scatter by 0.27 mm, and come out 0.3 mm short."""
MOST, MOST_MM = 12, 100.0
"""Places that are measured on a page; what is longer is a dark picture, and no page that lost so much has four straight cuts."""
LEAST_SIDES = 3
"""Where fewer cuts were found, what seems to be the sheet may be something else."""
Mask = NDArray[np.uint8]


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


@dataclass(frozen=True)
class _Sheet:
    """A sheet whose outline is looked at; lines of all four sides in working pixels, `seen` those that were measured."""

    luminance: NDArray[np.float32]
    lines: tuple[Points, ...]
    seen: tuple[int, ...]
    backing: Backing
    dpi: tuple[float, float]
    to_px: Affine
    expected: Expected | None

    @property
    def contrast(self) -> float:
        return self.backing.paper - self.backing.level

    def inside(self, inset_mm: float) -> Points:
        """Corners of the sheet without a rim; wider where a side was not measured."""
        moved = []
        for side, line in enumerate(self.lines):
            mm = inset_mm if side in self.seen else UNSEEN_MM
            along = line[1] - line[0]
            moved.append(line + np.array([-along[1], along[0]]) / np.hypot(*along) * mm * px_per_mm(self.dpi[side % 2]))
        return np.array([meet(moved[k - 1], moved[k]) for k in (1, 2, 3, 0)])

    def depth_mm(self, side: int, window: tuple[slice, slice]) -> NDArray[np.float32]:
        """How far inside the line of a side each pixel of a window lies."""
        a, b = self.lines[side]
        normal = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a)) / px_per_mm(self.dpi[side % 2])
        y, x = (np.arange(s.start, s.stop, dtype=np.float32) for s in window)
        return np.asarray((x[None] - a[0]) * normal[0] + (y[:, None] - a[1]) * normal[1], np.float32)


@dataclass(frozen=True)
class _Place:
    """A place that lacks paper: its damage as yet unnamed, its depth and how far it runs from each side, in mm."""

    damage: Damage
    depth_mm: float
    reach_mm: dict[int, float]
    boxy: bool


def find_outline(
    luminance: NDArray[np.float32],
    lines: Sequence[EdgeLine],
    guess: Points,
    backing: Backing,
    dpi: tuple[float, float],
    to_px: Affine,
    expected: Expected | None = None,
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
        What was ordered, which tells dark print from missing paper.

    Returns
    -------
    Outline
        Without sides where the backing is as bright as paper, or fewer than three cuts were found.
    """
    seen = tuple(k for k, line in enumerate(lines) if line.ends is not None)
    if backing.kind in ("white", "none") or len(seen) < LEAST_SIDES:
        return Outline()
    ends = tuple(guess[list(SIDES[k])] if line.ends is None else line.ends for k, line in enumerate(lines))
    sheet = _Sheet(luminance, ends, seen, backing, dpi, to_px, expected)
    places: list[_Place] = []
    for box in _coarse(sheet):
        if any(_holds(p.damage.box_px, box) for p in places) or (place := _place(sheet, box)) is None:
            continue
        if all(p.damage.box_px != place.damage.box_px for p in places):
            places.append(place)
    corners = [p for p in places if len(p.damage.sides) == 2]
    found = [replace(p.damage, code=_folded_or_torn(sheet, p)) for p in corners if _of_corner(p, corners)]
    for place in places:
        if place not in corners and (code := _of_edge(sheet, place)):
            found.append(replace(place.damage, code=code))
    return Outline(seen, tuple(found))


def _holds(outer: Box, box: Box) -> bool:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return outer[0] <= x <= outer[2] and outer[1] <= y <= outer[3]


def _coarse(sheet: _Sheet) -> list[Box]:
    """Boxes, in working pixels, of what is as dark as the backing and hangs together with it across the rim of the sheet."""
    nx, ny = (max(round(d / COARSE_DPI), 1) for d in sheet.dpi)
    small = shrunk(sheet.luminance, nx, ny)
    low, high = sheet.backing.level - HALF * sheet.contrast, sheet.backing.level + AS_BACKING * sheet.contrast
    outside = np.full(small.shape, 255, np.uint8)
    cv2.fillConvexPoly(outside, _whole(pixel_scaling(1 / nx, 1 / ny)(sheet.inside(ROUGH_MM))), 0)
    dark = cv2.bitwise_or(cv2.inRange(small, low, high), outside)
    for rim in (dark[:1], dark[-1:], dark[:, :1], dark[:, -1:]):
        rim[:] = 255
    cv2.floodFill(dark, None, (0, 0), (128,))
    within = np.asarray((dark == 128) & (outside == 0)).view(np.uint8)
    if not cv2.countNonZero(within):
        return []
    count, _, stats, _ = cv2.connectedComponentsWithStats(within, connectivity=8)
    order = 1 + np.argsort(-stats[1:count, cv2.CC_STAT_AREA])[:MOST]
    boxes = [[float(v) for v in box] for box in stats[order, :4] * np.array([nx, ny, nx, ny])]
    most = MOST_MM * px_per_mm(max(sheet.dpi))
    return [(x, y, x + w, y + h) for x, y, w, h in boxes if max(w, h) < most]


def _whole(points: Points) -> NDArray[np.int32]:
    return np.rint(points).astype(np.int32)


def _place(sheet: _Sheet, box: Box) -> _Place | None:
    """What is missing at a box, measured at the working resolution; None where it is not at a side that was measured."""
    scale = px_per_mm(sheet.dpi[0])
    h, w = sheet.luminance.shape
    around = AROUND_MM * scale
    window = (
        slice(max(int(box[1] - around), 0), min(int(box[3] + around) + 1, h)),
        slice(max(int(box[0] - around), 0), min(int(box[2] + around) + 1, w)),
    )
    depths = {side: sheet.depth_mm(side, window) for side in range(4)}
    depth = np.minimum.reduce(list(depths.values()))
    light = sheet.luminance[window]
    seed = np.zeros(light.shape, np.uint8)
    y0, x0 = window[0].start, window[1].start
    seed[int(box[1]) - y0 : int(box[3]) - y0, int(box[0]) - x0 : int(box[2]) - x0] = (
        depth[int(box[1]) - y0 : int(box[3]) - y0, int(box[0]) - x0 : int(box[2]) - x0] > ROUGH_MM
    )
    bare = _ordered_light(sheet, window, light.shape) & (depth > RIM_MM[0])
    level, contrast = sheet.backing.level, sheet.contrast
    core = _hanging_on(bare & (light < level + AS_BACKING * contrast), seed)
    dark = (light < level + HALF * contrast) & (depth > RIM_MM[0])
    region = cv2.dilate(core, np.ones((5, 5), np.uint8)) & (bare & dark)
    # Where a line of text was ordered on what is missing, it parts it.
    lines = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * round(TEXT_MM * scale) + 1,) * 2)
    region = cv2.morphologyEx(region, cv2.MORPH_CLOSE, lines) & dark
    area = float(region.sum()) / scale / px_per_mm(sheet.dpi[1])
    if not area:
        return None
    reach = {side: float(d[region > 0].max()) for side, d in depths.items()}
    nearest = {side: float(d[region > 0].min()) for side, d in depths.items()}
    deepest = core_mm = float(depth[region > 0].max())
    if area / deepest < NARROW_MM:
        along = _corridor(region, TRACE_MM * scale) & (depth > RIM_MM[0])
        # Letters at its end are no part of it: it ends on bare paper.
        traced = _hanging_on(along & (light < level + TRACE * contrast), region)
        region |= traced & _ordered_light(sheet, window, light.shape, 0.5 / scale)
        deepest = float(depth[region > 0].max())
    sides = tuple(side for side in range(4) if nearest[side] < RIM_MM[0] + 0.5)
    if not set(sides) <= set(sheet.seen) or not sides:
        return None
    corner = _corner(sides, depths, region)
    sides = corner or (min(sides, key=lambda s: nearest[s]),)
    place = _measured(sheet, window, region, depth, sides, deepest, reach)
    u_mm = float(np.hypot(U_MM, TRACE_SHARE * (deepest - core_mm)))
    return replace(place, damage=replace(place.damage, u_mm=u_mm))


def _hanging_on(dark: NDArray[np.bool_], seed: Mask) -> Mask:
    """What is dark and hangs together with `seed`."""
    count, labels = cv2.connectedComponents(dark.astype(np.uint8), connectivity=8)
    mine = np.unique(labels[seed > 0])
    return np.isin(labels, mine[mine > 0]).astype(np.uint8) if count > 1 else np.zeros_like(seed)


def _corridor(region: Mask, half_px: float) -> NDArray[np.bool_]:
    """All that lies so near to the longest axis of a region: a tear goes on straight, through print, too."""
    at = np.argwhere(region).astype(float)
    middle = at.mean(axis=0)
    along = np.linalg.svd(at - middle, full_matrices=False)[2][0]
    y, x = (np.arange(n, dtype=float) - m for n, m in zip(region.shape, middle, strict=True))
    return np.asarray(np.abs(y[:, None] * along[1] - x[None] * along[0]) < half_px)


def _corner(sides: tuple[int, ...], depths: dict[int, NDArray[np.float32]], region: Mask) -> tuple[int, ...]:
    """The two sides at whose corner a region begins; empty where it begins at none."""
    for a, b in ((0, 1), (1, 2), (2, 3), (0, 3)):
        if a in sides and b in sides and float(np.maximum(depths[a], depths[b])[region > 0].min()) < AT_CORNER_MM:
            return a, b
    return ()


def _measured(
    sheet: _Sheet,
    window: tuple[slice, slice],
    region: Mask,
    depth: NDArray[np.float32],
    sides: tuple[int, ...],
    deepest: float,
    reach: dict[int, float],
) -> _Place:
    """Extent and area of a region, carried on from inside the rim to the cut."""
    to_image = Affine.shift(window[1].start, window[0].start)
    to_mm = sheet.to_px.inverse().after(to_image)
    pixel = 1 / (px_per_mm(sheet.dpi[0]) * px_per_mm(sheet.dpi[1]))
    parts = [np.asarray(region & (depth > rim)) for rim in RIM_MM]
    one, two, three = (float(p.sum()) * pixel for p in parts)
    area = max(3 * one - 3 * two + three, one)
    first, second = (_farthest(to_mm, p) for p in parts[:2])
    extent = max(2 * first - second, first)
    points = to_mm(np.argwhere(region)[:, ::-1])
    low, high = points.min(axis=0) - RIM_MM[0], points.max(axis=0) + RIM_MM[0]
    box_mm = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    box = sheet.to_px([[low[0], low[1]], [high[0], low[1]], [high[0], high[1]], [low[0], high[1]]])
    box_px = (*map(float, box.min(axis=0)), *map(float, box.max(axis=0)))
    u_area = float(np.hypot(1.0, 0.03 * area))
    damage = Damage("", extent, U_MM, area, u_area, sides, box_mm, (box_px[0], box_px[1], box_px[2], box_px[3]))
    filled = one / max((high - low).prod(), 1e-6)
    return _Place(damage, deepest, reach, sheet.expected is None and bool(filled > BOXY))


def _farthest(to_mm: Affine, part: Mask) -> float:
    """Largest distance between two places of a region, in mm."""
    at = np.argwhere(part)[:, ::-1]
    if not len(at):
        return 0.0
    hull = to_mm(cv2.convexHull(at.astype(np.int32)).reshape(-1, 2))
    return float(np.sqrt(((hull[:, None] - hull[None]) ** 2).sum(axis=2).max()))


def _of_edge(sheet: _Sheet, place: _Place) -> str:
    """Notch or tear; empty for what is neither."""
    damage, (side,) = place.damage, place.damage.sides
    length = float(np.hypot(*(sheet.lines[side][1] - sheet.lines[side][0]))) / px_per_mm(sheet.dpi[1 - side % 2])
    width = damage.area_mm2 / place.depth_mm
    if place.boxy and width >= NARROW_MM:
        return ""
    if width < NARROW_MM and damage.extent_mm > 2 * width and damage.extent_mm >= TEAR_MM:
        return "tear"
    return "notch" if place.depth_mm > NOTCH_MM and width > 0.5 and damage.extent_mm < LONG * length else ""


def _of_corner(place: _Place, corners: Sequence[_Place]) -> bool:
    """Whether a corner lacks more than a rough or a rounded one does."""
    area = place.damage.area_mm2
    if place.boxy or area < CORNER_MM2 or min(place.reach_mm[s] for s in place.damage.sides) < LEG_MM:
        return False
    alike = sum(p.damage.area_mm2 > ROUND * area for p in corners if p is not place)
    return alike < min(2, len(corners) - 1) or len(corners) == 1


def _ordered_light(
    sheet: _Sheet, window: tuple[slice, slice], shape: tuple[int, ...], beside_mm: float = BESIDE_MM
) -> NDArray[np.bool_]:
    """Where no dark print was ordered, that could be taken for the backing."""
    if sheet.expected is None:
        return np.ones(shape, bool)
    ordered = sheet.expected.strip(Affine.shift(window[1].start, window[0].start), (shape[0], shape[1]))
    beside = round(beside_mm * px_per_mm(sheet.dpi[0]))
    return np.asarray(cv2.erode(ordered, np.ones((2 * beside + 1,) * 2, np.uint8)) > ORDERED_LIGHT)


def _folded_or_torn(sheet: _Sheet, place: _Place) -> str:
    a, b = place.damage.sides
    corner = meet(sheet.lines[a], sheet.lines[b])
    ends = []
    for side, other in ((a, b), (b, a)):
        near = sheet.lines[side]
        along = (
            near[1] - near[0] if np.hypot(*(near[0] - corner)) < np.hypot(*(near[1] - corner)) else near[0] - near[1]
        )
        scale = px_per_mm(sheet.dpi[1 - side % 2])
        ends.append(corner + along / np.hypot(*along) * (place.reach_mm[other] + RIM_MM[0]) * scale)
    triangle = np.array([corner, *ends])
    folded = is_folded(sheet.luminance, triangle, place.damage.area_mm2, sheet.backing, sheet.dpi, sheet.expected)
    return "dog-ear" if folded else "missing-corner"
