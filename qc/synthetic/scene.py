"""What lies on the glass around the leaf: backing, shadows, the pages below."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.synthetic.pictures import smooth_noise

_CORNERS = {"left": (3, 0), "top": (0, 1), "right": (1, 2), "bottom": (2, 3)}


def glass(
    shape: tuple[int, int], backing: tuple[float, ...], texture: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """Backing alone, in linear light: its reflectance with a relative unevenness `texture`, coarse and fine."""
    rows, columns = shape
    light = np.ones(shape, np.float32)
    if texture:
        coarse = smooth_noise(rng, (max(8, rows // 16), max(8, columns // 16)), 12)
        grain = rng.standard_normal((rows // 4 + 1, columns // 4 + 1), np.float32)
        light += np.float32(texture) * cv2.resize(coarse, (columns, rows), interpolation=cv2.INTER_LINEAR)
        light += np.float32(texture / 2) * cv2.resize(grain, (columns, rows), interpolation=cv2.INTER_LINEAR)
    if len(backing) == 1:
        return light * np.float32(backing[0])
    return np.asarray(cv2.merge([light * np.float32(b) for b in backing]), np.float32)


def darken_beside(
    light: NDArray[np.float32],
    corners: NDArray[np.float64],
    edge: str,
    depth: float,
    width_px: float,
    shape: str = "exponential",
    *,
    inside: bool,
    shift_px: NDArray[np.float32] | None = None,
) -> None:
    """Darken a strip along an edge of the leaf, in place.

    Parameters
    ----------
    light : ndarray, shape (rows, columns[, 3])
        Backing (or, with `inside`, the leaf).
    corners : ndarray, shape (4, 2), px
        Left-top, right-top, right-bottom, left-bottom.
    edge : {"left", "top", "right", "bottom"}
        Of the leaf as drawn.
    depth : float
        Relative darkening at the edge.
    width_px : float
        How far it reaches: decay, sigma or ramp, by `shape`.
    shape : {"exponential", "gaussian", "linear", "double", "plateau"}
        "double" has a sharp and a wide part; "plateau" stays dark over half its width.
    inside : bool
        On the leaf rather than beside it.
    shift_px : ndarray, shape (rows, columns, 2), optional
        Displacement of the picture, as for `coverage`.
    """
    region = _strip(light.shape[:2], corners, edge, 6 * width_px + 5)
    distance, beyond = edge_distance(corners, edge, region, shift_px)
    if inside:
        distance = -distance
    t = np.hypot(np.maximum(distance, 0), beyond) / np.float32(width_px)
    match shape:
        case "exponential":
            shade = np.exp(-t)
        case "gaussian":
            shade = np.exp(-0.5 * t * t)
        case "linear":
            shade = np.maximum(1 - t, 0)
        case "double":
            shade = 0.6 * np.exp(-4 * t) + 0.4 * np.exp(-0.7 * t)
        case "plateau":
            shade = np.clip(2 - 2 * t, 0, 1)
        case _:
            raise ValueError(f"shadow shape {shape!r} is unknown; use exponential, gaussian, linear, double or plateau")
    factor = 1 - np.float32(depth) * np.where(distance > -3, shade, 0).astype(np.float32)
    part = light[region]
    part *= factor if light.ndim == 2 else factor[:, :, None]


def round_fold(
    corners: NDArray[np.float64], edge: str, radius_px: float, shape: tuple[int, int]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a fold of a radius does to the print beside the edge at which it turns away from the glass.

    Returns
    -------
    shift : ndarray, shape (rows, columns, 2), float32, px
        The arc is seen narrower than it is: what belongs at p is drawn at p + shift.
    light : ndarray, shape (rows, columns), float32
        Share of the light that comes back; a third where the arc is upright.
    """
    outward, _ = edge_distance(corners, edge, (slice(0, shape[0]), slice(0, shape[1])), None)
    sine = np.clip(1 + outward / np.float32(radius_px), 0, 1)
    narrower = np.float32(radius_px) * (np.arcsin(sine) - sine)
    a, b = (corners[i] for i in _CORNERS[edge])
    along = (b - a) / np.hypot(*(b - a))
    inward = np.array([-along[1], along[0]], np.float32)
    return narrower[:, :, None] * inward, (1 + 2 * np.sqrt(1 - sine**2)) / 3


def stack_beside(
    light: NDArray[np.float32],
    corners: NDArray[np.float64],
    edge: str,
    width_px: float,
    paper: NDArray[np.float64],
    rng: np.random.Generator,
) -> None:
    """Draw the edges of the pages below as stripes beside an edge, in place."""
    region = _strip(light.shape[:2], corners, edge, width_px + 3)
    distance, beyond = edge_distance(corners, edge, region, None)
    stripes = np.repeat(rng.uniform(0.45, 0.95, 200), rng.integers(1, 4, 200)).astype(np.float32)
    index = np.clip(distance, 0, min(width_px, stripes.size - 1)).astype(int)
    on = (distance < width_px) & (distance > -4) & (beyond == 0)
    color = stripes[index][:, :, None] * paper.astype(np.float32)
    part = light[region]
    part[on] = (color if light.ndim == 3 else color[:, :, 0])[on]


def ruler_beside(light: NDArray[np.float32], corners: NDArray[np.float64], per_mm: float) -> None:
    """A steel rule, ticks every millimeter, 3 mm right of the leaf."""
    left = round(corners[:, 0].max() + 3 * per_mm)
    if left >= light.shape[1]:
        return
    light[:, left:] = 0.55
    for tick in range(int(light.shape[0] / per_mm)):
        y = round(tick * per_mm)
        length = per_mm * (4.0 if tick % 10 == 0 else 2.0)
        light[y : y + 2, left : left + round(length)] = 0.05


def edge_distance(
    corners: NDArray[np.float64], edge: str, region: tuple[slice, slice], shift_px: NDArray[np.float32] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Distance from the line of an edge in px, > 0 outside the leaf, and how far beyond its ends."""
    a, b = (corners[i] for i in _CORNERS[edge])
    length = float(np.hypot(*(b - a)))
    ux, uy = (b - a) / length
    y = np.arange(region[0].start, region[0].stop, dtype=np.float32)[:, None] - np.float32(a[1])
    x = np.arange(region[1].start, region[1].stop, dtype=np.float32)[None, :] - np.float32(a[0])
    if shift_px is not None:
        x, y = x - shift_px[region][:, :, 0], y - shift_px[region][:, :, 1]
    along = np.float32(ux) * x + np.float32(uy) * y
    beyond = np.maximum(np.maximum(-along, along - np.float32(length)), 0)
    return np.float32(uy) * x - np.float32(ux) * y, beyond


def _strip(shape: tuple[int, ...], corners: NDArray[np.float64], edge: str, reach_px: float) -> tuple[slice, slice]:
    """Rows and columns that hold everything within `reach_px` of an edge; along it, the whole picture."""
    ends = np.array([corners[i] for i in _CORNERS[edge]])
    across = 0 if edge in ("left", "right") else 1
    size = shape[1 - across]
    low = int(np.clip(ends[:, across].min() - reach_px, 0, size))
    high = int(np.clip(ends[:, across].max() + reach_px, low, size))
    band, whole = slice(low, high), slice(0, shape[across])
    return (whole, band) if across == 0 else (band, whole)
