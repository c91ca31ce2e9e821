"""The cover of a copy that was scanned closed: each side opened, registered to its panel of the wrap, and its edges located."""

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
from qc.page import open_job, small_picture
from qc.reference.base import ReferencePage
from qc.reference.cover import CoverReference
from qc.register.cover_panel import find_panel
from qc.register.page_edges import ordered
from qc.register.page_result import PageJob, PageResult
from qc.register.thumbnails import Candidate
from qc.scan.scan_reader import ScanReader
from qc.scan.scanner_profile import ScannerProfile

PANEL_OF = {Role.COVER_FRONT: 1, Role.COVER_BACK: 2}
"""Number of the panel that a scan of each role should show."""


def measure_cover(
    copy: BookCopy, cover: CoverReference, profile: ScannerProfile | None, reader: ScanReader
) -> list[PageResult]:
    """What each scan of a closed cover gave; never raises for a bad scan.

    `reference_page` is the panel that it shows, whatever its name says.
    """
    return [_measure(_job(copy, scan, cover, profile), cover, reader) for scan in cover_scans(copy)]


def cover_scans(copy: BookCopy) -> list[ScanFile]:
    """Scans of the outside of the closed copy."""
    return [s for s in copy.scans if s.role in PANEL_OF and not s.inside]


def _job(copy: BookCopy, scan: ScanFile, cover: CoverReference, profile: ScannerProfile | None) -> PageJob:
    # Whatever is stated of the pages, a closed copy shows all four edges of its cover.
    settings = replace(copy.scan, bound=False, first_page=1)
    return PageJob(PANEL_OF[scan.role], scan, settings, profile, direction=cover.direction)


def _measure(job: PageJob, cover: CoverReference, reader: ScanReader) -> PageResult:
    """What a scan gave: the panel that it shows, with edges and tiles where its print confirms that."""
    result, opened = open_job(job, cover, reader)
    if opened is None:
        return result
    seen = find_panel(opened.image, cover)
    image, panel = opened.image.turned(seen.turns), cover.page(seen.number)
    result = replace(
        result,
        turns=seen.turns,
        to_scan=image.to_scan,
        trim=panel.trim,
        options=(Candidate(seen.number, seen.likeness, seen.turns, (0.0, 0.0)),),
        picture=small_picture(image),
        no_tone=None if image.color else Flag.GRAY_SCAN,
    )
    if seen.registration is None:
        return result
    to_px, lines = seen.registration.to_px, _edges(image, panel, seen.registration.to_px, cover.direction)
    tiles = page_tiles(page_maps(image, panel, to_px, None)).compact()
    return replace(result, reference_page=seen.number, registration=seen.registration, lines=lines, tiles=tiles)


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
