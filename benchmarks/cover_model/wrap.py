"""The design: a full wrap as a PDF, its trim and spine, and its raster."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pypdfium2 as pdfium
from numpy.typing import NDArray

U8 = NDArray[Any]  # uint8
MM = 25.4
RASTER_DPI = 360
# panels (mm) a wrap is tried with: what is left of the TrimBox must be a spine of 3 to 40 mm
TRIMS = {
    "6 x 9 in": (152.4, 228.6),
    "170 x 229 mm": (170.0, 229.0),
    "5 x 8 in": (127.0, 203.2),
    "5.5 x 8.5 in": (139.7, 215.9),
}
SPINE_MM = (3.0, 40.0)


@dataclass(frozen=True)
class Wrap:
    """One design in mm; x runs from the back's fore-edge trim to the front's, y from the head trim down.

    ``corner`` is the trim corner at head and left from the corner of the page.
    """

    path: Path
    trim: str
    width: float
    height: float
    spine: float
    corner: tuple[float, float]

    def fold(self, side: str) -> float:
        """Return where the designed fold lies, mm."""
        return self.width + (self.spine if side == "front" else 0.0)

    def origin(self, side: str) -> float:
        """Return where the panel of a side begins at the left, mm."""
        return self.width + self.spine if side == "front" else 0.0


def read_wrap(path: Path) -> Wrap:
    """Read the geometry of a wrap from its TrimBox."""
    document = pdfium.PdfDocument(path)
    page = document[0]
    left, bottom, right, top = page.get_trimbox()
    x0, _, _, y1 = page.get_mediabox()
    width, height = (right - left) / 72 * MM, (top - bottom) / 72 * MM
    document.close()
    fitting = [
        (name, panel, spine)
        for name, (panel, tall) in TRIMS.items()
        if abs(tall - height) < 0.3 and SPINE_MM[0] < (spine := width - 2 * panel) < SPINE_MM[1]
    ]
    if len(fitting) != 1:
        raise ValueError(f"{path}: a wrap of {width:.1f} x {height:.1f} mm has no trim here, or several")
    name, panel, spine = fitting[0]
    return Wrap(path, name, panel, height, spine, ((left - x0) / 72 * MM, (y1 - top) / 72 * MM))


@lru_cache(maxsize=24)
def raster(path: Path, dpi: float) -> tuple[U8, float, float]:
    """Return the page as R, G, B and its pixels per mm across and down."""
    if dpi == RASTER_DPI:
        document = pdfium.PdfDocument(path)
        page = document[0]
        size = page.get_size()
        image = page.render(scale=dpi / 72, rev_byteorder=True).to_numpy()[..., :3].copy()
        document.close()
    else:
        full, fx, fy = raster(path, RASTER_DPI)
        size = (full.shape[1] / fx / MM * 72, full.shape[0] / fy / MM * 72)
        shape = (round(size[0] * dpi / 72), round(size[1] * dpi / 72))
        image = cv2.resize(full, shape, interpolation=cv2.INTER_AREA)
    return image, image.shape[1] / (size[0] / 72 * MM), image.shape[0] / (size[1] / 72 * MM)


def to_raster(wrap: Wrap, fx: float, fy: float) -> NDArray[Any]:
    """Return the 3 x 3 matrix design mm -> continuous pixels of the raster."""
    dx, dy = wrap.corner
    return np.array([[fx, 0, dx * fx], [0, fy, dy * fy], [0, 0, 1]])
