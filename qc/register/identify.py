"""Which page of the reference a scan shows, how it lies, and where its print is: candidates, confirmed by registration."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qc.edges.dark_backing import Sheet
from qc.geometry import Affine, Direction, Size, away_from_spine, quarter_turn, side_of, spine_at_left
from qc.normalize.orientation import sheet_share, start_on
from qc.normalize.page_image import PageImage
from qc.normalize.thumbnail import thumbnail
from qc.reference.find import Reference, ReferencePage
from qc.register.page_result import PageJob
from qc.register.prepared_page import prepare
from qc.register.print_shape import on_white
from qc.register.register import USUAL, Prior, Registration, coarse, register
from qc.register.thumbnail_index import index_of
from qc.register.thumbnails import NEIGHBORS, Candidate, candidates, rings
from qc.register.tile_fit import SeenPage
from qc.units import px_per_mm

MIN_SCORE = 0.2
TRIES = 2
"""Candidates of a ring that are registered."""
MOST_COMPARED = 40
"""Pages of a title compared with one that is not among its neighbors, the likeliest ones: more take longer than they help."""
TURN_LEAD = 0.1
"""By how much a page must fit better upside down."""
BENT_MM = 26.0
"""Width of paper at the spine that may leave the glass in an open book; it is not compared."""
MARGIN_MM = 12.0
"""Backing and pages below beside the page, where no outline is seen."""
BELOW_MM = 3.0
"""What an open book usually shows beyond the fore-edge of a page: pages below, cover."""
Match = tuple[PageImage, Candidate, ReferencePage, Registration]


def find_matches(
    image: PageImage, sheet: Sheet, reference: Reference, job: PageJob, turns: int, seen: list[Candidate]
) -> Iterator[Match]:
    """Reference pages that registration confirms, the likeliest first; every candidate looked at is put into `seen`.

    The search widens only while nothing is confirmed.
    """
    trim = reference.trim
    h, w = image.luminance.shape
    plain = without_backing(image, sheet, job)
    seen_at: dict[int, SeenPage] = {}
    for start, prior, options in search_pages(plain, sheet, reference, job):
        seen += options
        if job.forced_page is not None:
            options = [c for c in options if c.page == job.forced_page]
        if job.forced_turns is not None:
            options = [c for c in options if c.turns == (job.forced_turns - turns) % 4]
        confirmed = False
        for option in [c for c in options if c.score > MIN_SCORE][:TRIES]:
            page = reference.page(option.page)
            view, shown, view_start = image, plain, start
            if option.turns:
                view, shown = image.turned(2), plain.turned(2)
                about = Affine.shift(trim.width_mm, trim.height_mm).after(Affine.rotation(180))
                view_start = quarter_turn(2, w, h).after(start).after(about)
            corners = sheet.corners
            if option.turns and corners is not None:
                corners = quarter_turn(2, w, h)(corners)
            if option.turns not in seen_at:
                seen_at[option.turns] = SeenPage(
                    shown.luminance, (px_per_mm(view.dpi.x_dpi), px_per_mm(view.dpi.y_dpi))
                )
            target = prepare(page)
            if job.settings.bound:
                target = target.between(flat_mm(page.number, trim, job.direction))
            started = view_start.after(Affine.shift(*option.shift_mm))
            moving = seen_at[option.turns]
            found = register(target, moving, coarse(target, moving, started), corners, prior)
            if found is not None:
                confirmed = True
                yield view, option, page, found
        if confirmed:
            return


def search_pages(
    image: PageImage, sheet: Sheet, reference: Reference, job: PageJob
) -> Iterator[tuple[Affine, Prior, list[Candidate]]]:
    """Start maps, with what is believed of their scale, and the reference pages that the scan may show by its small picture,
    best first, in an ever wider search: from the neighbors of the expected page to the whole title, then to other scales and
    angles."""
    thumbnails = reference.thumbnails()
    index = index_of(reference)
    shape = (thumbnails.shape[1], thumbnails.shape[2])
    for attempt, (start, prior) in enumerate(_starts(image, sheet, reference.trim, job)):
        picture = thumbnail(image.luminance, start, shape)
        own = index.own(picture)
        for ring, pages in enumerate(rings(job.expected_page, reference.pages)):
            if ring == len(NEIGHBORS):
                if attempt:
                    break
                if len(pages) > MOST_COMPARED:
                    likeness = index.likeness(picture)
                    pages = sorted(pages, key=lambda page: -likeness[page - 1])[:MOST_COMPARED]
            options = [replace(c, own=bool(own[c.page - 1])) for c in candidates(picture, thumbnails, pages)]
            # A page is taken as it lies until the copy as a whole says otherwise.
            options.sort(key=lambda c: -(c.score + (0.0 if c.turns else TURN_LEAD)))
            yield start, prior, options


def without_backing(image: PageImage, sheet: Sheet, job: PageJob) -> PageImage:
    """The image to recognize: where the print lies turned on its sheet, the page frame holds corners of the backing."""
    if not any(shape.turn_deg for shape in job.shapes):
        return image
    return replace(image, luminance=on_white(image.luminance, sheet, 1 / px_per_mm(image.dpi.x_dpi)))


def _starts(image: PageImage, sheet: Sheet, trim: Size, job: PageJob) -> list[tuple[Affine, Prior]]:
    """Start maps to try in turn, with what is believed of their scale: what the print of the copy looks like, where that is
    not as ordered; then as ordered."""
    usual = _usual_starts(image, sheet, trim, job)
    as_printed = [
        (usual[0].after(shape.about(trim)), Prior(shape.scale_x - 1, shape.scale_y - 1)) for shape in job.shapes
    ]
    return as_printed + [(start, USUAL) for start in usual]


def _usual_starts(image: PageImage, sheet: Sheet, trim: Size, job: PageJob) -> list[Affine]:
    """The same for a print as ordered: as believed; at the scale the sheet suggests; turned, where no sheet tells the angle. In
    an open book, the page at the one outer side, then at the other."""
    start = start_on(image, sheet, trim)
    if job.settings.bound:
        h, w = image.luminance.shape
        corners, below = sheet.corners, BELOW_MM
        if corners is None:
            corners, below = np.array([[0, 0], [w, 0], [w, h], [0, h]], float), MARGIN_MM
        left, right = corners[[0, 3]].mean(axis=0), corners[[1, 2]].mean(axis=0)
        half = trim.height_mm / 2
        beside = [
            Affine.shift(*(left - start((-below, half)))).after(start),
            Affine.shift(*(right - start((trim.width_mm + below, half)))).after(start),
        ]
        return beside[::-1] if spine_at_left(side_of(job.expected_page), job.direction) else beside
    if sheet.corners is None:
        middle = np.array([trim.width_mm, trim.height_mm]) / 2
        about = [
            Affine.shift(*middle).after(Affine.rotation(a)).after(Affine.shift(*-middle))
            for a in (-1.5, 1.5, -3, 3, -4.5, 4.5)
        ]
        return [start, *(start.after(a) for a in about)]
    scale = float(np.sqrt(np.prod(sheet_share(image, sheet, trim))))
    return [start, start_on(image, sheet, trim, scale)] if abs(scale - 1) > 0.01 else [start]


def flat_mm(number: int, trim: Size, direction: Direction = Direction.LTR) -> tuple[float, float]:
    """The x (page-frame mm) between which a page lies flat on the glass in its book."""
    return away_from_spine(side_of(number), trim.width_mm, min(BENT_MM, 0.25 * trim.width_mm), direction)


def on_paper(image: PageImage, sheet: Sheet, trim: Size, job: PageJob) -> tuple[Affine, Size]:
    """Rough map of what is paper: of a sheet cut too deep, the backing inside the trim box is none."""
    if job.settings.bound or sheet.corners is None:
        return _usual_starts(image, sheet, trim, job)[0], trim
    across, down = sheet_share(image, sheet, trim)
    size = Size(trim.width_mm * min(across, 1.0), trim.height_mm * min(down, 1.0))
    return start_on(image, sheet, size), size
