"""Where a cover is folded, by all the light near its outermost line: a model of the fold is fitted to it, art included.

The cover leaves the glass, bends through a quarter turn and stands upright: the spine. A scanner with a lens sees the spine beside
the fold, the whole of it pressed together into a dark strip; a contact sensor sees none of it. What is ordered tells where on the
paper each place lies, so the fold, how wide the strip is, and how round the fold is are sought together.

What fools it: art so dark that no light comes back, and a spine that another strip of the same tones lies beside.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import correlate1d
from scipy.optimize import OptimizeResult, least_squares

from qc.edges.cover_strip import CoverStrip, Line

Values = NDArray[np.float64]

PARTS = 12
"""Of the edge, each fitted by itself with one fold: lettering stays apart from bare tone, and noise is averaged."""
OUTSIDE_MM, INSIDE_MM, FLAT_MM = 0.5, 2.0, 2.5
"""Looked at beyond the line, and inside the widest wall; flat, for the tones of the print, so far inside the line."""
LID_MM = (0.3, 0.7)
"""So far beyond the line the lid is seen."""
STEP_MM, OVER = 0.05, 2
MOST_SLOPE, LEAST_WALL_MM, WIDEST_WALL_MM = 0.3, 0.4, 7.0
"""A lens 350 mm above the glass sees a wall 100 mm aside as wide as this share of its height."""
STARTS_MM = ((0.0, 0.1), (0.0, 0.35), (0.4, 0.0), (1.0, 0.0), (2.0, 0.0), (3.5, 0.0), (5.2, 0.0))
"""Widths of a wall, and how far beyond the line all ends, that a fit begins with; each ends at the likeliest place near it."""
ROUNDS, RIVALS = (5, 12), 3
"""Of every fit; then of so many of the best."""
INDEPENDENT = 60.0
"""Values that count as independent: likelihoods of folds compare as the sums of squares they leave, to half this power."""
SAME_MM = 0.04
U_FOLD_MM = 0.06
MOST_U_MM = 0.25
BLURRED = 0.0005
"""Of those sums, what every fold leaves."""
INK, FLOOR = 0.02, 0.005
"""Light that black ink gives back, of a density of 1.7; what is added under the root of light, so that noise counts alike."""
GLARE_DEG, SHADING = 6.0, 1.2
"""Width of a glossy highlight on the arc; power of the cosine by which an arc darkens."""
SATURATED = 0.98
LEAST_LIGHT = 0.003
"""Of the flat cover, below which its shading is not seen; 10 of 255 as encoded."""
VARIED, U_TONE, U_PLAIN = 0.2, 0.06, 0.15
"""A flat cover whose logarithm of light varies by more tells the tone curve of the press; its standard uncertainty, then and else."""

NAMES = ("wall", "radius", "beyond", "dim", "own", "glare", "glare_deg", "fade", "blur", "power")
LOWEST = np.array([0.0, 0.1, -0.15, 0.04, 0.6, 0.0, 5.0, 0.03, 0.03, 0.35])
HIGHEST = np.array([7.0, 1.6, 0.8, 0.8, 1.5, 0.8, 50.0, 0.3, 0.25, 1.5])
FIRST = np.array([0.0, 0.6, 0.03, 0.35, 1.0, 0.01, 25.0, 0.1, 0.08, 1.0])
USUAL_STEP = np.array([0.2, 0.3, 0.1, 0.2, 0.1, 0.1, 10.0, 0.1, 0.05, 0.1])
"""Of each, in the order of `NAMES`: wall (mm seen), radius (mm), how far beyond the line all ends (mm), light left where the spine
begins, light of the flat part against what its tone says, highlight and its place on the arc (degrees), light lost on the wall (a mm
of its height), blur (mm) and power of the tone curve."""
USUAL = {"radius": (0.6, 0.6), "dim": (0.4, 0.25), "own": (1.0, 0.15), "glare": (0.0, 0.4), "blur": (0.08, 0.06)}
"""What is usual and by how much it varies, where the light does not tell."""
NO_WALL_MM = 0.02
ENDS_AT, U_ENDS_MM, U_WALL_ENDS_MM = 0.19, 0.15, 0.04
"""The same of `beyond`: an arc darkens toward its end and rises from the glass, out of focus, so it ends beyond where it changes
most by a share of its radius, on 60 drawn folds; a wall ends sharply, where the line is seen."""
U_USUAL = 0.006
"""Weight of the usual, in units of the root mean square of light."""
_ARC = np.linspace(0, np.pi / 2, 61)


@dataclass(frozen=True)
class FoldPlace:
    """How far inside the outermost line the fold lies, and the standard uncertainty of that, in mm."""

    inside_mm: float
    u_mm: float


@dataclass(frozen=True)
class Explanation:
    """A fold that fits: how far inside the line it lies (mm), with which uncertainty of its own, and the sum of squares it leaves."""

    inside_mm: float
    u_mm: float
    left: float


@dataclass(frozen=True)
class _Seen:
    """The strip in parts, by the distance inside the line.

    `seen` is the root of light, shape (parts, n), 0 where not `known`, at every `OVER`-th place of `fine` (mm inside);
    `lid` is the light beyond; `tone` the logarithm
    of what is ordered every `STEP_MM` from `first` mm on, against that of the flat part, whose own light has the logarithm `flat`.
    """

    seen: Values
    known: NDArray[np.bool_]
    fine: Values
    lid: Values
    tone: Values
    flat: Values
    first: float
    power: tuple[float, float]
    spine_mm: float

    def predicted(self, x: Values) -> Values:
        """Light of a fold at the places looked at."""
        wall, radius, beyond, dim, own, glare, glare_deg, fade, blur, power = x
        slope = wall / self.spine_mm
        step, d = self.fine[1] - self.fine[0], self.fine - (wall - beyond)
        arc = (radius - radius * np.sin(_ARC) - slope * radius * (1 - np.cos(_ARC)))[::-1]
        up = np.where(d < arc[0], (arc[0] - d) / max(slope, 1e-3), 0.0)
        place = np.where(d >= radius, d, np.interp(d, arc, (radius - radius * _ARC)[::-1])) - up
        light = np.interp(d, arc, (dim + (1 - dim) * np.cos(_ARC) ** SHADING)[::-1]) * np.exp(-up * fade)
        turned = np.interp(d, arc, np.degrees(_ARC)[::-1], left=200.0, right=-90.0)
        shine = glare * np.exp(-(((turned - glare_deg) / GLARE_DEG) ** 2) / 2)
        at = (place + wall - beyond - self.first) / STEP_MM
        k = np.clip(at.astype(int), 0, self.tone.shape[1] - 2)
        share = np.clip(at - k, 0, 1)
        art = np.exp(self.flat + power * (self.tone[:, k] * (1 - share) + self.tone[:, k + 1] * share))
        cover = np.clip((self.fine + beyond) / step + 0.5, 0, 1)
        whole = (own * art * light + shine) * cover + self.lid * (1 - cover)
        around = np.arange(-int(3 * blur / step) - 1, int(3 * blur / step) + 2) * step
        soft = np.exp(-((around / blur) ** 2) / 2)
        return np.asarray(correlate1d(whole, soft / soft.sum(), axis=1, mode="nearest")[:, ::OVER])

    def residuals(self, x: Values) -> Values:
        """What a fold leaves of the light, and by how much it is unusual."""
        left = (np.sqrt(np.maximum(self.predicted(x), 0) + FLOOR) - self.seen) * self.known
        named = dict(zip(NAMES, x, strict=True))
        ends = (ENDS_AT * x[1], U_ENDS_MM) if x[0] < NO_WALL_MM else (0.0, U_WALL_ENDS_MM)
        usual = {**USUAL, "power": self.power, "beyond": ends}
        unusual = [U_USUAL * (named[name] - value) / spread for name, (value, spread) in usual.items()]
        return np.concatenate([left.ravel() * 3 / np.sqrt(self.known.sum()), unusual])


def explain_fold(strip: CoverStrip, line: Line, spine_mm: float) -> list[Explanation]:
    """Folds that explain the light near a line, none where art is too dark to tell."""
    widest = min(max(MOST_SLOPE * spine_mm, LEAST_WALL_MM), WIDEST_WALL_MM)
    seen = _seen(strip, line, spine_mm, widest)
    if seen is None:
        return []
    first = [_begun(seen, wall, beyond, widest) for wall, beyond in STARTS_MM if wall < widest]
    first.sort(key=lambda found: found.cost)
    return [_explanation(_fitted(seen, found.x, found.highest, ROUNDS[1])) for found in first[:RIVALS]]


def find_fold(strip: CoverStrip, line: Line, spine_mm: float) -> FoldPlace | None:
    """Where the cover is folded, by all folds that explain what is seen; None where art is too dark to tell, or where they disagree."""
    found = explain_fold(strip, line, spine_mm)
    if not found:
        return None
    place = weighed(found)
    return place if place.u_mm <= MOST_U_MM else None


def weighed(found: list[Explanation]) -> FoldPlace:
    """The likeliest fold; what is uncertain of it and how far its rivals lie from it, by their likelihood, is its uncertainty."""
    apart: list[Explanation] = []
    for one in sorted(found, key=lambda e: e.left):
        if all(abs(one.inside_mm - other.inside_mm) > SAME_MM for other in apart):
            apart.append(one)
    left, inside = np.array([e.left for e in apart]), np.array([e.inside_mm for e in apart])
    likely = ((left + BLURRED) / (left.min() + BLURRED)) ** (-INDEPENDENT / 2)
    likely /= likely.sum()
    middle = float(likely @ inside)
    rivals = float(likely @ (inside - middle) ** 2)
    return FoldPlace(middle, float(np.sqrt(U_FOLD_MM**2 + rivals + likely @ np.array([e.u_mm for e in apart]) ** 2)))


def _begun(seen: _Seen, wall_mm: float, beyond_mm: float, widest_mm: float) -> OptimizeResult:
    """A first fit of a fold whose wall is about so wide; of none, with a wall of 0."""
    x, highest = FIRST.copy(), HIGHEST.copy()
    x[0], x[2], x[9], highest[0] = wall_mm + NO_WALL_MM, beyond_mm, seen.power[0], widest_mm + 2 * NO_WALL_MM
    if not wall_mm:
        x[0], x[3], highest[0] = NO_WALL_MM / 4, 0.25, NO_WALL_MM
    return _fitted(seen, x, highest, ROUNDS[0])


def _fitted(seen: _Seen, x: Values, highest: Values, rounds: int) -> OptimizeResult:
    x = np.clip(x, LOWEST + 1e-3, highest - 1e-3)
    found = least_squares(seen.residuals, x, bounds=(LOWEST, highest), x_scale=USUAL_STEP, max_nfev=rounds)
    found.highest = highest
    return found


def _explanation(found: OptimizeResult) -> Explanation:
    left = float(2 * found.cost)
    scaled = found.jac * USUAL_STEP
    spread = np.linalg.inv(scaled.T @ scaled / left * INDEPENDENT + 0.1 * np.eye(len(USUAL_STEP)))
    toward = np.zeros(len(USUAL_STEP))
    toward[[0, 2]] = USUAL_STEP[0], -USUAL_STEP[2]
    return Explanation(float(found.x[0] - found.x[2]), float(np.sqrt(toward @ spread @ toward)), left)


def _seen(strip: CoverStrip, line: Line, spine_mm: float, widest_mm: float) -> _Seen | None:
    inside = np.arange(-1.0, strip.luminance.shape[1] / strip.scale, 1 / strip.scale)
    rows = strip.rows(line)
    light = _parts(strip.at(strip.luminance, rows[:, None] - inside * strip.scale))
    places = np.arange(-spine_mm - 3.0, inside[-1], STEP_MM)
    tone = np.log(_parts(strip.at(strip.design, rows[:, None] - places * strip.scale)) + INK)
    for part in tone:
        known = np.isfinite(part)
        if not known.any():
            return None
        part[~known] = np.interp(places[~known], places[known], part[known])
    ordered = np.array([np.interp(inside, places, part) for part in tone])
    flat = (inside > FLAT_MM) & np.isfinite(light)
    if not flat.any() or np.median(light[flat]) < LEAST_LIGHT:
        return None
    shown = np.log(np.maximum(light, LEAST_LIGHT))
    varied = ordered[flat].std() > VARIED
    power = float(np.clip(np.polyfit(ordered[flat], shown[flat], 1)[0], 0.7, 1.4)) if varied else 1.0
    usual = np.array([_middle(part[f]) for part, f in zip(ordered, flat, strict=True)])
    usual = np.where(np.isfinite(usual), usual, np.median(ordered[flat]))
    level = np.array([_middle((s - power * o)[f]) for s, o, f in zip(shown, ordered, flat, strict=True)])
    level = np.where(np.isfinite(level), level, np.nanmedian(level)) + power * usual
    beyond = (inside > -LID_MM[1]) & (inside < -LID_MM[0])
    lid = np.array([_middle(part[beyond & np.isfinite(part)]) for part in light])
    lid = np.where(np.isfinite(lid), lid, _middle(lid[np.isfinite(lid)]))
    near = (inside > -OUTSIDE_MM) & (inside < widest_mm + INSIDE_MM)
    known = np.isfinite(light[:, near]) & (light[:, near] < SATURATED)
    seen = np.where(known, np.sqrt(np.maximum(np.nan_to_num(light[:, near]), 0) + FLOOR), 0.0)
    apart = np.arange(OVER) / OVER / strip.scale
    return _Seen(
        seen,
        known,
        (inside[near][:, None] + apart).ravel(),
        np.nan_to_num(lid)[:, None],
        tone - usual[:, None],
        level[:, None],
        float(places[0]),
        (power, U_TONE if varied else U_PLAIN),
        spine_mm,
    )


def _parts(profiles: Values) -> Values:
    """Mean profiles of the parts of the edge; NaN where no segment is known."""
    parts = profiles.reshape(PARTS, -1, profiles.shape[1])
    known = np.isfinite(parts)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, parts, 0.0).sum(axis=1) / known.sum(axis=1))


def _middle(values: Values) -> float:
    return float(np.median(values)) if values.size else float("nan")
