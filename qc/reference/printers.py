"""What printers say of covers, as `printers.toml` has it with source, day and standing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from qc.scan.strict_toml import Check, checked, choice, day, read_table, text
from qc.units import parse_length

_FILE = Path(__file__).with_name("printers.toml")
AGREE_MM = 0.3
"""By which two ways to a spine may differ: white and cream paper of KDP differ by more from 48 pages on, and roundings of a
trim to 0.01 in sum up to 0.25 mm."""
_INKS = ("black", "standard-color", "premium-color")
_WHAT = ("bleed", "shift", "lettering", "wrap", "hinge", "case-height")


@dataclass(frozen=True)
class Stock:
    """A printer's paper: `per_page` and `extra` in mm; `paper` and `ink` as title.toml says them, None where not told."""

    printer: str
    name: str
    per_page: float
    source: str
    read_on: date
    standing: str
    paper: str | None = None
    ink: str | None = None
    extra: float = 0.0

    def spine_mm(self, pages: int) -> float:
        """Width of the spine of a book of so many pages."""
        return pages * self.per_page + self.extra

    def pages(self, spine_mm: float) -> float:
        """Pages of a book with that spine."""
        return (spine_mm - self.extra) / self.per_page


@dataclass(frozen=True)
class Length:
    """A length that a printer states of its covers, in mm."""

    printer: str
    what: str
    value: float
    source: str
    read_on: date
    standing: str


_CITED: Mapping[str, Check] = {
    "printer": text,
    "source": text,
    "read_on": day,
    "standing": choice("first-hand", "measured", "secondary"),
}
_STOCK: Mapping[str, Check] = {
    **_CITED,
    "name": text,
    "paper": choice("white", "cream"),
    "ink": choice(*_INKS),
    "per_page": lambda value: parse_length(text(value)),
    "extra": lambda value: parse_length(text(value)),
}
_LENGTH: Mapping[str, Check] = {
    **_CITED,
    "what": choice(*_WHAT),
    "value": lambda value: parse_length(text(value)),
}


@cache
def stocks() -> tuple[Stock, ...]:
    """The papers of all printers."""
    rows = read_table(_FILE)["stock"]
    return tuple(Stock(**checked(f"{_FILE}, [[stock]]", row, _STOCK, (*_CITED, "name", "per_page"))) for row in rows)


@cache
def lengths(what: str) -> tuple[Length, ...]:
    """What printers state of one thing, such as ``"bleed"``."""
    rows = read_table(_FILE)["length"]
    every = [Length(**checked(f"{_FILE}, [[length]]", row, _LENGTH, _LENGTH)) for row in rows]
    return tuple(length for length in every if length.what == what)


def agreeing(spine_mm: float, pages: int, paper: str | None = None, ink: str | None = None) -> list[Stock]:
    """Papers on file on which so many pages make that spine, within `AGREE_MM`, best first.

    `paper` and `ink`, where given, leave out papers that are known to be others.
    """
    meant = [s for s in stocks() if (not paper or s.paper in (None, paper)) and (not ink or s.ink in (None, ink))]
    near = [(abs(s.spine_mm(pages) - spine_mm), n, s) for n, s in enumerate(meant)]
    return [s for off, _, s in sorted(near) if off <= AGREE_MM]


def spines_mm(pages: int) -> tuple[float, float]:
    """Spines of so many pages on the thinnest and on the thickest of all papers."""
    made = [s.spine_mm(pages) for s in stocks()]
    return min(made), max(made)
