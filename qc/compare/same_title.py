"""Several copies of one title in one run: the colors of each against the others, on the pages of their reference."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from qc.compare.color import CopyPages, Shown, compare_colors, page_color, shown
from qc.geometry import Size
from qc.judge.policy import Policy
from qc.judge.rejudge import judged_again
from qc.model import Inspection, Observation, Role
from qc.scan.scanner_profile import ScannerProfile

PAPER_PAGES = 5
"""Pages looked at, evenly over the copy, to know its paper."""
_ADDED = ("copy-color-difference", "copy-color-outlier")


def with_copy_colors(
    inspections: Sequence[Inspection],
    trim: Size,
    policy: Policy,
    threads: int = 1,
    step: Callable[[], None] | None = None,
    profiles: Mapping[str, ScannerProfile | None] = MappingProxyType({}),
) -> list[Inspection]:
    """Inspections with the color differences between the copies, judged again.

    Parameters
    ----------
    inspections : sequence of Inspection
        Of two or more copies that were inspected against one reference in this run.
    trim : Size
        Of its pages.
    policy : Policy
        That they were judged by.
    threads : int
        Pages compared at the same time.
    step : callable, optional
        Called after each page.
    profiles : mapping of str to ScannerProfile or None
        By id of the copy.

    Returns
    -------
    list of Inspection
        In the same order. Each gets those observations over all pages that speak of its copy; `max_page` in their detail
        is a position in that copy. Pages that were not registered are not compared.
    """
    copies = [_pages(i, trim, profiles.get(i.copy.id)) for i in inspections]
    numbers = sorted({n for c in copies for n in c.shown})
    observations = compare_colors(copies, dict.fromkeys(numbers, trim), threads, step)
    overall = [o for o in observations if o.measure in _ADDED and o.where.page is None]
    again = []
    for i in inspections:
        own = [_seen_from(i, o) for o in overall if i.copy.id in (o.where.copy, *(o.where.copies or ()))]
        again.append(judged_again(i, own, i.reference, policy))
    return again


def _pages(inspection: Inspection, trim: Size, profile: ScannerProfile | None) -> CopyPages:
    interior = [r for r in inspection.pages if r.role is Role.PAGE]
    found: dict[int, Shown] = {}
    for scan, record in zip(inspection.copy.pages, interior, strict=True):
        if record.reference_page is not None and record.to_scan is not None:
            page = record.reference_page
            found.setdefault(page, shown(scan, record.to_scan, inspection.copy, page, trim))
    laid = CopyPages(inspection.copy, found, None, profile)
    return replace(laid, paper=_paper(laid, trim))


def _paper(laid: CopyPages, trim: Size) -> NDArray[np.float64] | None:
    found = list(laid.shown.values())
    at = sorted({round(p) for p in np.linspace(0, len(found) - 1, PAPER_PAGES)}) if found else []
    pages = [page_color(laid, found[p], trim, None) for p in at]
    papers = [p.paper for p in pages if p is not None and p.paper is not None]
    return np.median(papers, axis=0) if papers else None


def _seen_from(inspection: Inspection, observation: Observation) -> Observation:
    """The observation with its page counted as in this copy."""
    if observation.value is None:
        return observation
    interior = [r for r in inspection.pages if r.role is Role.PAGE]
    number = observation.detail["max_page"]
    position = next((p for p, r in enumerate(interior, 1) if r.reference_page == number), None)
    return replace(observation, detail={**observation.detail, "max_page": position})
