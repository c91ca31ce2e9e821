"""A sheet between its cuts: how far inside each place lies, and up to which light it is backing and no print."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Backing
from qc.edges.page_stack import Expected
from qc.geometry import Affine, Points, meet
from qc.units import px_per_mm

AS_BACKING, HALF = 0.3, 0.5
"""Of the contrast of paper to backing, up to which a pixel is surely backing, and up to which it is measured as such: fingers and
shadows lie between."""
UNSEEN_MM = 8.0
"""Kept off a side that was not measured."""
BESIDE_MM = 0.5
"""So near to dark print a place may be print, too."""
TONES, LOW, FEW = 16, 0.15, 40
"""Classes of what was ordered, the share of the page that is darker in each, and how many samples tell."""
PRINTS = 0.5
"""Of what was ordered: no press prints darker, whatever else lies where that was ordered."""
BELOW, APART = 0.5, 0.2
"""Of the way from the backing to that light: what is darker is no print. Where print comes nearer to the backing than the second
(of the contrast of paper), nothing is told. 0.6 and a fixed light gave two "notches" on 590 drawn sound pages with pictures."""
STEP_PX = 3

Map = NDArray[np.float32]


@dataclass(frozen=True)
class RimSheet:
    """A sheet whose outline is looked at; lines of all four sides in working pixels, `seen` those that were measured."""

    luminance: Map
    lines: tuple[Points, ...]
    seen: tuple[int, ...]
    backing: Backing
    dpi: tuple[float, float]
    to_px: Affine
    expected: Expected | None

    @property
    def contrast(self) -> float:
        return self.backing.paper - self.backing.level

    @property
    def scale(self) -> float:
        """Pixels a millimeter along x."""
        return px_per_mm(self.dpi[0])

    def inside(self, inset_mm: float, unseen_mm: float = UNSEEN_MM) -> Points:
        """Corners of the sheet without a rim; wider where a side was not measured."""
        moved = []
        for side, line in enumerate(self.lines):
            mm = inset_mm if side in self.seen else unseen_mm
            along = line[1] - line[0]
            moved.append(line + np.array([-along[1], along[0]]) / np.hypot(*along) * mm * px_per_mm(self.dpi[side % 2]))
        return np.array([meet(moved[k - 1], moved[k]) for k in (1, 2, 3, 0)])

    def depth_mm(self, side: int, window: tuple[slice, slice]) -> Map:
        """How far inside the line of a side each pixel of a window lies."""
        a, b = self.lines[side]
        normal = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a)) / px_per_mm(self.dpi[side % 2])
        y, x = (np.arange(s.start, s.stop, dtype=np.float32) for s in window)
        return np.asarray((x[None] - a[0]) * normal[0] + (y[:, None] - a[1]) * normal[1], np.float32)

    def limits(self, to_image: Affine, shape: tuple[int, int]) -> tuple[Map, Map]:
        """Light up to which a place is surely backing, 0 where print may be as dark, and half way to the page's own light.

        Parameters
        ----------
        to_image : Affine
            Pixels of the wanted picture -> working pixels.
        shape : tuple of int
        """
        level, contrast = self.backing.level, self.contrast
        if self.expected is None:
            same = [np.full(shape, level + share * contrast, np.float32) for share in (AS_BACKING, HALF)]
            return same[0], same[1]
        beside = round(BESIDE_MM * self.scale / to_image.scale[0])
        ordered = _classes(self.expected.strip(to_image, shape))
        surely, half = (np.asarray(curve, np.float32) for curve in self._curves)
        around = np.ones((2 * beside + 1,) * 2, np.uint8)
        return surely[cv2.erode(ordered, around)], half[ordered]

    @cached_property
    def _curves(self) -> tuple[list[float], list[float]]:
        """Both limits for each class of what was ordered, from what the page shows where that was ordered."""
        assert self.expected is not None
        level, contrast = self.backing.level, self.contrast
        corners = self.inside(2.0)
        (x0, y0), (x1, y1) = corners.min(axis=0), corners.max(axis=0)
        to_image = Affine(np.array([[STEP_PX, 0, x0], [0, STEP_PX, y0]], float))
        h, w = max(int((y1 - y0) / STEP_PX), 1), max(int((x1 - x0) / STEP_PX), 1)
        size = (w, h)
        light: NDArray[Any] = cv2.warpAffine(
            self.luminance,
            np.asarray(to_image.matrix),
            size,
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderValue=np.nan,
        )
        ordered = _classes(self.expected.strip(to_image, (h, w)))
        surely, half = [], []
        lowest = usual = self.backing.paper
        for tone in range(TONES, -1, -1):
            own = light[(ordered == tone) & np.isfinite(light)]
            if own.size >= FEW:
                low, usual = (float(v) for v in np.quantile(own, [LOW, 0.5]))
                lowest = min(lowest, low)
            above = (max(lowest, PRINTS * tone / TONES * self.backing.paper) - level) / max(contrast, 1e-6)
            surely.append(level + min(BELOW * above, AS_BACKING) * contrast if above > APART else 0.0)
            half.append(level + HALF * max(usual - level, 0.0))
        return surely[::-1], half[::-1]


def _classes(ordered: Map) -> NDArray[np.uint8]:
    return np.asarray(np.clip(ordered * TONES + 0.5, 0, TONES), np.uint8)
