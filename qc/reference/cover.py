"""The ordered cover as a reference of two pages: the front panel is page 1, the back panel page 2.

Each is trimmed where it is folded and cut, so that a closed copy scanned front and back is registered and measured like two
pages of a book.
"""

from __future__ import annotations

from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.geometry import MARGIN_MM, THUMBNAIL_DPI, WORKING_DPI, Affine, Box, Direction, Size
from qc.model import ReferenceId
from qc.reference import cache
from qc.reference.base import ReferencePage
from qc.reference.cover_page import cover_key, draw_cover
from qc.reference.spine_art import SpineArt, read_spine_art
from qc.reference.wrap import Panel, Wrap
from qc.scan.image_file import sha256
from qc.units import px_per_mm

BESIDE_FOLD_MM = 9.0
PANELS = {1: Panel.FRONT, 2: Panel.BACK}
"""By page number."""


class CoverReference:
    """A full-wrap ``cover.pdf``, panel by panel; a `qc.reference.base.Reference`. Safe to share between threads.

    Attributes
    ----------
    wrap : Wrap
        Where it is folded and cut.
    trim : Size
        Of a panel, from fold to fore-edge; pages have their own where the two differ.

    Notes
    -----
    Drawn as `PdfReference` draws pages. The PDF must not change while it is in use.
    """

    pages = 2
    trim_known = True
    trim_by_size = False
    paper: str | None = None
    ink: str | None = None
    bleed_at_right: bool | None = None
    lopsided = False
    u_trim_mm = 0.0
    u_color = 0.0
    direction_by = "as stated"

    def __init__(self, path: Path, name: str, wrap: Wrap) -> None:
        self._path, self.wrap = path, wrap
        self.direction: Direction = wrap.direction
        self._boxes = {number: wrap.panel(side) for number, side in PANELS.items()}
        left, top, right, bottom = self._boxes[1]
        self.trim = Size(right - left, bottom - top)
        self.id = ReferenceId("pdf", name, sha256(path))
        self._thumbnails = lru_cache(1)(self._all_thumbnails)
        self._recent = lru_cache(self.pages)(self._page)

    def page(self, number: int) -> ReferencePage:
        """The front panel (1) or the back panel (2) at `WORKING_DPI`, with bleed and spine around it."""
        return self._recent(number)

    def thumbnails(self) -> NDArray[np.uint8]:
        """Gray pictures of both panels at `THUMBNAIL_DPI`, shape (2, h, w)."""
        return self._thumbnails()

    def crop(self, number: int, box_mm: Box, dpi: float, /, *, exact: bool = True) -> NDArray[np.uint8]:
        """Picture of a box in the frame of a panel, as `PdfReference.crop`; what lies beyond the fold is shown, too."""
        x0, y0, x1, y1 = box_mm
        left, top = self._boxes[number][:2]
        return draw_cover(self._path, dpi, (left + x0, top + y0, left + x1, top + y1))

    @cached_property
    def spine_art(self) -> SpineArt:
        """What lies near its folds."""
        return read_spine_art(self._path, self.wrap)

    def beside_fold(self, number: int, *, spine: bool = False) -> ReferencePage:
        """As `page`, what lies `BESIDE_FOLD_MM` to either side of its fold; with the whole `spine`, which a lens sees in part."""
        width, height = self.page(number).trim.width_mm, self.page(number).trim.height_mm
        beyond = max(BESIDE_FOLD_MM, self.wrap.spine_mm + MARGIN_MM if spine else 0.0)
        toward_right = self.wrap.toward_spine(PANELS[number]) > 0
        left, right = (width - BESIDE_FOLD_MM, width + beyond) if toward_right else (-beyond, BESIDE_FOLD_MM)
        return self._drawn(number, (left, -MARGIN_MM, right, height + MARGIN_MM), "fold")

    def _page(self, number: int) -> ReferencePage:
        left, top, right, bottom = self._boxes[number]
        return self._drawn(
            number, (-MARGIN_MM, -MARGIN_MM, right - left + MARGIN_MM, bottom - top + MARGIN_MM), "panel"
        )

    def _drawn(self, number: int, shown: Box, name: str) -> ReferencePage:
        """A panel of which the box `shown` is drawn, in its own frame."""
        left, top, right, bottom = box = self._boxes[number]
        scale = px_per_mm(WORKING_DPI)
        return ReferencePage(
            number,
            Size(right - left, bottom - top),
            Affine.shift(-shown[0] * scale - 0.5, -shown[1] * scale - 0.5).after(Affine.scaling(scale)),
            lambda: self.crop(number, shown, WORKING_DPI),
            cover_key(self._path, f"{name}-{number}", (box, shown)),
        )

    def _all_thumbnails(self) -> NDArray[np.uint8]:
        width, height = (round(v * px_per_mm(THUMBNAIL_DPI)) for v in (self.trim.width_mm, self.trim.height_mm))
        key = cover_key(self._path, "panels", (self._boxes, width, height))
        return cache.arrays(key, lambda: {"all": np.stack([self._thumbnail(n, width, height) for n in PANELS])})["all"]

    def _thumbnail(self, number: int, width: int, height: int) -> NDArray[np.uint8]:
        left, top, right, bottom = self._boxes[number]
        picture = self.crop(number, (0.0, 0.0, right - left, bottom - top), THUMBNAIL_DPI)[:height, :width]
        page = np.full((height, width), 255, np.uint8)
        page[: picture.shape[0], : picture.shape[1]] = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        return page
