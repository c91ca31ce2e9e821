"""Observations of a copy but those of tone and color, page by page and of the whole, from what its pages gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from qc.flags import Flag
from qc.geometry import USUAL, Affine, Side, edges_across
from qc.measure.another_book import OtherBlock
from qc.measure.blank_pages import BookEnd, blank_pages_at_end, blank_pages_inside, book_end
from qc.measure.catalog import MEASURES
from qc.measure.extra_pages import pages_extra_inside
from qc.measure.foreign_pages import pages_foreign
from qc.measure.leaves.sheet_twice import Again, seen_again
from qc.measure.leaves.sides import OUTER, Sides
from qc.measure.marks_on_blank import marks_on_blank
from qc.measure.missing_print import lost_page, lost_print
from qc.measure.own_page import observe_alone
from qc.measure.page_sequence import pages_duplicated, pages_missing, pages_out_of_order, pages_upside_down
from qc.measure.page_size import page_size
from qc.measure.print_position_jitter import print_position_jitter
from qc.measure.print_position_recto_verso import recto_verso_of_offsets
from qc.measure.print_scale import PageScale, print_scale, with_scale_doubt
from qc.measure.trim_offset import trim_offset, trim_unstated
from qc.measure.trim_offset_block import of_another_trim, trim_offset_block
from qc.measure.trim_offset_page import trim_offset_page
from qc.measure.trim_size_block import cut_size, trim_size_block
from qc.measure.trim_skew import trim_skew
from qc.measure.white_sliver import white_sliver
from qc.model import BookCopy, Observation, PageKind, PageRecord, Resolution, Role, Where
from qc.normalize.page_kind import Look
from qc.reference.base import direction_of
from qc.reference.find import Reference
from qc.register.alignment import align
from qc.register.collate import last_content
from qc.register.colored_print import is_black
from qc.register.page_result import PageResult
from qc.register.scan_order import AS_SCANNED
from qc.register.thumbnail_index import index_of
from qc.register.thumbnails import darkness_on_ground, has_content
from qc.scan.scanner_profile import U_SCALE
from qc.units import px_per_mm

SAME_FRAMES = 3
MAX_SCALE_SD = 1e-3
"""Of the scale of the print on a page, as its tiles alone give it; a page of text reaches a tenth of that."""
UNSURE = (Look.DEFECT, Look.SHOW_THROUGH, Look.DIRT)
"""Looks of a blank page that pale or very little print has as well."""


def observe(
    copy: BookCopy,
    pages: Sequence[PageResult],
    records: Sequence[PageRecord],
    reference: Reference | None,
    sides: Sides,
    doubtful: frozenset[int] = frozenset(),
    order: str = AS_SCANNED,
    mirrored: Mapping[int, int] | None = None,
    block: OtherBlock | None = None,
) -> list[Observation]:
    """Observations of the copy: page by page, then of the whole."""
    interior = [r for r in records if r.role is Role.PAGE]
    observations: list[Observation] = []
    for page, record in zip(pages, interior, strict=True):
        if record.same_as is None:
            observations += _of_page(page, record, reference, sides)
            observations += _slivers(page, sides, copy.scan.spine == "bench")
    if _same_frame(pages):
        observations = [_in_driver_format(o) for o in observations]
    offsets = [o for o in observations if o.measure == "trim-offset"]
    common = None if reference else Flag.NO_REFERENCE
    if reference is not None and not reference.trim_known:
        common = Flag.TRIM_NOT_STATED
    blocks = trim_offset_block(offsets, common)
    guessed = reference is not None and reference.trim_by_size and of_another_trim(blocks)
    of_offsets = [_with_sides(o, sides, copy, reference) for o in blocks]
    if reference is not None:
        bench_cut = copy.scan.spine == "bench"
        facing = {i: Side.RECTO if left else Side.VERSO for i, left in enumerate(sides.at_left, 1)}
        of_offsets += trim_offset_page(offsets, bench_cut)
        of_offsets += cut_size(offsets, bench_cut) if common else trim_size_block(offsets, bench_cut)
        of_offsets += trim_skew(offsets, facing)
        of_offsets += print_position_jitter(offsets, bench_cut)
        of_offsets += recto_verso_of_offsets(offsets, dict(enumerate(sides.names, 1)))
        u_reference = U_SCALE if reference.id.kind == "copy" else 0.0
        scales = print_scale(_page_scales(pages), offsets, reference.trim, bench_cut, u_reference)
        if common is Flag.TRIM_NOT_STATED or guessed:
            # A trim of which the size is not known does not tell the size of the print on it.
            scales = [_for_lack_of_trim(o) for o in scales]
        else:
            observations = with_scale_doubt(observations, scales)
            of_offsets = with_scale_doubt(of_offsets, scales)
        of_offsets += scales
    if guessed:
        of_offsets = [_as_guessed(o) for o in of_offsets]
    observations += map(_for_lack_of_trim, of_offsets) if common is Flag.TRIM_NOT_STATED else of_offsets
    written = has_content(reference.thumbnails()) if reference else None
    last = last_content(reference)
    if written is not None:
        written[last:] = [False] * (len(written) - last)
    once = {p.job.position: r for p, r in zip(pages, interior, strict=True) if r.same_as is None}
    unsure = frozenset(k for k, position in enumerate(once, 1) if position in doubtful)
    end = _end(copy, [*once.values()], reference, unsure)
    observations.append(blank_pages_at_end([*once.values()], _end_seen(copy, interior, last), end))
    # A blob, pale print or a tone may be all that was ordered, and too little to register: no defect by that alone.
    shown = [p.job.position for p in pages if p.ink is not None and p.ink.look in UNSURE]
    pale = _where_pale(interior, written, reference) if reference is not None and written is not None else ()
    doubts = {
        **dict.fromkeys(shown, Flag.NOT_BARE),
        **dict.fromkeys(pale, Flag.PALE_ORDERED),
        **dict.fromkeys(doubtful, Flag.PLACE_UNSURE),
    }
    blank = blank_pages_inside(interior, written, doubts)
    observations += blank
    observations += [lost_page(o) for o in blank if o.value]
    observations += _lost_prints(pages, interior, reference, doubtful)
    unregistered = {p.job.position for p in pages if p.registration is None}
    observations += sequence(
        copy,
        interior,
        reference,
        order,
        {i: n for i, n in (mirrored or {}).items() if i in unregistered},
        offsets,
        block,
        sides.odd,
    )
    if reference is None:
        observations += observe_alone(copy, [p.own for p in pages if p.own is not None])
    return observations


def _page_scales(pages: Sequence[PageResult]) -> list[PageScale]:
    """The scale of the print of each page on which it is well known."""
    known = [(p, p.registration) for p in pages if p.registration is not None and any(p.registration.observable)]
    return [
        PageScale(r.linear()[:2], r.linear_sd()[:2], p.u_scale)
        for p, r in known
        if max(r.linear_sd()[:2]) < MAX_SCALE_SD
    ]


def sequence(
    copy: BookCopy,
    pages: Sequence[PageRecord],
    reference: Reference | None,
    order: str = AS_SCANNED,
    mirrored: Mapping[int, int] | None = None,
    offsets: Sequence[Observation] = (),
    block: OtherBlock | None = None,
    odd: frozenset[Side] = USUAL,
) -> list[Observation]:
    """Foreign, missing, extra, doubled, misplaced and turned pages.

    `offsets` (`trim-offset`) tell a sheet scanned again from a second print; `odd` are the sides on which odd pages may lie.
    """
    alignment, again, shown = None, dict[int, Again](), _in_their_place(mirrored or {}, pages)
    if reference is not None:
        places = [p.reference_page or shown.get(i) for i, p in enumerate(pages, 1)]
        unknown = [i for i, p in enumerate(pages, 1) if p.kind is PageKind.CONTENT and places[i - 1] is None]
        # Which page stands there nobody knows: what is missing beside is asked for.
        lost = [
            i for i, p in enumerate(pages, 1) if p.same_as or (p.kind is PageKind.UNREADABLE and places[i - 1] is None)
        ]
        expected, looks = has_content(reference.thumbnails()), index_of(reference).looks
        alignment = align(places, expected, looks, unknown, lost)
        again = seen_again(alignment, pages, offsets, copy.scan.spine == "bench", odd)
    return [
        *pages_foreign(pages, reference is not None, shown, block),
        *pages_extra_inside(pages, alignment, copy.scan.first_page),
        *pages_missing(alignment, copy.scan.complete, odd),
        *pages_duplicated(pages, alignment, again),
        *pages_out_of_order(pages, alignment, order, copy.scan.complete),
        *pages_upside_down(pages, reference is not None, odd),
    ]


def _in_their_place(mirrored: Mapping[int, int], pages: Sequence[PageRecord]) -> dict[int, int]:
    """Mirrored pages that stand where the page they show belongs and is not seen: elsewhere the likeness is chance."""
    places = [p.reference_page for p in pages]
    kept = {}
    for i, page in mirrored.items():
        before = next((p for p in reversed(places[: i - 1]) if p is not None), 0)
        after = next((p for p in places[i:] if p is not None), page + 1)
        if before < page < after and page not in places:
            kept[i] = page
    return kept


def _lost_prints(
    pages: Sequence[PageResult], records: Sequence[PageRecord], reference: Reference | None, doubtful: frozenset[int]
) -> Iterator[Observation]:
    """Pages that lost nearly all of their print, so that no registration tells."""
    if reference is None:
        return
    ordered = darkness_on_ground(reference.thumbnails())
    for page, record in zip(pages, records, strict=True):
        if page.registration is None and page.ink and record.kind in (PageKind.FOLIO_ONLY, PageKind.CONTENT):
            place, position = record.reference_page, page.job.position
            sure = record.kind is PageKind.FOLIO_ONLY and position not in doubtful
            if place and (
                lost := lost_print(
                    record, position, page.ink.coverage, page.ink.bright, float(ordered[place - 1]), sure
                )
            ):
                yield lost


def _where_pale(pages: Sequence[PageRecord], written: Sequence[bool], reference: Reference) -> set[int]:
    """Positions of blank pages where the reference prints nothing but pale tones, which a scan may not show."""
    blank = [(i, p.reference_page) for i, p in enumerate(pages, 1) if p.kind is PageKind.BLANK and p.reference_page]
    return {i for i, page in blank if written[page - 1] and not is_black(reference, page)}


def _same_frame(pages: Sequence[PageResult]) -> bool:
    """Whether all scans have the very same pixel size: a driver's format, not the size of the paper."""
    sizes = [p.size_px for p in pages if p.size_px is not None]
    return len(sizes) >= SAME_FRAMES and len(set(sizes)) == 1


