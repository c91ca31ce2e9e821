"""Faults of sequence in words: which page of the book, and what it may be instead."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from qc.flags import Flag
from qc.model import Observation, PageRecord
from qc.number_format import ranges
from qc.register.scan_order import AS_SCANNED

MOST_NAMES = 4
HOW_SCANNED = ("scan_order", "blank_before", "versos_turned", "look_alike")
"""Details of observations that say how the pages were scanned."""


def how_scanned(observations: Iterable[Observation], pages: Iterable[PageRecord] = ()) -> list[str]:
    """What is unusual in how the copy was scanned, sentence by sentence."""
    said = []
    detail: dict[str, Any] = {}
    again: list[int] = []
    for o in observations:
        if Flag.SAME_SHEET in o.flags:
            again.append(int(o.detail["reference_page"]))
        detail |= {key: o.detail[key] for key in HOW_SCANNED if key in o.detail}
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
