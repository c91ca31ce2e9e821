"""Read a color chart in a scan, at any turn: find its grid, decide by the fit of the colors how it lies, average its patches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.chart import Chart
from calibration.lattice import Lattice, find_lattices
from calibration.misread import MOST_MEDIAN, MOST_P90
from qc.colorimetry import ciede2000
from qc.errors import ScanError
from qc.geometry import Points
from qc.model import ScanFile
from qc.normalize.color_model import ColorModel
from qc.scan.image_file import read_header, read_pixels

_READ_PX = 3600
_WINDOW = 0.42
"""Width of what is averaged of a patch, in pitches: away from gaps, rims and print misregister."""
_MOST_SAMPLES = 48
_BLOCKS = 4
_MOST_SLOPE = 0.06
"""Between the quarters of a patch, as a share of full scale; a covered or dirty patch has more."""
_MOST_UNEVEN = 0.03
_MOST_SATURATED = 0.15
_BLACK, _WHITE = 0.4 / 255, 254.6 / 255
_CLIPPED = 0.995
_CLEARLY = 0.7
_GRAY_ROWS = np.arange(0.75, 3.01, 0.25)
"""Where the gray scale of an IT8.7 may lie below its last row; makers differ."""


@dataclass(frozen=True, eq=False)
class ChartScan:
    """Patches of a chart in a scan.

    Attributes
    ----------
    ids : tuple of str
    lab : ndarray, shape (n, 3)
    windows : ndarray, shape (n, k, 3), float32
        Encoded pixels (0..1) within each patch.
    centers : ndarray, shape (n, 2)
        In pixels of the scan.
    turned_deg : int
        Of the chart in the scan, clockwise, in steps of 90.
    dropped : tuple of str
        Patches that were dirty, or saturated in a channel.
    """

    ids: tuple[str, ...]
    lab: NDArray[np.float64]
    windows: NDArray[np.float32]
    centers: Points
    turned_deg: int
    dropped: tuple[str, ...]

    def means(self, model: ColorModel | None = None) -> NDArray[np.float64]:
        """Encoded means, shape (n, 3): of light, once the scanner's tone is known, or else of the encoded values."""
        if model is None:
            return np.asarray(self.windows.mean(axis=1), np.float64)
        return model.encoded(model.light(self.windows.astype(np.float64)).mean(axis=1))


@dataclass(frozen=True, eq=False)
class _Lie:
    """A way in which the chart may lie: from column and row of the chart to pixels."""

    to_px: NDArray[np.float64]
    turns: int
    mirrored: bool
    misfit: float


def read_chart(path: Path, chart: Chart) -> ChartScan:
    """Find and average the patches of a chart.

    Raises
    ------
    ScanError
        The scan cannot be read, has no color, or does not show the whole chart face up and clean; the message says which.

    Notes
    -----
    Four turns, both faces and a shift by a row or column are tried; the one whose colors fit the reference best is taken, and
    a chart that fits best as a mirror image is refused. Whether the best fits well enough is for `calibration.misread`.
    """
    image = _pixels(path)
    small = np.clip(np.rint(image * 255), 0, 255).astype(np.uint8)
    lattices = find_lattices(small)
    lies = [
        lie
        for lattice in lattices[:3]
        if 2 * len(lattice.index) >= len(lattices[0].index)
        for lie in _lies(lattice, chart, image)
    ]
    if not lies:
        raise ScanError(
            f"No chart of {chart.size[0]} x {chart.size[1]} patches was found in {path.name}. Scan the whole chart flat on the "
            "glass at 200 to 400 dpi, with nothing on it, and check --chart."
        )
    best = min(lies, key=lambda lie: lie.misfit)
    straight = min((lie for lie in lies if not lie.mirrored), key=lambda lie: lie.misfit, default=None)
    if best.mirrored and straight is not None and best.misfit > _CLEARLY * straight.misfit:
        best = straight
    if best.mirrored:
        raise ScanError(
            f"The chart in {path.name} fits its reference only as a mirror image. Switch mirroring off in the driver, lay the "
            "chart on its face, check that --lettered is right for it, and scan again."
        )
    return _patches(image, best, chart, path.name)


def _pixels(path: Path) -> NDArray[np.float32]:
    scan = ScanFile(path, path.name)
    header = read_header(scan)
    if header.gray or header.bits == 1:
        raise ScanError(f"{path.name} has no color. Scan the chart in color, 24 or 48 bit.")
    wide = max(header.width_px, header.height_px)
    reduce = next((r for r in (8, 4, 3, 2) if wide / r >= _READ_PX), 1)
    pixels = read_pixels(scan, reduce, deep=True)
    return np.asarray(pixels, np.float32) / float(np.iinfo(pixels.dtype).max)


