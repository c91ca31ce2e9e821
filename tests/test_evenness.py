"""Fades and bands of pages that say little of them."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from qc.features.lamp import lamp_taken_out
from qc.features.tiles import PageTiles, ScannedPage
from qc.geometry import Affine
from qc.measure.color_defect import color_defect

ROWS, COLS = 42, 30
PAPER = np.array([0.8, 0.78, 0.7])


def page_of_one_color(position: int, seed: int, noise: float) -> ScannedPage:
    reference = np.broadcast_to(np.array([0.6, 0.2, 0.2]), (ROWS, COLS, 3)).copy()
    copy = reference * PAPER * np.random.default_rng([seed, position]).normal(0.8, noise, reference.shape)
    shape = (ROWS, COLS)
    tiles = PageTiles(copy, reference, np.ones(shape, bool), PAPER, Affine.scaling(3.6), np.zeros(shape))
    return ScannedPage(position, (f"p-{position}.jpg", 0), tiles, Affine.scaling(1.0), bool(position % 2))


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.01])
@pytest.mark.parametrize("seed", range(4))
def test_pages_of_one_color_give_numbers_or_reasons_and_no_warning(seed: int, noise: float) -> None:
    pages = lamp_taken_out([page_of_one_color(n, seed, noise) for n in range(1, 9)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = color_defect(pages, None, None)
    for o in found:
        assert o.flags or o.value is not None
        assert all(np.isfinite(v) for v in (o.value, o.u) if v is not None), o
