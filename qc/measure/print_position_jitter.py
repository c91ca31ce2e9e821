"""How much the print moves from page to page against the cut."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qc.catalog import MEASURES
from qc.flags import Flag
from qc.model import Observation, Where
from qc.opposite_edges import placements
from qc.robust import huber_mean

MIN_PAGES = 6


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
    needed. Its own standard uncertainty is that of a robust spread of n values, 1.17 s / sqrt(2 (n - 1)), joined by the
    pages' u where that is as large as the scatter.
    """
    measure = MEASURES["print-position-jitter"]
    result = []
    for axis in ("x", "y"):
        pages = placements(offsets, axis, bench_cut)
        where, detail = Where(axis=axis), {"pages": len(pages)}
        if len(pages) < MIN_PAGES:
            result.append(measure.observe(None, where=where, flags=(Flag.FEW_PAGES,), detail=detail))
            continue
        _, spread = huber_mean(np.array([p.placement for p in pages]))
        noise = float(np.median([p.u_placement for p in pages]))
        jitter = float(np.sqrt(max(spread**2 - noise**2, 0.0)))
        u = 1.17 * max(spread, noise) / float(np.sqrt(2 * (len(pages) - 1)))
        result.append(measure.observe(jitter, u, where, detail=detail))
    return result
