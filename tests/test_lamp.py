"""The lamp of a scanner is learned from the paper of a copy, per sensor, and taken out; its uncertainty covers what is left."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from qc.features.lamp import lamp_taken_out
from qc.features.tiles import PageTiles, ScannedPage
from qc.geometry import Affine
from qc.normalize.scan_color import SRGB

ROWS, COLS, TILE_MM = 44, 30, 3.6
PX_PER_MM = 300 / 25.4
Field = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def falls_off(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """30 % less light at the right of the glass; `x`, `y` in mm."""
    return 1 - 0.3 * x / 130


def bowl(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return 1 - 0.15 * (((x - 65) / 65) ** 2 + ((y - 95) / 95) ** 2)


def ripple(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """A line sensor whose gain waves along it."""
    return 1 + 0.02 * np.sin(2 * np.pi * x / 45) - 0.1 * y / 190


def page(
    number: int,
    field: Field,
    rng: np.random.Generator,
    *,
    at_mm: tuple[float, float] = (10.0, 10.0),
    level: float = 0.8,
    printed: tuple[int, int, int, int] = (8, 36, 5, 25),
    ink: float = 0.4,
    most: float = 1.0,
) -> ScannedPage:
    """A page with a block of print (rows from, to, columns from, to) between bare margins."""
    to_mm = Affine.shift(TILE_MM / 2, TILE_MM / 2).after(Affine.scaling(TILE_MM))
    to_scan = Affine.shift(*(PX_PER_MM * v for v in at_mm)).after(Affine.scaling(PX_PER_MM))
    y, x = np.mgrid[0:ROWS, 0:COLS].astype(float)
    glass = to_scan(to_mm(np.column_stack([x.ravel(), y.ravel()]))) / PX_PER_MM
    lamp = field(*glass.T).reshape(ROWS, COLS)
    reference = np.ones((ROWS, COLS))
    reference[printed[0] : printed[1], printed[2] : printed[3]] = ink
    light = np.minimum(level * lamp * reference * (1 + rng.normal(0, 0.004, (ROWS, COLS))), most)
    three = np.repeat(light[:, :, None], 3, axis=2)
    bare = (reference == 1).astype(float)
    paper = np.full(3, np.median(light[bare > 0]) if bare.any() else level)
    ordered = np.repeat(reference[:, :, None], 3, axis=2)
    usable, even = np.ones((ROWS, COLS), bool), np.zeros((ROWS, COLS))
    tiles = PageTiles(three, ordered, usable, paper, to_mm, even, SRGB, even, bare, three * bare[:, :, None], even)
    return ScannedPage(number, (f"p-{number}.png", 0), tiles, to_scan, bool(number % 2))


def off(leveled: ScannedPage, ink: float = 0.4) -> NDArray[np.float64]:
    """Log of what is left of the lamp in each tile, against the page's paper."""
    tiles = leveled.tiles
    assert tiles.paper is not None
    return np.log(tiles.copy.mean(axis=2) / tiles.paper.mean() / np.where(tiles.bare > 0, 1, ink))


@pytest.mark.parametrize("field", [falls_off, bowl, ripple])
def test_an_uneven_lamp_is_taken_out_within_its_u(field: Field) -> None:
    rng = np.random.default_rng(5)
    pages = [page(n, field, rng, at_mm=(10 + rng.uniform(-2, 2), 10 + rng.uniform(-2, 2))) for n in range(1, 9)]
    assert np.ptp(off(pages[0])) > 0.05
    z, left = [], []
    for leveled in lamp_taken_out(pages):
        assert leveled.tiles.u_lamp is not None
        left.append(np.abs(off(leveled)).max())
        z.append(np.abs(off(leveled)) / np.hypot(leveled.tiles.u_lamp, 0.004))
    assert max(left) < 0.03
    assert 0.9 < (np.concatenate([v.ravel() for v in z]) < 2).mean() <= 1


def test_rectos_and_versos_have_lamps_of_their_own() -> None:
    rng = np.random.default_rng(6)
    pages = [page(n, falls_off if n % 2 else bowl, rng) for n in range(1, 9)]
    assert max(np.abs(off(p)).max() for p in lamp_taken_out(pages)) < 0.03


def test_ink_that_fades_is_left_in() -> None:
    """Print of one page pales toward the right; its paper does not, so it is no lamp."""
    rng = np.random.default_rng(7)
    pages = [page(n, bowl, rng) for n in range(1, 9)]
    faded = pages[3].tiles
    share = 0.4 ** (1 - 0.3 * np.arange(COLS) / COLS) / 0.4
    for grid in (faded.copy,):
        grid[8:36, 5:25] *= share[5:25, None]
    left = off(lamp_taken_out(pages)[3])[8:36, 5:25]
    assert np.allclose(left.mean(axis=0), np.log(share[5:25]), atol=0.012)


def test_a_page_without_paper_takes_the_lamp_of_its_sensor() -> None:
    rng = np.random.default_rng(8)
    pages = [page(n, falls_off, rng) for n in range(1, 9)]
    pages.append(page(9, falls_off, rng, printed=(0, ROWS, 0, COLS)))
    leveled = lamp_taken_out(pages)[-1]
    shape = off(leveled)
    assert leveled.tiles.u_lamp is not None
    assert np.ptp(shape) < 0.04 and np.abs(shape - shape.mean()).max() < 3 * leveled.tiles.u_lamp.max() + 0.01


def test_without_any_paper_nothing_is_taken_out_and_u_says_so() -> None:
    rng = np.random.default_rng(9)
    pages = [page(n, falls_off, rng, printed=(0, ROWS, 0, COLS)) for n in range(1, 5)]
    leveled = lamp_taken_out(pages)[0]
    assert np.allclose(leveled.tiles.copy, pages[0].tiles.copy)
    assert leveled.tiles.u_lamp is not None and leveled.tiles.u_lamp.max() > 0.1


def test_paper_clipped_to_white_says_little_of_the_lamp() -> None:
    rng = np.random.default_rng(10)
    clear = lamp_taken_out([page(n, falls_off, rng) for n in range(1, 9)])
    clipped = lamp_taken_out([page(n, falls_off, rng, level=1.6, most=1.0) for n in range(1, 9)])
    for bad, good in zip(clipped, clear, strict=True):
        assert bad.tiles.u_lamp is not None and good.tiles.u_lamp is not None
        assert bad.tiles.u_lamp.mean() > 2 * good.tiles.u_lamp.mean()
