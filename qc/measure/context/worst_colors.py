"""The colors of the pages that are farthest off, for pictures."""

from __future__ import annotations

from qc.colorimetry import ColorTiles
from qc.features.color_tiles import against_reference
from qc.measure.context.copy_context import CopyContext

KEPT_TILES = 4
"""Pages of a copy whose tiles of color are kept for pictures."""


def worst_colors(copy: CopyContext) -> dict[int, ColorTiles]:
    """By position, the colors of the pages that are farthest off: few, so that memory does not grow with the copy."""
    far = {o.where.page: o.value for o in copy.observed("color-difference") if o.where.page and o.value is not None}
    trims = {p.job.position: p.trim for p in copy.pages if p.trim is not None}
    worst = sorted((n for n in far if n in copy.even and n in trims), key=lambda n: -far[n])[:KEPT_TILES]
    found = ((n, against_reference(copy.even[n].tiles, trims[n])) for n in worst)
    return {n: tiles for n, tiles in found if tiles is not None}
