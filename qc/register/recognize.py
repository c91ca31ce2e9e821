"""Which reference page each scan of a copy shows, by small pictures: the one recognizer of inspections and plans.

It proposes where each page is looked up and in which order the leaves were scanned; registration decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Sheet
from qc.normalize.orientation import start_on
from qc.normalize.page_image import PageImage
from qc.normalize.thumbnail import thumbnail
from qc.reference.find import Reference
from qc.register.alignment import in_order
from qc.register.identify import on_paper, without_backing
from qc.register.page_result import PageJob, PageResult, Recognition
from qc.register.print_shape import Shape, on_white, search
from qc.register.thumbnail_index import LIKE, PageIndex, index_of
from qc.register.thumbnails import Candidate, candidates
from qc.units import px_per_mm

COMPARED = 4
"""Reference pages whose small pictures are compared with that of a scan, the likeliest ones."""
SCORE = 0.5
"""Correlation of small pictures from which it may."""
RULES = 0.7
"""Correlation from which a scan shows one of the pages that look the same: rules reach 0.8, text 0.5 with rules."""
LEAD = 0.05
"""By how much it must be ahead of every other page in likeness."""


def recognize(image: PageImage, sheet: Sheet, reference: Reference, job: PageJob) -> Recognition:
    """What an upright scan looks like among the pages of a title.

    Notes
    -----
    Scans that lie turned by more than the sheet tells, or at another scale than stated, look like nothing; so does print
    that is scaled or turned on its sheet, unless `job.shapes` says how.
    """
    index = index_of(reference)
    for picture in _pictures(image, sheet, reference, job):
        if ways := match_picture(picture, reference, index):
            page = ways[0].page
            return Recognition(page if index.single(page) else None, index.looks[page - 1], ways=ways)
    # Of a title that is mostly rules, these have nothing of their own.
    rules = candidates(picture, reference.thumbnails(), index.shared[:COMPARED])
    if rules and rules[0].score > RULES:
        return Recognition(look=rules[0].page, ways=tuple(c for c in rules if c.page == rules[0].page))
    mirrored = match_picture(np.ascontiguousarray(picture[:, ::-1]), reference, index)
    return Recognition(mirrored=mirrored[0].page if mirrored else None)


def _pictures(image: PageImage, sheet: Sheet, reference: Reference, job: PageJob) -> Iterator[NDArray[np.float32]]:
    """Small pictures of a scan: as the print of its copy may be scaled and turned, then as ordered."""
    if job.shapes:
        plain = without_backing(image, sheet, job)
        printed = start_on(plain, sheet, reference.trim)
        for shape in job.shapes:
            yield thumbnail(plain.luminance, printed.after(shape.about(reference.trim)), _size(reference))
    yield picture_of(image, sheet, reference, job)


def picture_of(image: PageImage, sheet: Sheet, reference: Reference, job: PageJob) -> NDArray[np.float32]:
    """Small picture of the paper of an upright scan, of the size of the reference's thumbnails."""
    start, _ = on_paper(image, sheet, reference.trim, job)
    return thumbnail(image.luminance, start, _size(reference))


def _size(reference: Reference) -> tuple[int, int]:
    return reference.thumbnails().shape[1], reference.thumbnails().shape[2]


def match_picture(picture: NDArray[np.float32], reference: Reference, index: PageIndex) -> tuple[Candidate, ...]:
    """How a small picture fits the reference page that it shows (with those that look the same) upright and upside down, best
    first; empty where it is not clear which."""
    likeness = index.likeness(picture)
    order = [int(k) + 1 for k in np.argsort(-likeness)[:COMPARED]]
    compared = candidates(picture, reference.thumbnails(), order)
    best = compared[0]
    look = index.looks[best.page - 1]
    other = max((float(likeness[k]) for k in range(len(likeness)) if index.looks[k] != look), default=0.0)
    like = float(likeness[best.page - 1])
    clear = like > max(LIKE, other + LEAD) and best.score > SCORE
    return tuple(c for c in compared if c.page == best.page) if clear else ()


def find_shape(image: PageImage, sheet: Sheet, reference: Reference) -> Shape | None:
    """How the print of an upright scan is scaled and turned on its sheet, wherever that makes it look like a page of the
    title; None where nothing does."""
    index, trim, size = index_of(reference), reference.trim, _size(reference)
    light, start = on_white(image.luminance, sheet, 1 / px_per_mm(image.dpi.x_dpi)), start_on(image, sheet, trim)
    shape, page = search(light, start, trim, size, index)
    found = match_picture(thumbnail(light, start.after(shape.about(trim)), size), reference, index)
    return shape if found and found[0].page == page else None


def expected_pages(pages: Sequence[PageResult], first_page: int) -> list[int]:
    """Reference page at which each scan is looked up first: the one it looks like, else counted on from the nearest page
    that lies in order, else from `first_page`."""
    looks = [p.recognition.page for p in pages]
    chain = in_order([[(page, 1.0)] if page is not None else [] for page in looks])
    known = [(i, p) for i, p in enumerate(chain) if p is not None]
    expected = []
    nearest = 0
    for i, page in enumerate(looks):
        while nearest + 1 < len(known) and abs(known[nearest + 1][0] - i) < abs(known[nearest][0] - i):
            nearest += 1
        counted = max(known[nearest][1] + i - known[nearest][0], 1) if known else i + first_page
        expected.append(page if page is not None else counted)
    return expected


def mirrored_pages(pages: Sequence[PageResult]) -> dict[int, int]:
    """Of positions (1-based), the reference page that the scan shows in a mirror."""
    return {i: page for i, p in enumerate(pages, 1) if (page := p.recognition.mirrored) is not None}
