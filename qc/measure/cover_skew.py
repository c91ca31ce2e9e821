"""Turn of the cover's cut against its print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag, most_common
from qc.geometry import Edge
from qc.measure.details import TrimOffsetDetail
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qc.measure.context.copy_context import CopyContext
    from qc.measure.context.cover_sides import CoverSide, CoverSides
    from qc.measure.context.cut_places import CutPlace

U_DEG = 0.03
"""Smooth distortion of a scanner and turn of the registration, as of a page."""


@measure("cover-skew", "deg", "copy", 1, name="squareness of the cover's cut", subject="cover")
def cover_skew(cover: CoverSides) -> Iterator[Observation]:
    """Mean turn of head and tail of a side against its print, in degrees; of one of them where the other was not seen.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    iterator of Observation
        One a side. > 0: the print is turned clockwise against its cuts, as one looks at it.

    Notes
    -----
    Print and cut are read in the same pixels. u covers half of the difference between head and tail.
    """
    for panel, side in cover.sides.items():
        where = Where(side=str(panel))
        places = [side.cuts[edge] for edge in (Edge.HEAD, Edge.TAIL)]
        turns = [_turn_deg(p) for p in places if p.flag is None]
        if not turns:
            flags = [str(p.flag) for p in places]
            yield cover_skew.observe(None, None, where, (most_common(flags) or Flag.EDGE_NOT_FOUND,))
            continue
        u = float(np.hypot(U_DEG, np.ptp(turns) / 2))
        yield _shown(side, cover_skew.observe(float(np.mean(turns)), u, where, detail={"edges": len(turns)}))


def _turn_deg(place: CutPlace) -> float:
    """How far the print is turned clockwise against a cut at head or tail."""
    (x0, y0), (x1, y1) = TrimOffsetDetail.read(place.detail.to_json()).cut_mm or ((0, 0), (1, 0))
    slope = (y1 - y0) / (x1 - x0)
    return -float(np.rad2deg(np.arctan(slope)))


def _shown(side: CoverSide, observation: Observation) -> Observation:
    return side.seen_at(side.cuts[Edge.HEAD], observation)


@cover_skew.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    return iter(()) if copy.cover is None else cover_skew(copy.cover)


@cover_skew.full_sentence
def _in_words(skew: Observation, said: Said) -> str:
    return f"The print of the {skew.where.side} cover is turned {said.size} against its cut"
