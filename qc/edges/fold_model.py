"""The light that a scanner finds across a fold of a closed cover: flat part, arc, wall of the spine, lid.

The cover leaves the glass, bends through a quarter turn and stands upright: the spine. A scanner with a lens sees the spine
beside the fold, the whole of it pressed together into a dark strip, its wall; a contact sensor sees none of it. What is
ordered tells which light comes from where on the paper.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.edges.cover_strip import CoverStrip, Line

Values = NDArray[np.float64]

PARTS = 12
"""Of the edge: lettering stays apart from bare tone, and noise is averaged."""
OUTSIDE_MM, INSIDE_MM, FLAT_MM = 0.5, 2.0, 2.5
"""Looked at beyond the line, and inside the widest wall; so far inside the line the cover shows its tones, most of it flat."""
LID_MM = (0.3, 0.7)
"""So far beyond the line the lid is seen."""
STEP_MM, OVER = 0.05, 2
"""Of the ordered cover; places a pixel at which light is told before it is blurred."""
INK, FLOOR = 0.02, 0.005
"""Light that black ink gives back, of a density of 1.7; what is added under the root of light, so that noise counts alike."""
GLARE_DEG, SHADING = 6.0, 1.2
"""Width of a glossy highlight on the arc; power of the cosine by which an arc darkens."""
SATURATED = 0.98
LEAST_LIGHT = 0.003
"""Of the flat cover, below which its shading is not seen; 10 of 255 as encoded."""
VARIED, U_TONE, U_PLAIN = 0.2, 0.06, 0.15
"""A cover whose logarithm of light varies by more tells the power of its tone curve; its standard uncertainty, then and else."""
POWERS = (0.7, 1.4)
NO_WALL_MM = 0.02
ENDS_AT, U_ENDS_MM, U_WALL_ENDS_MM = 0.19, 0.15, 0.04
"""An arc darkens toward its end and rises from the glass, out of focus: it ends beyond where it changes most by this share of its
radius, on 20 drawn folds. A wall ends sharply, where the line is seen."""
U_LIGHT = 0.002
"""Of the root of light: against it, what is usual weighs."""
_ARC = np.linspace(0, np.pi / 2, 61)


@dataclass(frozen=True)
class Trait:
    """A number that describes a fold: its bounds, where a fit begins, its step, and what is usual with its spread."""

    least: float
    most: float
    first: float
    step: float
    usual: tuple[float, float] | None = None


TRAITS = {
    "wall": Trait(0.0, 7.0, 0.0, 0.2),  # mm seen of the spine
    "radius": Trait(0.1, 1.6, 0.6, 0.3, (0.6, 0.6)),  # mm
    "beyond": Trait(-0.15, 0.8, 0.03, 0.1),  # mm beyond the line, where arc or wall end
    "dim": Trait(0.04, 0.8, 0.35, 0.2, (0.4, 0.25)),  # light left where the spine begins
    "own": Trait(0.6, 1.5, 1.0, 0.1, (1.0, 0.15)),  # light of the flat part against what its tone says
    "glare": Trait(0.0, 0.8, 0.01, 0.1, (0.0, 0.4)),  # light of a glossy highlight
    "glare_deg": Trait(5.0, 50.0, 25.0, 10.0),  # and where on the arc it lies
    "fade": Trait(0.02, 0.3, 0.1, 0.1),  # of light, a mm of the height of the wall
    "blur": Trait(0.03, 0.25, 0.08, 0.05, (0.08, 0.06)),  # mm
    "power": Trait(0.35, 1.5, 1.0, 0.1),  # of the tone curve of the press
}
LEAST, MOST, FIRST, STEPS = (
    np.array([getattr(trait, name) for trait in TRAITS.values()]) for name in ("least", "most", "first", "step")
)
WALL, BEYOND, DIM, POWER = (list(TRAITS).index(name) for name in ("wall", "beyond", "dim", "power"))


@dataclass(frozen=True)
class FoldSeen:
    """The strip across a fold in parts, by the distance inside its outermost line.

    Attributes
    ----------
    root : ndarray, shape (PARTS, n)
        Of light and `FLOOR`; 0 where not `known`.
    known : ndarray, shape (PARTS, n), bool
    fine : ndarray, shape (n * OVER,)
        Distances inside the line, mm; every `OVER`-th is that of a column of `root`.
    lid : ndarray, shape (PARTS, 1)
        Light beyond the line.
    tone : ndarray, shape (PARTS, m)
        Logarithm of what is ordered, every `STEP_MM` from `first_mm` inside the line on, against that of the flat part.
    flat : ndarray, shape (PARTS, 1)
        Logarithm of the light of the flat part.
    first_mm : float
    power : tuple of float
        Of the tone curve, with its standard uncertainty.
    spine_mm : float
        As designed.
    """

    root: Values
    known: NDArray[np.bool_]
    fine: Values
    lid: Values
    tone: Values
    flat: Values
    first_mm: float
    power: tuple[float, float]
    spine_mm: float

    def light(self, traits: Values) -> Values:
        """Of a fold with such traits, shape as `root`."""
        from scipy.ndimage import correlate1d

        wall, radius, beyond, dim, own, glare, glare_deg, fade, blur, power = traits
        slope, step = wall / self.spine_mm, self.fine[1] - self.fine[0]
        # Distance over the cover from where an upright look would see its outermost end.
        over = self.fine - (wall - beyond)
        arc = (radius - radius * np.sin(_ARC) - slope * radius * (1 - np.cos(_ARC)))[::-1]
        height = np.where(over < arc[0], (arc[0] - over) / max(slope, 1e-3), 0.0)
        on_paper = np.where(over >= radius, over, np.interp(over, arc, (radius - radius * _ARC)[::-1])) - height
        shade = np.interp(over, arc, (dim + (1 - dim) * np.cos(_ARC) ** SHADING)[::-1]) * np.exp(-height * fade)
        turned = np.interp(over, arc, np.degrees(_ARC)[::-1], left=200.0, right=-90.0)
        shine = glare * np.exp(-(((turned - glare_deg) / GLARE_DEG) ** 2) / 2)
        at = (on_paper + wall - beyond - self.first_mm) / STEP_MM
        k = np.clip(at.astype(int), 0, self.tone.shape[1] - 2)
        share = np.clip(at - k, 0, 1)
        art = np.exp(self.flat + power * (self.tone[:, k] * (1 - share) + self.tone[:, k + 1] * share))
        cover = np.clip((self.fine + beyond) / step + 0.5, 0, 1)
        whole = (own * art * shade + shine) * cover + self.lid * (1 - cover)
        reach = int(3 * blur / step) + 1
        soft = np.exp(-((np.arange(-reach, reach + 1) * step / blur) ** 2) / 2)
        return np.asarray(correlate1d(whole, soft / soft.sum(), axis=1, mode="nearest")[:, ::OVER])

    def residuals(self, traits: Values) -> Values:
        """What such a fold leaves of the light, its squares adding up to their mean, and how unusual it is."""
        left = (np.sqrt(np.maximum(self.light(traits), 0) + FLOOR) - self.root) * self.known
        named = dict(zip(TRAITS, traits, strict=True))
        usual = {name: trait.usual for name, trait in TRAITS.items() if trait.usual}
        usual["power"] = self.power
        usual["beyond"] = (
            (ENDS_AT * named["radius"], U_ENDS_MM) if named["wall"] < NO_WALL_MM else (0.0, U_WALL_ENDS_MM)
        )
        unusual = [U_LIGHT * (named[name] - value) / spread for name, (value, spread) in usual.items()]
        return np.concatenate([left.ravel() / np.sqrt(self.known.sum()), unusual])


def look_at_fold(strip: CoverStrip, line: Line, spine_mm: float, widest_mm: float) -> FoldSeen | None:
    """What is seen inside a line where a wall is no wider; None where the art is too dark to tell its shading."""
    inside = np.arange(-1.0, strip.luminance.shape[1] / strip.scale, 1 / strip.scale)
    rows = strip.rows(line)
    light = _parts(strip.at(strip.luminance, rows[:, None] - inside * strip.scale))
    places = np.arange(-spine_mm - 3.0, inside[-1], STEP_MM)
    design = _parts(strip.at(strip.design, rows[:, None] - places * strip.scale))
    if not np.isfinite(design).any(axis=1).all():
        return None
    tone = np.log(np.array([_filled(part) for part in design]) + INK)
    ordered = np.array([np.interp(inside, places, part) for part in tone])
    flat = (inside > FLAT_MM) & np.isfinite(light)
    if not flat.any() or np.median(light[flat]) < LEAST_LIGHT:
        return None
    shown = np.log(np.maximum(light, LEAST_LIGHT))
    varied = bool(ordered[flat].std() > VARIED)
    power = float(np.clip(np.polyfit(ordered[flat], shown[flat], 1)[0], *POWERS)) if varied else 1.0
    usual = _middles(ordered, flat)
    level = _middles(shown - power * ordered, flat) + power * usual
    beyond = (inside > -LID_MM[1]) & (inside < -LID_MM[0]) & np.isfinite(light)
    near = (inside > -OUTSIDE_MM) & (inside < widest_mm + INSIDE_MM)
    known = np.isfinite(light[:, near]) & (light[:, near] < SATURATED)
    return FoldSeen(
        np.where(known, np.sqrt(np.maximum(np.nan_to_num(light[:, near]), 0) + FLOOR), 0.0),
        known,
        (inside[near][:, None] + np.arange(OVER) / OVER / strip.scale).ravel(),
        _middles(light, beyond)[:, None],
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


def _filled(part: Values) -> Values:
    """A profile that goes on where it is not known."""
    known = np.flatnonzero(np.isfinite(part))
    return np.interp(np.arange(len(part)), known, part[known])


def _middles(parts: Values, where: NDArray[np.bool_]) -> Values:
    """Median of each part; where nothing of one is seen, of all; 0 where nothing is."""
    whole = float(np.median(parts[where])) if where.any() else 0.0
    return np.array([np.median(part[seen]) if seen.any() else whole for part, seen in zip(parts, where, strict=True)])
