"""What the measures between copies of a title are given: where each was cut, its colors, what was observed of each before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from qc.flags import Flag
from qc.geometry import Edge
from qc.measure.color_repeatability import Repeatability
from qc.measure.registry import MEASURES
from qc.model import Inspection, Observation

if TYPE_CHECKING:
    from qc.features.color_tiles import ColorTiles

MIN_COPIES = 3
"""Of fewer copies nobody can say which is off."""

Pair = tuple[str, str]


@dataclass(frozen=True)
class CutPlace:
    """How far out one copy was cut on one page, in mm of the page frame of the base copy, against the base's print.

    `u_mm` joins the fit of the edge and the registration of the print; `flag` says why there is no value.
    """

    value_mm: float | None
    u_mm: float = 0.0
    flag: str = Flag.NOT_REGISTERED


@dataclass(frozen=True)
class CopiesContext:
    """Copies of one title as their measures see them, by id and in order; what is not known is empty.

    Attributes
    ----------
    cuts : mapping of str to mapping of (int, Edge) to CutPlace
        Of each copy by common page (1-based) and edge, where copies are laid on one of them (`qc compare`).
    bench_cut : bool
        The spine edges were cut to scan the sheets, not by the printer.
    colors : mapping of str to mapping of int to ColorTiles
        Of each copy by common page, on the same tiles, relative to its paper.
    bare : mapping of str to sequence of ColorTiles
        Those of its pages that show their own paper.
    incomparable : mapping of (str, str) to str
        Pairs whose colors cannot be compared, and the flag that says why.
    repeatability : Repeatability
        Of the scanner.
    inspected : mapping of str to Inspection
        Of each copy, where it was inspected before (`qc inspect`, `qc batch`).
    observations : tuple of Observation
        Made between the copies so far.
    step : callable
        Called after each page that `each_page` gave.
    """

    cuts: Mapping[str, Mapping[tuple[int, Edge], CutPlace]] = field(default_factory=dict)
    bench_cut: bool = True
    colors: Mapping[str, Mapping[int, ColorTiles]] = field(default_factory=dict)
    bare: Mapping[str, Sequence[ColorTiles]] = field(default_factory=dict)
    incomparable: Mapping[Pair, str] = field(default_factory=dict)
    repeatability: Repeatability = field(default_factory=Repeatability)
    inspected: Mapping[str, Inspection] = field(default_factory=dict)
    observations: tuple[Observation, ...] = ()
    step: Callable[[], None] = lambda: None

    def observed(self, *measures: str) -> list[Observation]:
        """The observations of these measures so far."""
        return [o for o in self.observations if o.measure in measures]

    @property
    def pairs(self) -> list[Pair]:
        """Each two of the copies whose colors are known."""
        return list(combinations(self.colors, 2))

    @property
    def unlike(self) -> dict[str, str]:
        """Copies that have fewer than two others to be compared with in color, and why."""
        flags = {c: [f for pair, f in self.incomparable.items() if c in pair] for c in self.colors}
        return {c: own[0] for c, own in flags.items() if own and len(self.colors) - 1 - len(own) < 2}

    def each_page(self) -> Iterator[tuple[int, dict[str, ColorTiles]]]:
        """The common pages in order, and the colors of the copies that have each."""
        for number in sorted({n for pages in self.colors.values() for n in pages}):
            yield number, {c: pages[number] for c, pages in self.colors.items() if number in pages}
            self.step()


def of_copy(copy: str, observations: Sequence[Observation]) -> list[Observation]:
    """What measures between copies observed of one copy, over all its pages: what goes into its inspection."""
    own = [o for o in observations if o.where.page is None and copy in (o.where.copy, *(o.where.copies or ()))]
    return [o for o in own if MEASURES[o.measure].scope == "copies"]
