"""Model of the brightness across a cut on a white lid, fitted for the position of the cut.

Paper that darkens a little toward the cut, a step, and outside a shadow that is deepest at the cut and fades; all of it
blurred by the optics. The shape of the shadow is not known, so many are tried: every combination of position, blur,
rim, shape and width of shadow is weighted by how well it explains the profile with plausible levels (Gaussian priors),
and position and u are mean and spread over all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

INSIDE_PX, OUTSIDE_PX = 9, 4
"""The window; further outside the real shape of the shadow would outweigh the cut."""
POSITIONS_PX = np.arange(-4.5, 4.01, 0.1)
BLURS_PX = (0.5, 0.75, 1.05)
BLUR_PX, BLUR_SPREAD_PX = 0.68, 0.2
RIMS_PX = (1.0, 2.2)
POWERS = (1.0, 2.0)
"""Of the fading: exp(-(distance / width) ** power)."""
WIDTHS_PX = (0.8, 1.6, 3.0, 5.0, 8.0)
NOISE = 0.006
"""Of a pooled profile against the best of the shapes, relative to the paper."""
PRIOR_MEAN = (0.03, 1.0, 0.25)
PRIOR_SPREAD = (0.03, 0.12, 0.2)
"""Depth of the rim, level of the lid, depth of the shadow; relative to the paper."""
PAPER_SPREAD = 0.05
_FINE_PX = 0.1

Array = NDArray[np.float64]


@dataclass(frozen=True)
class ProfileFit:
    """Position of the cut in a profile, and its uncertainty.

    Attributes
    ----------
    position_px : float
        From the middle of the window's reference row, outside positive.
    u_px : float
        Spread over all shapes that explain the profile.
    profile : ndarray, shape (n,)
        The best of them.
    misfit : float
        Its root mean square deviation in units of the noise assumed.
    dark : float
        Depth of the line below the darker of paper and lid, relative to the paper; <= 0 where brightness changes
        monotonically.
    at_limit : bool
        The position lies at the end of the window.
    """

    position_px: float
    u_px: float
    profile: Array
    misfit: float
    dark: float
    at_limit: bool


@dataclass(frozen=True)
class _Library:
    """All combinations of the parameters of the model.

    Position; shape (n, samples, 4); what makes its residuals independent (flat, float32); what the prior levels of rim, lid
    and shadow give there and what one unit of paper gives; minus the log of its weight.
    """

    position: Array
    design: Array
    whiten: NDArray[np.float32]
    expected: NDArray[np.float32]
    paper: NDArray[np.float32]
    penalty: Array


@lru_cache(1)
def _library() -> _Library:
    fine = np.arange(-22.0, 22.0 + _FINE_PX / 2, _FINE_PX)
    inside = np.clip(0.5 - fine / _FINE_PX, 0, 1)
    outside = 1 - inside
    x = np.arange(-INSIDE_PX, OUTSIDE_PX + 1.0)
    design, position, penalty = [], [], []
    for blur in BLURS_PX:
        paper, lid = _blurred(inside, blur), _blurred(outside, blur)
        for rim in RIMS_PX:
            darkened = _blurred(-inside * np.exp(np.minimum(fine, 0) / rim), blur)
            for power in POWERS:
                for width in WIDTHS_PX:
                    shadow = _blurred(-outside * np.exp(-((np.maximum(fine, 0) / width) ** power)), blur)
                    for at in POSITIONS_PX:
                        design.append(
                            np.column_stack([np.interp(x - at, fine, c) for c in (paper, darkened, lid, shadow)])
                        )
                        position.append(at)
                        penalty.append(0.5 * ((blur - BLUR_PX) / BLUR_SPREAD_PX) ** 2)
    a = np.array(design)
    spread = np.array([PAPER_SPREAD, *PRIOR_SPREAD])
    covariance = np.einsum("kia,a,kja->kij", a, spread**2, a) + NOISE**2 * np.eye(len(x))
    root = np.linalg.cholesky(covariance)
    penalties = np.array(penalty) + np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
    whiten = np.linalg.inv(root)
    white_design = (whiten @ a).astype(np.float32)
    return _Library(
        position=np.array(position),
        design=a,
        whiten=whiten.reshape(-1, len(x)).astype(np.float32),
        expected=white_design[:, :, 1:] @ np.array(PRIOR_MEAN, np.float32),
        paper=white_design[:, :, 0],
        penalty=penalties,
    )


def _blurred(values: Array, sigma_px: float) -> Array:
    reach = int(np.ceil(4 * sigma_px / _FINE_PX))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * _FINE_PX / sigma_px) ** 2)
    return np.convolve(np.pad(values, reach, mode="edge"), kernel / kernel.sum(), "valid")


def fit_profile(profile: Array) -> ProfileFit:
    """Fit a profile of `INSIDE_PX` + 1 + `OUTSIDE_PX` samples of linear light, a pixel apart, innermost first."""
    library = _library()
    inner = float(np.median(profile[:4]))
    scale = max(inner, float(profile.max()))
    y = profile / scale
    mean = np.array([inner / scale, *PRIOR_MEAN])
    z = (library.whiten @ y.astype(np.float32)).reshape(library.paper.shape)
    z -= library.expected + np.float32(mean[0]) * library.paper
    log_weight = -0.5 * np.einsum("ki,ki->k", z, z) - library.penalty
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    position = float(weight @ library.position)
    spread = float(np.sqrt(weight @ (library.position - position) ** 2))
    a = library.design[int(np.argmax(log_weight))]
    prior = np.array([PAPER_SPREAD, *PRIOR_SPREAD]) / NOISE
    coef = np.linalg.solve(a.T @ a + np.diag(prior**-2), a.T @ y + mean * prior**-2)
    best = a @ coef
    return ProfileFit(
        position_px=position,
        u_px=spread,
        profile=best * scale,
        misfit=float(np.sqrt(((y - best) ** 2).mean()) / NOISE),
        dark=float(min(coef[0], coef[2]) - best.min()),
        at_limit=not POSITIONS_PX[3] < position < POSITIONS_PX[-4],
    )
