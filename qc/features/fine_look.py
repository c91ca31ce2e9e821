"""A finer look, at 150 dpi, at a few places of a registered page that a coarse look singled out.

Around such a place, reference and scan are blurred alike, which takes the screen of the print out of the scan, and the scan is
told from the reference by a least-squares fit: its tone, a shift, a further blur and the lamp. What the fit leaves is a mark where
it stands out of all else that is left nearby.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.page_tones import contrast, lightness, shorter_axis
from qc.geometry import Affine, Box
from qc.normalize.page_image import PageImage
from qc.reference.base import ReferencePage
from qc.resample import warped
from qc.stats import huber_weights, mad

AROUND_MM = 5.0
BLUR_MM = 0.17
"""Blur of both sides: a screen of 85 lines an inch keeps a seventh of its contrast, a disc of half a millimeter half of it."""
NEAR_MM = 0.8
"""A mark begins within so much of where it was suspected; that far round it nothing counts for the fit."""
FAR_MM = 0.5
JITTER_PX = 0.15
"""Shift between print and reference that the fit leaves, rms; 1 px is 0.17 mm."""
LEAST_SPREAD = 0.7
"""Of L*: grain of the paper and of the scan."""
SIGMAS = 6.0
STANDS_OUT, STRONGEST = 1.6, 0.995
"""How many times as strong it is as the strongest half percent of all else nearby."""
CONTRAST = 16.0
"""Least difference in L*; marks of 20 measure down to this where halftone takes from them."""
OWN_DETAIL = 0.5
"""Least difference, as a share of the range of the reference's L* there."""
LONGEST_MM = 12.0
LEAST_LIGHT = 0.03
FIT_PX = 1500
"""Pixels from which the fit gains nothing by more."""
WHOLE = np.ones((5, 5), np.uint8)
ROUNDS = 3
RIDGE = 1e-4

Map = NDArray[Any]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Blob:
    """A mark as the finer look has it: its box in page-frame mm, the diameter of the black disc that takes as much light, the most
    light it takes (a share of paper's; > 0: darker), area, width and difference in L* as `PrintMark` has them."""

    box_mm: Box
    size_mm: float
    depth: float
    area_mm2: float
    width_mm: float
    contrast: float


@dataclass(frozen=True)
class FineLook:
    """A registered scan and its reference at working resolution; `to_px` leads from page-frame mm to pixels of the image, and
    `to_cut` says whether the page goes as far as the edges that were measured."""

    image: PageImage
    page: ReferencePage
    to_px: Affine
    to_cut: bool

    @cached_property
    def _chroma(self) -> list[Map]:
        """Two planes of the reference's hue at 50 dpi; none of a gray page."""
        light = np.sqrt(self.page.light)
        planes = [light[..., 0] - light[..., 1], light[..., 2] - light[..., 1]]
        return planes if max(float(np.abs(p).max()) for p in planes) > 0.02 else []

    def at(self, middle_mm: tuple[float, float], extent_mm: float, sheet_mm: Box, paper: float) -> Blob | None:
        """The mark at a place, if there is one.

        Parameters
        ----------
        middle_mm : tuple of float
            Page-frame mm.
        extent_mm : float
            Of what was suspected there.
        sheet_mm : tuple of float
            What of the page counts: left, top, right, bottom.
        paper : float
            Light of bare paper in the scan, of which a depth is a share.
        """
        window = self._window(middle_mm, AROUND_MM + extent_mm, sheet_mm)
        if window is None:
            return None
        to_raster, (width, height) = window
        per_mm = float(np.mean(to_raster.scale))
        scan = warped(self.image.luminance, self.to_px.after(to_raster.inverse()), (width, height))
        x0, y0 = (round(v) for v in self.page.to_px(to_raster.inverse()((0.0, 0.0))))
        ordered = self.page.luminance[y0 : y0 + height, x0 : x0 + width]
        chroma = [warped(p, self.page.to_light.after(to_raster.inverse()), (width, height)) for p in self._chroma]
        seen, meant = (cv2.GaussianBlur(lightness(v), (0, 0), BLUR_MM * per_mm) for v in (scan, ordered))
        x, y = to_raster(middle_mm)
        away = np.hypot(np.arange(width) - x, np.arange(height)[:, None] - y) / per_mm
        elsewhere = away > NEAR_MM + extent_mm / 2
        fit, slope = _fitted(seen, meant, chroma, elsewhere)
        left = (fit - seen) / np.sqrt(LEAST_SPREAD**2 + (JITTER_PX * slope) ** 2)
        near = np.where(away <= FAR_MM + extent_mm / 2, np.abs(left), 0)
        peak = divmod(int(near.argmax()), width)
        usual = np.abs(left[elsewhere])
        places = [int(share * len(usual)) for share in (0.5, STRONGEST)]
        middle, strongest = np.partition(usual, places)[places].tolist()
        least = max(SIGMAS * max(1.48 * middle, 1.0), STANDS_OUT * strongest)
        if near[peak] < least:
            return None
        off = np.sign(left[peak]) * (fit - seen)
        _, labels = cv2.connectedComponents((off > off[peak] / 2).astype(np.uint8), connectivity=4)
        mark = labels == labels[peak]
        whole = cv2.dilate(mark.astype(np.uint8), WHOLE) > 0
        # Where the reference itself has an edge or a figure, its tone or its place may be what differs.
        if off[peak] < OWN_DETAIL * max(float(np.ptp(p[whole])) for p in (meant, *(100 * c for c in chroma))):
            return None
        return _blob(mark, whole, scan / paper, _light(fit) / paper, to_raster)

    def _window(
        self, middle_mm: tuple[float, float], around_mm: float, sheet_mm: Box
    ) -> tuple[Affine, tuple[int, int]] | None:
        """Page-frame mm -> pixels of a part of the reference's raster, and the size of that part."""
        (x, y), (left, top, right, bottom) = middle_mm, sheet_mm
        box = [
            [max(x - around_mm, left), max(y - around_mm, top)],
            [min(x + around_mm, right), min(y + around_mm, bottom)],
        ]
        rows, columns = self.page.luminance.shape
        (x0, y0), (x1, y1) = self.page.to_px(box)
        x0, y0, x1, y1 = max(int(x0) + 1, 0), max(int(y0) + 1, 0), min(int(x1), columns), min(int(y1), rows)
        if min(x1 - x0, y1 - y0) < 8:
            return None
        return Affine.shift(-x0, -y0).after(self.page.to_px), (x1 - x0, y1 - y0)


