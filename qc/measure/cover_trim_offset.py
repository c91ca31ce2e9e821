"""Where the cover is cut against the trim line of its design."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qc.geometry import Edge
from qc.measure.registry import measure
from qc.measure.words import Said, cut_in_words
from qc.model import Observation, Where

if TYPE_CHECKING:
    from collections.abc import Iterator

    from qc.measure.context.copy_context import CopyContext
    from qc.measure.context.cover_sides import CoverSides

CUT_EDGES = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)


@measure("cover-trim-offset", "mm", "copy", 1, name="cut of the cover", subject="cover", by_edge=True)
def cover_trim_offset(cover: CoverSides) -> Iterator[Observation]:
    """Distance from the trim line of the ordered cover to its cut edge, averaged along the edge, in mm of the design.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    iterator of Observation
        One a side and cut edge. > 0: the cut lies outside the trim line; < 0: cut too deep.

    Notes
    -----
    Read as `trim-offset` of a page: print and cut in the same pixels, so that the scale of the scanner drops out. The edge is the
    outermost line at which the scan changes, whatever the colors of cover and lid. What fools it: a block that stands out
    beyond its cover, and art of the color of the lid, of which no edge is seen.
    """
    for panel, side in cover.sides.items():
        for edge in CUT_EDGES:
            place = side.cuts[edge]
            where = Where(edge=edge, side=str(panel))
            flags = () if place.flag is None else (place.flag,)
            yield side.seen_at(place, cover_trim_offset.observe(place.offset, place.u, where, flags, place.detail))


@cover_trim_offset.on_copy
def _of_copy(copy: CopyContext) -> Iterator[Observation]:
    return iter(()) if copy.cover is None else cover_trim_offset(copy.cover)


@cover_trim_offset.full_sentence
def _in_words(offset: Observation, said: Said) -> str:
    return cut_in_words(offset, said, f"{offset.where.side} cover's {offset.where.edge}")
