"""`qc calibrate repeatability`: one page, scanned again and again."""

from __future__ import annotations

import shlex
import sys
from datetime import date
from pathlib import Path

import click
import cv2

from calibration.repeats import make_gauge
from calibration.summary import described
from qc.cli import options
from qc.errors import one_line


@click.command()
@click.argument("scans", metavar="SCAN...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--name", required=True, metavar="NAME", help="Of the profile that the figures are added to.")
@options.dpi
@click.option("--days", type=click.IntRange(1, 3660), default=365, show_default=True, help="How long a new one holds.")
def repeatability(scans: tuple[Path, ...], name: str, dpi: float | None, days: int) -> int:
    """How well a scanner repeats itself: noise, error of the auto-crop, and a gauge figure.

    Scan one printed page again and again, taking it up and laying it down each time, the same way up; 30 times make a
    good figure. Several folders are several operators, each with their scans: then repeatability and reproducibility
    are told apart (gauge R&R). For the error of an auto-crop add one scan with backing visible on all sides.

    \b
    Example:
      qc calibrate repeatability repeats/*.jpg --name flatbed
      qc calibrate repeatability anna/ ben/ --name flatbed

    Exit code: 0 done, 2 usage, 3 a scan cannot be used, 5 the profile cannot be written.
    """
    cv2.setNumThreads(1)
    today = date.today()
    command = shlex.join(["qc", *sys.argv[1:]])
    profile = make_gauge(name, scans, dpi=dpi, days=days, command=command, today=today)
    for line in described(profile, today):
        click.echo(one_line(line))
    return 0
