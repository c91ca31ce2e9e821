"""Pages missing, doubled, out of order and upside down, from the alignment of a copy with its reference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.geometry import USUAL, Side, mates
from qc.measure.context.sheet_twice import Again, SheetIdentity, seen_again, two_copies
from qc.measure.details import SequenceDetail
from qc.measure.registry import MEASURES, measure
from qc.measure.words import Said, capital, known_beside, pages_named
from qc.model import Evidence, Observation, PageRecord, Where

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from qc.measure.context.copy_context import CopyContext
    from qc.register.alignment import Alignment, Gap

MOST = 0.8
"""Share of the versos that lie turned where the scanning turned them all."""


def _shown(page: PageRecord) -> tuple[Evidence, ...]:
    return (Evidence(page.file, page.frame),)


@measure("pages-missing", "count", "copy", 2, name="missing pages", subject="sequence", content=True)
def pages_missing(alignment: Alignment | None, complete: bool, odd: frozenset[Side] = USUAL) -> list[Observation]:
    """Printed reference pages that no scan shows: one observation a gap, with the number of pages, or a single zero.

    Parameters
    ----------
    alignment : Alignment or None
        None without a reference.
    complete : bool
        Whether every page of the copy is stated to have been scanned; otherwise a page not seen is asked for and is not
        missing.
    odd : frozenset of Side
        On which sides odd pages may lie.

    Notes
    -----
    Only whole leaves can be missing. A page of which the other side was scanned is there, and a gap with such a page, or with
    a scan in it of which nobody knows the page, is an unfinished scan: null, flag ``half-leaves``, whatever is stated. Other
    gaps of the same copy then have the flag ``scan-unfinished``. Where the sides are not proven and a gap is whole leaves by
    one reading only, the flag is ``sides-not-proven``. A leaf before the first page that was scanned may be a cover inside the
    file: flag ``may-be-cover``, also of one after the last page then.

    `where.page` is the position of the next page that is there, after the last one its position + 1. Among pages that
    look the same, how many are missing is known and which is not: `where.page` is null and the flag is ``look-alike``. Pages
    that are blank in the reference are not counted, as scanners skip blanks. Two pages that form a leaf may also have gone
    through the feeder together with the leaf before.
    """
    if alignment is None:
        return [pages_missing.observe(None, flags=(Flag.NO_REFERENCE,))]
    if not alignment.gaps:
        return [pages_missing.observe(0.0, 0.0)]
    if not complete:
        unseen = [p for gap in alignment.gaps for p in gap.pages]
        return [pages_missing.observe(None, flags=(Flag.NOT_COMPLETE,), detail={"not_seen": unseen})]
    by_side = {gap: [alignment.whole(gap, side) for side in odd] for gap in alignment.gaps}
    asked = [gap for gap in alignment.gaps if not any(by_side[gap])]
    covers = _covers(alignment)
    found = []
    for gap in alignment.gaps:
        if gap in asked:
            continue
        doubts = {
            Flag.LOOK_ALIKE: bool(gap.among),
            Flag.SIDES_NOT_PROVEN: not all(by_side[gap]),
            Flag.SCAN_UNFINISHED: bool(asked),
            Flag.MAY_BE_COVER: gap in covers,
        }
        found.append(
            pages_missing.observe(
                float(len(gap.pages)),
                0.0,
                Where(page=None if gap.among else gap.position),
                flags=tuple(flag for flag, holds in doubts.items() if holds),
                detail={"reference_pages": list(gap.among or gap.pages), "whole_leaves": not gap.among},
            )
        )
    if asked:
        not_seen = [p for gap in asked for p in gap.pages]
        found.append(pages_missing.observe(None, flags=(Flag.HALF_LEAVES,), detail={"not_seen": not_seen}))
    return found


@pages_missing.on_copy
def _missing_of(copy: CopyContext) -> list[Observation]:
    return pages_missing(copy.alignment, copy.copy.scan.complete, copy.sides.odd)


@pages_missing.full_sentence
def _missing_in_words(gap: Observation, said: Said) -> str:
    if not gap.value:
        return "No page of the book is missing"
    pages, count = gap.detail["reference_pages"], round(gap.value)
    if count < len(pages):
        return f"{count} of {pages_named(pages)} of the book {'is' if count == 1 else 'are'} missing"
    leaves = " (whole leaves)" if gap.detail.get("whole_leaves") else ""
    return f"{capital(pages_named(pages))} of the book{leaves} {'is' if len(pages) == 1 else 'are'} missing"


def _covers(alignment: Alignment) -> tuple[Gap, ...]:
    """Gaps that may be covers inside the file: a leaf before all that was scanned, and with it one behind that."""
    first, last = alignment.gaps[0], alignment.gaps[-1]
    if first.pages[0] != 1 or len(first.pages) > 2 or first.among:
        return ()
    at_end = last.position > len(alignment.places) and len(last.pages) <= 2
    return (first, last) if at_end else (first,)


@measure(
    "pages-duplicated",
    "count",
    "copy",
    3,
    name="doubled pages",
    subject="sequence",
    content=True,
)
def pages_duplicated(
    pages: Sequence[PageRecord], alignment: Alignment | None, again: Mapping[int, Again] | None = None
) -> list[Observation]:
    """Pages that were there before: one observation each, at the later one, or a single zero.

    Parameters
    ----------
    pages : sequence of PageRecord
        In reading order; a scan that repeats another is no page.
    alignment : Alignment or None
        None without a reference.
    again : mapping of int to Again, optional
        By position, what the place of the print on the sheet says of a page that was there before; nothing by default.

    Notes
    -----
    Of pages that look the same only how many there are too many is known: flag ``look-alike``. A page of which the other side
    is not doubled is likely one sheet scanned twice, as a leaf has two sides: flag ``one-side``. A leaf whose print lies
    against its cuts where it lay before, on both sides, is one sheet: 0, flag ``same-sheet``. It is a second print where it
    lies clearly elsewhere on both; between, or where this copy's prints lie too much alike to tell, the flag is
    ``maybe-same-sheet``. Second prints of most leaves are another copy of the title: flag ``two-copies``.
    """
    if alignment is None:
        return [pages_duplicated.observe(None, flags=(Flag.NO_REFERENCE,))]
    found = []
    if again is None:
        again = seen_again(alignment, pages, (), bench_cut=True)
    copies = two_copies(alignment, again)
    for at, first in alignment.doubled:
        told = again[at]
        flags: tuple[Flag, ...] = ()
        if at in alignment.alike:
            flags = (Flag.LOOK_ALIKE,)
        elif not told.both_sides:
            flags = (Flag.ONE_SIDE,)
        elif told.sheet is not SheetIdentity.OTHER:
            flags = (Flag.SAME_SHEET if told.sheet is SheetIdentity.SAME else Flag.MAYBE_SAME_SHEET,)
        elif copies:
            flags = (Flag.TWO_COPIES,)
        found.append(
            pages_duplicated.observe(
                0.0 if Flag.SAME_SHEET in flags else 1.0,
                0.0,
                Where(page=at),
                flags=flags,
                detail=SequenceDetail(reference_page=alignment.places[at - 1]).to_json() | _on_sheet(told, first),
                evidence=_shown(pages[at - 1]),
            )
        )
    return found or [pages_duplicated.observe(0.0, 0.0)]


@pages_duplicated.on_copy
def _doubled_of(copy: CopyContext) -> list[Observation]:
    return pages_duplicated(copy.records, copy.alignment, copy.again)


@pages_duplicated.full_sentence
def _doubled_in_words(found: Observation, said: Said) -> str:
    page = SequenceDetail.of(found).reference_page
    if Flag.SAME_SHEET in found.flags:
        return f"Page {page} of the book was scanned twice, on one sheet"
    if not found.value:
        return "No page of the book is there twice"
    if Flag.LOOK_ALIKE in found.flags:
        return f"A page like page {page} of the book is there once too often"
    return f"Page {page} of the book is there twice"


def _on_sheet(again: Again, first: int) -> dict[str, object]:
    """Where a page was before, and how far the print of its leaf lies elsewhere on the sheet than there, plainly."""
    if not again.differences:
        return {"first_position": first}
    return {
        "first_position": first,
        "moved_mm": [round(d, 4) for d, _ in again.differences],
        "u_moved_mm": [round(u, 4) for _, u in again.differences],
        "chi2": None if again.chi2 is None else round(again.chi2, 2),
        "second_prints_passing": again.passes,
        "jitter_mm": [round(j, 4) for j in again.jitter_mm],
    }


@measure(
    "pages-out-of-order",
    "count",
    "copy",
    3,
    name="pages out of order",
    subject="sequence",
    content=True,
)
def pages_out_of_order(
    pages: Sequence[PageRecord], alignment: Alignment | None, order: str, complete: bool
) -> list[Observation]:
    """Pages that lie elsewhere than in the reference: one observation each, or a single zero.

    Parameters
    ----------
    pages : sequence of PageRecord
        In reading order.
    alignment : Alignment or None
    order : str
        The order in which the feeder scanned them, in words; it is undone before and is no fault.
    complete : bool
        Every page was scanned.

    Notes
    -----
    A page is out of place for certain where the pages beside it join up without it, and no leaves at the end of the scans, or at
    their beginning, explain it as well: an operator scans a leaf that was overlooked late. What may be such a leaf is null
    with the flag ``scanned-late``; of a complete copy it counts, with that flag. More than a fifth of the pages out of
    place are rather scans that were mixed up: flag ``mixed-up``. Nothing is said of pages that look like others, nor of any
    page where most do: their order is not known.
    """
    if alignment is None:
        return [pages_out_of_order.observe(None, flags=(Flag.NO_REFERENCE,))]
    many = 5 * len(alignment.misplaced) > len(pages)
    alike = sorted({p for i in alignment.alike if (p := alignment.places[i - 1]) is not None})
    common = SequenceDetail(scan_order=order, look_alike=alike or None)
    told = sum(p is not None for p in alignment.places) - len(alignment.alike)
    found = []
    for at in alignment.misplaced:
        unsure = at in alignment.alike or told < len(alignment.alike)
        late = not _lies_there(alignment, at)
        if unsure and late and not complete:
            continue
        null = unsure or (late and not complete)
        reasons = [Flag.LOOK_ALIKE] if unsure else [Flag.MIXED_UP] * (many and not null) + [Flag.SCANNED_LATE] * late
        found.append(
            pages_out_of_order.observe(
                None if null else 1.0,
                None if null else 0.0,
                Where(page=at),
                flags=tuple(reasons),
                detail=replace(common, reference_page=alignment.places[at - 1]),
                evidence=_shown(pages[at - 1]),
            )
        )
    return found or [pages_out_of_order.observe(0.0, 0.0, detail=common)]


@pages_out_of_order.on_copy
def _misplaced_of(copy: CopyContext) -> list[Observation]:
    return pages_out_of_order(copy.records, copy.alignment, copy.scan_order, copy.copy.scan.complete)


@pages_out_of_order.full_sentence
def _misplaced_in_words(found: Observation, said: Said) -> str:
    if not found.value:
        return "All pages are in order"
    page = SequenceDetail.of(found).reference_page
    beside = [said.book[p] for p in known_beside(found.where.page or 0, said.book)]
    if not beside:
        return f"Page {page} of the book lies in the wrong place"
    return f"Page {page} comes between pages {beside[0]} and {beside[1]}"


def _lies_there(alignment: Alignment, at: int) -> bool:
    """Whether a run of misplaced pages lies where it was bound: the pages before and after it follow each other, with or
    without its places, and it is not the whole leaves on to the end, or from the beginning, that were scanned late or early."""
    places, misplaced = alignment.places, alignment.misplaced
    first = last = at
    while first - 1 in misplaced:
        first -= 1
    while last + 1 in misplaced:
        last += 1
    if first == 1 or last == len(places):
        return False
    before, after = places[first - 2], places[last]
    if before is None or after is None or after - before not in (1, 2 + last - first):
        return False
    apart = {*misplaced, *(i for i, _ in alignment.doubled)}
    ahead = [p for i, p in enumerate(places[: first - 1], 1) if p is not None and i not in apart]
    behind = [p for i, p in enumerate(places[last:], last + 1) if p is not None and i not in apart]
    run = [p for p in places[first - 1 : last] if p is not None]
    late = bool(behind) and len(behind) % 2 == 0 and max(behind) < min(run)
    early = bool(ahead) and len(ahead) % 2 == 0 and min(ahead) > max(run)
    return not (late or early)


@measure("pages-upside-down", "count", "copy", 2, name="pages upside down", subject="sequence")
def pages_upside_down(
    pages: Sequence[PageRecord], has_reference: bool, odd: frozenset[Side] = USUAL
) -> list[Observation]:
    """Leaves with both sides upside down: one observation a page, or a single zero.

    Notes
    -----
    One side alone, or all versos, cannot be bound so: they were scanned turned, and are not counted. Where the other side
    is blank or was not seen, the flag is ``one-side``. A loose sheet laid on the glass upside down is not told from one
    bound so.
    """
    if not has_reference:
        return [pages_upside_down.observe(None, flags=(Flag.NO_REFERENCE,))]
    turned = {p.reference_page: p.upside_down for p in pages if p.reference_page is not None and p.skew_deg is not None}
    sides = [[up for n, up in turned.items() if n % 2 == side] for side in (0, 1)]
    # Where faults make the turned sides the more usual ones, it is the rectos that seem to be turned.
    turned_side = next(
        (
            side
            for side in (0, 1)
            if len(sides[side]) > 2
            and sum(sides[side]) > MOST * len(sides[side])
            and sum(sides[1 - side]) < (1 - MOST) * len(sides[1 - side])
        ),
        None,
    )
    by_side = turned_side is not None
    if by_side:
        turned = {n: up != (n % 2 == turned_side) for n, up in turned.items()}
    found = []
    for position, page in enumerate(pages, 1):
        number = page.reference_page
        if number is None or not turned.get(number):
            continue
        others = [turned.get(n) for n in mates(number, odd)]
        if all(other is False for other in others):
            continue
        found.append(
            pages_upside_down.observe(
                1.0,
                0.0,
                Where(page=position),
                flags=() if all(others) else (Flag.ONE_SIDE,),
                detail=SequenceDetail(reference_page=number),
                evidence=_shown(page),
            )
        )
    return found or [pages_upside_down.observe(0.0, 0.0, detail=SequenceDetail(versos_turned=by_side))]


@pages_upside_down.on_copy
def _turned_of(copy: CopyContext) -> list[Observation]:
    return pages_upside_down(copy.records, copy.reference is not None, copy.sides.odd)


@pages_upside_down.full_sentence
def _turned_in_words(found: Observation, said: Said) -> str:
    if not found.value:
        return "No page is upside down"
    return f"{capital(said.page)} {said.are} printed upside down"


@pages_out_of_order.revises
def _unsure_places(copy: CopyContext) -> list[Observation]:
    odd = copy.observed(pages_duplicated.id, pages_out_of_order.id)
    return with_unsure_places(copy.observations, odd)


def with_unsure_places(observations: Iterable[Observation], sequence: Iterable[Observation]) -> list[Observation]:
    """The observations, those of tone and print place on a page that was there before or is out of place with
    `Flag.PLACE_UNSURE`: it may be a page of something else that looks alike, as a cover does, which lacks what was ordered there
    and bears its print elsewhere.

    Parameters
    ----------
    observations : iterable of Observation
    sequence : iterable of Observation
        Of doubled and misplaced pages.
    """
    unsure = {o.where.page for o in sequence if o.value} - {None}
    return [
        replace(o, flags=(*o.flags, Flag.PLACE_UNSURE))
        if o.value is not None and MEASURES[o.measure].subject in ("tone", "cut") and o.where.page in unsure
        else o
        for o in observations
    ]
