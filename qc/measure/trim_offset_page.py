"""A page that leaves its block: a misprinted sheet, told from placement jitter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qc.catalog import MEASURES
from qc.flags import Flag
from qc.geometry import Edge
from qc.model import Observation, Where
from qc.opposite_edges import AXES, OppositeEdges, placements
from qc.robust import huber_mean

MIN_PAGES = 6
FEW_PAGES = 20
TIMES_SPREAD = (8.0, 6.0)
"""Of the robust spread, below and from `FEW_PAGES` pages on."""
LEAST_MM = 1.6
"""Half of 0.125 in. Jitter reaches it in fewer than one of 1,000 sound books of 300 pages, unless it is both large (0.3
mm) and heavy-tailed."""
SPREAD_FLOOR_MM = 0.02
MIN_CORRELATION = 0.9
"""A page registered worse may be at the wrong place itself."""
U_ALONE_MM = 1.0
"""Where no opposite edge confirms it, a person looks."""


def trim_offset_page(offsets: Sequence[Observation], bench_cut: bool) -> list[Observation]:
    """Pages whose print lies elsewhere than on the other pages of the block.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages.
    bench_cut : bool
        The spine edge was cut by the bench: along x the fore-edge then stands alone.

    Returns
    -------
    list of Observation
        One for each page that leaves its block, at the edge that its print moved toward, in mm, sign as for
        `trim-offset` (at the fore-edge, either way, where that stands alone); or a single one of the page farthest from
        its block. The value is how far the print lies from its mean place on the other pages or
        from the trim line, whichever is less: a page is off only where it is off both. `detail` holds both, the spread
        of the pages and whether the page left the block.

    Notes
    -----
    Opposite edges are one fact and must agree: the size of the page stays while its print moves. A page leaves its
    block beyond six times the spread of the pages (eight below 20 pages) and beyond 1.6 mm; so out of 1,000 sound books
    at most one shows such a page (`benchmarks/misprint_rates.py`). Pages that nearly repeat themselves and pages
    registered worse than 0.9 are left out, for there the registration may be off and not the print.
    """
    measure = MEASURES["trim-offset-page"]
    judged: list[tuple[float, Observation]] = []
    for axis, edges in AXES.items():
        pages = placements(offsets, axis, bench_cut)
        if len(pages) < MIN_PAGES:
            continue
        alone = axis == "x" and bench_cut
        mean, spread = huber_mean(np.array([p.placement for p in pages]))
        size = float(np.median([p.size for p in pages]))
        noise = float(np.median([p.u_placement for p in pages]))
        limit = max(TIMES_SPREAD[len(pages) >= FEW_PAGES] * max(spread, noise, SPREAD_FLOOR_MM), LEAST_MM)
        for page in pages:
            sure = page.correlation >= MIN_CORRELATION and not page.repeats
            agree = alone or abs(page.size - size) < 3 * page.u_size + 0.2
            if not (sure and agree):
                continue
            away = page.placement - mean
            edge = Edge.FORE_EDGE if alone else edges[int(away > 0)]
            judged.append((abs(away), _observed(offsets, page, edge, away, spread, abs(away) > limit, alone)))
    if not judged:
        return [measure.observe(None, flags=(Flag.FEW_PAGES,))]
    gone = [o for _, o in judged if o.detail["left_block"]]
    return gone or [max(judged, key=lambda j: j[0])[1]]


def _observed(
    offsets: Sequence[Observation],
    page: OppositeEdges,
    edge: Edge,
    away: float,
    spread: float,
    left: bool,
    alone: bool,
) -> Observation:
    own = next(o for o in offsets if o.where.page == page.page and o.where.edge is edge)
    # Print that moved toward an edge leaves less paper there.
    from_block = -away if edge in (Edge.FORE_EDGE, Edge.TAIL) else away
    total = own.value or 0.0
    value = float(np.sign(from_block)) * min(abs(from_block), abs(total))
    u = float(np.hypot(page.u_placement, page.u_system))
    if alone and left:
        u = max(u, U_ALONE_MM)
    detail = {
        "from_block": round(from_block, 4),
        "from_trim_line": round(total, 4),
        "spread": round(spread, 4),
        "left_block": left,
    }
    where = Where(page=page.page, edge=edge)
    return MEASURES["trim-offset-page"].observe(value, u, where, detail=detail, evidence=own.evidence)
