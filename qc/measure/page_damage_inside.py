"""Damage of the paper inside a page: creases, holes and water, which both sides of a leaf show at one place."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from qc.measure.details import DamageDetail
from qc.measure.registry import part
from qc.model import Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from qc.features.paper_traces import Trace
    from qc.geometry import Affine, Box
    from qc.measure.context.copy_context import CopyContext, PageContext

TOLERANCE_MM = 1.5
"""Of the mirrored place, for the registration of both sides and the ends of a trace."""
STEP_MM = 4.5
"""A part of a crease is seen every 3 mm; both sides show one place where parts lie nearer than this."""
LEAST_STEPS = 5
HOLE_RATIO = 2.0
STAIN_SHARE = 0.5
"""Of their boxes together, that those of a stain on both sides share."""
RIM_MM = 12.0
"""Pages bend along the spine as a book is opened, and lie in shadow along a cut that was not found."""
ALONG = 0.03
"""Slope, in the scan, of what may be a streak of the scanner."""
SAME_GLASS_MM = 1.0
U_END_MM = 2.0
"""A crease ends within a part of 3 mm, and fades."""


@dataclass(frozen=True)
class LeafSide:
    """One side of a leaf as scanned.

    Attributes
    ----------
    position, number : int
        Among the interior pages, and of the reference page; pages 2k - 1 and 2k are one leaf.
    scan : tuple of (str, int)
        File name and frame.
    traces : tuple of Trace
    to_scan : Affine
        Page-frame mm -> pixels of the scan.
    cuts_mm : tuple of (float or None)
        Where the left, top, right and bottom cuts lie in the page frame, in the middle.
    size_mm : tuple of float
        Width and height of the page frame.
    """

    position: int
    number: int
    scan: tuple[str, int]
    traces: tuple[Trace, ...]
    to_scan: Affine
    cuts_mm: tuple[float | None, ...]
    size_mm: tuple[float, float]


@part("page-damage")
def page_damage_inside(sides: Sequence[LeafSide]) -> Iterator[Observation]:
    """Largest extent of each kind of damage inside a page, in mm.

    Parameters
    ----------
    sides : sequence of LeafSide
        All registered pages of the copy.

    Yields
    ------
    Observation
        ``page-damage`` with the code "crease", "hole" or "water" for the first page of a leaf whose two sides show it at the
        mirrored place, with pictures of both; nothing where none does. A stain may be shown by the facing page instead.

    Notes
    -----
    What one side shows alone is a scratch, a hair or a shadow, and is left out; so are lines along the scanner's axes that
    another page shows at the same place of the glass, and lines along the rim. A crease that runs along lines of text is not
    seen, nor what print hides. Leaves scanned on one side only, blank pages and white backings (holes) show nothing.
    """
    own = [_without_scanner_lines(side, sides) for side in sides]
    by_number = {side.number: side for side in own}
    for side in own:
        other = by_number.get(side.number + 1)
        if other is None:
            continue
        same_leaf = side.number % 2 == 1
        pairs = [
            (a, b)
            for a in side.traces
            for b in other.traces
            if a.code == b.code and (same_leaf or a.code == "water") and _ALIKE[a.code](a, b, _mirror(side, other))
        ]
        for code in _ALIKE:
            found = _apart(p for p in pairs if p[0].code == code)
            if found:
                yield _observed(code, found, side, other)


@page_damage_inside.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    return page_damage_inside([side for page in copy.each_page() if (side := _side_of(page)) is not None])


def _side_of(page: PageContext) -> LeafSide | None:
    seen, number = page.page, page.record.reference_page
    if seen.traces is None or page.to_scan is None or number is None or seen.trim is None or seen.registration is None:
        return None
    back = seen.registration.to_px.inverse()
    cuts = tuple(
        None if line.ends is None else float(back(line.ends)[:, k % 2].mean()) for k, line in enumerate(seen.lines)
    )
    size = seen.trim.width_mm, seen.trim.height_mm
    return LeafSide(page.position, number, page.scan, seen.traces, page.to_scan, cuts, size)


def _apart(pairs: Iterable[tuple[Trace, Trace]]) -> list[tuple[Trace, Trace]]:
    """The pairs by their extent, each trace in one."""
    kept: list[tuple[Trace, Trace]] = []
    for a, b in sorted(pairs, key=lambda p: -p[0].extent_mm - p[1].extent_mm):
        if not any(a is c or b is d for c, d in kept):
            kept.append((a, b))
    return kept


def _observed(code: str, found: Sequence[tuple[Trace, Trace]], side: LeafSide, other: LeafSide) -> Observation:
    first, second = found[0]
    extents = [(a.extent_mm + b.extent_mm) / 2 for a, b in found]
    area = (first.area_mm2 + second.area_mm2) / 2
    u = hypot(U_END_MM if code == "crease" else 0.05 * extents[0] + 0.3, (first.extent_mm - second.extent_mm) / 2)
    detail = DamageDetail(
        code=code,
        area_mm2=round(area, 1) if area else None,
        u_area_mm2=round(hypot(0.07 * area, (first.area_mm2 - second.area_mm2) / 2), 2) if area else None,
        extents_mm=[round(e, 2) for e in extents],
        boxes_mm=[[round(v, 2) for v in a.box_mm] for a, _ in found],
    )
    evidence = tuple(
        evidence_at(s.scan, trace.box_mm, s.to_scan)
        for pair in found
        for s, trace in zip((side, other), pair, strict=True)
    )
    return page_damage_inside.observe(extents[0], u, Where(page=side.position), (), detail, evidence)


def _mirror(side: LeafSide, other: LeafSide) -> Callable[[Sequence[tuple[float, float]]], np.ndarray]:
    """From the frame of one side to the same place of the paper in that of the other: by the cuts where both show one, which
    the print does not move."""

    def both(k: int, m: int, sign: float) -> list[float]:
        a, b = side.cuts_mm[k], other.cuts_mm[m]
        return [] if a is None or b is None else [b + sign * a]

    across = both(2, 0, 1.0) + both(0, 2, 1.0)
    down = both(1, 1, -1.0) + both(3, 3, -1.0)
    x, y = float(np.mean(across)) if across else side.size_mm[0], float(np.mean(down)) if down else 0.0
    return lambda points: np.array([[x, y]]) + np.asarray(points) * [[-1.0, 1.0]]


def _same_crease(a: Trace, b: Trace, mirror: Callable[..., np.ndarray]) -> bool:
    ours, theirs = mirror(a.points_mm), np.asarray(b.points_mm)
    start, along = _line(ours)
    off = np.abs((theirs - start) @ (-along[1], along[0]))
    near = np.abs(((theirs - start) @ along)[:, None] - ((ours - start) @ along)[None]).min(axis=1) < STEP_MM
    return bool(near.sum() >= LEAST_STEPS and off[near].mean() < TOLERANCE_MM and off[near].max() < 2 * TOLERANCE_MM)


def _same_hole(a: Trace, b: Trace, mirror: Callable[..., np.ndarray]) -> bool:
    off = mirror(a.points_mm)[0] - np.asarray(b.points_mm[0])
    areas = sorted((a.area_mm2, b.area_mm2))
    return bool(np.hypot(*off) < TOLERANCE_MM and areas[1] < HOLE_RATIO * areas[0])


def _same_stain(a: Trace, b: Trace, mirror: Callable[..., np.ndarray]) -> bool:
    (x0, y0), (x1, y1) = mirror([a.box_mm[:2], a.box_mm[2:]])
    ours, theirs = (min(x0, x1), y0, max(x0, x1), y1), b.box_mm
    shared = _area((max(ours[0], theirs[0]), max(ours[1], theirs[1]), min(ours[2], theirs[2]), min(ours[3], theirs[3])))
    return shared > STAIN_SHARE * (_area(ours) + _area(theirs) - shared)


_ALIKE = {"crease": _same_crease, "hole": _same_hole, "water": _same_stain}
"""Whether two traces are at one place of the paper, by what they are."""


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)


def _line(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First point, and direction to the last."""
    along = points[-1] - points[0]
    return points[0], along / max(float(np.hypot(*along)), 1e-6)


