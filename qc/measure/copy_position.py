"""Two copies of a title against each other: where they were cut."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag, most_common
from qc.geometry import Edge
from qc.measure.context.copies_context import CopiesContext, CutPlace
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation, Where
from qc.stats import mean_over_pages

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MIN_PAGES = 3
U_SYSTEM_MM = 0.010
"""Tone curve, sharpening and edge shape; what two copies on one scanner share drops out, so it counts once."""
U_LOCAL_MM = 0.018
"""Smooth distortion within one scan, a fifth of a pixel at 300 dpi, that moves an edge against the print; each copy has
its own. Chosen on drawn scans with distortion, feed wobble and shadows."""
U_COMMON_MM = 0.012
"""What all pages of two copies share; more pages do not shrink it."""
MAX_U_MM = 0.15


@measure("copy-position-difference", "mm", "copies", 1, name="place of the cut", subject="copies")
def copy_position_difference(
    cuts: Mapping[str, Mapping[tuple[int, Edge], CutPlace]], bench_cut: bool = True
) -> list[Observation]:
    """How much further out the second copy of a pair was cut than the first, relative to the print.

    Parameters
    ----------
    cuts : mapping
        For each copy id, in order: the place of its cut by page (position in the base copy, 1-based) and edge.
    bench_cut : bool
        The spine edges were cut to scan the sheets, not by the printer: they carry a flag.

    Returns
    -------
    list of Observation
        In mm, for each pair ``where.copies = (a, b)``: each page and edge, then each edge over all pages with
        ``where.page`` None. Positive: b has more paper beyond its print there than a.

    Notes
    -----
    Over the pages it is a Huber mean: the print lies differently on each page of each copy (placement jitter, up to the
    1 mm class), which enters u as scatter. A single page's difference therefore says little of the knife. u joins both
    edges, the registrations and, once, what a scanner does to every cut. At least three pages are needed.

    The millimeters are those of the base copy's scans: 0.5 % of error in their resolution is 0.5 % of the difference.
    """
    observations: list[Observation] = []
    for a, b in combinations(cuts, 2):
        places = sorted({*cuts[a], *cuts[b]}, key=lambda place: (place[0], list(Edge).index(place[1])))
        pages: dict[Edge, list[Observation]] = {edge: [] for edge in Edge}
        for page, edge in places:
            first = cuts[a].get((page, edge), CutPlace(None))
            second = cuts[b].get((page, edge), CutPlace(None))
            bench = (Flag.BENCH_CUT,) if bench_cut and edge is Edge.SPINE else ()
            where = Where(page=page, edge=edge, copies=(a, b))
            if first.value_mm is None or second.value_mm is None:
                flags = dict.fromkeys(p.flag for p in (first, second) if p.value_mm is None)
                seen = copy_position_difference.observe(None, where=where, flags=(*flags, *bench))
            else:
                u = float(np.sqrt(first.u_mm**2 + second.u_mm**2 + U_SYSTEM_MM**2 + 2 * U_LOCAL_MM**2))
                if u > MAX_U_MM:
                    seen = copy_position_difference.observe(None, where=where, flags=(Flag.U_TOO_LARGE, *bench))
                else:
                    seen = copy_position_difference.observe(second.value_mm - first.value_mm, u, where, bench)
            pages[edge].append(seen)
            observations.append(seen)
        observations += [_over_pages(edge, (a, b), pages[edge]) for edge in Edge]
    return observations


@copy_position_difference.full_sentence
def _in_words(found: Observation, said: Said) -> str:
    one, other = found.where.copies or ("one copy", "another")
    way = "less" if (found.value or 0.0) < 0 else "more"
    edge = f" at the {found.where.edge}" if found.where.edge else ""
    return f"{other} keeps {said.size} {way} paper{edge}{said.on_page} than {one}"


@copy_position_difference.on_copies
def _between(copies: CopiesContext) -> list[Observation]:
    return copy_position_difference(copies.cuts, copies.bench_cut)


def _over_pages(edge: Edge, pair: tuple[str, str], pages: Sequence[Observation]) -> Observation:
    where = Where(edge=edge, copies=pair)
    measured = [o for o in pages if o.value is not None]
    if len(measured) < MIN_PAGES:
        flags = [f for o in pages if o.value is None for f in o.flags if f != Flag.BENCH_CUT]
        common = most_common(flags)
        reason = tuple(dict.fromkeys(f for f in (common, Flag.FEW_PAGES) if f))
        return copy_position_difference.observe(None, where=where, flags=reason, detail={"pages": len(measured)})
    values = np.array([o.value for o in measured], float)
    value, u, spread = mean_over_pages(values, np.array([o.u for o in measured], float), U_COMMON_MM)
    detail = {"pages": len(values), "spread": round(spread, 4)}
    return copy_position_difference.observe(value, u, where, measured[0].flags, detail)
