"""An approved copy as the reference: its pages, cut out of their scans, in the place of the print-ready PDF's.

The trim line of such a page is where this page was cut. That is known only as well as the cut could be located in its
scan (`CopyReference.u_trim_mm`), and the print of one page lies by chance where it lies: only over several pages does
the copy's trim mean anything.
"""

from __future__ import annotations

import hashlib
import math
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.errors import ReferenceFault, ScanError
from qc.geometry import THUMBNAIL_DPI, Affine, Box, Direction, Size, pixel_scaling
from qc.model import BookCopy, PageKind, ReferenceId, ScanFile
from qc.normalize.flat_field import encoded, raster, rectified, relative
from qc.normalize.open_page import open_page
from qc.normalize.scan_color import U_UNCALIBRATED
from qc.reference.base import ReferencePage
from qc.reference.page_outline import Outline, survey
from qc.reference.title_toml import Title
from qc.scan.image_file import read_pixels, sha256
from qc.units import px_per_mm

U_CUT_MM = 0.010
"""Tone curve, sharpening and edge shape on a dark backing shift a located cut alike on all pages of a copy."""
SIZE_TOLERANCE = 0.05
"""A page further off the trim was not scanned at the resolution its file states, or is no page of this book."""

_PAGES_IN_MEMORY = 4
_REDUCTIONS = (8, 4, 3, 2, 1)
_NOT_SCANNED = "it was not scanned"


