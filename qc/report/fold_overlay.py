"""Folds and ruler over the pictures of a cover's fold or spine; geometry only, the template draws it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

from qc.report.evidence_overlay import Line, Point, Tick

if TYPE_CHECKING:
    from qc.report.evidence import Exhibit, Picture

WIDTH = 900.0
"""Of all pictures of an exhibit together, as they are shown on a screen; letters are sized for it."""
BAND = 20.0


@dataclass(frozen=True)
class FoldLines:
    """One fold: as designed, as seen, and the distance between them with its text, where the picture is of the copy."""

    designed: Line
    seen: Line | None
    dimension: Line | None
    label: str
    label_at: Point
    anchor: str


@dataclass(frozen=True)
class FoldOverlay:
    """Positions in a drawing `width` by `height`, y down.

    The ruler at the bottom counts from the first designed fold; along a spine that lies on its side, from its left end.
    """

    width: float
    height: float
    folds: tuple[FoldLines, ...]
    ticks: tuple[Tick, ...]


def fold_overlays(exhibit: Exhibit) -> list[FoldOverlay]:
    """What to draw over each picture of an exhibit of folds, all at one scale."""
    shown = [(p.box_mm[3] - p.box_mm[1] if p.turned else p.box_mm[2] - p.box_mm[0]) for p in exhibit.pictures]
    scale = WIDTH / sum(shown)
    return [_overlay(p, scale) for p in exhibit.pictures]


def _overlay(picture: Picture, scale: float) -> FoldOverlay:
    x0, y0, x1, y1 = picture.box_mm
    width, height = ((y1 - y0), (x1 - x0)) if picture.turned else ((x1 - x0), (y1 - y0))

    def at(p: Sequence[float]) -> Point:
        x, y = (p[1] - y0, x1 - p[0]) if picture.turned else (p[0] - x0, p[1] - y0)
        return x * scale, y * scale

    own = picture.look == "found"
    folds = []
    for mark in picture.folds:
        designed = at(mark.designed[0]), at(mark.designed[1])
        seen = (at(mark.seen[0]), at(mark.seen[1])) if mark.seen is not None else None
        dimension, label, label_at, anchor = None, "", (0.0, 0.0), "start"
        if own and seen is not None and mark.offset_mm is not None:
            level = 0.3 * height * scale
            a, b = designed[0][0], _at_height(seen, level)
            dimension, label = ((a, level), (b, level)), f"{abs(mark.offset_mm):.1f} mm"
            left = (a + b) / 2 > width * scale / 2
            label_at, anchor = (min(a, b) - 8, level) if left else (max(a, b) + 8, level), "end" if left else "start"
        folds.append(FoldLines(designed, seen, dimension, label, label_at, anchor))
    zero = 0.0 if picture.turned or not folds else folds[0].designed[0][0]
    return FoldOverlay(width * scale, height * scale, tuple(folds), _ticks(scale, zero, width * scale))


def _at_height(line: Line, y: float) -> float:
    (ax, ay), (bx, by) = line
    return ax if by == ay else ax + (bx - ax) * (y - ay) / (by - ay)


def _ticks(scale: float, zero: float, length: float) -> tuple[Tick, ...]:
    """A tick a millimeter, or fewer where they would touch."""
    step = 1 if scale > 5 else 5
    labeled = next(n for n in (5, 10, 20, 50) if n * scale > 36 or n == 50)
    ticks = []
    for i in range(ceil(-zero / scale / step), floor((length - zero) / scale / step) + 1):
        mm, at = i * step, zero + i * step * scale
        long = mm % labeled == 0
        label = f"{mm}".replace("-", "−") if long and 10 < at < length - 34 else ""
        ticks.append(Tick(at, 8 if long else 4, label))
    return tuple(ticks)
