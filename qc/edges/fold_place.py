"""Where a cover is folded, inside the outermost line that a scan shows.

Where the fold lies, how wide its wall is and how round it is are sought together, and all folds that explain the light are
weighed against each other.

What fools it: art so dark that no light comes back; lettering on the spine that looks like the end of the cover.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qc.edges.cover_strip import CoverStrip, Line
from qc.edges.fold_model import (
    BEYOND,
    DIM,
    FIRST,
    LEAST,
    MOST,
    NO_WALL_MM,
    POWER,
    STEPS,
    WALL,
    FoldSeen,
    Values,
    look_at_fold,
)

MOST_SLOPE, LEAST_WALL_MM, WIDEST_WALL_MM = 0.3, 0.4, 7.0
"""A lens 350 mm above the glass sees a wall 100 mm aside as wide as this share of its height."""
STARTS_MM = ((0.0, 0.1), (0.0, 0.35), (0.4, 0.0), (1.0, 0.0), (2.0, 0.0), (3.5, 0.0), (5.2, 0.0))
"""Widths of a wall, and how far beyond the line all ends, that a fit begins with; each ends at the likeliest place near it."""
DIM_WITHOUT_WALL = 0.25
ROUNDS, RIVALS, FAR = (5, 12), 3, 10.0
"""Rounds of every fit; then of so many of the best that leave no more than this many times what the best leaves."""
INDEPENDENT, BLURRED = 30.0, 5.5e-5
"""Values that count as independent: likelihoods compare as the mean squares that folds leave, and this, to half that power.
On 377 drawn folds 30 to 60 do equally well."""
INDEPENDENT_NEAR = 120.0
"""The same around one explanation; 377 drawn folds ask for 80 to 250: with 30, more than 97 % lie within 2 u."""
NO_WALL_LIKELIER = 6.0
"""Most folds show no wall, the others one of any width; 3 to 20 do equally well."""
SAME_MM = 0.04
"""Explanations as near to each other are one."""
U_FOLD_MM, U_MISFIT = 0.06, 5.0
"""Standard uncertainty of what both folds of a copy share, their rounding and shading; and mm of it for a unit of the root of light
that no fold explains. On 377 drawn folds errors are then 0.75 u in the root mean square, and 97 % lie within 2 u."""
MOST_U_MM = 0.3
"""Where explanations disagree by more, the fold is not told."""


@dataclass(frozen=True)
class FoldPlace:
    """How far inside the outermost line the fold lies, and the standard uncertainty of that, in mm."""

    inside_mm: float
    u_mm: float


@dataclass(frozen=True)
class Explanation:
    """A fold that fits.

    Attributes
    ----------
    inside_mm, u_mm : float
        How far inside the line it lies, and the standard uncertainty of that if it is the right one.
    left : float
        Mean square of the root of light that it leaves.
    has_wall : bool
    """

    inside_mm: float
    u_mm: float
    left: float
    has_wall: bool


@dataclass(frozen=True)
class _Fit:
    traits: Values
    most: Values
    slopes: Values
    left: float


def find_fold(strip: CoverStrip, line: Line, spine_mm: float) -> FoldPlace | None:
    """Where the cover is folded; None where its art is too dark to tell, or where explanations disagree."""
    found = explain_fold(strip, line, spine_mm)
    place = weigh(found) if found else None
    return place if place is not None and place.u_mm <= MOST_U_MM else None


def explain_fold(strip: CoverStrip, line: Line, spine_mm: float) -> list[Explanation]:
    """Folds that explain the light inside a line and beside it, none where the art is too dark."""
    widest = min(max(MOST_SLOPE * spine_mm, LEAST_WALL_MM), WIDEST_WALL_MM)
    seen = look_at_fold(strip, line, spine_mm, widest)
    if seen is None:
        return []
    begun = [_begun(seen, wall, beyond, widest) for wall, beyond in STARTS_MM if wall < widest]
    begun.sort(key=lambda fit: fit.left)
    return [
        _explanation(_fitted(seen, fit.traits, fit.most, ROUNDS[1]))
        for fit in begun[:RIVALS]
        if fit.left <= FAR * begun[0].left
    ]


def weigh(found: Sequence[Explanation]) -> FoldPlace:
    """The mean of all explanations by their likelihood; how far they lie apart is part of its uncertainty."""
    apart: list[Explanation] = []
    for one in sorted(found, key=lambda e: e.left):
        if all(abs(one.inside_mm - other.inside_mm) > SAME_MM for other in apart):
            apart.append(one)
    left, inside, u = (np.array([getattr(e, name) for e in apart]) for name in ("left", "inside_mm", "u_mm"))
    likely = ((left + BLURRED) / (left.min() + BLURRED)) ** (-INDEPENDENT / 2)
    likely *= np.where([e.has_wall for e in apart], 1.0, NO_WALL_LIKELIER)
    likely /= likely.sum()
    middle = float(likely @ inside)
    variance = likely @ ((inside - middle) ** 2 + u**2) + U_MISFIT**2 * left.min()
    return FoldPlace(middle, float(np.sqrt(U_FOLD_MM**2 + variance)))


def _begun(seen: FoldSeen, wall_mm: float, beyond_mm: float, widest_mm: float) -> _Fit:
    """A first fit of a fold whose wall is about so wide; of one without, where it is 0."""
    traits, most = FIRST.copy(), MOST.copy()
    traits[[WALL, BEYOND, POWER]] = wall_mm + NO_WALL_MM, beyond_mm, seen.power[0]
    most[WALL] = widest_mm + 2 * NO_WALL_MM
    if not wall_mm:
        traits[[WALL, DIM]] = NO_WALL_MM / 4, DIM_WITHOUT_WALL
        most[WALL] = NO_WALL_MM
    return _fitted(seen, traits, most, ROUNDS[0])


def _fitted(seen: FoldSeen, traits: Values, most: Values, rounds: int) -> _Fit:
    from scipy.optimize import least_squares

    inside = np.clip(traits, LEAST + 1e-3, most - 1e-3)
    found = least_squares(seen.residuals, inside, bounds=(LEAST, most), x_scale=STEPS, max_nfev=rounds)
    return _Fit(found.x, most, found.jac, float(2 * found.cost))


def _explanation(fit: _Fit) -> Explanation:
    # What the light does not tell at all varies by a few steps.
    known = (fit.slopes * STEPS).T @ (fit.slopes * STEPS) * INDEPENDENT_NEAR / fit.left + 0.1 * np.eye(len(STEPS))
    toward = np.zeros(len(STEPS))
    toward[[WALL, BEYOND]] = STEPS[WALL], -STEPS[BEYOND]
    u = float(np.sqrt(toward @ np.linalg.solve(known, toward)))
    wall, beyond = (float(fit.traits[k]) for k in (WALL, BEYOND))
    return Explanation(wall - beyond, u, fit.left, wall > NO_WALL_MM)
