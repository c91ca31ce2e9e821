"""The scans of a cover: opened, registered to the panels of the wrap, and their edges and folds located.

A closed copy shows one panel a scan, and its fold is an edge. A wrap that lies flat shows both, in one scan or in two that overlap,
and its folds are creases.
"""

from __future__ import annotations

from dataclasses import replace

from qc.edges.cover_edge import find_cover_edge
from qc.edges.crease import Designed, find_creases
from qc.edges.dark_backing import EdgeLine
from qc.features.page_maps import page_maps
from qc.features.tiles import page_tiles
from qc.flags import Flag
from qc.geometry import SIDES, Affine, Edge, edge_names, side_of
from qc.model import BookCopy, Role, ScanFile
from qc.normalize.page_image import PageImage
from qc.normalize.small_picture import small_picture
from qc.reference.base import ReferencePage
from qc.reference.cover import PANELS, CoverReference
from qc.register.cover_panel import find_panel
from qc.register.open_scan import open_job
from qc.register.page_edges import ordered_in_detail
from qc.register.page_result import PageJob, PageResult
from qc.scan.scan_reader import ScanReader
from qc.scan.scanner_profile import ScannerProfile

CLOSED = {Role.COVER_FRONT: 1, Role.COVER_BACK: 2}
"""Number of the panel that a scan of a closed copy should show."""
Seen = tuple[PageResult, PageImage | None]


def see_cover(
    copy: BookCopy, cover: CoverReference, profile: ScannerProfile | None, reader: ScanReader
) -> list[PageResult]:
    """What the scans of a cover show, without its edges; never raises for a bad scan.

    `reference_page` is the panel that it shows, whatever its name says; a flat wrap gives one result a panel.
    """
    return [seen for seen, _ in _seen(copy, cover, profile, reader)]


def measure_cover(
    copy: BookCopy, cover: CoverReference, profile: ScannerProfile | None, reader: ScanReader
) -> list[PageResult]:
    """As `see_cover`, with the edges and tiles of each side whose print confirms what it shows."""
    found = _seen(copy, cover, profile, reader)
    measured = [_measured(result, image, cover) for result, image in found]
    flat = {r.reference_page: n for n, r in enumerate(measured) if is_flat(r) and r.registration is not None}
    if len(flat) == 2:
        (one, other) = flat.values()
        designed = [_designed(measured[n], found[n][1], cover) for n in (one, other)]
        for n, crease in zip((one, other), find_creases(designed[0], designed[1]), strict=True):
            measured[n] = _with_fold(measured[n], crease, cover)
    return measured


def cover_pictures(copy: BookCopy, profile: ScannerProfile | None, reader: ScanReader) -> dict[tuple[str, int], bytes]:
    """Small pictures of the scans of a cover as they lie, by name and frame: other copies are held against them."""
    found = {}
    for scan in cover_scans(copy):
        _, opened = open_job(PageJob(1, scan, replace(copy.scan, bound=False), profile), None, reader)
        if opened is not None:
            found[scan.name, scan.frame] = small_picture(opened.image)
    return found


def is_flat(result: PageResult) -> bool:
    """Whether it is of a wrap that lies flat."""
    return result.job.scan.role is Role.COVER_WRAP


def cover_scans(copy: BookCopy) -> list[ScanFile]:
    """Scans of the outside of the cover."""
    return [s for s in copy.scans if (s.role in CLOSED or s.role is Role.COVER_WRAP) and not s.inside]


def _seen(copy: BookCopy, cover: CoverReference, profile: ScannerProfile | None, reader: ScanReader) -> list[Seen]:
    # Whatever is stated of the pages, all edges of a cover are seen.
    settings = replace(copy.scan, bound=False, first_page=1)
    found: list[Seen] = []
    flat: dict[int, Seen] = {}
    for scan in cover_scans(copy):
        for number in [CLOSED[scan.role]] if scan.role in CLOSED else list(PANELS):
            job = PageJob(number, scan, settings, profile, direction=cover.direction)
            if scan.role in CLOSED:
                found.append(_see(job, cover, reader))
            elif _worth(seen := _see(job, cover, reader, number)) > (_worth(flat[number]) if number in flat else -2.0):
                flat[number] = seen
    return found + list(flat.values())


def _worth(seen: Seen) -> float:
    registration = seen[0].registration
    return registration.correlation if registration is not None else -1.0


def _see(job: PageJob, cover: CoverReference, reader: ScanReader, only: int | None = None) -> Seen:
    """What a scan shows, and the scan turned upright."""
    result, opened = open_job(job, cover, reader)
    if opened is None:
        return result, None
    seen = find_panel(opened.image, cover, only)
    image, registration = opened.image.turned(seen.turns), seen.registration
    result = replace(
        result,
        reference_page=seen.number if registration is not None else None,
        registration=registration,
        turns=seen.turns,
        to_scan=image.to_scan,
        trim=cover.page(seen.number).trim,
        found_again=seen.found,
        picture=small_picture(image),
        no_tone=None if image.color else Flag.GRAY_SCAN,
    )
    return result, image


def _measured(result: PageResult, image: PageImage | None, cover: CoverReference) -> PageResult:
    if image is None or result.registration is None or result.reference_page is None:
        return result
    panel, to_px = cover.page(result.reference_page), result.registration.to_px
    tiles = page_tiles(page_maps(image, panel, to_px, None)).compact()
    result = replace(result, lines=_edges(image, cover, panel, to_px), tiles=tiles)
    # What is found near the fold of a flat wrap is no edge.
    return _with_fold(result, EdgeLine(None, flag=Flag.OTHER_SIDE_NOT_SEEN), cover) if is_flat(result) else result


def _fold_side(result: PageResult, cover: CoverReference) -> int:
    assert result.reference_page is not None
    return edge_names(side_of(result.reference_page), cover.direction).index(Edge.SPINE)


def _with_fold(result: PageResult, fold: EdgeLine, cover: CoverReference) -> PageResult:
    side = _fold_side(result, cover)
    return replace(result, lines=(*result.lines[:side], fold, *result.lines[side + 1 :]))


def _designed(result: PageResult, image: PageImage | None, cover: CoverReference) -> Designed:
    """The fold of a panel in the scan of a flat wrap."""
    assert image is not None and result.registration is not None and result.reference_page is not None
    panel, to_px = cover.page(result.reference_page), result.registration.to_px
    ends = to_px(panel.trim.corners())[list(SIDES[_fold_side(result, cover)])]
    return Designed(image.luminance, ends, image.dpi.x_dpi, ordered_in_detail(cover.beside_fold(panel.number), to_px))


def _edges(image: PageImage, cover: CoverReference, panel: ReferencePage, to_px: Affine) -> tuple[EdgeLine, ...]:
    names, corners = edge_names(side_of(panel.number), cover.direction), to_px(panel.trim.corners())
    whole = ordered_in_detail(panel, to_px)
    beside = ordered_in_detail(cover.beside_fold(panel.number, spine=True), to_px)
    return tuple(
        find_cover_edge(
            image.pixels,
            image.luminance,
            corners[[a, b]],
            image.dpi.x_dpi if side in (0, 2) else image.dpi.y_dpi,
            beside if names[side] is Edge.SPINE else whole,
            spine_mm=cover.wrap.spine_mm if names[side] is Edge.SPINE else None,
        )
        for side, (a, b) in enumerate(SIDES)
    )
