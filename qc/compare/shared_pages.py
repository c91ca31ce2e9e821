"""The pages that copies have in common, in the frame and the millimeters of one of them: the ruler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from qc.features.color_tiles import ColorTiles, copy_colors
from qc.features.page_maps import page_maps
from qc.features.tiles import ScannedPage, page_tiles
from qc.geometry import Affine, Edge, Side, Size, edge_names, side_of
from qc.measure.context.copies_context import CutPlace
from qc.measure.details import TrimOffsetDetail
from qc.measure.trim_offset import trim_offset
from qc.model import BookCopy, PageKind, ScanFile, ScanSettings
from qc.normalize.open_page import open_page
from qc.reference.approved_copy import CopyReference
from qc.reference.base import ReferencePage
from qc.reference.page_outline import Outline
from qc.register.page_result import PageResult
from qc.scan.scanner_profile import ScannerProfile


@dataclass(frozen=True)
class Found:
    """Registered pages of another copy, and their colors, by page number of the ruler."""

    pages: Mapping[int, PageResult]
    colors: Mapping[int, ColorTiles]


NOTHING = Found({}, {})


@dataclass(frozen=True)
class PageScan:
    """Where a scan shows a common page, as its print lies.

    Attributes
    ----------
    scan : ScanFile
    to_scan : Affine
        Millimeters of the common page, origin at the ruler's cut corner, to pixels of the scan at full size.
    cuts_mm : mapping of Edge to float
        How far out it was cut against the ruler, at the edges where that is known.
    """

    scan: ScanFile
    to_scan: Affine
    cuts_mm: Mapping[Edge, float]


@dataclass(frozen=True)
class CommonPage:
    """A page that copies have in common: the size of the ruler's, the names of its left, top, right and bottom edge, and where
    each copy shows it."""

    size: Size
    edges: tuple[Edge, Edge, Edge, Edge]
    scans: Mapping[str, PageScan]


@dataclass(frozen=True)
class Ruler:
    """A copy that others are laid on.

    Attributes
    ----------
    reference : CopyReference
    places : mapping of int to int
        Its usable pages by number -> ``where.page``.
    sides : mapping of int to Side
        Of these pages.
    """

    reference: CopyReference
    places: Mapping[int, int]
    sides: Mapping[int, Side]

    @property
    def copy(self) -> BookCopy:
        return self.reference.copy

    def _outline(self, number: int) -> Outline:
        outline = self.reference.outline(number)
        assert outline is not None
        return outline

    @property
    def printed(self) -> tuple[int, ...]:
        """Numbers of the pages that bear print of the title: an imprint is printed elsewhere on each copy."""
        return tuple(n for n in self.places if self._outline(n).kind not in (PageKind.BLANK, PageKind.IMPRINT))

    def own_cuts(self) -> dict[tuple[int, Edge], CutPlace]:
        """Where the ruler itself was cut: at 0, as well as its edges were found."""
        cuts = {}
        for number in self.printed:
            for edge, u in zip(edge_names(self.sides[number]), self._outline(number).u_mm, strict=True):
                cuts[self.places[number], edge] = CutPlace(0.0, u)
        return cuts

    def cuts(self, found: Found) -> dict[tuple[int, Edge], CutPlace]:
        """Where another copy was cut."""
        cuts = {}
        for number, page in found.pages.items():
            assert page.trim is not None and page.to_scan is not None
            place, scan = self.places[number], (page.job.scan.name, page.job.scan.frame)
            left, top, right, bottom = page.lines
            lines, names = (left, top, right, bottom), edge_names(self.sides[number])
            for o in trim_offset(lines, names, page.registration, page.trim, place, None, scan, page.to_scan):
                assert o.where.edge is not None
                detail = TrimOffsetDetail.of(o)
                u = float(np.hypot(detail.u_edge, detail.u_registration)) if o.value is not None else 0.0
                cuts[place, o.where.edge] = CutPlace(o.value, u, o.flags[0] if o.flags else "")
        return cuts

    def shows(self, number: int, found: Mapping[str, Found]) -> dict[str, tuple[ScanFile, Affine]]:
        """By copy the scan that shows a page, the ruler's own first, and mm of the page to its pixels."""
        own = self.copy.pages[self.reference.position(number) - 1], self._outline(number).to_scan
        scans = {self.copy.id: own}
        for copy, seen in found.items():
            page = seen.pages.get(number)
            if page is not None and page.to_scan is not None and page.registration is not None:
                scans[copy] = page.job.scan, page.to_scan.after(page.registration.to_px)
        return scans

    def size(self, number: int) -> Size:
        """Of a page, from cut to cut."""
        return self._outline(number).size

    def own_colors(self, profile: ScannerProfile | None = None) -> dict[int, ColorTiles]:
        """The colors of its printed pages by number; `profile` is that of its scanner."""
        pages = [self._own_page(n, profile) for n in self.printed]
        return copy_colors(pages, {n: self._outline(n).size for n in self.printed})

    def _own_page(self, number: int, profile: ScannerProfile | None) -> ScannedPage:
        scan, to_scan = self.copy.pages[self.reference.position(number) - 1], self._outline(number).to_scan
        page = scanned_page(scan, self.copy.scan, to_scan, self.reference.page(number), profile)
        return replace(page, recto=self.sides[number] is Side.RECTO)


