"""`qc calibrate`: profiles of scanners, made from what a bench has."""

from __future__ import annotations

import click

from qc.cli import LazyGroup

_SECTIONS = {
    "Commands": {
        "target": "Print this: the grid for `scale`, as a PDF at true size.",
        "scale": "Scans of the grid, a steel rule or a card to a scanner profile.",
        "color": "A scan of a ColorChecker or IT8 chart to the colors of a profile.",
        "repeatability": "The same page again and again: noise, crop error, gauge figure.",
        "show": "What a profile says, and whether the scanner has drifted.",
    }
}


@click.group(cls=LazyGroup, sections=_SECTIONS, package="qc.cli.calibrate", invoke_without_command=True)
@click.pass_context
def calibrate(ctx: click.Context) -> None:
    """Measure a scanner before it measures a book. Profiles go to $QC_PROFILES, else to the user's data folder.

    \b
    Example:
      qc calibrate target --out target.pdf
      qc calibrate scale grid-1.png grid-2.png --name flatbed --measured 250.3
      qc calibrate color chart.tif --chart R140604.it8 --lot R140604 --name flatbed
      qc inspect returns/RMA-10482 --titles titles --scanner flatbed

    Exit code: 0 done, 2 usage, 3 a scan cannot be used, 4 a profile cannot be used, 5 a file cannot be written.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
