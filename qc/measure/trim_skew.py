"""Turn of the cut against the print: whether the block is square."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from qc.catalog import MEASURES
from qc.flags import Flag
from qc.geometry import Edge, Side
from qc.model import Observation, Where
from qc.robust import mean_over_pages

MIN_PAGES = 3
U_COMMON_DEG = 0.01
"""Smooth distortion of a scanner that no affine map follows: 0.02 mm over half a page."""


def trim_skew(offsets: Sequence[Observation], sides: Mapping[int, Side]) -> list[Observation]:
    """Angle of each cut of the block against the print, over the pages.

    Parameters
    ----------
    offsets : sequence of Observation
        `trim-offset` of the pages; `detail` holds the ends of the cut and of the trim line.
    sides : mapping of int to Side
        Of the scanned pages by position.

    Returns
    -------
    list of Observation
        One an edge, in degrees. > 0: the cut leaves more paper toward the fore-edge (head, tail) or toward the tail
        (spine, fore-edge); so rectos and versos of a block agree.

    Notes
    -----
    Print and cut are read in the same pixels, and the registration carries the scanner's shear, so a scanner that is
    not square does not show. `trim-offset` is averaged along the whole edge: a cut turned about its middle leaves it
    alone and shows only here. A page printed aslant turns all four edges the same way; its scatter enters u.
    """
    measure = MEASURES["trim-skew"]
    result = []
    for edge in Edge:
        here = [o for o in offsets if o.where.edge is edge and o.value is not None and o.where.page in sides]
        where = Where(edge=edge)
        if len(here) < MIN_PAGES:
            result.append(measure.observe(None, where=where, flags=(Flag.FEW_PAGES,), detail={"pages": len(here)}))
            continue
        angles = np.array([_angle(o, sides[o.where.page or 0]) for o in here])
        value, u, spread = mean_over_pages(angles, np.zeros(len(angles)), U_COMMON_DEG)
        detail = {"pages": len(here), "spread": round(spread, 4)}
        result.append(measure.observe(value, u, where, detail=detail))
    return result


def _angle(offset: Observation, side: Side) -> float:
    """Degrees by which the cut opens toward the fore-edge or the tail."""
    cut, trim = np.array(offset.detail["cut_mm"]), np.array(offset.detail["trim_mm"])
    along, across = (0, 1) if offset.where.edge in (Edge.HEAD, Edge.TAIL) else (1, 0)
    # Toward smaller coordinates lies the outside of the left and the upper edge.
    outward = -1.0 if trim[:, across].mean() < 1.0 else 1.0
    run = cut[1, along] - cut[0, along]
    rise = outward * ((cut[1, across] - trim[1, across]) - (cut[0, across] - trim[0, across]))
    slope = float(np.rad2deg(np.arctan2(rise * np.sign(run), abs(run))))
    toward_spine = along == 0 and side is Side.VERSO
    return -slope if toward_spine else slope
