"""Print whose ink is seen by its color and hardly by its darkness: yellow letters, a tinted rule."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from qc.geometry import Affine, Size
from qc.model import PageKind
from qc.normalize.ink import Ink, ink_coverage
from qc.normalize.page_image import PageImage
from qc.normalize.page_kind import Appearance
from qc.reference.find import Reference
from qc.units import px_per_mm

CHROMA = 14
"""Difference between the channels, against that of the paper, that noise of a scan shrunk by three does not reach."""
LEAST_MM2 = 0.5
BLACK = 0.5
"""Light of the reference below which print is dark enough to be seen on any scan."""


def ink_on(image: PageImage, to_px: Affine, size: Size) -> Ink:
    """Ink on the page: as its luminance shows it, and on a page that seems blank as each channel does.

    Notes
    -----
    Yellow on white takes a tenth of the luminance and half of the blue light. A tint that takes less than 20 % of every
    channel is missed.
    """
    ink = ink_coverage(image.luminance, to_px, size)
    if ink.kind is not PageKind.BLANK or ink.look is Appearance.DEFECT or not image.color or not _has_color(image):
        return ink
    for channel in range(3):
        plane = np.asarray(cv2.LUT(image.pixels[..., channel], image.colors.decode), np.float32)
        seen = ink_coverage(plane, to_px, size)
        if seen.kind is not PageKind.BLANK or seen.look is Appearance.DEFECT:
            return replace(seen, reason=f"{seen.reason}, in color")
    return ink


def _has_color(image: PageImage) -> bool:
    small = cv2.resize(image.pixels, None, fx=1 / 3, fy=1 / 3, interpolation=cv2.INTER_AREA)
    chroma = small.max(axis=2).astype(np.int16) - small.min(axis=2)
    paper = int(np.median(chroma[small.max(axis=2) > 128])) if (small.max(axis=2) > 128).any() else 0
    area = (3 / px_per_mm(image.dpi.x_dpi)) * (3 / px_per_mm(image.dpi.y_dpi))
    return bool((chroma > paper + CHROMA).sum() * area > LEAST_MM2)


def is_black(reference: Reference, page: int) -> bool:
    """Whether a reference page prints anything that no scan can miss: half a square millimeter of at least half black."""
    drawn = reference.page(page)
    sx, sy = drawn.to_px.scale
    return bool((drawn.luminance < BLACK).sum() / (sx * sy) >= LEAST_MM2)
