"""Pages with print that belongs to no page of the reference."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.details import SequenceDetail
from qc.measure.registry import MEASURES, measure
from qc.measure.words import Said, capital, pages_named
from qc.model import Evidence, Observation, PageKind, PageRecord, Where

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qc.measure.context.another_book import OtherBlock
    from qc.measure.context.copy_context import CopyContext


@measure("pages-foreign", "count", "copy", 2, name="foreign pages", subject="sequence", content=True)
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
    if not has_reference:
        return [pages_foreign.observe(None, flags=(Flag.NO_REFERENCE,))]
    if block is not None:
        first = pages[block.first - 1]
        detail = {"of_pages": block.printed, "last": block.last}
        return [
            pages_foreign.observe(
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
        pages_foreign.observe(
            1.0,
            0.0,
            Where(page=position),
            detail={"mirrored": mirrored[position]} if position in mirrored else {},
            evidence=(Evidence(page.file, page.frame),),
        )
        for position, page in foreign.items()
    ]
    return found or [pages_foreign.observe(0.0, 0.0)]


@pages_foreign.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    return pages_foreign(copy.records, copy.reference is not None, copy.shown, copy.block)


@pages_foreign.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    if not found.value:
        return "Every page belongs to the ordered book"
    if mirrored := found.detail.get("mirrored"):
        return f"Page {mirrored} of the book is printed mirrored"
    printed, count = found.detail.get("of_pages"), round(found.value)
    if printed is None:
        shows = "shows" if len(said.positions) < 2 else "show"
        return f"{_scans_named(found, said)} {shows} no page of the ordered book"
    what = (
        f"None of the {printed} printed pages belongs"
        if count == printed
        else f"{count} of {printed} pages {'does' if count == 1 else 'do'} not belong"
    )
    cover = ", though its cover is the ordered one" if found.detail.get("cover_isbn") else ""
    return f"{what} to the ordered book{cover}"


def _scans_named(found: Observation, said: Said) -> str:
    """Where the strange scans lie in the book, or among the scans if that is not known; one by its file, too."""
    several = len(said.positions) > 1
    file = "" if several or not found.evidence else f" ({found.evidence[0].file})"
    if not said.places or len(said.places) < len(said.positions):
        return f"{capital(said.page)}{file}"
    return f"The scan{'s' if several else ''} in the place of {pages_named(said.places)}{file}"


@pages_foreign.revises
def _another_book(copy: CopyContext) -> Iterator[Observation]:
    """In a copy with another book's block, sequence, content and color have no value: all of it compares the pages with those
    that were ordered."""
    for o in copy.observations:
        compares = MEASURES[o.measure].subject in ("sequence", "tone") and o.measure != pages_foreign.id
        if copy.block is not None and compares:
            # What other details say, a later judgment by another policy would read as measured.
            own = SequenceDetail.of(o)
            kept = SequenceDetail(code=own.code, scan_order=own.scan_order).to_json()
            o = replace(o, value=None, u=None, flags=(str(Flag.ANOTHER_BOOK),), detail=kept, evidence=())
        yield o
