"""Whether a scanner still is what its profile says: a fresh scan of the grid against the profile."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.grid import GridScan
from qc.errors import ScanError, UsageError
from qc.scan.scanner_profile import ScannerProfile

LIMIT_SCALE = 5e-4
LIMIT_LOCAL_MM = 0.03
U_OTHER_SHEET = 0.0015
"""Prints of the grid differ by this much from each other."""


@dataclass(frozen=True)
class Drift:
    """Change since the profile was made.

    Attributes
    ----------
    scale : tuple of float
        Relative change of the resolution along x and y.
    shear : float
    local_mm : tuple of float
        RMS of what is left along x and y.
    limit_scale, limit_local_mm : float
        What is no drift.
    """

    scale: tuple[float, float]
    shear: float
    local_mm: tuple[float, float]
    limit_scale: float
    limit_local_mm: float

    @property
    def drifted(self) -> bool:
        linear = max(map(abs, (*self.scale, self.shear)))
        return linear > self.limit_scale or max(self.local_mm) > self.limit_local_mm


def drift(profile: ScannerProfile, scan: GridScan) -> Drift:
    """Compare a scan of the grid with a profile.

    Raises
    ------
    UsageError
        The profile has no scale.
    ScanError
        The scan shows another part of the glass than the map is of.

    Notes
    -----
    The sheet should be the one that the profile was made with: prints differ by about 0.1 %. Paper takes up moisture,
    so a sheet kept elsewhere may look like a drift of up to 0.1 % across its grain.
    """
    scale = profile.scale
    if scale is None:
        raise UsageError(
            f"The profile {profile.name} says nothing of the scale. Make it with `qc calibrate scale` first."
        )
    stated = scan.stated.x_dpi, scan.stated.y_dpi
    ratio = np.array(scale.true_dpi(stated)) / np.array(stated)
    width, height = (float(v) for v in np.array(scan.frame_mm) / ratio)
    if scale.frame_mm is not None and not scale.covers((width, height)):
        raise ScanError(
            f"{scan.name} shows {width:.1f} x {height:.1f} mm of the glass, and the profile was made on "
            f"{scale.frame_mm[0]:.1f} x {scale.frame_mm[1]:.1f} mm. Scan the whole glass, as then."
        )
    true = scale.true_mm(scan.seen / ratio)
    table = profile.tables["scale"]
    known = table.get("object") == "grid" and table.get("sheet") == scan.sheet.paper
    x, y, shear = table["print_stretch"] if known else (1.0, 1.0, 0.0)
    sheet = scan.on_sheet @ np.array([[x, 0.0], [shear, y]])
    design = np.column_stack([true, np.ones(len(true))])
    solved = np.linalg.lstsq(design, sheet, rcond=None)[0]
    left = sheet - design @ solved
    # sheet = turn @ (1 + change) @ true
    turn, upper = np.linalg.qr(solved[:2].T)
    upper = upper * np.sign(np.diag(upper))[:, None]
    rms = np.sqrt((np.asarray(left @ turn) ** 2).mean(axis=0))
    limit = LIMIT_SCALE if known else LIMIT_SCALE + 2 * U_OTHER_SHEET
    return Drift(
        scale=(float(1 / upper[0, 0] - 1), float(1 / upper[1, 1] - 1)),
        shear=float(upper[0, 1] / upper[1, 1]),
        local_mm=(float(rms[0]), float(rms[1])),
        limit_scale=float(np.hypot(limit, 2 * max(scale.u_scale) if not known else 0.0)),
        limit_local_mm=LIMIT_LOCAL_MM + (0.0 if scale.map is not None else 2 * max(scale.u_local_mm)),
    )
