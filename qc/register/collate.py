"""Where each scanned page belongs in the book: the copy put in order against its reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qc.model import BookCopy, PageKind
from qc.page import examine_page
from qc.reference.find import Reference
from qc.register.alignment import in_order
from qc.register.page_result import PageResult
from qc.register.thumbnails import darkness, has_content

SPARSE = 0.004
"""Ink coverage below which a page says too little of where it belongs."""
ALIKE = 0.65
"""Correlation of small pictures that lets a page keep its place; text of another book reaches 0.6."""
CLEAR_LEAD = 0.005
"""Correlation by which rules must fit better upside down; drawn ones differ by 0.016 where one way is 2 mm wrong."""
IMPRINT = 0.03
"""Darkness of a page that may be an imprint: its barcode and a few lines."""
FULL = 0.01
"""Darkness of a reference page that carries more than a folio."""


def put_in_order(pages: Sequence[PageResult], reference: Reference | None) -> list[PageResult]:
    """Align the pages with the reference in order, and examine again those that look like several reference pages."""
    if reference is None:
        return list(pages)
    scores = [[(c.page, c.score) for c in p.options] if p.registration is not None else [] for p in pages]
    chain = in_order(scores)
    usual = usual_turns(pages)
    result = []
    for page, wanted in zip(pages, chain, strict=True):
        out_of_place = wanted is not None and wanted != page.reference_page
        if out_of_place or (usual is not None and _fits_either_way(page)):
            again = examine_page(replace(page.job, forced_page=wanted, forced_turns=usual), reference)
            if again.registration is not None and not (page.turns != usual and _rules_fit_better(page, again)):
                page = again
        result.append(page)
    return result


def _fits_either_way(page: PageResult) -> bool:
    """Whether a page that was found may as well lie the other way up: rules do, where they end at other heights above and
    below, and one way is then millimeters wrong."""
    repeats = page.registration is not None and page.registration.repeats
    return page.reference_page is not None and (repeats or len({c.turns for c in page.options}) > 1)


def _rules_fit_better(page: PageResult, again: PageResult) -> bool:
    """Whether a page of rules fits clearly better as it was seen first."""
    first, second = page.registration, again.registration
    return (
        first is not None
        and second is not None
        and first.repeats
        and first.correlation > second.correlation + CLEAR_LEAD
    )


def usual_turns(pages: Sequence[PageResult]) -> int | None:
    """Quarter turns that most pages needed, by the pages that fit one way only; None where each fits either way."""
    turns = [p.turns for p in pages if p.reference_page is not None and not _fits_either_way(p)]
    return max(sorted(set(turns)), key=turns.count) if turns else None


@dataclass(frozen=True)
class Places:
    """Reference page of each scanned page, and the positions (1-based) of blank pages whose place is only likely."""

    pages: tuple[int | None, ...]
    doubtful: frozenset[int] = frozenset()


def find_places(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, imprint: int | None = None
) -> Places:
    """Reference page of each scanned page: blank and sparse pages take the place between their neighbors.

    `imprint` is the position of the page that was read as one. Where a part was scanned, it and the blank pages before it
    are the last leaves, wherever the scan before them stands in the book.
    """
    if reference is None:
        return Places((None,) * len(pages))
    written = np.array(has_content(reference.thumbnails()))
    full = darkness(reference.thumbnails()) > FULL
    last = last_content(reference)
    places = [p.reference_page or _recognized(p) for p in pages]
    known = [(i, place) for i, place in enumerate(places) if place is not None]
    doubtful = set()
    repeats = [i for i, page in enumerate(pages) if page.job.same_as is not None]
    for i, page in enumerate(pages):
        if places[i] is not None or i + 1 == imprint or i in repeats:
            continue
        before = max((k for k in known if k[0] < i), default=None)
        after = min((k for k in known if k[0] > i), default=None)
        if before is not None:
            guess = before[1] + i - before[0]
        elif after is not None:
            guess = after[1] - (after[0] - i)
        else:
            guess = page.job.expected_page
        guess, sure = _counted_once(guess, i, before, after, repeats)
        if not sure:
            doubtful.add(i + 1)
        low, high = before[1] if before else 0, after[1] if after else reference.pages + 1
        if guess in places or not low < guess < high or not (page.error or _keeps_place(page, guess)):
            continue
        empty = {PageKind.BLANK: ~written, PageKind.FOLIO_ONLY: ~full}.get(_kind(page))
        if after is None and written[guess - 1] and _kind(page) is PageKind.BLANK and copy.scan.complete:
            start = before[0] + 1 if before else 0
            blanks_on = sum(_kind(p) is PageKind.BLANK for p in pages[start:])
            if low + blanks_on < last:
                # Fewer than would stand for all that is lacking: they may be the ones of the end, with leaves missing before.
                doubtful.add(i + 1)
        if empty is not None and not empty[guess - 1] and not copy.scan.complete:
            if after is None and _kind(page) is PageKind.BLANK:
                if imprint is not None and i + 1 < imprint:
                    continue
                doubtful.add(i + 1)
            in_step = before and after and after[1] - before[1] == after[0] - before[0]
            elsewhere = [n for n in range(low + 1, high) if empty[n - 1] and n not in places]
            blanks = before is not None and all(_kind(p) is PageKind.BLANK for p in pages[before[0] + 1 : i + 1])
            if elsewhere and not in_step:
                # A part was scanned, and the book has such a page there, too.
                if not blanks:
                    guess = elsewhere[0]
                else:
                    doubtful.add(i + 1)
            elif not in_step and _kind(page) is PageKind.FOLIO_ONLY:
                doubtful.add(i + 1)
        places[i] = guess
    return Places(tuple(places), frozenset(doubtful))


def _counted_once(
    guess: int, i: int, before: tuple[int, int] | None, after: tuple[int, int] | None, repeats: Sequence[int]
) -> tuple[int, bool]:
    """The place of scan `i` that was counted on from a neighbor, without the `repeats` between, and whether it is sure: a
    repeat was delivered once more, or lies in the place of a page of its own."""
    ahead = sum((before[0] if before else -1) < k < i for k in repeats)
    behind = sum(i < k < after[0] for k in repeats) if after else 0
    if not ahead + behind:
        return guess, True
    low, high = guess - ahead, guess
    if after is not None:
        back = after[1] - (after[0] - i)
        low, high = (max(low, back), min(high, back + behind)) if before else (back, back + behind)
    return (low if before or after is None else high), low == high


def _kind(page: PageResult) -> PageKind:
    return page.ink.kind if page.ink is not None else PageKind.UNREADABLE


def _recognized(page: PageResult) -> int | None:
    """The one reference page that a page looks like which could not be registered, as a dark one on black."""
    if page.registration is not None or not page.options:
        return None
    best = page.options[0]
    alone = all(c.page == best.page for c in page.options)
    return best.page if alone and best.own and best.score >= ALIKE else None


def _keeps_place(page: PageResult, place: int) -> bool:
    """Whether a page that no registration confirms may still be the one that its neighbors suggest: blank, sparse, of a
    look that fits, or lying such that it could not be looked up."""
    if page.ink is None or page.ink.kind in (PageKind.BLANK, PageKind.FOLIO_ONLY) or page.ink.coverage < SPARSE:
        return True
    alike = any(c.page == place and c.score >= ALIKE and c.own for c in page.options)
    return alike or not page.fits or page.backing in ("white", "none")


def last_content(reference: Reference | None) -> int:
    """Number of the last reference page that prints anything; 0 without a reference.

    Of an approved copy the few lines on its very last page are its own imprint, which no other copy repeats.
    """
    if reference is None:
        return 0
    written = [n for n, has in enumerate(has_content(reference.thumbnails()), 1) if has]
    own_imprint = (
        reference.id.kind == "copy" and written and written[-1] == reference.pages and reference.pages % 2 == 0
    )
    if own_imprint and darkness(reference.thumbnails()[-1:])[0] < IMPRINT:
        written.pop()
    return max(written, default=0)
