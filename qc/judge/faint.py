"""Marks that are a note and no finding: too small, too faint or too few for a reader to complain of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations

from qc.measure.details import MarksDetail

_UNTIL = {"apart_mm", "most"}


@dataclass(frozen=True)
class Faint:
    """Limits of a policy for marks that are only a note.

    A mark is faint where one of `area_mm2`, `width_mm` and `contrast` (in L*), as its observation has them, lies below the limit.
    Faint marks are a note while they lie at least `apart_mm` apart and are no more than `most` on a page; 0 states no limit.
    """

    area_mm2: float = 0.0
    width_mm: float = 0.0
    contrast: float = 0.0
    apart_mm: float = 0.0
    most: float = 0.0

    def covers(self, marks: MarksDetail) -> bool:
        """Whether all marks of an observation are a note; False where it does not say how large and dark they are."""
        boxes = marks.boxes_mm
        below = {name: limit for name, limit in self.stated.items() if name not in _UNTIL}
        lists = {name: getattr(marks, name) for name in below}
        # Damage of the paper states one area, and not one of each place.
        if not boxes or any(not isinstance(v, Sequence) or len(v) != len(boxes) for v in lists.values()):
            return False
        if not all(any(lists[name][n] < limit for name, limit in below.items()) for n in range(len(boxes))):
            return False
        places = [((x0 + x1) / 2, (y0 + y1) / 2) for x0, y0, x1, y1 in boxes]
        crowded = any(math.dist(a, b) < self.apart_mm for a, b in combinations(places, 2))
        return not crowded and not (self.most and len(boxes) > self.most)

    @property
    def stated(self) -> dict[str, float]:
        """The limits that are stated."""
        return {f.name: value for f in fields(self) if (value := getattr(self, f.name))}

    @property
    def text(self) -> str:
        """As `qc explain` prints it."""
        return ", ".join(f"{name} {value:g}" for name, value in self.stated.items()) or "none"


def read_faint(value: object) -> Faint:
    """The limits that a table of a policy states; raises a ValueError that says what to write."""
    known = [f.name for f in fields(Faint)]
    numbers = isinstance(value, dict) and all(type(v) in (int, float) and v > 0 for v in value.values())
    if not isinstance(value, dict) or not numbers or not set(value) <= set(known) or not set(value) - _UNTIL:
        raise ValueError(
            f"write a table of numbers above 0 for some of {', '.join(known)}, such as {{ contrast = 10 }}"
        )
    return Faint(**value)
