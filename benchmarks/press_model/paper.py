"""Paper: color, texture, show-through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[Any]  # float32
# linear reflectance in R, G, B: bright white (optical brightener lifts blue), cream book paper, grayish recycled
STOCKS = {"white": (0.86, 0.865, 0.885), "cream": (0.83, 0.79, 0.67), "recycled": (0.71, 0.725, 0.745)}


@dataclass
class Paper:
    """One paper: reflectances in R, G, B (linear), show-through of the other side, and unevenness."""

    stock: str
    reflectance: tuple[float, float, float]
    through: float
    texture: float

    @property
    def gray(self) -> float:
        """Reflectance a gray scan sees."""
        r, g, b = self.reflectance
        return 0.3 * r + 0.59 * g + 0.11 * b


def make_paper(rng: np.random.Generator) -> Paper:
    """Draw a paper; show-through is 0 to 8 % of a solid on the other side."""
    stock = str(rng.choice(list(STOCKS), p=[0.5, 0.32, 0.18]))
    base = np.array(STOCKS[stock]) * (1 + rng.uniform(-0.03, 0.03)) + rng.uniform(-0.01, 0.01, 3)
    through = 0.0 if rng.random() < 0.15 else float(rng.uniform(0.0, 0.08))
    r, g, b = (float(v) for v in base)
    return Paper(stock, (r, g, b), through, float(rng.uniform(0.002, 0.009) * (1.4 if stock == "recycled" else 1.0)))


class Banks:
    """Precomputed random fields from which each page takes a window.

    ``white`` is white noise (float32, mean 0, deviation 1); ``paper`` the paper's formation with grains of about 0.3 mm
    (float32, mean 1); ``mottle`` the ink's unevenness with grains of about 1 mm (uint8, dithered; 200 is
    whole coverage).
    """

    def __init__(
        self, rng: np.random.Generator, shape: tuple[int, int], texture: float, mottle: float, extra: int = 384
    ) -> None:
        self.extra = extra
        self.shape = shape
        full = (shape[0] + extra, shape[1] + extra)
        self.white: F32 = rng.standard_normal(full, dtype=np.float32)
        self.paper: F32 = 1 + np.float32(texture) * self._field(rng, full, 3, 1.1)
        coarse = self._field(rng, full, 8, 1.3)
        self.mottle: NDArray[Any] = (
            200 * (1 - mottle * np.clip(1.5 - coarse, 0, 4)) + rng.random(full, dtype=np.float32)
        ).astype(np.uint8)

    @staticmethod
    def _field(rng: np.random.Generator, full: tuple[int, int], step: int, sigma: float) -> F32:
        small: F32 = rng.standard_normal((full[0] // step + 2, full[1] // step + 2), dtype=np.float32)
        small = cv2.GaussianBlur(small, (0, 0), sigma)
        return cv2.resize(small / np.float32(small.std()), (full[1], full[0]), interpolation=cv2.INTER_LINEAR)

    def window(self, rng: np.random.Generator, name: str) -> NDArray[Any]:
        """Return a random window of a field; do not write into it."""
        r, c = rng.integers(0, self.extra, 2)
        field: NDArray[Any] = getattr(self, name)
        return field[r : r + self.shape[0], c : c + self.shape[1]]