def _without_scanner_lines(side: LeafSide, sides: Sequence[LeafSide]) -> LeafSide:
    others = [t for s in sides if s.position != side.position for t in _on_glass(s)]
    kept = tuple(
        trace
        for trace, glass in zip(side.traces, _on_glass(side), strict=True)
        if trace.code != "crease"
        or not (_along_rim(trace, side) or any(_same_glass(glass, other) for other in others if glass is not None))
    )
    return replace(side, traces=kept)


def _on_glass(side: LeafSide) -> list[tuple[int, float] | None]:
    """Of each trace, the axis of the scan along which it runs and its place across, in mm; None where it runs along neither."""
    result: list[tuple[int, float] | None] = []
    for trace in side.traces:
        points = side.to_scan(trace.points_mm)
        _, along = _line(points)
        axis = int(abs(along[1]) > abs(along[0]))
        runs = trace.code == "crease" and abs(along[1 - axis]) < ALONG
        result.append((axis, float(points[:, 1 - axis].mean()) / side.to_scan.scale[0]) if runs else None)
    return result


def _same_glass(a: tuple[int, float], b: tuple[int, float] | None) -> bool:
    return b is not None and a[0] == b[0] and abs(a[1] - b[1]) < SAME_GLASS_MM


def _along_rim(trace: Trace, side: LeafSide) -> bool:
    x0, y0, x1, y1 = trace.box_mm
    width, height = side.size_mm
    return x1 < RIM_MM or x0 > width - RIM_MM or y1 < RIM_MM or y0 > height - RIM_MM
