"""What title.toml states of an ordered title."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qc.errors import UsageError
from qc.geometry import Direction, Size, trim_size
from qc.scan.strict_toml import Check, any_table, checked, choice, read_table, text, truth, whole

MOST_SPINE_MM = 90.0
"""1200 pages, the most that printers on demand bind, on the thickest of their papers take 83 mm."""


def _millimeters(least: float, most: float) -> Check:
    def check(value: Any) -> float:
        if type(value) not in (int, float) or not least <= value <= most:
            raise ValueError(f"write a number of millimeters from {least:g} to {most:g}, without quotes")
        return float(value)

    return check


KEYS: Mapping[str, Check] = {
    "trim": lambda value: trim_size(text(value)),
    "bleed": truth,
    "paper": choice("white", "cream"),
    "ink": choice("black", "standard-color", "premium-color"),
    "pages": whole(1),
    "direction": lambda value: Direction(choice(*Direction)(value)),
    "cover": any_table,
}
COVER: Mapping[str, Check] = {
    "spine_mm": _millimeters(0.5, MOST_SPINE_MM),
    "binding": choice("paperback", "case"),
    "wrap_mm": _millimeters(0.0, 50.0),
    "hinge_mm": _millimeters(0.0, 30.0),
    "bleed_mm": _millimeters(0.0, 20.0),
}


@dataclass(frozen=True)
class CoverStatement:
    """The `[cover]` table of title.toml; `wrap_mm` and `hinge_mm` belong to a case, the bleed to a paperback."""

    spine_mm: float | None = None
    binding: str | None = None
    wrap_mm: float | None = None
    hinge_mm: float | None = None
    bleed_mm: float | None = None


@dataclass(frozen=True)
class Title:
    """Statements about a title; None where nothing is stated."""

    trim: Size | None = None
    bleed: bool | None = None
    paper: str | None = None
    ink: str | None = None
    pages: int | None = None
    direction: Direction | None = None
    cover: CoverStatement = CoverStatement()


def read_title(path: Path) -> Title:
    """The title.toml at `path`.

    Raises
    ------
    UsageError
        It is no TOML file, or has an unknown key or a value that is not allowed.
    """
    values = checked(str(path), read_table(path), KEYS)
    where = f"{path}, [cover]"
    cover = CoverStatement(**checked(where, values.pop("cover", {}), COVER))
    if cover.binding != "case" and (cover.wrap_mm is not None or cover.hinge_mm is not None):
        raise UsageError(f'{where}: wrap_mm and hinge_mm belong to a case. Add binding = "case", or leave them out.')
    return Title(**values, cover=cover)


def stated_trim(text: str | None, where: str) -> Size | None:
    """Size of a trim such as ``"6 x 9 in"``; `where` it stands is for the message.

    Raises
    ------
    UsageError
        It is no trim size.
    """
    if text is None:
        return None
    try:
        return trim_size(text)
    except ValueError as fault:
        raise UsageError(f"{where}: trim {fault}.") from fault
