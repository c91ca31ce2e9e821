"""The colors of copies against each other: all copies of one page at a time, on the same tiles. No pixel is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType

import numpy as np

from qc.colorimetry import lab_to_xyz
from qc.errors import ScanError
from qc.features.color_tiles import ColorTiles, Lab
from qc.flags import Flag
from qc.geometry import Edge
from qc.measure.color_repeatability import Repeatability, color_repeatability, least_repeatable
from qc.measure.context.copies_context import CopiesContext, CutPlace
from qc.measure.context.observing import observe_copies
from qc.measure.copy_color import copy_color_difference
from qc.model import BookCopy, Inspection, Observation
from qc.normalize.scan_color import scan_color
from qc.scan.image_file import ScanHeader, read_header
from qc.scan.scanner_profile import ScannerProfile

DPI_TOLERANCE = 0.05
"""Copies scanned at resolutions further apart were not scanned alike."""
SAME_PAPER = 0.08
"""A page whose paper differs more from the copy's than scans of paper do shows a tint, not paper."""


@dataclass(frozen=True)
class Capture:
    """How a copy was scanned, as far as its colors depend on it.

    Attributes
    ----------
    scanner : str or None
        Name of the scanner, where it is known.
    calibrated : bool
        Its colors were checked against a chart.
    repeatability : Repeatability
        What two scans of one page differ by on it.
    header : tuple of (float or None, bool, bool), or None
        Resolution as stated, whether the scans are gray and whether they have one bit a pixel; None where none can be read.
    """

    scanner: str | None = None
    calibrated: bool = False
    repeatability: Repeatability = field(default_factory=Repeatability)
    header: tuple[float | None, bool, bool] | None = None


def capture_of(copy: BookCopy, profile: ScannerProfile | None = None) -> Capture:
    """How a copy was scanned, from its settings, the profile of its scanner and the header of its first page."""
    header = _header(copy)
    dpi = copy.scan.dpi or (header.resolution.x_dpi if header and header.resolution else None)
    return Capture(
        profile.name if profile is not None else copy.scan.scanner,
        bool(copy.pages) and scan_color(copy.pages[0], profile).calibrated,
        color_repeatability(profile),
        None if header is None else (dpi, header.gray, header.bits == 1),
    )


def _header(copy: BookCopy) -> ScanHeader | None:
    for scan in copy.pages:
        try:
            return read_header(scan)
        except ScanError:
            continue
    return None


@dataclass(frozen=True)
class CopyPages:
    """The colors of a copy by number of the common page, on the tiles of that page."""

    id: str
    colors: Mapping[int, ColorTiles]
    capture: Capture = field(default_factory=Capture)


@dataclass(frozen=True)
class PairTiles:
    """One page of two copies: the first stands as `reference` in `tiles`; `page` is the number of the common page."""

    copies: tuple[str, str]
    page: int
    tiles: ColorTiles


def observe_between(
    copies: Sequence[CopyPages],
    cuts: Mapping[str, Mapping[tuple[int, Edge], CutPlace]] = MappingProxyType({}),
    bench_cut: bool = True,
    inspected: Mapping[str, Inspection] = MappingProxyType({}),
    step: Callable[[], None] = lambda: None,
) -> list[Observation]:
    """What all measures between copies observe of these: page by page, over the pages, of their papers, of each copy.

    Parameters
    ----------
    copies : sequence of CopyPages
        ``where.page`` is the number of the common page.
    cuts, bench_cut, inspected, step
        As of `CopiesContext`.
    """
    seen = _on_paper(copies)
    bare = {c.id: [p for n, p in c.colors.items() if _shows_paper(p, seen[c.id][n])] for c in copies}
    repeatability = least_repeatable(c.capture.repeatability for c in copies)
    flags = _incomparable(copies)
    return observe_copies(CopiesContext(cuts, bench_cut, seen, bare, flags, repeatability, inspected, step=step))


def worst_pair(observations: Sequence[Observation], copies: Sequence[CopyPages]) -> PairTiles | None:
    """The pair of copies and the page whose colors differ most; None where none were compared."""
    measured = [
        (o.value, o.where.page, o.where.copies)
        for o in observations
        if o.measure == copy_color_difference.id and o.value is not None and o.where.page and o.where.copies
    ]
    if not measured:
        return None
    _, page, (a, b) = max(measured, key=lambda m: m[0])
    seen = _on_paper(copies)
    return PairTiles((a, b), page, pair_tiles(seen[a][page], seen[b][page]))


def pair_tiles(first: ColorTiles, second: ColorTiles) -> ColorTiles:
    """The colors of one page in two copies."""
    return ColorTiles(first.copy, second.copy, first.usable & second.usable, first.to_mm, first.trim)


def _on_paper(copies: Sequence[CopyPages]) -> dict[str, dict[int, ColorTiles]]:
    """Pages relative to their own paper; those that show none to the copy's, else to that of the other copies, else to the
    scanner's white."""
    papers = {c.id: _paper(c) for c in copies}
    known = [p for p in papers.values() if p is not None]
    usual = np.median(known, axis=0) if known else None
    seen: dict[str, dict[int, ColorTiles]] = {}
    for copy in copies:
        paper = usual if (own := papers[copy.id]) is None else own
        seen[copy.id] = {n: _relative(p, paper) for n, p in copy.colors.items()}
    return seen


def _paper(copy: CopyPages) -> Lab | None:
    """L*a*b* of the paper of a copy, median over pages; None where no page shows any."""
    papers = [p.paper for p in copy.colors.values() if p.paper is not None]
    return np.median(papers, axis=0) if papers else None


def _relative(page: ColorTiles, paper: Lab | None) -> ColorTiles:
    if page.paper is not None and paper is not None:
        off = lab_to_xyz(page.paper) / lab_to_xyz(paper) - 1
        return page.on_paper(paper) if float(np.abs(off).max()) > SAME_PAPER else page
    return page.on_paper(paper)


def _shows_paper(page: ColorTiles, seen: ColorTiles) -> bool:
    return page.paper is not None and seen.paper is page.paper


def _incomparable(copies: Sequence[CopyPages]) -> dict[tuple[str, str], str]:
    """Pairs whose colors say nothing of the print, and why."""
    flags: dict[tuple[str, str], str] = {}
    for a, b in combinations(copies, 2):
        header = a.capture.header
        if apart := _scanned_apart(a.capture, b.capture):
            flags[a.id, b.id] = apart
        elif header and header[2]:
            flags[a.id, b.id] = Flag.BITONAL
        elif header and header[1]:
            flags[a.id, b.id] = Flag.GRAY_SCAN
    return flags


def _scanned_apart(a: Capture, b: Capture) -> Flag | None:
    """What two captures are known to differ by, so that their colors do not compare; None where nothing is."""
    named = Flag.DIFFERENT_SCANNERS if a.scanner and b.scanner and a.scanner != b.scanner else None
    if a.header is None or b.header is None:
        return named
    (dpi_a, gray_a, bitonal_a), (dpi_b, gray_b, bitonal_b) = a.header, b.header
    modes = Flag.DIFFERENT_MODES if gray_a != gray_b else None
    if a.calibrated and b.calibrated:
        return modes
    if bitonal_a != bitonal_b:
        modes = Flag.DIFFERENT_MODES
    differ = dpi_a is not None and dpi_b is not None and abs(dpi_a / dpi_b - 1) > DPI_TOLERANCE
    return named or modes or (Flag.DIFFERENT_RESOLUTIONS if differ else None)
