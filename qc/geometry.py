"""Edges, sides and plane maps.

Conventions, everywhere: arrays are ``[row, column]``, points ``(x, y)``, an integer is a pixel's center. The *page
frame* is in reference millimeters, origin at the trim corner at head and left, x right, y down. Only this module
knows on which side the spine is.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qc.errors import shown
from qc.units import parse_trim, to_mm

WORKING_DPI = 150.0


MARGIN_MM = to_mm(0.125, "in")


THUMBNAIL_DPI = 18.75

Points = NDArray[np.float64]


class Edge(StrEnum):
    HEAD = "head"
    TAIL = "tail"
    SPINE = "spine"
    FORE_EDGE = "fore-edge"


Box = tuple[float, float, float, float]
"""x0, y0, x1, y1."""
OUTER_EDGES = (Edge.SPINE, Edge.FORE_EDGE)
"""The edges that change places where the sides do."""


class Side(StrEnum):
    RECTO = "recto"
    VERSO = "verso"


class Direction(StrEnum):
    """In which a book is read: a right-to-left one has its spine at the right of its rectos."""

    LTR = "ltr"
    RTL = "rtl"


def side_of(page: int) -> Side:
    """Side of the 1-based page number `page`: odd pages are rectos."""
    return Side.RECTO if page % 2 else Side.VERSO


def other_side(side: Side) -> Side:
    return Side.VERSO if side is Side.RECTO else Side.RECTO


def edge_names(side: Side, direction: Direction = Direction.LTR) -> tuple[Edge, Edge, Edge, Edge]:
    """Edges at the left, top, right and bottom of an upright page: a left-to-right recto has its spine at the left."""
    return edges_across(spine_at_left(side, direction))


def edges_across(at_left: bool) -> tuple[Edge, Edge, Edge, Edge]:
    """Edges at the left, top, right and bottom of an upright page with its spine at the left or at the right."""
    if at_left:
        return Edge.SPINE, Edge.HEAD, Edge.FORE_EDGE, Edge.TAIL
    return Edge.FORE_EDGE, Edge.HEAD, Edge.SPINE, Edge.TAIL


def spine_at_left(side: Side, direction: Direction) -> bool:
    return (side is Side.RECTO) is (direction is Direction.LTR)


SIDES = ((3, 0), (0, 1), (1, 2), (2, 3))
"""Corners (left-top, right-top, right-bottom, left-bottom) at the ends of the left, top, right and bottom side, walked so
that the page lies to the right."""


def meet(p: Points, q: Points) -> Points:
    """Point where the lines through the pairs of points `p` and `q` meet."""
    d, e = p[1] - p[0], q[1] - q[0]
    t = np.linalg.solve(np.column_stack([d, -e]), q[0] - p[0])
    return np.asarray(p[0] + t[0] * d)


@dataclass(frozen=True)
class Size:
    """Width and height in millimeters."""

    width_mm: float
    height_mm: float

    def corners(self) -> Points:
        """Corners in page-frame order: left-top, right-top, right-bottom, left-bottom; shape (4, 2)."""
        w, h = self.width_mm, self.height_mm
        return np.array([[0, 0], [w, 0], [w, h], [0, h]], float)


def away_from_spine(
    side: Side, width_mm: float, bent_mm: float, direction: Direction = Direction.LTR
) -> tuple[float, float]:
    """First and last x (page-frame mm) of what is left of a page without `bent_mm` at its spine."""
    return (bent_mm, width_mm) if spine_at_left(side, direction) else (0.0, width_mm - bent_mm)


@dataclass(frozen=True)
class Affine:
    """Plane map ``p -> matrix[:, :2] @ p + matrix[:, 2]``; `matrix` has shape (2, 3)."""

    matrix: Points

    @staticmethod
    def scaling(sx: float, sy: float | None = None) -> Affine:
        return Affine(np.array([[sx, 0, 0], [0, sx if sy is None else sy, 0]], float))

    @staticmethod
    def shift(dx: float, dy: float) -> Affine:
        return Affine(np.array([[1, 0, dx], [0, 1, dy]], float))

    @staticmethod
    def rotation(angle_deg: float) -> Affine:
        """Turn by `angle_deg`, clockwise on screen because y points down."""
        c, s = np.cos(np.deg2rad(angle_deg)), np.sin(np.deg2rad(angle_deg))
        return Affine(np.array([[c, -s, 0], [s, c, 0]], float))

    def __call__(self, points: ArrayLike) -> Points:
        p = np.asarray(points, float)
        return np.asarray(p @ self.matrix[:, :2].T + self.matrix[:, 2])

    def after(self, first: Affine) -> Affine:
        """The map that applies `first`, then this one."""
        matrix = self.matrix[:, :2] @ first.matrix
        matrix[:, 2] += self.matrix[:, 2]
        return Affine(matrix)

    def inverse(self) -> Affine:
        (a, b, x), (c, d, y) = self.matrix.tolist()
        return Affine(np.array([[d, -b, b * y - d * x], [-c, a, c * x - a * y]]) / (a * d - b * c))

    @property
    def skew_deg(self) -> float:
        """Turn of the image of the x axis in degrees, clockwise positive."""
        return float(np.rad2deg(np.arctan2(self.matrix[1, 0], self.matrix[0, 0])))

    @property
    def scale(self) -> tuple[float, float]:
        """Length of the images of the unit vectors along x and y."""
        (a, b, _), (c, d, _) = self.matrix.tolist()
        return math.hypot(a, c), math.hypot(b, d)


def pixel_scaling(fx: float, fy: float) -> Affine:
    """Map from pixels of an image to pixels of the same image resized by `fx`, `fy`: corners, not centers, coincide."""
    return Affine(np.array([[fx, 0, 0.5 * fx - 0.5], [0, fy, 0.5 * fy - 0.5]], float))


def quarter_turn(turns: int, width_px: float, height_px: float) -> Affine:
    """Map from pixels of an image of the given size to pixels of ``numpy.rot90(image, turns)``.

    `turns` counts counterclockwise quarter turns, as in `numpy.rot90`.
    """
    m: list[list[float]]
    match turns % 4:
        case 0:
            m = [[1, 0, 0], [0, 1, 0]]
        case 1:
            m = [[0, 1, 0], [-1, 0, width_px - 1]]
        case 2:
            m = [[-1, 0, width_px - 1], [0, -1, height_px - 1]]
        case _:
            m = [[0, -1, height_px - 1], [1, 0, 0]]
    return Affine(np.array(m, float))


LEAST_TRIM_MM, MOST_TRIM_MM = 20.0, 1200.0


def trim_size(text: str) -> Size:
    """Size of a trim such as ``"6 x 9 in"``; raises ValueError where it is none that a book can have."""
    size = Size(*parse_trim(text))
    if not all(LEAST_TRIM_MM <= side <= MOST_TRIM_MM for side in (size.width_mm, size.height_mm)):
        raise ValueError(f"{shown(repr(text))} is no size of a book, {LEAST_TRIM_MM:g} to {MOST_TRIM_MM:g} mm a side")
    return size


USUAL = frozenset({Side.RECTO})
"""Odd pages are the fronts."""


def mate(number: int, odd: Side) -> int:
    """Number of the page on the other side of the leaf of page `number`; 0 for a side before page 1."""
    front = (number % 2 == 1) is (odd is Side.RECTO)
    return number + 1 if front else number - 1


def mates(number: int, odd: Collection[Side] = USUAL) -> tuple[int, ...]:
    """The pages that may lie on the other side of the leaf of page `number`."""
    return tuple(mate(number, side) for side in sorted(odd))
