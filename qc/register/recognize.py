"""A first look at every scan, small and quick: which reference page it shows, before anything is measured on it.

It proposes where each page is looked up and in which order the leaves were scanned; registration decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.edges.dark_backing import Sheet
from qc.errors import ScanError
from qc.model import BookCopy, ScanFile
from qc.normalize.page_image import PageImage, load_page, refuse_small, stated_resolution, true_resolution
from qc.normalize.thumbnail import thumbnail
from qc.reference.base import direction_of
from qc.reference.find import Reference
from qc.register.alignment import in_order
from qc.register.identify import on_paper, sheet_in, start_on, upright, without_backing
from qc.register.page_result import PageJob
from qc.register.print_shape import Shape, on_white, search
from qc.register.thumbnail_index import LIKE, PageIndex, index_of
from qc.register.thumbnails import Candidate, candidates
from qc.scan.image_file import read_header
from qc.scan.same_capture import same_bytes
from qc.units import px_per_mm

LOOK_DPI = 75.0
COMPARED = 4
"""Reference pages whose small pictures are compared with that of a scan, the likeliest ones."""
SCORE = 0.5
"""Correlation of small pictures from which it may."""
RULES = 0.7
"""Correlation from which a scan shows one of the pages that look the same: rules reach 0.8, text 0.5 with rules."""
LEAD = 0.05
"""By how much it must be ahead of every other page in likeness."""


@dataclass(frozen=True)
class Glance:
    """What a scan looks like.

    Attributes
    ----------
    page : int or None
        The one reference page that it looks like; None where there is none, or where others look the same.
    look : int or None
        The first of the reference pages that look like it.
    mirrored : int or None
        The reference page that its mirror image looks like.
    same_as : ScanFile or None
        The scan of the same copy that it repeats; it is not looked at again.
    """

    page: int | None = None
    look: int | None = None
    mirrored: int | None = None
    same_as: ScanFile | None = None


def look(job: PageJob, reference: Reference) -> Glance:
    """Look at one scan; never raises for a bad one.

    Notes
    -----
    Scans that lie turned by more than the sheet tells, or at another scale than stated, look like nothing; so does print
    that is scaled or turned on its sheet, unless `job.shapes` says how.
    """
    seen = _small_scan(job, reference)
    if seen is None:
        return Glance()
    image, sheet = seen
    start, _ = on_paper(image, sheet, reference.trim, job)
    thumbnails = reference.thumbnails()
    index = index_of(reference)
    size = (thumbnails.shape[1], thumbnails.shape[2])
    if job.shapes:
        plain = without_backing(image, sheet, job)
        printed = start_on(plain, sheet, reference.trim)
        for shape in job.shapes:
            picture = thumbnail(plain.luminance, printed.after(shape.about(reference.trim)), size)
            if (found := recognized(picture, thumbnails, index)) is not None:
                return Glance(found.page if index.single(found.page) else None, index.looks[found.page - 1])
    picture = thumbnail(image.luminance, start, size)
    seen_page = recognized(picture, thumbnails, index)
    if seen_page is not None:
        return Glance(seen_page.page if index.single(seen_page.page) else None, index.looks[seen_page.page - 1])
    # Of a title that is mostly rules, these have nothing of their own.
    rules = candidates(picture, thumbnails, index.shared[:COMPARED])
    if rules and rules[0].score > RULES:
        return Glance(look=rules[0].page)
    mirrored = recognized(np.ascontiguousarray(picture[:, ::-1]), thumbnails, index)
    return Glance(mirrored=mirrored.page if mirrored else None)


def shape_of(job: PageJob, reference: Reference) -> Shape | None:
    """How the print of a scan is scaled and turned on its sheet, wherever that makes it look like a page of the title; None
    where nothing does."""
    seen = _small_scan(job, reference)
    if seen is None:
        return None
    image, sheet = seen
    thumbnails, index, trim = reference.thumbnails(), index_of(reference), reference.trim
    size = (thumbnails.shape[1], thumbnails.shape[2])
    light, start = on_white(image.luminance, sheet, 1 / px_per_mm(image.dpi.x_dpi)), start_on(image, sheet, trim)
    shape, page = search(light, start, trim, size, index)
    found = recognized(thumbnail(light, start.after(shape.about(trim)), size), thumbnails, index)
    return shape if found is not None and found.page == page else None


def _small_scan(job: PageJob, reference: Reference) -> tuple[PageImage, Sheet] | None:
    """A scan at `LOOK_DPI`, upright, and the sheet in it; None for one that cannot be used."""
    profile = job.settings.profile
    try:
        header = read_header(job.scan)
        stated = stated_resolution(job.scan, job.settings, header, reference.trim)
        refuse_small(job.scan, header, true_resolution(stated, header, profile))
        image = load_page(job.scan, header, stated, profile, LOOK_DPI)
    except ScanError:
        return None
    sheet = sheet_in(image, job.settings)
    if not job.settings.bound:
        image, turns = upright(image, sheet, reference.trim)
        sheet = sheet_in(image, job.settings) if turns else sheet
    return image, sheet


def recognized(picture: NDArray[np.float32], thumbnails: NDArray[np.uint8], index: PageIndex) -> Candidate | None:
    """The reference page that a small picture shows, with those that look the same for it; None where it is not clear."""
    likeness = index.likeness(picture)
    order = [int(k) + 1 for k in np.argsort(-likeness)[:COMPARED]]
    best = candidates(picture, thumbnails, order)[0]
    look = index.looks[best.page - 1]
    other = max((float(likeness[k]) for k in range(len(likeness)) if index.looks[k] != look), default=0.0)
    like = float(likeness[best.page - 1])
    return best if like > max(LIKE, other + LEAD) and best.score > SCORE else None


def look_at(copy: BookCopy, reference: Reference | None, threads: int, shapes: tuple[Shape, ...] = ()) -> list[Glance]:
    """A look at every interior page of a copy but those that repeat another byte by byte; nothing is recognized without a
    reference."""
    repeated = {i: copy.pages[first] for i, first in same_bytes(copy.pages).items()}
    direction = direction_of(copy, reference)
    jobs = [
        PageJob(i, scan, copy.scan, direction=direction, same_as=repeated.get(i - 1), shapes=shapes)
        for i, scan in enumerate(copy.pages, 1)
    ]

    def glance(job: PageJob) -> Glance:
        if reference is None or job.same_as is not None:
            return Glance(same_as=job.same_as)
        return look(job, reference)

    if threads <= 1:
        return [glance(job) for job in jobs]
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(glance, jobs))


def expected_pages(glances: Sequence[Glance], first_page: int) -> list[int]:
    """Reference page at which each scan is looked up first: the one it looks like, else counted on from the nearest page
    that lies in order, else from `first_page`."""
    chain = in_order([[(g.page, 1.0)] if g.page is not None else [] for g in glances])
    known = [(i, p) for i, p in enumerate(chain) if p is not None]
    expected = []
    nearest = 0
    for i, glance in enumerate(glances):
        while nearest + 1 < len(known) and abs(known[nearest + 1][0] - i) < abs(known[nearest][0] - i):
            nearest += 1
        counted = max(known[nearest][1] + i - known[nearest][0], 1) if known else i + first_page
        expected.append(glance.page if glance.page is not None else counted)
    return expected


def mirrored_pages(glances: Sequence[Glance]) -> dict[int, int]:
    """Of positions (1-based), the reference page that the scan shows in a mirror."""
    return {i: g.mirrored for i, g in enumerate(glances, 1) if g.mirrored is not None}
