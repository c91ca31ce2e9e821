"""`qc calibrate scale`: scans of something of known size to a scanner profile."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from calibration.scale import OBJECTS, U_READING_MM, Inputs, make_profile
from qc.cli import options
from qc.cli.calibrate.reported import report_made
from qc.units import parse_length


def _length(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    if value is None:
        return None
    try:
        return parse_length(value if value.strip()[-1:] in ("m", "n", '"') else f"{value} mm")
    except ValueError as fault:
        raise click.BadParameter(f"{fault}.", ctx, param) from fault


@click.command()
@click.argument("scans", metavar="[SCAN]...", nargs=-1, type=click.Path(path_type=Path))
@click.option("--name", required=True, metavar="NAME", help="Of the profile; an older one of this name is renewed.")
@click.option(
    "--object", "what", type=click.Choice(OBJECTS), default="grid", show_default=True, help="What the scans show."
)
@click.option("--measured", callback=_length, metavar="MM", help="Length of the printed long check bar, as measured.")
@click.option("--measured-across", callback=_length, metavar="MM", help="Length of the printed short check bar.")
@click.option(
    "--measured-u",
    type=click.FloatRange(0.001, 5.0),
    default=U_READING_MM,
    show_default=True,
    metavar="MM",
    help="How far off these lengths may be (standard uncertainty).",
)
@click.option("--exact", is_flag=True, help="The grid is on film or glass and true to 0.01 mm.")
@click.option(
    "--white", multiple=True, type=click.Path(path_type=Path), metavar="SCAN", help="A page on the white lid ..."
)
@click.option("--black", multiple=True, type=click.Path(path_type=Path), metavar="SCAN", help="... and again on black.")
@options.dpi
@click.option(
    "--days", type=click.IntRange(1, 3660), default=365, show_default=True, help="How long the profile holds."
)
@click.option("--model", metavar="TEXT", help="Maker, model and serial of the scanner, for the record.")
@click.option("--driver", metavar="TEXT", help="Driver and settings, for the record.")
def scale(
    scans: tuple[Path, ...],
    name: str,
    what: str,
    measured: float | None,
    measured_across: float | None,
    measured_u: float,
    exact: bool,
    white: tuple[Path, ...],
    black: tuple[Path, ...],
    dpi: float | None,
    days: int,
    model: str | None,
    driver: str | None,
) -> int:
    """True resolution, shear and local distortion of a scanner; with --white and --black its bias on a white lid.

    Scan the printed grid (`qc calibrate target`) with the settings used for pages, the whole glass, nothing turned or
    cropped by the driver; best twice, the second time with the sheet turned by a quarter, or by half where the glass
    is smaller than the sheet. A steel rule with millimeter
    marks (--object ruler), laid along x and in a second scan along y, or a bank card on black (--object id-1) gives
    the resolution alone. For the white lid scan one printed page on white and, lying the same way, on black.

    \b
    Example:
      qc calibrate scale grid-1.png grid-2.png --name flatbed --measured 250.3 --measured-across 175.1
      qc calibrate scale --name flatbed --white white.png --black black.png

    Exit code: 0 done, 2 usage, 3 a scan cannot be used, 5 the profile cannot be written.
    """
    about = {key: text for key, text in (("scanner", model), ("driver", driver)) if text}
    given = Inputs(scans, what, measured, measured_across, measured_u, exact, white, black, dpi, about)
    report_made(partial(make_profile, name, given, days=days))
    return 0
