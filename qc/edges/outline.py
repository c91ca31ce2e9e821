"""The paper's outline between its cut edges: corners that are missing or folded over, notches, tears that reach an edge."""

from __future__ import annotations

from dataclasses import dataclass

from qc.geometry import Box


@dataclass(frozen=True)
class Damage:
    """A place where paper is missing.

    Attributes
    ----------
    code : str
        As `page-damage` has it: missing-corner, dog-ear, notch or tear.
    extent_mm, u_mm : float
        Its largest extent, with a standard uncertainty.
    area_mm2, u_area_mm2 : float
        Of the paper that is not where it was cut.
    sides : tuple of int
        That it touches: left 0, top 1, right 2, bottom 3.
    box_mm : tuple of float
        x0, y0, x1, y1 in page-frame mm.
    """

    code: str
    extent_mm: float
    u_mm: float
    area_mm2: float
    u_area_mm2: float
    sides: tuple[int, ...]
    box_mm: Box


@dataclass(frozen=True)
class Outline:
    """What was seen of the paper's outline: the sides (left 0, top 1, right 2, bottom 3) along which it was, and its damage."""

    sides: tuple[int, ...] = ()
    damage: tuple[Damage, ...] = ()
