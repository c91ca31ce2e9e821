"""Lost and pale print are told from an uneven lamp, on pages drawn here: letters, rules, tints, and a page printed all over."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from qc.features.evenness import Fade
from qc.features.lamp import lamp_taken_out
from qc.features.page_maps import TILE_PX, PageMaps
from qc.features.text_fade import letter_contrast, text_fade
from qc.features.tiles import PageTiles, ScannedPage, page_tiles
from qc.features.tone_curve import bare_paper, tone_curve
from qc.geometry import Affine
from qc.measure.missing_print import missing_print
from qc.model import Observation
from qc.normalize.scan_color import SRGB
from qc.resample import shrunk

SIDE = 210
"""Pixels of the maps, half a millimeter each."""
TO_MAP = Affine.scaling(2.0)
Drawn = Callable[[], np.ndarray]


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


def tiles_of(reference: np.ndarray, copy: np.ndarray, seed: int = 7) -> PageTiles:
    three = np.dstack([reference] * 3).astype(np.float32)
    spread = np.sqrt(np.clip(shrunk(reference**2, TILE_PX) - shrunk(reference, TILE_PX) ** 2, 0, None))
    bare = np.flatnonzero(cv2.erode(reference, np.ones((5, 5), np.uint8)) > 0.98)
    unprinted = (cv2.erode(reference, np.ones((3, 3), np.uint8)) > 0.98).astype(np.uint8)
    held = {"mean": shrunk(three, TILE_PX), "spread": spread, "bare": bare, "unprinted": unprinted}
    held["usable"] = np.ones(held["spread"].shape, bool)
    noisy = copy + np.random.default_rng(seed).normal(0, 0.006, copy.shape)
    scan = np.dstack([noisy] * 3).astype(np.float32)
    inside = np.ones(reference.shape, bool)
    return page_tiles(PageMaps(scan, reference, inside, TO_MAP, 0.0, SRGB, held))


def lamp(share: float) -> np.ndarray:
    """Light that rises across the page by this share."""
    return (1 + share * (np.arange(SIDE) / SIDE - 0.5)).astype(np.float32)[None, :]


def scanned(printed: np.ndarray) -> np.ndarray:
    """Paper of 0.8, black of 0.05, some gain."""
    return (0.05 + 0.75 * printed**1.1).astype(np.float32)


def darker(printed: np.ndarray) -> np.ndarray:
    """A press that gains a lot, before a driver that deepens shadows."""
    return (0.02 + 0.78 * printed**2.0).astype(np.float32)


def paler(printed: np.ndarray) -> np.ndarray:
    """A press without gain: half of the light that a file's mid-gray stands for is still there as paper."""
    return (0.05 + 0.75 * printed**0.45).astype(np.float32)


Tone = Callable[[np.ndarray], np.ndarray]


def looked_for(ordered: np.ndarray, printed: np.ndarray, tone: Tone, share: float = 0.0) -> Observation:
    """Missing print of a page in a copy with two sound pages of each kind, all printed and lit alike."""
    sheets = [(d(), d()) for d in (letters, rules, tint, all_over) for _ in range(2)]
    pages = [
        ScannedPage(n, (f"p-{n}.jpg", 0), tiles_of(o, tone(p) * lamp(share), n), Affine.scaling(10.0), bool(n % 2))
        for n, (o, p) in enumerate([(ordered, printed), *sheets], 1)
    ]
    even = lamp_taken_out(pages)
    return missing_print(even[0], tone_curve(even), bare_paper(even))


@pytest.mark.parametrize("draw", [letters, rules, tint, all_over])
@pytest.mark.parametrize("tone", [scanned, darker, paler])
@pytest.mark.parametrize("share", [0.0, 0.15, -0.3])
def test_nothing_is_lost_under_any_lamp_and_tone_curve(draw: Drawn, tone: Tone, share: float) -> None:
    found = looked_for(draw(), draw(), tone, share)
    assert (found.value, found.u, found.flags) == (0.0, 0.0, ()), found.detail


