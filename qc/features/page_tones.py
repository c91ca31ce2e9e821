"""The tones of a registered page beside those of its reference: light as a share of the paper's, the lamp taken out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import PRINTED
from qc.features.page_maps import PageMaps
from qc.geometry import Box
from qc.resample import shrunk
from qc.stats import median

EVEN = 0.06
"""Largest difference of the reference's light over 1.5 mm that still is even."""
TONES = 16
FEW_PX = 200
MEDIAN_PX, LAMP_PX = 10000, 5000
"""Pixels from which a median, or a surface of six terms, gains nothing by more."""
BRIGHT = 0.75
"""The brightest even tone, on which shares of paper rest, is paper or not much darker."""
GROUND_MM = 10.0
PAPER_SHARE = 0.3
"""Share of the neighborhood that is bare paper where letters or lines stand, and not a picture."""
AROUND_PX = 15
NEAR = np.ones((3, 3), np.uint8)
MOST_LAMP = 0.45
"""Log light by which bare paper may differ over a page; more is dirt or a shadow."""
LAMP_DAMPING = 1e-3

FEW_VALUES, STEPS, MOST_LIGHT = 64, 16384, 2
"""Values for which L* is worth no table; of the table, steps to white, and the light, in that of white, at which it ends."""

Map = NDArray[Any]
Mask = NDArray[np.bool_]


def _lightness(light: Map) -> Map:
    return np.where(light > (6 / 29) ** 3, 116 * np.cbrt(light) - 16, light * np.float32((29 / 3) ** 3))


_LIGHTNESS = _lightness((np.arange(MOST_LIGHT * STEPS + 1, dtype=np.float32) + np.float32(0.5)) / np.float32(STEPS))


@dataclass(frozen=True)
class Tones:
    """Light as a share of paper's: `copy`, what the reference gives on it (`ordered`), and `change`, the difference less that
    of the neighborhood, where the reference is `even`; `sheet` is where the page shows, `flat` where the reference is even there
    or not, and `paper` the light of bare paper."""

    copy: Map
    ordered: Map
    change: Map
    flat: Mask
    even: Mask
    sheet: Mask
    paper: float

    def ground(self, box: tuple[int, int, int, int]) -> str:
        """What most of a box of pixels (left, top, right, bottom) was ordered to be: paper, text, solid or picture."""
        x0, y0, x1, y1 = box
        here = np.s_[max(y0, 0) : y1, max(x0, 0) : x1]
        if 2 * np.count_nonzero(self.flat[here]) >= self.flat[here].size:
            return "paper" if np.median(self.ordered[here]) > PRINTED else "solid"
        rim = AROUND_PX // 2
        around = self.ordered[max(y0 - rim, 0) : y1 + rim, max(x0 - rim, 0) : x1 + rim]
        return "text" if (around > 1 - EVEN).mean() > PAPER_SHARE else "picture"


def lightness(light: Map) -> Map:
    """CIE L* of a share of white's light, any shape; by a table, to 0.1 L*, where there are many."""
    if light.size <= FEW_VALUES:
        return _lightness(light)
    return np.asarray(_LIGHTNESS[np.clip(light * STEPS, 0, MOST_LIGHT * STEPS).astype(np.uint16)])


def contrast(light: float, other: float) -> float:
    """Difference in L* of two shares of paper's light, 0 or more."""
    first, second = lightness(np.clip([light, other], 0.0, None))
    return float(abs(first - second))


def shorter_axis(area: float, columns: NDArray[np.intp], rows: NDArray[np.intp], weights: Map) -> float:
    """Shorter axis of the ellipse of this area that lies as the weighted pixels do."""
    spread = np.cov(np.array([columns, rows], float), ddof=0, aweights=weights) + np.eye(2) / 12
    short, long = np.linalg.eigvalsh(spread)
    return float(np.sqrt(4 / np.pi * area * np.sqrt(short / long)))


