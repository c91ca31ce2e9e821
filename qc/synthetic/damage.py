"""Damage and marks planted into scans that were made elsewhere: what happened to a copy on its way, and dirt.

All places are pixels of the upright scan, points (x, y), integer = pixel center; `page_px` are the corners of the leaf,
in order around it. Images are gray or RGB, 8 or 16 bits, taken as gamma 2.2; each function returns a new one and leaves
every pixel alone that the damage does not reach. Where paper is gone, the backing is seen, as it is around the leaf.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.synthetic.maps import Map
from qc.synthetic.plant import GAMMA, INK, Image, Points, paper_of

Share = NDArray[np.float32]

OPTICS_PX = 0.6
"""Blur (1 sigma) of what is planted, as a scanner's own optics spread it."""
CLEAR_MM = 2.0
"""The backing's tone is taken this far from the leaf, beyond the shadow of its edge."""
LEAST_BACKING_PX = 100
COARSE = 4
"""Tones of backing and paper are taken from every fourth pixel of every fourth row."""
ALL = slice(None)
MOST_FINE_PX = 16e6
_PEAK = 255.0


def without_paper(
    image: Image, gone_px: Points, page_px: Points, per_mm: float, rng: np.random.Generator, core_mm: float = 0.0
) -> Image:
    """The leaf without the paper inside a polygon: a lost corner, a notch, a hole.

    Parameters
    ----------
    image : ndarray
    gone_px : ndarray, shape (n, 2)
        In order around it; let it reach beyond the leaf where the leaf's own edge goes.
    page_px : ndarray, shape (4, 2)
    per_mm : float
        Pixels a millimeter.
    rng : numpy.random.Generator
        Of the backing's noise.
    core_mm : float
        Width of the rim where torn paper shows its white core instead of its print.

    Raises
    ------
    ValueError
        The scan shows no backing: it is cropped to the leaf.
    """
    window = _window(image, gone_px, core_mm * per_mm + 4)
    part, out = image[window], image.copy()
    here = np.array([window[1].start, window[0].start])
    gone, values = _share(part, gone_px - here), part.astype(np.float32)
    if core_mm:
        reach = cv2.dilate(gone, _disc(core_mm * per_mm)) * _share(part, page_px - here)
        values += _wide(0.7 * _soft(reach), image) * (_paper(image, page_px) - values)
    seen = _backing(image, page_px, per_mm, rng, *window)
    values += _wide(_soft(gone), image) * (seen - values)
    out[window] = _like(values, image)
    return out


def torn(
    image: Image,
    line_px: Points,
    open_px: float,
    slip_px: float,
    page_px: Points,
    per_mm: float,
    rng: np.random.Generator,
) -> Image:
    """The leaf torn from its edge, with its halves a little apart and the shadow of the tear.

    Parameters
    ----------
    line_px : ndarray, shape (n, 2)
        From the edge to the end of the tear; nearly straight.
    open_px : float
        Gap between the halves at the edge, closing toward the end; < 0 where one half lies over the other.
    slip_px : float
        How far one half moved along the tear.
    """
    start, end = line_px[0], line_px[-1]
    length = float(np.hypot(*(end - start)))
    along = (end - start) / length
    across = np.array([-along[1], along[0]])
    s_of, n_of = (line_px - start) @ along, (line_px - start) @ across
    rows, columns = image.shape[:2]
    x, y = np.meshgrid(np.arange(columns, dtype=np.float32), np.arange(rows, dtype=np.float32))
    s = (x - np.float32(start[0])) * np.float32(along[0]) + (y - np.float32(start[1])) * np.float32(along[1])
    n = (x - np.float32(start[0])) * np.float32(across[0]) + (y - np.float32(start[1])) * np.float32(across[1])
    d = n - np.interp(s, s_of, n_of).astype(np.float32)
    wide = np.clip(1 - s / length, 0, 1.2)
    moved = (d > 0) & (wide > 0) & (d < 15 * per_mm) & (s > -CLEAR_MM * per_mm)
    fade = wide * np.clip(1 - d / np.float32(15 * per_mm), 0, 1) ** 2
    by_x = np.where(moved, fade * (open_px * across[0] + slip_px * along[0]), 0).astype(np.float32)
    by_y = np.where(moved, fade * (open_px * across[1] + slip_px * along[1]), 0).astype(np.float32)
    out = np.where(
        _wide(moved, image), cv2.remap(image, x - by_x, y - by_y, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE), image
    ).astype(np.float32)
    on_line = (s > -0.5 * per_mm) & (wide > 0)
    gap = np.clip(np.minimum(d + 0.5, max(open_px, 0) * wide - d + 0.5), 0, 1) * on_line
    if open_px > 0:
        out += _wide(_soft(gap.astype(np.float32)), image) * (_backing(image, page_px, per_mm, rng) - out)
    middle, half = max(open_px, 0) * wide / 2, np.float32(0.11 * per_mm)
    depth = 0.55 * np.exp(-(((np.abs(d - middle) - middle).clip(0) / half) ** 2) / 2) * on_line
    depth *= np.minimum(1, wide * length / (2 * per_mm)) * _share(image, page_px)
    out *= 1 - _wide(depth.astype(np.float32), image)
    return _like(out, image)


