"""A store as tables: columns of numpy arrays to count, plot and filter, and the inspections behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.batch.store import Store
from qc.errors import MissingProgram
from qc.model import Inspection

_VIEWS = {
    "copies": "latest_verdicts",
    "verdicts": "verdicts",
    "observations": "latest_observations",
    "findings": "findings",
    "decisions": "decision_history",
}
_ROWS_SHOWN, _LETTERS_SHOWN = 20, 24
_NUMBERS = frozenset({"value", "u", "margin", "margin_mm", "page"})
_JSON = frozenset({"flags", "detail", "evidence", "where_copies", "reasons", "not_checked", "findings", "shows"})


class Table(Mapping[str, NDArray[Any]]):
    """Columns of one length, by name; printing it shows the first rows.

    Notes
    -----
    `value`, `u`, `margin`, `margin_mm` and `page` are float arrays with NaN where there is none; every other column
    holds objects, None where there is none, and what the store keeps as JSON (`flags`, `detail`, `reasons`) is decoded.
    """

    def __init__(self, columns: Mapping[str, NDArray[Any]]) -> None:
        self._columns = dict(columns)

    @classmethod
    def of(cls, names: list[str], rows: list[dict[str, Any]]) -> Table:
        """The table of rows as the store gives them."""
        return cls({name: _column(name, [row[name] for row in rows]) for name in names})

    def __getitem__(self, name: str) -> NDArray[Any]:
        try:
            return self._columns[name]
        except KeyError:
            raise KeyError(f"no column {name!r}; there are {', '.join(self._columns)}") from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        """Number of columns, as of any mapping; `rows` counts the rows."""
        return len(self._columns)

    @property
    def rows(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def where(self, keep: NDArray[np.bool_] | None = None, **equal: object) -> Table:
        """The rows that `keep` marks and whose columns equal what is given: ``t.where(measure="trim-offset-block")``."""
        mask = np.ones(self.rows, bool) if keep is None else np.asarray(keep, bool)
        for name, wanted in equal.items():
            mask = mask & np.array([value == wanted for value in self[name]], bool)
        return Table({name: column[mask] for name, column in self._columns.items()})

    def to_pandas(self) -> Any:
        """The table as a ``pandas.DataFrame``.

        Raises
        ------
        MissingProgram
            pandas is not installed.
        """
        try:
            from pandas import DataFrame
        except ImportError as fault:
            raise MissingProgram("pandas is not installed. Install it with `pip install pandas`.") from fault
        return DataFrame(self._columns)

    def __repr__(self) -> str:
        return f"Table of {self.rows} rows: {', '.join(self._columns)}"

    def __str__(self) -> str:
        """The first rows in columns, each cell cut to some letters."""
        shown = [[_short(self[name][row]) for name in self] for row in range(min(self.rows, _ROWS_SHOWN))]
        widths = [max(len(cell) for cell in column) for column in zip(self, *shown, strict=True)]
        lines = [
            "  ".join(f"{c:<{w}}" for c, w in zip(cells, widths, strict=True)).rstrip()
            for cells in (list(self), *shown)
        ]
        more = [f"... {self.rows} rows"] if self.rows > len(shown) else []
        return "\n".join([*lines, *more])

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{escape(name)}</th>" for name in self)
        rows = range(min(self.rows, _ROWS_SHOWN))
        body = "".join(f"<tr>{''.join(f'<td>{escape(_short(self[n][r]))}</td>' for n in self)}</tr>" for r in rows)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table><p>{self.rows} rows</p>"


@dataclass(frozen=True)
class Tables:
    """What a store holds.

    Attributes
    ----------
    copies : Table
        A row a copy with the verdict in force and the decision of a person that stands.
    verdicts : Table
        Every verdict, older ones too.
    observations : Table
        A row a number of the latest inspection of each copy, long form, with unit, u (k = 1) and place.
    findings : Table
        Every finding of every verdict.
    decisions : Table
        Every decision of a person, with the copy it is on, and rows that take one back (`withdraws`).
    """

    path: Path
    copies: Table
    verdicts: Table
    observations: Table
    findings: Table
    decisions: Table

    @cached_property
    def inspections(self) -> tuple[Inspection, ...]:
        """The latest of each copy that could be inspected, in the order of inspection; read when asked for."""
        with Store(self.path) as store:
            found = [store.inspection(entry.id) for entry in store.copies() if not entry.failed]
        return tuple(i for i in found if i is not None)


def load_store(path: Path | str) -> Tables:
    """The tables of the store at `path`.

    Parameters
    ----------
    path : path
        An SQLite file as `qc batch --store` writes it.

    Returns
    -------
    Tables

    Raises
    ------
    UsageError
        There is no store at `path`.
    OutputError
        The file is no store, or cannot be read.

    Notes
    -----
    Everything is held in memory: a copy of 13 scanned pages takes 0.3 MB and 5 ms, its inspection, when asked for, as much
    again and 10 ms. For a year of returns load one month's store at a time.
    """
    with Store(Path(path)) as store:
        tables = {name: Table.of(store.columns(view), list(store.view(view))) for name, view in _VIEWS.items()}
    return Tables(Path(path), **tables)


def _short(value: Any) -> str:
    text = "" if value is None or value != value else f"{value:.5g}" if isinstance(value, float) else str(value)
    return text if len(text) <= _LETTERS_SHOWN else f"{text[: _LETTERS_SHOWN - 1]}…"


def _column(name: str, values: list[Any]) -> NDArray[Any]:
    if name in _NUMBERS:
        return np.array([np.nan if v is None else v for v in values], float)
    column = np.empty(len(values), object)
    for row, value in enumerate(values):
        column[row] = json.loads(value) if name in _JSON and value is not None else value
    return column
