"""Marks that belong to the scanner: seen on the empty glass, or at one place of it in scan after scan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.errors import ScanError
from qc.features.print_marks import PrintMark
from qc.geometry import WORKING_DPI, Affine, Points
from qc.model import PageKind, ScanFile
from qc.normalize.empty_glass import EmptyGlass, frame_of, read_glass
from qc.normalize.open_page import open_page
from qc.normalize.page_kind import Appearance, Mark
from qc.register.page_result import PageResult
from qc.scan.scan_reader import ScanReader
from qc.units import px_per_mm

OTHERS = 8
"""Scans that are looked at for each copy, half of them of each side of the leaves: a duplex scanner has two glasses."""
ENOUGH = 3
"""Scans that must show the place on paper, or the mark, before anything is said."""
MOST = 0.8
"""Share of them that must show the mark, and share of its dark pixels that must be dark there."""
SCATTER_MM = 1.0
"""Pages that lie this differently on the glass tell a mark of the scanner from one of the press."""
APART_MM = 1.6
"""The same, told by the print, which itself is off by up to half a millimeter from page to page."""
SAME_MM = 0.8
"""Marks at one place of the glass scatter by less."""
PAPER = 0.5 * 255
"""Darker surroundings are print or backing and tell nothing."""
AROUND_MM = 2.0
FEW_MARKS, MANY = 8, 12
"""Marks of a page that are looked for in other scans, and that are held against those of other pages."""
GRAIN_MM, GRAIN_ON_BLANK_MM = 0.5, 0.2
"""By which the box of a mark may reach too far: a pixel of the picture it was found in."""
MOST_LOOKS = 24
"""Places of a copy that are looked for in other scans; more of them are another text, or a glass to be cleaned."""
OF_INK = ("spot", "smear", "streak", "void")
ON_GLASS = "with dirt of the scanner that the empty glass shows"
IN_SCANS = "with dirt of the scanner: other scans are dark at the same place of the glass"

Gray = NDArray[np.uint8]
Key = tuple[int, int]
"""Index of a page, and of a mark among its marks."""


@dataclass(frozen=True)
class _Laid:
    """A mark where it lies on the glass: corners of its box in pixels of the scan, its middle in mm of the glass and of the
    sheet, and of a streak the axis of the glass across it."""

    page: int
    mark: PrintMark | Mark
    corners: Points
    on_glass: Points
    on_sheet: Points
    across: int | None

    @property
    def light(self) -> bool:
        return isinstance(self.mark, PrintMark) and self.mark.depth < 0

    def explained_by(self, glass: EmptyGlass) -> bool:
        if isinstance(self.mark, Mark):
            return glass.explains(self.corners, GRAIN_ON_BLANK_MM, 0.0, self.across)
        return glass.explains(self.corners, GRAIN_MM, pi / 4 * self.mark.size_mm**2, self.across)


@dataclass(frozen=True)
class _Seen:
    page: PageResult
    gray: Gray
    from_scan: Affine


def without_dirt_on_glass(
    pages: Sequence[PageResult], reader: ScanReader, glasses: Sequence[ScanFile] = ()
) -> list[PageResult]:
    """The pages, with the scanner's marks taken out of those that they show.

    Parameters
    ----------
    pages : sequence of PageResult
        All of one copy. Without a mark on any nothing is read.
    reader : ScanReader
    glasses : sequence of ScanFile
        Scans of the empty glass; each serves the pages of its frame and resolution.

    Returns
    -------
    list of PageResult
        What is the scanner's stands in `dirt`; a blank page with nothing else is blank with dirt. Where the pages all lie alike,
        the press may have left the same mark on each as well as the scanner: the first page keeps it, for a person to look at,
        and the others have it in `dirt`, too, without being told as dirt.

    Notes
    -----
    A mark is the scanner's if a scan of the empty glass shows it, of the same shape and at the same place; or if three pages
    or more show it at one place of the glass while their print moved; or if its pixels are dark at its place of most other
    scans that show paper there, while the sheets moved. Without a scan of the glass, dust that came or left while the copy was
    scanned is missed and goes to a person; so is a mark where all others have pictures.
    """
    laid = {(i, n): mark for i, page in enumerate(pages) for n, mark in _laid(i, page)}
    if not laid:
        return list(pages)
    shown = [g for scan in glasses if (g := _glass(scan, pages, reader)) is not None]
    by_page = {i: [g for g in shown if g.frame == frame_of(pages[i].job.scan, reader)] for i in {i for i, _ in laid}}
    dirt = {key: ON_GLASS for key, m in laid.items() if any(m.explained_by(g) for g in by_page[m.page])}
    unknown = {key: m for key, m in laid.items() if not by_page[m.page]}
    dirt |= _in_scan_after_scan(pages, unknown, reader)
    return [
        _without(page, {n: why for (k, n), why in dirt.items() if k == i}, bool(by_page.get(i)))
        for i, page in enumerate(pages)
    ]


def _laid(index: int, page: PageResult) -> Iterator[tuple[int, _Laid]]:
    """The marks of a page that dirt may have made, by their number."""
    to_scan, dpi = page.to_scan, page.resolution
    marks, to_px = _marks(page)
    if to_scan is None or dpi is None or to_px is None:
        return
    per_mm = np.array([px_per_mm(dpi.x_dpi), px_per_mm(dpi.y_dpi)])
    lies = np.abs(to_scan.after(to_px).matrix[:, :2]).argmax(axis=1)
    for n, mark in enumerate(marks):
        if mark.code in OF_INK:
            x0, y0, x1, y1 = mark.box_px if isinstance(mark, Mark) else mark.box_mm
            corners = to_scan(to_px([[x0, y0], [x1, y0], [x0, y1], [x1, y1]]))
            size = np.ptp(corners, axis=0)
            across = int(size.argmin()) if mark.code == "streak" else None
            left, top, right, bottom = mark.box_mm
            # along the axes of the glass, as a sheet may lie on its side
            on_sheet = (np.array([left + right, top + bottom]) / 2)[lies]
            yield n, _Laid(index, mark, corners, corners.mean(axis=0) / per_mm, on_sheet, across)


def _marks(page: PageResult) -> tuple[Sequence[PrintMark | Mark], Affine | None]:
    """Marks of a page, of a blank one or of one with print, and the map from their boxes to its working pixels."""
    ink = page.ink
    if page.marks:
        return page.marks, page.measured
    if ink is not None and ink.look is Appearance.DEFECT and ink.kind is PageKind.BLANK:
        return ink.marks, Affine.scaling(1.0)
    return (), None


def _glass(scan: ScanFile, pages: Sequence[PageResult], reader: ScanReader) -> EmptyGlass | None:
    try:
        return read_glass(scan, pages[0].job.settings, reader)
    except ScanError:
        return None


def _without(page: PageResult, dirt: dict[int, str], glass_seen: bool) -> PageResult:
    page = replace(page, glass_seen=glass_seen)
    if not dirt:
        return page
    marks, _ = _marks(page)
    kept = tuple(m for n, m in enumerate(marks) if n not in dirt)
    taken = tuple(m.code for n, m in enumerate(marks) if n in dirt)
    if page.marks:
        return replace(page, marks=tuple(m for m in kept if isinstance(m, PrintMark)), dirt=taken)
    assert page.ink is not None
    left = tuple(m for m in kept if isinstance(m, Mark))
    if left:
        return replace(page, ink=replace(page.ink, marks=left), dirt=taken)
    ink = replace(page.ink, marks=(), reason=f"blank, {next(iter(dirt.values()))}")
    if all(why in (ON_GLASS, IN_SCANS) for why in dirt.values()):
        ink = replace(ink, coverage=0.0, look=Appearance.DIRT)
    return replace(page, ink=ink, dirt=taken)


def _in_scan_after_scan(pages: Sequence[PageResult], laid: dict[Key, _Laid], reader: ScanReader) -> dict[Key, str]:
    """Marks that other scans show at the same place of the glass, and how that is said of a blank page."""
    dirt: dict[Key, str] = {}
    others: list[_Seen] | None = None
    marks = Counter(page for page, _ in laid)
    groups = _at_one_place({key: m for key, m in laid.items() if key[1] <= MANY})
    looks = 0
    for group in groups:
        (first, mark), *_ = group.items()
        sheets = _across(np.array([m.on_sheet for m in group.values()]), mark.across)
        if len({m.page for m in group.values()}) >= ENOUGH and np.ptp(sheets, axis=0).max() > APART_MM:
            dirt |= dict.fromkeys(group, IN_SCANS)
            continue
        if mark.light or marks[mark.page] > FEW_MARKS or looks >= MOST_LOOKS:
            continue
        others = _others(pages, mark.page, reader) if others is None else others
        with_it = _shown(mark, pages[mark.page], others, reader)
        looks += 1
        if with_it and _scatter_mm([pages[mark.page], *with_it]) >= SCATTER_MM:
            dirt |= dict.fromkeys(group, IN_SCANS)
        elif with_it:
            why = f"with a mark at the same place of the scan as on {pages[first[0]].job.scan.name}"
            dirt |= {k: why for k in group if k[0] != first[0]}
    return dirt


def _at_one_place(laid: dict[Key, _Laid]) -> Iterator[dict[Key, _Laid]]:
    """Marks in groups that may be one at one place of the glass, each beginning with its first."""
    keys, marks = list(laid), list(laid.values())
    places = np.array([m.on_glass for m in marks])
    kinds = np.array([(m.light, -1 if m.across is None else m.across) for m in marks])
    free = np.ones(len(marks), bool)
    for k, mark in enumerate(marks):
        if free[k]:
            alike = free & (kinds == kinds[k]).all(axis=1)
            middle = np.median(places[alike & _near(places, mark.on_glass, mark.across)], axis=0)
            group = np.flatnonzero(alike & (_near(places, middle, mark.across) | (places == mark.on_glass).all(axis=1)))
            free[group] = False
            yield {keys[n]: marks[n] for n in group}


def _near(places: Points, place: Points, across: int | None) -> NDArray[np.bool_]:
    return np.asarray(_across(np.abs(places - place), across).max(axis=1) < SAME_MM)


def _across(places: Points, across: int | None) -> Points:
    """The coordinates that count: across a streak, both for all else."""
    return places if across is None else places[:, [across]]


def _others(pages: Sequence[PageResult], marked: int, reader: ScanReader) -> list[_Seen]:
    """Scans to look at, spread over the copy, of the resolution of the marked one."""
    like = [p for p in pages if not p.error and p.to_scan is not None and p.resolution == pages[marked].resolution]
    found = []
    for side in (0, 1):
        group = [p for p in like if p.job.expected_page % 2 == side]
        at = np.unique(np.linspace(0, len(group) - 1, min(OTHERS // 2, len(group))).round().astype(int))
        found += [seen for k in at if (seen := _seen(group[k], reader)) is not None]
    return found


def _seen(page: PageResult, reader: ScanReader) -> _Seen | None:
    job = page.job
    try:
        image = open_page(job.scan, job.settings, job.profile, reader=reader).image
    except ScanError:
        return None
    return _Seen(page, image.gray, image.to_scan.inverse())


def _shown(mark: _Laid, page: PageResult, others: Sequence[_Seen], reader: ScanReader) -> list[PageResult]:
    """Other pages that show a dark mark at its place; none where too few do for it to be the scanner's."""
    own = next((o for o in others if o.page is page), None) or _seen(page, reader)
    here = _place(own.gray, _box(mark.corners, own)) if own is not None else None
    if here is None:
        return []
    inside, paper = here
    level = 1 - (1 - float(inside.min()) / paper) / 2
    dark = inside < level * paper
    votes: dict[int, list[tuple[PageResult, bool]]] = {0: [], 1: []}
    for other in others:
        there = _place(other.gray, _box(mark.corners, other)) if other.page is not page else None
        if there is not None and there[0].shape == dark.shape:
            # A carriage stops within a pixel of where it stopped before.
            nearby = cv2.erode(there[0], np.ones((3, 3), np.uint8))
            is_dark = float((nearby < level * there[1])[dark].mean()) >= MOST
            votes[other.page.job.expected_page % 2].append((other.page, is_dark))
    for group in (votes[0] + votes[1], votes[page.job.expected_page % 2]):
        with_it = [page for page, is_dark in group if is_dark]
        if len(group) >= ENOUGH and len(with_it) >= MOST * len(group):
            return with_it
    return []


