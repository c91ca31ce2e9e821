"""A printed sheet of exactly known size on the glass, such as a calibration target: its scan, and true places in it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import pypdfium2
from numpy.typing import NDArray

from qc import units
from qc.synthetic.draw import shifts
from qc.synthetic.leaf import coverage
from qc.synthetic.maps import Map, after, applied, inverse
from qc.synthetic.scanner import Pixels, Scanner, seen
from qc.synthetic.scene import glass

RASTER_DPI = 600.0


@dataclass(frozen=True)
class Sheet:
    """A flat sheet.

    Parameters
    ----------
    reflectance : ndarray, shape (rows, columns), float32
        In linear light, about `RASTER_DPI`.
    size_mm : (float, float)
        Width and height that it shows, as ordered.
    stretch : (float, float, float)
        How its print came out against what was ordered: factors along x and y, and shear.
    """

    reflectance: NDArray[np.float32]
    size_mm: tuple[float, float]
    stretch: tuple[float, float, float] = (1.0, 1.0, 0.0)


@dataclass(frozen=True)
class FlatTruth:
    """Where a point of the scan lies on the glass, and the sheet's millimeters in the scan."""

    to_glass: Map
    to_scan: Map
    shift: NDArray[np.float32] | None

    def glass_mm(self, points_px: NDArray[np.float64]) -> NDArray[np.float64]:
        """True places (mm) on the glass of points of the scan, shape (n, 2)."""
        points = np.asarray(points_px, float)
        if self.shift is not None:
            x, y = (np.ascontiguousarray(points[:, i], np.float32)[None] for i in (0, 1))
            points = points - np.column_stack(
                [cv2.remap(np.ascontiguousarray(self.shift[:, :, i]), x, y, cv2.INTER_LINEAR)[0] for i in (0, 1)]
            )
        return applied(self.to_glass, points)


def sheet_of_pdf(pdf: bytes, paper: float = 0.84, ink: float = 0.04) -> Sheet:
    """The first page of a PDF, printed in black on white."""
    document = pypdfium2.PdfDocument(pdf)
    try:
        gray = document[0].render(scale=RASTER_DPI / 72.0, grayscale=True).to_numpy()
        points = document[0].get_size()
    finally:
        document.close()
    share = gray.reshape(gray.shape[:2]).astype(np.float32) / 255
    width, height = (units.to_mm(v / 72.0, "in") for v in points)
    return Sheet(ink + (paper - ink) * share, (width, height))


def draw_flat(
    sheet: Sheet,
    scanner: Scanner,
    rng: np.random.Generator,
    frame_mm: tuple[float, float] = (216.0, 297.0),
    center_mm: tuple[float, float] | None = None,
) -> tuple[Pixels, FlatTruth]:
    """Draw the gray scan of a sheet.

    Parameters
    ----------
    sheet : Sheet
    scanner : Scanner
        Its geometry, backing, optics and noise; margins and shadows are not used. `skew_deg` may be any quarter turn
        and up to 10 degrees more or less.
    rng : numpy.random.Generator
    frame_mm : (float, float)
        Width and height of the glass that is scanned, at the stated resolution.
    center_mm : (float, float), optional
        Where the middle of the sheet lies; the middle of the frame where it is not given.
    """
    stated = units.px_per_mm(scanner.dpi)
    shape = round(frame_mm[1] * stated), round(frame_mm[0] * stated)
    angle = np.deg2rad(scanner.skew_deg)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    px = np.diag([units.px_per_mm(dpi) for dpi in scanner.true_dpi])
    to_px = np.column_stack([px @ np.array([[1, scanner.shear], [0, 1]]), [-0.5, -0.5]])
    stretch = np.array([[sheet.stretch[0], sheet.stretch[2]], [0, sheet.stretch[1]]])
    middle = np.array(center_mm if center_mm is not None else frame_mm, float) / (1 if center_mm is not None else 2)
    lay = turn @ stretch
    on_glass = np.column_stack([lay, middle - lay @ np.array(sheet.size_mm) / 2])
    to_scan = after(to_px, on_glass)

    finer = max(1, round(RASTER_DPI / scanner.dpi))
    smooth = cv2.blur(sheet.reflectance, (finer, finer), borderType=cv2.BORDER_REPLICATE)
    raster_x, raster_y = np.array(sheet.reflectance.shape[::-1]) / np.array(sheet.size_mm)
    offset = finer // 2 - (finer - 1) / 2 - 0.5  # an even box of pixels is centered between pixels
    back = after(np.array([[raster_x, 0, offset], [0, raster_y, offset]]), inverse(to_scan)).astype(np.float32)
    shift = shifts(scanner, shape, rng)
    x, y = np.arange(shape[1], dtype=np.float32)[None, :], np.arange(shape[0], dtype=np.float32)[:, None]
    if shift is not None:
        x, y = x - shift[:, :, 0], y - shift[:, :, 1]
    at_x = np.asarray(back[0, 0] * x + back[0, 1] * y + back[0, 2], np.float32)
    at_y = np.asarray(back[1, 0] * x + back[1, 1] * y + back[1, 2], np.float32)
    leaf = cv2.remap(smooth, at_x, at_y, cv2.INTER_CUBIC, None, cv2.BORDER_REPLICATE)
    w, h = sheet.size_mm
    corners = applied(to_scan, np.array([[0, 0], [w, 0], [w, h], [0, h]], float))
    corners = np.roll(corners, round(scanner.skew_deg / 90), axis=0)
    cover = coverage(corners, shape, rough_px=None, shift_px=shift)
    light = glass(shape, (float(np.mean(scanner.backing)),), scanner.texture, rng)
    light += cover * (leaf - light)
    return seen(np.asarray(light, np.float32), scanner, rng), FlatTruth(inverse(to_px), to_scan, shift)
