"""A closed copy scanned on one side: opened, registered to its panel of the wrap, and its edges located."""

from __future__ import annotations

from dataclasses import replace

from qc.edges.cover_edge import find_cover_edge
from qc.edges.dark_backing import EdgeLine
from qc.features.page_maps import page_maps
from qc.features.tiles import page_tiles
from qc.flags import Flag
from qc.geometry import SIDES, Affine, Direction, Edge, edge_names, side_of
from qc.model import BookCopy, Role, ScanFile
from qc.normalize.page_image import PageImage
from qc.normalize.small_picture import small_picture
from qc.reference.base import ReferencePage
from qc.reference.cover import CoverReference
from qc.register.cover_panel import find_panel
from qc.register.open_scan import open_job
from qc.register.page_edges import ordered
from qc.register.page_result import PageJob, PageResult
from qc.register.thumbnails import Candidate
from qc.scan.scan_reader import ScanReader
from qc.scan.scanner_profile import ScannerProfile

PANEL_OF = {Role.COVER_FRONT: 1, Role.COVER_BACK: 2}
"""Number of the panel that a scan of each role should show."""


def see_cover(
    copy: BookCopy, cover: CoverReference, profile: ScannerProfile | None, reader: ScanReader
) -> list[PageResult]:
    """What each scan of a closed cover shows, without its edges; never raises for a bad scan.

    `reference_page` is the panel that it shows, whatever its name says.
    """
    return [_see(_job(copy, scan, cover, profile), cover, reader)[0] for scan in cover_scans(copy)]


def measure_cover(
    copy: BookCopy, cover: CoverReference, profile: ScannerProfile | None, reader: ScanReader
) -> list[PageResult]:
    """As `see_cover`, with the edges and tiles of each side whose print confirms what it shows."""
    return [_measure(_job(copy, scan, cover, profile), cover, reader) for scan in cover_scans(copy)]


def cover_scans(copy: BookCopy) -> list[ScanFile]:
    """Scans of the outside of the closed copy."""
    return [s for s in copy.scans if s.role in PANEL_OF and not s.inside]


def _job(copy: BookCopy, scan: ScanFile, cover: CoverReference, profile: ScannerProfile | None) -> PageJob:
    # Whatever is stated of the pages, a closed copy shows all four edges of its cover.
    settings = replace(copy.scan, bound=False, first_page=1)
    return PageJob(PANEL_OF[scan.role], scan, settings, profile, direction=cover.direction)


def _see(job: PageJob, cover: CoverReference, reader: ScanReader) -> tuple[PageResult, PageImage | None]:
    """What a scan shows, and the scan turned upright."""
    result, opened = open_job(job, cover, reader)
    if opened is None:
        return result, None
    seen = find_panel(opened.image, cover)
    image, registration = opened.image.turned(seen.turns), seen.registration
    result = replace(
        result,
        reference_page=seen.number if registration is not None else None,
        registration=registration,
        turns=seen.turns,
        to_scan=image.to_scan,
        trim=cover.page(seen.number).trim,
        options=(Candidate(seen.number, seen.likeness, seen.turns, (0.0, 0.0)),),
        picture=small_picture(image),
        no_tone=None if image.color else Flag.GRAY_SCAN,
    )
    return result, image


def _measure(job: PageJob, cover: CoverReference, reader: ScanReader) -> PageResult:
    result, image = _see(job, cover, reader)
    if image is None or result.registration is None or result.reference_page is None:
        return result
    panel, to_px = cover.page(result.reference_page), result.registration.to_px
    tiles = page_tiles(page_maps(image, panel, to_px, None)).compact()
    return replace(result, lines=_edges(image, panel, to_px, cover.direction), tiles=tiles)


def _edges(image: PageImage, panel: ReferencePage, to_px: Affine, direction: Direction) -> tuple[EdgeLine, ...]:
    names, corners = edge_names(side_of(panel.number), direction), to_px(panel.trim.corners())
    expected = ordered(panel, to_px)
    return tuple(
        find_cover_edge(
            image.pixels,
            image.luminance,
            corners[[a, b]],
            image.dpi.x_dpi if side in (0, 2) else image.dpi.y_dpi,
            expected,
            fold=names[side] is Edge.SPINE,
        )
        for side, (a, b) in enumerate(SIDES)
    )
