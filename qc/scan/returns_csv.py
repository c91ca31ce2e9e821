"""returns.csv beside the copies: what copy.toml states, for many, a row each."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import Any

from qc.errors import UsageError, shown
from qc.scan.copy_toml import CLAIM, COUNT, REFERENCE, SCAN, TOP, Tables, resolution
from qc.scan.paths import leads_outside
from qc.scan.strict_toml import Check, day, nearest, read_bytes, truth, value_of

NAME = "returns.csv"
_MOST_BYTES = 20_000_000
"""Of 100,000 copies, a row each."""
_EXPONENT = re.compile(r"\d+([.,]\d+)?e\+?\d+", re.IGNORECASE)
_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DELIMITER = re.compile(r"sep=([,;])")
"""First line by which a spreadsheet may say how its cells are parted."""


@dataclass(frozen=True)
class Row:
    """What one row states: `tables` as of copy.toml, `cells` as written; `number` is that of a spreadsheet, the header is 1."""

    number: int
    tables: Tables
    cells: Mapping[str, str]

    @property
    def lost(self) -> bool:
        return bool(self.tables.get("claim", {}).get("reason") == "lost")


@dataclass(frozen=True)
class Returns:
    """The rows of a returns.csv by id of the copy, and columns that are not known."""

    path: Path
    rows: Mapping[str, Row] = field(default_factory=dict)
    passed_over: tuple[str, ...] = ()


def returns_in(folder: Path) -> Returns:
    """The returns.csv in `folder`, which is that of the copies directly below; without rows where there is none.

    Raises
    ------
    UsageError
        It cannot be read, is a link out of the folder, or a row is wrong: the sentence names it.
    """
    path = folder / NAME
    try:
        path.lstat()
    except OSError:
        return Returns(path)
    if leads_outside(path, folder):
        raise UsageError(f"{path} is a link to a place outside its folder, which is not read. Copy the file itself.")
    return read_returns(path)


def read_returns(path: Path) -> Returns:
    """What a list of copies at `path` states; raises UsageError as `returns_in`, and where there is none."""
    try:
        about = path.stat()
    except OSError as fault:
        raise UsageError(f"{path} cannot be read ({fault.strerror}). Check the path.") from fault
    return _read(path, about.st_size, about.st_mtime_ns)


def not_used(folders: Iterable[Path], copies: Collection[str] | None) -> dict[str, str]:
    """What of the returns.csv in some folders is passed over, and why: columns, and rows of which there is no copy.

    `copies` are the ids of all copies there are; None where only some were asked for.
    """
    found = {}
    for stated in map(returns_in, dict.fromkeys(folders)):
        if stated.passed_over:
            found[f"columns of {stated.path}"] = ", ".join(stated.passed_over)
        for name, row in stated.rows.items():
            if copies is not None and name not in copies:
                found[name] = f"row {row.number} of {stated.path} names it, and there are no scans of it"
    return found


@lru_cache(maxsize=16)
def _read(path: Path, _size: int, _mtime_ns: int) -> Returns:
    """The file at `path`, read once as long as it stays the same: every copy asks for its row."""
    try:
        text = read_bytes(path, _MOST_BYTES).decode("utf-8-sig")
    except OSError as fault:
        raise UsageError(f"{path} cannot be read ({fault.strerror}). Check the file and its permissions.") from fault
    except UnicodeDecodeError as fault:
        raise UsageError(f'{path} is not UTF-8 (byte {fault.start}). Save it as "CSV UTF-8".') from fault
    records = _records(path, text)
    header = [name.strip().lower() for name in next(records, (0, []))[1]]
    _check_header(path, header)
    rows: dict[str, Row] = {}
    for number, cells in records:
        if len(cells) > len(header) and any(cells[len(header) :]):
            raise UsageError(
                f"{path}, row {number}: it has more cells than the header. Put texts with a comma in quotes."
            )
        row = _row(path, number, {k: v for k, v in zip(header, cells, strict=False) if v and k in COLUMNS})
        name = row.tables["copy"]
        if name in rows:
            raise UsageError(
                f"{path}, row {number}: {name} stands in row {rows[name].number}, too. Remove one of them."
            )
        rows[name] = row
    return Returns(path, rows, tuple(_unknown(header)))


def _records(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not empty, their cells stripped, with the numbers that a spreadsheet shows."""
    first, _, rest = text.partition("\n")
    if stated := _DELIMITER.fullmatch(first.strip()):
        text, delimiter = rest, stated[1]
    else:
        delimiter = ";" if first.count(";") > first.count(",") else ","
    number = 0
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True), 1):
            if any("\0" in cell for cell in cells):
                raise UsageError(f"{path}, row {number}: it has a NUL byte. Save the file as CSV UTF-8 again.")
            if any(cell.strip() for cell in cells):
                yield number, [cell.strip() for cell in cells]
    except csv.Error as fault:
        raise UsageError(f"{path}, row {number + 1}: it is no CSV ({fault}). Correct its quotes.") from fault


