"""A page that leaves its block: a misprinted sheet, told from placement jitter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.geometry import Edge
from qc.measure.context.opposite_edges import AXES, placements
from qc.measure.registry import measure
from qc.measure.words import Said, capital
from qc.stats import mean_over_pages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from qc.measure.context.copy_context import CopyContext
    from qc.model import Observation

MIN_PAGES = 6
FEW_PAGES = 20
TIMES_SPREAD = (8.0, 6.0)
"""Of the robust spread, below and from `FEW_PAGES` pages on."""
CLEARLY_MM = 0.5
LEAST_MM = 1.6
"""Half of 0.125 in. Jitter reaches it in fewer than one of 1,000 sound books of 300 pages, unless it is both large (0.3
mm) and heavy-tailed."""
SPREAD_FLOOR_MM = 0.02
JITTER_REACH = (18.0, 28.0)
"""Times the spread that jitter with tails as heavy as Student's t of 5 degrees reaches in one of 1,000 sound books: at
least, and with 300 pages. It grows with the fifth root of their number."""
AGREE_SHARE = 0.25
"""Of its way, by which the size of a page that moved may differ: sheets torn from a spine vary more than a guillotine. An
edge found at a wrong place changes the size by twice what it seems to move the print."""


@measure("trim-offset-page", "mm", "copy", 2, name="place of the print", subject="cut")
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
        One for each page that leaves its block, in mm, sign as for `trim-offset`, at the edge that its print moved
        toward (at the opposite edge where a block larger than ordered leaves it farther off there; at the fore-edge,
        either way, where that stands alone); or a single one of the page with the largest value. The value is how far
        the print lies from its mean place on the pages that stayed or from the trim line, whichever is less, and 0
        where these differ in direction: a page is off only where it is off both. `detail` holds both, the spread of the
        pages and whether the page left the block.

    Notes
    -----
    Opposite edges are one fact and must agree: the size of the page stays while its print moves, within what the edges
    measure or a quarter of the way; half of what it differs by then enters u. A page leaves its block beyond six times
    the spread of the pages (eight below 20 pages) and beyond 1.6 mm. Where the jitter is normal, at most one of 1,000
    sound books shows such a page; but nobody knows the tails of a press. Up to 18 to 28 times the spread heavy-tailed
    jitter is possible, too, and then a value beyond 1.6 mm has the flag ``jitter-possible``, so that out of
    1,000 sound books at most one is called a defect (`benchmarks/misprint_rates.py`). Pages that nearly repeat
    themselves and pages registered worse than 0.9 are left out, for there the registration may be off and not the print.

    u joins those of the page and of its block. Along x by the fore-edge alone, nothing confirms a value beyond 1.6 mm: flag
    ``one-edge``.
    """
    offsets = _proven(offsets)
    at = {(o.where.page, o.where.edge): o for o in offsets}
    judged: list[Observation] = []
    for axis, edges in AXES.items():
        pages = placements(offsets, axis, bench_cut)
        if len(pages) < MIN_PAGES:
            continue
        alone = axis == "x" and bench_cut
        placed, noise = (np.array([getattr(p, key) for p in pages]) for key in ("placement", "u_placement"))
        mean, _, spread = mean_over_pages(placed, noise, 0.0)
        size = float(np.median([p.size for p in pages]))
        scatter = max(spread, float(np.median(noise)), SPREAD_FLOOR_MM)
        limit = max(TIMES_SPREAD[len(pages) >= FEW_PAGES] * scatter, LEAST_MM)
        stayed = np.abs(placed - mean) <= limit
        mean, u_mean, _ = mean_over_pages(placed[stayed], noise[stayed], 0.0)
        reach = max(JITTER_REACH[0], JITTER_REACH[1] * (len(pages) / 300) ** 0.2) * scatter
        for page in pages:
            away, apart = page.placement - mean, abs(page.size - size)
            as_measured = alone or apart < 3 * page.u_size + 0.2
            if not as_measured and apart >= AGREE_SHARE * abs(away):
                continue
            toward = Edge.FORE_EDGE if alone else edges[int(away > 0)]
            own, value = at[page.page, toward], _value(at[page.page, toward], away)
            if not alone:
                opposite = at[page.page, edges[int(away <= 0)]]
                if abs(_value(opposite, away)) > abs(value) + CLEARLY_MM:
                    own, value = opposite, _value(opposite, away)
            u = max(own.u or 0.0, float(np.hypot(page.u_placement, u_mean)), 0.0 if as_measured else apart / 2)
            flags: tuple[Flag, ...] = ()
            if alone and abs(value) > LEAST_MM:
                flags = (Flag.ONE_EDGE,)
            elif abs(value) > LEAST_MM and abs(away) < reach:
                flags = (Flag.JITTER_POSSIBLE,)
            if Flag.SIDES_NOT_PROVEN in own.flags:
                flags += (Flag.SIDES_NOT_PROVEN,)
            detail = {
                "from_block": round(_outward(own, away), 4),
                "from_trim_line": round(own.value or 0.0, 4),
                "spread": round(spread, 4),
                "left_block": abs(away) > limit,
            }
            judged.append(trim_offset_page.observe(value, u, own.where, flags, detail, own.evidence))
    if not judged:
        return [trim_offset_page.observe(None, flags=(Flag.FEW_PAGES,))]
    gone = [o for o in judged if o.detail["left_block"]]
    return gone or [max(judged, key=lambda o: abs(o.value or 0.0))]


@trim_offset_page.on_copy
def _of_copy(copy: CopyContext) -> list[Observation]:
    return trim_offset_page(copy.offsets, copy.bench_cut) if copy.reference else []


@trim_offset_page.full_sentence
def _in_words(offset: Observation, said: Said) -> str:
    way = "close to" if (offset.value or 0.0) < 0 else "far from"
    return f"{capital(said.page)} is printed {said.size} too {way} the {offset.where.edge}"


def _proven(offsets: Sequence[Observation]) -> list[Observation]:
    """Offsets without those at outer edges that are not proven, unless there are no others there."""
    proven = [o for o in offsets if Flag.SIDES_NOT_PROVEN not in o.flags]
    enough = len({o.where.page for o in proven if o.where.edge is Edge.FORE_EDGE and o.value is not None}) >= MIN_PAGES
    return proven if enough else list(offsets)


def _outward(edge: Observation, away: float) -> float:
    """`away` with the sign of `trim-offset`: print that moved toward an edge leaves less paper there."""
    return -away if edge.where.edge in (Edge.FORE_EDGE, Edge.TAIL) else away


def _value(edge: Observation, away: float) -> float:
    """How far the page is off both its block and the trim line at one edge."""
    from_block, from_line = _outward(edge, away), edge.value or 0.0
    if from_block * from_line <= 0:
        return 0.0
    return float(np.sign(from_block)) * min(abs(from_block), abs(from_line))
