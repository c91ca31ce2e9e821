"""`qc calibrate color`: a color chart to the colors of a scanner profile."""

from __future__ import annotations

import shlex
import sys
from datetime import date
from pathlib import Path

import click
import cv2

from calibration.color import ColorInputs, make_color
from calibration.color_fit import MATERIALS, MOST_FITTED
from calibration.summary import described
from qc.cli import exits


@click.command()
@click.argument("scan", metavar="SCAN", type=click.Path(path_type=Path))
@click.option(
    "--name", default="scanner", show_default=True, metavar="NAME", help="Of the profile that it is added to."
)
@click.option("--material", type=click.Choice(MATERIALS), help="What the chart is made of; press: that of the books.")
@click.option("--charge", metavar="TEXT", help="Charge or serial printed on the chart.")
@click.option("--backing", metavar="TEXT", help="What the chart lay on when it was measured, such as black.")
@click.option("--mode", type=click.Choice(["M0", "M1", "M2", "M3"]), help="Condition of that measurement (ISO 13655).")
@click.option(
    "--fit-on",
    type=click.IntRange(24, 2000),
    default=MOST_FITTED,
    show_default=True,
    metavar="N",
    help="Patches to fit; the others judge the fit.",
)
@click.option("--days", type=click.IntRange(1, 3660), default=183, show_default=True, help="How long the colors hold.")
@click.option("--model", metavar="TEXT", help="Maker, model and serial of the scanner, for the record.")
@click.option("--driver", metavar="TEXT", help="Driver and settings, for the record.")
def color(
    scan: Path,
    name: str,
    material: str | None,
    charge: str | None,
    backing: str | None,
    mode: str | None,
    fit_on: int,
    days: int,
    model: str | None,
    driver: str | None,
) -> int:
    """What the colors of a scanner mean: readings of a chart to a color profile.

    SCAN is a CGATS file that holds RGB and L*a*b* of the same patches.

    \b
    Example:
      qc calibrate color readings.txt --material press --name flatbed-a3

    Exit code: 0 done, 2 usage, 3 the scan or its chart cannot be used, 5 the profile cannot be written.
    """
    cv2.setNumThreads(1)
    about = {key: text for key, text in (("scanner", model), ("driver", driver)) if text}
    given = ColorInputs(scan, material, charge, backing, mode, fit_on, about)
    today = date.today()
    command = shlex.join(["qc", *sys.argv[1:]])
    profile, advice = make_color(name, given, days=days, command=command, today=today)
    for line in described(profile, today):
        click.echo(exits.one_line(line))
    for text in advice:
        click.echo(text, err=True)
    return 0
