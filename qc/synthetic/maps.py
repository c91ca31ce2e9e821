"""Plane maps as arrays of shape (2, 3): ``p -> m[:, :2] @ p + m[:, 2]``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float64]


def after(second: Map, first: Map) -> Map:
    """The map that applies `first`, then `second`."""
    linear = second[:, :2] @ first[:, :2]
    return np.column_stack([linear, second[:, :2] @ first[:, 2] + second[:, 2]])


def inverse(place: Map) -> Map:
    """The way back."""
    linear = np.linalg.inv(place[:, :2])
    return np.column_stack([linear, -linear @ place[:, 2]])


def applied(place: Map, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points of shape (n, 2) after the map."""
    return np.asarray(points @ place[:, :2].T + place[:, 2])


def quarter_turn(turns: int, shape: tuple[int, int]) -> Map:
    """Map of pixels under ``numpy.rot90(image, turns)``."""
    rows, columns = shape
    maps = (
        [[1, 0, 0], [0, 1, 0]],
        [[0, 1, 0], [-1, 0, columns - 1]],
        [[-1, 0, columns - 1], [0, -1, rows - 1]],
        [[0, -1, rows - 1], [1, 0, 0]],
    )
    return np.array(maps[turns % 4], float)
