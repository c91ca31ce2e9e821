"""How a book ends: what was ordered, what a printer may add to it, and what stands at the end of a copy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from qc.flags import Flag
from qc.judge.clause import Clause
from qc.measure.blank_pages import BookEnd, blank_pages_at_end, blank_pages_unexplained
from qc.model import Observation


@dataclass(frozen=True, kw_only=True)
class Padding(Clause):
    """What a printer adds at the end, as its policy states it.

    Attributes
    ----------
    round_to : int
        The page count of the file is rounded up to a multiple of this.
    sheets : tuple of int
        Pages on a sheet of the presses in use; the count is filled up to full sheets.
    imprint_pages : int
        Pages of their own that the imprint may take.
    ordered_blanks : int
        The most blank pages a file may end with.
    reason : str
        Why the numbers are these.
    """

    round_to: int
    sheets: tuple[int, ...]
    imprint_pages: int
    ordered_blanks: int
    reason: str

    def printed(self, ordered: int) -> dict[int, int]:
        """Page counts that a file of `ordered` pages may be printed with, ascending, and the multiple each one is."""
        counts: dict[int, int] = {}
        for multiple in sorted({self.round_to, *self.sheets}):
            for pages in (ordered, ordered + self.imprint_pages):
                counts.setdefault(-(-pages // multiple) * multiple, multiple)
        return dict(sorted(counts.items()))

    def most(self, ordered: int) -> int:
        """The longest of these."""
        return max(self.printed(ordered))


def unexplained(end: BookEnd, padding: Padding | None) -> tuple[int | None, Flag | str]:
    """Blank pages at the end that neither the order nor padding and imprint explain; None and why where that is unknown.

    Parameters
    ----------
    end : BookEnd
    padding : Padding or None
        Of the policy; None where it states none.

    Notes
    -----
    Without a reference nobody knows which blanks were ordered: only a run longer than any file may end with is told.
    """
    if end.unknown:
        return None, end.unknown
    if end.lost:
        return end.blanks, ""
    if padding is None:
        return None, Flag.NO_PADDING
    assert end.pages is not None and end.last is not None
    ordered = end.ordered if end.designed and end.ordered is not None else _most_ordered(end, padding)
    more = max(end.pages - padding.most(ordered), 0)
    if not end.designed and not more:
        return None, Flag.NO_REFERENCE
    return min(more, end.blanks), ""


def said_of(end: BookEnd, padding: Padding | None) -> str:
    """The end of the copy in words: ``"3 blank pages at the end: 1 ordered, 2 added by the printer, …"``; empty where it is
    not known or nothing follows the content."""
    value, _ = unexplained(end, padding)
    if value is None or end.last is None:
        return ""
    blanks = f"{end.blanks or 'no'} blank page{'' if end.blanks == 1 else 's'} at the end"
    if end.lost:
        return f"the last content page ({end.last}) is not among the scans, and {blanks}: content may be missing"
    assert padding is not None and end.pages is not None
    if value:
        told = f"{end.ordered} ordered pages" if end.designed else f"content up to page {end.last}"
        most = padding.most(end.ordered if end.designed and end.ordered is not None else _most_ordered(end, padding))
        return (
            f"{blanks}, {value} more than padding and imprint explain: {told} make at most {most}, and {end.pages} were "
            "found; content may be missing"
        )
    return _parts(end, padding, blanks) if end.blanks or end.imprint else ""


def _parts(end: BookEnd, padding: Padding, blanks: str) -> str:
    assert end.pages is not None and end.last is not None and end.ordered is not None
    on_ordered = end.imprint and end.pages <= end.ordered
    own = min(max(min(end.ordered, end.pages) - end.last - on_ordered, 0), end.blanks)
    added = end.blanks - own
    what = (
        f"{own} ordered, {added} added by the printer"
        if own and added
        else "ordered"
        if own
        else "added by the printer"
    )
    text = f"{blanks}: {what}" if end.blanks else blanks
    if end.imprint:
        text += ", with the imprint" if end.blanks else ", but the imprint"
    if end.pages <= end.ordered:
        return f"{text}, on the {end.ordered} ordered pages"
    counts = padding.printed(end.ordered)
    multiple = counts.get(end.pages)
    why = f"a multiple of {multiple}" if multiple else f"no more than the {max(counts)} of full sheets"
    return f"{text}, {end.pages} pages for {end.ordered} ordered, {why}"


def _most_ordered(end: BookEnd, padding: Padding) -> int:
    """Pages that a file may have whose content ends at page `last`."""
    assert end.last is not None
    return max(end.last + padding.ordered_blanks, end.ordered or 0)


def explain(end: BookEnd, padding: Padding | None) -> Observation:
    """`blank-pages-unexplained` of a copy that ends so, by the padding of a policy."""
    value, why = unexplained(end, padding)
    return blank_pages_unexplained(end, value, str(why), said_of(end, padding))


def with_unexplained_blanks(observations: Sequence[Observation], padding: Padding | None) -> tuple[Observation, ...]:
    """The observations with `blank-pages-unexplained` as `padding` explains it, from the detail of `blank-pages-at-end`.

    In records of before 2026-12 the former reckoning says how the copy ends.
    """
    mine = blank_pages_unexplained
    ends = [o for o in observations if o.measure in (blank_pages_at_end.id, mine.id)]
    if not ends:
        return tuple(observations)
    known = [BookEnd.of(o) for o in ends if o.detail]
    found = explain(known[-1], padding) if known else mine.observe(None, flags=ends[0].flags)
    at = observations.index(ends[0])
    before, after = (
        [o for o in part if o.measure != mine.id] for part in (observations[: at + 1], observations[at + 1 :])
    )
    return (*before, found, *after)