def _fitted(seen: Map, meant: Map, chroma: list[Map], use: Mask) -> tuple[Map, Map]:
    """What the reference gives in this scan (L*), by what is to be used, and how steep it is there a pixel."""
    height, width = meant.shape
    across, down = (cv2.Sobel(meant, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    x: Map = np.broadcast_to(np.linspace(-1, 1, width, dtype=np.float32), meant.shape)
    y: Map = np.broadcast_to(np.linspace(-1, 1, height, dtype=np.float32)[:, None], meant.shape)
    tone = meant / 100
    planes = [
        np.ones_like(tone),
        tone,
        tone * tone,
        across / 10,
        down / 10,
        cv2.blur(tone, (3, 3)) - tone,
        x,
        y,
        *chroma,
    ]
    at = np.flatnonzero(use)
    at = at[:: 1 + len(at) // FIT_PX]
    design = np.stack([p.ravel()[at] for p in planes], axis=1).astype(float)
    values = seen.ravel()[at].astype(float)
    weights = np.ones(len(values))
    solved = np.zeros(len(planes))
    for _ in range(ROUNDS):
        weighted = design * weights[:, None]
        normal = weighted.T @ design + RIDGE * len(values) * np.eye(len(planes))
        normal[0, 0] -= RIDGE * len(values)
        solved = np.linalg.solve(normal, weighted.T @ values)
        off = values - design @ solved
        weights = huber_weights(off, max(1.5 * mad(off), LEAST_SPREAD))
    fit = np.tensordot(solved, np.stack(planes), axes=1).astype(np.float32)
    return fit, np.hypot(across, down)


def _blob(mark: Mask, whole: Mask, scan: Map, meant: Map, to_raster: Affine) -> Blob | None:
    """What is marked, by the light there and that which should be there (shares of paper's)."""
    rows, columns = np.nonzero(mark)
    height, width = mark.shape
    per_mm = float(np.mean(to_raster.scale))
    x0, y0, x1, y1 = int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
    # What goes on beyond what is looked at is an edge or a line, and no spot.
    if min(x0, y0) < 1 or x1 >= width or y1 >= height or max(x1 - x0, y1 - y0) > LONGEST_MM * per_mm:
        return None
    taken = meant - scan
    sign = 1.0 if taken[mark].sum() > 0 else -1.0
    # Over an uneven picture ink takes a share of the light, and a lack of ink adds a share of what paper has more.
    share = sign * taken / np.maximum(meant if sign > 0 else 1 - meant, LEAST_LIGHT)
    strongest = float(np.sort(share[mark])[-max(len(rows) // 4, 1) :].mean())
    ground = float(np.median(meant[mark]))
    depth = strongest * max(ground if sign > 0 else 1 - ground, LEAST_LIGHT)
    off = contrast(ground, ground - sign * depth)
    if depth <= 0 or off < CONTRAST:
        return None
    total, area = (float(np.clip(v[whole], 0, None).sum() / per_mm**2) for v in (sign * taken, share / strongest))
    (left, top), (right, bottom) = to_raster.inverse()([[x0 - 0.5, y0 - 0.5], [x1 - 0.5, y1 - 0.5]]).tolist()
    across = shorter_axis(area, columns, rows, np.clip(share[rows, columns], 1e-3, None))
    return Blob((left, top, right, bottom), math.sqrt(4 / math.pi * total), sign * depth, area, across, off)


def _light(values: Map) -> Map:
    """Light of L*, as a share of white's."""
    return np.where(values > 8, ((values + 16) / 116) ** 3, values / 903.3)
