"""Outlines that nobody cut: ragged lines, blots, tide-lines; in the unit of what they are given."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]


def ragged(ends: Points, roughness: float, rng: np.random.Generator, step: float = 0.4) -> Points:
    """A torn line from one end to the other: a walk that leaves the straight line by about `roughness` (1 sigma).

    Parameters
    ----------
    ends : ndarray, shape (2, 2)
    roughness : float
    rng : numpy.random.Generator
    step : float
        Between its points.

    Returns
    -------
    ndarray, shape (n, 2)
        Its first and last points are the ends.
    """
    a, b = np.asarray(ends, float)
    length = float(np.hypot(*(b - a)))
    n = max(4, round(length / step))
    t = np.linspace(0, 1, n + 1)
    walk = np.cumsum(rng.normal(size=n + 1))
    walk -= walk[0] + (walk[-1] - walk[0]) * t
    walk *= roughness / max(float(walk.std()), 1e-9)
    across = np.array([a[1] - b[1], b[0] - a[0]]) / length
    return np.asarray(a + t[:, None] * (b - a) + walk[:, None] * across)


def bowed(ends: Points, sagitta: float, points: int = 41) -> Points:
    """A slightly curved line: an arc that stands `sagitta` off the straight line at its middle."""
    a, b = np.asarray(ends, float)
    t = np.linspace(0, 1, points)
    across = np.array([a[1] - b[1], b[0] - a[0]]) / np.hypot(*(b - a))
    return np.asarray(a + t[:, None] * (b - a) + (4 * sagitta * t * (1 - t))[:, None] * across)


def blot(area: float, rng: np.random.Generator, wild: float = 0.15, slim: float = 1.0) -> Points:
    """A closed irregular outline about (0, 0).

    Parameters
    ----------
    area : float
        Enclosed exactly.
    rng : numpy.random.Generator
    wild : float
        Deviation (1 sigma) of the radius, as a share of it.
    slim : float
        Length over width.
    """
    angle = np.linspace(0, 2 * np.pi, 96, endpoint=False)
    radius = np.ones_like(angle)
    for k in range(2, 8):
        radius += wild / np.sqrt(2) / k * 2 * rng.normal() * np.cos(k * angle + rng.uniform(0, 2 * np.pi))
    radius = np.maximum(radius, 0.3)
    turn = rng.uniform(0, np.pi)
    x, y = radius * np.cos(angle) * np.sqrt(slim), radius * np.sin(angle) / np.sqrt(slim)
    points = np.column_stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)])
    return np.asarray(points * np.sqrt(area / enclosed(points)))


def enclosed(outline: Points) -> float:
    """Area inside a closed outline."""
    x, y = np.asarray(outline, float).T
    return float(abs(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1))) / 2)


def extent(outline: Points) -> float:
    """Largest distance between two points of an outline."""
    p = np.asarray(outline, float)
    return float(np.hypot(*(p[:, None] - p[None]).transpose(2, 0, 1)).max())
