"""A registered page against its reference, in gray levels at 50 dpi, where the reference is even: what damage inside a page is
looked for in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.features.page_maps import PageMaps
from qc.geometry import Affine, Box

RIM_MM = 1.0
"""Beside a cut the paper lies in shadow."""
EVEN_LEVELS = 12
"""Most that the reference may change over 1.5 mm: print that lies 0.15 mm off then changes two levels."""
NEAR = np.ones((3, 3), np.uint8)
NEUTRAL = 0.02
"""Light by which the channels of the reference may differ in a tile that counts as black and white."""
TONES = 32
FEW_PX = 50

FAR_MM = 1000.0

Map = NDArray[Any]
Place = tuple[Box, float, float]
"""Box in page-frame mm, largest extent in mm, area in mm2."""


@dataclass(frozen=True)
class PaperTone:
    """How a page differs from its reference.

    Attributes
    ----------
    copy : ndarray, shape (h, w, 3), float32
        Linear RGB as scanned.
    level, ordered : ndarray, shape (h, w), float32
        Gray levels of 255 of the copy and of the reference (255 = bare paper), coded by a square root, which near paper is as
        steep as sRGB within a tenth.
    change : ndarray, shape (h, w), float32
        Levels of the copy above those that the reference's tone gives on this page.
    inside, even : ndarray, shape (h, w), uint8
        1 on the sheet, away from its rim; and of that, where the reference is even: there `change` means something.
    sheet : ndarray, shape (h, w), uint8
        1 on the sheet up to a millimeter from the cuts that were found.
    colored : ndarray, shape (rows, cols), float32
        1 for tiles of the page that the reference prints in color.
    to_mm : Affine
        Pixels -> page-frame mm.
    per_mm : float
        Pixels a millimeter.
    """

    copy: NDArray[np.float32]
    level: Map
    ordered: Map
    change: Map
    inside: NDArray[np.uint8]
    even: NDArray[np.uint8]
    sheet: NDArray[np.uint8]
    colored: Map
    to_mm: Affine
    per_mm: float


def paper_tone(maps: PageMaps, sheet_mm: Box) -> PaperTone:
    """Hold a page against its reference.

    Parameters
    ----------
    maps : PageMaps
    sheet_mm : tuple of float
        Left, top, right, bottom of the sheet in page-frame mm, as far as known.
    """
    left, top, right, bottom = sheet_mm
    corners = maps.to_map([[left + RIM_MM, top + RIM_MM], [right - RIM_MM, bottom - RIM_MM]])
    (x0, y0), (x1, y1) = np.clip(np.rint(corners), 0, maps.light.shape[::-1]).astype(int)
    level, ordered = (255 * cv2.sqrt(np.maximum(v, 0)) for v in (maps.light, maps.reference))
    steps = cv2.dilate(ordered, NEAR) - cv2.erode(ordered, NEAR)
    inside = np.zeros(level.shape, np.uint8)
    inside[y0:y1, x0:x1] = maps.inside[y0:y1, x0:x1]
    sheet = _sheet(maps, (x0, y0, x1, y1), sheet_mm)
    even = inside * (steps < EVEN_LEVELS)
    change = level - _usual(level, ordered, even)
    mean = maps.tiles["mean"]
    colored = (mean.max(axis=2) - mean.min(axis=2) > NEUTRAL).astype(np.float32)
    per_mm = float(np.mean(maps.to_map.scale))
    return PaperTone(maps.copy, level, ordered, change, inside, even, sheet, colored, maps.to_map.inverse(), per_mm)


def _sheet(maps: PageMaps, box: tuple[int, ...], sheet_mm: Box) -> NDArray[np.uint8]:
    """1 within a box of pixels, and along cuts that were not found within the inside of the maps."""
    sheet = np.zeros(maps.light.shape, np.uint8)
    rows, columns = (np.flatnonzero(maps.inside.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return sheet
    known = [abs(v) < FAR_MM for v in sheet_mm]
    within = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    x0, y0, x1, y1 = (b if k else w for k, b, w in zip(known, box, within, strict=True))
    sheet[y0:y1, x0:x1] = 1
    return sheet


def _usual(level: Map, ordered: Map, even: Map) -> Map:
    """The mean level of the copy where the reference has each tone."""
    some = np.flatnonzero(even)[::3]
    tone = (ordered.ravel()[some] * (TONES / 256)).astype(np.intp)
    count = np.bincount(tone, minlength=TONES)
    known = np.flatnonzero(count >= FEW_PX)
    if not len(known):
        return level
    tones, levels = (np.bincount(tone, v.ravel()[some], TONES)[known] / count[known] for v in (ordered, level))
    table = np.interp(np.arange(256), tones, levels).astype(np.float32)
    return np.asarray(table[np.minimum(ordered, 255).astype(np.uint8)])


def placed(there: Map, x: int, y: int, paper: PaperTone, shrunk_by: int = 1) -> Place:
    """Where the pixels of a mask lie whose first pixel is (x, y) of the page's, shrunk by a factor."""
    rows, columns = np.nonzero(there)
    points = np.column_stack([columns + x, rows + y]).astype(np.float32)
    per_mm = paper.per_mm / shrunk_by
    _, sides, _ = cv2.minAreaRect(points)
    corners = np.array([points.min(axis=0) - 0.5, points.max(axis=0) + 0.5]) + 0.5
    (x0, y0), (x1, y1) = paper.to_mm(corners * shrunk_by - 0.5).tolist()
    return (x0, y0, x1, y1), (max(sides) + 1) / per_mm, len(points) / per_mm**2
