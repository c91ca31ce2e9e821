"""Strict parser of copy.toml; every key is optional, unknown ones are errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qc.errors import UsageError
from qc.geometry import Direction, trim_size
from qc.model import Claim, ReferenceSettings, ScanSettings
from qc.scan.paths import leads_outside
from qc.scan.strict_toml import Check, any_table, checked, choice, day, read_table, text, truth, whole
from qc.units import DPI_RANGE

_NAME = "copy.toml"
_MOST_PAGES = 10_000
_ID = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")


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
    if leads_outside(path, path.parent):
        raise UsageError(f"{path} is a link to a place outside its folder, which is not read. Copy the file itself.")
    values = checked(str(path), read_table(path), _TOP)
    return CopyToml(
        id=values.get("copy"),
        isbn=values.get("isbn"),
        title=values.get("title"),
        pages_expected=values.get("pages_expected"),
        claim=Claim(**checked(f"{path}, [claim]", values.get("claim", {}), _CLAIM)),
        scan=ScanSettings(**checked(f"{path}, [scan]", values.get("scan", {}), _SCAN)),
        reference=ReferenceSettings(**checked(f"{path}, [reference]", values.get("reference", {}), _REFERENCE)),
    )


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


def _resolution(value: Any) -> float:
    least, most = DPI_RANGE
    if type(value) not in (int, float) or not least <= value <= most:
        raise ValueError(f"write a number greater than 0: dots per inch from {least:g} to {most:g}")
    return float(value)


def _trim(value: Any) -> str:
    trim_size(text(value))
    return str(value)


_backing_word = choice("auto", "black", "gray", "grey", "white", "cropped")


def _backing(value: Any) -> str:
    word = str(_backing_word(value))
    return "gray" if word == "grey" else word


def _direction(value: Any) -> Direction:
    return Direction(choice(*Direction)(value))


def _schema(value: Any) -> int:
    if type(value) is not int or value != 1:
        raise ValueError("the only schema is 1")
    return value


_COUNT = whole(1, _MOST_PAGES)
_TOP: Mapping[str, Check] = {
    "schema": _schema,
    "copy": _copy_id,
    "isbn": text,
    "title": text,
    "pages_expected": _COUNT,
    "claim": any_table,
    "scan": any_table,
    "reference": any_table,
}
_CLAIM: Mapping[str, Check] = {
    "reason": choice("defective", "damaged", "lost", "wrong-item"),
    "ordered_isbn": text,
    "received_on": day,
    "notified_on": day,
    "claimed_on": day,
    "content_updated_on": day,
    "printed_on": day,
}
_SCAN: Mapping[str, Check] = {
    "scanner": _profile_name,
    "dpi": _resolution,
    "backing": _backing,
    "bound": truth,
    "complete": truth,
    "first_page": _COUNT,
    "spine": choice("bench", "printer"),
    "cover": choice("auto", "closed", "off"),
}
_REFERENCE: Mapping[str, Check] = {"file": text, "trim": _trim, "bleed": truth, "direction": _direction}
