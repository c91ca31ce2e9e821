"""Position of the cut of the whole block against the mean placement of the print on its pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qc.flags import Flag, most_common
from qc.geometry import OUTER_EDGES, Edge, Side
from qc.measure.details import CutDetail, TrimOffsetDetail
from qc.measure.registry import MEASURES, measure
from qc.measure.words import cut_in_words
from qc.model import Detail, Observation, Where
from qc.stats import mean_over_pages

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from qc.measure.context.copy_context import CopyContext

MIN_PAGES = 3


@dataclass(frozen=True, kw_only=True)
class TrimOffsetBlockDetail(CutDetail):
    """Number of pages, their spread and the page in the picture, or what cropped scans bound; what is known of the sides of an
    outer edge, as `SidesTaken`."""

    pages: int = 0
    spread: float | None = None
    shown_page: int | None = None
    sides: Mapping[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class SidesTaken(Detail):
    """On which sides of their leaves the pages were taken to lie: the direction of reading and how it is known; what proves the
    sides and what speaks against the usual ones; sides of odd pages; number of pages whose side is not proven."""

    direction: str = ""
    by: str = ""
    proof: str = ""
    against: Sequence[str] = ()
    odd_pages: Sequence[str] = ()
    not_proven: int = 0


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
            seen = [CutDetail.of(o) for o in here]
            bounds = [c.cut_beyond_mm for c in seen if c.cut_beyond_mm is not None]
            detail = TrimOffsetBlockDetail(
                pages=len(measured),
                cut_beyond_mm=round(float(np.mean(bounds)), 3) if len(bounds) >= MIN_PAGES else None,
                frame=next((c.frame for c in seen if c.frame), None),
            )
            result.append(trim_offset_block.observe(None, where=where, flags=(*reason, *doubt), detail=detail))
            continue
        values = np.array([o.value for o in measured], float)
        page_u = np.array([o.u or 0.0 for o in measured])
        common_u = max(TrimOffsetDetail.of(o).u_system for o in measured)
        own_u = np.sqrt(np.maximum(page_u**2 - common_u**2, 0.0))
        value, u, spread = mean_over_pages(values, own_u, common_u)
        nearest = min(measured, key=lambda o: abs((o.value or 0.0) - value))
        detail = TrimOffsetBlockDetail(pages=len(values), spread=round(spread, 4), shown_page=nearest.where.page)
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
    said = SidesTaken(
        direction=str(copy.direction),
        by=reference.direction_by if reference else "as stated" if copy.copy.reference.direction else "",
        proof=sides.proof,
        against=list(sides.against),
        odd_pages=sorted(str(s) for s in sides.odd),
        not_proven=len(sides.doubtful),
    )
    shifted = (Flag.SIDES_SHIFTED,) if Side.VERSO in sides.odd and not sides.doubtful else ()
    detail = replace(TrimOffsetBlockDetail.of(block), sides=said.to_json())
    return replace(block, flags=(*block.flags, *shifted), detail=detail.to_json())


trim_offset_block.full_sentence(cut_in_words)


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
