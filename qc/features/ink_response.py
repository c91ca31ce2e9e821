"""How press and scanner together render what was ordered, in density, learned from the copy itself.

What a file's colors become on paper depends on inks, dot gain, black generation, and on the scanner's filters and tone curve.
Nothing of that is a fault. So a page is held against what the other pages of its copy show for like colors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.features.channels import channel_max, channel_mean, channel_min
from qc.features.ink_density import TileDensities
from qc.stats import huber_weights, mad

FEATURES = 15
TOE = 4.0
"""Light tints may print much paler, or darker, than their density tells: dots that do not hold, paper clipped to white."""
_PRIOR = np.zeros((FEATURES, 3))
_PRIOR[:3] = 0.2 + 0.4 * np.eye(3)
_PRIOR[3] = 1.0
"""Usual response: an ink takes 0.6 of its ordered density in its own channel, 0.2 in the others; gray prints as gray."""
_PRIOR_SD = np.array([0.4] * 3 + [0.5, 0.4] + [0.3] * 6 + [0.4] * 4)
LEAST_DENSITY = 0.02
"""Of a tile that counts as printed."""
MOST_TILES = 40.0
"""Tiles a page counts for at most: like colors on it go together."""
LEAST_NOISE = 0.015
DARK_NOISE = 0.06
"""Further noise for each unit of density: a scanner ends in the shadows."""

Array = NDArray[np.float64]


@dataclass(frozen=True)
class InkResponse:
    """The response of a copy, and what each page says of it.

    Attributes
    ----------
    information, vector : ndarray, shapes (pages, FEATURES, FEATURES) and (pages, FEATURES, 3)
        What each page adds to the fit.
    noise : float
        Scatter of tiles about the response, in density.
    """

    information: Array
    vector: Array
    noise: float

    def without(self, page: int) -> tuple[Array, Array]:
        """Coefficients (FEATURES, 3) as all pages but one give them, and their covariance (FEATURES, FEATURES); -1: all."""
        information, vector = self.information.sum(axis=0), self.vector.sum(axis=0)
        if page >= 0:
            information, vector = information - self.information[page], vector - self.vector[page]
        prior = np.diag(1 / _PRIOR_SD**2)
        covariance = np.linalg.inv(information / self.noise**2 + prior)
        coefficients = covariance @ (vector / self.noise**2 + prior @ _PRIOR)
        return np.asarray(coefficients, np.float64), np.asarray(covariance, np.float64)


def features(ordered: Array) -> Array:
    """What the response is linear in, shape (..., FEATURES): excess of each ink over gray, gray, their low products, and the
    light tints of each."""
    gray = channel_min(ordered)[..., None]
    excess = ordered - gray
    toes = [v * np.exp(-TOE * v) for v in (excess, gray)]
    return np.concatenate([excess, gray, gray**2, excess**2, excess * gray, *toes], axis=-1)


def of_ink(found: Array, ink: int) -> Array:
    """Of `features`, what one ink adds to the gray."""
    kept = np.zeros(FEATURES)
    kept[[ink, 5 + ink, 8 + ink, 11 + ink]] = 1
    return np.asarray(found * kept)


def printed(seen: TileDensities) -> NDArray[np.bool_]:
    """Tiles of one tone on which something was ordered."""
    return np.asarray(seen.even & (seen.ordered > LEAST_DENSITY))


def ink_response(pages: Sequence[TileDensities]) -> InkResponse:
    """The response of a copy, robust against pages and parts of pages that differ.

    Parameters
    ----------
    pages : sequence of TileDensities
        Of all its pages, the lamp taken out.
    """
    designs = [features(p.reference[printed(p)]) for p in pages]
    targets = [p.copy[printed(p)] for p in pages]
    tolerance = [1 + DARK_NOISE / LEAST_NOISE * channel_mean(t) for t in targets]
    weights = [_balanced(len(d)) / t**2 for d, t in zip(designs, tolerance, strict=True)]
    pulls = [np.ones(len(d)) for d in designs]
    noise = 0.05
    response = InkResponse(np.zeros((0, FEATURES, FEATURES)), np.zeros((0, FEATURES, 3)), noise)
    for _ in range(8):
        scaled = [w * p for w, p in zip(weights, pulls, strict=True)]
        information = [(d * w[:, None]).T @ d for d, w in zip(designs, scaled, strict=True)]
        vector = [(d * w[:, None]).T @ t for d, w, t in zip(designs, scaled, targets, strict=True)]
        response = InkResponse(
            np.array(information).reshape(-1, FEATURES, FEATURES), np.array(vector).reshape(-1, FEATURES, 3), noise
        )
        coefficients, _ = response.without(-1)
        off = [
            channel_max(np.abs(t - d @ coefficients)) / s for d, t, s in zip(designs, targets, tolerance, strict=True)
        ]
        if not off or not sum(map(len, off)):
            break
        # Page by page, so that large tints do not speak for the copy.
        noise = max(float(np.median([mad(o) for o in off if len(o)])), LEAST_NOISE)
        pulls = [huber_weights(o, 2 * noise) for o in off]
    return InkResponse(response.information, response.vector, noise)


def _balanced(tiles: int) -> float:
    return min(1.0, MOST_TILES / max(tiles, 1))
