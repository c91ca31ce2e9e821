"""Values of measures in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from qc.number_format import ranges, spoken

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qc.model import Observation


_WAY = {"x": ("nearer the spine", "nearer the fore-edge"), "y": ("lower", "higher")}


@dataclass(frozen=True)
class Said:
    """How a sentence names what it speaks of.

    Attributes
    ----------
    size : str
        The magnitude of the value, such as ``"3.6 mm (0.14 in)"``; its decimals suit the limit.
    page : str
        ``"page 6"``; empty where the observation is of no page.
    book : mapping of int to int or None
        Which page of the book a scanned page shows, by position.
    """

    size: str
    page: str = ""
    book: Mapping[int, int | None] = field(default_factory=dict)

    @property
    def on_page(self) -> str:
        return f" on {self.page}" if self.page else ""

    def pages(self, positions: Sequence[int]) -> str:
        """``"pages 3-7"``, of the book where all of them are known."""
        known = [page for p in positions if (page := self.book.get(p, p)) is not None]
        return pages_named(known) if len(known) == len(positions) else f"{len(positions)} scanned pages"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def counted(count: float, one: str, many: str) -> str:
    """``"1 spot"``, ``"3 spots"``, ``"no spots"``."""
    return f"{count:.0f} {one if count == 1 else many}" if count else f"no {many}"


def pages_named(numbers: Sequence[int]) -> str:
    """``"page 3"``, ``"pages 3-7 and 9"``."""
    return f"page{'' if len(set(numbers)) == 1 else 's'} {' and '.join(ranges(numbers).rsplit(', ', 1))}"


def shift_in_words(shift: Observation, size: str = "") -> str:
    """A measured shift of the print along ``where.axis``, such as ``"0.8 mm (0.03 in) lower"``."""
    value = shift.value or 0.0
    return f"{size or spoken(value, 'mm')} {_WAY[str(shift.where.axis)][value < 0]}"


def cut_in_words(offset: Observation, said: Said) -> str:
    """A cut against its trim line: ``"The fore-edge is cut 3.6 mm (0.14 in) too deep"``."""
    edge = offset.where.edge
    if (offset.value or 0.0) < 0:
        return f"The {edge} is cut {said.size} too deep{said.on_page}"
    return f"The {edge} keeps {said.size} of paper beyond the trim line{said.on_page}"