def folded(
    image: Image,
    corner_px: Points,
    fold_px: Points,
    page_px: Points,
    per_mm: float,
    rng: np.random.Generator,
    other: tuple[Image, Map] | None = None,
) -> Image:
    """The leaf with a corner turned over onto this side: the flap lies mirrored at the fold and shows the other side.

    Parameters
    ----------
    corner_px : ndarray, shape (2,)
    fold_px : ndarray, shape (2, 2)
        The ends of the fold, on the two edges that meet in the corner.
    other : (ndarray, map of shape (2, 3)), optional
        Scan of the other side, and the map from a pixel here to the pixel there that shows the same place of the paper;
        without it the flap is bare paper.
    """
    a, b = fold_px
    e = (b - a) / np.hypot(*(b - a))
    mirror = 2 * np.outer(e, e) - np.eye(2)
    mirrored: Map = np.column_stack([mirror, a - mirror @ a])
    tip = mirror @ (corner_px - a) + a
    reach = 2 * per_mm
    outward = [p + reach * (p - tip) / np.hypot(*(p - tip)) for p in (a, corner_px, b)]
    out = without_paper(image, np.array([a, *outward, b]), page_px, per_mm, rng).astype(np.float32)
    flap = _share(image, np.array([a, b, tip]))
    shadow = cv2.GaussianBlur(flap, (0, 0), 0.35 * per_mm) * (1 - flap) * _share(image, page_px)
    shadow *= 1 - _soft(_share(image, np.array([a, *outward, b])))
    out *= 1 - _wide(0.5 * shadow, image)
    paper = _paper(image, page_px)
    back = np.broadcast_to(0.985 * paper, image.shape).astype(np.float32)
    if other is not None:
        whole = np.vstack([other[1], [0, 0, 1]]) @ np.vstack([mirrored, [0, 0, 1]])
        size = (image.shape[1], image.shape[0])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        back = cv2.warpAffine(other[0], whole[:2], size, None, flags, cv2.BORDER_REPLICATE).astype(np.float32) * 0.985
    out += _wide(_soft(flap), image) * (back - out)
    return _like(out, image)


def creased(image: Image, line_px: Points, levels: float, sigma_px: float, page_px: Points) -> Image:
    """The leaf with a crease, where light falls otherwise on paper that bends.

    Parameters
    ----------
    line_px : ndarray, shape (n, 2)
    levels : float
        At the middle of the line, in levels of 0..255 of bare paper; < 0 is dark. Ink changes by its share of that.
    sigma_px : float
        Half width of the ridge, whose other flank changes the opposite way by 40 %.
    """
    d, inside = _beside(image, line_px)
    shape = np.exp(-((d / sigma_px) ** 2) / 2) - 0.4 * np.exp(-(((d - 2.5 * sigma_px) / sigma_px) ** 2) / 2)
    change = (levels * shape * inside * _share(image, page_px)).astype(np.float32)
    paper = _paper(image, page_px)
    scale = np.iinfo(image.dtype).max / _PEAK
    return _like(image + scale * _wide(change, image) * np.clip(image / paper, 0.3, 1), image)