def page_tones(maps: PageMaps, sheet_mm: Box) -> Tones | None:
    """The tones of a page within `sheet_mm`; None where it shows too little that is even and bright."""
    reference, light = maps.reference, maps.light / _lamp(maps)
    sheet = maps.inside & on_sheet(maps, sheet_mm)
    flat = cv2.dilate(reference, NEAR) - cv2.erode(reference, NEAR) < EVEN
    flat = cv2.erode(flat.astype(np.uint8), NEAR) > 0
    even = flat & sheet
    shares = _as_shares(reference, light, even)
    if shares is None:
        return None
    copy, ordered, paper = shares
    change = copy - ordered
    side = round(GROUND_MM * maps.to_map.scale[0])
    ground = mean_around(change, even, side)
    # Marks drag their neighborhood along: once more without them.
    unmarked = even & (np.abs(change - ground) < 0.1)
    if np.count_nonzero(unmarked) < np.count_nonzero(even):
        ground = mean_around(change, unmarked, side)
    return Tones(copy, ordered, change - ground, flat, even, sheet, paper)


def _lamp(maps: PageMaps) -> Map | np.float32:
    """How the light of the page's own bare paper changes over it: a quadratic surface, 1 in the mean."""
    bare = maps.tiles["bare"]
    if len(bare) < FEW_PX:
        return np.float32(1)
    bare = bare[:: 1 + len(bare) // LAMP_PX]
    rows, columns = maps.light.shape
    y, x = np.divmod(bare.astype(np.int64), columns)
    x, y = 2 * x / columns - 1.0, 2 * y / rows - 1.0
    at = np.column_stack([x, y, x * x - 1 / 3, y * y - 1 / 3, x * y])
    seen = np.log(np.maximum(maps.light.ravel()[bare], 0.02))
    kept = np.abs(seen - median(seen)) < MOST_LAMP
    # Where paper shows on a part of the page only, the surface must not run away on the rest.
    design, level = at[kept], median(seen[kept])
    damping = LAMP_DAMPING * len(design) * np.eye(design.shape[1])
    cx, cy, cxx, cyy, cxy = np.linalg.solve(design.T @ design + damping, design.T @ (seen[kept] - level))
    x, y = np.linspace(-1, 1, columns), np.linspace(-1, 1, rows)[:, None]
    across, down, product = cx * x + cxx * (x * x - 1 / 3), cy * y + cyy * (y * y - 1 / 3), cxy * y
    field = product.astype(np.float32) * x.astype(np.float32)
    field += across.astype(np.float32)
    field += down.astype(np.float32)
    return np.asarray(np.exp(field))


def _as_shares(reference: Map, light: Map, even: Mask) -> tuple[Map, Map, float] | None:
    """Light of the copy, and what the reference's tone gives on it, both as a share of paper's, which comes last."""
    ordered, shown = reference[even], light[even]
    bins = np.minimum((ordered * TONES).astype(np.uint8), TONES)
    known = np.flatnonzero(np.bincount(bins, minlength=1) >= FEW_PX)
    if not len(known) or known[-1] < BRIGHT * TONES:
        return None
    those = [_some(np.flatnonzero(bins == k)) for k in known]
    tones, lights = ([median(v[k]) for k in those] for v in (ordered, shown))
    if tones[0] > 0.2:
        # No solid: black is taken for black.
        tones, lights = [0.0, *tones], [0.0, *lights]
    table = np.interp(np.linspace(0, 1, 257), tones, lights) / lights[-1]
    meant = table.astype(np.float32)[np.clip(reference * 256, 0, 256).astype(np.uint16)]
    return light / np.float32(lights[-1]), meant, lights[-1]


def _some(pixels: NDArray[np.intp]) -> NDArray[np.intp]:
    """So many of them that a median of more would be no better."""
    return pixels[:: 1 + len(pixels) // MEDIAN_PX]


def on_sheet(maps: PageMaps, sheet_mm: Box) -> Mask:
    """The pixels of the maps that lie within the sheet by a millimeter or more."""
    left, top, right, bottom = sheet_mm
    (x0, y0), (x1, y1) = maps.to_map([[left + 1, top + 1], [right - 1, bottom - 1]])
    rows, columns = np.arange(maps.inside.shape[0])[:, None], np.arange(maps.inside.shape[1])[None, :]
    return np.asarray((columns >= x0) & (columns <= x1) & (rows >= y0) & (rows <= y1))


def mean_around(values: Map, mask: Mask, side_px: int) -> Map:
    """Mean of what is masked about each pixel, over twice `side_px`; at a quarter of the size, which so wide a mean bears."""
    side = (max(round(side_px / 4), 1),) * 2
    weight = mask.astype(np.float32)
    total, share = (cv2.blur(cv2.blur(shrunk(v, 4), side), side) for v in (values * weight, weight))
    return cv2.resize(total / np.maximum(share, 1e-3), values.shape[::-1], interpolation=cv2.INTER_LINEAR)
