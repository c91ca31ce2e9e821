"""Scans that are asked for: of files that could not be used, and of pages that were not seen."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from qc.geometry import mates
from qc.measure.context.page_sides import Sides
from qc.model import BookCopy, PageRecord, Rescan, Role
from qc.reference.find import Reference
from qc.register.alignment import whole
from qc.register.collate import last_content
from qc.register.page_result import PageResult
from qc.register.thumbnails import has_content


def rescans(
    copy: BookCopy,
    pages: Sequence[PageResult],
    records: Sequence[PageRecord],
    reference: Reference | None,
    sides: Sides,
) -> list[Rescan]:
    """Files that could not be used, and, where a copy should be complete, reference pages that were not seen."""
    interior = [r for r in records if r.role is Role.PAGE]
    wanted = [
        Rescan(page.error, file=record.file, reference_page=record.reference_page)
        for page, record in zip(pages, interior, strict=True)
        if page.error
    ]
    if reference is None:
        return wanted
    seen = {r.reference_page for r in interior}
    written = has_content(reference.thumbnails())
    unseen = [n for n in range(1, last_content(reference) + 1) if n not in seen and written[n - 1]]
    return wanted + [
        Rescan(_why_unseen(n, frozenset(unseen), seen, copy.scan.complete, sides), reference_page=n) for n in unseen
    ]


def _why_unseen(page: int, unseen: frozenset[int], seen: Collection[int | None], complete: bool, sides: Sides) -> str:
    """Why a page that was not seen is asked for."""
    beside = [n for n in mates(page, sides.odd) if n in seen]
    if beside and not any(whole((page,), seen, side) for side in sides.odd):
        return f"only the other side of its leaf was scanned (page {beside[0]} of the book)"
    why = "the copy is stated complete, but no scan shows this page" if complete else "not among the scans"
    leaf = sorted((page, *mates(page, sides.odd)))
    drawn_in = len(leaf) == 2 and set(leaf) <= unseen and leaf[0] - 1 in seen and leaf[1] + 1 in seen
    fed = "; front and back of a leaf between pages that were scanned, as when a feeder draws in two leaves at once"
    return why + (fed if drawn_in else "")
