"""CSV in which no cell is taken for a formula by a spreadsheet."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from qc.errors import one_line

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
"""Beginnings that a spreadsheet runs; in East Asia the wide ones, too."""


class Number(str):
    """A number as it is to be printed: its sign is no formula."""


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """The rows as CSV; no text begins like a formula or holds a line break, None is empty, floats have 6 digits."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[_cell(v) for v in row] for row in rows])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, Number) or not isinstance(value, str):
        return value
    # A spreadsheet runs what begins like this, and copies are named by strangers.
    cell = one_line(value)
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