def stained(
    image: Image,
    rim_px: Points,
    width_px: float,
    rim: tuple[float, float, float],
    within: tuple[float, float, float],
    page_px: Points,
) -> Image:
    """The leaf with the mark that water leaves: a closed rim, darker and yellower than the paper on both its sides.

    Parameters
    ----------
    rim_px : ndarray, shape (n, 2)
        In order around it.
    width_px : float
        Over which the rim fades inward to a third; outward it is sharp.
    rim, within : (float, float, float)
        Factors on the levels of R, G, B at the rim and well inside; a gray scan takes their luminance.
    """
    area = (_share(image, rim_px) > 0.5).astype(np.uint8)
    depth = cv2.distanceTransform(area, cv2.DIST_L2, 5)
    outside = cv2.distanceTransform(1 - area, cv2.DIST_L2, 5)
    ring = np.where(area, np.exp(-depth / np.float32(width_px)), np.exp(-((outside / (0.15 * width_px)) ** 2)))
    ring = ring * _share(image, page_px)
    flat = area * _share(image, page_px) * (1 - ring)
    out = image.astype(np.float32)
    if image.ndim == 3:
        for c in range(3):
            out[:, :, c] *= 1 - (1 - rim[c]) * ring - (1 - within[c]) * flat
    else:
        gray = np.array([0.2126, 0.7152, 0.0722])
        out *= 1 - (1 - float(gray @ rim)) * ring - (1 - float(gray @ within)) * flat
    return _like(out, image)


def marked(image: Image, outline_px: Points, page_px: Points, dark: bool, opacity: float = 1.0) -> Image:
    """The leaf with a mark of the given outline: ink where there should be none, or bare paper in print.

    Parameters
    ----------
    dark : bool
        Ink, else paper.
    opacity : float
        1 hides what lies below.
    """
    paper, out = _paper(image, page_px), image.copy()
    _laid_over(out, outline_px, paper * np.float32(INK ** (1 / GAMMA)) if dark else paper, opacity)
    return out


def dusted(image: Image, specks_px: list[Points], tone: float) -> Image:
    """The scan with dirt on the glass.

    Parameters
    ----------
    specks_px : list of ndarray, shape (n, 2)
        Outlines; give every scan of a copy and that of the empty glass the same ones.
    tone : float
        Of dirt, as a share of full white: lighter than a black backing, darker than paper.
    """
    out = image.copy()
    for outline in specks_px:
        _laid_over(out, outline, tone * np.iinfo(image.dtype).max, 0.9)
    return out


def empty_glass(image: Image, page_px: Points, per_mm: float, rng: np.random.Generator) -> Image:
    """A scan of the same frame with nothing on the glass: the backing that is seen around the leaf."""
    return _like(_backing(image, page_px, per_mm, rng), image)


def _laid_over(image: Image, outline_px: Points, tone: Any, opacity: float) -> None:
    """Cover what lies inside an outline, in place."""
    window = _window(image, outline_px, 4)
    share = _soft(_share(image[window], outline_px - np.array([window[1].start, window[0].start])))
    values = image[window].astype(np.float32)
    image[window] = _like(values + _wide(opacity * share, image) * (tone - values), image)


