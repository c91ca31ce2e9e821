"""Lost and pale print are told from an uneven lamp, on pages drawn here: letters, rules, tints, and a page printed all over."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from qc.geometry import Affine
from qc.measure.missing_print import missing_print
from qc.page_maps import TILE_PX, PageMaps
from qc.resample import shrunk
from qc.scan_color import SRGB
from qc.text_fade import text_fade
from qc.tiles import PageTiles, page_tiles

SIDE = 210
"""Pixels of the maps, half a millimeter each."""
TO_MAP = Affine.scaling(2.0)


def letters() -> np.ndarray:
    """Lines of text, 5 mm apart, with bare margins."""
    page = np.ones((SIDE, SIDE), np.float32)
    rng = np.random.default_rng(5)
    for top in range(30, 180, 10):
        page[top : top + 4, 30:180] = np.where(rng.random((4, 150)) < 0.6, 0.35, 1.0)
    return page


def rules() -> np.ndarray:
    """Gray rules, 4 mm apart."""
    page = np.ones((SIDE, SIDE), np.float32)
    page[30:180:8, 24:186] = 0.5
    return page


def tint() -> np.ndarray:
    page = np.ones((SIDE, SIDE), np.float32)
    page[40:170, 40:170] = 0.6
    return page


def all_over() -> np.ndarray:
    """Dark, with one bright disc and a few tones between."""
    rows, columns = np.indices((SIDE, SIDE))
    page = np.full((SIDE, SIDE), 0.25, np.float32)
    page[:, :60] = 0.35
    page[np.hypot(rows - 100, columns - 140) < 40] = 0.75
    return page


def tiles_of(reference: np.ndarray, copy: np.ndarray) -> PageTiles:
    three = np.dstack([reference] * 3).astype(np.float32)
    spread = np.sqrt(np.clip(shrunk(reference**2, TILE_PX) - shrunk(reference, TILE_PX) ** 2, 0, None))
    bare = np.flatnonzero(cv2.erode(reference, np.ones((5, 5), np.uint8)) > 0.98)
    held = {"mean": shrunk(three, TILE_PX), "spread": spread, "bare": bare}
    held["usable"] = np.ones(held["spread"].shape, bool)
    noisy = copy + np.random.default_rng(7).normal(0, 0.006, copy.shape)
    scan = np.dstack([noisy] * 3).astype(np.float32)
    inside = np.ones(reference.shape, bool)
    return page_tiles(PageMaps(scan, reference, inside, TO_MAP, 0.0, SRGB, held))


def lamp(share: float) -> np.ndarray:
    """Light that rises across the page by this share."""
    return (1 + share * (np.arange(SIDE) / SIDE - 0.5)).astype(np.float32)[None, :]


def scanned(printed: np.ndarray) -> np.ndarray:
    """Paper of 0.8, black of 0.05, some gain."""
    return (0.05 + 0.75 * printed**1.1).astype(np.float32)


@pytest.mark.parametrize("draw", [letters, rules, tint, all_over])
@pytest.mark.parametrize("share", [0.0, 0.15, -0.3])
def test_nothing_is_lost_under_any_lamp(draw: object, share: float) -> None:
    page = draw()  # type: ignore[operator]
    found = missing_print(tiles_of(page, scanned(page) * lamp(share)), 1, ("p-1.jpg", 0), Affine.scaling(10.0))
    assert (found.value, found.u) == (0.0, 0.0), found.detail


@pytest.mark.parametrize(("draw", "share"), [(letters, 0.0), (letters, 0.15), (rules, 0.0), (tint, 0.0), (tint, 0.15)])
def test_what_is_lost_is_found_at_its_place(draw: object, share: float) -> None:
    page = draw()  # type: ignore[operator]
    printed = page.copy()
    printed[60:140, 60:140] = 1.0
    found = missing_print(tiles_of(page, scanned(printed) * lamp(share)), 1, ("p-1.jpg", 0), Affine.scaling(10.0))
    assert (found.value, found.u) == (1.0, 0.0)
    x0, y0, x1, y1 = found.detail["boxes_mm"][0]
    assert (x0, y0, x1, y1) == pytest.approx((30, 30, 70, 70), abs=5.5)
    assert found.evidence[0].box_mm == (x0, y0, x1, y1)


def test_on_a_page_printed_all_over_a_bleached_part_is_found() -> None:
    page = all_over()
    printed = page.copy()
    printed[20:100, 10:55] = 1.0
    found = missing_print(tiles_of(page, scanned(printed)), 1, ("p-1.jpg", 0), Affine.scaling(10.0))
    assert found.value == 1.0 and found.detail["boxes_mm"][0] == pytest.approx((5, 10, 27.5, 50), abs=5.5)


@pytest.mark.parametrize("share", [0.0, 0.15, -0.3])
def test_letters_under_any_lamp_do_not_fade(share: float) -> None:
    page = letters()
    fade = text_fade(tiles_of(page, scanned(page) * lamp(share)))
    assert fade is not None and fade.value < 2 * fade.u


@pytest.mark.parametrize(("paler", "toward"), [(np.s_[110:, :], "tail"), (np.s_[:, :100], "left")])
@pytest.mark.parametrize("lost", [0.4, 0.6])
def test_letters_that_print_paler_on_one_side_are_found(paler: tuple[slice, slice], toward: str, lost: float) -> None:
    page = letters()
    printed = page.copy()
    printed[paler] = 1 - (1 - lost) * (1 - page[paler])
    fade = text_fade(tiles_of(page, (0.05 + 0.75 * printed).astype(np.float32) * lamp(0.15)))
    assert fade is not None and fade.toward == toward
    assert fade.value == pytest.approx(lost, abs=2 * fade.u)


def test_a_page_with_a_picture_is_no_page_of_text() -> None:
    page = letters()
    page[40:120, 40:120] = 0.3
    assert text_fade(tiles_of(page, scanned(page))) is None
