"""A book scanned without taking it apart: the leaf bends into the gutter, and the rest of the book shows around it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.synthetic.scene import edge_distance

Light = NDArray[np.float32]


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
        color = np.array(self.board if light.ndim == 3 else (float(np.mean(self.board)),), np.float32)
        if self.board_mm:
            for edge, width in zip(edges, self.stack_mm, strict=True):
                reach_px = (width + self.board_mm) * per_mm
                self._paint(light, corners, edge, reach_px, color, per_mm, rng, shift_px, corner_px=reach_px)
        for edge, width in zip(edges, self.stack_mm, strict=True):
            mean = self.page_mm if edge == fore_edge else 2.5 * self.page_mm
            pages = max(1, round(width / mean)) if width else 0
            reach = np.cumsum([0.0, *(width / max(pages, 1) * rng.gamma(3.0, 1 / 3.0, pages) * per_mm)])
            for upper, lower in reversed(list(pairwise(reach))):
                shade = float(rng.uniform(*self.shade))
                gap = self.gap * float(rng.random())
                self._paint(light, corners, edge, lower, shade * paper, per_mm, rng, shift_px, (upper, gap))

    def _paint(
        self,
        light: Light,
        corners: NDArray[np.float64],
        edge: str,
        reach_px: float,
        color: NDArray[np.float64] | NDArray[np.float32],
        per_mm: float,
        rng: np.random.Generator,
        shift_px: Light,
        gap: tuple[float, float] = (0.0, 0.0),
        corner_px: float = 5.0,
    ) -> None:
        """Everything within `reach_px` of an edge in one color; `gap` is where a shadow begins, and its depth."""
        across = 1 if edge in ("left", "right") else 0
        ends = corners[{"left": [0, 3], "top": [0, 1], "right": [1, 2], "bottom": [3, 2]}[edge]][:, 1 - across]
        size = light.shape[across]
        low = int(np.clip(ends.min() - reach_px - 2 * per_mm, 0, size))
        high = int(np.clip(ends.max() + reach_px + 2 * per_mm, low, size))
        region = (
            (slice(0, light.shape[0]), slice(low, high)) if across else (slice(low, high), slice(0, light.shape[1]))
        )
        if low == high:
            return
        distance, past = edge_distance(corners, edge, region, shift_px)
        length = distance.shape[1 - across]
        line = rng.standard_normal(length // 8 + 3)
        line = cv2.GaussianBlur(line[:, None], (0, 0), 1.5 * per_mm)[:, 0]
        wander = cv2.resize(line[:, None], (1, length), interpolation=cv2.INTER_CUBIC)[:, 0]
        wander = wander / max(float(wander.std()), 1e-9) * self.wander_mm * per_mm
        wander = wander + rng.normal(0, self.wander_mm * per_mm) * np.linspace(-1.7, 1.7, length)
        wander = (wander[:, None] if across else wander[None, :]).astype(np.float32)
        cover = np.clip(reach_px + wander - distance + 0.5, 0, 1) * (past <= corner_px)
        shadow = 1 - gap[1] * np.exp(-np.maximum(distance - gap[0], 0) / (0.08 * per_mm))
        part = light[region]
        if light.ndim == 3:
            part += cover[:, :, None] * (shadow[:, :, None] * color.astype(np.float32) - part)
        else:
            part += cover * (shadow * np.float32(color[0]) - part)
