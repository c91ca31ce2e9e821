"""What title.toml states of an ordered title."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qc.errors import UsageError, shown
from qc.geometry import Direction, Size, trim_size
from qc.scan.toml_file import NotToml, parse, read_bytes

T = TypeVar("T")

_ALLOWED = {
    "paper": ("white", "cream"),
    "ink": ("black", "standard-color", "premium-color"),
    "direction": tuple(Direction),
}
_KEYS = ("trim", "bleed", "paper", "ink", "pages", "direction")


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
    try:
        table = parse(read_bytes(path))
    except OSError as fault:
        raise UsageError(f"{path} cannot be read ({fault.strerror}). Check the file and its permissions.") from fault
    except NotToml as fault:
        raise UsageError(f"{path} cannot be read as TOML: {fault}. Correct or remove it.") from fault
    if unknown := sorted(table.keys() - set(_KEYS)):
        raise UsageError(f"{path}: unknown key {shown(repr(unknown[0]))}; allowed are {', '.join(_KEYS)}.")
    direction = _one_of(path, table, "direction")
    return Title(
        trim=stated_trim(_typed(path, table, "trim", str), str(path)),
        bleed=_typed(path, table, "bleed", bool),
        paper=_one_of(path, table, "paper"),
        ink=_one_of(path, table, "ink"),
        pages=_typed(path, table, "pages", int),
        direction=None if direction is None else Direction(direction),
    )


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


def _typed(path: Path, table: dict[str, Any], key: str, kind: type[T]) -> T | None:
    value = table.get(key)
    if value is None or type(value) is kind:
        return value
    raise UsageError(f"{path}: {key} = {shown(repr(value))} is not a {kind.__name__}.")


def _one_of(path: Path, table: dict[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is None or (isinstance(value, str) and value in _ALLOWED[key]):
        return value
    raise UsageError(f"{path}: {key} = {shown(repr(value))} is not allowed; write one of {', '.join(_ALLOWED[key])}.")
