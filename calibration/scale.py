"""`qc calibrate scale`: from scans of the grid, a rule or a card, and of a page on white and on black, to a profile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np

from calibration.geometry import ENOUGH_COVERED, fit_geometry
from calibration.grid import GridScan, find_grid
from calibration.joint_fit import EXACT, PrintedSize
from calibration.profile import Table, by_edge, checked_name, grid_tables, object_table, provenance, save
from calibration.rule_and_card import U_TILT, AxisScale, joined, read_card, read_rule
from calibration.target import Target
from calibration.white_lid import white_edges
from qc.errors import UsageError
from qc.scan.scanner_profile import ScannerProfile

OBJECTS = ("grid", "ruler", "id-1")
U_PRINTER = 0.0012
"""Of an office printer's scale, relative: prints are 0.06 to 0.13 % off."""
U_ANISOTROPY = 0.0008
"""Of the scale of a print across against along."""
U_READING_MM = 0.1
"""Of a bar measured with a steel rule by eye."""
MOST_STRETCH = 0.02


@dataclass(frozen=True)
class Inputs:
    """What the user gives.

    Attributes
    ----------
    scans : sequence of Path
    object : str
        One of `OBJECTS`.
    long_mm, short_mm : float or None
        Measured lengths of the check bars beside and below the grid.
    u_reading_mm : float
        Standard uncertainty of these.
    exact : bool
        The grid is on film or glass and true.
    white, black : sequence of Path
        The same page on a white and on a black backing, in pairs.
    dpi : float or None
        Stated resolution, believed over the headers.
    """

    scans: Sequence[Path]
    object: str = "grid"
    long_mm: float | None = None
    short_mm: float | None = None
    u_reading_mm: float = U_READING_MM
    exact: bool = False
    white: Sequence[Path] = ()
    black: Sequence[Path] = ()
    dpi: float | None = None
    about: Mapping[str, str] = field(default_factory=dict)


def make_profile(name: str, given: Inputs, *, days: int, command: str, today: date) -> tuple[ScannerProfile, list[str]]:
    """Measure, and write or renew the profile.

    Returns
    -------
    profile : ScannerProfile
        As it was written.
    advice : list of str
        What would make it better.

    Raises
    ------
    UsageError
        What was given does not fit together.
    ScanError
        A scan cannot be used.
    """
    checked_name(name)
    if len(given.white) != len(given.black):
        raise UsageError("--white and --black go in pairs: the same page once on each backing.")
    if not given.scans and not given.white:
        raise UsageError("Nothing to calibrate from. Name scans of the target, or a page with --white and --black.")
    bars = given.long_mm is not None or given.short_mm is not None
    if (bars or given.exact) and given.object != "grid":
        raise UsageError(f"The check bars belong to the grid; with --object {given.object} leave them out.")
    if bars and given.exact:
        raise UsageError("--exact says that the bars are true; leave --measured and --measured-across out.")
    tables: dict[str, Table] = {}
    advice: list[str] = []
    origin: Table = {}
    if given.scans:
        found, files, advice = _grid(given) if given.object == "grid" else _object(given)
        tables |= found
        origin |= provenance("scale", files, command, today)["provenance"]
    if given.white:
        edges = white_edges(list(zip(given.white, given.black, strict=True)), given.dpi)
        tables["white"] = {
            "bias_mm": by_edge(edges.lid.bias_mm),
            "u_mm": by_edge(edges.lid.u_mm),
            "pairs": edges.pairs,
        }
        origin |= provenance("white", edges.files, command, today)["provenance"]
    profile = save(
        name,
        tables | {"provenance": origin},
        today=today,
        days=days,
        drop=("scale", "map") if given.scans else ("white",),
        about=given.about,
        renew=bool(given.scans),
    )
    return profile, advice


