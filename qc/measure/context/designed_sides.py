"""On which side the ordered pages were designed to have their spine: by their bleed, else by their margins."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qc.geometry import THUMBNAIL_DPI, Side, side_of
from qc.reference.base import Reference
from qc.units import px_per_mm

FEWEST = 3
"""Pages of each side that must have margins."""
MIRRORED_MM = 4.0
"""Odd pages against even ones, left margin less right one: twice what inner and outer margin differ by. Small pictures have
pixels of 1.35 mm."""
ALIKE = 0.8
"""Share of the pages of either side that must lie on their side of the middle."""
_INK = 200
_NO_MARGIN_PX = 2


def spine_of_odd(reference: Reference) -> bool | None:
    """Whether odd pages were designed with the spine at the left; None where they do not tell.

    Notes
    -----
    Bleed is left out at the spine. Without any that is one-sided, the wider margin is taken for the inner one, as printers ask
    for it; a classical layout has it the other way round, so margins prove nothing.
    """
    if reference.bleed_at_right is not None:
        return reference.bleed_at_right
    aside: dict[Side, list[float]] = {side: [] for side in Side}
    for number, picture in enumerate(reference.thumbnails(), 1):
        margins = _margins(picture)
        if margins is not None:
            aside[side_of(number)].append(margins[0] - margins[1])
    odd, even = (np.array(aside[side]) for side in (Side.RECTO, Side.VERSO))
    if min(len(odd), len(even)) < FEWEST:
        return None
    turn = float(np.median(odd) - np.median(even))
    if abs(turn) < MIRRORED_MM * px_per_mm(THUMBNAIL_DPI):
        return None
    middle = (np.median(odd) + np.median(even)) / 2
    clear = min(np.mean((odd > middle) == (turn > 0)), np.mean((even < middle) == (turn > 0)))
    return turn > 0 if clear >= ALIKE else None


def _margins(picture: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Left and right margin in pixels; None for a page without print, or one that bleeds."""
    inked = np.flatnonzero(picture.min(axis=0) < _INK)
    if not len(inked):
        return None
    left, right = int(inked[0]), picture.shape[1] - 1 - int(inked[-1])
    return (left, right) if min(left, right) >= _NO_MARGIN_PX else None
