"""The response of a copy is learned from its pages: other inks, another tone curve and drift are none of a page's faults."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from qc.features.ink_density import TileDensities
from qc.features.ink_response import features, ink_response, printed
from qc.features.tiles import PageTiles, ScannedPage
from qc.geometry import Affine
from qc.measure.color_defect import color_defect
from qc.model import Observation
from qc.normalize.scan_color import SRGB

ROWS, COLS = 30, 20
PAGES = 8
INKS = np.array([[0.5, 0.3, 0.15], [0.2, 0.7, 0.45], [0.05, 0.15, 0.6]])
"""What an imaginary press and scanner make of a unit of cyan, magenta and yellow, in R, G and B."""


def ordered(rng: np.random.Generator) -> NDArray[np.float64]:
    """Densities of a page: patches of tints and of colors, and bare paper around."""
    page = np.zeros((ROWS, COLS, 3))
    for top in range(2, ROWS - 4, 5):
        for left in range(2, COLS - 4, 5):
            gray = rng.uniform(0, 0.5)
            page[top : top + 4, left : left + 4] = gray + rng.uniform(0, 0.6, 3) * (rng.random(3) < 0.6)
    return page


def shown(page: NDArray[np.float64], inks: NDArray[np.float64], gain: float) -> NDArray[np.float64]:
    """What a copy shows of it: each ink by its own colors, gray with a gain."""
    gray = page.min(axis=2, keepdims=True)
    return np.asarray((page - gray) @ inks + gain * gray - 0.2 * gray**2)


def copy(
    rng: np.random.Generator, gain: float = 1.2, faulty: dict[int, NDArray[np.float64]] | None = None
) -> list[ScannedPage]:
    """A copy of eight pages; `faulty` gives by position what an ink of a page prints, each as a share."""
    pages = []
    to_mm = Affine.scaling(3.6)
    for n in range(1, PAGES + 1):
        page = ordered(rng)
        share = (faulty or {}).get(n, np.ones(4))
        gray = page.min(axis=2, keepdims=True)
        density = shown((page - gray) * share[:3] + gray, INKS, gain) * share[3]
        density += rng.normal(0, 0.01, density.shape) * (density > 0)
        light, reference = 0.8 * 10**-density, 10**-page
        bare = (page.max(axis=2) == 0).astype(float)
        even = np.zeros((ROWS, COLS))
        usable = np.ones((ROWS, COLS), bool)
        tiles = PageTiles(
            light, reference, usable, np.full(3, 0.8), to_mm, even, SRGB, even, bare, light * bare[:, :, None], even
        )
        pages.append(ScannedPage(n, (f"p-{n}.png", 0), tiles, Affine.scaling(10.0), bool(n % 2)))
    return pages


def found(pages: list[ScannedPage], code: str, page: int | None) -> Observation:
    return next(
        o for o in color_defect(pages, None, "premium-color") if o.detail["code"] == code and o.where.page == page
    )


def test_the_response_of_the_other_pages_tells_what_a_page_shows() -> None:
    rng = np.random.default_rng(1)
    pages = [ordered(rng) for _ in range(PAGES)]
    even = np.ones((ROWS, COLS), bool)
    seen = [TileDensities(shown(p, INKS, 1.2) + rng.normal(0, 0.01, p.shape), p, even) for p in pages]
    response = ink_response(seen)
    coefficients, covariance = response.without(3)
    on = printed(seen[3])
    design = features(seen[3].reference[on])
    off = design @ coefficients - shown(pages[3], INKS, 1.2)[on]
    u = np.sqrt(np.einsum("ij,jk,ik->i", design, covariance, design))
    assert np.abs(off).max() < 0.06 and float(np.sqrt(np.mean(off**2))) < 0.02
    assert (np.abs(off).max(axis=1) < 3 * u + 0.02).mean() > 0.95


@pytest.mark.parametrize("gain", [0.5, 1.2, 1.8])
def test_no_tone_curve_is_a_fault(gain: float) -> None:
    for o in color_defect(copy(np.random.default_rng(2), gain), None, "premium-color"):
        if o.detail["code"] in ("lost-channel", "weak-channel", "gray", "fade") and o.value is not None:
            assert o.u is not None and o.value < 0.15 + 2 * o.u, o


@pytest.mark.parametrize("ink", [0, 1, 2])
def test_an_ink_lost_on_one_page_is_told_from_the_others(ink: int) -> None:
    share = np.ones(4)
    share[ink] = 0.0
    pages = copy(np.random.default_rng(3), faulty={4: share})
    lost = found(pages, "lost-channel", 4)
    assert lost.detail["channel"] == ("cyan", "magenta", "yellow")[ink]
    assert lost.value is not None and lost.u is not None
    assert abs(lost.value - 1) < 3 * lost.u and lost.u < 0.2
    others = [found(pages, "lost-channel", n).value for n in range(1, PAGES + 1) if n != 4]
    assert all(v is None or v < 0.4 for v in others) and sum(v is not None for v in others) >= 5


@pytest.mark.parametrize("left", [0.6, 0.8])
def test_a_page_paler_than_the_others_is_stated_with_its_share(left: float) -> None:
    pages = copy(np.random.default_rng(4), faulty={5: np.array([1.0, 1.0, 1.0, left])})
    pale = found(pages, "weak-channel", 5)
    assert pale.detail["channel"] == "all inks"
    assert pale.value is not None and pale.u is not None
    assert abs(pale.value - (1 - left)) < 2 * pale.u and pale.u < 0.1


def test_ink_of_a_page_without_paper_is_known_as_well_as_the_papers_of_its_copy_are_alike() -> None:
    u = []
    for apart in (0.0, 0.04):
        pages = copy(np.random.default_rng(4), faulty={5: np.array([1.0, 1.0, 1.0, 0.8])})
        for i, page in enumerate(pages):
            light = 1 + apart * (i % 2 - 0.5)
            tiles = page.tiles
            paper = None if i == 4 or tiles.paper is None else tiles.paper * light
            pages[i] = replace(page, kept=replace(tiles, copy=tiles.copy * light, paper=paper))
        level = found(pages, "weak-channel", 5)
        assert level.value is not None and level.u is not None and abs(level.value - 0.2) < 2 * level.u
        u.append(level.u)
    assert u[1] > np.hypot(u[0], 0.015)


def test_an_ink_that_no_page_shows_is_said_of_the_copy() -> None:
    every = {n: np.array([1.0, 0.0, 1.0, 1.0]) for n in range(1, PAGES + 1)}
    lost = found(copy(np.random.default_rng(5), faulty=every), "lost-channel", None)
    assert lost.detail["channel"] == "magenta" and lost.value is not None and lost.value > 0.9


def test_a_long_copy_is_told_by_its_most_telling_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory does not grow with the copy: some pages make the response, and the others are held against it as well."""
    share = np.array([1.0, 1.0, 1.0, 0.6])
    for pale in (2, 5):
        pages = copy(np.random.default_rng(6), faulty={pale: share})
        everything = {n: found(pages, "weak-channel", n) for n in range(1, PAGES + 1)}
        with monkeypatch.context() as limited:
            limited.setattr("qc.features.page_inks.RESPONSE_PAGES", 5)
            few = {n: found(pages, "weak-channel", n) for n in range(1, PAGES + 1)}
        for n, told in few.items():
            assert told.value is not None and told.u is not None and told.u < 0.1
            truth = 0.4 if n == pale else 0.0
            assert abs(told.value - truth) < 2.5 * told.u and told.u >= (everything[n].u or 0.0) - 0.02