def _backing(
    image: Image, page_px: Points, per_mm: float, rng: np.random.Generator, rows: slice = ALL, columns: slice = ALL
) -> NDArray[np.float32]:
    """What is seen in a window where there is no leaf: tone and noise of the backing clear of the leaf."""
    coarse = image[::COARSE, ::COARSE]
    leaf = (_share(coarse, np.asarray(page_px) / COARSE) > 0).astype(np.uint8)
    clear = cv2.dilate(leaf, _disc(CLEAR_MM * per_mm / COARSE)) == 0
    pixels = coarse[clear].reshape(-1, 3 if image.ndim == 3 else 1).astype(np.float32)
    if len(pixels) < LEAST_BACKING_PX:
        raise ValueError("The scan shows no backing around the leaf, so nothing can be seen where paper is gone.")
    tone = np.median(pixels, axis=0)
    spread = 1.4826 * np.median(np.abs(pixels - tone), axis=0)
    noise = rng.standard_normal(image[rows, columns].shape, np.float32)
    return np.asarray(
        noise * (spread if image.ndim == 3 else spread[0]) + (tone if image.ndim == 3 else tone[0]), np.float32
    )


def _paper(image: Image, page_px: Points) -> NDArray[np.float32]:
    """Color of the leaf's paper."""
    return np.asarray(paper_of(image[::COARSE, ::COARSE], np.asarray(page_px) / COARSE)[0], np.float32)


def _window(image: Image, points_px: Points, reach_px: float) -> tuple[slice, slice]:
    """Rows and columns that hold the points and `reach_px` around them."""
    low = np.floor(points_px.min(axis=0) - reach_px).astype(int)
    high = np.ceil(points_px.max(axis=0) + reach_px).astype(int) + 1
    most = image.shape[1::-1]
    columns, rows = (slice(*np.clip((low[i], high[i]), 0, most[i]).tolist()) for i in (0, 1))
    return rows, columns


def _beside(image: Image, line_px: Points) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Signed distance from a nearly straight line, and 1 beside it, fading at its ends."""
    start, length = line_px[0], float(np.hypot(*(line_px[-1] - line_px[0])))
    along = (line_px[-1] - start) / length
    across = np.array([-along[1], along[0]])
    x, y = np.meshgrid(np.arange(image.shape[1]), np.arange(image.shape[0]))
    s = (x - start[0]) * along[0] + (y - start[1]) * along[1]
    n = (x - start[0]) * across[0] + (y - start[1]) * across[1]
    d = n - np.interp(s, (line_px - start) @ along, (line_px - start) @ across)
    ends = np.clip(np.minimum(s, length - s) / (0.03 * length), 0, 1)
    return d.astype(np.float32), ends.astype(np.float32)


def _share(image: Image, outline_px: Points) -> Share:
    """Share of each pixel inside an outline, 0 to 1; drawn finer where the outline is small."""
    share, points = np.zeros(image.shape[:2], np.float32), np.asarray(outline_px, float)
    rows, columns = _window(image, points, 2)
    part = share[rows, columns]
    if not part.size:
        return share
    zoom = next((z for z in (8, 4, 2) if z * z * part.size < MOST_FINE_PX), 1)
    fine = np.zeros((part.shape[0] * zoom, part.shape[1] * zoom), np.uint8)
    # Pixel i of the scan is covered by the fine pixels from i * zoom on.
    at = (points - (columns.start, rows.start) + 0.5) * zoom - 0.5
    cv2.fillPoly(fine, [np.rint(256 * at).astype(np.int32)], 255, cv2.LINE_8, 8)
    part[:] = cv2.resize(fine, part.shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
    return share


def _soft(share: Share) -> Share:
    """As the optics spread it; exactly 0 where nothing was near."""
    out = cv2.GaussianBlur(share, (0, 0), OPTICS_PX)
    return np.where(out < 1 / 512, 0, out).astype(np.float32)


def _disc(radius_px: float) -> NDArray[np.uint8]:
    size = 2 * max(1, round(radius_px)) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)


def _wide(share: NDArray[Any], image: Image) -> NDArray[Any]:
    return share if image.ndim == 2 else share[:, :, None]


def _like(values: NDArray[Any], image: Image) -> Image:
    return np.asarray(np.clip(np.rint(values), 0, np.iinfo(image.dtype).max).astype(image.dtype))