def _check_header(path: Path, header: list[str]) -> None:
    if "copy" not in header:
        near = next((hint for name in header if (hint := nearest(name, ["copy"]))), "")
        raise UsageError(
            f"{path}, row 1: there is no column 'copy'{near}. Name the columns; known are {', '.join(COLUMNS)}."
        )
    for name in COLUMNS:
        if header.count(name) > 1:
            raise UsageError(f"{path}, row 1: the column {name!r} stands there twice. Remove one.")


def _unknown(header: list[str]) -> Iterator[str]:
    for name in dict.fromkeys(name for name in header if name and name not in COLUMNS):
        # 0.8 finds two letters exchanged; columns of a desk of its own are like none of these.
        near = get_close_matches(name, COLUMNS, 1, 0.8)
        yield f"{shown(name)}{f' (did you mean {near[0]!r}?)' if near else ''}"


def _row(path: Path, number: int, cells: Mapping[str, str]) -> Row:
    where = f"{path}, row {number}"
    if "copy" not in cells:
        raise UsageError(f"{where}: it names no copy. Write its id, as its folder is called.")
    tables: dict[str, Any] = {}
    for name, cell in cells.items():
        table, check = COLUMNS[name]
        value = value_of(where, name, cell, _of_text(check))
        (tables.setdefault(table, {}) if table else tables)[name] = value
    return Row(number, tables, cells)


def _of_text(check: Check) -> Check:
    """The check of a value of copy.toml, for the text of a cell."""
    convert = _CONVERT.get(check)
    return check if convert is None else lambda cell: check(convert(cell))


def _date(cell: str) -> date:
    if not _ISO_DATE.fullmatch(cell):
        raise ValueError("write a date like 2026-10-01")
    try:
        return date.fromisoformat(cell)
    except ValueError:
        raise ValueError("there is no such day") from None


def _truth(cell: str) -> bool:
    if cell.lower() not in ("true", "false"):
        raise ValueError("write true or false")
    return cell.lower() == "true"


def _whole(cell: str) -> int:
    if not (cell.isascii() and cell.isdigit() and len(cell) < 10):
        raise ValueError("write a whole number")
    return int(cell)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        raise ValueError("write a number, such as 300") from None


def _isbn(cell: Any) -> str:
    if _EXPONENT.fullmatch(cell):
        raise ValueError("a spreadsheet has cut its digits: format the column as text and enter it again")
    return str(cell)


_CONVERT: Mapping[Check, Callable[[str], Any]] = {day: _date, truth: _truth, COUNT: _whole, resolution: _number}
COLUMNS: Mapping[str, tuple[str, Check]] = {
    **{name: ("", TOP[name]) for name in ("copy", "isbn", "title", "pages_expected")},
    **{name: ("claim", check) for name, check in CLAIM.items()},
    **{name: ("scan", check) for name, check in SCAN.items()},
    **{name: ("reference", check) for name, check in REFERENCE.items()},
} | {"isbn": ("", _isbn), "ordered_isbn": ("claim", _isbn)}
"""Known columns: the table of copy.toml that each belongs to, and its check."""
