"""The pair of copies and the page whose colors differ most: its tiles are kept for a picture, all others are let go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from qc.colorimetry import ColorTiles
from qc.features.color_tiles import color_tiles, printed_tiles
from qc.features.page_color import PageColor
from qc.geometry import Affine, Size
from qc.model import Observation


@dataclass(frozen=True)
class PairTiles:
    """One page of two copies: the first stands as `reference` in `tiles`; `page` is counted in the base copy."""

    copies: tuple[str, str]
    page: int
    tiles: ColorTiles


class WorstPair:
    """Keeps the tiles of the largest `copy-color-difference` that it was offered."""

    def __init__(self) -> None:
        self.found: PairTiles | None = None
        self._value = 0.0

    def offer(self, seen: Sequence[Observation], colors: Mapping[str, PageColor], trim: Size) -> None:
        """Differences of one page, for each pair of copies, and the tiles they were taken from."""
        for o in seen:
            if o.value is None or o.where.page is None or o.where.copies is None or o.value <= self._value:
                continue
            a, b = o.where.copies
            self._value = o.value
            self.found = PairTiles((a, b), o.where.page, pair_tiles(colors[a], colors[b], trim))


def pair_tiles(first: PageColor, second: PageColor, trim: Size) -> ColorTiles:
    """The colors of one page in two copies."""
    (x, y), step = first.corner_mm, first.step_mm
    to_mm = Affine.shift(x + step / 2, y + step / 2).after(Affine.scaling(step))
    on = printed_tiles(first.tiles, second.tiles)
    return color_tiles(first.lab[on], second.lab[on], on, to_mm, trim)
