"""The colors of copies against each other: all copies of one page at a time, on the same tiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from qc.copy_reference import CopyReference
from qc.errors import ScanError
from qc.flags import Flag
from qc.geometry import Affine, Size
from qc.measure.between_copies import (
    PageColor,
    PageShift,
    copy_color_difference,
    copy_color_difference_over_pages,
    copy_color_outlier,
    page_shift,
)
from qc.model import BookCopy, Observation, PageKind, ScanFile
from qc.normalize import PageImage
from qc.outline import read_page
from qc.page_result import PageResult
from qc.rectify import rectified, relative, tiles
from qc.scan import ScanHeader, read_header
from qc.worst_pair import WorstPair

DPI_TOLERANCE = 0.05
"""Copies scanned at resolutions further apart were not scanned alike."""


@dataclass(frozen=True)
class _Shown:
    """One page of one copy laid on a page of the base.

    `to_scan` maps page-frame mm of the base to pixels of the scan at full size; `turns` make the scan upright.
    """

    scan: ScanFile
    turns: int
    to_scan: Affine


def compare_colors(
    copies: Sequence[BookCopy],
    base: CopyReference,
    found: Mapping[str, Mapping[int, PageResult]],
    references: Mapping[str, CopyReference],
    threads: int,
    step: Callable[[], None],
    worst: WorstPair,
) -> list[Observation]:
    """Color differences page by page and over the pages, and with three or more copies the color of each.

    Parameters
    ----------
    copies : sequence of BookCopy
        Those that are compared; `base` is one of them.
    base : CopyReference
    found : mapping
        For each other copy, its registered pages by page number of the base.
    references : mapping
        Copies whose own cuts were found: they know their paper where a page shows none.
    threads : int
    step : callable
        Called after each page.
    worst : WorstPair
        Is offered every page.
    """
    pairs = list(combinations([c.id for c in copies], 2))
    flags = _incomparable(copies)
    unlike = {c.id: f for c in copies if (f := _unlike_all(c.id, flags, len(copies)))}

    def look(number: int) -> tuple[list[Observation], PageShift | None, dict[str, PageColor], Size]:
        outline = base.outline(number)
        assert outline is not None
        colors = {}
        for copy in copies:
            shown = _shown(copy.id, number, base, found)
            paper = references[copy.id].bare_paper if copy.id in references else None
            color = None if shown is None else _page_color(copy, shown, outline.size, paper)
            if color is not None:
                colors[copy.id] = color
        alike = {c: v for c, v in colors.items() if c not in unlike}
        seen = copy_color_difference(base.position(number), colors, flags)
        return seen, page_shift(alike), colors, outline.size

    observations: list[Observation] = []
    shifts = []
    with ThreadPoolExecutor(max(threads, 1)) as pool:
        for seen, shift, colors, trim in pool.map(look, base.usable):
            observations += seen
            worst.offer(seen, colors, trim)
            if shift is not None:
                shifts.append(shift)
            step()
    observations += copy_color_difference_over_pages(observations, pairs, flags)
    if len(copies) > 2:
        observations += copy_color_outlier([c.id for c in copies], shifts, unlike)
    return observations


def _shown(copy: str, number: int, base: CopyReference, found: Mapping[str, Mapping[int, PageResult]]) -> _Shown | None:
    """Where the base's page `number` lies in a scan of a copy; None if the copy lacks it."""
    if copy == base.copy.id:
        outline = base.outline(number)
        if outline is None or outline.kind is PageKind.BLANK:
            return None
        return _Shown(base.copy.pages[base.position(number) - 1], 0, outline.to_scan)
    page = found[copy].get(number)
    if page is None or page.registration is None or page.to_scan is None:
        return None
    return _Shown(page.job.scan, page.turns, page.to_scan.after(page.registration.to_px))


def _page_color(copy: BookCopy, shown: _Shown, size: Size, paper: NDArray[np.float64] | None) -> PageColor | None:
    try:
        image: PageImage = read_page(shown.scan, copy.scan).turned(shown.turns)
    except ScanError:
        return None
    to_px = image.to_scan.inverse().after(shown.to_scan)
    light = relative(rectified(image, to_px, size), paper)
    return None if light is None else PageColor(tiles(light[0], size), light[1])


def _incomparable(copies: Sequence[BookCopy]) -> dict[tuple[str, str], str]:
    """Pairs whose colors say nothing of the print, and why."""
    headers = {c.id: _header(c) for c in copies}
    flags: dict[tuple[str, str], str] = {}
    for a, b in combinations(copies, 2):
        first, second = headers[a.id], headers[b.id]
        if _other_scanner(a, b, first, second):
            flags[a.id, b.id] = Flag.DIFFERENT_SCANNERS
        elif first and first.bits == 1:
            flags[a.id, b.id] = Flag.BITONAL
        elif first and first.gray:
            flags[a.id, b.id] = Flag.GRAY_SCAN
    return flags


def _other_scanner(a: BookCopy, b: BookCopy, first: ScanHeader | None, second: ScanHeader | None) -> bool:
    if a.scan.scanner and b.scan.scanner and a.scan.scanner != b.scan.scanner:
        return True
    if first is None or second is None:
        return False
    dpi = [c.scan.dpi or (h.resolution.x_dpi if h.resolution else None) for c, h in ((a, first), (b, second))]
    differ = dpi[0] is not None and dpi[1] is not None and abs(dpi[0] / dpi[1] - 1) > DPI_TOLERANCE
    return differ or first.gray != second.gray or (first.bits == 1) != (second.bits == 1)


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
