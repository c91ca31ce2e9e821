"""Position of the cut edge against the trim line of the registered page."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.geometry import OUTER_EDGES, Affine, Edge, Size
from qc.measure.context.cut_places import cut_places
from qc.measure.details import CutDetail
from qc.measure.registry import measure
from qc.measure.words import cut_in_words
from qc.model import Observation, Where, evidence_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qc.edges.dark_backing import EdgeLine
    from qc.measure.context.copy_context import PageContext
    from qc.register.register import Registration


def trim_unstated(offset: Observation) -> Observation:
    """The offset of a page whose trim nobody stated: null; the detail says where the cut was found."""
    where_cut = CutDetail(cut_mm=CutDetail.of(offset).cut_mm)
    flags = (Flag.TRIM_NOT_STATED, *offset.flags)
    return replace(offset, value=None, u=None, flags=flags, detail=where_cut.to_json(), evidence=())


@measure("trim-offset", "mm", "page", 4, name="cut", subject="cut", by_edge=True)
def trim_offset(
    lines: Sequence[EdgeLine],
    names: tuple[Edge, Edge, Edge, Edge],
    registration: Registration | None,
    trim: Size,
    page: int,
    reason: Flag | None,
    scan: tuple[str, int],
    to_scan: Affine,
    u_trim_mm: float = 0.0,
) -> list[Observation]:
    """Distance from trim line to cut edge, averaged along the whole edge, in reference millimeters.

    Parameters
    ----------
    lines : sequence of EdgeLine
        Left, top, right and bottom edge in working pixels.
    names : tuple of Edge
        What these edges are on this side of the leaf.
    registration : Registration or None
        Page-frame mm -> working pixels.
    trim : Size
    page : int
        Position among the scanned interior pages, 1-based.
    reason : Flag or None
        Why nothing is measured on this page at all.
    scan : tuple of (str, int)
        File name and frame, for the evidence.
    to_scan : Affine
        Working pixels -> scan pixels.
    u_trim_mm : float
        Standard uncertainty of the reference's own trim line: 0 for a PDF, that of its cut edges for an approved copy.

    Returns
    -------
    list of Observation
        One an edge. Positive: the cut lies outside the trim line, paper is left over; negative: cut too deep. Because
        print and edge are read in the same pixels, the scales of press and scanner drop out. Where the frame cuts into
        the paper the value is None, and `cut_beyond_mm` in the detail is an offset at or outside of which the cut lies:
        it can exclude a cut too deep, never one too wide.

    Notes
    -----
    u joins the edge fit, the registration at the middle of the edge (scatter of the tiles, lever arm and prior), the
    local distortion that the tiles show, and what all pages of a copy share (`EdgeLine.u_shape_mm`, `u_system` in the
    detail), chosen on drawn pages (seeds below 5000 of the study).
    What fools it: a page whose print is itself misplaced (placement jitter, 1 mm class on a press); judge the block,
    report the page. Where the print is turned by more than a degree, the turn is taken out first, about the middle of the trim.
    """
    result = []
    places = cut_places(lines, registration, trim, reason, u_trim_mm)
    for name, place in zip(names, places, strict=True):
        where = Where(page=page, edge=name)
        if place.flag is not None or place.view_mm is None or registration is None:
            flags = (place.flag or Flag.EDGE_NOT_FOUND,)
            result.append(trim_offset.observe(None, where=where, flags=flags, detail=place.detail))
            continue
        evidence = evidence_at(scan, place.view_mm, to_scan.after(registration.to_px))
        result.append(trim_offset.observe(place.offset, place.u, where, detail=place.detail, evidence=(evidence,)))
    return result


@trim_offset.on_page
def _of_page(page: PageContext) -> Iterator[Observation]:
    seen, reference, sides = page.page, page.reference, page.copy.sides
    if seen.trim is None or seen.to_scan is None:
        for edge in page.edges:
            where = Where(page=page.position, edge=edge)
            yield trim_offset.observe(None, where=where, flags=(page.not_measured or Flag.UNREADABLE,))
        return
    u_trim_mm = reference.u_trim_mm if reference else 0.0
    offsets = trim_offset(
        seen.lines,
        page.edges,
        seen.registration,
        seen.trim,
        page.position,
        page.not_measured,
        page.scan,
        seen.to_scan,
        u_trim_mm,
    )
    number = seen.reference_page
    unstated = reference is not None and number is not None and not reference.page(number).trim_known
    for offset in offsets:
        told = trim_unstated(offset) if unstated else offset
        if page.copy.same_frame and Flag.CROPPED in told.flags:
            told = replace(told, detail=replace(CutDetail.of(told), frame="driver format").to_json())
        if page.position in sides.doubtful and told.where.edge in OUTER_EDGES:
            # Which outer edge it belongs to is assumed.
            told = replace(told, flags=(*told.flags, Flag.SIDES_NOT_PROVEN))
        yield told


trim_offset.full_sentence(cut_in_words)
