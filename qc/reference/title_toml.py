"""What title.toml states of an ordered title."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from qc.errors import UsageError
from qc.geometry import Direction, Size, trim_size
from qc.scan.strict_toml import Check, checked, choice, read_table, text, truth, whole

_KEYS: Mapping[str, Check] = {
    "trim": lambda value: trim_size(text(value)),
    "bleed": truth,
    "paper": choice("white", "cream"),
    "ink": choice("black", "standard-color", "premium-color"),
    "pages": whole(1),
    "direction": lambda value: Direction(choice(*Direction)(value)),
}


@dataclass(frozen=True)
class Title:
    """Statements about a title; None where nothing is stated."""

    trim: Size | None = None
    bleed: bool | None = None
    paper: str | None = None
    ink: str | None = None
    pages: int | None = None
    direction: Direction | None = None


def read_title(path: Path) -> Title:
    """The title.toml at `path`.

    Raises
    ------
    UsageError
        It is no TOML file, or has an unknown key or a value that is not allowed.
    """
    return Title(**checked(str(path), read_table(path), _KEYS))


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
