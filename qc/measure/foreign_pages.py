"""Pages with print that belongs to no page of the reference."""

from __future__ import annotations

from collections.abc import Sequence

from qc.catalog import MEASURES
from qc.flags import Flag
from qc.model import Evidence, Observation, PageKind, PageRecord, Where


def pages_foreign(pages: Sequence[PageRecord], has_reference: bool) -> list[Observation]:
    """Content pages that no reference page matches: one observation a page, or a single zero.

    Notes
    -----
    Content is compared, not identity: a page printed wrong beyond recognition counts as well as one of another book.
    Ruled and sparse pages that merely could not be registered keep their place in the sequence and are not counted.
    """
    measure = MEASURES["pages-foreign"]
    if not has_reference:
        return [measure.observe(None, flags=(Flag.NO_REFERENCE,))]
    found = [
        measure.observe(1.0, 0.0, Where(page=position), evidence=(Evidence(page.file, page.frame),))
        for position, page in enumerate(pages, 1)
        if page.kind is PageKind.CONTENT and page.reference_page is None
    ]
    return found or [measure.observe(0.0, 0.0)]
