"""Pages with print that belongs to no page of the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qc.flags import Flag
from qc.measure.another_book import OtherBlock
from qc.measure.catalog import MEASURES
from qc.model import Evidence, Observation, PageKind, PageRecord, Where


def pages_foreign(
    pages: Sequence[PageRecord],
    has_reference: bool,
    mirrored: Mapping[int, int] | None = None,
    block: OtherBlock | None = None,
) -> list[Observation]:
    """Content pages that no reference page matches: one observation a page, or a single zero; of another book's block, one
    with the number of its pages, where it begins, flag ``another-book``.

    Parameters
    ----------
    pages : sequence of PageRecord
        In reading order.
    has_reference : bool
    mirrored : mapping of int to int, optional
        Of positions (1-based) of pages that could not be registered, the reference page that their mirror image shows;
        `detail` then names it.
    block : OtherBlock, optional
        The block of another book, where the copy has one.

    Notes
    -----
    Content is compared, not identity: a page printed wrong beyond recognition counts as well as one of another book.
    Ruled and sparse pages that merely could not be registered keep their place in the sequence and are not counted.
    """
    measure = MEASURES["pages-foreign"]
    if not has_reference:
        return [measure.observe(None, flags=(Flag.NO_REFERENCE,))]
    if block is not None:
        first = pages[block.first - 1]
        detail = {"of_pages": block.printed, "last": block.last}
        return [
            measure.observe(
                float(block.pages),
                0.0,
                Where(page=block.first),
                flags=(Flag.ANOTHER_BOOK,),
                detail=detail | ({"cover_isbn": block.cover_isbn} if block.cover_isbn else {}),
                evidence=(Evidence(first.file, first.frame),),
            )
        ]
    printed = {position: page for position, page in enumerate(pages, 1) if page.kind is PageKind.CONTENT}
    mirrored = mirrored or {}
    foreign = {i: page for i, page in printed.items() if page.reference_page is None or i in mirrored}
    found = [
        measure.observe(
            1.0,
            0.0,
            Where(page=position),
            detail={"mirrored": mirrored[position]} if position in mirrored else {},
            evidence=(Evidence(page.file, page.frame),),
        )
        for position, page in foreign.items()
    ]
    return found or [measure.observe(0.0, 0.0)]
