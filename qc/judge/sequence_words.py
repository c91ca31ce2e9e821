"""Faults of sequence in words: which page of the book, and what it may be instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from qc.flags import Flag
from qc.measure.details import SequenceDetail
from qc.measure.trim_offset_block import SidesTaken, TrimOffsetBlockDetail, trim_offset_block
from qc.model import Observation, PageRecord
from qc.number_format import ranges
from qc.register.scan_order import AS_SCANNED

MOST_NAMES = 4


def how_scanned(observations: Iterable[Observation], pages: Iterable[PageRecord] = ()) -> list[str]:
    """What is unusual in how the copy was scanned, sentence by sentence."""
    said = []
    known = [(o, SequenceDetail.of(o)) for o in observations]
    if order := next((d.scan_order for _, d in known if d.scan_order not in (None, AS_SCANNED)), None):
        said.append(f"The pages were scanned in another order ({order}) and were put in the order of the book.")
    if repeats := [p for p in pages if p.same_as is not None]:
        said.append(_repeated(repeats))
    if again := {d.reference_page for o, d in known if Flag.SAME_SHEET in o.flags and d.reference_page}:
        said.append(f"The sheets with the pages {ranges(sorted(again))} were scanned twice; each is one sheet.")
    if count := next((d.blank_before for _, d in known if d.blank_before), None):
        sides = "1 blank side lies" if count == 1 else f"{count} blank sides lie"
        said.append(f"{sides} before the first page of the book that was scanned.")
    if any(d.versos_turned for _, d in known):
        said.append("Every verso was scanned upside down.")
    if alike := next((d.look_alike for _, d in known if d.look_alike), None):
        said.append(
            f"The pages {ranges(alike)} look like others of the book; they were taken in the order in which they came."
        )
    return said


def sides_taken(observations: Iterable[Observation]) -> str:
    """On which sides of their leaves the pages lie, and how that is known; empty where nothing depends on it."""
    blocks = (TrimOffsetBlockDetail.of(o) for o in observations if o.measure == trim_offset_block.id)
    said = next((d.sides for d in blocks if d.sides), None)
    if said is None:
        return ""
    sides = SidesTaken.read(said)
    read = f"a book read {'left to right' if sides.direction == 'ltr' else 'right to left'}"
    read += f" ({sides.by})" if sides.by else ""
    against = "; ".join(sides.against)
    if sides.not_proven:
        return f"Sides not proven on {sides.not_proven} pages: {against}. Assumed are odd pages as rectos of {read}."
    if "verso" in sides.odd_pages:
        where = "Odd pages are versos" if sides.odd_pages == ["verso"] else "From a page on, odd pages are versos"
        return f"Sides shifted by one: {against}. {where}, proven by {sides.proof}."
    if sides.proof:
        return f"Sides proven by {sides.proof}: odd pages are rectos of {read}."
    return f"Sides assumed: odd pages are rectos of {read}."


def _repeated(pages: Sequence[PageRecord]) -> str:
    """That scans hold the same image as others."""
    named = [f"{p.file} that of {p.same_as.name}" for p in pages[:MOST_NAMES] if p.same_as]
    more = f" and {len(pages) - MOST_NAMES} more" if len(pages) > MOST_NAMES else ""
    one = len(pages) == 1
    verb, it, them = ("repeats", "It counts", "it") if one else ("repeat", "They count", "them")
    count = "1 scan" if one else f"{len(pages)} scans"
    return (
        f"{count} {verb} the image of another: {', '.join(named)}{more}. {it} once; if another page should be on {them}, it was "
        "not seen."
    )
