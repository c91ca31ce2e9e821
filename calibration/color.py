"""`qc calibrate color`: from a scan of a color chart, or its readings, to the color part of a scanner profile."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.cgats import read_cgats
from calibration.chart import Chart, chart_named
from calibration.chart_reading import read_chart
from calibration.color_fit import MOST_FITTED, PHOTO, PRESS, ColorFit, fit_colors
from calibration.misread import refuse_misread
from calibration.profile import Table, checked_name, profile_tables, provenance, save
from qc.errors import ScanError, UsageError
from qc.normalize.color_model import fit_model
from qc.scan.image_file import sha256
from qc.scan.scanner_color import LEAST_PATCHES, MODEL
from qc.scan.scanner_profile import ScannerProfile

GEOMETRY = ("scale", "white", "crop", "gauge")


@dataclass(frozen=True)
class ColorInputs:
    """What the user gives.

    Attributes
    ----------
    source : Path
        A scan of a chart, or, without `chart`, a CGATS file that holds RGB and L*a*b* of the same patches.
    chart : str or None
        ``"colorchecker"``, or the path of a reference file.
    lettered : str
        Whether the letters of its ids count ``"rows"`` or ``"columns"``.
    material : str or None
        What the chart is made of.
    lot, backing, mode : str or None
        Of the chart and its measurement, over what its reference states.
    most : int
        Patches to fit on; the rest judge the fit.
    """

    source: Path
    chart: str | None = None
    lettered: str = "rows"
    material: str | None = None
    lot: str | None = None
    backing: str | None = None
    mode: str | None = None
    most: int = MOST_FITTED
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Readings:
    """Patches of a chart as the scanner encodes them (0..1) and as they should be, and where both come from."""

    chart: str
    ids: tuple[str, ...]
    rgb: NDArray[np.float64]
    lab: NDArray[np.float64]
    material: str
    lot: str
    backing: str
    mode: str
    files: tuple[tuple[str, str], ...]
    advice: tuple[str, ...] = ()


def make_color(
    name: str, given: ColorInputs, *, days: int, command: str, today: date
) -> tuple[ScannerProfile, list[str]]:
    """Fit, and write or renew the color part of a profile.

    Returns
    -------
    profile : ScannerProfile
        As it was written.
    advice : list of str
        What would make it better.

    Raises
    ------
    ScanError
        The chart was not read, or was misread.
    UsageError
        What was given does not fit together.
    """
    checked_name(name)
    read = of_table(given) if given.chart is None else of_scan(given, given.chart)
    if len(read.ids) < LEAST_PATCHES:
        raise ScanError(
            f"{given.source.name} has {len(read.ids)} patches, too few for a color profile. Use a chart of {LEAST_PATCHES} or more."
        )
    misfit = refuse_misread(read.ids, read.rgb, read.lab, given.source.name)
    fit = fit_colors(read.rgb, read.lab, read.material, given.most)
    table = color_table(read, fit, misfit, today, days)
    profile = save(
        name,
        {"color": table} | provenance("color", read.files, command, today),
        today=today,
        days=days,
        drop=("color",),
        about=given.about,
        renew=not set(GEOMETRY) & set(profile_tables(name)),
    )
    return profile, [*read.advice, *_advice(read, fit)]


def of_scan(given: ColorInputs, name: str) -> Readings:
    """Readings of a chart in a scan.

    Raises
    ------
    UsageError
        The chart is not known, or the lot was not given or is another one.
    ScanError
        The chart could not be read.
    """
    chart = chart_named(name, given.lettered)
    _refuse_other_lot(chart, given.lot)
    seen = read_chart(given.source, chart)
    rgb = seen.means()
    if len(seen.ids) >= LEAST_PATCHES:  # averaged again as light, now that the tone is known: patches may be halftones
        rgb = seen.means(fit_model(rgb, seen.lab, spline=False, loss="soft_l1"))
    advice = []
    if seen.dropped:
        advice.append(f"Left out, dirty or saturated: {', '.join(seen.dropped)}.")
    files = [(given.source.name, sha256(given.source))]
    if chart.sha256:
        files.append((chart.name, chart.sha256))
    return Readings(
        chart=chart.name,
        ids=seen.ids,
        rgb=rgb,
        lab=seen.lab,
        material=given.material or chart.material,
        lot=given.lot or chart.lot,
        backing=given.backing or chart.backing,
        mode=given.mode or chart.mode,
        files=tuple(files),
        advice=tuple(advice),
    )


def _refuse_other_lot(chart: Chart, lot: str | None) -> None:
    if not chart.sha256 or not chart.lot:
        return
    if lot is None:
        raise UsageError(
            f"{chart.name} is of one lot of charts only, and lots differ. Read the lot or serial on the chart itself and "
            "pass --lot."
        )
    known, asked = (re.sub(r"[^A-Z0-9]", "", text.upper()) for text in (chart.lot, lot))
    if not asked or asked not in known:
        raise UsageError(
            f"The chart is of lot {lot}, and {chart.name} is the reference of {chart.lot!r}. Load the reference of that "
            "lot from the maker of the chart."
        )


def of_table(given: ColorInputs) -> Readings:
    """Readings that were averaged already: RGB and L*a*b* in one file.

    Raises
    ------
    ScanError
        It cannot be read, or holds no RGB.
    """
    table = read_cgats(given.source)
    if table.rgb is None or table.lab is None:
        raise ScanError(
            f"{table.name} holds the colors of a chart and no readings of a scanner (RGB_R RGB_G RGB_B). Scan the chart and call "
            f"`qc calibrate color SCAN --chart {table.name}`."
        )
    return Readings(
        chart="readings",
        ids=table.ids,
        rgb=table.rgb,
        lab=table.lab,
        material=given.material or PHOTO,
        lot=given.lot or table.lot,
        backing=given.backing or table.backing,
        mode=given.mode or table.mode,
        files=((table.name, table.sha256),),
    )


def color_table(read: Readings, fit: ColorFit, misfit: float, today: date, days: int) -> Table:
    """`[color]` of a profile."""
    return {
        "made": today,
        "expires": today + timedelta(days=days),
        "chart": read.chart,
        "material": read.material,
        "lot": read.lot,
        "backing": read.backing,
        "mode": read.mode,
        "model": MODEL,
        "grade": fit.grade,
        "u": round(fit.u, 4),
        "held_out_mean": round(fit.mean, 4),
        "held_out_p95": round(fit.p95, 4),
        "held_out_max": round(fit.worst, 4),
        "misfit": round(misfit, 4),
        "patches": fit.patches,
        "fitted": fit.fitted,
        "gamma": fit.model.gamma,
        "offset": fit.model.offset,
        "rgb": [[round(float(v), 6) for v in row] for row in fit.model.rgb],
        "lab": [[round(float(v), 3) for v in row] for row in fit.model.lab],
    }


def _advice(read: Readings, fit: ColorFit) -> list[str]:
    advice = []
    if read.material != PRESS:
        advice.append(
            "Scanners see other inks differently: a chart of 140 patches printed on the press and paper of the books and measured "
            "once would lower u. If this one was, pass --material press."
        )
    if not read.mode:
        advice.append("The measurement mode of the chart (M0, M1, M2) is not known; pass --mode if it is.")
    if fit.grade == "C":
        advice.append(
            "Check that the driver does nothing to colors (auto exposure, sharpening, profile), that the chart is clean and that "
            "its reference is of its own lot; then scan again."
        )
    return advice
