"""Strict parser of copy.toml; every key is optional, unknown ones are errors."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from qc.errors import UsageError, shown
from qc.geometry import Direction, trim_size
from qc.model import Claim, ReferenceSettings, ScanSettings
from qc.scan.paths import leads_outside
from qc.scan.toml_file import NotToml, parse, read_bytes
from qc.units import DPI_RANGE

_NAME = "copy.toml"
_MOST_PAGES = 10_000
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")

_Check = Callable[[Any], Any]


@dataclass(frozen=True)
class CopyToml:
    """The values of a copy.toml, with the defaults where it says nothing."""

    id: str | None = None
    isbn: str | None = None
    title: str | None = None
    pages_expected: int | None = None
    claim: Claim = field(default_factory=Claim)
    scan: ScanSettings = field(default_factory=ScanSettings)
    reference: ReferenceSettings = field(default_factory=ReferenceSettings)


def read_copy_toml(folder: Path) -> CopyToml:
    """The copy.toml in `folder`, or the defaults where there is none.

    Raises
    ------
    UsageError
        It is larger than 1 MB, a link out of the folder, no TOML, or has a key or a value that is not allowed.
    """
    path = folder / _NAME
    if not path.exists() and not path.is_symlink():
        return CopyToml()
    values = _checked(path, _parse(path), _TOP, "")
    return CopyToml(
        id=values.get("copy"),
        isbn=values.get("isbn"),
        title=values.get("title"),
        pages_expected=values.get("pages_expected"),
        claim=Claim(**_checked(path, values.get("claim", {}), _CLAIM, "claim")),
        scan=ScanSettings(**_checked(path, values.get("scan", {}), _SCAN, "scan")),
        reference=ReferenceSettings(**_checked(path, values.get("reference", {}), _REFERENCE, "reference")),
    )


def _parse(path: Path) -> dict[str, Any]:
    if leads_outside(path, path.parent):
        raise UsageError(f"{path} is a link to a place outside its folder, which is not read. Copy the file itself.")
    try:
        return parse(read_bytes(path))
    except OSError as fault:
        raise UsageError(f"{path} cannot be read ({fault.strerror}). Check the file and its permissions.") from fault
    except NotToml as fault:
        raise UsageError(f"{path} is no valid TOML: {fault}. Correct that place.") from fault


def _checked(path: Path, table: Mapping[str, Any], allowed: Mapping[str, _Check], section: str) -> dict[str, Any]:
    values = {}
    for key, value in table.items():
        place = f"{path}: [{section}] {shown(key)}" if section else f"{path}: {shown(key)}"
        if key not in allowed:
            near = difflib.get_close_matches(key, allowed, 1)
            hint = f"Did you mean {near[0]!r}?" if near else f"Allowed are {', '.join(allowed)}."
            raise UsageError(f"{place} is no known key. {hint}")
        try:
            values[key] = allowed[key](value)
        except ValueError as fault:
            raise UsageError(f"{place} is {_shown(value)}; {fault}.") from None
    return values


def _shown(value: Any) -> str:
    return shown(value.isoformat() if isinstance(value, date) else repr(value))


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("write a text in quotes")
    return value


def _copy_id(value: Any) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(
            "an id consists of letters, digits, '.', '_' and '-', does not begin with a dot, and is at most 100 long"
        )
    return value


def _profile_name(value: Any) -> str:
    # a path would let a stranger's file name any other file
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise ValueError(
            "write the name of a scanner profile: letters, digits, '.', '_' and '-', at most 100; "
            "a path can be given with --scanner"
        )
    return value


def _schema(value: Any) -> int:
    if type(value) is not int or value != 1:
        raise ValueError("the only schema is 1")
    return value


def _count(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= _MOST_PAGES:
        raise ValueError(f"write a whole number, 1 or more (and at most {_MOST_PAGES})")
    return value


def _resolution(value: Any) -> float:
    least, most = DPI_RANGE
    if type(value) not in (int, float) or not least <= value <= most:
        raise ValueError(f"write a number greater than 0: dots per inch from {least:g} to {most:g}")
    return float(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("write true or false, without quotes")
    return value


def _date(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("write a date like 2026-10-01, without quotes and without a time")
    return value


def _trim(value: Any) -> str:
    trim_size(_text(value))
    return str(value)


def _table(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is a table: write it as a heading in brackets, with its keys below")
    return value


def _choice(*words: str) -> _Check:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            near = difflib.get_close_matches(value, words, 1) if isinstance(value, str) else []
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise ValueError(f"allowed are {', '.join(words)}{hint}")
        return value

    return check


_backing_word = _choice("auto", "black", "gray", "grey", "white", "cropped")


def _backing(value: Any) -> str:
    word = str(_backing_word(value))
    return "gray" if word == "grey" else word


_direction_word = _choice(*Direction)


def _direction(value: Any) -> Direction:
    return Direction(_direction_word(value))


_TOP: Mapping[str, _Check] = {
    "schema": _schema,
    "copy": _copy_id,
    "isbn": _text,
    "title": _text,
    "pages_expected": _count,
    "claim": _table,
    "scan": _table,
    "reference": _table,
}
_CLAIM: Mapping[str, _Check] = {
    "reason": _choice("defective", "damaged", "lost", "wrong-item"),
    "ordered_isbn": _text,
    "received_on": _date,
    "notified_on": _date,
    "claimed_on": _date,
    "content_updated_on": _date,
    "printed_on": _date,
}
_SCAN: Mapping[str, _Check] = {
    "scanner": _profile_name,
    "dpi": _resolution,
    "backing": _backing,
    "bound": _truth,
    "complete": _truth,
    "first_page": _count,
    "spine": _choice("bench", "printer"),
}
_REFERENCE: Mapping[str, _Check] = {"file": _text, "trim": _trim, "bleed": _truth, "direction": _direction}
