"""White streaks through what is printed: drawn in small maps of 50 dpi, and found with their width."""

from __future__ import annotations

import numpy as np
import pytest

from qc.features.page_tones import lightness
from qc.features.white_streaks import white_streaks

PER_MM = 50 / 25.4


def maps(width_mm: float, rows: slice, column: float) -> tuple[np.ndarray, np.ndarray]:
    """Light of a noisy solid of a quarter of paper's light with a line of bare paper, and what was ordered."""
    ordered = np.full((180, 120), 0.25, np.float32)
    share = np.clip(
        np.minimum(np.arange(120) + 0.5, column + width_mm * PER_MM / 2)
        - np.maximum(np.arange(120) - 0.5, column - width_mm * PER_MM / 2),
        0,
        1,
    )
    light = ordered.copy()
    light[rows] += (share * 0.75).astype(np.float32)
    return light + np.random.default_rng(5500).normal(0, 0.01, light.shape).astype(np.float32), ordered


@pytest.mark.parametrize("across", [False, True])
@pytest.mark.parametrize("width", [0.2, 0.35])
def test_a_white_streak_is_found_with_its_width_and_length(width: float, across: bool) -> None:
    light, ordered = maps(width, slice(40, 130), 60.3)
    if across:
        light, ordered = np.ascontiguousarray(light.T), np.ascontiguousarray(ordered.T)
    meant = lightness(ordered)
    (found,) = white_streaks(lightness(light) - meant, meant, light, np.ones(light.shape, bool), 1.0, PER_MM)
    assert found.width / PER_MM == pytest.approx(width, rel=0.2) and found.depth < 0
    assert found.length / PER_MM == pytest.approx(90 / PER_MM, abs=3)
    assert found.ends[:, 1 if across else 0] == pytest.approx([60, 60], abs=1)


@pytest.mark.parametrize(("width", "rows"), [(0.0, slice(0, 180)), (0.3, slice(40, 80))], ids=["none", "20 mm long"])
def test_no_streak_and_a_short_line_are_none(width: float, rows: slice) -> None:
    light, ordered = maps(width, rows, 60.0)
    meant = lightness(ordered)
    assert not list(white_streaks(lightness(light) - meant, meant, light, np.ones(light.shape, bool), 1.0, PER_MM))
