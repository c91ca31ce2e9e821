"""What a reference offers, whether it is a print-ready PDF or an approved copy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import LIGHTS, LINEAR_LUT, SRGB_LUT
from qc.geometry import Affine, Box, Direction, Size, pixel_scaling
from qc.model import BookCopy, ReferenceId
from qc.reference import cache
from qc.resample import shrunk
from qc.units import px_per_mm

MAP_SHRINK = 3
"""Working pixels to a pixel of the maps on which page and copy are compared, 50 dpi."""


@dataclass(frozen=True)
class ReferencePage:
    """One page of the reference.

    Attributes
    ----------
    number : int
    trim : Size
    to_px : Affine
        Page-frame mm (origin: trim corner at head and left) -> pixels of `rgb`, centers at integers.
    draw : callable
        Makes `rgb`, which is asked for once.
    key : str or None
        Where the disk cache keeps what was made of this page for comparing it (`kept`).
    trim_known : bool
        Whether `trim` is where the page is to be cut, or the whole page of the PDF, as nobody stated the trim.
    """

    number: int
    trim: Size
    to_px: Affine
    draw: Callable[[], NDArray[np.uint8]]
    key: str | None = None
    trim_known: bool = True

    @cached_property
    def rgb(self) -> NDArray[np.uint8]:
        """The trim box and `MARGIN_MM` around it: shape (h, w, 3), sRGB, read-only.

        Bleed is shown where the PDF has it; white elsewhere.
        """
        rgb = self.draw()
        rgb.flags.writeable = False
        return rgb

    @cached_property
    def luminance(self) -> NDArray[np.float32]:
        """`rgb` as one plane in linear light."""
        gray = self.kept("gray", lambda: {"gray": cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY)})["gray"]
        return np.asarray(cv2.LUT(gray, LINEAR_LUT), np.float32)

    @cached_property
    def smooth(self) -> NDArray[np.float32]:
        """The page at 75 dpi in linear light, without detail that so coarse a raster would fold; `to_smooth` leads there."""
        return np.asarray(
            cv2.LUT(self.kept("smooth", lambda: _smooth(self.rgb), packed=False)["smooth"], LINEAR_LUT), np.float32
        )

    @cached_property
    def to_smooth(self) -> Affine:
        """Page-frame mm -> pixels of `smooth`."""
        return Affine.scaling(0.5).after(self.to_px)

    @cached_property
    def light(self) -> NDArray[np.float32]:
        """The page at a third of the working resolution: shape (h, w, 3), linear RGB; `to_light` leads there."""
        plane = self.kept("light", lambda: _light(self.rgb))["light"]
        rgb = plane if plane.ndim == 3 else cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB)
        return np.asarray(cv2.LUT(rgb, LINEAR_LUT), np.float32)

    @cached_property
    def to_light(self) -> Affine:
        """Page-frame mm -> pixels of `light`."""
        return pixel_scaling(1 / MAP_SHRINK, 1 / MAP_SHRINK).after(self.to_px)

    def reduced(self, dpi: float) -> NDArray[np.uint8]:
        """The trim box, drawn for it, as one plane at a resolution that divides that of `rgb`; to half a pixel of that in place."""
        factor = round(self.to_px.scale[0] / px_per_mm(dpi))
        width, height = (math.ceil(v * px_per_mm(dpi) - 1e-6) for v in (self.trim.width_mm, self.trim.height_mm))
        light = cv2.LUT(cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY), LINEAR_LUT)
        left, top = np.rint(self.to_px((0.0, 0.0)) + 0.5).astype(int)
        return _encoded(shrunk(light[top : top + height * factor, left : left + width * factor], factor))

    def kept(
        self, name: str, make: Callable[[], dict[str, NDArray[Any]]], packed: bool = True
    ) -> dict[str, NDArray[Any]]:
        """What `make` makes of this page, from the disk cache where it was made before."""
        return cache.arrays(self.key and f"{self.key}-{name}", make, packed)


def _smooth(rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    return {"smooth": _encoded(cv2.pyrDown(cv2.LUT(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY), LINEAR_LUT)))}


def _light(rgb: NDArray[np.uint8]) -> dict[str, NDArray[Any]]:
    """One plane where a page has no color."""
    channels = cv2.split(rgb)
    if all(np.array_equal(channels[0], c) for c in channels[1:]):
        channels = channels[:1]
    return {"light": _encoded(cv2.merge([shrunk(cv2.LUT(c, LINEAR_LUT), MAP_SHRINK) for c in channels]))}


def _encoded(light: NDArray[Any]) -> NDArray[np.uint8]:
    """Light as sRGB in 8 bits: an even tone stays what was drawn."""
    return np.asarray(SRGB_LUT[np.rint(np.clip(light, 0.0, 1.0) * LIGHTS).astype(np.uint16)], np.uint8)


class Reference(Protocol):
    """What was ordered, page by page: a `qc.reference.pdf.PdfReference` or a `qc.reference.approved_copy.CopyReference`.

    `direction` is that in which the book is read, and `direction_by` who says so; empty where nobody does and left-to-right
    is assumed. `bleed_at_right` says at which side odd pages have bleed, where boxes of the file show it at one side only;
    `lopsided`, that this side was assumed. `u_trim_mm` is the standard uncertainty of its trim lines, 0 for a PDF; `u_color`
    that of its colors, dE00; the rest is described there.
    """

    id: ReferenceId
    pages: int
    trim: Size
    trim_known: bool
    trim_by_size: bool
    paper: str | None
    ink: str | None
    direction: Direction
    direction_by: str
    bleed_at_right: bool | None
    lopsided: bool
    u_trim_mm: float
    u_color: float

    def page(self, number: int, /) -> ReferencePage: ...

    def thumbnails(self) -> NDArray[np.uint8]: ...

    def crop(self, number: int, box_mm: Box, dpi: float, /, *, exact: bool = True) -> NDArray[np.uint8]: ...


def direction_of(copy: BookCopy, reference: Reference | None) -> Direction:
    """In which direction a copy is read."""
    return reference.direction if reference is not None else copy.reference.direction or Direction.LTR
