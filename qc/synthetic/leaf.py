"""The physical leaf: where the knife went, and how much of each pixel lies on it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

EDGES = ("head", "tail", "spine", "fore-edge")
_SUBROWS = 4


@dataclass(frozen=True)
class Cut:
    """Where the leaf was cut.

    Offsets are mm in the sheet against the nominal trim lines: > 0 leaves paper over, < 0 cuts too deep, at the
    middle of the edge. `taper_mm` (head, tail, spine, fore-edge) tilts a cut: the offset grows by this much from one
    trim corner to the other, away from the spine (head, tail) or from the head (spine, fore-edge).
    `roughness_mm` is the deviation (1 sigma) of the edge from its line, of mean zero. `dog_ear_mm` cuts off the corner
    at head and fore-edge at 45 degrees, measured along the edges; offsets are stated as if it were whole. With `fold_mm` the
    spine edge is no cut but a fold of that radius, the edge its outermost line, stated as if the cover were flat up to it.
    """

    head_mm: float = 0.0
    tail_mm: float = 0.0
    spine_mm: float = 0.0
    fore_edge_mm: float = 0.0
    taper_mm: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    roughness_mm: float = 0.008
    dog_ear_mm: float = 0.0
    fold_mm: float = 0.0

    def corners(self, trim_mm: tuple[float, float], recto: bool) -> NDArray[np.float64]:
        """Corners of the leaf in sheet millimeters: left-top, right-top, right-bottom, left-bottom; shape (4, 2)."""
        width, height = trim_mm
        head, tail, spine, fore = self.taper_mm
        sign = 1 if recto else -1
        left, right = (self.spine_mm, self.fore_edge_mm) if recto else (self.fore_edge_mm, self.spine_mm)
        left_taper, right_taper = (spine, fore) if recto else (fore, spine)
        lines = (  # point, direction of left, top, right, bottom
            ((-left, height / 2), (-left_taper / height, 1.0)),
            ((width / 2, -self.head_mm), (1.0, -sign * head / width)),
            ((width + right, height / 2), (right_taper / height, 1.0)),
            ((width / 2, height + self.tail_mm), (1.0, sign * tail / width)),
        )
        return np.array([_meet(lines[a], lines[b]) for a, b in ((0, 1), (2, 1), (2, 3), (0, 3))])


def offsets(corners_mm: NDArray[np.float64], trim_mm: tuple[float, float], recto: bool) -> dict[str, float]:
    """Mean offset of each edge, corner to corner, of a leaf with these corners in page-frame millimeters."""
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners_mm
    left, right = -(x0 + x3) / 2, (x1 + x2) / 2 - trim_mm[0]
    spine, fore = (left, right) if recto else (right, left)
    values = -(y0 + y1) / 2, (y2 + y3) / 2 - trim_mm[1], spine, fore
    return dict(zip(EDGES, map(float, values), strict=True))


def coverage(
    corners_px: NDArray[np.float64],
    shape: tuple[int, int],
    *,
    rough_px: NDArray[np.float64] | None = None,
    shift_px: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Share of each pixel's square that lies on the leaf.

    Parameters
    ----------
    corners_px : ndarray, shape (4, 2), px
        Left-top, right-top, right-bottom, left-bottom.
    shape : (int, int)
        Rows and columns.
    rough_px : ndarray, shape (4, n), px, optional
        Outward deviation of the left, top, right, bottom edge at n places from its start to its end.
    shift_px : ndarray, shape (rows, columns, 2), px, optional
        Displacement x, y of the picture at each pixel: what belongs at p is drawn at p + shift.

    Returns
    -------
    ndarray, shape (rows, columns), float32
        0 to 1, exact to 0.01 of a pixel's width for edges up to 10 degrees off the grid.
    """
    cover = np.ones(shape, np.float32)
    lt, rt, rb, lb = corners_px
    flat = None if rough_px is None else rough_px
    for side, (start, end) in enumerate(((lt, lb), (lt, rt), (rt, rb), (lb, rb))):
        upright = side % 2 == 0
        a, b = (start, end) if upright else (start[::-1], end[::-1])
        view = cover if upright else cover.T
        shift = None
        if shift_px is not None:
            shift = shift_px if upright else shift_px.transpose(1, 0, 2)[:, :, ::-1]
        _clip(view, a, b, 1 if side in (0, 1) else -1, None if flat is None else flat[side], shift)
    return cover


def cut_corner(cover: NDArray[np.float32], a: NDArray[np.float64], b: NDArray[np.float64]) -> None:
    """Take away what lies to the left of the way from `a` to `b` (seen with y down), in place."""
    normal = np.array([-(b - a)[1], (b - a)[0]]) / np.hypot(*(b - a))
    y, x = np.ogrid[0 : cover.shape[0], 0 : cover.shape[1]]
    distance = (x - a[0]) * normal[0] + (y - a[1]) * normal[1]
    cover *= np.clip(distance / np.abs(normal).sum() + 0.5, 0, 1)


def roughness(rng: np.random.Generator, sigma: float, grains: int) -> NDArray[np.float64]:
    """Deviation of the four edges, each of mean zero, with about `grains` independent grains; shape (4, n)."""
    lines = cv2.GaussianBlur(rng.standard_normal((4, 4 * grains)), (0, 0), sigmaX=2.0, sigmaY=1e-3)
    lines -= lines.mean(axis=1, keepdims=True)
    return np.asarray(sigma * lines / lines.std(), float)


def _clip(
    cover: NDArray[np.float32],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    inside: int,
    rough: NDArray[np.float64] | None,
    shift: NDArray[np.float32] | None,
) -> None:
    rows, columns = cover.shape
    y = (np.arange(rows * _SUBROWS) + 0.5) / _SUBROWS - 0.5
    row = np.clip(np.rint(y).astype(int), 0, rows - 1)
    x = _along(y, a, b, inside, rough)
    for _ in range(0 if shift is None else 2):
        assert shift is not None
        here = shift[row, np.clip(np.rint(x).astype(int), 0, columns - 1)]
        x = _along(y - here[:, 1], a, b, inside, rough) + here[:, 0]
    low = int(np.clip(np.floor(x.min()) - 1, 0, columns))
    high = int(np.clip(np.ceil(x.max()) + 2, 0, columns))
    at = np.arange(low, high)[None, :] + 0.5
    part = np.clip(inside * (at - x[:, None]) + (0 if inside > 0 else 1), 0, 1)
    cover[:, low:high] *= part.reshape(rows, _SUBROWS, -1).mean(axis=1)
    if inside > 0:
        cover[:, :low] = 0
    else:
        cover[:, high:] = 0


def _along(
    y: NDArray[np.float64],
    a: NDArray[np.float64],
    b: NDArray[np.float64],
    inside: int,
    rough: NDArray[np.float64] | None,
) -> NDArray[np.float64]:
    t = (y - a[1]) / (b[1] - a[1])
    x = a[0] + t * (b[0] - a[0])
    if rough is not None:
        x = x - inside * np.interp(t, np.linspace(0, 1, rough.size), rough)
    return np.asarray(x, float)


def _meet(
    first: tuple[tuple[float, float], tuple[float, float]], second: tuple[tuple[float, float], tuple[float, float]]
) -> NDArray[np.float64]:
    (p, d), (q, e) = (tuple(map(np.array, line)) for line in (first, second))
    s, _ = np.linalg.solve(np.column_stack([d, -e]), q - p)
    return np.asarray(p + s * d, float)
