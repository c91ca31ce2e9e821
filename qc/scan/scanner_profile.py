"""What a scanner profile says of a scanner's geometry, white lid, cropping and color."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qc.scan.scanner_color import ScannerColor
from qc.units import mm_per_px

U_SCALE = 0.005
"""Of a scanner nobody calibrated, relative: published flatbeds differ by 0.1 to 0.6 %."""
U_LOCAL_MM = 0.15
"""Local distortion of such a scanner: 0.6 % between two halves of the glass bend a length of a page by this."""
U_OTHER_DPI = 3e-4
"""Relative, where a scan states another resolution than the calibration had."""
SAME_DPI = 0.01
FRAME_TOLERANCE_MM = 1.5
"""A map holds only where the same part of the glass was scanned."""


def spline_basis(at: NDArray[np.float64], start: float, step: float, count: int) -> NDArray[np.float64]:
    """Values of `count` cubic B-splines, `step` apart, whose domain begins at `start`; shape (len(at), count).

    Rows sum to 1. Places beyond the domain are taken at its end.
    """
    # Only who has a profile waits for SciPy.
    from scipy.interpolate import BSpline

    knots = start + step * (np.arange(count + 4) - 3.0)
    return np.asarray(BSpline.design_matrix(np.clip(at, knots[3], knots[count]), knots, 3).toarray(), np.float64)


@dataclass(frozen=True, eq=False)
class DistortionMap:
    """Local distortion of a scanner: cubic B-splines over the frame.

    Attributes
    ----------
    start_mm, step_mm : tuple of float
        Where the domain begins along x and y, and the distance of the coefficients; places beyond the domain are
        displaced as at its end.
    dx_mm, dy_mm : ndarray, shape (rows, columns)
        Coefficients.
    """

    start_mm: tuple[float, float]
    step_mm: tuple[float, float]
    dx_mm: NDArray[np.float64]
    dy_mm: NDArray[np.float64]

    def over(self, x_mm: NDArray[np.float64], y_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacement (mm) at each pair of `x_mm` (w,) and `y_mm` (h,), shape (h, w, 2)."""
        across, down = self._basis(x_mm, 0), self._basis(y_mm, 1)
        return np.stack([down @ c @ across.T for c in (self.dx_mm, self.dy_mm)], axis=-1)

    def at(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Displacement (mm) at points of shape (n, 2)."""
        across, down = self._basis(points_mm[:, 0], 0), self._basis(points_mm[:, 1], 1)
        return np.column_stack([np.einsum("nr,rc,nc->n", down, c, across) for c in (self.dx_mm, self.dy_mm)])

    def _basis(self, at_mm: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
        return spline_basis(at_mm, self.start_mm[axis], self.step_mm[axis], self.dx_mm.shape[1 - axis])


@dataclass(frozen=True, eq=False)
class ScannerScale:
    """Geometry of a scanner.

    Along x and y of the scan as its EXIF tag turns it. A place in a scan is ``((x + 0.5) / dpi_x, (y + 0.5) / dpi_y)`` in
    mm at the true resolution; adding ``shear * y`` to x and then the map's displacement there makes it true.

    Attributes
    ----------
    stated_dpi, dpi : tuple of float
        Along x and y: what the calibration scans stated, and what was true.
    shear : float
    u_scale : tuple of float
        Relative standard uncertainty (k = 1) of the resolution along x and y.
    u_shear : float
    u_local_mm : tuple of float
        Standard uncertainty of a single place along x and y after the map, or without one where there is none.
    frame_mm : tuple of float or None
        True width and height of the calibration scans.
    map : DistortionMap or None
    map_rms_mm : tuple of float
        How large the map is along x and y.
    """

    stated_dpi: tuple[float, float]
    dpi: tuple[float, float]
    shear: float = 0.0
    u_scale: tuple[float, float] = (U_SCALE, U_SCALE)
    u_shear: float = 0.002
    u_local_mm: tuple[float, float] = (U_LOCAL_MM, U_LOCAL_MM)
    frame_mm: tuple[float, float] | None = None
    map: DistortionMap | None = None
    map_rms_mm: tuple[float, float] = (0.0, 0.0)

    def true_dpi(self, stated: tuple[float, float]) -> tuple[float, float]:
        """True resolution of a scan that states `stated`, by ratio."""
        x, y = (s * d / c for s, d, c in zip(stated, self.dpi, self.stated_dpi, strict=True))
        return x, y

    def covers(self, frame_mm: tuple[float, float]) -> bool:
        """Whether a scan of this true width and height shows the part of the glass that the map is of."""
        if self.map is None or self.frame_mm is None:
            return False
        return all(abs(a - b) <= FRAME_TOLERANCE_MM for a, b in zip(frame_mm, self.frame_mm, strict=True))

    def as_scanned(self, stated: tuple[float, float], frame_px: tuple[int, int]) -> ScannerScale:
        """Geometry for a scan of `frame_px` that states `stated`.

        A scan that is as wide as the glass is high was turned by a quarter after scanning: its axes are exchanged. Which
        way it was turned is not known, so shear and map go into the uncertainty.
        """
        if self.frame_mm is None or self._shows_glass(stated, frame_px):
            return self
        across = self.turned()
        return across if across._shows_glass(stated, frame_px) else self

    def _shows_glass(self, stated: tuple[float, float], frame_px: tuple[int, int]) -> bool:
        assert self.frame_mm is not None
        seen = frame_mm(frame_px, self.true_dpi(stated))
        return all(abs(a - b) <= FRAME_TOLERANCE_MM for a, b in zip(seen, self.frame_mm, strict=True))

    def turned(self) -> ScannerScale:
        """The same with x and y exchanged, and without what depends on the way it is turned."""
        left_x, left_y = (float(np.hypot(*pair)) for pair in zip(self.u_local_mm, self.map_rms_mm, strict=True))
        return replace(
            self,
            stated_dpi=self.stated_dpi[::-1],
            dpi=self.dpi[::-1],
            shear=0.0,
            u_scale=self.u_scale[::-1],
            u_shear=float(np.hypot(self.u_shear, self.shear)),
            u_local_mm=(left_y, left_x),
            frame_mm=None if self.frame_mm is None else self.frame_mm[::-1],
            map=None,
            map_rms_mm=(0.0, 0.0),
        )

    def other_dpi(self, dpi: tuple[float, float]) -> bool:
        """Whether the true resolution `dpi` is not that of the calibration."""
        return any(abs(a / b - 1) > SAME_DPI for a, b in zip(dpi, self.dpi, strict=True))

    def u_of(self, dpi: tuple[float, float], mapped: bool) -> tuple[tuple[float, float], tuple[float, float]]:
        """Standard uncertainties of a scan whose true resolution is `dpi`.

        Relative ones of the scale along x and y, and of a single place along x and y in mm.
        """
        extra = U_OTHER_DPI if self.other_dpi(dpi) else 0.0
        scale = [float(np.hypot(u, extra)) for u in self.u_scale]
        left = self.map_rms_mm if self.map is not None and not mapped else (0.0, 0.0)
        local = [float(np.hypot(u, rest)) for u, rest in zip(self.u_local_mm, left, strict=True)]
        return (scale[0], scale[1]), (local[0], local[1])

    def true_mm(self, points_mm: NDArray[np.float64], mapped: bool = True) -> NDArray[np.float64]:
        """True places of places in a scan, shape (n, 2)."""
        moved = points_mm + np.column_stack([self.shear * points_mm[:, 1], np.zeros(len(points_mm))])
        return np.asarray(moved + self.map.at(points_mm) if mapped and self.map is not None else moved)

    def u_length(self, dx_mm: NDArray[np.float64], dy_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Standard uncertainty of lengths measured with the map on: scale, shear, and both ends.

        The errors of scale along x and y come mostly from the same rule, so they are added, not squared.
        """
        length = np.maximum(np.hypot(dx_mm, dy_mm), 1e-9)
        scale = (dx_mm**2 * self.u_scale[0] + dy_mm**2 * self.u_scale[1]) / length
        shear = dx_mm * dy_mm * self.u_shear / length
        ends = 2 * ((dx_mm * self.u_local_mm[0]) ** 2 + (dy_mm * self.u_local_mm[1]) ** 2) / length**2
        return np.asarray(np.sqrt(scale**2 + shear**2 + ends))


@dataclass(frozen=True)
class WhiteLid:
    """Bias of an edge found on this scanner's white lid, outside the cut, and its u.

    Both are in mm for the left, top, right and bottom edge as the page lies in the scan.
    """

    bias_mm: tuple[float, float, float, float]
    u_mm: tuple[float, float, float, float]

    def turned(self, quarter_turns: int) -> WhiteLid:
        """The same after the image was turned counterclockwise by quarter turns: what was right is then on top."""
        order = [(i + quarter_turns) % 4 for i in range(4)]
        b, u = ([values[i] for i in order] for values in (self.bias_mm, self.u_mm))
        return WhiteLid((b[0], b[1], b[2], b[3]), (u[0], u[1], u[2], u[3]))


@dataclass(frozen=True)
class CropError:
    """Where the frame of an auto-cropped scan lies against the cut, > 0 outside, in mm for left, top, right, bottom.

    `spread_mm` is the standard deviation from scan to scan. `mean_mm` is None where no scan showed the cut.
    """

    mean_mm: tuple[float, float, float, float] | None
    spread_mm: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class ScannerProfile:
    """What is known of one scanner with its driver settings.

    `tables` is the file as it was read.
    """

    name: str
    path: Path
    sha256: str
    made: date
    expires: date
    scanner: str = ""
    driver: str = ""
    scale: ScannerScale | None = None
    white: WhiteLid | None = None
    crop: CropError | None = None
    color: ScannerColor | None = None
    tables: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"ScannerProfile({self.name!r}, {self.sha256})"


def u_without_profile() -> tuple[tuple[float, float], tuple[float, float]]:
    """`ScannerScale.u_of` of a scanner without a calibration."""
    return (U_SCALE, U_SCALE), (U_LOCAL_MM, U_LOCAL_MM)


def frame_mm(size_px: tuple[int, int], dpi: tuple[float, float]) -> tuple[float, float]:
    """Width and height in mm of a scan of `size_px` at `dpi`."""
    return size_px[0] * mm_per_px(dpi[0]), size_px[1] * mm_per_px(dpi[1])