def _lies(lattice: Lattice, chart: Chart, image: NDArray[np.float32]) -> Iterator[_Lie]:
    homography = lattice.homography()
    columns, rows = chart.size
    for turns in range(4):
        for mirrored in (False, True):
            wide, high = (columns, rows) if turns % 2 == 0 else (rows, columns)
            turn = _turn(turns, mirrored, columns, rows)
            for at in _shifts((wide, high), lattice.size):
                to_px = homography @ np.array([[1, 0, at[0]], [0, 1, at[1]], [0, 0, 1]]) @ turn
                misfit = _rough_misfit(_windows(image, to_px, chart.places, 3), chart.lab)
                if misfit is not None:
                    yield _Lie(to_px, turns, mirrored, misfit)


def _turn(turns: int, mirrored: bool, columns: int, rows: int) -> NDArray[np.float64]:
    """From place on the chart to place on a lattice whose origin is the chart's upper left cell as it lies."""
    m = np.array([[-1.0, 0, columns - 1], [0, 1, 0], [0, 0, 1]]) if mirrored else np.eye(3)
    wide, high = columns, rows
    for _ in range(turns):  # a quarter clockwise: x, y -> high - 1 - y, x
        m = np.array([[0.0, -1, high - 1], [1, 0, 0], [0, 0, 1]]) @ m
        wide, high = high, wide
    return m


def _shifts(size: tuple[int, int], found: tuple[int, int]) -> Iterator[tuple[int, int]]:
    (x0, x1), (y0, y1) = ((min(0, f - s) - 1, max(0, f - s) + 1) for s, f in zip(size, found, strict=True))
    if x1 - x0 > max(size) or y1 - y0 > max(size):
        return
    for x in range(x0, x1 + 1):
        for y in range(y0, y1 + 1):
            yield x, y


def _windows(image: NDArray[Any], to_px: NDArray[np.float64], places: Points, count: int) -> NDArray[np.float32]:
    """Pixels within patches, shape (n, count * count, 3); NaN beyond the image."""
    step = (np.arange(count) + 0.5) / count - 0.5
    within = _WINDOW * np.stack(np.meshgrid(step, step), axis=-1).reshape(1, -1, 2)
    points = cv2.perspectiveTransform((places[:, None, :] + within).astype(np.float64), to_px).astype(np.float32)
    x, y = np.ascontiguousarray(points[..., 0]), np.ascontiguousarray(points[..., 1])
    return np.asarray(cv2.remap(image, x, y, cv2.INTER_LINEAR, None, cv2.BORDER_CONSTANT, (np.nan,) * 3), np.float32)


def _rough_misfit(windows: NDArray[np.float32], lab: NDArray[np.float64]) -> float | None:
    """Mean distance in L*a*b*, large ones cut, of patches from a linear fit; None where too few lie in the image."""
    rgb = windows.mean(axis=1)
    seen = np.isfinite(rgb).all(axis=1)
    if seen.mean() < 0.6:
        return None
    design = np.column_stack([rgb[seen], np.ones(int(seen.sum()))]).astype(np.float64)
    left = lab[seen] - design @ np.linalg.lstsq(design, lab[seen], rcond=None)[0]
    distance = np.full(len(lab), 40.0)
    distance[seen] = np.minimum(np.hypot(np.hypot(left[:, 0], left[:, 1]), left[:, 2]), 40.0)
    return float(distance.mean())