def _in_driver_format(observation: Observation) -> Observation:
    if observation.measure != "trim-offset" or Flag.CROPPED not in observation.flags:
        return observation
    return replace(observation, detail={**observation.detail, "frame": "driver format"})


def _as_guessed(observation: Observation) -> Observation:
    """What is made of cuts as they would lie in a sound book of another trim than the size of the PDF page tells."""
    if observation.measure not in ("trim-offset-block", "trim-size-block"):
        return observation
    return replace(observation, flags=(*observation.flags, str(Flag.TRIM_NOT_STATED)))


def _for_lack_of_trim(observation: Observation) -> Observation:
    """What is made of the cuts of a book whose trim nobody stated: pages of another size whose trim is known do not
    stand for it."""
    return replace(observation, value=None, u=None, flags=(Flag.TRIM_NOT_STATED,), evidence=())


def _of_page(page: PageResult, record: PageRecord, reference: Reference | None, sides: Sides) -> Iterable[Observation]:
    position, scan = page.job.position, (page.job.scan.name, page.job.scan.frame)
    reason = None
    if record.kind is PageKind.UNREADABLE:
        reason = Flag.UNREADABLE
    elif reference is None:
        reason = Flag.NO_REFERENCE
    elif record.kind is PageKind.BLANK:
        reason = Flag.BLANK
    elif page.registration is None and record.kind is PageKind.CONTENT and record.reference_page is None:
        reason = Flag.FOREIGN
    if page.ink is not None and not page.error:
        look = {"kind": str(record.kind), "look": str(page.ink.look)}
        yield MEASURES["ink-coverage"].observe(page.ink.coverage, page.ink.u, Where(page=position), detail=look)
        if record.kind is PageKind.BLANK:
            yield from marks_on_blank(page.ink.marks, position, scan, page.to_scan)
    else:
        yield MEASURES["ink-coverage"].observe(None, where=Where(page=position), flags=(Flag.UNREADABLE,))
    names = edges_across(sides.at_left[position - 1])
    if page.trim is not None and page.to_scan is not None:
        offsets = trim_offset(
            page.lines,
            names,
            page.registration,
            page.trim,
            position,
            reason,
            scan,
            page.to_scan,
            reference.u_trim_mm if reference else 0.0,
        )
        number = page.reference_page
        unstated = reference is not None and number is not None and not reference.page(number).trim_known
        told = map(trim_unstated, offsets) if unstated else offsets
        yield from (_in_doubt(o) if position in sides.doubtful else o for o in told)
    else:
        for edge in names:
            yield MEASURES["trim-offset"].observe(
                None, where=Where(page=position, edge=edge), flags=(reason or Flag.UNREADABLE,)
            )
    if page.resolution is not None and page.to_scan is not None and not page.error:
        yield from page_size(
            page.lines, _working_scale(page.resolution, page.to_scan, page.turns), position, max(page.u_scale)
        )


