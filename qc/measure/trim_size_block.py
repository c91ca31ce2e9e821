"""Size of the cut block against the size that was ordered."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.context.opposite_edges import AXES, opposite_edges
from qc.measure.details import CutDetail
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Detail, Observation, Where
from qc.stats import mean_over_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qc.measure.context.copy_context import CopyContext

MIN_PAGES = 3
_AXES = {"height": "y", "width": "x"}


@dataclass(frozen=True, kw_only=True)
class CutSizeDetail(Detail):
    """Number of pages, whether the bench cut across this axis, and what the pages measure from cut to cut."""

    pages: int = 0
    bench_cut: bool | None = None
    cut_size_mm: float | None = None


@measure(
    "trim-size-block",
    "mm",
    "copy",
    1,
    name="size of the pages",
    subject="cut",
    needs=("trim-offset-block",),
)
def trim_size_block(offsets: Sequence[Observation], bench_cut: bool) -> list[Observation]:
    """Deviation of the block from the ordered size: the sum of opposite trim offsets, over the pages.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages.
    bench_cut : bool
        The spine edge of the sheets was cut to scan them; the width then says nothing of the printer and is left out.

    Returns
    -------
    list of Observation
        One an axis, ``height`` and ``width``, in mm; > 0: larger than ordered. `detail` holds the number of pages and
        their spread.

    Notes
    -----
    The sum is free of where the print lies on a page, so jitter does not enter. What shifts a cut the same way on
    every page (tone curve, shape of the shadow on a white lid) shifts both edges outward or both inward, so it counts
    twice in u and does not shrink with pages. Millimeters are those of the print: where the press printed 0.1 % too
    small, the block seems 0.1 % too large. Without a reference the same is told in scan millimeters from the cuts
    alone, against the stated trim, with the scale of the scanner in u.
    """
    result = []
    for name, axis in _AXES.items():
        if axis == "x" and bench_cut:
            continue
        pages = opposite_edges(offsets, axis)
        where = Where(axis=name)
        if len(pages) < MIN_PAGES:
            result.append(
                trim_size_block.observe(None, where=where, flags=(Flag.FEW_PAGES,), detail={"pages": len(pages)})
            )
            continue
        sizes, u = (np.array([getattr(p, key) for p in pages]) for key in ("size", "u_size"))
        value, u_value, spread = mean_over_pages(sizes, u, 2 * max(p.u_system for p in pages))
        detail = {"pages": len(pages), "spread": round(spread, 4)}
        result.append(trim_size_block.observe(value, u_value, where, detail=detail))
    return result


@trim_size_block.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    if copy.reference is None:
        return []
    if not copy.reference.trim_known:
        return cut_size(copy.offsets, copy.bench_cut)
    sizes = trim_size_block(copy.offsets, copy.bench_cut)
    guessed = (str(Flag.TRIM_NOT_STATED),) if copy.trim_guessed else ()
    return [replace(o, flags=(*o.flags, *guessed)) for o in sizes]


@trim_size_block.full_sentence
def _in_words(block: Observation, said: Said) -> str:
    ways = ("shorter", "taller") if block.where.axis == "height" else ("narrower", "wider")
    return f"The pages are {said.size} {ways[(block.value or 0.0) >= 0]} than ordered"


def cut_size(offsets: Sequence[Observation], bench_cut: bool) -> list[Observation]:
    """What the block measures from cut to cut, as `trim-size-block` without a value, where nobody stated the trim.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages, null, with the place of the cut in their detail.
    bench_cut : bool
        The spine edge of the sheets was cut to scan them.

    Returns
    -------
    list of Observation
        ``height`` and ``width``; `detail` holds ``cut_size_mm``, the median over the pages in millimeters of the print,
        which may suggest a trim to a person and judges nothing, and for the width ``bench_cut``.
    """
    at = {(o.where.page, o.where.edge): cut for o in offsets if (cut := CutDetail.of(o).cut_mm)}
    pages = sorted({page for page, _ in at if page is not None})
    result = []
    for name, axis in _AXES.items():
        first, last = AXES[axis]
        found = [(at[p, first], at[p, last]) for p in pages if (p, first) in at and (p, last) in at]
        sizes = [abs(float(np.mean(np.array(b) - np.array(a), axis=0)["xy".index(axis)])) for a, b in found]
        detail = CutSizeDetail(
            pages=len(sizes),
            bench_cut=bench_cut if axis == "x" else None,
            cut_size_mm=round(float(np.median(sizes)), 1) if sizes else None,
        )
        where = Where(axis=name)
        result.append(trim_size_block.observe(None, where=where, flags=(Flag.TRIM_NOT_STATED,), detail=detail))
    return result
