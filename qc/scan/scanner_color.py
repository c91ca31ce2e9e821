"""Color part of a scanner profile: readings of a chart, quality of the model, expiry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

MODEL = "root-polynomial-3+tps/1"
"""Another formula needs another name: profiles name the one that they were checked with."""
LEAST_PATCHES = 20


@dataclass(frozen=True, eq=False)
class ScannerColor:
    """The `[color]` table of a profile.

    Attributes
    ----------
    rgb : ndarray, shape (n, 3)
        Means of patches as the scanner encodes them, 0..1.
    lab : ndarray, shape (n, 3)
        The same patches by an instrument, D50, 2 degrees.
    gamma, offset : float
        The scanner's tone, see `qc.normalize.color_model.ColorModel`.
    grade : str
        ``"A"``: absolute differences to the reference may be judged; ``"B"``: seen with the wider u; ``"C"``: only copies
        of one scanner against each other.
    held_out_mean, held_out_p95 : float
        CIEDE2000 of patches that the model was not fitted on.
    u : float
        Standard uncertainty (k = 1) of a color on a page, dE00.
    made, expires : date
    """

    rgb: NDArray[np.float64] = field(repr=False)
    lab: NDArray[np.float64] = field(repr=False)
    gamma: float
    offset: float
    grade: str
    held_out_mean: float
    held_out_p95: float
    u: float
    made: date
    expires: date


def color_of(table: Mapping[str, Any]) -> ScannerColor:
    """The color part of a profile.

    Raises
    ------
    KeyError, TypeError, ValueError
        It is incomplete or wrong.
    """
    if table["model"] != MODEL:
        raise ValueError(f"its colors were checked with the model {table['model']!r}, and this version has {MODEL!r}")
    rgb, lab = _readings(table["rgb"], table["lab"])
    u, grade = float(table["u"]), str(table["grade"])
    if not 0 < u < 100 or grade not in ("A", "B", "C"):
        raise ValueError(f"u {u} or grade {grade!r} of its colors cannot be")
    if type(table["made"]) is not date or type(table["expires"]) is not date:
        raise ValueError("made and expires of its colors are not dates")
    return ScannerColor(
        rgb=rgb,
        lab=lab,
        gamma=float(table["gamma"]),
        offset=float(table["offset"]),
        grade=grade,
        held_out_mean=float(table["held_out_mean"]),
        held_out_p95=float(table["held_out_p95"]),
        u=u,
        made=table["made"],
        expires=table["expires"],
    )


def _readings(
    rgb: Sequence[Sequence[float]], lab: Sequence[Sequence[float]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first, second = np.array(rgb, float), np.array(lab, float)
    if first.ndim != 2 or first.shape[1] != 3 or first.shape != second.shape:
        raise ValueError("the readings of its chart are not two equal tables of three columns")
    if len(first) < LEAST_PATCHES or not np.isfinite([first, second]).all():
        raise ValueError("the readings of its chart are too few or not finite")
    return first, second
