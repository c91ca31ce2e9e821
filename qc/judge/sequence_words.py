"""Faults of sequence in words: which page of the book, and what it may be instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qc.flags import Flag
from qc.model import Observation, PageRecord
from qc.number_format import ranges
from qc.register.scan_order import AS_SCANNED

MOST_NAMES = 4
_ONE_SIDE = {
    "pages-duplicated": ", the other side of its leaf is not, so the sheet may have been scanned twice",
    "pages-upside-down": ", and its other side does not tell",
}


def sequence_fault(observation: Observation) -> str:
    """A fault of sequence, without its place among the scans; empty for any other observation, and where there is none."""
    page, flags = observation.detail.get("reference_page"), observation.flags
    if Flag.SAME_SHEET in flags:
        return f"Page {page} of the book scanned twice, on one sheet"
    if not observation.value:
        return ""
    match observation.measure:
        case "pages-foreign":
            return _foreign(observation)
        case "pages-missing":
            return _missing(observation)
        case "pages-duplicated":
            said = f"Page {page} of the book for the second time"
            if Flag.LOOK_ALIKE in flags:
                said = f"A page that looks like page {page} of the book, one more of them than were ordered"
        case "pages-out-of-order":
            said = f"Page {page} of the book where it does not belong"
            if Flag.MIXED_UP in flags:
                said += ", as so many others that the scans may have been mixed up"
            elif Flag.SCANNED_LATE in flags:
                said += ", scanned late or bound there"
        case "pages-extra-inside":
            return _extra(observation)
        case "pages-upside-down":
            said = f"Page {page} of the book upside down"
        case _:
            return ""
    return said + (_ONE_SIDE.get(observation.measure, "") if Flag.ONE_SIDE in flags else "")


def how_scanned(observations: Iterable[Observation], pages: Iterable[PageRecord] = ()) -> list[str]:
    """What is unusual in how the copy was scanned, sentence by sentence."""
    said = []
    detail: dict[str, Any] = {}
    again: list[int] = []
    for o in observations:
        if Flag.SAME_SHEET in o.flags:
            again.append(int(o.detail["reference_page"]))
        if o.measure in ("pages-out-of-order", "pages-upside-down", "pages-extra-inside"):
            detail |= o.detail
    if (order := detail.get("scan_order", AS_SCANNED)) != AS_SCANNED:
        said.append(f"The pages were scanned in another order ({order}) and were put in the order of the book.")
    if repeats := [p for p in pages if p.same_as is not None]:
        said.append(_repeated(repeats))
    if again:
        said.append(f"The sheets with the pages {ranges(sorted(set(again)))} were scanned twice; each is one sheet.")
    if count := detail.get("blank_before"):
        sides = "1 blank side lies" if count == 1 else f"{count} blank sides lie"
        said.append(f"{sides} before the first page of the book that was scanned.")
    if detail.get("versos_turned"):
        said.append("Every verso was scanned upside down.")
    if alike := detail.get("look_alike"):
        said.append(
            f"The pages {ranges(alike)} look like others of the book; they were taken in the order in which they came."
        )
    return said


def sides_taken(observations: Iterable[Observation]) -> str:
    """On which sides of their leaves the pages lie, and how that is known; empty where nothing depends on it."""
    sides = next((o.detail["sides"] for o in observations if "sides" in o.detail), None)
    if sides is None:
        return ""
    read = f"a book read {'left to right' if sides['direction'] == 'ltr' else 'right to left'}"
    read += f" ({by})" if (by := sides["by"]) else ""
    against = "; ".join(sides["against"])
    if sides["not_proven"]:
        return f"Sides not proven on {sides['not_proven']} pages: {against}. Assumed are odd pages as rectos of {read}."
    if "verso" in sides["odd_pages"]:
        where = "Odd pages are versos" if sides["odd_pages"] == ["verso"] else "From a page on, odd pages are versos"
        return f"Sides shifted by one: {against}. {where}, proven by {sides['proof']}."
    if sides["proof"]:
        return f"Sides proven by {sides['proof']}: odd pages are rectos of {read}."
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


def _foreign(observation: Observation) -> str:
    if mirrored := observation.detail.get("mirrored"):
        return f"Page {mirrored} of the book mirrored"
    printed = observation.detail.get("of_pages")
    if printed is None:
        return ""
    count = round(observation.value or 0)
    said = f"None of the {printed}" if count == printed else f"{count} of the {printed}"
    said += f" printed pages {'is' if count == printed else 'are not'} in the reference: "
    if ordered := observation.detail.get("cover_isbn"):
        said += f"another book's block in the ordered cover (ISBN {ordered})"
    else:
        said += "the block of another book or of another revision, or the wrong reference"
    return f"{said}; it begins"


def _extra(observation: Observation) -> str:
    count, blank = round(observation.value or 0), observation.detail.get("blank", 0)
    kind = "blank " if blank == count else ""
    others = f", {blank} of them blank" if 0 < blank < count else ""
    return f"{count} {kind}side{'' if count == 1 else 's'} inside the book that nobody ordered{others}"


def _missing(observation: Observation) -> str:
    pages, count = observation.detail["reference_pages"], round(observation.value or 0)
    if Flag.LOOK_ALIKE in observation.flags:
        verb = "is" if count == 1 else "are"
        why = "they look the same, or an unknown page stands there"
        return f"{count} of the pages {ranges(pages)} of the book {verb} missing; which is not told, as {why}"
    said = f"Page {pages[0]} of the book is missing" if count == 1 else f"Pages {ranges(pages)} of the book are missing"
    return said + (", which are whole leaves" if observation.detail.get("whole_leaves") else "")
