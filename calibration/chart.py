"""Color charts: which patch lies where, and what color it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from calibration.cgats import read_cgats
from calibration.color_fit import PAINT, PHOTO
from qc.errors import UsageError
from qc.scan.scanner_color import LEAST_PATCHES

COLORCHECKER = "colorchecker"
_GRAY_ROW = re.compile(r"GS0*(\d+)\Z")
_PLACE = re.compile(r"([A-Z]{1,2})0*(\d+)\Z")
_PLACE_BACKWARD = re.compile(r"0*(\d+)([A-Z]{1,2})\Z")
_LEAST_SIDE = 3

# X-Rite, "New color specifications for ColorChecker SG and Classic charts": from November 2014 on, M0, D50, 2 degrees.
_CLASSIC = (
    (37.54, 14.37, 14.92), (64.66, 19.27, 17.50), (49.32, -3.82, -22.54),
    (43.46, -12.74, 22.72), (54.94, 9.61, -24.79), (70.48, -32.26, -0.37),
    (62.73, 35.83, 56.50), (39.43, 10.75, -45.17), (50.57, 48.64, 16.67),
    (30.10, 22.54, -20.87), (71.77, -24.13, 58.19), (71.51, 18.24, 67.37),
    (28.37, 15.42, -49.80), (54.38, -39.72, 32.27), (42.43, 51.05, 28.62),
    (81.80, 2.67, 80.41), (50.63, 51.28, -14.12), (49.57, -29.71, -28.32),
    (95.19, -1.03, 2.93), (81.29, -0.57, 0.44), (66.89, -0.75, -0.06),
    (50.76, -0.13, 0.14), (35.63, -0.46, -0.48), (20.64, 0.07, -0.46),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Chart:
    """A chart as described.

    Attributes
    ----------
    name : str
    ids : tuple of str
    lab : ndarray, shape (n, 3)
        D50, 2 degrees.
    places : ndarray, shape (n, 2)
        Column and row of each patch of the grid, from 0.
    gray_ids, gray_lab, gray_columns
        The gray scale of an IT8.7, a row of its own below the grid whose distance is found in the scan; its columns are
        those of the grid, from -1. Empty for other charts.
    material, lot, backing, mode, sha256 : str
    """

    name: str
    ids: tuple[str, ...]
    lab: NDArray[np.float64]
    places: NDArray[np.float64]
    gray_ids: tuple[str, ...] = ()
    gray_lab: NDArray[np.float64] | None = None
    gray_columns: NDArray[np.float64] | None = None
    material: str = PHOTO
    lot: str = ""
    backing: str = ""
    mode: str = ""
    sha256: str = ""

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows of the grid."""
        columns, rows = self.places.max(axis=0) + 1
        return int(columns), int(rows)


def chart_named(name: str, lettered: str = "rows") -> Chart:
    """The ColorChecker Classic, or the chart of a CGATS reference file.

    Parameters
    ----------
    name : str
        ``"colorchecker"``, or the path of the reference file.
    lettered : str
        ``"rows"`` where B2 lies below A2, as on an IT8.7; ``"columns"`` where it lies beside it.

    Raises
    ------
    UsageError
        There is no such file, or its ids say nothing of where the patches lie.
    ScanError
        The file cannot be read.
    """
    if name.lower() == COLORCHECKER:
        lab = np.array(_CLASSIC)
        places = np.array([(i % 6, i // 6) for i in range(24)], float)
        ids = tuple(f"{'ABCD'[i // 6]}{i % 6 + 1}" for i in range(24))
        return Chart("ColorChecker Classic", ids, lab, places, material=PAINT, lot="since November 2014", mode="M0")
    path = Path(name)
    if not path.is_file():
        raise UsageError(f"--chart {name} is neither {COLORCHECKER} nor a file. Name the reference file of the chart.")
    return _from_file(path, lettered)


def _from_file(path: Path, lettered: str) -> Chart:
    table = read_cgats(path)
    assert table.lab is not None
    found = [(i, place) for i, name in enumerate(table.ids) if (place := _place(name, lettered)) is not None]
    gray = [(i, int(m[1])) for i, name in enumerate(table.ids) if (m := _GRAY_ROW.match(name.upper()))]
    places = np.array([place for _, place in found], float).reshape(-1, 2)
    places -= places.min(axis=0) if len(places) else 0
    distinct = len({tuple(p) for p in places}) == len(places)
    if len(places) < LEAST_PATCHES or not distinct or min(places.max(axis=0)) + 1 < _LEAST_SIDE:
        raise UsageError(
            f"The ids of the patches in {path.name} ({', '.join(table.ids[:3])} ...) do not say where they lie: needed are a "
            "letter and a number, such as A1 to L22. Name a reference with such ids, or average the patches with another program "
            "and give their RGB and L*a*b* in one CGATS file instead of the scan."
        )
    rows = [i for i, _ in found]
    return Chart(
        name=path.name,
        ids=tuple(table.ids[i] for i in rows),
        lab=table.lab[rows],
        places=places,
        gray_ids=tuple(table.ids[i] for i, _ in gray),
        gray_lab=table.lab[[i for i, _ in gray]] if gray else None,
        gray_columns=np.array([k - 1 for _, k in gray], float) if gray else None,
        lot=table.lot,
        backing=table.backing,
        mode=table.mode,
        sha256=table.sha256,
    )


def _place(name: str, lettered: str) -> tuple[int, int] | None:
    """Column and row, from 1, of an id; None for those of the gray scale and for others."""
    text = name.upper()
    if _GRAY_ROW.match(text):
        return None
    if (m := _PLACE.match(text)) is not None:
        letters, number = m[1], m[2]
    elif (m := _PLACE_BACKWARD.match(text)) is not None:
        letters, number = m[2], m[1]
    else:
        return None
    letter = 0
    for c in letters:
        letter = 26 * letter + ord(c) - ord("A") + 1
    return (int(number), letter) if lettered == "rows" else (letter, int(number))
