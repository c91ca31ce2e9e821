"""Faults planted into scans that were made elsewhere: what a sound page would look like with a fault of known size.

All places are pixels of the scan, points (x, y), integer = pixel center. Images are gray or RGB, 8 or 16 bits, taken as
gamma 2.2; each function returns a new one.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[Any]
Points = NDArray[np.float64]
GAMMA = 2.2
INK = 0.05
"""Light that solid ink returns, of that of its paper."""
_PAPER_QUANTILE = 80.0
_NEARLY = 0.94
"""What is this bright against that quantile is paper, too; its noise is not cut off."""


def cut_moved(image: Image, ends_px: Points, inside_px: Points, shift_px: float, strip_px: float) -> Image:
    """The page as if the knife had gone deeper at one edge.

    Parameters
    ----------
    image : ndarray
    ends_px : ndarray, shape (2, 2)
        Two points of the cut edge.
    inside_px : ndarray, shape (2,)
        Some point of the page, which tells its side of the edge.
    shift_px : float
        How much deeper; > 0.
    strip_px : float
        How much of the page goes along with its edge. Choose it narrower than the blank margin: print in it is moved.

    Returns
    -------
    ndarray

    Notes
    -----
    The edge is the scanner's own, with its blur, shadow and fringe, laid further in together with all beyond it. Where
    the frame of the scan ends beyond it, its last pixels are repeated.
    """
    (x0, y0), (x1, y1) = np.asarray(ends_px, float)
    normal = np.array([y0 - y1, x1 - x0]) / np.hypot(x1 - x0, y1 - y0)
    if (np.asarray(inside_px, float) - (x0, y0)) @ normal < 0:
        normal = -normal
    rows, columns = image.shape[:2]
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    depth = (x - np.float32(x0)) * np.float32(normal[0]) + (y - np.float32(y0)) * np.float32(normal[1])
    moved = cv2.remap(
        image,
        x - np.float32(shift_px * normal[0]),
        y - np.float32(shift_px * normal[1]),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
    takes = depth < shift_px + strip_px
    return np.where(takes if image.ndim == 2 else takes[:, :, None], moved, image).astype(image.dtype)


def print_lost(image: Image, corners_px: Points, page_px: Points, rng: np.random.Generator) -> Image:
    """The page with bare paper inside a quadrilateral.

    Parameters
    ----------
    corners_px : ndarray, shape (4, 2)
        In order around it.
    page_px : ndarray, shape (4, 2)
        Corners of the page, whose brightest part is taken for its paper.
    rng : numpy.random.Generator
        Of the paper's noise, which is that of the bright pixels.
    """
    inside = _polygon(image, corners_px) > 0.5
    color, spread = paper_of(image, page_px)
    out = image.astype(float)
    out[inside] = color + spread * rng.normal(size=out[inside].shape)
    return _like(out, image)


def spotted(image: Image, center_px: Points, diameter_px: float, page_px: Points) -> Image:
    """The page with a round speck of ink, as dark as ink on the brightest part of the page would be."""
    x, y = np.asarray(center_px, float)
    rows, columns = (np.arange(n) for n in image.shape[:2])
    share = np.clip(diameter_px / 2 + 0.5 - np.hypot(columns[None] - x, rows[:, None] - y), 0, min(1.0, diameter_px))
    color, _ = paper_of(image, page_px)
    return _mixed(image, np.asarray(color * INK ** (1 / GAMMA)), share)


def streaked(image: Image, ends_px: Points, width_px: float, page_px: Points, factor: float = 0.0) -> Image:
    """The page with a straight streak along which less ink was printed.

    Parameters
    ----------
    ends_px : ndarray, shape (2, 2)
    width_px : float
    page_px : ndarray, shape (4, 2)
        Corners of the page, in order; nothing is changed beyond.
    factor : float
        Of the density of the print: 0 leaves none.
    """
    (x0, y0), (x1, y1) = np.asarray(ends_px, float)
    rows, columns = image.shape[:2]
    x, y = np.meshgrid(np.arange(columns), np.arange(rows))
    across = np.abs((x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)) / np.hypot(x1 - x0, y1 - y0)
    on_page = _polygon(image, page_px)
    share = np.clip(width_px / 2 + 0.5 - across, 0, min(1.0, width_px)) * on_page
    return _mixed(image, _density_scaled(image, np.full(3, factor), on_page > 0.5), share)


def tinted(image: Image, strength: tuple[float, float, float], page_px: Points) -> Image:
    """The page with the density of R, G and B multiplied: an excess of magenta is (1, 1.15, 1).

    Only color scans change color; a gray one takes the factor of G.
    """
    on_page = _polygon(image, page_px)
    return _mixed(image, _density_scaled(image, np.array(strength), on_page > 0.5), on_page)


def _density_scaled(image: Image, factor: NDArray[np.float64], on_page: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Densities relative to paper multiplied; an exponent of light is one of encoded values, too."""
    color, _ = _paper(image, on_page)
    exponent = factor if image.ndim == 3 else factor[1]
    relative = np.clip(image / np.maximum(color, 1), 1e-4, None)
    # What is brighter than paper is its noise, which no ink makes.
    return np.asarray(color * np.where(relative < 1, relative**exponent, relative))


def _polygon(image: Image, corners_px: Points) -> NDArray[np.float64]:
    """Share of each pixel inside, 0 to 1."""
    mask = np.zeros(image.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, np.rint(16 * np.asarray(corners_px)).astype(np.int32), 255, cv2.LINE_AA, 4)
    return mask.astype(np.float64) / 255


def paper_of(image: Image, page_px: Points) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Color of the bright part of a page and its spread, by channel."""
    return _paper(image, _polygon(image, page_px) > 0.5)


def _paper(image: Image, inside: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Color of the bright part of a region and its spread, by channel.

    A page printed all over has its lightest tone taken for paper.
    """
    pixels = image[inside].reshape(int(inside.sum()), -1).astype(float)
    tone = pixels.mean(axis=1)
    bright = pixels[tone >= _NEARLY * np.percentile(tone, _PAPER_QUANTILE)]
    color = np.median(bright, axis=0)
    spread = 1.4826 * np.median(np.abs(bright - color), axis=0)
    return (color, spread) if image.ndim == 3 else (color[0], spread[0])


def _mixed(image: Image, other: NDArray[np.float64], share: NDArray[np.float64]) -> Image:
    weight = share if image.ndim == 2 else share[:, :, None]
    return _like(image + weight * (other - image), image)


def _like(values: NDArray[np.float64], image: Image) -> Image:
    return np.clip(np.rint(values), 0, np.iinfo(image.dtype).max).astype(image.dtype)
