"""A book scanned without taking it apart: the leaf bends into the gutter, and the rest of the book shows around it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.synthetic.scene import edge_distance

Light = NDArray[np.float32]

_ENDS = {"left": [0, 3], "top": [0, 1], "right": [1, 2], "bottom": [3, 2]}
_CORNER_MM = 0.4
_GAP_MM = 0.08


@dataclass(frozen=True)
class Binding:
    """What is seen of the book around one of its leaves, and how the leaf leaves the glass.

    Parameters
    ----------
    bend_mm : float
        Width of paper, from the spine, that does not lie flat.
    slope : float
        Sine of the angle at which the paper enters the gutter; it grows evenly over the bend. 0.4 hides 0.7 mm of 25.
    lens_mm : float
        Distance of the lens: what is lifted looks smaller along the spine. Infinite for a contact sensor.
    dark_mm : float
        Height above the glass at which a quarter of the light is left.
    stack_mm : (float, float, float)
        How far the pages below reach beyond the leaf at head, tail and fore-edge.
    page_mm : float
        Mean width of a page below that is left uncovered by the next.
    wander_mm : float
        Deviation (1 sigma) of each page edge below from its line, over centimeters.
    shade : (float, float)
        Range of the light that pages below send, relative to paper.
    gap : float
        Deepest shadow that a page throws on the next; it fades over 0.08 mm.
    board_mm : float
        How far the cover reaches beyond the pages; 0 shows none.
    board : (float, float, float)
        Reflectance of the cover in linear R, G, B.
    """

    bend_mm: float = 22.0
    slope: float = 0.4
    lens_mm: float = float("inf")
    dark_mm: float = 12.0
    stack_mm: tuple[float, float, float] = (0.5, 0.5, 3.0)
    page_mm: float = 0.12
    wander_mm: float = 0.02
    shade: tuple[float, float] = (0.5, 0.92)
    gap: float = 0.5
    board_mm: float = 0.0
    board: tuple[float, float, float] = (0.08, 0.05, 0.03)

    def _table(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Way along the paper from the spine, where it is seen, and its height; all mm."""
        way = np.linspace(0.0, self.bend_mm, 400)
        sine = self.slope * (1 - way / self.bend_mm)
        step = way[1] - way[0]
        hidden = np.cumsum((1 - np.sqrt(1 - sine**2))[::-1])[::-1] * step
        return way, way + hidden, np.cumsum(sine[::-1])[::-1] * step

    def bend(
        self, corners: NDArray[np.float64], spine: str, shape: tuple[int, int], per_mm: float
    ) -> tuple[Light, Light, Light, NDArray[np.bool_]]:
        """Displacement of the leaf and of the page facing it, and light left, at each pixel.

        Parameters
        ----------
        corners : ndarray, shape (4, 2), px
            Of the leaf as if it lay flat.
        spine : {"left", "right"}
        shape : (int, int)
            Rows and columns.
        per_mm : float
            Pixels in a millimeter.

        Returns
        -------
        leaf, facing : ndarray, shape (rows, columns, 2), float32, px
            What belongs at p is drawn at p + displacement.
        light : ndarray, shape (rows, columns), float32
            Share that is left where the paper is lifted.
        beyond : ndarray, shape (rows, columns), bool
            Beyond the gutter.
        """
        whole = (slice(0, shape[0]), slice(0, shape[1]))
        outward, _ = edge_distance(corners, spine, whole, None)
        seen = -outward.astype(np.float64) / per_mm
        way, at, height = self._table()
        gutter = at[0]
        beyond = seen < gutter
        mirrored = np.where(beyond, 2 * gutter - seen, seen)
        paper = np.interp(mirrored, at, way)
        paper = np.where(mirrored > self.bend_mm, mirrored, paper)
        lift = np.where(mirrored > self.bend_mm, 0.0, np.interp(mirrored, at, height))
        a, b = (corners[i] for i in ((3, 0) if spine == "left" else (1, 2)))
        along = (b - a) / np.hypot(*(b - a))
        inward = np.array([-along[1], along[0]])
        y, x = np.mgrid[0 : shape[0], 0 : shape[1]]
        middle = corners.mean(axis=0)
        from_middle = (x - middle[0]) * along[0] + (y - middle[1]) * along[1]
        shrink = -from_middle * lift / self.lens_mm
        leaf = np.where(beyond, gutter, seen - paper) * per_mm
        facing = np.where(beyond, seen + paper, 2 * gutter) * per_mm
        fields = [
            (across[:, :, None] * inward + shrink[:, :, None] * along).astype(np.float32) for across in (leaf, facing)
        ]
        light = (1 + lift / self.dark_mm) ** -2.0
        return fields[0], fields[1], light.astype(np.float32), beyond

    def draw_around(
        self,
        light: Light,
        corners: NDArray[np.float64],
        fore_edge: str,
        per_mm: float,
        paper: NDArray[np.float64],
        rng: np.random.Generator,
        shift_px: Light,
    ) -> None:
        """Cover and pages below, beside head, tail and fore-edge, in place."""
        edges = ("top", "bottom", fore_edge)
        if self.board_mm:
            cover = np.zeros(light.shape[:2], np.float32)
            for edge, width in zip(edges, self.stack_mm, strict=True):
                reach = (width + self.board_mm) * per_mm
                region, distance, past = _beside(light.shape[:2], corners, edge, reach, shift_px)
                board = np.clip(reach - distance + 0.5, 0, 1) * (past <= self.board_mm * per_mm)
                cover[region] = np.maximum(cover[region], board)
            _lay(light, cover, cover, np.array(self.board))
        for edge, width in zip(edges, self.stack_mm, strict=True):
            if width:
                mean = self.page_mm if edge == fore_edge else 2.5 * self.page_mm
                self._stack(light, corners, edge, width * per_mm, mean * per_mm, per_mm, paper, rng, shift_px)

    def _stack(
        self,
        light: Light,
        corners: NDArray[np.float64],
        edge: str,
        width_px: float,
        page_px: float,
        per_mm: float,
        paper: NDArray[np.float64],
        rng: np.random.Generator,
        shift_px: Light,
    ) -> None:
        """Pages below beside one edge, the lowest first."""
        pages = max(1, round(width_px / page_px))
        reach = np.cumsum([0.0, *(width_px / pages * rng.gamma(3.0, 1 / 3.0, pages))])
        region, distance, past = _beside(
            light.shape[:2], corners, edge, reach[-1] + 8 * per_mm * self.wander_mm, shift_px
        )
        axis = 0 if edge in ("left", "right") else 1
        nearest, farthest = distance.min(axis=axis), distance.max(axis=axis)
        near_corner = past <= _CORNER_MM * per_mm
        tone, cover = np.zeros_like(distance), np.zeros_like(distance)
        slack = 6 * self.wander_mm * per_mm + 3
        for upper, lower in reversed(list(pairwise(reach))):
            at = np.flatnonzero((farthest > upper - slack) & (nearest < lower + slack))
            if not at.size:
                continue
            band = slice(int(at[0]), int(at[-1]) + 1)
            part = (slice(None), band) if axis == 0 else (band, slice(None))
            line = self._wander(distance.shape[axis], per_mm, rng)
            inside = lower + (line[:, None] if axis == 0 else line[None, :]) - distance[part]
            here = np.clip(inside + 0.5, 0, 1) * near_corner[part]
            gap = self.gap * rng.random() * np.exp(-np.maximum(distance[part] - upper, 0) / (_GAP_MM * per_mm))
            shade = rng.uniform(*self.shade) * (1 - gap)
            tone[part] += here * (shade - tone[part])
            cover[part] += here * (1 - cover[part])
        whole = np.zeros(light.shape[:2], np.float32)
        toned = np.zeros(light.shape[:2], np.float32)
        whole[region], toned[region] = cover, tone
        _lay(light, whole, toned, paper)

    def _wander(self, length: int, per_mm: float, rng: np.random.Generator) -> NDArray[np.float32]:
        """Deviation of one page edge from its line, px: waves centimeters long, and a slight turn."""
        line = cv2.GaussianBlur(rng.standard_normal((length // 8 + 3, 1)), (0, 0), sigmaX=1e-3, sigmaY=1.5 * per_mm)
        waves = cv2.resize(line, (1, length), interpolation=cv2.INTER_CUBIC)[:, 0]
        turn = rng.normal() * np.linspace(-1.7, 1.7, length)
        return np.asarray(self.wander_mm * per_mm * (waves / max(float(waves.std()), 1e-9) + turn), np.float32)


def _beside(
    shape: tuple[int, ...], corners: NDArray[np.float64], edge: str, reach_px: float, shift_px: Light
) -> tuple[tuple[slice, slice], Light, Light]:
    """Rows and columns around an edge out to `reach_px`, the distance from it there, and how far beyond its ends."""
    across = 1 if edge in ("left", "right") else 0
    ends = corners[_ENDS[edge]][:, 1 - across]
    moved = float(np.abs(shift_px[:, :, 1 - across]).max())
    low = int(np.clip(ends.min() - reach_px - moved - 5, 0, shape[across]))
    high = int(np.clip(ends.max() + reach_px + moved + 5, low, shape[across]))
    band, whole = slice(low, high), slice(0, shape[1 - across])
    region = (whole, band) if across else (band, whole)
    return (region, *edge_distance(corners, edge, region, shift_px))


def _lay(light: Light, cover: Light, tone: Light, color: NDArray[np.float64]) -> None:
    """Lay something of one color over the picture, in place; `tone` is its light times its share of each pixel."""
    if light.ndim == 3:
        light *= (1 - cover)[:, :, None]
        light += tone[:, :, None] * color.astype(np.float32)
    else:
        light *= 1 - cover
        light += tone * np.float32(color.mean())
