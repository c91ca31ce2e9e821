"""`qc calibrate target`: the grid to print."""

from __future__ import annotations

from pathlib import Path

import click

from calibration.target import TARGETS, pdf
from calibration.target import target as sheet_for
from qc.report.files import write_bytes


@click.command()
@click.option("--paper", type=click.Choice(list(TARGETS)), default="a4", show_default=True, help="Size of the sheet.")
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.pdf", help="Default: qc-target-PAPER.pdf."
)
def target(paper: str, out: Path | None) -> int:
    """Write the calibration grid as a PDF of one page at true size.

    Print it at actual size (100 %), without scaling or fitting, on smooth white paper. Measure both check bars with a
    steel rule. Then scan it twice, the second time turned by a quarter (by half where the glass is too small for
    that; an A5 sheet has room on every glass), and call `qc calibrate scale`.

    \b
    Example:
      qc calibrate target --paper letter --out target.pdf

    Exit code: 0 done, 5 the file cannot be written.
    """
    sheet = sheet_for(paper)
    path = out or Path(f"qc-target-{paper}.pdf")
    write_bytes(pdf(sheet), path)
    click.echo(path)
    click.echo(
        f"Print it at actual size (100 %, no scaling). The check bars should then be {sheet.long_bar_mm:g} and "
        f"{sheet.short_bar_mm:g} mm; measure them to 0.1 mm.",
        err=True,
    )
    return 0
