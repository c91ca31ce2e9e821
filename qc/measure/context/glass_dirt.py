"""Marks that belong to the scanner: at the same place of the glass in scan after scan, however the pages lie on it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from qc.errors import ScanError
from qc.geometry import WORKING_DPI, Affine, Points
from qc.model import PageKind
from qc.normalize.open_page import open_page
from qc.normalize.page_kind import Appearance, Mark
from qc.register.page_result import PageResult
from qc.scan.scan_reader import ScanReader
from qc.units import px_per_mm

OTHERS = 8
"""Scans that are looked at for each copy, half of them of each side of the leaves: a duplex scanner has two glasses."""
ENOUGH = 3
"""Scans that must show the place on paper before anything is said."""
MOST = 0.8
"""Share of them that must show the mark, and share of its dark pixels that must be dark there."""
SCATTER_MM = 1.0
"""Pages that lie this differently on the glass tell a mark of the scanner from one of the press."""
PAPER = 0.5 * 255
"""Darker surroundings are print or backing and tell nothing."""
AROUND_MM = 2.0
FEW_MARKS = 8

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class _Seen:
    page: PageResult
    gray: Gray
    from_scan: Affine


def without_dirt_on_glass(pages: Sequence[PageResult], reader: ScanReader) -> list[PageResult]:
    """The pages, with marks that the scanner left on blank ones told as dirt.

    Parameters
    ----------
    pages : sequence of PageResult
        All of one copy. Only blank pages with a blob or a streak are looked into; without one nothing is read.
    reader : ScanReader

    Returns
    -------
    list of PageResult
        A page whose marks all lie on the glass is blank with dirt and has none any more. Where the pages all lie alike, the
        press may have left the same mark on each as well as the scanner: the first page keeps it, for a person to look at,
        and the others say that they repeat it.

    Notes
    -----
    A mark lies on the glass if its pixels are dark at the same place of most other scans that show paper there. Dust that
    came or left while the copy was scanned is missed and goes to a person; so is a mark where all others have pictures.
    """
    result = list(pages)
    marked = [i for i, p in enumerate(pages) if p.ink is not None and p.ink.look is Appearance.DEFECT and p.ink.marks]
    others = _others(pages, marked[0], reader) if marked else []
    first = None
    for i in marked:
        page, ink = pages[i], pages[i].ink
        own = next((o for o in others if o.page is page), None) or _seen(page, reader)
        if own is None or ink is None or ink.kind is not PageKind.BLANK or len(ink.marks) > FEW_MARKS:
            continue
        shown = [_shown(m, own, [o for o in others if o.page is not page]) for m in ink.marks]
        with_it = min(shown, key=len)
        if not with_it:
            continue
        if _scatter_mm([page, *with_it]) >= SCATTER_MM:
            reason = (
                f"blank, with dirt of the scanner: the same place of the glass is dark in {len(with_it)} other scans"
            )
            result[i] = replace(page, ink=replace(ink, coverage=0.0, look=Appearance.DIRT, marks=(), reason=reason))
        elif first is None:
            first = page.job.scan.name
        else:
            reason = f"blank, with a mark at the same place of the scan as on {first}"
            result[i] = replace(page, ink=replace(ink, marks=(), reason=reason))
    return result


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


def _shown(mark: Mark, own: _Seen, others: Sequence[_Seen]) -> list[PageResult]:
    """Other pages that show the mark at its place; none where too few do for it to be the scanner's."""
    assert own.page.to_scan is not None
    x0, y0, x1, y1 = mark.box_px
    corners = own.page.to_scan([[x0, y0], [x1, y0], [x0, y1], [x1, y1]])
    here = _place(own.gray, _box(corners, own))
    if here is None:
        return []
    inside, paper = here
    level = 1 - (1 - float(inside.min()) / paper) / 2
    dark = inside < level * paper
    votes: dict[int, list[tuple[PageResult, bool]]] = {0: [], 1: []}
    for other in others:
        there = _place(other.gray, _box(corners, other))
        if there is not None and there[0].shape == dark.shape:
            # A carriage stops within a pixel of where it stopped before.
            nearby = cv2.erode(there[0], np.ones((3, 3), np.uint8))
            is_dark = float((nearby < level * there[1])[dark].mean()) >= MOST
            votes[other.page.job.expected_page % 2].append((other.page, is_dark))
    for group in (votes[0] + votes[1], votes[own.page.job.expected_page % 2]):
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
