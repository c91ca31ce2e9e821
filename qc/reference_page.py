"""What a reference offers, whether it is a print-ready PDF or an approved copy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Size
from qc.model import ReferenceId
from qc.normalize import LINEAR_LUT
from qc.units import to_mm

Box = tuple[float, float, float, float]

WORKING_DPI = 150.0
MARGIN_MM = to_mm(0.125, "in")
THUMBNAIL_DPI = 18.75


@dataclass(frozen=True)
class ReferencePage:
    """One page of the reference.

    `rgb` (h, w, 3), sRGB, read-only, shows the trim box and `MARGIN_MM` around it: bleed where the PDF has it, white
    elsewhere. `to_px` maps page-frame mm (origin: trim corner at head and left) to its pixels, centers at integers.
    """

    number: int
    trim: Size
    rgb: NDArray[np.uint8]
    to_px: Affine

    @cached_property
    def luminance(self) -> NDArray[np.float32]:
        """`rgb` as one plane of linear light."""
        return np.asarray(cv2.LUT(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), LINEAR_LUT), np.float32)


class Reference(Protocol):
    """What was ordered, page by page: a `qc.reference.PdfReference` or a `qc.copy_reference.CopyReference`.

    `u_trim_mm` is the standard uncertainty of its trim lines, 0 for a PDF; `u_color` that of its colors, dE00; the rest is
    described there.
    """

    id: ReferenceId
    pages: int
    trim: Size
    paper: str | None
    ink: str | None
    u_trim_mm: float
    u_color: float

    def page(self, number: int, /) -> ReferencePage: ...

    def thumbnails(self) -> NDArray[np.uint8]: ...

    def crop(self, number: int, box_mm: Box, dpi: float, /) -> NDArray[np.uint8]: ...
