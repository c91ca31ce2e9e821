"""Scanner RGB to L*a*b*: a root polynomial and a thin-plate spline of its residuals.

The readings of a chart are the profile; the model is solved from them when it is used.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from qc.colorimetry import lab_to_xyz, xyz_to_lab
from qc.scan.scanner_color import LEAST_PATCHES

SMOOTHING = 1e-3
"""Of the spline. Chosen on chart 1 of the V850 (2871 patches, two divisions): 1e-3 to 1e-2 are alike, 0.1 is worse at 140."""
_DARK = 1e-6
_GAMMA, _OFFSET = (0.8, 3.2), (-0.05, 0.05)

if TYPE_CHECKING:
    from scipy.interpolate import RBFInterpolator

Colors = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class ColorModel:
    """Color model of a scanner.

    Attributes
    ----------
    rgb : ndarray, shape (n, 3)
        Means of patches as the scanner encodes them, 0..1.
    lab : ndarray, shape (n, 3)
        The same patches by an instrument, D50, 2 degrees.
    gamma, offset : float
        Light is ``(encoded - offset) ** gamma``, as near as a power comes.
    degree : int
        Of the root polynomial, 1 to 3.
    spline : bool
        Whether the residuals are taken out, too.

    Notes
    -----
    Root polynomials (Finlayson, Mackiewicz and Hurlbert, IEEE Trans. Image Process. 24, 2015) of light follow exposure: twice
    the light is twice XYZ, so that colors a little beyond the chart are carried on sensibly. Far beyond it the spline goes on
    linearly and means nothing. Fooled by inks and papers that the chart is not made of, and by glare.
    """

    rgb: Colors
    lab: Colors
    gamma: float
    offset: float
    degree: int = 3
    spline: bool = True

    def light(self, encoded: Colors) -> Colors:
        """Linear light of encoded values in 0..1, any shape; 1 stays 1."""
        top = 1 - self.offset
        return np.asarray((np.maximum(encoded - self.offset, 0) / top) ** self.gamma)

    def encoded(self, light: Colors) -> Colors:
        """Scanner values of averaged linear `light`."""
        return np.asarray(np.maximum(light, 0) ** (1 / self.gamma) * (1 - self.offset) + self.offset)

    def lab_of_encoded(self, encoded: Colors) -> Colors:
        """L*a*b* (D50) of encoded RGB in 0..1, shape (..., 3)."""
        flat = np.asarray(encoded, np.float64).reshape(-1, 3)
        lab = self._polynomial(flat)
        if self.spline:
            lab = lab + self._residuals(flat)
        return np.asarray(lab.reshape(np.shape(encoded)))

    def lab_of_light(self, light: Colors) -> Colors:
        """L*a*b* (D50) of averaged linear RGB, shape (..., 3), made linear by `light`."""
        return self.lab_of_encoded(self.encoded(np.asarray(light, np.float64)))

    def _polynomial(self, encoded: Colors) -> Colors:
        return xyz_to_lab(roots(self.light(encoded), self.degree) @ self._matrix)

    @cached_property
    def _matrix(self) -> Colors:
        return _solved(roots(self.light(self.rgb), self.degree), lab_to_xyz(self.lab))

    @cached_property
    def _residuals(self) -> RBFInterpolator:
        # Only who has a profile with colors waits for SciPy.
        from scipy.interpolate import RBFInterpolator

        # A reading that stands twice has no spline.
        rgb, first = np.unique(self.rgb, axis=0, return_index=True)
        left = self.lab[first] - self._polynomial(rgb)
        return RBFInterpolator(rgb, left, smoothing=SMOOTHING, kernel="thin_plate_spline", degree=1)


def fit_model(rgb: Colors, lab: Colors, degree: int = 3, *, spline: bool = True, loss: str = "linear") -> ColorModel:
    """The model of a chart's readings.

    Parameters
    ----------
    rgb : ndarray, shape (n, 3)
        Encoded, 0..1.
    lab : ndarray, shape (n, 3)
    degree : int
    spline : bool
    loss : str
        ``"soft_l1"`` lets a few wrong readings move gamma less.

    Raises
    ------
    ValueError
        Fewer than `LEAST_PATCHES` readings.
    """
    if len(rgb) < LEAST_PATCHES:
        raise ValueError(f"{len(rgb)} patches are too few for a color model; {LEAST_PATCHES} are needed")

    from scipy.optimize import least_squares

    def misfit(tone: Colors) -> Colors:
        trial = ColorModel(rgb, lab, float(tone[0]), float(tone[1]), degree, spline=False)
        return np.asarray((trial.lab_of_encoded(rgb) - lab).ravel())

    bounds = tuple(zip(_GAMMA, _OFFSET, strict=True))
    tone = least_squares(misfit, [2.0, 0.0], bounds=bounds, x_scale=[1.0, 0.02], loss=loss, diff_step=1e-4).x
    return ColorModel(rgb, lab, round(float(tone[0]), 5), round(float(tone[1]), 6), degree, spline)


def roots(light: Colors, degree: int) -> Colors:
    """Terms of the root polynomial, shape (n, 3), (n, 6) or (n, 13) for `degree` 1, 2 or 3."""
    r, g, b = np.maximum(light, _DARK).T
    terms = [r, g, b]
    if degree > 1:
        terms += [np.sqrt(r * g), np.sqrt(g * b), np.sqrt(r * b)]
    if degree > 2:
        terms += [np.cbrt(p * q * q) for p, q in ((r, g), (g, b), (r, b), (g, r), (b, g), (b, r))]
        terms.append(np.cbrt(r * g * b))
    return np.column_stack(terms)


def farthest(points: Colors, count: int) -> NDArray[np.int64]:
    """Indices of `count` points spread as evenly as can be: from the middle, then always the one farthest from all taken."""
    taken = [int(np.argmin(((points - points.mean(axis=0)) ** 2).sum(axis=1)))]
    distance = np.linalg.norm(points - points[taken[0]], axis=1)
    while len(taken) < min(count, len(points)):
        taken.append(int(distance.argmax()))
        distance = np.minimum(distance, np.linalg.norm(points - points[taken[-1]], axis=1))
    return np.array(taken)


def _solved(terms: Colors, xyz: Colors) -> Colors:
    # Errors count as they look: the derivative of L* goes with Y ** (-2/3).
    weight = 1 / np.maximum(xyz[:, 1:2], 0.01) ** (2 / 3)
    return np.asarray(np.linalg.lstsq(terms * weight, xyz * weight, rcond=None)[0])
