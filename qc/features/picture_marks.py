"""Places in pictures that differ from the reference, by a coarse look at 50 dpi.

The reference is brought into the copy's own tone: L* of the scan is fitted by a quadratic of the roots of the ordered R, G and B.
What the fit leaves is freed of what changes slowly (the lamp, inks) and, over each centimeter or so, of a shift and of a blur
between print and reference; then it is held against its spread, to which the slope of the reference adds.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from qc.features.page_tones import NEAR, Map, Mask, lightness, mean_around
from qc.resample import shrunk
from qc.stats import median

FEW_PX, FIT_PX = 1000, 4000
"""Pixels of pictures that are worth a look, 2.6 cm2, and from which a fit gains nothing by more."""
SIDE_PX, FLOW_PX = 12, 16
"""Sides of the squares whose means are what changes slowly, and over which a shift is one; applied twice."""
DAMPING, RIDGE = 0.5, 1e-6
MOST_PX = 1.5
LEAST_SPREAD, JITTER_PX = 0.5, 0.12
"""Spread of L* over 3 x 3 pixels where the reference is even, and the shift that is left where it is not."""
LARGEST = 2.0
"""A spread is counted from differences up to this, so that marks do not hide themselves."""
SUSPECT = 2.5
LEAST_OFF = 1.5


@dataclass(frozen=True)
class Suspect:
    """A place in pixels of the maps, its extent in pixels, and how many times its usual spread it is off."""

    x: float
    y: float
    extent: float
    strength: float


@dataclass(frozen=True)
class PictureRest:
    """What is left of pictures, all (h, w): L* of the copy less that which the reference gives it (`off`, 0 beside pictures), the
    latter (`meant`) and its slope a pixel, and the pictures."""

    off: Map
    meant: Map
    slope: Map
    pictures: Mask


def picture_rest(light: Map, ordered: Map, pictures: Mask) -> PictureRest | None:
    """What the reference in the copy's own tone leaves of the pictures of a page; None where there are next to none.

    Parameters
    ----------
    light : ndarray, shape (h, w)
        Of the scan, linear.
    ordered : ndarray, shape (h, w, 3)
        Linear RGB of the reference.
    pictures : ndarray, shape (h, w), bool
        Where pictures lie.
    """
    if np.count_nonzero(pictures) < FEW_PX:
        return None
    weight: Map = pictures.astype(np.float32)
    meant = _own_tone(lightness(light), ordered, pictures)
    off: Map = (lightness(light) - meant) * weight
    off = (off - mean_around(off, pictures, SIDE_PX)) * weight
    off, slope = _unshifted(off, meant, weight)
    off = (off - mean_around(off, pictures, SIDE_PX)) * weight
    return PictureRest(off, meant, slope, pictures)


def picture_suspects(rest: PictureRest) -> list[Suspect]:
    """Places to look at finely, the strongest first."""
    mean = cv2.blur(rest.off, (3, 3))
    usual = mean_around(np.minimum(mean * mean, LARGEST**2), rest.pictures, SIDE_PX)
    spread = np.sqrt(LEAST_SPREAD**2 + (JITTER_PX * cv2.blur(rest.slope, (3, 3))) ** 2 + np.maximum(usual, 0))
    strength = np.where(cv2.erode(rest.pictures.astype(np.uint8), NEAR) > 0, np.abs(mean) / spread, 0)
    return suspects((strength > SUSPECT) & (np.abs(mean) > LEAST_OFF), strength)


def suspects(marked: Mask, strength: Map) -> list[Suspect]:
    """The places where neighboring pixels are marked, the strongest first."""
    at = np.flatnonzero(marked)
    if not len(at):
        return []
    _, labels, stats, _ = cv2.connectedComponentsWithStats(marked.astype(np.uint8), connectivity=8)
    at = at[np.argsort(-strength.ravel()[at], kind="stable")]
    # Where each label comes first, its strength is greatest.
    first = np.sort(np.unique(labels.ravel()[at], return_index=True)[1])
    found = []
    for pixel in at[first].tolist():
        row, column = divmod(pixel, strength.shape[1])
        width, height = stats[labels[row, column], cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].tolist()
        found.append(Suspect(column, row, max(width, height), float(strength[row, column])))
    return found


def _smooth(values: Map) -> Map:
    """Mean about every fourth pixel."""
    side = (round(FLOW_PX / 4),) * 2
    return np.asarray(cv2.blur(cv2.blur(shrunk(values, 4), side), side))


def _own_tone(seen: Map, ordered: Map, pictures: Mask) -> Map:
    """L* that the copy shows of each ordered color, by the copy itself."""
    root = np.sqrt(ordered, dtype=np.float32)
    at = np.flatnonzero(pictures)
    at = at[:: 1 + len(at) // FIT_PX]
    design, values = _quadratic(root.reshape(-1, 3)[at]).astype(float), seen.ravel()[at].astype(float)
    solved = _solved(design, values)
    off = np.abs(values - design @ solved)
    kept = off < 4 * median(off) + 1
    solved = _solved(design[kept], values[kept])
    c = solved.astype(np.float32).tolist()
    r, g, b = cv2.split(root)
    terms = r * (c[4] * r + c[7] * g + c[9] * b + c[1]) + g * (c[5] * g + c[8] * b + c[2]) + b * (c[6] * b + c[3])
    return np.asarray(terms + np.float32(c[0]))


def _solved(design: Map, values: Map) -> Map:
    """Least squares, damped as much as terms need that say the same, as they do on a gray page."""
    return np.asarray(
        np.linalg.solve(design.T @ design + RIDGE * len(values) * np.eye(design.shape[1]), design.T @ values)
    )


def _quadratic(root: Map) -> Map:
    r, g, b = (root[..., k] for k in range(3))
    return np.stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, g * b, r * b], axis=-1)


def _unshifted(off: Map, meant: Map, weight: Map) -> tuple[Map, Map]:
    """The difference without what a shift and a blur explain, each of them the same over a square, and the slope of `meant`."""
    across, down = (cv2.Sobel(meant, cv2.CV_32F, dx, 1 - dx, scale=1 / 8) for dx in (1, 0))
    planes = (across, down, cv2.blur(meant, (3, 3)) - meant)
    slope = np.hypot(across, down)
    products = {(j, k): _smooth(planes[j] * planes[k] * weight) for j in range(3) for k in range(j, 3)}
    normal = np.stack([np.stack([products[min(j, k), max(j, k)] for k in range(3)], -1) for j in range(3)], -2)
    normal = normal + DAMPING * np.eye(3, dtype=np.float32)
    solve = np.linalg.inv(normal)
    size = (off.shape[1], off.shape[0])
    for _ in range(2):
        # Marks count as far as a shift could make them.
        bounded = np.clip(off, -2 - 0.7 * slope, 2 + 0.7 * slope) * weight
        right = np.stack([_smooth(p * bounded) for p in planes], axis=-1)
        shift = np.clip((solve @ right[..., None])[..., 0], -MOST_PX, MOST_PX)
        for k, plane in enumerate(planes):
            off = (
                off
                - cv2.resize(shift[..., k].astype(np.float32), size, interpolation=cv2.INTER_LINEAR) * plane * weight
            )
    return off, slope