def _in_doubt(offset: Observation) -> Observation:
    """An offset of a page whose sides are not proven: which outer edge it belongs to is assumed."""
    if offset.where.edge not in OUTER:
        return offset
    return replace(offset, flags=(*offset.flags, Flag.SIDES_NOT_PROVEN))


def _with_sides(block: Observation, sides: Sides, copy: BookCopy, reference: Reference | None) -> Observation:
    """The offset of a block at an outer edge with what is known of its sides."""
    if block.where.edge not in OUTER:
        return block
    said = {
        "direction": str(direction_of(copy, reference)),
        "by": reference.direction_by if reference else "as stated" if copy.reference.direction else "",
        "proof": sides.proof,
        "against": list(sides.against),
        "odd_pages": sorted(str(s) for s in sides.odd),
        "not_proven": len(sides.doubtful),
    }
    shifted = (Flag.SIDES_SHIFTED,) if Side.VERSO in sides.odd and not sides.doubtful else ()
    return replace(block, flags=(*block.flags, *shifted), detail={**block.detail, "sides": said})


def _slivers(page: PageResult, sides: Sides, bench_cut: bool) -> Iterator[Observation]:
    if page.slivers and page.registration is not None and page.to_scan is not None:
        to_scan = page.to_scan.after(page.registration.to_px)
        scan = (page.job.scan.name, page.job.scan.frame)
        names = edges_across(sides.at_left[page.job.position - 1])
        yield from white_sliver(page.slivers, names, page.job.position, scan, to_scan, bench_cut)


def _working_scale(resolution: Resolution, to_scan: Affine, turns: int) -> tuple[float, float]:
    """Pixels per mm of the working image of a page, along its x and y."""
    x, y = (resolution.y_dpi, resolution.x_dpi) if turns % 2 else (resolution.x_dpi, resolution.y_dpi)
    return px_per_mm(x) / to_scan.scale[0], px_per_mm(y) / to_scan.scale[1]


def _end_seen(copy: BookCopy, pages: Sequence[PageRecord], last: int) -> bool:
    if copy.scan.complete or any(p.kind is PageKind.IMPRINT for p in pages):
        return True
    return bool(last) and any(p.reference_page is not None and p.reference_page >= last for p in pages)


def _end(copy: BookCopy, pages: Sequence[PageRecord], reference: Reference | None, doubtful: frozenset[int]) -> BookEnd:
    return book_end(
        pages,
        complete=copy.scan.complete,
        last_content=last_content(reference) if reference else None,
        ordered=reference.pages if reference else copy.pages_expected,
        first_page=copy.scan.first_page,
        doubtful=doubtful,
    )
