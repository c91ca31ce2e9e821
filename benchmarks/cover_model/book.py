"""The bound book: where folds and cuts lie against the print, and the truth that follows.

The wrap is printed as one, so its turn and scale hold for both sides; the closed book is cut as one, so the distance
from fold to fore-edge is nearly the same on both. Offsets are > 0 where cut or fold lies outside the panel, in mm of
the design: paper left over at head, tail and fore-edge, a fold that lies in the designed spine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from press_model import geometry

from .wrap import Wrap

SIDES = ("front", "back")
WITHIN_MM = 3.1  # what a printer's tolerance of 0.125 in forgives, less a little


@dataclass(frozen=True)
class Panel:
    """One side: its cut, and matrices design mm -> panel mm on paper (origin at the panel's trim corner at the left)."""

    side: str
    cut: geometry.Cut
    to_paper: geometry.F64

    def corners(self, wrap: Wrap) -> geometry.F64:
        """Return left-top, right-top, right-bottom, left-bottom of what is seen of the cover, panel mm on paper."""
        return self.cut.corners(wrap.width, wrap.height, self.side == "front")

    def truth(self, wrap: Wrap) -> dict[str, float]:
        """Return offsets in mm of the design, averaged along each edge; ``spine`` is the fold's."""
        to_leaf = self.to_paper @ geometry.shift(wrap.origin(self.side), 0)
        return geometry.offsets(self.corners(wrap), to_leaf, wrap.width, wrap.height, self.side == "front")

    def skew(self) -> float:
        """Return the print's turn against head and tail in degrees, > 0: clockwise as seen."""
        lt, rt, rb, lb = self.cut.corners(100.0, 150.0, self.side == "front")
        cuts = [np.degrees(np.arctan2(q[1] - p[1], q[0] - p[0])) for p, q in ((lt, rt), (lb, rb))]
        print_turn = np.degrees(np.arctan2(self.to_paper[1, 0], self.to_paper[0, 0]))
        return float(print_turn - np.mean(cuts))


@dataclass(frozen=True)
class Book:
    """A bound copy: its panels, the radius of each fold in mm, and its thickness in mm."""

    wrap: Wrap
    panels: dict[str, Panel]
    radius: dict[str, float]
    thickness: float
    bench: bool

    def truth(self) -> dict[str, Any]:
        """Return what can be measured: per side, and of the spine."""
        sides: dict[str, Any] = {}
        for name, panel in self.panels.items():
            seen = panel.truth(self.wrap)
            fold = seen.pop("spine")
            # where the cloth of the cover itself stands at the outermost edge: a quarter turn lies beyond a flat reading
            inside = fold + (np.pi / 2 - 1) * self.radius[name]
            sides[name] = {
                "trim_mm": seen,
                "fold_mm": fold,
                "fold_material_mm": inside,
                "skew_deg": panel.skew(),
                "radius_mm": self.radius[name],
            }
        f, b = (sides[s]["fold_mm"] for s in SIDES)
        return {"sides": sides, "spine_centering_mm": (f - b) / 2, "spine_width_mm": -(f + b)}


def _panel(
    wrap: Wrap, side: str, offset: dict[str, float], taper: dict[str, float], turn: float, scale: float
) -> Panel:
    middle = (wrap.width + wrap.spine / 2, wrap.height / 2)
    placed = geometry.about(geometry.turn(turn) @ geometry.scale(scale, scale), *middle)
    return Panel(side, geometry.Cut(offset, taper), geometry.shift(-wrap.origin(side), 0) @ placed)


def _drawn(rng: np.random.Generator, wrap: Wrap, wide: bool, bench: bool) -> Book:
    """Draw one book without a look at the tolerance."""
    reach = 2.6 if wide else 1.0
    centering = float(rng.uniform(-2.3, 2.3) * reach)
    wider = float(rng.uniform(4.0, 12.0) if bench else np.clip(rng.normal(0, 0.6), -1.8, 1.8))
    fold = {"front": centering - wider / 2, "back": -centering - wider / 2}
    if bench:  # a straight cut through both covers
        fold = {s: -float(rng.uniform(2.0, 6.0)) for s in SIDES}
    turn, scale = float(np.clip(rng.normal(0, 0.15), -0.45, 0.45)), 1 + float(rng.normal(0, 0.0006))
    head, tail = (float(v) for v in rng.uniform(-2.0, 2.0, 2) * (1.7 if wide else 1.0))
    deep = float(rng.uniform(-1.0, 1.0) * (2.5 if wide else 1.0))  # the block's width against the ordered one
    knife = {e: float(rng.normal(0, 0.12)) for e in geometry.EDGES}
    panels = {}
    for side in SIDES:
        # the block is cut as one: where the fold lies in the spine, the fore-edge is cut deeper into the print
        fore = deep - (float(rng.uniform(-2, 2)) if bench else fold[side]) + float(rng.normal(0, 0.12))
        offset = {"head": head, "tail": tail, "spine": fold[side], "fore-edge": fore}
        panels[side] = _panel(wrap, side, offset, knife, turn, scale)
    common = 0.01 if bench else float(rng.uniform(0.2, 1.5))
    radius = {s: float(np.clip(common * rng.uniform(0.8, 1.25), 0.01, 1.5)) for s in SIDES}
    thick = wrap.spine + (0.0 if bench else wider + 0.86 * common)
    return Book(wrap, panels, radius, thick, bench)


def make_book(rng: np.random.Generator, wrap: Wrap, wide: bool, bench: bool) -> Book:
    """Draw a book; unless ``wide``, all that a printer's tolerance speaks of lies within it."""
    while True:
        book = _drawn(rng, wrap, wide, bench)
        truth = book.truth()
        values = [abs(v) for s in truth["sides"].values() for v in s["trim_mm"].values()]
        if not bench:
            values += [abs(s["fold_mm"]) for s in truth["sides"].values()]
        if wide or max(values) < WITHIN_MM:
            return book
