"""What the tiles of a copy say of its tones and colors, once the lamp of the scanner is taken out of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from qc.features.color_tiles import ColorTiles, color_tiles
from qc.features.lamp import lamp_taken_out
from qc.features.tiles import ScannedPage
from qc.features.tone_curve import bare_paper, tone_curve
from qc.flags import Flag
from qc.geometry import Side
from qc.measure.catalog import MEASURES
from qc.measure.color_defect import color_defect
from qc.measure.color_difference import color_difference, color_difference_copy, paper_difference
from qc.measure.density_difference import (
    MOST_OF_COPY,
    MOST_OF_FILE,
    U_FILE,
    U_OTHER_SCANNER,
    U_SAME_SCANNER,
    density_difference,
    page_density,
)
from qc.measure.marks_on_print import MarkedPage, marks_on_print
from qc.measure.missing_print import missing_print, with_lost_lines
from qc.model import BookCopy, Observation, PageKind, PageRecord, Where
from qc.normalize.scan_color import SRGB
from qc.reference.approved_copy import CopyReference
from qc.reference.find import Reference
from qc.register.page_result import PageResult

ODD_PLACES = ("pages-duplicated", "pages-out-of-order")


def observe_tones(
    copy: BookCopy, pages: Sequence[PageResult], records: Sequence[PageRecord], reference: Reference
) -> tuple[list[Observation], dict[int, ColorTiles]]:
    """Observations of tone, color, paper, missing print and marks of a copy, and its colors.

    Parameters
    ----------
    copy : BookCopy
    pages : sequence of PageResult
    records : sequence of PageRecord
        Of the interior pages, in the same order.
    reference : Reference

    Returns
    -------
    observations : list of Observation
    colors : dict of int to ColorTiles
        Of its registered pages, by position.
    """
    scanned = _scanned(pages, records)
    even = {p.position: p for p in lamp_taken_out(scanned)}
    curve = tone_curve(list(even.values()))
    common = bare_paper(list(even.values()))
    no_tone = {p.job.position: p.no_tone for p in pages}
    differences, colors = [], {}
    for page, record in zip(pages, records, strict=True):
        position, scan = page.job.position, (page.job.scan.name, page.job.scan.frame)
        if record.same_as is not None:
            continue
        if position not in even:
            differences.append(_not_compared(position, record))
            continue
        tiles = even[position].tiles
        differences.append(color_difference(tiles, position, scan, no_tone[position], reference.u_color))
        if page.trim is not None:
            colors[position] = color_tiles(tiles, page.trim)
    observations = list(differences)
    for page in pages:
        if page.job.position in even:
            of_page = even[page.job.position]
            missing = missing_print(of_page, curve, common)
            # Words stand out against bare paper; on a page printed all over they are a part of a picture.
            marks = page.marks if page.marks and of_page.tiles.paper is not None else ()
            observations.append(with_lost_lines(missing, marks, of_page.scan, of_page.to_scan))
    with_tone = [p for n, p in even.items() if no_tone[n] is not Flag.BITONAL]
    observations.append(_density(copy, pages, with_tone, reference))
    in_color = [p for p in with_tone if no_tone[p.position] is None and p.tiles.paper is not None]
    scanner = in_color[0].tiles.colors if in_color else SRGB
    papers = [p.tiles.paper for p in in_color if p.tiles.paper is not None and p.tiles.colors.id == scanner.id]
    observations.append(paper_difference(papers, reference.paper, scanner))
    management = f"reference {reference.id.colors}; scan taken {scanner.words}"
    seen = [color_difference_copy(differences), *color_defect(with_tone, reference.paper, reference.ink)]
    observations += [_managed(o, management) for o in seen]
    observations += marks_on_print(list(_marked(pages)))
    return observations, colors


def with_unsure_places(tones: Iterable[Observation], sequence: Iterable[Observation]) -> list[Observation]:
    """The observations of tone, those of a page that was there before or is out of place with `Flag.PLACE_UNSURE`: it may be
    a page of something else that looks alike, as a cover does, and lacks what was ordered there.

    Parameters
    ----------
    tones : iterable of Observation
    sequence : iterable of Observation
        With `pages-duplicated` and `pages-out-of-order`.
    """
    unsure = {o.where.page for o in sequence if o.measure in ODD_PLACES and o.value} - {None}
    return [
        replace(o, flags=(*o.flags, Flag.PLACE_UNSURE)) if o.value is not None and o.where.page in unsure else o
        for o in tones
    ]


def _scanned(pages: Sequence[PageResult], records: Sequence[PageRecord]) -> list[ScannedPage]:
    """Registered pages with their tiles."""
    return [
        ScannedPage(
            p.job.position,
            (p.job.scan.name, p.job.scan.frame),
            p.tiles,
            p.to_scan.after(p.registration.to_px),
            record.side is not Side.VERSO,
        )
        for p, record in zip(pages, records, strict=True)
        if p.tiles is not None and p.to_scan is not None and p.registration is not None
    ]


def _not_compared(position: int, record: PageRecord) -> Observation:
    flag = Flag.NOT_REGISTERED
    if record.kind is PageKind.UNREADABLE:
        flag = Flag.UNREADABLE
    elif record.kind is PageKind.BLANK:
        flag = Flag.BLANK
    elif record.kind is PageKind.CONTENT and record.reference_page is None:
        flag = Flag.FOREIGN
    return MEASURES["color-difference"].observe(None, where=Where(page=position), flags=(flag,))


def _managed(observation: Observation, management: str) -> Observation:
    """The observation with a word on how the colors of reference and scan were understood."""
    if observation.value is None:
        return observation
    return replace(observation, detail={**observation.detail, "color_management": management})


def _density(
    copy: BookCopy, pages: Sequence[PageResult], even: Sequence[ScannedPage], reference: Reference
) -> Observation:
    """Density of the copy; how well it is known depends on what the reference is, and what it was scanned on."""
    u, most = U_FILE, MOST_OF_FILE
    if isinstance(reference, CopyReference):
        scanner = copy.scan.scanner
        u = U_SAME_SCANNER if scanner and scanner == reference.copy.scan.scanner else U_OTHER_SCANNER
        most = MOST_OF_COPY
    registered = [p for p in pages if p.tiles is not None]
    flag = Flag.NOT_REGISTERED if not registered else Flag.BITONAL if not even else None
    densities = [page_density(p.tiles, p.position, p.scan, most) for p in even]
    return density_difference([d for d in densities if d is not None], u, flag)


def _marked(pages: Sequence[PageResult]) -> Iterator[MarkedPage]:
    """Registered pages with their marks."""
    for p in pages:
        if p.tiles is not None and p.to_scan is not None and p.registration is not None:
            to_scan = p.to_scan.after(p.registration.to_px)
            yield MarkedPage(p.job.position, (p.job.scan.name, p.job.scan.frame), p.marks, to_scan)
