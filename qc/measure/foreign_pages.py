"""Pages with print that belongs to no page of the reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qc.catalog import MEASURES
from qc.flags import Flag
from qc.model import Evidence, Observation, PageKind, PageRecord, Where

LEAST = 4
"""Printed pages that say of a whole block that it is another book's."""


def pages_foreign(
    pages: Sequence[PageRecord], has_reference: bool, mirrored: Mapping[int, int] | None = None
) -> list[Observation]:
    """Content pages that no reference page matches: one observation a page, or a single zero.

    Parameters
    ----------
    pages : sequence of PageRecord
        In reading order.
    has_reference : bool
    mirrored : mapping of int to int, optional
        Of positions (1-based) of pages that could not be registered, the reference page that their mirror image shows;
        `detail` then names it.

    Notes
    -----
    Content is compared, not identity: a page printed wrong beyond recognition counts as well as one of another book.
    Where every printed page is foreign (`detail` then says of how many), the block or the reference is the wrong one.
    Ruled and sparse pages that merely could not be registered keep their place in the sequence and are not counted.
    """
    measure = MEASURES["pages-foreign"]
    if not has_reference:
        return [measure.observe(None, flags=(Flag.NO_REFERENCE,))]
    printed = {position: page for position, page in enumerate(pages, 1) if page.kind is PageKind.CONTENT}
    mirrored = mirrored or {}
    foreign = {i: page for i, page in printed.items() if page.reference_page is None or i in mirrored}
    whole = {"of_pages": len(printed)} if LEAST <= len(printed) == len(foreign) else {}
    found = [
        measure.observe(
            1.0,
            0.0,
            Where(page=position),
            detail=whole | ({"mirrored": mirrored[position]} if position in mirrored else {}),
            evidence=(Evidence(page.file, page.frame),),
        )
        for position, page in foreign.items()
    ]
    return found or [measure.observe(0.0, 0.0)]
