"""Position of the cut of the whole block against the mean placement of the print on its pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qc.flags import Flag, most_common
from qc.geometry import Edge
from qc.measure.catalog import MEASURES
from qc.model import Observation, Where
from qc.stats import mean_over_pages

MIN_PAGES = 3
U_COMMON_MM = 0.018
"""What all pages of a copy share on a dark backing, where they do not say it (`u_system`). It does not shrink with
pages."""
BLEEDS_MM = (3.0, 3.175, 5.0)
SOUND_MM = 1.6
"""By which a sound block is usually off at most: half of 0.125 in."""


def trim_offset_block(offsets: Sequence[Observation], pages_flag: Flag | None = None) -> list[Observation]:
    """Trim offset of the block: Huber mean over the pages, one an edge.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages.
    pages_flag : Flag or None
        Why nothing can be measured on this copy at all.

    Returns
    -------
    list of Observation
        In mm; sign as for `trim-offset`. `detail` holds the number of pages and their spread; where cropped scans show
        no cut, the mean of `cut_beyond_mm` of at least three pages.

    Notes
    -----
    A block is cut as one, so what differs from page to page is the placement of the print (and the measuring); it
    enters u as scatter with Student's factor. What all pages of a copy share (the largest `u_system` of its pages)
    enters undiminished. At least three pages are needed. Pages whose sides are not proven count at the outer edges only where
    there are not three others, and then with the flag ``sides-not-proven``.
    """
    measure = MEASURES["trim-offset-block"]
    result = []
    for edge in Edge:
        here = [o for o in offsets if o.where.edge is edge]
        measured = [o for o in here if o.value is not None]
        proven = [o for o in measured if Flag.SIDES_NOT_PROVEN not in o.flags]
        doubt: tuple[Flag, ...] = ()
        if len(proven) >= MIN_PAGES:
            measured = proven
        elif any(Flag.SIDES_NOT_PROVEN in o.flags for o in here):
            doubt = (Flag.SIDES_NOT_PROVEN,)
        where = Where(edge=edge)
        if len(measured) < MIN_PAGES:
            flags = [f for o in here if o.value is None for f in o.flags if f not in doubt]
            common = most_common(flags)
            reason: tuple[str, ...] = tuple(dict.fromkeys(f for f in (pages_flag, common, Flag.FEW_PAGES) if f))[:2]
            detail: dict[str, Any] = {"pages": len(measured)}
            bounds = [float(o.detail["cut_beyond_mm"]) for o in here if "cut_beyond_mm" in o.detail]
            if len(bounds) >= MIN_PAGES:
                detail["cut_beyond_mm"] = round(float(np.mean(bounds)), 3)
            frames = [o.detail["frame"] for o in here if "frame" in o.detail]
            if frames:
                detail["frame"] = frames[0]
            result.append(measure.observe(None, where=where, flags=(*reason, *doubt), detail=detail))
            continue
        values = np.array([o.value for o in measured], float)
        page_u = np.array([o.u or 0.0 for o in measured])
        common_u = max(float(o.detail.get("u_system", U_COMMON_MM)) for o in measured)
        own_u = np.sqrt(np.maximum(page_u**2 - common_u**2, 0.0))
        value, u, spread = mean_over_pages(values, own_u, common_u)
        nearest = min(measured, key=lambda o: abs((o.value or 0.0) - value))
        detail = {"pages": len(values), "spread": round(spread, 4), "shown_page": nearest.where.page}
        result.append(measure.observe(value, u, where, doubt, detail=detail, evidence=nearest.evidence))
    return result


def of_another_trim(block: Sequence[Observation]) -> bool:
    """Whether all edges that the printer cuts lie as those of a sound block whose PDF has bleed where none was read, or
    none where one was read. Of a trim that nothing but the size of the pages tells, that is as likely as a bad cut."""
    cuts = [o.value for o in block if o.where.edge is not Edge.SPINE and o.value is not None]
    shifts = [sign * b for b in BLEEDS_MM for sign in (-1, 1)]
    return bool(cuts) and any(all(abs(cut - shift) < SOUND_MM for cut in cuts) for shift in shifts)
