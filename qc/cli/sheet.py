"""`qc sheet`: separator sheets for a feeder."""

from __future__ import annotations

from pathlib import Path

import click

from qc.errors import UsageError
from qc.report.files import write_bytes
from qc.report.sheet_pdf import PAPERS, Sheet, sheets_pdf
from qc.scan.copy_toml import TOP
from qc.scan.returns_csv import read_returns
from qc.scan.strict_toml import value_of


@click.command()
@click.argument("copies", metavar="[COPY]...", nargs=-1)
@click.option(
    "--csv",
    "listed",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="A sheet for each copy that this returns.csv lists, but for lost ones.",
)
@click.option("--paper", type=click.Choice(list(PAPERS)), default="a4", show_default=True, help="Size of the paper.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default="sheets.pdf",
    show_default=True,
    metavar="FILE",
    help="The PDF to write.",
)
def sheet(copies: tuple[str, ...], listed: Path | None, paper: str, out: Path) -> int:
    """Write separator sheets, by which one long scan of many copies is told apart.

    COPY is the id of a copy, such as its RMA. Print on both sides, lay each sheet before the pages of its copy, and scan all of
    them into one multipage TIFF, one PDF or one folder: `qc plan`, `qc batch` and `qc inspect` take it for the copies in it.

    \b
    Example:
      qc sheet RMA-10482 RMA-10483
      qc sheet --csv returns/returns.csv --paper letter

    Exit code: 0, 2 if an id or the list is wrong, 5 if the PDF cannot be written.
    """
    sheets = {name: Sheet(value_of("qc sheet", "COPY", name, TOP["copy"])) for name in copies}
    if listed is not None:
        for name, row in read_returns(listed).rows.items():
            if not row.lost:
                about = " · ".join(row.cells[key] for key in ("title", "isbn") if key in row.cells)
                sheets[name] = Sheet(name, about)
    if not sheets:
        raise UsageError("No copy is named. Give ids, or --csv with a list of copies.")
    write_bytes(sheets_pdf(sheets.values(), paper), out)
    click.echo(f"{out}: {len(sheets)} {'sheet' if len(sheets) == 1 else 'sheets'}, print on both sides.")
    return 0
