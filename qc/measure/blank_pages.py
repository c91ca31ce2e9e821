"""Blank pages: expected ones at the end, those that nothing explains, and blanks where the book has content."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.measure.details import SequenceDetail
from qc.measure.registry import measure
from qc.measure.words import Said, capital, counted
from qc.model import Detail, Evidence, Observation, PageKind, PageRecord, Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qc.measure.context.copy_context import CopyContext


@measure("blank-pages-at-end", "count", "copy", 1, name="blank pages at the end", subject="sequence")
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
    if not end_seen:
        return blank_pages_at_end.observe(None, flags=(Flag.END_NOT_SEEN,), detail=end)
    return blank_pages_at_end.observe(float(_blanks_at_end(pages)), 0.0, detail=end)


@blank_pages_at_end.on_copy
def _end_of_copy(copy: CopyContext) -> Observation:
    of, last = copy.copy, copy.last_content
    once = {i: r for i, r in enumerate(copy.records, 1) if r.same_as is None}
    end = book_end(
        [*once.values()],
        complete=of.scan.complete,
        last_content=last if copy.reference else None,
        ordered=copy.reference.pages if copy.reference else of.pages_expected,
        first_page=of.scan.first_page,
        doubtful=frozenset(k for k, position in enumerate(once, 1) if position in copy.doubtful),
    )
    seen = of.scan.complete or any(r.kind is PageKind.IMPRINT for r in copy.records)
    seen = seen or (bool(last) and any((r.reference_page or 0) >= last for r in copy.records))
    return blank_pages_at_end([*once.values()], seen, end)


@blank_pages_at_end.full_sentence
def _at_end_in_words(found: Observation, said: Said) -> str:
    return f"The copy ends with {counted(found.value or 0.0, 'blank page', 'blank pages')}"


@measure(
    "blank-pages-unexplained",
    "count",
    "copy",
    2,
    name="unexplained blank pages at the end",
    needs=("blank-pages-at-end",),
    subject="sequence",
    content=True,
)
def blank_pages_unexplained(end: BookEnd, value: int | None, why: str, words: str) -> Observation:
    """Blank pages at the end that neither the order nor padding and imprint explain; content may be missing there.

    Parameters
    ----------
    end : BookEnd
        How the copy ends.
    value : int or None
        How many the padding of the policy does not explain (`qc.judge.padding`); None where that is not known.
    why : str
        The flag that says why it is not known.
    words : str
        The reckoning in words.

    Returns
    -------
    Observation
        A count, 0 where the run is explained; `detail` holds the reckoning and ``words``. Flag ``place-unsure`` where the place
        of the last content page is only likely. Null where the end, or what was ordered, is not known.

    Notes
    -----
    Derived when judging, from `blank-pages-at-end` and the padding of the policy.
    A file of n pages, with or without pages of its own for the imprint, is filled up to full sheets; what is within the
    longest of these counts is explained, shorter runs too, as a scanner may drop blank pages. The reference says which
    blanks at the end are the author's. Where the copy is complete and the last content page is not there, the whole run
    is unexplained. Not seen by it: content that went missing together with as many pages of padding.
    """
    detail = replace(end, words=words)
    if value is None:
        return blank_pages_unexplained.observe(None, flags=(why,), detail=detail)
    flags = (Flag.PLACE_UNSURE,) if end.unsure else ()
    return blank_pages_unexplained.observe(float(value), 0.0, flags=flags, detail=detail)


@blank_pages_unexplained.on_copy
def _when_judging(copy: CopyContext) -> None:
    """Nothing: a policy is needed."""


@blank_pages_unexplained.full_sentence
def _unexplained_in_words(found: Observation, said: Said) -> str:
    end, more = BookEnd.of(found), round(found.value or 0.0)
    if not more:
        return "No blank page at the end is unexplained"
    if end.lost:
        return f"The last page with content, page {end.last} of the book, was not found; content may be missing"
    pages = counted(max(end.blanks or 0, more), "blank page", "blank pages")
    return f"The copy ends with {pages}, {more} more than expected; content may be missing"


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
            return BookEnd(blanks, imprint, None, None, ordered, designed=False, unknown=str(Flag.NO_REFERENCE))
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


@measure("blank-pages-inside", "count", "copy", 2, name="blank pages inside", subject="sequence", content=True)
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
    if reference_has_content is None:
        return [blank_pages_inside.observe(None, flags=(Flag.NO_REFERENCE,))]
    found = []
    for position, page in enumerate(pages, 1):
        if page.kind is PageKind.BLANK and page.reference_page and reference_has_content[page.reference_page - 1]:
            found.append(
                blank_pages_inside.observe(
                    1.0,
                    0.0,
                    Where(page=position),
                    flags=(doubts[position],) if position in doubts else (),
                    detail=SequenceDetail(reference_page=page.reference_page),
                    evidence=(Evidence(page.file, page.frame),),
                )
            )
    return found or [blank_pages_inside.observe(0.0, 0.0)]


@blank_pages_inside.on_copy
def _inside_copy(copy: CopyContext) -> list[Observation]:
    from qc.normalize.page_kind import Appearance

    # A blob, pale print or a tone may be all that was ordered, and too little to register: no defect by that alone.
    unsure = (Appearance.DEFECT, Appearance.SHOW_THROUGH, Appearance.DIRT)
    shown = [p.job.position for p in copy.pages if p.ink is not None and p.ink.look in unsure]
    doubts = {
        **dict.fromkeys(shown, Flag.NOT_BARE),
        **dict.fromkeys(_where_pale(copy), Flag.PALE_ORDERED),
        **dict.fromkeys(copy.doubtful, Flag.PLACE_UNSURE),
    }
    return blank_pages_inside(copy.records, copy.written, doubts)


def _where_pale(copy: CopyContext) -> set[int]:
    """Positions of blank pages where the reference prints nothing but pale tones, which a scan may not show."""
    from qc.register.colored_print import is_black

    reference, written = copy.reference, copy.written
    if reference is None or written is None:
        return set()
    blank = [(i, r.reference_page) for i, r in enumerate(copy.records, 1) if r.kind is PageKind.BLANK]
    return {i for i, page in blank if page and written[page - 1] and not is_black(reference, page)}


@blank_pages_inside.full_sentence
def _inside_in_words(found: Observation, said: Said) -> str:
    if not found.value:
        return "No page is blank where content was ordered"
    return f"{capital(said.page or 'a page')} {said.are} blank, but the ordered file has content there"


@dataclass(frozen=True)
class BookEnd(Detail):
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
    words : str
        The reckoning by the padding of a policy, where it was made.
    """

    blanks: int
    imprint: bool
    pages: int | None
    last: int | None
    ordered: int | None
    designed: bool = True
    lost: bool = False
    unknown: str = ""
    unsure: bool = False
    words: str | None = None
