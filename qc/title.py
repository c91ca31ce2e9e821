"""What title.toml states of an ordered title."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from qc.errors import UsageError
from qc.geometry import Size
from qc.units import parse_trim

T = TypeVar("T")

_ALLOWED = {"paper": ("white", "cream"), "ink": ("black", "standard-color", "premium-color")}
_KEYS = ("trim", "bleed", "paper", "ink", "pages")


@dataclass(frozen=True)
class Title:
    """Statements about a title; None where nothing is stated."""

    trim: Size | None = None
    bleed: bool | None = None
    paper: str | None = None
    ink: str | None = None
    pages: int | None = None


def read_title(path: Path) -> Title:
    """The title.toml at `path`.

    Raises
    ------
    UsageError
        It is no TOML file, or has an unknown key or a value that is not allowed.
    """
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as fault:
        raise UsageError(f"{path} cannot be read as TOML: {fault}. Correct or remove it.") from fault
    if unknown := sorted(table.keys() - set(_KEYS)):
        raise UsageError(f"{path}: unknown key {unknown[0]!r}; allowed are {', '.join(_KEYS)}.")
    return Title(
        trim=stated_trim(_typed(path, table, "trim", str), str(path)),
        bleed=_typed(path, table, "bleed", bool),
        paper=_one_of(path, table, "paper"),
        ink=_one_of(path, table, "ink"),
        pages=_typed(path, table, "pages", int),
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
        size = Size(*parse_trim(text))
    except (ValueError, ZeroDivisionError) as fault:
        raise UsageError(f"{where}: trim {fault}.") from fault
    if min(size.width_mm, size.height_mm) <= 0:
        raise UsageError(f"{where}: trim {text!r} has no area.")
    return size


def _typed(path: Path, table: dict[str, Any], key: str, kind: type[T]) -> T | None:
    value = table.get(key)
    if value is None or type(value) is kind:
        return value
    raise UsageError(f"{path}: {key} = {value!r} is not a {kind.__name__}.")


def _one_of(path: Path, table: dict[str, Any], key: str) -> str | None:
    value = table.get(key)
    if value is None or value in _ALLOWED[key]:
        return value
    raise UsageError(f"{path}: {key} = {value!r} is not allowed; write one of {', '.join(_ALLOWED[key])}.")
