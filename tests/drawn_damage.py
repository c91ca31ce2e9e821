"""Damage planted into drawn scans: paper taken away, so that the backing shows, and corners folded over."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.synthetic import Truth
from qc.units import px_per_mm

Image = NDArray[Any]
Polygon = NDArray[np.float64]
FINE = 4
BLUR_PX = 0.7
CORNERS = {"left-top": (0, 1, 3), "right-top": (1, 0, 2), "right-bottom": (2, 3, 1), "left-bottom": (3, 2, 0)}
"""Index of a corner of the leaf, and of those that its two edges lead to: along x, then along y."""


def share(polygon: Polygon, shape: tuple[int, int]) -> NDArray[np.float32]:
    """How much of each pixel a polygon covers, softened as by a lens."""
    fine = np.zeros((shape[0] * FINE, shape[1] * FINE), np.uint8)
    cv2.fillPoly(fine, [np.rint((polygon + 0.5) * FINE - 0.5).astype(np.int32)], 255)
    covered = cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.asarray(cv2.GaussianBlur(covered, (0, 0), BLUR_PX), np.float32)


def taken_away(image: Image, polygon: Polygon, rng: np.random.Generator) -> Image:
    """The scan with the backing of its left-top corner where the polygon lies; the light is mixed, not the values."""
    corner = image[2:12, 2:12].reshape(-1, *image.shape[2:]).astype(np.float64)
    bare = corner[rng.integers(len(corner), size=image.shape[:2])]
    return _mixed(image, bare, share(polygon, image.shape[:2]))


def _mixed(image: Image, other: NDArray[np.float64], part: NDArray[np.float32]) -> Image:
    part = part if image.ndim == 2 else part[:, :, None]
    light = (1 - part) * (image / 255.0) ** 2.2 + part * (other / 255.0) ** 2.2
    return np.rint(255 * np.clip(light, 0, 1) ** (1 / 2.2)).astype(image.dtype)


def corner_of(truth: Truth, name: str, legs_mm: tuple[float, float]) -> Polygon:
    """Triangle at a corner of the leaf, its legs along x and y, a little larger than the leaf."""
    at, beside, below = (truth.corners_px[k] for k in CORNERS[name])
    per_mm = px_per_mm(truth.true_dpi[0])
    along, down = ((p - at) / np.hypot(*(p - at)) for p in (beside, below))
    a, b = legs_mm
    # Beyond the corner, too: a cut is rough, and no paper may be left of it.
    one, other = (
        at + (a + 1) * per_mm * along - b / a * per_mm * down,
        at + (b + 1) * per_mm * down - a / b * per_mm * along,
    )
    return np.array([at - per_mm * (along + down) - [0, 0], one, other])


def at_edge(truth: Truth, side: int, along_mm: float, outline_mm: list[tuple[float, float]]) -> Polygon:
    """Polygon at a side (left 0, top 1, right 2, bottom 3): places along and inward from `along_mm` behind its first corner."""
    a, b = (truth.corners_px[k] for k in ((3, 0), (0, 1), (1, 2), (2, 3))[side])
    along = (b - a) / np.hypot(*(b - a))
    inward = np.array([-along[1], along[0]])
    per_mm = px_per_mm(truth.true_dpi[0])
    return np.array([a + per_mm * ((along_mm + s) * along + d * inward) for s, d in outline_mm])


def folded_over(
    image: Image, truth: Truth, name: str, leg_mm: float, rng: np.random.Generator, shadow: float = 0.15
) -> Image:
    """The scan with a corner folded over: backing where it was, and its bare back, with a soft shadow, on the page."""
    at, beside, below = (truth.corners_px[k] for k in CORNERS[name])
    per_mm = px_per_mm(truth.true_dpi[0])
    along, down = ((p - at) / np.hypot(*(p - at)) for p in (beside, below))
    one, other = at + leg_mm * per_mm * along, at + leg_mm * per_mm * down
    tip = at + leg_mm * per_mm * (along + down)
    flap = share(np.array([one, tip, other]), image.shape[:2])
    near = cv2.GaussianBlur(flap, (0, 0), 0.3 * per_mm) * (1 - flap)
    dark = (1 - shadow * 2 * near) ** (1 / 2.2)
    shaded = image * (dark if image.ndim == 2 else dark[:, :, None])
    inside = image[tuple(slice(int(v) - 40, int(v) + 40) for v in truth.corners_px.mean(axis=0)[::-1])]
    paper = np.quantile(inside.reshape(-1, *image.shape[2:]), 0.9, axis=0)
    noise = rng.normal(0, 1.5, image.shape)
    out = _mixed(np.rint(shaded).astype(image.dtype), np.broadcast_to(paper, image.shape) + noise, flap)
    return taken_away(out, corner_of(truth, name, (leg_mm, leg_mm)), rng)


def rounded(image: Image, truth: Truth, radius_mm: float, rng: np.random.Generator) -> Image:
    """The scan of a leaf whose corners were cut round, all four alike."""
    radius = radius_mm * px_per_mm(truth.true_dpi[0])
    turns = np.linspace(0, np.pi / 2, 30)
    for at, beside, below in CORNERS.values():
        corner = truth.corners_px[at]
        along, down = (
            (p - corner) / np.hypot(*(p - corner)) for p in (truth.corners_px[beside], truth.corners_px[below])
        )
        center = corner + radius * (along + down)
        arc = [center - radius * (np.cos(t) * along + np.sin(t) * down) for t in turns]
        beyond = [corner - 4 * (along + down), arc[0] - 4 * along]
        image = taken_away(image, np.array([*beyond, *arc, arc[-1] - 4 * down]), rng)
    return image
