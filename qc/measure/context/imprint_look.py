"""Whether a page that could not be read looks like the imprint of its copy."""

from __future__ import annotations

from collections.abc import Sequence

from qc.model import PageKind
from qc.register.page_result import PageResult

LITTLE = 0.03
"""Ink coverage of a barcode and a few lines."""
FOOT = 0.5
"""Share of the height below which an imprint stands."""
TALL_MM = 60.0
WIDE_MM = 100.0


def looks_like_imprint(
    page: PageResult, place: int | None, pages: Sequence[PageResult], last_content: int | None
) -> str:
    """Why a page is taken for the imprint that nobody could read; empty where it is not.

    Parameters
    ----------
    page : PageResult
        Whose look is content or a folio.
    place : int or None
        Its reference page.
    pages : sequence of PageResult
        All of the copy, in reading order.
    last_content : int or None
        Number of the last reference page that prints anything; None without a reference.

    Notes
    -----
    With a reference: little print, behind everything that the reference prints. Without one, a block of print at the
    foot of the very last page, on the back of its leaf; a closing line set there by the author looks the same.
    """
    ink = page.ink
    later = [p for p in pages if p.job.position > page.job.position]
    if ink is None or ink.coverage >= LITTLE or any(_is_printed(p) for p in later):
        return ""
    if last_content is not None:
        if place is not None and place <= last_content:
            return ""
        if last_content and any(p.reference_page and p.reference_page >= last_content for p in later):
            return ""
        return "a few lines on the last page, after the content of the reference"
    if later or page.trim is None or ink.print_mm is None or page.job.expected_page % 2:
        return ""
    left, top, right, bottom = ink.print_mm
    if top < FOOT * page.trim.height_mm or bottom - top > TALL_MM or right - left > WIDE_MM:
        return ""
    return "a few lines at the foot of the last page, as of an imprint"


def _is_printed(page: PageResult) -> bool:
    return page.ink is not None and page.ink.kind is not PageKind.BLANK