def _box(place: Points, seen: _Seen) -> tuple[int, int, int, int]:
    """Where a place of the glass, in pixels of the scan, lies in the image: x0, y0, x1, y1."""
    corners = seen.from_scan(place)
    left, top = np.floor(corners.min(axis=0)).astype(int)
    right, bottom = np.ceil(corners.max(axis=0)).astype(int) + 1
    return int(left), int(top), int(right), int(bottom)


def _place(gray: Gray, box: tuple[int, int, int, int]) -> tuple[Gray, float] | None:
    """Pixels inside the box, and the paper beside it; None where the scan shows no paper around it."""
    x0, y0, x1, y1 = box
    if x0 < 0 or y0 < 0 or x1 > gray.shape[1] or y1 > gray.shape[0]:
        return None
    reach = max(round(AROUND_MM * px_per_mm(WORKING_DPI)), 2)
    wide = gray[max(y0 - reach, 0) : y1 + reach, max(x0 - reach, 0) : x1 + reach].astype(np.float32)
    wide[min(reach, y0) : min(reach, y0) + y1 - y0, min(reach, x0) : min(reach, x0) + x1 - x0] = np.nan
    around = wide[~np.isnan(wide)]
    paper = float(np.median(around)) if around.size else 0.0
    return (gray[y0:y1, x0:x1], paper) if paper > PAPER else None


def _scatter_mm(pages: Sequence[PageResult]) -> float:
    """How differently pages lie on the glass, by their left and upper cut; 0 where fewer than two show them."""
    corners = []
    for page in pages:
        left, top = page.lines[0].ends, page.lines[1].ends
        if left is not None and top is not None and page.to_scan is not None and page.resolution is not None:
            x, y = page.to_scan([[left[:, 0].mean(), top[:, 1].mean()]])[0]
            corners.append((x / px_per_mm(page.resolution.x_dpi), y / px_per_mm(page.resolution.y_dpi)))
    return float(np.ptp(corners, axis=0).max()) if len(corners) > 1 else 0.0
