"""Which pages are two sides of one leaf, and which of its edges the bench cut, told from how the leaves were cut.

The width of a leaf is one fact that its front and its back both show. Where leaves differ in width, as a bench cuts or tears
them off a few at a time, pages that agree are one leaf; and the edge that takes part in the difference is the one cut so, as the
printer cuts the other three with one stroke through the whole block.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from qc.geometry import Side, side_of
from qc.stats import mad, student_above, variance_ratio_above

FEWEST = 4
"""Pairs of each reading; with fewer, one page that was measured badly decides."""
FALSE_PAIRS = 0.01
"""Chance that leaves of one width seem to be pairs, one way or the other."""
FALSE = 0.001
"""Chance that either edge seems to have been cut unevenly."""
CHANGED = 3.0
"""Times its own scatter by which a page is no witness of how leaves scatter: torn, or an edge found at a wrong place."""


def backs(widths: Mapping[int, float]) -> Side | None:
    """On which side the pages of odd number lie, by the widths of the leaves.

    Parameters
    ----------
    widths : mapping of int to float
        Of pages by their number, mm; from print to both cuts, so that neither scale nor place of the print enters.

    Returns
    -------
    Side or None
        RECTO where odd pages agree with the page after them, VERSO where they agree with the one before; None where the widths
        do not tell.

    Notes
    -----
    Neighbors of the wrong pairs must differ more than those of the right ones by an F test of 1 %; their largest difference is
    left out, as one page that was measured badly must not tell. So it errs once in a hundred copies whose leaves are all of one
    width, and must not overrule the usual sides where nothing else speaks against them.
    """
    steps: dict[Side, list[float]] = {side: [] for side in Side}
    for number, width in widths.items():
        if number + 1 in widths:
            steps[side_of(number)].append((widths[number + 1] - width) ** 2)
    if min(map(len, steps.values())) < FEWEST:
        return None
    for side, other in ((Side.RECTO, Side.VERSO), (Side.VERSO, Side.RECTO)):
        same, apart = steps[side], sorted(steps[other])[:-1]
        ratio = float(np.mean(apart)) / max(float(np.mean(same)), 1e-9)
        if variance_ratio_above(ratio, len(apart), len(same)) < FALSE_PAIRS / 2:
            return side
    return None


def uneven_edge(first: Mapping[int, float], second: Mapping[int, float], u: float) -> int | None:
    """Which of two opposite edges was cut unevenly from leaf to leaf: 0, 1, or None where that is not told.

    Parameters
    ----------
    first, second : mapping of int to float
        Offset of either edge on each page, mm, keyed alike.
    u : float, mm
        Of one offset.

    Notes
    -----
    The placement of the print moves both offsets against each other and leaves their sum alone; the cut moves the sum and one
    of them. The part that one edge has in the scatter of the sum is 1 for the edge that was cut unevenly, 0 for the other, and a
    half where only the measuring scatters.
    """
    a, b = (np.array([edge[n] for n in sorted(first.keys() & second.keys())]) for edge in (first, second))
    if len(a) < 2 * FEWEST:
        return None
    size = a + b - np.median(a + b)
    scale = mad(size)
    kept = np.abs(size) <= CHANGED * max(scale, u)
    a, size = a[kept] - a[kept].mean(), size[kept] - size[kept].mean()
    power = float(np.sum(size**2))
    if len(size) < 2 * FEWEST or power < 8 * u**2 * len(size):
        return None
    share = float(np.sum(a * size)) / power
    # Two sides of a leaf share its cut: they count as one.
    free = len(size) / 2 - 2
    spread = float(np.sqrt(np.sum((a - share * size) ** 2) / max(free, 1.0) / power))
    if student_above(abs(share - 0.5) / max(spread, 1e-9), free) > FALSE / 2:
        return None
    return 0 if share > 0.5 else 1
