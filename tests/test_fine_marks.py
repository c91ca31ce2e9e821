"""Marks in pictures, small ones on paper, and those near the cut: planted in drawn scans, found with their size."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_page import TRIM, Book, make_book
from test_marks_on_print import disc, marks_of

from qc.features.print_marks import PrintMark
from qc.synthetic import Kind, sample_conditions

KINDS = (Kind.TEXT, Kind.CHAPTER, Kind.GRAY_PICTURE, Kind.PICTURE)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("fine"), KINDS)


def places(book: Book, page: int, number: int) -> list[tuple[float, float]]:
    """Some places (mm) in the lighter half of a picture, away from all bare paper."""
    drawn = book.reference.page(page)
    light = drawn.light.min(axis=2)
    rows, columns = np.nonzero((light > 0.3) & (light < 0.9))
    far = [
        (x, y)
        for x, y in zip(columns, rows, strict=True)
        if y > 8 and x > 8 and light[y - 6 : y + 7, x - 6 : x + 7].max() < 0.95
    ]
    picked = np.random.default_rng(5400 + page).choice(len(far), number, replace=False)
    return [tuple(drawn.to_light.inverse()(far[k])) for k in picked]


def at(marks: tuple[PrintMark, ...] | None, x: float, y: float) -> PrintMark | None:
    inside = [
        m
        for m in marks or ()
        if m.box_mm[0] - 0.3 < x < m.box_mm[2] + 0.3 and m.box_mm[1] - 0.3 < y < m.box_mm[3] + 0.3
    ]
    return inside[0] if inside else None


@pytest.mark.parametrize(("page", "diameter"), [(3, 1.0), (4, 1.0), (4, 2.0)])
def test_a_spot_in_a_picture_is_found_with_its_size_and_ground(book: Book, page: int, diameter: float) -> None:
    assert marks_of(book, page) in ((), None)
    found = [at(marks_of(book, page, disc(x, y, diameter, 0.45)), x, y) for x, y in places(book, page, 4)]
    seen = [m for m in found if m is not None]
    assert len(seen) >= 3, "one may lie where the picture itself is as uneven"
    for mark in seen:
        assert mark.code == "spot" and mark.ground in ("picture", "solid") and mark.contrast > 20
        assert mark.area_mm2 == pytest.approx(np.pi / 4 * diameter**2, rel=0.25)


@pytest.mark.parametrize(("x", "y"), [(2.2, 60.0), (TRIM[0] - 3.0, 33.0), (40.0, 1.9)])
def test_a_spot_near_a_measured_cut_is_found(book: Book, x: float, y: float) -> None:
    mark = at(marks_of(book, 2, disc(x, y, 1.0, 0.2)), x, y)
    assert mark is not None and mark.code == "spot" and mark.ground == "paper"
    assert mark.area_mm2 == pytest.approx(np.pi / 4, rel=0.2)


def test_nothing_is_looked_for_within_a_millimeter_of_the_cut(book: Book) -> None:
    assert marks_of(book, 2, disc(0.5, 60.0, 0.9, 0.2)) == ()


def test_a_small_spot_on_paper_has_its_size_and_contrast(book: Book) -> None:
    mark = at(marks_of(book, 2, disc(38.0, 12.0, 0.9, 0.3)), 38.0, 12.0)
    assert mark is not None and mark.width_mm == pytest.approx(0.9, abs=0.1)
    assert mark.area_mm2 == pytest.approx(np.pi / 4 * 0.81, rel=0.2)
    # Three tenths of the file's numbers, gamma 2.2 or so: L* about 30 of 97.
    assert mark.contrast == pytest.approx(68, abs=8)


def test_sound_pictures_have_loose_dust_at_most_under_all_conditions(tmp_path: Path) -> None:
    book = make_book(tmp_path, KINDS)
    rng = np.random.default_rng(5410)
    for page in (3, 4, 3, 4):
        printed, cut, scanner = sample_conditions(rng, ("black", "gray")[page % 2], 200.0, 2.0)
        result = book.measure(page, printed, cut, scanner, seed=page).result
        assert all(m.code == "spot" and m.ground == "paper" and m.area_mm2 < 0.45 for m in result.marks or ()), page
        assert not book.measure(page, printed, cut, replace(scanner, dust=0), seed=page).result.marks, page
