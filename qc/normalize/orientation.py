"""How a sheet lies in its scan: found, turned upright, and the page frame laid on it roughly."""

from __future__ import annotations

import numpy as np

from qc.edges.dark_backing import Sheet, find_sheet
from qc.geometry import Affine, Size
from qc.model import ScanSettings
from qc.normalize.page_image import PageImage
from qc.units import px_per_mm


def start_on(image: PageImage, sheet: Sheet, trim: Size, scale: float = 1.0) -> Affine:
    """Rough map of the page frame: the trim box laid on the middle of the sheet (or frame), at the believed scale."""
    h, w = image.luminance.shape
    middle = sheet.corners.mean(axis=0) if sheet.corners is not None else np.array([(w - 1) / 2, (h - 1) / 2])
    turn = Affine.scaling(px_per_mm(image.dpi.x_dpi) * scale, px_per_mm(image.dpi.y_dpi) * scale).after(
        Affine.rotation(sheet.angle_deg)
    )
    center = turn(np.array([trim.width_mm, trim.height_mm]) / 2)
    return Affine.shift(*(middle - center)).after(turn)


def sheet_in(image: PageImage, settings: ScanSettings) -> Sheet:
    return find_sheet(image.luminance, (image.dpi.x_dpi, image.dpi.y_dpi), settings.backing, settings.bound)


def sheet_share(image: PageImage, sheet: Sheet, trim: Size) -> tuple[float, float]:
    """Width and height of the sheet as a share of the trim, at the believed resolution."""
    assert sheet.corners is not None
    c = sheet.corners / np.array([px_per_mm(image.dpi.x_dpi), px_per_mm(image.dpi.y_dpi)])
    return float(np.hypot(*(c[1] - c[0]))) / trim.width_mm, float(np.hypot(*(c[3] - c[0]))) / trim.height_mm


def upright(image: PageImage, sheet: Sheet, trim: Size) -> tuple[PageImage, int]:
    """Turn a sheet (or frame) that lies across by a quarter."""
    if sheet.corners is not None:
        dx, dy = sheet.corners[1] - sheet.corners[0], sheet.corners[3] - sheet.corners[0]
        width, height = float(np.hypot(*dx)) / image.dpi.x_dpi, float(np.hypot(*dy)) / image.dpi.y_dpi
    else:
        height, width = image.luminance.shape[0] / image.dpi.y_dpi, image.luminance.shape[1] / image.dpi.x_dpi
    across = (width > height) != (trim.width_mm > trim.height_mm)
    ratio = max(width / height, height / width)
    if across and ratio > 1.08 and abs(trim.width_mm / trim.height_mm - 1) > 0.05:
        return image.turned(1), 1
    return image, 0