def printed_size(sheet: Target, given: Inputs) -> PrintedSize:
    """What is known of the print from its check bars.

    Raises
    ------
    UsageError
        A bar is more than 2 % off.
    """
    if given.exact:
        return EXACT
    long = _stretch(given.long_mm, sheet.long_bar_mm, "--measured")
    short = _stretch(given.short_mm, sheet.short_bar_mm, "--measured-across")
    u_long, u_short = given.u_reading_mm / sheet.long_bar_mm, given.u_reading_mm / sheet.short_bar_mm
    if long is None and short is None:
        return PrintedSize(u_x=U_PRINTER, u_y=U_PRINTER)
    if long is None:
        assert short is not None
        return PrintedSize(short, short, u_short, float(np.hypot(u_short, U_ANISOTROPY)))
    if short is None:
        return PrintedSize(long, long, float(np.hypot(u_long, U_ANISOTROPY)), u_long)
    return PrintedSize(short, long, u_short, u_long)


def _stretch(measured: float | None, nominal: float, option: str) -> float | None:
    if measured is None:
        return None
    if abs(measured / nominal - 1) > MOST_STRETCH:
        raise UsageError(
            f"{option} says {measured:g} mm, and that bar should be {nominal:g} mm. Measure from end mark to end mark in "
            "millimeters; if it is right, print the target again at actual size."
        )
    return measured / nominal


def _grid(given: Inputs) -> tuple[dict[str, Table], list[tuple[str, str]], list[str]]:
    scans: list[GridScan] = [find_grid(path, given.dpi) for path in given.scans]
    size = printed_size(scans[0].sheet, given)
    tables = grid_tables(fit_geometry(scans, size), scans, given.exact or given.long_mm is not None)
    advice = []
    sheet = scans[0].sheet
    if tables["scale"]["covered_share"] < ENOUGH_COVERED:
        advice.append(
            f"The grid covers {100 * tables['scale']['covered_share']:.0f} % of the glass only, and lengths elsewhere are less "
            "sure: scan it at other places, too, and name all scans; or scan pages and grid with a smaller frame."
        )
    if not given.exact and given.long_mm is None:
        advice.append(
            f"Measure the long check bar of the print with a steel rule and pass --measured: its nominal {sheet.long_bar_mm:g} "
            "mm are not sure to 0.1 %."
        )
    if not given.exact and given.long_mm is not None and given.short_mm is None:
        advice.append(f"Measure the short check bar ({sheet.short_bar_mm:g} mm), too, and pass --measured-across.")
    if len({s.turns % 2 for s in scans}) < 2 and not given.exact:
        advice.append(_turned(scans))
    elif len(scans) == 1:
        advice.append("Scan the sheet twice and name both scans: that shows what differs from scan to scan.")
    return tables, [(s.name, s.sha256) for s in scans], advice


def _turned(scans: Sequence[GridScan]) -> str:
    """Advice on how to scan the sheet again, as far as the glass has room for it."""
    # A sheet turned by a quarter is seen whole where its height fits the short side; 8 mm of margin may lie outside.
    if min(scans[0].frame_mm) > scans[0].sheet.height_mm - 8.0:
        return "Scan the sheet again turned by a quarter and name both scans: that tells the printer from the scanner."
    small = (
        "A target on A5 paper can be turned by a quarter (`qc calibrate target --paper a5`): that tells the printer from the "
        "scanner."
    )
    if len({s.turns for s in scans}) > 1:
        return small
    return (
        f"Scan the sheet again turned by half and name both scans: for a quarter turn the glass is too small. {small}"
    )


def _object(given: Inputs) -> tuple[dict[str, Table], list[tuple[str, str]], list[str]]:
    found: list[AxisScale] = []
    for path in given.scans:
        found += [read_rule(path, given.dpi)] if given.object == "ruler" else read_card(path, given.dpi)
    ratio, u, local = joined(found)
    table = object_table(given.object, found[0].stated, ratio, u, local, U_TILT)
    table["scans"] = len(given.scans)
    advice = ["The printed grid also gives shear and local distortion: `qc calibrate target`."]
    missing = {0, 1} - {f.axis for f in found}
    if missing:
        advice.insert(0, f"Scan the rule again laid along {'xy'[missing.pop()]}: that axis is known to 0.35 % only.")
    files = list(dict.fromkeys((f.name, f.sha256) for f in found))
    return {"scale": table}, files, advice
