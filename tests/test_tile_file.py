"""What a page leaves in memory does not depend on its size: its tiles lie in a temporary file."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest

from qc.features.tile_file import TileFile
from qc.features.tiles import PageTiles, ScannedPage
from qc.geometry import Affine

ROWS, COLS = 64, 43
"""Of a page of 6 x 9 in."""
MOST_KEPT = 6_000
"""Bytes a page; the arrays themselves are 110,000."""


def tiles_of(seed: int) -> PageTiles:
    rng = np.random.default_rng(seed)
    rgb, plane = (ROWS, COLS, 3), (ROWS, COLS)
    return PageTiles(
        rng.uniform(0, 1, rgb),
        rng.uniform(0, 1, rgb),
        rng.uniform(0, 1, plane) > 0.5,
        rng.uniform(0, 1, 3),
        Affine.scaling(3.6),
        rng.uniform(0, 1, plane),
        contrast=rng.uniform(0, 1, plane),
        bare=rng.uniform(0, 1, plane),
        bare_light=rng.uniform(0, 1, rgb),
        grain=rng.uniform(0, 1, plane),
    ).compact()


def same(one: PageTiles, other: PageTiles) -> bool:
    return all(
        np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b
        for a, b in ((getattr(one, name), getattr(other, name)) for name in vars(one))
    )


def test_tiles_are_read_as_they_were_kept() -> None:
    file, made = TileFile(), [tiles_of(n) for n in range(3)]
    kept = [file.keep(tiles) for tiles in made]
    brighter = replace(made[1], copy=made[1].copy * 2, u_lamp=made[1].spread)
    leveled = kept[1].instead(brighter)
    assert all(same(k.read(), tiles) for k, tiles in zip(kept, made, strict=True))
    assert same(leveled.read(), brighter)


def test_a_page_keeps_next_to_nothing_in_memory() -> None:
    file = TileFile()
    tracemalloc.start()
    try:
        pages = [ScannedPage(n, ("a.png", 0), file.keep(tiles_of(n)), Affine.scaling(1.0)) for n in range(20)]
        # What was read of a page goes when it was used, but for the part that somebody keeps.
        usable = [page.tiles.usable for page in pages]
        held = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert held < len(pages) * (MOST_KEPT + usable[0].nbytes)


@pytest.mark.filterwarnings("error")
def test_the_file_goes_with_the_last_that_refers_to_it() -> None:
    kept = TileFile().keep(tiles_of(1))
    file = kept.file._file
    assert not file.closed
    del kept
    assert file.closed
