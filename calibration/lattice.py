"""The grid of a color chart in a scan: even cells of one size, and the lattice that they lie on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Points

WORK_PX = 1400
"""Longer side of the image that cells are looked for in."""
_LEVELS = (2.5, 5.0, 10.0, 20.0)
"""Of the gradient in counts a pixel, below which a pixel is even. Contrast between neighbors differs widely."""
_LEAST_CELL_PX, _MOST_CELL_SHARE = 7.0, 0.25
_SQUARE, _FILLED = 0.68, 0.8
_SAME_SIZE = 0.35
_OFF_GRID = 0.2
_LEAST_CELLS = 12


@dataclass(frozen=True, eq=False)
class Lattice:
    """Cells on a lattice.

    Attributes
    ----------
    index : ndarray, shape (n, 2), int
        Column and row of each cell, from 0; the axes are a right-handed pair in the image (x right, y down), at any turn.
    centers : ndarray, shape (n, 2)
        In pixels of the image.
    """

    index: NDArray[np.int64]
    centers: Points

    @property
    def size(self) -> tuple[int, int]:
        columns, rows = self.index.max(axis=0) + 1
        return int(columns), int(rows)

    def homography(self) -> NDArray[np.float64]:
        """From column and row to pixels."""
        found, _ = cv2.findHomography(self.index.astype(np.float64), self.centers, cv2.RANSAC, self._tolerance())
        return np.asarray(found, np.float64)

    def _tolerance(self) -> float:
        affine = np.linalg.lstsq(np.column_stack([self.index, np.ones(len(self.index))]), self.centers, rcond=None)[0]
        return 0.12 * float(np.hypot(*affine[0]))


def find_lattices(image: NDArray[Any]) -> list[Lattice]:
    """Lattices of even cells in an 8-bit RGB image, the largest first.

    Notes
    -----
    Cells that touch and are nearly of one color run together and are missing; a lattice needs `_LEAST_CELLS`. Text, rulers
    and pictures around the chart have cells of other sizes or off the lattice.
    """
    scale = min(1.0, WORK_PX / max(image.shape[:2]))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image
    centers, sides, angles = _cells(small)
    found = []
    for side in _sizes(sides):
        same = np.abs(np.log(sides / side)) < _SAME_SIZE
        lattice = _lattice(centers[same], angles[same], side)
        if lattice is not None:
            found.append(Lattice(lattice.index, (lattice.centers + 0.5) / scale - 0.5))
    return sorted(found, key=lambda g: -len(g.index))


def _cells(image: NDArray[Any]) -> tuple[Points, NDArray[np.float64], NDArray[np.float64]]:
    """Centers, sides and turns (degrees, modulo 90) of even squares."""
    smooth = cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.6)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, *order, ksize=3, scale=0.125) for order in ((1, 0), (0, 1)))
    steep = np.sqrt(dx**2 + dy**2).max(axis=2)
    found: list[tuple[float, float, float, float]] = []
    for level in _LEVELS:
        even = (steep < level).astype(np.uint8)
        even = cv2.erode(even, np.ones((3, 3), np.uint8))
        contours, _ = cv2.findContours(even, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
        for contour in contours:
            if len(contour) < 4:
                continue
            (x, y), (w, h), angle = cv2.minAreaRect(contour)
            if min(w, h) < _LEAST_CELL_PX or max(w, h) > _MOST_CELL_SHARE * max(image.shape[:2]):
                continue
            if min(w, h) < _SQUARE * max(w, h) or cv2.contourArea(contour) < _FILLED * w * h:
                continue
            found.append((x, y, float(np.sqrt(w * h)), angle % 90))
    cells = np.array(found).reshape(-1, 4)
    keep: list[int] = []
    for i in np.argsort(-cells[:, 2]):  # the same cell is found at several levels
        if all(np.hypot(*(cells[i, :2] - cells[k, :2])) > 0.5 * cells[k, 2] for k in keep):
            keep.append(int(i))
    cells = cells[keep]
    return cells[:, :2], cells[:, 2], cells[:, 3]


def _sizes(sides: NDArray[np.float64]) -> list[float]:
    """Sides that many cells share, the most frequent first."""
    left = np.sort(sides)
    sizes: list[float] = []
    while len(left) >= _LEAST_CELLS and len(sizes) < 4:
        counts = np.array([(np.abs(np.log(left / s)) < _SAME_SIZE).sum() for s in left])
        best = float(np.median(left[counts == counts.max()]))
        sizes.append(best)
        left = left[np.abs(np.log(left / best)) >= _SAME_SIZE]
    return sizes


def _lattice(centers: Points, angles: NDArray[np.float64], side: float) -> Lattice | None:
    if len(centers) < _LEAST_CELLS:
        return None
    turn = np.angle(np.exp(4j * np.deg2rad(angles)).sum()) / 4
    c, s = np.cos(turn), np.sin(turn)
    upright = centers @ np.array([[c, -s], [s, c]])
    steps = (upright[:, None, :] - upright[None, :, :]).reshape(-1, 2)
    pitch = [_pitch(steps, axis, side) for axis in (0, 1)]
    if pitch[0] is None or pitch[1] is None or not 0.8 < pitch[0] / pitch[1] < 1.25:
        return None
    index, kept = _walk(upright, np.array([pitch[0], pitch[1]]))
    if len(kept) < _LEAST_CELLS:
        return None
    index -= index.min(axis=0)
    return Lattice(index, centers[kept])


def _pitch(steps: NDArray[np.float64], axis: int, side: float) -> float | None:
    """Distance of neighbors along `axis`."""
    along, across = np.abs(steps[:, axis]), np.abs(steps[:, 1 - axis])
    near = along[(across < 0.3 * side) & (along > 0.8 * side) & (along < 2.4 * side)]
    if len(near) < 6:
        return None
    counts = np.array([(np.abs(near - v) < 0.08 * v).sum() for v in near])
    best = near[counts.argmax()]
    return float(np.median(near[np.abs(near - best) < 0.08 * best]))


def _walk(points: Points, pitch: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of the points that are reached from neighbor to neighbor, and which points these are."""
    reach = np.array(
        [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1), (2, 0), (-2, 0), (0, 2), (0, -2)]
    )
    best: dict[int, tuple[int, int]] = {}
    seen: set[int] = set()
    for start in range(len(points)):
        if start in seen:
            continue
        places = {start: (0, 0)}
        ahead = [start]
        while ahead:
            at = ahead.pop(0)
            for step in reach:
                miss = np.abs(points - points[at] - step * pitch) / pitch
                k = int(miss.max(axis=1).argmin())
                if miss[k].max() < _OFF_GRID and k not in places:
                    places[k] = (places[at][0] + int(step[0]), places[at][1] + int(step[1]))
                    ahead.append(k)
        seen |= set(places)
        if len(places) > len(best):
            best = places
    kept = np.array(sorted(best))
    return np.array([best[int(k)] for k in kept]), kept
