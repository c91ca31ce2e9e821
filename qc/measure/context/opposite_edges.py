"""Opposite edges of a page taken together: size is free of placement, placement is free of size.

Where the print lies further to one side, one offset grows by what the other loses. Half their difference is the
placement of the print, their sum the deviation of the page's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qc.geometry import Edge
from qc.measure.details import TrimOffsetDetail
from qc.model import Observation

MIN_CORRELATION = 0.9
"""A page registered worse may be at the wrong place itself."""
AXES: dict[str, tuple[Edge, Edge]] = {"x": (Edge.SPINE, Edge.FORE_EDGE), "y": (Edge.HEAD, Edge.TAIL)}


@dataclass(frozen=True)
class OppositeEdges:
    """Both offsets of one page along one axis.

    Attributes
    ----------
    page : int
        Position among the scanned interior pages, 1-based.
    placement : float, mm
        > 0: the print lies further toward the fore-edge (x) or the tail (y) than the trim box says.
    size : float, mm
        > 0: the page is larger than ordered.
    u_placement, u_size : float, mm
        Standard uncertainty of what differs from page to page; what all pages of a copy share is in `u_system`.
    u_system : float, mm
        Of one edge.
    sure : bool
        The place of the print on this page is beyond doubt (`surely_placed`).
    """

    page: int
    placement: float
    size: float
    u_placement: float
    u_size: float
    u_system: float
    sure: bool


def surely_placed(offset: Observation) -> bool:
    """Whether the page of a `trim-offset` is registered well and does not nearly repeat itself, as rules do, so that its
    place might be a step off."""
    detail = TrimOffsetDetail.of(offset)
    return detail.correlation >= MIN_CORRELATION and not detail.repeats


def opposite_edges(offsets: Sequence[Observation], axis: str) -> list[OppositeEdges]:
    """The pages whose `trim-offset` was measured at both edges of an axis, in order.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages.
    axis : {"x", "y"}
    """
    first, last = AXES[axis]
    by_page: dict[int, dict[Edge, Observation]] = {}
    for o in offsets:
        if o.where.page is not None and o.where.edge in (first, last) and o.value is not None:
            by_page.setdefault(o.where.page, {})[o.where.edge] = o
    return [_pair(page, both[first], both[last]) for page, both in sorted(by_page.items()) if len(both) == 2]


def _pair(page: int, first: Observation, last: Observation) -> OppositeEdges:
    a, b = first.value or 0.0, last.value or 0.0
    details = [TrimOffsetDetail.of(o) for o in (first, last)]
    system = max(d.u_system for d in details)
    own = [max((o.u or 0.0) ** 2 - system**2, 0.0) for o in (first, last)]
    # Both rest on one registration: its error moves the placement in full and leaves the size alone.
    shared = min(d.u_registration for d in details) ** 2
    apart = sum(max(v - shared, 0.0) for v in own)
    return OppositeEdges(
        page,
        placement=0.5 * (a - b),
        size=a + b,
        u_placement=float(np.sqrt(0.25 * apart + shared)),
        u_size=float(np.sqrt(apart)),
        u_system=system,
        sure=surely_placed(first) and surely_placed(last),
    )


def placements(offsets: Sequence[Observation], axis: str, bench_cut: bool) -> list[OppositeEdges]:
    """Placement of the print along an axis on each page where it is `sure`; by the fore-edge alone where the bench cut
    the spine edge."""
    if axis == "y" or not bench_cut:
        return [page for page in opposite_edges(offsets, axis) if page.sure]
    alone = [o for o in offsets if o.where.edge is Edge.FORE_EDGE and o.where.page is not None and o.value is not None]
    pages = [
        OppositeEdges(
            o.where.page or 0,
            placement=-(o.value or 0.0),
            size=0.0,
            u_placement=float(np.sqrt(max((o.u or 0.0) ** 2 - system**2, 0.0))),
            u_size=0.0,
            u_system=system,
            sure=surely_placed(o),
        )
        for o in alone
        for system in [TrimOffsetDetail.of(o).u_system]
    ]
    return [page for page in pages if page.sure]
