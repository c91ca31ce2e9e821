"""A copy most of which shows no page of its reference: another book's block, told once, and what is not judged then."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from qc.features.text.barcode import IsbnCode
from qc.isbn import same_book
from qc.model import BookCopy, Evidence, PageKind, PageRecord
from qc.reference.find import Reference
from qc.register.page_result import PageResult

LEAST = 3
"""Printed pages, none or few of which are known, that say something of the whole block."""
LONG = 4
"""Strange pages, known ones between them taken off, that make a stretch of another book and are no single leaf."""
SHARE = 0.25
"""Share of the printed pages from which such a stretch is a part of the block."""


@dataclass(frozen=True)
class OtherBlock:
    """Pages of another book. `first` and `last` are positions (1-based) between which its block lies, `pages` how many of the
    `printed` pages are strange or lie in it, `cover_isbn` the ordered ISBN where the cover bears it."""

    first: int
    last: int
    pages: int
    printed: int
    cover_isbn: str | None = None


def other_block(records: Sequence[PageRecord]) -> OtherBlock | None:
    """The block of another book in a copy; None where its strange pages are single ones.

    Parameters
    ----------
    records : sequence of PageRecord
        Interior pages in reading order, held against a reference.

    Notes
    -----
    It is there where most of the printed pages show no page of the reference, or where a stretch of strange pages makes a
    quarter of them. It begins where the stretch does in which strange pages outnumber known ones most: a known page in it is
    there by chance. Another revision, a wrong reference and scans that show little look the same.
    """
    printed = [(i, r.reference_page is None) for i, r in enumerate(records, 1) if r.kind is PageKind.CONTENT]
    strange = sum(s for _, s in printed)
    if strange < LEAST:
        return None
    most, first, last = _stretch(printed)
    inside = sum(s for i, s in printed if first <= i <= last)
    if 2 * strange > len(printed) or (most >= LONG and inside >= SHARE * len(printed)):
        pages = sum(s or first <= i <= last for i, s in printed)
        return OtherBlock(first, last, pages, len(printed))
    return None


def without_chance(pages: Sequence[PageResult], block: OtherBlock) -> list[PageResult]:
    """The pages, those that lie in the block of another book matched to none: a likeness there is chance."""
    return [
        replace(p, reference_page=None, registration=None, options=(), tiles=None, marks=None)
        if block.first <= p.job.position <= block.last
        else p
        for p in pages
    ]


def in_ordered_cover(
    block: OtherBlock, copy: BookCopy, reference: Reference, codes: Iterable[tuple[IsbnCode, Evidence]]
) -> OtherBlock:
    """The block with the ISBN of the cover, where that is the ordered one."""
    read = [code.isbn for code, _ in codes if code.sure]
    for ordered in (copy.claim.ordered_isbn, copy.isbn, reference.id.id):
        if ordered:
            return replace(block, cover_isbn=next((n for n in read if same_book(n, ordered)), None))
    return block


def _stretch(printed: Sequence[tuple[int, bool]]) -> tuple[int, int, int]:
    """The stretch in which strange pages outnumber known ones most: by how many, and its first and last position."""
    best, total = (0, 0, 0), 0
    first = 0
    for position, strange in printed:
        if total <= 0:
            total, first = 0, position
        total += 1 if strange else -1
        if total > best[0]:
            best = total, first, position
    return best
