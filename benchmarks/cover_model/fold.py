"""What a scanner sees of a fold: the arc, the wall of the spine beside it, shading, glare, and the hinge's score.

Across the fold, ``d`` is the distance in mm from the outermost edge of the lying cover, > 0 over the cover. The cover
leaves the glass at d = r and bends through 90 degrees on a cylinder of radius r, so that d = r - r sin(t) while r t of
cover have passed, t being the angle passed. A contact sensor looks straight up and sees nothing beyond d = 0. A lens at
350 mm that sees the fold from x mm aside shows what lies z above the glass by z x / 350 farther out: the wall.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

F64 = NDArray[Any]  # float64
LENS_MM = 350.0
REACH_MM = 9.0  # over the cover: hinge included


@dataclass(frozen=True)
class Fold:
    """One fold as seen: radius (mm), slope of the sight line, height seen of the wall (mm), and its light.

    ``dim`` is the light left where the spine's face begins, ``fade`` the height (mm) over which the wall loses the rest.
    ``glare`` is reflectance added around ``glare_at`` degrees of the arc with deviation ``glare_wide``. ``hinge`` is the
    place of the score (mm from the edge), its strength and width (mm); ``wave`` the edge's unevenness (mm) along it.
    """

    radius: float
    slope: float
    height: float
    dim: float
    fade: float
    glare: float
    glare_at: float
    glare_wide: float
    hinge: tuple[float, float, float]
    hinge_glare: float
    wave: F64

    @property
    def wall(self) -> float:
        """Width of the wall seen, mm."""
        return self.slope * max(self.height - self.radius, 0.0)

    def tables(self, step: float = 0.01) -> tuple[F64, F64, F64, F64]:
        """Return over even steps of d: d, place on the flat cover (mm from the edge, > 0 over the cover), gain, glare."""
        r = self.radius
        t = np.linspace(0, np.pi / 2, 181)
        rise = r * (1 - np.cos(t))
        arc_d, arc_s = r - r * np.sin(t) - self.slope * rise, r - r * t
        light = self.dim + (1 - self.dim) * np.cos(t) ** 1.3
        z = np.linspace(r, max(self.height - r, r) + 0.05, 200)[1:]
        wall_d, wall_s = -self.slope * z - 1e-9 * z, r - r * np.pi / 2 - (z - r)
        wall_light = self.dim * np.exp(-(z - r) / self.fade)
        d = np.arange(-self.wall - 0.6, REACH_MM, step)
        seen = np.concatenate([wall_d[::-1], arc_d[::-1], [REACH_MM]])
        place = np.interp(d, seen, np.concatenate([wall_s[::-1], arc_s[::-1], [REACH_MM]]))
        gain = np.interp(d, seen, np.concatenate([wall_light[::-1], light[::-1], [1.0]]))
        at = np.interp(d, arc_d[::-1], np.degrees(t)[::-1], left=500, right=-500)
        glare = self.glare * np.exp(-(((at - self.glare_at) / self.glare_wide) ** 2) / 2)
        where, strong, wide = self.hinge
        u = (d - where) / wide
        gain *= 1 - strong * u * np.exp(0.5 - u * u / 2)
        glare += self.hinge_glare * np.exp(-(((u - 1) * 1.5) ** 2))
        return d, place, gain, glare


def make_fold(
    rng: np.random.Generator, radius: float, thickness: float, away: float, gloss: bool, bench: bool, lens: bool
) -> Fold:
    """Draw how a fold is seen; ``away`` is its distance in mm from the middle of a lens' glass, 0 where no wall shows."""
    dim = float(rng.uniform(0.35, 0.7) if lens else rng.uniform(0.08, 0.35))
    shiny = rng.random() < (0.65 if gloss else 0.3)
    glare = float(rng.uniform(0.08, 0.8) if gloss else rng.uniform(0.01, 0.06)) * shiny
    spread = float(rng.uniform(2.5, 7) if gloss else rng.uniform(10, 18))
    scored = not bench and rng.random() < 0.75
    hinge = (float(rng.uniform(4, 7)), float(rng.uniform(-0.12, 0.12)) * scored, float(rng.uniform(0.2, 0.5)))
    knots = rng.normal(0, 0.01 if bench else float(rng.uniform(0.01, 0.07)), 9)
    wave = cv2.resize((knots - knots.mean())[None, :], (200, 1), interpolation=cv2.INTER_CUBIC)[0]
    return Fold(
        radius,
        away / LENS_MM,
        thickness,
        dim,
        float(rng.uniform(4, 12)),
        glare,
        float(rng.uniform(8, 42)),
        spread,
        hinge,
        float(rng.uniform(0, 0.12)) * (gloss and scored and rng.random() < 0.5),
        wave - wave.mean(),
    )
