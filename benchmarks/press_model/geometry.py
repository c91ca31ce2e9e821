"""Geometry: where print, cut and sheet lie. Millimeters and pixels are continuous: pixel i covers [i, i + 1).

Frames of reference
-------------------
reference : millimeters of the page as read, origin at the trim corner left and top, y down.
leaf : millimeters on the paper of one side as read; equal to the reference where the print has no placement error.
frame : pixels of the raw scan, on which the lamp and the dust are fixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F64 = NDArray[Any]  # float64
EDGES = ("head", "tail", "spine", "fore-edge")


def shift(dx: float, dy: float) -> F64:
    """Return the 3 x 3 matrix of a shift."""
    return np.array([[1, 0, dx], [0, 1, dy], [0, 0, 1]], float)


def scale(sx: float, sy: float) -> F64:
    """Return the 3 x 3 matrix of a scaling about the origin."""
    return np.diag([sx, sy, 1.0])


def turn(degrees: float) -> F64:
    """Return the 3 x 3 matrix of a turn about the origin; > 0 turns clockwise as seen (y down)."""
    a = np.radians(degrees)
    return np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])


def about(matrix: F64, x: float, y: float) -> F64:
    """Return ``matrix`` applied about the point (x, y)."""
    return shift(x, y) @ matrix @ shift(-x, -y)


def apply(matrix: F64, points: F64) -> F64:
    """Map points of shape (n, 2)."""
    return points @ matrix[:2, :2].T + matrix[:2, 2]


@dataclass(frozen=True)
class Cut:
    """Cut of one leaf: per edge the offset outside the nominal trim (mm) and its taper end to end (mm)."""

    offset: dict[str, float]
    taper: dict[str, float]

    def corners(self, width: float, height: float, recto: bool) -> F64:
        """Return the corners left-top, right-top, right-bottom, left-bottom in leaf mm of the side as read."""
        o, t = self.offset, self.taper
        head = ((0.0, -o["head"] - t["head"] / 2), (width, -o["head"] + t["head"] / 2))
        tail = ((0.0, height + o["tail"] - t["tail"] / 2), (width, height + o["tail"] + t["tail"] / 2))
        left = ((-o["spine"] - t["spine"] / 2, 0.0), (-o["spine"] + t["spine"] / 2, height))
        right = (
            (width + o["fore-edge"] - t["fore-edge"] / 2, 0.0),
            (width + o["fore-edge"] + t["fore-edge"] / 2, height),
        )
        pts = np.array([_cross(head, left), _cross(head, right), _cross(tail, right), _cross(tail, left)])
        if not recto:
            pts[:, 0] = width - pts[:, 0]
            pts = pts[[1, 0, 3, 2]]
        return pts


def _cross(a: tuple[tuple[float, float], ...], b: tuple[tuple[float, float], ...]) -> F64:
    (x1, y1), (x2, y2) = a
    (x3, y3), (x4, y4) = b
    lhs = np.array([[x2 - x1, -(x4 - x3)], [y2 - y1, -(y4 - y3)]])
    k = np.linalg.solve(lhs, np.array([x3 - x1, y3 - y1]))[0]
    return np.array([x1 + k * (x2 - x1), y1 + k * (y2 - y1)])


@dataclass(frozen=True)
class Print:
    """Placement of one side's print on the leaf: shift (mm), turn (degrees) and scale about the page center."""

    dx: float
    dy: float
    turn: float
    scale: float

    def matrix(self, width: float, height: float) -> F64:
        """Return reference mm -> leaf mm."""
        m = about(turn(self.turn) @ scale(self.scale, self.scale), width / 2, height / 2)
        return shift(self.dx, self.dy) @ m


def offsets(corners: F64, to_leaf: F64, width: float, height: float, recto: bool) -> dict[str, float]:
    """Return the truth: the distance trim line to cut edge in reference mm, averaged along each edge.

    The cut corners are carried back through the print's scale, turn and shift; an edge is straight, so its mean
    distance from the trim line is that at the middle of the trim line.
    """
    lt, rt, rb, lb = apply(np.linalg.inv(to_leaf), corners)

    def at(p: F64, q: F64, axis: int, value: float) -> float:
        k = (value - p[axis]) / (q[axis] - p[axis])
        return float(p[1 - axis] + k * (q[1 - axis] - p[1 - axis]))

    left, right = -at(lt, lb, 1, height / 2), at(rt, rb, 1, height / 2) - width
    spine, fore = (left, right) if recto else (right, left)
    return {
        "head": -at(lt, rt, 0, width / 2),
        "tail": at(lb, rb, 0, width / 2) - height,
        "spine": spine,
        "fore-edge": fore,
    }


def sheet_mask(corners: F64, shape: tuple[int, int]) -> NDArray[Any]:
    """Return the coverage (0 to 1) of each pixel by the sheet; corners in pixels, edges nearly upright."""
    rows, cols = shape
    mask = np.ones(shape, np.float32)
    lt, rt, rb, lb = corners
    ys = np.arange(rows) + 0.5
    xs = np.arange(cols) + 0.5
    for (p, q), sign in (((lt, lb), 1), ((rt, rb), -1)):
        x = p[0] + (ys - p[1]) / (q[1] - p[1]) * (q[0] - p[0])
        a, b = max(0, int(x.min()) - 2), min(cols, int(x.max()) + 3)
        mask[:, a:b] *= np.clip(sign * (xs[None, a:b] - x[:, None]) + 0.5, 0, 1).astype(np.float32)
        if sign > 0:
            mask[:, :a] = 0
        else:
            mask[:, b:] = 0
    for (p, q), sign in (((lt, rt), 1), ((lb, rb), -1)):
        y = p[1] + (xs - p[0]) / (q[0] - p[0]) * (q[1] - p[1])
        a, b = max(0, int(y.min()) - 2), min(rows, int(y.max()) + 3)
        mask[a:b] *= np.clip(sign * (ys[a:b, None] - y[None, :]) + 0.5, 0, 1).astype(np.float32)
        if sign > 0:
            mask[:a] = 0
        else:
            mask[b:] = 0
    return mask
