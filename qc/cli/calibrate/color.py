"""`qc calibrate color`: a color chart to the colors of a scanner profile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from calibration.color import ColorInputs, make_color
from calibration.color_fit import MATERIALS, MOST_FITTED
from qc.cli.calibrate.reported import report_made


@click.command()
@click.argument("scan", metavar="SCAN", type=click.Path(path_type=Path))
@click.option(
    "--chart",
    metavar="colorchecker|FILE",
    help="What the scan shows: a ColorChecker Classic, or the reference file of a chart.",
)
@click.option(
    "--lettered",
    type=click.Choice(["rows", "columns"]),
    default="rows",
    show_default=True,
    help="What the letters of A1, B2 count.",
)
@click.option(
    "--name", default="scanner", show_default=True, metavar="NAME", help="Of the profile that it is added to."
)
@click.option("--material", type=click.Choice(MATERIALS), help="What the chart is made of; press: that of the books.")
@click.option("--lot", metavar="TEXT", help="Lot or serial printed on the chart.")
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
    chart: str | None,
    lettered: str,
    name: str,
    material: str | None,
    lot: str | None,
    backing: str | None,
    mode: str | None,
    fit_on: int,
    days: int,
    model: str | None,
    driver: str | None,
) -> int:
    """What the colors of a scanner mean: a color chart to the color part of a scanner profile.

    Scan the whole chart, face down at any turn, with the settings used for pages: automatic exposure, sharpening and color
    profiles switched off. The chart is a ColorChecker Classic, or one whose reference file (CGATS, IT8) names its patches by
    letter and number; --lot is the one printed on it. Without --chart, SCAN is a CGATS file of patches that were averaged
    already, RGB and L*a*b* side by side.

    \b
    Example:
      qc calibrate color chart.tif --chart R140604.it8 --lot R140604 --name flatbed
      qc calibrate color checker.png --chart colorchecker
      qc calibrate color readings.txt --material press --fit-on 140

    What is made of the press and paper of the books (--material press) gives the best profile; others see inks differently.

    Exit code: 0 done, 2 usage, 3 the scan or its chart cannot be used, 5 the profile cannot be written.
    """
    about = {key: text for key, text in (("scanner", model), ("driver", driver)) if text}
    given = ColorInputs(scan, chart, lettered, material, lot, backing, mode, fit_on, about)
    report_made(partial(make_color, name, given, days=days))
    return 0
