"""Where each scanned page belongs in the book: the copy put in order against its reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.model import BookCopy, PageKind, Role, ScanFile
from qc.reference.find import Reference
from qc.register.alignment import in_order
from qc.register.page_result import PageJob, PageResult, renumbered
from qc.register.scan_order import AS_SCANNED, reading_order
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


def in_reading_order(copy: BookCopy, pages: Sequence[PageResult], order: str) -> tuple[BookCopy, list[PageResult]]:
    """The copy and its pages as these follow each other in the book; covers keep their place. Scans that repeat another
    follow it."""
    if order == AS_SCANNED:
        return copy, list(pages)
    once = [p for p in pages if p.job.same_as is None]
    behind: dict[ScanFile | None, list[PageResult]] = {}
    for page in pages:
        behind.setdefault(page.job.same_as, []).append(page)
    places = [p.recognition.page for p in once]
    ordered = [p for k in reading_order(places, order) for p in (once[k], *behind.get(once[k].job.scan, ()))]
    scans = iter([p.job.scan for p in ordered])
    in_order = tuple(next(scans) if s.role is Role.PAGE else s for s in copy.scans)
    return replace(copy, scans=in_order), renumbered(ordered)


def jobs_out_of_order(pages: Sequence[PageResult]) -> dict[int, PageJob]:
    """Pages to be registered again, by index: at the page that the others leave them, or as the others lie, where they fit
    several pages or both ways up."""
    chain = in_order([[(c.page, c.score) for c in p.options] if p.registration is not None else [] for p in pages])
    usual = usual_turns(pages)
    jobs = {}
    for i, (page, wanted) in enumerate(zip(pages, chain, strict=True)):
        out_of_place = wanted is not None and wanted != page.reference_page
        # Registered at this page and this way up already, with nothing that fits the other way as well.
        settled = wanted == page.reference_page and page.turns == usual and not _repeats(page)
        if out_of_place or (usual is not None and _fits_either_way(page) and not settled):
            jobs[i] = replace(page.job, forced_page=wanted, forced_turns=usual)
    return jobs


def better_in_order(page: PageResult, again: PageResult) -> PageResult:
    """Of a page and what registering it again gave, what is believed."""
    turned = page.turns != again.job.forced_turns
    if again.registration is None or (turned and _rules_fit_better(page, again)):
        return page
    return replace(again, recognition=page.recognition)


def _fits_either_way(page: PageResult) -> bool:
    """Whether a page that was found may as well lie the other way up: rules do, where they end at other heights above and
    below, and one way is then millimeters wrong."""
    return page.reference_page is not None and (_repeats(page) or len({c.turns for c in page.options}) > 1)


def _repeats(page: PageResult) -> bool:
    return page.registration is not None and page.registration.repeats


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


@dataclass(frozen=True)
class _Gap:
    """Where a scan lies (index) between the nearest ones whose reference page is known, each with that page; `last` is the
    last page of the book."""

    at: int
    before: tuple[int, int] | None
    after: tuple[int, int] | None
    last: int

    def place(self, expected: int, repeats: Sequence[int]) -> tuple[int, bool]:
        """The page counted on from a neighbor, else the `expected` one, and whether it is sure: a scan among the `repeats` was
        delivered once more, or lies in the place of a page of its own."""
        back = self.back
        guess = self.before[1] + self.at - self.before[0] if self.before else expected if back is None else back
        ahead = sum((self.before[0] if self.before else -1) < k < self.at for k in repeats)
        behind = sum(self.at < k < self.after[0] for k in repeats) if self.after else 0
        if not ahead + behind:
            return guess, True
        low, high = guess - ahead, guess
        if back is not None:
            low, high = (max(low, back), min(high, back + behind)) if self.before else (back, back + behind)
        return (low if self.before or back is None else high), low == high

    @property
    def back(self) -> int | None:
        """The page counted back from the neighbor after it."""
        return self.after[1] - (self.after[0] - self.at) if self.after else None

    @property
    def pages(self) -> range:
        """The pages between those of the neighbors."""
        return range(self.before[1] + 1 if self.before else 1, self.after[1] if self.after else self.last + 1)

    @property
    def in_step(self) -> bool:
        """Whether as many scans lie between the neighbors as pages."""
        a, b = self.before, self.after
        return a is not None and b is not None and b[1] - a[1] == b[0] - a[0]


def find_places(
    copy: BookCopy, pages: Sequence[PageResult], reference: Reference | None, imprint: int | None = None
) -> Places:
    """Reference page of each scanned page: blank and sparse pages take the place between their neighbors.

    `imprint` is the position of the page that was read as one. Where a part was scanned, it and the blank pages before it
    are the last leaves, wherever the scan before them stands in the book.
    """
    if reference is None:
        return Places((None,) * len(pages))
    places = [p.reference_page or _recognized(p) for p in pages]
    known = [(i, place) for i, place in enumerate(places) if place is not None]
    repeats = [i for i, page in enumerate(pages) if page.job.same_as is not None]
    kinds = [_kind(page) for page in pages]
    thumbnails = reference.thumbnails()
    empty = {PageKind.BLANK: ~np.array(has_content(thumbnails)), PageKind.FOLIO_ONLY: darkness(thumbnails) <= FULL}
    last = last_content(reference) if copy.scan.complete else 0
    doubtful = set()
    for i, page in enumerate(pages):
        if places[i] is not None or i + 1 == imprint or i in repeats:
            continue
        before, after = (k for k in known if k[0] < i), (k for k in known if k[0] > i)
        gap = _Gap(i, max(before, default=None), min(after, default=None), reference.pages)
        guess, sure = gap.place(page.job.expected_page, repeats)
        likely = False
        if guess in gap.pages and guess not in places and (page.error or _keeps_place(page, guess)):
            early = imprint is not None and i + 1 < imprint
            places[i], likely = _settle(guess, gap, kinds, empty.get(kinds[i]), places, last, early)
        if likely or not sure:
            doubtful.add(i + 1)
    return Places(tuple(places), frozenset(doubtful))


def _settle(
    guess: int,
    gap: _Gap,
    kinds: Sequence[PageKind],
    empty: NDArray[np.bool_] | None,
    places: Sequence[int | None],
    last: int,
    before_imprint: bool,
) -> tuple[int | None, bool]:
    """The place of a scan that may have the page `guess`, and whether that is only likely.

    `empty` says which pages of the reference a scan of its kind may show, None where its print says that, too; `last` is the
    last page with print of a copy that was scanned completely, else 0.
    """
    if empty is None or empty[guess - 1]:
        return guess, False
    # A blank page, or one with a folio alone, where the book has print.
    at_end = gap.after is None and kinds[gap.at] is PageKind.BLANK
    blanks = [kind is PageKind.BLANK for kind in kinds[gap.before[0] + 1 if gap.before else 0 :]]
    elsewhere = [n for n in gap.pages if empty[n - 1] and n not in places]
    if last and gap.back is not None and elsewhere and not gap.in_step:
        # All was scanned, and pages are lacking: whole leaves before it, if it is the empty page counted back to.
        back, lacking = gap.back, gap.back - guess
        return (back, False) if back in elsewhere and lacking > 0 and lacking % 2 == 0 else (guess, True)
    if last:
        # Fewer than would stand for all that is lacking: they may be the ones of the end, with leaves missing before.
        return guess, at_end and gap.pages.start - 1 + sum(blanks) < last
    if at_end and before_imprint:
        return None, False
    if gap.in_step:
        return guess, False
    if not elsewhere:
        return guess, at_end or kinds[gap.at] is PageKind.FOLIO_ONLY
    # A part was scanned, and the book has such a page there, too.
    follows = gap.before is not None and all(blanks[: gap.at - gap.before[0]])
    return (guess, True) if follows else (elsewhere[0], at_end)


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