@pytest.mark.parametrize("draw", [letters, tint])
@pytest.mark.parametrize("tone", [scanned, darker, paler])
@pytest.mark.parametrize("share", [0.0, 0.15, -0.3])
def test_what_is_lost_is_found_at_its_place(draw: Drawn, tone: Tone, share: float) -> None:
    printed = draw()
    printed[60:140, 60:140] = 1.0
    found = looked_for(draw(), printed, tone, share)
    assert (found.value, found.u) == (1.0, 0.0)
    x0, y0, x1, y1 = found.detail["boxes_mm"][0]
    assert (x0, y0, x1, y1) == pytest.approx((30, 30, 70, 70), abs=5.5)
    assert found.evidence[0].box_mm == (x0, y0, x1, y1)


@pytest.mark.parametrize("left", [0.15, 0.4])
def test_what_is_merely_paler_is_no_missing_print(left: float) -> None:
    """A sixth of the darkness is left, as of a halftone that lost most of its dots: a matter of tone, for a person."""
    printed = tint()
    printed[60:140, 60:140] = 1 - left * 0.4
    assert looked_for(tint(), printed, scanned).value == 0.0


def test_a_tint_that_no_page_of_the_copy_shows_may_be_too_light_to_show() -> None:
    """A driver clips light tints to white on every page: that they are not there says nothing."""

    def clipped(printed: np.ndarray) -> np.ndarray:
        return np.minimum(0.05 + 0.9 * printed, 0.55).astype(np.float32)

    found = looked_for(tint(), tint(), clipped)
    assert found.value == 0.0


def test_on_a_page_printed_all_over_a_bleached_part_is_found() -> None:
    printed = all_over()
    printed[20:100, 10:55] = 1.0
    found = looked_for(all_over(), printed, scanned)
    assert found.value == 1.0 and found.detail["boxes_mm"][0] == pytest.approx((5, 10, 27.5, 50), abs=5.5)


def test_a_copy_without_bare_paper_cannot_be_judged() -> None:
    page = ScannedPage(1, ("p-1.jpg", 0), tiles_of(all_over(), scanned(all_over())), Affine.scaling(10.0))
    found = missing_print(page, tone_curve([page]), bare_paper([page]))
    assert (found.value, found.flags) == (None, ("no-paper",))


def faded(page: PageTiles) -> Fade | None:
    """The fade of a page in a copy with a sound one."""
    usual = letter_contrast([page, tiles_of(letters(), scanned(letters()))])
    return text_fade(page, usual)


@pytest.mark.parametrize("share", [0.0, 0.15, -0.3])
def test_letters_under_any_lamp_do_not_fade(share: float) -> None:
    page = letters()
    fade = faded(tiles_of(page, scanned(page) * lamp(share)))
    assert fade is not None and fade.value < 2 * fade.u


@pytest.mark.parametrize(("paler", "toward"), [(np.s_[110:, :], "tail"), (np.s_[:, :100], "left")])
@pytest.mark.parametrize("lost", [0.4, 0.6])
def test_letters_that_print_paler_on_one_side_are_found(paler: tuple[slice, slice], toward: str, lost: float) -> None:
    page = letters()
    printed = page.copy()
    printed[paler] = 1 - (1 - lost) * (1 - page[paler])
    fade = faded(tiles_of(page, (0.05 + 0.75 * printed).astype(np.float32) * lamp(0.15)))
    assert fade is not None and fade.toward == toward
    assert fade.value == pytest.approx(lost, abs=2 * fade.u)


def test_a_page_with_a_picture_is_no_page_of_text() -> None:
    page = letters()
    page[40:120, 40:120] = 0.3
    assert faded(tiles_of(page, scanned(page))) is None


def test_rules_that_lie_beside_their_place_on_one_side_do_not_fade() -> None:
    page = letters()
    beside = page.copy()
    beside[110:180] = np.roll(page[110:180], 2, axis=0)
    fade = faded(tiles_of(page, scanned(beside)))
    assert fade is not None and fade.value < 2 * fade.u
