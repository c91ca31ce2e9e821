"""How much the print moves from page to page against the cut."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.context.opposite_edges import placements
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation, Where
from qc.stats import huber_mean, students_factor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qc.measure.context.copy_context import CopyContext

MIN_PAGES = 6


@measure(
    "print-position-jitter",
    "mm",
    "copy",
    1,
    name="print position from page to page",
    subject="cut",
    signed=False,
)
def print_position_jitter(offsets: Sequence[Observation], bench_cut: bool) -> list[Observation]:
    """Standard deviation of the placement of the print over the pages of a copy, the measuring taken out.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages.
    bench_cut : bool
        The spine edge was cut by the bench: the placement along x is then told by the fore-edge alone.

    Returns
    -------
    list of Observation
        One an axis, ``x`` and ``y``, in mm. `detail` holds the number of pages.

    Notes
    -----
    Robust (scaled median absolute deviation), so that a misprinted page does not pass for jitter. At least six pages are
    needed; for few pages the spread is corrected by n / (n - 0.8) (Croux & Rousseeuw 1992) and u carries Student's
    factor. The robust spread s of n normal values has the standard uncertainty 1.17 s / sqrt(n); u is half of the longer
    arm from the jitter to what s ± twice that would give, as small jitter is hard to tell from the measuring. Pages
    whose registration is in doubt are left out.
    """
    result = []
    for axis in ("x", "y"):
        pages = placements(offsets, axis, bench_cut)
        where, detail = Where(axis=axis), {"pages": len(pages)}
        if len(pages) < MIN_PAGES:
            result.append(print_position_jitter.observe(None, where=where, flags=(Flag.FEW_PAGES,), detail=detail))
            continue
        n = len(pages)
        spread = huber_mean(np.array([p.placement for p in pages]))[1] * n / (n - 0.8)
        noise = float(np.median([p.u_placement for p in pages]))
        jitter = _less(spread, noise)
        scatter = max(spread, noise)
        u_scatter = 1.17 * scatter / float(np.sqrt(n)) * students_factor(n - 1) / 1.05
        low, high = (_less(max(scatter + arm * u_scatter, 0.0), noise) for arm in (-2, 2))
        u = 0.5 * max(jitter - low, high - jitter)
        result.append(print_position_jitter.observe(jitter, u, where, detail=detail))
    return result


@print_position_jitter.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    return print_position_jitter(copy.offsets, copy.bench_cut) if copy.reference else []


@print_position_jitter.full_sentence
def _in_words(jitter: Observation, said: Said) -> str:
    way = {"x": " horizontally", "y": " vertically"}.get(jitter.where.axis or "", "")
    return f"The print wanders {said.size}{way} from page to page"


def _less(scatter: float, noise: float) -> float:
    return float(np.sqrt(max(scatter**2 - noise**2, 0.0)))
