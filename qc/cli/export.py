"""`qc export`: a store for spreadsheets and scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import click

from qc.batch.store import Store
from qc.cli import options
from qc.cli.csv_text import csv_text
from qc.report.record import error_record, record, to_json

_VIEW = {
    "copies": "latest_verdicts",
    "observations": "latest_observations",
    "findings": "findings",
    "verdicts": "verdicts",
    "decisions": "decisions",
}

_NESTED = ("flags", "detail", "evidence", "where_copies", "reasons", "not_checked", "findings")
"""Columns that hold JSON."""


@click.command()
@options.store
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), required=True, help="Table or JSON lines.")
@click.option("--what", type=click.Choice(list(_VIEW)), default="copies", show_default=True, help="Which rows.")
def export(store: Path, form: str, what: str) -> int:
    """Print what a store holds.

    \b
    copies        csv: a line a copy with its latest verdict, a person's decision, refund and margin;
                  jsonl: a line a copy, the same object as its inspection.json (or qc.error/1), for scripts
    observations  every number of the latest inspection of each copy, with unit, u, place and flags
    findings      every finding of every verdict
    verdicts      every verdict, older ones too
    decisions     every decision of a person

    In csv no cell begins like a formula: one that would is led by an apostrophe.

    \b
    Example:
      qc export --store qc.db --format csv > returns.csv

    Exit code: 0.
    """
    with Store(store) as kept:
        if form == "csv":
            _csv(kept, what)
        else:
            for line in _records(kept) if what == "copies" else _lines(kept, _VIEW[what]):
                click.echo(line)
    return 0


def _csv(kept: Store, what: str) -> None:
    columns = kept.columns(_VIEW[what])
    click.echo(csv_text([columns]), nl=False)
    for row in kept.view(_VIEW[what]):
        click.echo(csv_text([list(row.values())]), nl=False)


def _records(kept: Store) -> Iterator[str]:
    for entry in kept.copies():
        inspection = None if entry.failed else kept.inspection(entry.id)
        if inspection is None:
            yield to_json(error_record(entry.copy, entry.exit, entry.message))
        else:
            yield to_json(record(inspection))


def _lines(kept: Store, view: str) -> Iterator[str]:
    for row in kept.view(view):
        with kept.sound(f"a row of {view}"):
            line = to_json({k: json.loads(v) if k in _NESTED and v is not None else v for k, v in row.items()})
        yield line