class CopyReference:
    """An approved copy, offered as `qc.reference.base.Reference`; safe to share between threads.

    Parameters
    ----------
    copy : BookCopy
        Scanned upright, a page a scan, on black or gray backing.
    title : Title
        What is stated of it; a stated trim is checked against its pages.
    threads : int
        Pages looked at at the same time, once, to find their cuts.

    Attributes
    ----------
    id : ReferenceId
        Its `note` says which pages are unavailable.
    pages : int
        Number of the last page scanned.
    trim : Size
        As stated, else the median of its pages. Each page has its own trim, from cut to cut.
    paper, ink : str or None
        As stated.
    direction, direction_by : Direction, str
        As stated, here or in the copy.toml of these scans; else left to right and empty.
    u_color : float
        dE00, of colors taken as sRGB.
    u_trim_mm : float
        Standard uncertainty of the trim lines (median over edges and pages), because they are cuts located in a scan;
        it adds to that of every offset measured against them.
    unavailable : dict of int to str
        Pages that are not offered, and why: drawn as bare paper.
    usable : tuple of int
        All others.
    bare_paper : ndarray, shape (3,)
        Linear RGB of the copy's paper, median over pages; white where no page shows any.

    Raises
    ------
    ReferenceFault
        No page can be used, or its pages are not of the stated size.

    Notes
    -----
    A dark backing must be visible at all four sides of a page. Not noticed: pages scanned lying on their side or upside
    down, whose edges are then named wrongly. A fault of this copy is missed in every copy that shares it, and found in
    every copy that does not.
    """

    trim_known, trim_by_size = True, False

    def __init__(self, copy: BookCopy, title: Title | None = None, threads: int = 1) -> None:
        title = title or Title()
        self.copy = copy
        self.pages = copy.scan.first_page - 1 + len(copy.pages)
        self.paper, self.ink = title.paper, title.ink
        stated = title.direction or copy.reference.direction
        self.direction, self.direction_by = stated or Direction.LTR, "as stated" if stated else ""
        digest = hashlib.sha256()
        for scan in copy.pages:
            digest.update(f"{_hash(scan)} {scan.frame}\n".encode())
        found = survey(copy, digest.hexdigest(), threads)
        self.trim = _trim(copy, found, title.trim)
        self.bleed_at_right: bool | None = None
        self.lopsided = False
        self._outlines: dict[int, Outline] = {}
        self.unavailable = dict.fromkeys(range(1, copy.scan.first_page), _NOT_SCANNED)
        for number, outline in enumerate(found, copy.scan.first_page):
            if isinstance(outline, str):
                self.unavailable[number] = outline
            elif _off_size(outline.size, self.trim):
                self.unavailable[number] = (
                    f"{copy.pages[self.position(number) - 1].name} measures {_described(outline.size)}, the others "
                    f"{_described(self.trim)}."
                )
            else:
                self._outlines[number] = outline
        self.usable = tuple(self._outlines)
        self.u_color = U_UNCALIBRATED
        self.u_trim_mm = float(np.hypot(np.median([o.u_mm for o in self._outlines.values()]), U_CUT_MM))
        papers = [o.paper for o in self._outlines.values() if o.paper is not None]
        self.bare_paper = np.median(np.array(papers), axis=0) if papers else np.ones(3)
        self.id = ReferenceId("copy", copy.id, digest.hexdigest(), self._doubts(), "scanned, taken as sRGB")
        self._recent = lru_cache(_PAGES_IN_MEMORY)(self._page)

    def page(self, number: int) -> ReferencePage:
        """Page `number`, 1-based, at `WORKING_DPI`, its paper white; bare paper where it is unavailable.

        Raises
        ------
        IndexError
            There is no such page.
        ReferenceFault
            Its scan is not there any more.
        """
        return self._recent(number)

    def thumbnails(self) -> NDArray[np.uint8]:
        """Gray pictures of all pages at `THUMBNAIL_DPI`, shape (pages, h, w), as of a PDF; white if unavailable."""
        width, height = (round(v * px_per_mm(THUMBNAIL_DPI)) for v in (self.trim.width_mm, self.trim.height_mm))
        stack = np.full((self.pages, height, width), 255, np.uint8)
        for number, outline in self._outlines.items():
            if outline.kind is not PageKind.BLANK:
                picture = outline.picture[:height, :width]
                stack[number - 1, : picture.shape[0], : picture.shape[1]] = picture
        return stack

    def crop(self, number: int, box_mm: Box, dpi: float, *, exact: bool = True) -> NDArray[np.uint8]:
        """Picture of a page-frame box, from the scan at full resolution: as scanned, backing and all.

        Parameters
        ----------
        number : int
            1-based.
        box_mm : tuple of float
            x0, y0, x1, y1 in page-frame mm; may reach beyond the page.
        dpi : float
            Of the picture, exact: pixel `i` has its center `i + 0.5` pixels from the edge of the box.
        exact : bool
            Pictures of scans are as exact as they are.

        Returns
        -------
        ndarray, shape (h, w, 3), uint8
            sRGB; white beyond the scan and on pages that are unavailable.
        """
        outline = self.outline(number)
        x0, y0, x1, y1 = box_mm
        scale = px_per_mm(dpi)
        width, height = math.ceil((x1 - x0) * scale - 1e-6), math.ceil((y1 - y0) * scale - 1e-6)
        if outline is None:
            return np.full((height, width, 3), 255, np.uint8)
        to_mm = Affine.shift(x0 + 0.5 / scale, y0 + 0.5 / scale).after(Affine.scaling(1 / scale))
        to_scan = outline.to_scan.after(to_mm)
        shrink = next(r for r in _REDUCTIONS if r == 1 or r <= 1.01 * min(to_scan.scale))
        pixels = self._pixels(number, shrink)
        return np.asarray(
            cv2.warpAffine(
                pixels,
                pixel_scaling(1 / shrink, 1 / shrink).after(to_scan).matrix,
                (width, height),
                flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=(255, 255, 255),
            ),
            np.uint8,
        )

    def outline(self, number: int) -> Outline | None:
        """Where page `number` was cut; None if it is unavailable.

        Raises
        ------
        IndexError
            There is no such page.
        """
        if not 1 <= number <= self.pages:
            raise IndexError(f"page {number} of a reference with {self.pages} pages")
        return self._outlines.get(number)

    def position(self, number: int) -> int:
        """Position of page `number` among the scanned interior pages, 1-based."""
        return number - self.copy.scan.first_page + 1

    def _page(self, number: int) -> ReferencePage:
        outline = self.outline(number)
        size = outline.size if outline else self.trim
        to_px, (width, height) = raster(size)
        rgb = np.full((height, width, 3), 255, np.uint8)
        if outline is not None:
            try:
                image = open_page(self.copy.pages[self.position(number) - 1], self.copy.scan).image
            except ScanError as fault:
                raise ReferenceFault(f"page {number} of {self.copy.id} is gone: {fault}") from fault
            light = rectified(image, image.to_scan.inverse().after(outline.to_scan), size)
            rgb = encoded(relative(light, self.bare_paper))
        return ReferencePage(number, size, to_px, lambda: rgb)

    def _pixels(self, number: int, shrink: int) -> NDArray[np.uint8]:
        try:
            pixels = read_pixels(self.copy.pages[self.position(number) - 1], shrink)
        except ScanError as fault:
            raise ReferenceFault(f"page {number} of {self.copy.id} is gone: {fault}") from fault
        return np.asarray(pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2RGB), np.uint8)

    def _doubts(self) -> str:
        scanned = {n: why for n, why in self.unavailable.items() if why != _NOT_SCANNED}
        if not scanned:
            return ""
        return f"{len(scanned)} of its pages cannot be used: {next(iter(scanned.values()))}"


def _trim(copy: BookCopy, found: list[Outline | str], stated: Size | None) -> Size:
    sizes = [(o.size.width_mm, o.size.height_mm) for o in found if isinstance(o, Outline)]
    if not sizes:
        why = next((o for o in found if isinstance(o, str)), "it has no interior pages.")
        raise ReferenceFault(f"No page of {copy.id} can serve as a reference: {why}")
    seen = Size(*(float(v) for v in np.median(sizes, axis=0)))
    if stated is None:
        return seen
    if _off_size(seen, stated):
        raise ReferenceFault(
            f"The pages of {copy.id} measure {_described(seen)} at the resolution of their scans, and "
            f"{_described(stated)} is stated. One of the two is wrong: check the trim, and the dpi of the scans."
        )
    return stated


def _off_size(size: Size, trim: Size) -> bool:
    shares = size.width_mm / trim.width_mm, size.height_mm / trim.height_mm
    return any(abs(s - 1) > SIZE_TOLERANCE for s in shares)


def _described(size: Size) -> str:
    return f"{size.width_mm:.1f} x {size.height_mm:.1f} mm"


def _hash(scan: ScanFile) -> str:
    try:
        return sha256(scan.path)
    except ScanError:
        return "unreadable"
