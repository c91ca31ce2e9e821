"""Scans that are one and the same capture: a file copied, or one pass delivered in two formats, color modes or sizes.

Two passes of a sheet never put it on the same pixels: hand or feeder lay it down elsewhere by a tenth of a millimeter and
a hundredth of a degree at the least. What one pass delivered twice lies alike to a small fraction of a pixel all over the
frame, whatever was done to its tones. So places are compared, not tones, and no name is believed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.errors import ScanError
from qc.model import ScanFile
from qc.scan.image_file import sha256
from qc.scan.scan_reader import ScanReader

COMPARED_PX = 700
"""Shorter side at which two scans are held against each other: about 100 dpi of a page of 6 in, where a screen is gone."""
ASPECT = 0.004
"""By how much the shape of the frames may differ, as sizes are rounded to whole pixels."""
SHIFT = 6e-5
"""Share of the frame's height by which the second may lie elsewhere as a whole: 0.015 mm of 250. Versions of one capture
(JPEG of quality 10, gray, one bit, sharpened, half the size) reach 4e-5; two passes agree this well by chance about once in
ten times along each axis where the sheets are laid against a stop."""
SPREAD = 1.8e-4
"""Share by which its corners may then lie elsewhere against each other, a turn of 0.01 degrees: one bit and sharpening reach
1.6e-4. Two passes turn a sheet by 0.05 degrees at the least, so that all three agree by chance in 1 of 1,000 sides."""
LIKENESS = 0.8
"""Correlation of the two at the finest, tones taken out; of one capture in one bit and in gray it is 0.99."""
SOFT_PX = 1.5
"""Sharper detail says little of places where one of them was sharpened or shrunk."""
COARSE_PX = 6.0
"""Slower changes of tone are the lamp's and the driver's."""
TILES = (12, 9)
LEVELS = 64
LEAST_TILES = 12
WEAK = 0.02
"""Tiles with less structure than this share of the strongest are left out."""

Gray = NDArray[np.float32]


def same_bytes(scans: Sequence[ScanFile]) -> dict[int, int]:
    """Index of each scan whose file repeats an earlier one byte by byte, and that of the earlier one.

    Only files of equal size are read.
    """
    by_size: dict[int, set[Path]] = {}
    for scan in scans:
        try:
            by_size.setdefault(scan.path.stat().st_size, set()).add(scan.path)
        except OSError:
            continue
    twins = {path for paths in by_size.values() if len(paths) > 1 for path in paths}
    hashes = {}
    for path in sorted(twins):
        try:
            hashes[path] = sha256(path)
        except ScanError:
            continue
    first: dict[tuple[str, int], int] = {}
    found = {}
    for i, scan in enumerate(scans):
        if scan.path in hashes and (at := first.setdefault((hashes[scan.path], scan.frame), i)) != i:
            found[i] = at
    return found


def same_capture(one: ScanFile, other: ScanFile, reader: ScanReader | None = None) -> bool | None:
    """Whether two scans are one capture, whatever their format, color mode, resolution and tone curve.

    None where too little is seen to tell, as of bare paper without its edges.

    Notes
    -----
    Both are brought to one raster by the size of their frames alone. The tones of the first are then mapped to those of
    the second, and what is left is read as a displacement, tile by tile. False where the frames do not have one shape, as
    after cropping: such versions are taken for two passes of one sheet.
    """
    reader = reader or ScanReader()
    try:
        headers = reader.header(one), reader.header(other)
        shapes = [(h.width_px, h.height_px) for h in headers]
        if abs(shapes[0][0] * shapes[1][1] / (shapes[0][1] * shapes[1][0]) - 1) > ASPECT:
            return False
        scale = min(COMPARED_PX, *(min(s) for s in shapes)) / min(shapes[0])
        size = (round(shapes[0][0] * scale), round(shapes[0][1] * scale))
        a, b = (_raster(reader, scan, shape, size) for scan, shape in zip((one, other), shapes, strict=True))
    except ScanError:
        return False
    if np.array_equal(a, b):
        return True
    return _lies_alike(a, b)


def _raster(reader: ScanReader, scan: ScanFile, shape: tuple[int, int], size: tuple[int, int]) -> Gray:
    """A scan as gray values of a raster of the given size, pixel edges at the frame on every side."""
    reduce = next((r for r in (8, 4, 3, 2) if min(shape) >= r * min(size)), 1)
    pixels = reader.pixels(scan, reduce)
    gray = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) if pixels.ndim == 3 else pixels
    values = np.asarray(gray, np.float32) / np.float32(255)
    fx, fy = size[0] / shape[0] * reduce, size[1] / shape[1] * reduce
    # A last pixel that is partial lies beyond the frame in part, which a plain resize would squeeze in.
    to_size = np.array([[fx, 0, 0.5 * fx - 0.5], [0, fy, 0.5 * fy - 0.5]])
    blurred = cv2.GaussianBlur(values, (0, 0), max(0.8 / fx, 0.5))
    return np.asarray(cv2.warpAffine(blurred, to_size, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def _in_tones_of(a: Gray, b: Gray) -> Gray:
    """`a` with the mean tone that `b` has where `a` has the same."""
    level = np.clip(a * LEVELS, 0, LEVELS - 1).astype(int).ravel()
    count = np.bincount(level, minlength=LEVELS)
    seen = count > 0
    tones = np.bincount(level, b.ravel(), LEVELS)[seen] / count[seen]
    at = np.bincount(level, a.ravel(), LEVELS)[seen] / count[seen]
    return np.asarray(np.interp(a, at, tones), np.float32)


def _lies_alike(a: Gray, b: Gray) -> bool | None:
    found = displacement(a, b)
    if found is None:
        return None
    likeness, corners, u = found
    mean, height = corners.mean(axis=0), a.shape[0]
    spread = float(np.linalg.norm(corners - mean, axis=1).max())
    if u > SHIFT * height:
        return None
    return bool(likeness > LIKENESS and np.linalg.norm(mean) < SHIFT * height and spread < SPREAD * height)


def _softened(a: Gray, sigma_px: float) -> Gray:
    return np.asarray(cv2.GaussianBlur(a, (0, 0), sigma_px), np.float32)


def displacement(a: Gray, b: Gray) -> tuple[float, NDArray[np.float64], float] | None:
    """Correlation of two pictures in one raster, displacement of the second, and its u.

    The displacement is given at the four corners of what is seen, in px; u is the standard uncertainty of their mean. None
    where hardly anything is seen.
    """
    a, b = _softened(_in_tones_of(a, b), SOFT_PX), _softened(b, SOFT_PX)
    fine_a, fine_b = a - _softened(a, COARSE_PX), b - _softened(b, COARSE_PX)
    power = float((fine_a**2).sum() * (fine_b**2).sum())
    if power <= 0:
        return None
    likeness = float((fine_a * fine_b).sum() / np.sqrt(power))
    # Mean of both gradients: that of one alone is biased where the other is softer.
    gx = cv2.Sobel(a + b, cv2.CV_32F, 1, 0, scale=1 / 16)
    gy = cv2.Sobel(a + b, cv2.CV_32F, 0, 1, scale=1 / 16)
    rows = []
    for y, x, tile in _tiles(a.shape):
        ex, ey, d = gx[tile].ravel(), gy[tile].ravel(), (a[tile] - b[tile]).ravel()
        rows.append((x, y, ex @ ex, ex @ ey, ey @ ey, ex @ d, ey @ d))
    x, y, xx, xy, yy, xd, yd = np.array(rows, float).T
    strong = xx + yy > WEAK * float((xx + yy).max())
    if strong.sum() < LEAST_TILES:
        return None
    x, y, xx, xy, yy, xd, yd = (v[strong] for v in (x, y, xx, xy, yy, xd, yd))
    u, v = 2 * x / a.shape[1] - 1, 2 * y / a.shape[0] - 1
    basis = np.stack([np.ones_like(u), u, v])
    normal = np.block(
        [
            [np.einsum("in,jn,n->ij", basis, basis, xx), np.einsum("in,jn,n->ij", basis, basis, xy)],
            [np.einsum("in,jn,n->ij", basis, basis, xy), np.einsum("in,jn,n->ij", basis, basis, yy)],
        ]
    )
    if np.linalg.cond(normal) > 1e6:
        return None
    p = np.linalg.solve(normal, np.concatenate([basis @ xd, basis @ yd]))
    at = np.array([[1, s, t] for s in (u.min(), u.max()) for t in (v.min(), v.max())])
    # Blurred noise is alike over an area of 4 pi sigma squared.
    left = float(np.var(a - b)) * 4 * np.pi * SOFT_PX**2
    middle = at.mean(axis=0)
    covariance = left * np.linalg.inv(normal)
    u_mean = float(np.sqrt(max(middle @ covariance[k : k + 3, k : k + 3] @ middle for k in (0, 3))))
    return likeness, np.column_stack([at @ p[:3], at @ p[3:]]), u_mean


def _tiles(shape: tuple[int, ...]) -> Iterator[tuple[float, float, tuple[slice, slice]]]:
    """Middle (row, column) and slices of a grid of tiles."""
    ys, xs = (np.linspace(0, n, k + 1).round().astype(int) for n, k in zip(shape, TILES, strict=True))
    for y0, y1 in pairwise(ys):
        for x0, x1 in pairwise(xs):
            yield (y0 + y1) / 2, (x0 + x1) / 2, (slice(y0, y1), slice(x0, x1))
