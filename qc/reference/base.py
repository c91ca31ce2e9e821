"""What a reference offers, whether it is a print-ready PDF or an approved copy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import Affine, Box, Direction, Size
from qc.model import BookCopy, ReferenceId
from qc.normalize.page_image import LINEAR_LUT
from qc.reference import cache


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
    def gray(self) -> NDArray[np.uint8]:
        """`rgb` as one plane."""
        return self.kept("gray", lambda: {"gray": cv2.cvtColor(self.rgb, cv2.COLOR_RGB2GRAY)})["gray"]

    @cached_property
    def luminance(self) -> NDArray[np.float32]:
        """`gray` in linear light."""
        return np.asarray(cv2.LUT(self.gray, LINEAR_LUT), np.float32)

    def kept(self, name: str, make: Callable[[], dict[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
        """What `make` makes of this page, from the disk cache where it was made before."""
        return cache.arrays(self.key and f"{self.key}-{name}", make)


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
