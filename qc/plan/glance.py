"""What a scan seems to show, by a small picture of it: quick enough for a look at a whole night of copies.

It is the first part of the examination of a page, and stops before registration: what it names is likely, not sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Sheet
from qc.geometry import Size
from qc.model import PageKind
from qc.normalize.ink import INK_DPI, ink_coverage
from qc.normalize.page_image import PageImage
from qc.normalize.thumbnail import thumbnail
from qc.page import checked, lying, read_page, small_picture
from qc.reference.find import Reference
from qc.register.alignment import in_order
from qc.register.collate import ALIKE
from qc.register.identify import MOST_COMPARED, TURN_LEAD, looks, on_paper, sheet_in, sheet_share, start_on
from qc.register.page_result import PageJob, PageResult
from qc.register.recognize import recognized
from qc.register.thumbnail_index import index_of
from qc.register.thumbnails import Candidate, candidates
from qc.units import px_per_mm

CLEAR_LEAD = 0.05
"""Correlation by which a page must fit better than any other to be named at a glance."""
FAR_OFF = 0.12
"""Share of the trim: 11 mm of a page of 90 mm, and half of what the nearest two usual resolutions differ by."""
LEAST_SCORE = 0.3
"""Correlation below which a page is named by no lead; blank paper and dust reach 0.25."""


def glance_page(job: PageJob, reference: Reference | None) -> PageResult:
    """Look at one scan at 75 dpi; never raises for a bad scan.

    Returns
    -------
    PageResult
        With its turn, ink, options and small picture, and the reference page where one stands out; nothing registered, no
        edge, no color.

    Notes
    -----
    Fooled by pages that look alike, by heavy loss of ink and by print that lies more than 11 mm off: such a page has
    options and no reference page.
    """
    result, image = read_page(job, reference, INK_DPI)
    if image is None:
        return result
    if reference is None:
        return _alone(result, image)
    result, image, sheet = lying(result, image, reference)
    if result.ink is not None and result.ink.kind is PageKind.BLANK:
        return checked(result, image, sheet, reference)
    best, seen = _recognized(image, sheet, reference, job)
    if best is None and not seen:
        mirrored = np.ascontiguousarray(_small(image, sheet, reference, job)[:, ::-1])
        match = recognized(mirrored, reference.thumbnails(), index_of(reference))
        if match is not None:
            return checked(replace(result, mirrored=match.page), image, sheet, reference)
        best, seen = _searched(image, sheet, reference, job)
    seen.sort(key=lambda c: -c.score)
    result = replace(result, options=tuple(c for c in seen if c.score > seen[0].score - TURN_LEAD)[:6])
    if best is None:
        return checked(result, image, sheet, reference)
    turns = (result.turns + best.turns) % 4
    return replace(result, reference_page=best.page, turns=turns, picture=small_picture(image))


def in_step(pages: Sequence[PageResult]) -> list[PageResult]:
    """Pages that look like several reference pages, named by the ones before and after them."""
    chain = in_order([[(c.page, c.score) for c in p.options] if p.reference_page else [] for p in pages])
    result = []
    for page, wanted in zip(pages, chain, strict=True):
        option = next((c for c in page.options if c.page == wanted and wanted != page.reference_page), None)
        result.append(replace(page, reference_page=wanted) if option else page)
    return result


def _recognized(
    image: PageImage, sheet: Sheet, reference: Reference, job: PageJob
) -> tuple[Candidate | None, list[Candidate]]:
    """The page that the first look of an inspection sees, and how it lies; only options where others look the same."""
    thumbnails, index = reference.thumbnails(), index_of(reference)
    picture = _small(image, sheet, reference, job)
    first = recognized(picture, thumbnails, index)
    if first is None:
        return None, []
    ways = candidates(picture, thumbnails, [first.page])
    best = max(ways, key=lambda c: c.score + (0.0 if c.turns else TURN_LEAD))
    return (best if index.single(first.page) else None), ways


def _small(image: PageImage, sheet: Sheet, reference: Reference, job: PageJob) -> NDArray[np.float32]:
    start, _ = on_paper(image, sheet, reference.trim, job)
    return thumbnail(image.luminance, start, reference.thumbnails().shape[1:])


def _searched(
    image: PageImage, sheet: Sheet, reference: Reference, job: PageJob
) -> tuple[Candidate | None, list[Candidate]]:
    """The page that stands out from all others in the search of an inspection, and all that were compared."""
    seen: list[Candidate] = []
    believed = None
    for start, _, options in looks(image, sheet, reference, job):
        believed = believed or start
        if start is not believed and not job.settings.bound and _far_off(image, sheet, reference.trim):
            break
        seen += options
        everything = len({c.page for c in seen}) >= min(reference.pages, MOST_COMPARED)
        if best := _outstanding(seen, LEAST_SCORE if everything else ALIKE):
            return best, seen
    return None, seen


def _far_off(image: PageImage, sheet: Sheet, trim: Size) -> bool:
    """Whether a sheet is of another size than any cut gives, so that print found at its scale would prove a resolution
    that is wrong."""
    return sheet.corners is not None and any(abs(s - 1) > FAR_OFF for s in sheet_share(image, sheet, trim))


def _outstanding(seen: Sequence[Candidate], least: float) -> Candidate | None:
    """The reference page that fits clearly better than all others seen, as it lies unless upside down is clearly better."""
    best = max(seen, key=lambda c: c.score + (0.0 if c.turns else TURN_LEAD))
    rival = max((c.score for c in seen if c.page != best.page), default=0.0)
    return best if best.score >= least and best.score >= rival + CLEAR_LEAD else None


def _alone(result: PageResult, image: PageImage) -> PageResult:
    sheet = sheet_in(image, result.job.settings)
    h, w = image.luminance.shape
    size = Size(w / px_per_mm(image.dpi.x_dpi), h / px_per_mm(image.dpi.y_dpi))
    if sheet.corners is not None:
        size = Size(*sheet_share(image, sheet, Size(1.0, 1.0)))
    return replace(
        result,
        backing=sheet.backing.kind,
        ink=ink_coverage(image.luminance, start_on(image, sheet, size), size),
        trim=size,
        picture=small_picture(image),
    )
