"""A closed copy on the glass: its wrap folded round the block, front and back scanned one after the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qc.synthetic.draw import Truth, draw_scan
from qc.synthetic.files import suffix, write_scan
from qc.synthetic.leaf import Cut
from qc.synthetic.press import Print
from qc.synthetic.scanner import Scanner
from qc.synthetic.wrap import SIDES, Wrap

CLOSED = Scanner(
    shadow_edges=("left", "top", "right", "bottom"), shadow_depth=0.4, shadow_mm=5.0, glare=0.3, shot=0.003, read=0.0015
)
"""A book of some millimeters under the lid of a flatbed at 300 dpi: its shadow lies all round it."""


@dataclass(frozen=True)
class Bound:
    """How a cover was folded and cut.

    Parameters
    ----------
    shift_mm : float
        By how much the print lies toward the front.
    wider_mm : float
        By how much the folds lie farther apart than designed.
    head_mm, tail_mm : float
        Offset of these cuts against the trim line; > 0: the cut lies outside it.
    fore_edge_mm : (float, float)
        The same of front and back.
    turn_deg : float
        Of the print against its cuts, clockwise.
    round_mm : float
        Radius of the folds.
    """

    shift_mm: float = 0.0
    wider_mm: float = 0.0
    head_mm: float = 0.0
    tail_mm: float = 0.0
    fore_edge_mm: tuple[float, float] = (0.0, 0.0)
    turn_deg: float = 0.0
    round_mm: float = 0.5

    def fold_mm(self, side: str) -> float:
        """Offset of a fold against the designed one; > 0: it lies in the designed spine."""
        return (self.shift_mm if side == "front" else -self.shift_mm) - self.wider_mm / 2

    def cut(self, side: str) -> Cut:
        fore_edge = self.fore_edge_mm[SIDES.index(side)]
        return Cut(self.head_mm, self.tail_mm, self.fold_mm(side), fore_edge, fold_mm=self.round_mm)


@dataclass(frozen=True)
class ClosedTruth:
    """The drawn scans by side; the spine edge of a side is its fold, seen in the coordinates of the flat cover."""

    files: Mapping[str, Path]
    truths: Mapping[str, Truth]

    @property
    def centering_mm(self) -> float:
        return (self._fold("front") - self._fold("back")) / 2

    @property
    def wider_mm(self) -> float:
        return -(self._fold("front") + self._fold("back"))

    def _fold(self, side: str) -> float:
        return self.truths[side].offsets_mm["spine"]


def draw_cover(
    folder: Path | str,
    wrap: Wrap,
    bound: Bound | None = None,
    *,
    printed: Print | None = None,
    scanner: Scanner = CLOSED,
    sides: Sequence[str] = SIDES,
    other: Mapping[str, Wrap] | None = None,
    upside_down: Sequence[str] = (),
    seed: int = 0,
    names: str = "cover-{}",
) -> ClosedTruth:
    """Draw scans of a closed copy into `folder`, which is made if it is not there.

    Parameters
    ----------
    folder : path
    wrap : Wrap
        What was ordered.
    bound : Bound, optional
    printed : Print, optional
    scanner : Scanner
        Of both scans; each lies a little otherwise on the glass.
    sides : sequence of {"front", "back"}
        Those that were scanned.
    other : mapping of side to Wrap, optional
        Another cover that is on the copy there.
    upside_down : sequence of side
        Scanned upside down.
    seed : int
    names : str
        Of the files, without suffix.
    """
    where, bound, rng = Path(folder), bound or Bound(), np.random.default_rng(seed)
    where.mkdir(parents=True, exist_ok=True)
    files, truths = {}, {}
    for side in sides:
        how = replace(printed or Print(), rotation_deg=bound.turn_deg)
        laid = replace(scanner, skew_deg=scanner.skew_deg + float(rng.normal(0, 0.5)))
        if side in upside_down:
            laid = replace(laid, turns=laid.turns + 2)
        image, truths[side] = draw_scan((other or {}).get(side, wrap).side(side), how, bound.cut(side), laid, rng)
        files[side] = write_scan(where / (names.format(side) + suffix(laid)), image, laid)
    return ClosedTruth(files, truths)
