"""Blank pages: expected ones at the end, those that nothing explains, and blanks where the book has content."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import Any

from qc.flags import Flag
from qc.measure.catalog import MEASURES
from qc.model import Evidence, Observation, PageKind, PageRecord, Where


def blank_pages_at_end(pages: Sequence[PageRecord], end_seen: bool, end: BookEnd) -> Observation:
    """Number of blank pages after the last content page; the imprint page is not counted, a folio alone is content.

    Parameters
    ----------
    pages : sequence of PageRecord
        The scanned interior pages in reading order.
    end_seen : bool
        Whether the scans reach the end of the book: its last content page, an imprint, or a copy stated complete.
    end : BookEnd
        How the copy ends; `detail` holds it, for the policy to explain the blanks by.

    Returns
    -------
    Observation
        A count; null unless the end was seen.
    """
    measure = MEASURES["blank-pages-at-end"]
    if not end_seen:
        return measure.observe(None, flags=(Flag.END_NOT_SEEN,), detail=end.detail())
    return measure.observe(float(_blanks_at_end(pages)), 0.0, detail=end.detail())


def _blanks_at_end(pages: Sequence[PageRecord]) -> int:
    count = 0
    for page in reversed(pages):
        if page.kind is PageKind.IMPRINT:
            continue
        if page.kind is not PageKind.BLANK:
            break
        count += 1
    return count


def book_end(
    pages: Sequence[PageRecord],
    *,
    complete: bool,
    last_content: int | None,
    ordered: int | None,
    first_page: int = 1,
    doubtful: frozenset[int] = frozenset(),
) -> BookEnd:
    """How a copy ends, in numbers.

    Parameters
    ----------
    pages : sequence of PageRecord
        The scanned interior pages in reading order.
    complete : bool
        Whether every page of the copy was scanned.
    last_content : int or None
        Number of the last page of the reference that prints anything; None without a reference.
    ordered : int or None
        Pages of the reference, or of the book as it is stated where there is none.
    first_page : int
        Page that the first scan shows.
    doubtful : frozenset of int
        Positions (1-based) whose place in the book is only likely.
    """
    written = [i for i, p in enumerate(pages) if p.kind in (PageKind.CONTENT, PageKind.FOLIO_ONLY)]
    imprint = any(p.kind is PageKind.IMPRINT for p in pages)
    if last_content is None:
        blanks = _blanks_at_end(pages)
        if not complete:
            return BookEnd(blanks, imprint, ordered=ordered, designed=False, unknown=str(Flag.NO_REFERENCE))
        last = first_page + written[-1] if written else first_page - 1
        return BookEnd(blanks, imprint, first_page - 1 + len(pages), last, ordered, designed=False)
    found = [i for i, p in enumerate(pages) if p.reference_page == last_content]
    if not found and last_content:
        lost = complete and bool(pages)
        why = "" if lost else str(Flag.LAST_CONTENT_NOT_SEEN)
        return BookEnd(_blanks_at_end(pages), imprint, None, last_content, ordered, lost=lost, unknown=why)
    at = found[-1] if found else -1
    unclear = str(Flag.END_UNCLEAR) if written and written[-1] > at else ""
    blanks = sum(p.kind is PageKind.BLANK for p in pages[at + 1 :])
    number = last_content + len(pages) - 1 - at
    return BookEnd(blanks, imprint, number, last_content, ordered, unknown=unclear, unsure=at + 1 in doubtful)


def blank_pages_inside(
    pages: Sequence[PageRecord],
    reference_has_content: Sequence[bool] | None,
    doubts: Mapping[int, Flag] = MappingProxyType({}),
) -> list[Observation]:
    """Pages that are blank where the reference has content: one observation a page, or a single zero.

    Parameters
    ----------
    pages : sequence of PageRecord
    reference_has_content : sequence of bool or None
        For each reference page; None without a reference.
    doubts : mapping of int to Flag
        By position, why a page that looks blank may be none, or may not belong to that place.

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
                    0.0,
                    Where(page=position),
                    flags=(doubts[position],) if position in doubts else (),
                    detail={"reference_page": page.reference_page},
                    evidence=(Evidence(page.file, page.frame),),
                )
            )
    return found or [measure.observe(0.0, 0.0)]


@dataclass(frozen=True)
class BookEnd:
    """The end of a copy in numbers.

    Attributes
    ----------
    blanks : int
        Blank pages after the last content page, the imprint page not counted.
    imprint : bool
        Whether an imprint page was among them.
    pages : int or None
        Number of the last content page and all pages after it, as far as they were scanned.
    last : int or None
        Number of the last page that prints anything, of the reference, else of the copy.
    ordered : int or None
        Pages of the ordered file.
    designed : bool
        Whether `last` and `ordered` are those of a reference.
    lost : bool
        Whether the copy is stated complete and its last content page is not there.
    unknown : str
        Flag that says why the end cannot be reckoned; empty where it can.
    unsure : bool
        Whether the place of the last content page is only likely.
    """

    blanks: int
    imprint: bool
    pages: int | None = None
    last: int | None = None
    ordered: int | None = None
    designed: bool = True
    lost: bool = False
    unknown: str = ""
    unsure: bool = False

    @classmethod
    def of(cls, detail: Mapping[str, Any]) -> BookEnd:
        """From the detail of a stored observation."""
        return cls(**{key: detail[key] for key in cls.__dataclass_fields__})

    def detail(self) -> dict[str, Any]:
        return asdict(self)
