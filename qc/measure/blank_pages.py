"""Blank pages: expected ones at the end, and blanks where the book has content."""

from __future__ import annotations

from collections.abc import Sequence

from qc.catalog import MEASURES
from qc.flags import Flag
from qc.model import Evidence, Observation, PageKind, PageRecord, Where


def blank_pages_at_end(pages: Sequence[PageRecord], end_seen: bool) -> Observation:
    """Number of blank pages after the last content page; the imprint page is not counted, a folio alone is content.

    Parameters
    ----------
    pages : sequence of PageRecord
        The scanned interior pages in reading order.
    end_seen : bool
        Whether the scans reach the end of the book: its last content page, an imprint, or a copy stated complete.

    Returns
    -------
    Observation
        A count; null unless the end was seen.
    """
    measure = MEASURES["blank-pages-at-end"]
    if not end_seen:
        return measure.observe(None, flags=(Flag.END_NOT_SEEN,))
    count = 0
    for page in reversed(pages):
        if page.kind is PageKind.IMPRINT:
            continue
        if page.kind is not PageKind.BLANK:
            break
        count += 1
    return measure.observe(float(count), 0.0)


def blank_pages_inside(
    pages: Sequence[PageRecord],
    reference_has_content: Sequence[bool] | None,
    doubtful: frozenset[int] = frozenset(),
) -> list[Observation]:
    """Pages that are blank where the reference has content: one observation a page, or a single zero.

    Parameters
    ----------
    pages : sequence of PageRecord
    reference_has_content : sequence of bool or None
        For each reference page; None without a reference.
    doubtful : frozenset of int
        Positions whose place in the book is only likely, because a part was scanned; their u is 1, so that a person looks.

    Returns
    -------
    list of Observation
        Counts of 1 with the position of each such page, or one of 0.

    Notes
    -----
    A page blank in both is fine. Strong show-through can make a blank page pass for content; it then matches no reference
    page and goes to review.
    """
    measure = MEASURES["blank-pages-inside"]
    if reference_has_content is None:
        return [measure.observe(None, flags=(Flag.NO_REFERENCE,))]
    found = []
    for position, page in enumerate(pages, 1):
        if page.kind is PageKind.BLANK and page.reference_page and reference_has_content[page.reference_page - 1]:
            found.append(
                measure.observe(
                    1.0,
                    1.0 if position in doubtful else 0.0,
                    Where(page=position),
                    detail={"reference_page": page.reference_page},
                    evidence=(Evidence(page.file, page.frame),),
                )
            )
    return found or [measure.observe(0.0, 0.0)]
