"""`qc calibrate show`: what a profile says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click
import cv2

from calibration.drift import drift
from calibration.grid import find_grid
from calibration.summary import described, drift_words, listing
from qc.cli import exits, options
from qc.errors import ReferenceFault, one_line
from qc.scan.profile_file import find_profile, folders, read_profile


@click.command()
@click.argument("name", required=False, metavar="[NAME]")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    metavar="SCAN",
    help="A fresh scan of the grid: has the scanner drifted?",
)
@options.dpi
def show(name: str | None, against: Path | None, dpi: float | None) -> int:
    """What a scanner profile says, its age and expiry; all profiles without a name.

    \b
    Example:
      qc calibrate show flatbed --against grid.png

    Exit code: 0 done, 2 usage, 3 the scan cannot be used, 4 there is no such profile or it cannot be read.
    """
    today = date.today()
    if name is None:
        if against is not None:
            raise click.UsageError("--against needs the name of a profile.")
        return _list(today)
    profile = read_profile(find_profile(name))
    lines = described(profile, today)
    if against is not None:
        cv2.setNumThreads(1)
        lines += drift_words(drift(profile, find_grid(against, dpi)))
    for line in lines:
        click.echo(one_line(line))
    return 0


def _list(today: date) -> int:
    profiles = []
    for path in sorted({p.stem: p for folder in reversed(folders()) for p in folder.glob("*.toml")}.values()):
        try:
            profiles.append(read_profile(path))
        except ReferenceFault as fault:
            exits.say(str(fault))
    for line in listing(profiles, today):
        click.echo(one_line(line))
    if not profiles:
        click.echo(f"No profiles in {' or '.join(map(str, folders()))}. Begin with `qc calibrate target`.", err=True)
    return 0
