"""Find the printed grid in a scan: markers first, then every dot, to about a hundredth of a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from calibration.target import DICTIONARY, DOT_MM, TARGETS, Target, target_of
from qc.errors import ScanError
from qc.geometry import Points, pixel_scaling
from qc.model import Resolution, ScanFile
from qc.normalize.page_image import LINEAR_LUT
from qc.resample import shrunk
from qc.scan.image_file import read_header, read_pixels, sha256
from qc.units import mm_per_px, px_per_mm

MARKER_DPI = 100.0
WINDOW_MM = 2.2
"""Half width of what is looked at around a dot; its neighbor begins 3.5 mm from its middle."""
LEAST_SHARE = 0.75
"""Of the dots; a sheet that is torn, covered or dirty shows fewer."""
MOST_CLIPPED = 0.5
"""Of the paper between the dots at full white."""
LEAST_CONTRAST = 0.25
MOST_DPI_ERROR = 0.05
ROUNDS = 3


@dataclass(frozen=True)
class GridScan:
    """The dots of one scan.

    Attributes
    ----------
    name, sha256 : str
        Of the file.
    sheet : Target
    stated : Resolution
        What the file (or the user) says.
    frame_mm : tuple of float
        Width and height of the scan at the stated resolution.
    on_sheet, seen : ndarray, shape (n, 2)
        Each dot on the target as it should be printed, and in the scan: mm at the stated resolution, from the outer
        corner of the first pixel.
    contrast : float
        Of paper and dots, in linear light.
    """

    name: str
    sha256: str
    sheet: Target
    stated: Resolution
    frame_mm: tuple[float, float]
    on_sheet: Points
    seen: Points
    contrast: float

    @property
    def turns(self) -> int:
        """Clockwise quarter turns of the sheet on the glass."""
        d = np.linalg.lstsq(np.column_stack([self.on_sheet, np.ones(len(self.on_sheet))]), self.seen, rcond=None)[0]
        return round(float(np.rad2deg(np.arctan2(d[0, 1], d[0, 0]))) / 90) % 4


def read_gray(path: Path, dpi: float | None = None) -> tuple[NDArray[np.float32], Resolution]:
    """Linear light of a scan at full resolution, and the resolution that it states or the user does.

    Raises
    ------
    ScanError
        It cannot be read, states no resolution, or has one bit a pixel.
    """
    scan = ScanFile(path, path.name)
    header = read_header(scan)
    stated = Resolution(dpi, dpi) if dpi is not None else header.resolution
    if stated is None:
        raise ScanError(
            f"{path.name} states no resolution that is believed, so it says nothing of the scanner's. Rescan with the "
            "resolution in the file, or pass --dpi N as it was set in the driver."
        )
    if header.bits == 1:
        raise ScanError(f"{path.name} has one bit a pixel, too coarse to calibrate with. Rescan in gray or color.")
    pixels = read_pixels(scan)
    gray = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    return np.asarray(cv2.LUT(gray, LINEAR_LUT), np.float32), stated


def find_grid(path: Path, dpi: float | None = None) -> GridScan:
    """Find the calibration target in a scan.

    Parameters
    ----------
    path : Path
    dpi : float or None
        Stated resolution, believed over the header.

    Raises
    ------
    ScanError
        The scan cannot be used; the message says why and what to do.

    Notes
    -----
    The middle of a dot is the centroid of its darkness in linear light, which blur, tone and gain do not move. Texture
    of the paper and JPEG do, by a few micrometers. The sheet may lie at any angle.
    """
    light, stated = read_gray(path, dpi)
    sheet, homography = _markers(light, stated, path.name)
    scale = np.array([px_per_mm(stated.x_dpi), px_per_mm(stated.y_dpi)])
    start = cv2.perspectiveTransform(sheet.dots[None], homography)[0]
    _refuse_resolution(sheet, start, scale, path.name)
    height, width = light.shape
    inside = ((start > WINDOW_MM * scale) & (start < np.array([width, height]) - 1 - WINDOW_MM * scale)).all(axis=1)
    if not inside.all():
        raise ScanError(
            f"{path.name}: {int((~inside).sum())} of {len(start)} dots of the grid lie at or beyond the rim of the scan. "
            "Lay the whole sheet on the glass and scan without cropping."
        )
    centers, darkness, paper, ink = _centers(light, start, scale)
    contrast = float(np.median(paper) - np.median(ink))
    if contrast < LEAST_CONTRAST:
        raise ScanError(
            f"{path.name}: dots and paper differ by {contrast:.0%} of full light only. Print the target in black on white "
            "paper, and scan without correction of contrast."
        )
    clipped = float((paper > 0.999).mean())
    if (paper == 1).all() and not ink.any():
        raise ScanError(
            f"{path.name} is the grid itself, not a scan of it. Print it at actual size, then scan the print."
        )
    if clipped > MOST_CLIPPED:
        raise ScanError(
            f"{path.name}: the paper is clipped to full white around {clipped:.0%} of the dots, which moves what is found. "
            "Switch off automatic exposure and contrast in the driver and scan again."
        )
    whole = np.pi * (0.5 * DOT_MM) ** 2 * float(np.prod(scale)) * np.maximum(paper - ink, 1e-6)
    good = (np.abs(darkness / whole - 1) < 0.3) & (paper - ink > 0.5 * contrast)
    good &= np.hypot(*((centers - start) / scale).T) < 1.2
    if good.mean() < LEAST_SHARE:
        raise ScanError(
            f"{path.name}: only {int(good.sum())} of {len(good)} dots of the grid are clean. Part of the sheet is covered, "
            "dirty or does not lie flat. Print it again, clean the glass, close the lid."
        )
    return GridScan(
        name=path.name,
        sha256=sha256(path),
        sheet=sheet,
        stated=stated,
        frame_mm=(width / float(scale[0]), height / float(scale[1])),
        on_sheet=sheet.dots[good],
        seen=(centers[good] + 0.5) / scale,
        contrast=contrast,
    )


def _markers(light: NDArray[np.float32], stated: Resolution, name: str) -> tuple[Target, NDArray[np.float64]]:
    """The sheet and the map from its mm to pixels, by the corners of its markers."""
    nx, ny = (max(round(d / MARKER_DPI), 1) for d in (stated.x_dpi, stated.y_dpi))
    small = np.asarray(255 * np.sqrt(np.clip(shrunk(light, nx, ny), 0, 1)), np.uint8)
    found = _detected(small)
    sheet = target_of(list(found))
    if sheet is None:
        if target_of(list(_detected(np.ascontiguousarray(small[:, ::-1])))):
            raise ScanError(f"{name} is mirrored. Switch off mirroring in the driver and scan the printed side.")
        raise ScanError(
            f"{name} does not show the calibration target: no corner marker was found. Print it with `qc calibrate target`, "
            "lay it on the glass print down, and scan at 150 dpi or more."
        )
    seen = {i: corners for i, corners in found.items() if i in sheet.markers}
    if len(seen) < len(sheet.markers):
        raise ScanError(
            f"{name}: only {len(seen)} of the 4 corner markers of the target were found; the others are cut off, covered or "
            "smeared. Lay the whole sheet on the glass and scan without cropping."
        )
    to_full = pixel_scaling(1 / nx, 1 / ny).inverse()
    sheet_mm = np.concatenate([sheet.markers[i] for i in seen])
    pixels = to_full(np.concatenate(list(seen.values())))
    homography, _ = cv2.findHomography(sheet_mm, pixels, 0)
    return sheet, np.asarray(homography, np.float64)


def _detected(small: NDArray[np.uint8]) -> dict[int, Points]:
    parameters = cv2.aruco.DetectorParameters()
    parameters.cornerRefinementMethod = cv2.aruco.CORNER_REFINE_SUBPIX
    detector = cv2.aruco.ArucoDetector(cv2.aruco.getPredefinedDictionary(DICTIONARY), parameters)
    corners, ids, _ = detector.detectMarkers(small)
    if len(corners) == 0:
        return {}
    known = {i for t in TARGETS.values() for i in t.markers}
    pairs = zip(np.asarray(ids).reshape(-1), corners, strict=True)
    return {int(i): np.asarray(c, float).reshape(4, 2) for i, c in pairs if int(i) in known}


def _refuse_resolution(sheet: Target, dots_px: Points, scale: NDArray[np.float64], name: str) -> None:
    design = np.column_stack([sheet.dots, np.ones(len(sheet.dots))])
    linear = np.linalg.lstsq(design, dots_px / scale, rcond=None)[0][:2]
    turned = abs(linear[0, 1]) > abs(linear[0, 0])
    along = [float(np.hypot(*row)) for row in linear]
    x, y = along[::-1] if turned else along
    if max(abs(x - 1), abs(y - 1)) > MOST_DPI_ERROR:
        dpi = [v * mm_per_px(1.0) * s for v, s in zip((x, y), scale, strict=True)]
        stated = [mm_per_px(1.0) * s for s in scale]
        raise ScanError(
            f"{name} states {stated[0]:.0f} x {stated[1]:.0f} dpi, and the target in it has {dpi[0]:.0f} x {dpi[1]:.0f} "
            "dots an inch, more than 5 % off. Either the target was not printed at actual size (100 %), or the scan was "
            "resized. Measure the check bars, print or scan again."
        )


def _centers(
    light: NDArray[np.float32], start: Points, scale: NDArray[np.float64]
) -> tuple[Points, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Centroid, sum of darkness, level of the paper around and of the ink of each dot."""
    reach = np.ceil(WINDOW_MM * scale).astype(int) + 1
    dx, dy = np.arange(-reach[0], reach[0] + 1), np.arange(-reach[1], reach[1] + 1)
    centers = start.copy()
    paper = ink = np.zeros(len(start))
    for number in range(ROUNDS):
        whole = np.clip(np.round(centers).astype(int), reach, np.array(light.shape[::-1]) - 1 - reach)
        patch = light[whole[:, 1, None, None] + dy[:, None], whole[:, 0, None, None] + dx]
        x = whole[:, 0, None, None] + dx - centers[:, 0, None, None]
        y = whole[:, 1, None, None] + dy[:, None] - centers[:, 1, None, None]
        radius = np.hypot(x / scale[0], y / scale[1])
        if number == 0:
            ring = (radius > 0.5 * DOT_MM + 0.35) & (radius < WINDOW_MM)
            core = radius < 0.5 * DOT_MM - 0.5
            paper = np.array([float(np.median(p[r])) for p, r in zip(patch, ring, strict=True)])
            ink = np.array([float(np.median(p[r])) for p, r in zip(patch, core, strict=True)])
        # A soft rim of the window, so that pixels do not jump in and out of it as it moves.
        weight = np.clip((WINDOW_MM - radius) / 0.2, 0, 1)
        dark = weight * np.clip(paper[:, None, None] - patch - 0.06 * (paper - ink)[:, None, None], 0, None)
        total = np.maximum(dark.sum(axis=(1, 2)), 1e-9)
        step = np.column_stack([(dark * x).sum(axis=(1, 2)), (dark * y).sum(axis=(1, 2))]) / total[:, None]
        centers = centers + np.clip(step, -0.5 * scale, 0.5 * scale)
    return centers, total, paper, ink