def scanned_page(
    scan: ScanFile, settings: ScanSettings, to_scan: Affine, page: ReferencePage, profile: ScannerProfile | None = None
) -> ScannedPage:
    """A page and its tiles from a scan of which it is known where it shows the page: `to_scan` maps page-frame mm to pixels of
    the scan at full size.

    Raises
    ------
    ScanError
        The scan cannot be read.
    """
    image = open_page(scan, settings, profile).image
    tiles = page_tiles(page_maps(image, page, image.to_scan.inverse().after(to_scan)))
    return ScannedPage(page.number, (scan.name, scan.frame), tiles.compact(), to_scan)


def base_ruler(reference: CopyReference) -> Ruler:
    """The copy whose positions count in ``where.page``."""
    pages = reference.usable
    return Ruler(reference, {n: reference.position(n) for n in pages}, {n: side_of(n) for n in pages})


def common_pages(
    laid_on: Sequence[tuple[Ruler, Mapping[str, Found]]], cuts: Mapping[str, Mapping[tuple[int, Edge], CutPlace]]
) -> dict[int, CommonPage]:
    """Where the scans show each page that was compared, by ``where.page``."""
    pages = {}
    for ruler, found in laid_on:
        for number in ruler.printed:
            place, edges = ruler.places[number], edge_names(ruler.sides[number])
            scans = {}
            for copy, (scan, to_scan) in ruler.shows(number, found).items():
                known = {e: c.value_mm for e in edges if (c := cuts[copy].get((place, e))) is not None}
                scans[copy] = PageScan(scan, to_scan, {e: mm for e, mm in known.items() if mm is not None})
            pages[place] = CommonPage(ruler.size(number), edges, scans)
    return pages


def second_ruler(base: Ruler, references: Sequence[CopyReference], found: Mapping[str, Found]) -> Ruler | None:
    """For pages that the base lacks: the copy with most printed pages that are not in the base; None where no copy has any.

    They count on after the last page of the base. Which are rectos follows from the pages around them that the base has: a
    copy may lack a single page, after which its own count says otherwise.
    """
    best: tuple[CopyReference, list[int]] | None = None
    for reference in references:
        paired = {page.job.scan for page in found[reference.copy.id].pages.values()}
        numbers = [
            n for n in base_ruler(reference).printed if reference.copy.pages[reference.position(n) - 1] not in paired
        ]
        if numbers and (best is None or len(numbers) > len(best[1])):
            best = reference, numbers
    if best is None:
        return None
    reference, numbers = best
    shift = {page.job.position: n - page.job.position for n, page in found[reference.copy.id].pages.items()}
    places, sides = {}, {}
    for place, n in enumerate(numbers, len(base.copy.pages) + 1):
        position = reference.position(n)
        near = min(shift, key=lambda p: abs(p - position))
        places[n], sides[n] = place, side_of(position + shift[near])
    return Ruler(reference, places, sides)
