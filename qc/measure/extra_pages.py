"""Sides between the pages of the book that nobody ordered, blank or printed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.details import SequenceDetail
from qc.measure.registry import measure
from qc.measure.words import Said, capital
from qc.model import Evidence, Observation, PageKind, PageRecord, Where

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qc.measure.context.copy_context import CopyContext
    from qc.register.alignment import Alignment

FEW_BACKS = 3
"""Blank backs in a row of leaves from which they are a habit: leaves bound in by mistake do not alternate with others."""


@dataclass(frozen=True)
class _Anchor:
    position: int
    page: int


@measure(
    "pages-extra-inside",
    "count",
    "copy",
    1,
    name="pages inside that nobody ordered",
    subject="sequence",
    content=True,
)
def pages_extra_inside(
    pages: Sequence[PageRecord], alignment: Alignment | None, first_page: int = 1
) -> list[Observation]:
    """Sides beyond what the reference has room for: one observation a run, with their number at its first side, or a single
    zero.

    Parameters
    ----------
    pages : sequence of PageRecord
        In reading order, covers and their insides excluded.
    alignment : Alignment or None
        None without a reference.
    first_page : int
        Page that the first scan is stated to show; where an earlier one was scanned, it does not count.

    Notes
    -----
    Counted between pages that are registered, lie in order and look like no other, and before the first of them; blank sides
    alone before the first page are a flyleaf or the inside of the cover, and named in `detail` (``blank_before``). The
    reference has room for the pages between two such pages that no other scan shows: a blank or strange side in the place of
    one of these is not extra. Nor are scans that repeat another one, pages that were there before or are out of place, with
    the blank other side of their leaf, and scans that cannot be read. After the last page of the book all is padding. Which
    sides of a longer run are the extra ones is not known where some have a place; the last ones are named then. A blank side
    behind every page is what a scanner sees that takes both sides of sheets printed on one: null, flag ``blank-backs``.
    """
    if alignment is None:
        return [pages_extra_inside.observe(None, flags=(Flag.NO_REFERENCE,))]
    apart = {i for i, _ in alignment.doubled} | set(alignment.misplaced)
    apart |= {i for i, p in enumerate(pages, 1) if p.same_as is not None}
    apart |= {mate for i in apart if _unknown(pages, mate := _other_side(i, alignment.places[i - 1]))}
    anchors = []
    for position, (page, place) in enumerate(zip(pages, alignment.places, strict=True), 1):
        if place and page.skew_deg is not None and position not in apart and position not in alignment.alike:
            anchors.append(_Anchor(position, place))
    elsewhere = {p for i in alignment.misplaced if (p := alignment.places[i - 1])}
    stated = first_page - 1 if anchors and anchors[0].page >= first_page else 0
    before_book = _blank_before(pages, anchors[0].position) if anchors and first_page == 1 else 0
    runs: list[list[int]] = []
    for before, after in pairwise([_Anchor(0, stated), *anchors]):
        between = [i for i in range(before.position + 1, after.position) if i not in apart]
        sides = [i for i in between if pages[i - 1].kind is not PageKind.UNREADABLE]
        room = after.page - before.page - 1 - sum(before.page < p < after.page for p in elsewhere)
        free = [i for i in sides if _unknown(pages, i) and i > before_book]
        free.sort(key=lambda i: (pages[i - 1].reference_page is None, i))
        runs += _runs(sorted(free[len(free) - min(max(len(sides) - room, 0), len(free)) :]))
    if _are_backs(runs, pages, len(anchors)):
        where = Where(page=runs[0][0])
        return [pages_extra_inside.observe(None, where=where, flags=(Flag.BLANK_BACKS,), detail={"sides": len(runs)})]
    found = [
        pages_extra_inside.observe(
            float(len(run)),
            0.0,
            Where(page=run[0]),
            detail={"blank": sum(pages[i - 1].kind is PageKind.BLANK for i in run)},
            evidence=tuple(Evidence(pages[i - 1].file, pages[i - 1].frame) for i in run),
        )
        for run in runs
    ]
    return found or [pages_extra_inside.observe(0.0, 0.0, detail=SequenceDetail(blank_before=before_book or None))]


@pages_extra_inside.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    return pages_extra_inside(copy.records, copy.alignment, copy.copy.scan.first_page)


@pages_extra_inside.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    if not found.value:
        return "No page inside the book is one too many"
    count, blank = round(found.value), found.detail.get("blank", 0)
    kind = "blank page" if blank == count else "page"
    if count == 1:
        return f"{capital(said.page)}, a {kind} inside the book, was not ordered"
    others = f", {blank} of them blank," if 0 < blank < count else ""
    return f"{count} {kind}s inside the book{others} were not ordered, from {said.page} on"


def _blank_before(pages: Sequence[PageRecord], first: int) -> int:
    """Number of blank sides that stand alone before the first page of the book."""
    ahead = pages[: first - 1]
    blank = (p.same_as is not None or (p.kind is PageKind.BLANK and p.skew_deg is None) for p in ahead)
    return len(ahead) if all(blank) else 0


def _other_side(position: int, page: int | None) -> int:
    """Position of the other side of the leaf of a page."""
    return position + 1 if (page or 1) % 2 else position - 1


def _unknown(pages: Sequence[PageRecord], position: int) -> bool:
    """Whether a side stands there that is no page of the book for sure."""
    return 1 <= position <= len(pages) and pages[position - 1].skew_deg is None


def _runs(positions: Sequence[int]) -> list[list[int]]:
    runs: list[list[int]] = []
    for i in positions:
        if runs and runs[-1][-1] == i - 1:
            runs[-1].append(i)
        else:
            runs.append([i])
    return runs


def _are_backs(runs: Sequence[Sequence[int]], pages: Sequence[PageRecord], known: int) -> bool:
    """Whether a single blank side follows every page that is known, the last one apart."""
    singles = all(len(run) == 1 and pages[run[0] - 1].kind is PageKind.BLANK and run[0] > 1 for run in runs)
    return len(runs) >= max(FEW_BACKS, known - 1) and singles
