"""Where the bleed of a cover ends: whether a line there is that end, beyond which bare paper shows up to the cut, or the cut.

Beyond a cut the side of the block may stand out or be seen by a lens, which has lines of its own and may be as light as paper. So
place alone does not tell; what lies between the lines must be bare paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from qc.edges.cover_strip import CoverStrip, Line

PAPER_LIGHT = 0.62
"""Bare paper of a cover gives back more: 0.73 to 0.98 on 30 drawn ends of a bleed, 0.26 to 0.59 of 9 blocks beside a cut."""
FLAT, FLAT_MM = 0.05, 0.8
"""A strip of paper so wide changes by less between its ends, one of a block fades by more; blur hides it on narrower ones."""
LEAST_MM = 0.5
"""On a narrower strip blur hides its tone, too: three pixels at 200 dpi and one more."""
U_NEAR_MM = 0.07
"""Standard uncertainty of a cut as near to the end of the bleed as to be one line with it: on 10 drawn ones 0.08 to 0.14 mm off."""


@dataclass(frozen=True)
class CutPlace:
    """The line at a cut and the standard uncertainty, in mm, of its being that."""

    line: Line
    u_mm: float = 0.0


def tell_from_bleed_end(strip: CoverStrip, end: Line | None, cut: Line) -> CutPlace:
    """Tell whether the cover ends at `end`, a line at the end of the bleed, or at `cut`, the next one that is not printed."""
    if end is None:
        return CutPlace(cut, U_NEAR_MM if strip.ends_bleed(cut) else 0.0)
    gap_mm = (cut.level - end.level) / strip.scale
    light = _light_between(strip, end, cut)
    if gap_mm > LEAST_MM and not light.max() > PAPER_LIGHT:
        return CutPlace(end, U_NEAR_MM)
    inner = light[1:-1]
    if gap_mm > FLAT_MM and np.ptp(inner) < FLAT * inner.max():
        return CutPlace(cut)
    # Either is possible: the likelier one, with the other within 2 u.
    return CutPlace(cut, gap_mm / 2)


def _light_between(strip: CoverStrip, end: Line, cut: Line) -> NDArray[np.float64]:
    """Median light over the edge at nine places between two lines."""
    inner, outer = strip.rows(end), strip.rows(cut)
    places = (strip.at(strip.luminance, inner + share * (outer - inner)) for share in np.linspace(0.1, 0.9, 9))
    return np.nan_to_num([np.median(seen[np.isfinite(seen)]) if np.isfinite(seen).any() else 0.0 for seen in places])
