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
    positions : sequence of int
        Of the scanned pages it is said of.
    """

    size: str
    page: str = ""
    book: Mapping[int, int | None] = field(default_factory=dict)
    positions: Sequence[int] = ()

    @property
    def are(self) -> str:
        return "are" if len(self.positions) > 1 else "is"

    @property
    def places(self) -> list[int]:
        """The pages of the book in whose place the scanned pages lie, where those before and after them tell."""
        return [page for p in self.positions if (page := place_in_book(p, self.book)) is not None]

    @property
    def on_page(self) -> str:
        return f" on {self.page}" if self.page else ""

    def pages(self, positions: Sequence[int]) -> str:
        """``"pages 3-7"``, of the book where all of them are known."""
        known = [page for p in positions if (page := self.book.get(p, p)) is not None]
        return pages_named(known) if len(known) == len(positions) else f"{len(positions)} scanned pages"


def place_in_book(position: int, book: Mapping[int, int | None]) -> int | None:
    """The page of the book in whose place a scanned page lies that shows none; None where the pages before and after it do not
    agree on it."""
    places = {(book.get(p) or 0) + position - p for p in known_beside(position, book)}
    return places.pop() if len(places) == 1 else None


def known_beside(position: int, book: Mapping[int, int | None]) -> list[int]:
    """The nearest positions before and after one of which the page of the book is known; empty where not both are there."""
    known = [p for p, page in book.items() if page is not None]
    before, after = [p for p in known if p < position], [p for p in known if p > position]
    return [max(before), min(after)] if before and after else []


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


def cut_in_words(offset: Observation, said: Said, edge: str = "") -> str:
    """A cut against its trim line: ``"The fore-edge is cut 3.6 mm (0.14 in) too deep"``; `edge` is another name of it, of what
    has no paper to spare."""
    if edge and (offset.value or 0.0) >= 0:
        return f"The {edge} keeps {said.size} beyond the trim line"
    edge = edge or str(offset.where.edge)
    if (offset.value or 0.0) < 0:
        return f"The {edge} is cut {said.size} too deep{said.on_page}"
    return f"The {edge} keeps {said.size} of paper beyond the trim line{said.on_page}"