def _patches(image: NDArray[np.float32], lie: _Lie, chart: Chart, name: str) -> ChartScan:
    corner = cv2.perspectiveTransform(np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]]), lie.to_px)[0]
    pitch_px = float(min(np.hypot(*(corner[1] - corner[0])), np.hypot(*(corner[2] - corner[0]))))
    count = int(np.clip(round(_WINDOW * pitch_px), 8, _MOST_SAMPLES))
    windows = _windows(image, lie.to_px, chart.places, count)
    outside = np.asarray(~np.isfinite(windows).all(axis=(1, 2)), np.bool_)
    if outside.any():
        raise ScanError(
            f"The chart in {name} is cut off: {_some(chart.ids, outside)} beyond the scan. Scan the whole chart."
        )
    ids, lab, places = chart.ids, chart.lab, chart.places
    if chart.gray_lab is not None:
        gray = _gray_row(image, lie, chart, windows, count)
        if gray is None:
            raise ScanError(
                f"The gray scale below the grid of the chart in {name} was not found, so the chart is covered, cut off or another "
                "one. Scan the whole chart. If yours has no gray scale, delete its lines (GS0 ...) from a copy of the file."
            )
        ids, lab = (*ids, *chart.gray_ids), np.vstack([lab, chart.gray_lab])
        places, windows = np.vstack([places, gray[0]]), np.concatenate([windows, gray[1]])
    rgb = windows.mean(axis=1)
    if (rgb[lab[:, 0].argmax()] > _CLIPPED).all():
        raise ScanError(
            f"The white of the chart in {name} is clipped to full white. Switch automatic exposure and white point off in the "
            "driver, and scan the chart again with the settings that books are scanned with."
        )
    uneven = _uneven(windows, count)
    saturated = (rgb < _BLACK).any(axis=1) | (rgb > _WHITE).any(axis=1)
    if uneven.mean() > _MOST_UNEVEN or saturated.mean() > _MOST_SATURATED:
        what = "uneven (covered, dirty or missed)" if uneven.mean() > _MOST_UNEVEN else "saturated"
        which = uneven if uneven.mean() > _MOST_UNEVEN else saturated
        raise ScanError(
            f"{which.sum()} of {len(ids)} patches of the chart in {name} are {what}, such as {_some(ids, which)}. Clean the chart "
            "and the glass, lay it flat, switch off what the driver does to colors, and scan again."
        )
    keep = ~(uneven | saturated)
    return ChartScan(
        ids=tuple(name for name, kept in zip(ids, keep, strict=True) if kept),
        lab=lab[keep],
        windows=windows[keep],
        centers=cv2.perspectiveTransform(places[None], lie.to_px)[0][keep],
        turned_deg=90 * lie.turns,
        dropped=tuple(name for name, kept in zip(ids, keep, strict=True) if not kept),
    )


def _gray_row(
    image: NDArray[np.float32], lie: _Lie, chart: Chart, windows: NDArray[np.float32], count: int
) -> tuple[Points, NDArray[np.float32]] | None:
    """Places and pixels of the gray scale, where a row below the grid looks like it."""
    if chart.gray_columns is None or chart.gray_lab is None:
        return None
    rgb = windows.mean(axis=1)
    last = chart.size[1] - 1
    best, found = np.inf, None
    for below in _GRAY_ROWS:
        places = np.column_stack([chart.gray_columns, np.full(len(chart.gray_columns), last + below)])
        seen = _windows(image, lie.to_px, places, count)
        if not np.isfinite(seen).all():
            continue
        errors = _against(rgb, chart.lab, seen.mean(axis=1), chart.gray_lab)
        slope = float(_uneven(seen, count).mean())
        if np.median(errors) < MOST_MEDIAN and np.quantile(errors, 0.9) < MOST_P90 and slope < _MOST_UNEVEN:
            score = float(errors.mean())
            if score < best:
                best, found = score, (places, seen)
    return found


def _against(
    rgb: NDArray[np.float32], lab: NDArray[np.float64], other: NDArray[np.float32], other_lab: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Errors of other patches by a quadratic fit of these; good enough to tell a row of patches from what is no row."""

    def terms(v: NDArray[np.float32]) -> NDArray[np.float64]:
        r, g, b = v.astype(np.float64).T
        return np.column_stack([np.ones_like(r), r, g, b, r * r, g * g, b * b, r * g, g * b, b * r])

    solved = np.linalg.lstsq(terms(rgb), lab, rcond=None)[0]
    return ciede2000(other_lab, terms(other) @ solved)


def _uneven(windows: NDArray[np.float32], count: int) -> NDArray[np.bool_]:
    n = count - count % _BLOCKS
    blocks = windows.reshape(len(windows), count, count, 3)[:, :n, :n]
    means = blocks.reshape(len(windows), _BLOCKS, n // _BLOCKS, _BLOCKS, n // _BLOCKS, 3).mean(axis=(2, 4))
    return np.asarray((means.max(axis=(1, 2)) - means.min(axis=(1, 2))).max(axis=1) > _MOST_SLOPE)


def _some(ids: tuple[str, ...], which: NDArray[np.bool_]) -> str:
    names = [ids[i] for i in np.flatnonzero(which)]
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
