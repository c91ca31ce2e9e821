"""`qc export`: a store for spreadsheets and scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from operator import attrgetter, itemgetter
from pathlib import Path

import click

from qc import isbn
from qc.batch.column_texts import datasette_metadata
from qc.batch.store import Store
from qc.cli import options
from qc.errors import UsageError
from qc.report import shapes
from qc.report.csv_text import csv_text
from qc.report.record import error_record, record, to_json

_VIEW = {
    "copies": "latest_verdicts",
    "observations": "latest_observations",
    "findings": "findings",
    "verdicts": "verdicts",
    "decisions": "decision_history",
}
_METADATA = "metadata"

_NESTED = ("flags", "detail", "evidence", "where_copies", "reasons", "not_checked", "findings", "shows")
"""Columns that hold JSON."""


@click.command()
@options.store
@click.option("--format", "form", type=click.Choice(["csv", "jsonl"]), help="Table or JSON lines.")
@click.option("--what", type=click.Choice([*_VIEW, _METADATA]), default="copies", show_default=True, help="Which rows.")
def export(store: Path, form: str | None, what: str) -> int:
    """Print what a store holds.

    \b
    copies        csv: a line a copy with its latest verdict, a person's decision, refund and margin;
                  jsonl: a line a copy, the object of its inspection.json (or qc.error/1) with the verdict in
                  force and the decision that stands, for scripts
    observations  every number of the latest inspection of each copy, with unit, u, place and flags
    findings      every finding of every verdict
    verdicts      every verdict, older ones too
    decisions     every decision of a person, and whether it was withdrawn
    metadata      what every table and column means, as metadata.json for Datasette; needs no --format

    In csv no cell begins like a formula: one that would is led by an apostrophe. An ISBN is written 978-0000000002, which
    spreadsheets and pandas take for text.

    \b
    Example:
      qc export --store qc.db --format csv > returns.csv
      qc export --store qc.db --what metadata > metadata.json

    Exit code: 0.
    """
    if form is None and what != _METADATA:
        raise UsageError("--format is missing. Write --format csv or --format jsonl.")
    with Store(store) as kept:
        if what == _METADATA:
            click.echo(json.dumps(datasette_metadata(store, kept.view("columns")), indent=2))
        elif form == "csv":
            _csv(kept, what)
        else:
            for line in _records(kept) if what == "copies" else _lines(kept, _VIEW[what]):
                click.echo(line)
    return 0


def _csv(kept: Store, what: str) -> None:
    columns = kept.columns(_VIEW[what])
    click.echo(csv_text([columns]), nl=False)
    for row in sorted(kept.view(_VIEW[what]), key=itemgetter("copy")) if what == "copies" else kept.view(_VIEW[what]):
        if row.get("isbn"):
            row["isbn"] = isbn.as_text(row["isbn"])
        click.echo(csv_text([list(row.values())]), nl=False)


def _records(kept: Store) -> Iterator[str]:
    for entry in sorted(kept.copies(), key=attrgetter("copy")):
        inspection = None if entry.failed else kept.inspection(entry.id)
        decision = kept.decision(entry.copy)
        content: shapes.Inspection | shapes.Error
        content = error_record(entry.copy, entry.exit, entry.message) if inspection is None else record(inspection)
        content["decision"] = None if decision is None else decision.record
        yield to_json(content)


def _lines(kept: Store, view: str) -> Iterator[str]:
    for row in kept.view(view):
        with kept.sound(f"a row of {view}"):
            line = to_json({k: json.loads(v) if k in _NESTED and v is not None else v for k, v in row.items()})
        yield line
