"""Damage of the paper inside a page: creases, holes and water, which both sides of a leaf show at one place."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import hypot
from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.details import DamageDetail
from qc.measure.registry import part
from qc.model import Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

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
RIM_MM = 18.0
"""Pages bend along the spine as a book is opened, and lie in shadow along a cut that was not found."""
ALONG = 0.03
"""Slope, in the scan, of what may be a streak of the scanner."""
SAME_GLASS_MM = 1.0
CONTINUED = (1, 3)
"""Pages from one that may confirm its tide-line: they lie the other way round."""
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
    unseen : mapping of str to Flag
        Why traces of some kinds were not looked for.
    """

    position: int
    number: int
    scan: tuple[str, int]
    traces: tuple[Trace, ...]
    to_scan: Affine
    cuts_mm: tuple[float | None, ...]
    size_mm: tuple[float, float]
    unseen: Mapping[str, Flag] = field(default_factory=dict)


@dataclass(frozen=True)
class UnseenSide:
    """A side of a leaf on which nothing could be looked for, and why; `number` is None where its page is not known."""

    position: int
    number: int | None
    why: Flag


Found = tuple[LeafSide, "Trace", LeafSide, "Trace"]
"""A trace, and the one that confirms it."""


@part("page-damage")
def page_damage_inside(sides: Sequence[LeafSide], unseen: Sequence[UnseenSide] = ()) -> Iterator[Observation]:
    """Largest extent of each kind of damage inside a page, in mm.

    Parameters
    ----------
    sides : sequence of LeafSide
        All registered pages of the copy.
    unseen : sequence of UnseenSide
        All others.

    Yields
    ------
    Observation
        ``page-damage`` of each leaf with the codes "crease", "hole" and "water": of what both its sides show at the mirrored
        place, with pictures of both, at the first of its pages that shows it; 0 at its first page where there is none; None
        with a flag where that could not be looked for, at the page that says why.

    Notes
    -----
    What one side shows alone is a scratch, a hair or a shadow, and is left out; so are lines along the scanner's axes that
    another page shows at the same place of the glass, and lines along the rim. A tide-line may be confirmed by a side of the next
    leaf instead. A crease that runs along lines of text is not seen, nor what print hides. Leaves scanned on one side only and
    blank pages show nothing, nor do white backings show holes.
    """
    own = [_without_scanner_lines(side, sides) for side in sides]
    leaves: dict[int, list[LeafSide | UnseenSide]] = {}
    every: list[LeafSide | UnseenSide] = [*own, *unseen]
    for side in sorted(every, key=lambda s: s.position):
        leaves.setdefault(-side.position if side.number is None else (side.number + 1) // 2, []).append(side)
    for leaf in leaves.values():
        for code in _ALIKE:
            found = _found(code, [s for s in leaf if isinstance(s, LeafSide)], own)
            yield _observed(code, found) if found else _none_found(code, leaf)


@page_damage_inside.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    told = [_side_of(page) for page in copy.each_page()]
    return page_damage_inside(
        [s for s in told if isinstance(s, LeafSide)], [s for s in told if isinstance(s, UnseenSide)]
    )


def _side_of(page: PageContext) -> LeafSide | UnseenSide:
    seen, number = page.page, page.record.reference_page
    if seen.traces is None or page.to_scan is None or number is None or seen.trim is None or seen.registration is None:
        why = Flag.UNREADABLE if seen.error else page.not_measured
        return UnseenSide(page.position, number, why or (Flag.BITONAL if seen.registration else Flag.NOT_REGISTERED))
    back = seen.registration.to_px.inverse()
    cuts = tuple(
        None if line.ends is None else float(back(line.ends)[:, k % 2].mean()) for k, line in enumerate(seen.lines)
    )
    size = seen.trim.width_mm, seen.trim.height_mm
    traces = seen.traces
    return LeafSide(page.position, number, page.scan, traces.found, page.to_scan, cuts, size, traces.unseen)


def _none_found(code: str, leaf: Sequence[LeafSide | UnseenSide]) -> Observation:
    for side in leaf:
        why = side.why if isinstance(side, UnseenSide) else side.unseen.get(code)
        if why is None and len(leaf) == 1:
            why = Flag.HALF_LEAF
        if why is not None:
            return page_damage_inside.observe(None, None, Where(page=side.position), (why,), DamageDetail(code=code))
    return page_damage_inside.observe(0.0, None, Where(page=leaf[0].position), (), DamageDetail(code=code))


def _found(code: str, leaf: Sequence[LeafSide], sides: Sequence[LeafSide]) -> list[Found]:
    """Traces of a leaf that another side confirms, the largest first, each once."""
    pairs: list[Found] = []
    for side in leaf:
        for other in sides:
            away = abs(side.number - other.number)
            same_leaf = (side.number + 1) // 2 == (other.number + 1) // 2
            # Sides that lie alike on the scanner's glass confirm nothing: what they show at one place may be on it.
            if away == 1 if same_leaf else code == "water" and away in CONTINUED:
                mirror = _mirror(side, other)
                mine, theirs = ([t for t in s.traces if t.code == code] for s in (side, other))
                pairs += [
                    (side, a, other, b)
                    for a in mine
                    for b in theirs
                    if (a.strong or b.strong) and _ALIKE[code](a, b, mirror)
                ]
    kept: list[Found] = []
    in_leaf = [s.number for s in leaf]
    for pair in sorted(pairs, key=lambda p: (p[2].number not in in_leaf, -p[1].extent_mm - p[3].extent_mm)):
        if not any(pair[1] in (k[1], k[3]) or pair[3] in (k[1], k[3]) for k in kept):
            kept.append(pair)
    return sorted(kept, key=lambda p: -p[1].extent_mm - p[3].extent_mm)


def _observed(code: str, found: Sequence[Found]) -> Observation:
    side, first, _, second = found[0]
    extents = [(a.extent_mm + b.extent_mm) / 2 for _, a, _, b in found]
    area = (first.area_mm2 + second.area_mm2) / 2
    u = hypot(U_END_MM if code == "crease" else 0.05 * extents[0] + 0.3, (first.extent_mm - second.extent_mm) / 2)
    detail = DamageDetail(
        code=code,
        area_mm2=round(area, 1) if area else None,
        u_area_mm2=round(hypot(0.07 * area, (first.area_mm2 - second.area_mm2) / 2), 2) if area else None,
        extents_mm=[round(e, 2) for e in extents],
        boxes_mm=[[round(v, 2) for v in a.box_mm] for _, a, _, _ in found],
    )
    evidence = tuple(
        evidence_at(s.scan, trace.box_mm, s.to_scan) for a, t, b, v in found for s, trace in ((a, t), (b, v))
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
    ends = 0.0, 0.0, *side.size_mm
    left, top, right, bottom = (e if c is None else c for e, c in zip(ends, side.cuts_mm, strict=True))
    return x1 < left + RIM_MM or x0 > right - RIM_MM or y1 < top + RIM_MM or y0 > bottom - RIM_MM
