"""Lines, ruler and dimension over a picture of a finding; geometry only, the template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

from qc.geometry import Edge

if TYPE_CHECKING:
    from qc.report.evidence import Exhibit

WIDTH, HEIGHT, BAND = 480.0, 360.0, 22.0
LABEL = 165.0

Point = tuple[float, float]
Line = tuple[Point, Point]


@dataclass(frozen=True)
class Tick:
    """A tick of the ruler."""

    at: float
    length: float
    label: str


@dataclass(frozen=True)
class Overlay:
    """Positions in a drawing `WIDTH` by `HEIGHT`, y down.

    The ruler lies in a band of `BAND` at the bottom, or at the left when `upright`; it counts millimeters from the
    trim line, outward positive, or from the border of the picture when there is no trim line. `strip` is the area
    between trim line and cut, `dimension` the distance across it, `label_at` a place for its text, on the
    side `anchor` says.
    """

    upright: bool
    ticks: tuple[Tick, ...]
    trim: Line | None
    cut: Line | None
    strip: tuple[Point, ...]
    dimension: Line | None
    label_at: Point
    anchor: str
    region: tuple[float, float, float, float] | None


def overlay(exhibit: Exhibit) -> Overlay:
    """What to draw over the pictures of an exhibit that shows a place."""
    assert exhibit.box_mm is not None
    x0, y0, x1, _ = exhibit.box_mm
    scale = WIDTH / (x1 - x0)

    def at(p: Sequence[float]) -> Point:
        return (p[0] - x0) * scale, (p[1] - y0) * scale

    marks, edge = exhibit.marks, exhibit.finding.where.edge
    upright = edge in (Edge.HEAD, Edge.TAIL)
    trim = (at(marks.trim[0]), at(marks.trim[1])) if marks.trim else None
    cut = (at(marks.cut[0]), at(marks.cut[1])) if marks.cut else None
    zero, outward = 0.0, 1.0
    dimension, label_at, anchor = None, (0.0, 0.0), "start"
    strip: tuple[Point, ...] = ()
    if trim:
        level = (WIDTH if upright else HEIGHT) / 2
        zero = _crossing(trim, level, upright)
        outward = _outward(exhibit, upright)
        if cut:
            strip = (*trim, *reversed(cut)) if _same_way(trim, cut) else (*trim, *cut)
            dimension, label_at, anchor = _dimension(trim, cut, upright, outward)
    region = None
    if marks.region:
        (rx0, ry0), (rx1, ry1) = at(marks.region[:2]), at(marks.region[2:])
        region = (rx0, ry0, rx1 - rx0, ry1 - ry0)
    return Overlay(
        upright, _ticks(scale, zero, outward, upright), trim, cut, strip, dimension, label_at, anchor, region
    )


def _crossing(line: Line, level: float, upright: bool) -> float:
    """Where `line` passes `level`: its x at a height, or its y at a breadth when `upright`."""
    (ax, ay), (bx, by) = line
    if upright:
        ax, ay, bx, by = ay, ax, by, bx
    return ax if by == ay else ax + (bx - ax) * (level - ay) / (by - ay)


def _outward(exhibit: Exhibit, upright: bool) -> float:
    """+1 where outward is right or down. The cut tells it: it lies outward of the trim line when the value is > 0."""
    trim, cut, value = exhibit.marks.trim, exhibit.marks.cut, exhibit.marks.offset_mm
    if not trim or not cut or not value:
        return 1.0
    axis = 1 if upright else 0
    gap = cut[0][axis] + cut[1][axis] - trim[0][axis] - trim[1][axis]
    return 1.0 if (gap > 0) == (value > 0) else -1.0


def _same_way(a: Line, b: Line) -> bool:
    return (a[1][0] - a[0][0]) * (b[1][0] - b[0][0]) + (a[1][1] - a[0][1]) * (b[1][1] - b[0][1]) > 0


def _dimension(trim: Line, cut: Line, upright: bool, outward: float) -> tuple[Line, Point, str]:
    level = 0.42 * (WIDTH if upright else HEIGHT)
    a, b = _crossing(trim, level, upright), _crossing(cut, level, upright)
    if upright:
        return ((level, a), (level, b)), (level + 14, max(a, b) + 24 if outward > 0 else min(a, b) - 12), "start"
    if outward > 0:
        return ((a, level), (b, level)), (min(max(a, b) + 12, WIDTH - LABEL), level + 32), "start"
    return ((a, level), (b, level)), (max(min(a, b) - 12, LABEL), level + 32), "end"


def _ticks(scale: float, zero: float, outward: float, upright: bool) -> tuple[Tick, ...]:
    """A tick a millimeter, or fewer where they would touch."""
    length = HEIGHT if upright else WIDTH
    step = next(s for s in (1, 5, 10, 50) if s * scale > 5 or s == 50)
    first, last = ceil(-zero / scale / step), floor((length - zero) / scale / step)
    ticks = []
    for i in range(first, last + 1):
        mm, at = i * step, zero + i * step * scale
        long = i % 10 == 0
        label = f"{mm * outward + 0.0:.0f}".replace("-", "−") if long and 12 < at < length - 12 else ""
        ticks.append(Tick(at, 9 if long else 7 if i % 5 == 0 else 4, label))
    return tuple(ticks)
