"""Position of the cut of the whole block against the mean placement of the print on its pages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.flags import Flag, most_common
from qc.geometry import OUTER_EDGES, Edge, Side
from qc.measure.registry import MEASURES, measure
from qc.measure.words import size
from qc.model import Observation, Where
from qc.stats import mean_over_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from qc.measure.context.copy_context import CopyContext

MIN_PAGES = 3
U_COMMON_MM = 0.018
"""What all pages of a copy share on a dark backing, where they do not say it (`u_system`). It does not shrink with
pages."""


@measure("trim-offset-block", "mm", "copy", 1, name="cut", subject="cut", by_edge=True)
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
            result.append(trim_offset_block.observe(None, where=where, flags=(*reason, *doubt), detail=detail))
            continue
        values = np.array([o.value for o in measured], float)
        page_u = np.array([o.u or 0.0 for o in measured])
        common_u = max(float(o.detail.get("u_system", U_COMMON_MM)) for o in measured)
        own_u = np.sqrt(np.maximum(page_u**2 - common_u**2, 0.0))
        value, u, spread = mean_over_pages(values, own_u, common_u)
        nearest = min(measured, key=lambda o: abs((o.value or 0.0) - value))
        detail = {"pages": len(values), "spread": round(spread, 4), "shown_page": nearest.where.page}
        result.append(trim_offset_block.observe(value, u, where, doubt, detail=detail, evidence=nearest.evidence))
    return result


@trim_offset_block.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    reference, flag = copy.reference, None
    if reference is None:
        flag = Flag.NO_REFERENCE
    elif not reference.trim_known:
        flag = Flag.TRIM_NOT_STATED
    for block in trim_offset_block(copy.offsets, flag):
        yield _with_sides(block, copy) if block.where.edge in OUTER_EDGES else block


def _with_sides(block: Observation, copy: CopyContext) -> Observation:
    """The offset of a block at an outer edge with what is known of its sides."""
    sides, reference = copy.sides, copy.reference
    said = {
        "direction": str(copy.direction),
        "by": reference.direction_by if reference else "as stated" if copy.copy.reference.direction else "",
        "proof": sides.proof,
        "against": list(sides.against),
        "odd_pages": sorted(str(s) for s in sides.odd),
        "not_proven": len(sides.doubtful),
    }
    shifted = (Flag.SIDES_SHIFTED,) if Side.VERSO in sides.odd and not sides.doubtful else ()
    return replace(block, flags=(*block.flags, *shifted), detail={**block.detail, "sides": said})


@trim_offset_block.sentence
def _in_words(offset: Observation, k: float) -> str:
    way = "too deep" if (offset.value or 0.0) < 0 else "outside the trim line"
    return f"Cut {size(offset, k)} {way}"


@trim_offset_block.revises
def _where_the_trim_is_not_stated(copy: CopyContext) -> Iterator[Observation]:
    """What is made of cuts is nothing where nobody stated the trim: pages of another size whose trim is known do not stand for it.
    Where the trim is a guess, the block is in doubt."""
    unstated = copy.reference is not None and not copy.reference.trim_known
    for o in copy.observations:
        measure = MEASURES[o.measure]
        if unstated and measure.subject == "cut" and measure.scope == "copy":
            yield replace(o, value=None, u=None, flags=(Flag.TRIM_NOT_STATED,), evidence=())
        elif copy.trim_guessed and o.measure == trim_offset_block.id:
            yield replace(o, flags=(*o.flags, str(Flag.TRIM_NOT_STATED)))
        else:
            yield o
