"""The colors of copies against each other: all copies of one page at a time, on the same tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.compare.worst_pair import WorstPair
from qc.errors import ScanError
from qc.features.page_color import PageColor
from qc.flags import Flag
from qc.geometry import Affine, Size
from qc.measure.color_repeatability import color_repeatability
from qc.measure.copy_color import (
    MIN_COPIES,
    copy_color_difference,
    copy_color_difference_over_pages,
    copy_color_outlier,
    copy_color_outlier_of_page,
    paper_between,
)
from qc.model import BookCopy, Observation, ScanFile
from qc.normalize.flat_field import Light, paper_cells, rectified, tiles
from qc.normalize.open_page import open_page
from qc.normalize.scan_color import SRGB, ScanColor, scan_color
from qc.register.identify import flat_mm
from qc.scan.image_file import ScanHeader, read_header
from qc.scan.scanner_profile import ScannerProfile

DPI_TOLERANCE = 0.05
"""Copies scanned at resolutions further apart were not scanned alike."""
SAME_PAPER = 0.08
"""A page whose brightest parts differ more from the copy's paper than scans of paper do shows a tint, not paper."""
_SCANNER_WHITE = np.ones(3)


@dataclass(frozen=True)
class Shown:
    """Where a scan shows a page: `to_scan` maps page-frame mm to pixels of the scan at full size.

    Only what lies between the two x of `flat_mm` is compared; the rest may be bent.
    """

    scan: ScanFile
    to_scan: Affine
    flat_mm: tuple[float, float] = (float("-inf"), float("inf"))


def shown(scan: ScanFile, to_scan: Affine, copy: BookCopy, page: int, size: Size) -> Shown:
    """A scan that shows page number `page`; of a bound copy without what is bent at the spine."""
    if not copy.scan.bound:
        return Shown(scan, to_scan)
    return Shown(scan, to_scan, flat_mm(page, size))


@dataclass(frozen=True)
class CopyPages:
    """A copy laid on common pages.

    Attributes
    ----------
    shown : mapping of int to Shown
        By number of the common page.
    paper : ndarray, shape (3,), or None
        Light of its bare paper, as scanned; None where no page shows any.
    profile : ScannerProfile or None
        Of the scanner of its scans.
    """

    copy: BookCopy
    shown: Mapping[int, Shown]
    paper: NDArray[np.float64] | None
    profile: ScannerProfile | None = None


def compare_colors(
    copies: Sequence[CopyPages],
    pages: Mapping[int, Size],
    threads: int = 1,
    step: Callable[[], None] | None = None,
    worst: WorstPair | None = None,
) -> list[Observation]:
    """Color differences page by page and over the pages, of the papers, and with three or more copies of each copy.

    Parameters
    ----------
    copies : sequence of CopyPages
    pages : mapping of int to Size
        The common pages by the number that ``where.page`` gets, and their trim.
    threads : int
    step : callable, optional
        Called after each page.
    worst : WorstPair, optional
        Is offered every page.
    """
    ids = [c.copy.id for c in copies]
    pairs = list(combinations(ids, 2))
    flags = _incomparable(copies)
    unlike = {c: f for c in ids if (f := _unlike_all(c, flags, len(ids)))}
    repeatability = color_repeatability(c.profile for c in copies)
    papers = _papers(copies)

    def look(number: int) -> tuple[list[Observation], list[Observation], dict[str, PageColor]]:
        colors = {}
        for c in copies:
            own = c.shown.get(number)
            color = None if own is None else page_color(c, own, pages[number], papers[c.copy.id])
            if color is not None:
                colors[c.copy.id] = color
        alike = {c: v for c, v in colors.items() if c not in unlike}
        seen = copy_color_difference(number, colors, flags, repeatability)
        return seen, copy_color_outlier_of_page(number, alike, repeatability), colors

    observations: list[Observation] = []
    outliers: list[Observation] = []
    bare: dict[str, list[PageColor]] = {c: [] for c in ids}
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        for trim, (seen, outlying, colors) in zip(pages.values(), pool.map(look, pages), strict=True):
            observations += seen
            if worst is not None:
                worst.offer(seen, colors, trim)
            outliers += outlying
            for copy, color in colors.items():
                bare[copy] += [color] if color.paper is not None else []
            if step is not None:
                step()
    overall = copy_color_difference_over_pages(observations, pairs, flags, repeatability)
    observations += [*overall, *paper_between(bare, pairs, flags, repeatability), *outliers]
    if len(ids) >= MIN_COPIES:
        observations += copy_color_outlier(ids, outliers, overall, unlike, repeatability)
    return observations


def _papers(copies: Sequence[CopyPages]) -> dict[str, NDArray[np.float64] | None]:
    """What the pages without paper of each copy are divided by: its own paper, else that of the other copies; None where
    no copy shows any."""
    known = [c.paper for c in copies if c.paper is not None]
    usual = np.median(known, axis=0) if known else None
    return {c.copy.id: usual if c.paper is None else c.paper for c in copies}


def page_color(laid: CopyPages, shown: Shown, size: Size, paper: NDArray[np.float64] | None) -> PageColor | None:
    try:
        image = open_page(shown.scan, laid.copy.scan, laid.profile).image
    except ScanError:
        return None
    to_px = image.to_scan.inverse().after(shown.to_scan)
    color = color_of(rectified(image, to_px, size, cv2.INTER_LINEAR), size, paper, image.colors)
    left = color.corner_mm[0] + color.step_mm * np.arange(color.tiles.shape[1])
    flat = (left >= shown.flat_mm[0]) & (left + color.step_mm <= shown.flat_mm[1])
    return replace(color, usable=np.broadcast_to(flat, color.tiles.shape[:2]))


def color_of(light: Light, size: Size, paper: NDArray[np.float64] | None, colors: ScanColor = SRGB) -> PageColor:
    """Tiles of a rectified page relative to its own paper; where it shows none, to `paper`, that of its copy.

    Without that either, they are relative to the scanner's white, and `as_scanned` says so.
    """
    cells, own = paper_cells(light), None
    if cells is not None:
        own = cells[cells.shape[0] // 2, cells.shape[1] // 2].astype(np.float64)
        if paper is not None and float(np.abs(own / paper - 1).max()) > SAME_PAPER:
            cells, own = None, None
    white = own if own is not None else _SCANNER_WHITE if paper is None else paper
    grid, corner_mm, step_mm = tiles(light, size, white if cells is None else cells)
    return PageColor(
        grid, own, corner_mm, step_mm, as_scanned=cells is None and paper is None, white=white, colors=colors
    )


def _incomparable(copies: Sequence[CopyPages]) -> dict[tuple[str, str], str]:
    """Pairs whose colors say nothing of the print, and why."""
    headers = {c.copy.id: _header(c.copy) for c in copies}
    flags: dict[tuple[str, str], str] = {}
    for a, b in combinations(copies, 2):
        pair = a.copy.id, b.copy.id
        first, second = headers[pair[0]], headers[pair[1]]
        if _other_scanner(a, b, first, second):
            flags[pair] = Flag.DIFFERENT_SCANNERS
        elif first and first.bits == 1:
            flags[pair] = Flag.BITONAL
        elif first and first.gray:
            flags[pair] = Flag.GRAY_SCAN
    return flags


def _other_scanner(a: CopyPages, b: CopyPages, first: ScanHeader | None, second: ScanHeader | None) -> bool:
    if first is None or second is None:
        return _scanner(a) != _scanner(b) and bool(_scanner(a) and _scanner(b))
    if _calibrated(a) and _calibrated(b):
        return first.gray != second.gray
    if _scanner(a) and _scanner(b) and _scanner(a) != _scanner(b):
        return True
    dpi = [c.copy.scan.dpi or (h.resolution.x_dpi if h.resolution else None) for c, h in ((a, first), (b, second))]
    differ = dpi[0] is not None and dpi[1] is not None and abs(dpi[0] / dpi[1] - 1) > DPI_TOLERANCE
    return differ or first.gray != second.gray or (first.bits == 1) != (second.bits == 1)


def _scanner(laid: CopyPages) -> str | None:
    return laid.profile.name if laid.profile is not None else laid.copy.scan.scanner


def _calibrated(laid: CopyPages) -> bool:
    return bool(laid.copy.pages) and scan_color(laid.copy.pages[0], laid.profile).calibrated


def _header(copy: BookCopy) -> ScanHeader | None:
    for scan in copy.pages:
        try:
            return read_header(scan)
        except ScanError:
            continue
    return None


def _unlike_all(copy: str, flags: Mapping[tuple[str, str], str], count: int) -> str | None:
    """The flag of a copy that has fewer than two others to be compared with in color."""
    own = [f for pair, f in flags.items() if copy in pair]
    return own[0] if count - 1 - len(own) < 2 and own else None
