"""Which page is which: candidates by content, the order of the copy, partial scans."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_page import TRIM, Book, make_book

from qc.geometry import Affine
from qc.model import ScanSettings
from qc.normalize.thumbnail import thumbnail
from qc.register.alignment import in_order
from qc.register.thumbnails import candidates, has_content, rings
from qc.synthetic import Kind, Print, Scanner
from qc.units import px_per_mm

KINDS = [Kind.TEXT] * 12 + [Kind.PICTURE, Kind.TABLE, Kind.FOLIO_ONLY, Kind.BLANK]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("match"), KINDS, bleed=False)


def scores(*pages: int | None, others: float = 0.6) -> list[list[tuple[int, float]]]:
    """A page looks 0.9 like itself and `others` like its neighbors; None matches nothing."""
    return [[] if p is None else [(p, 0.9), (p + 1, others), (max(p - 1, 1), others)] for p in pages]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ((1, 2, 3, 4, 5), [1, 2, 3, 4, 5]),
        ((1, 2, 4, 5, 6), [1, 2, 4, 5, 6]),
        ((1, 2, None, 3, 4), [1, 2, None, 3, 4]),
        ((1, 2, 20, 21, 22), [1, 2, 20, 21, 22]),
        ((7, 8, 9), [7, 8, 9]),
        ((None, None), [None, None]),
        ((), []),
    ],
    ids=["whole", "missing", "extra", "partial", "from the middle", "nothing fits", "empty"],
)
def test_pages_come_in_order(shown: tuple[int | None, ...], expected: list[int | None]) -> None:
    assert in_order(scores(*shown, others=0.3)) == expected


def test_a_page_found_twice_is_assigned_once() -> None:
    chain = in_order([[(p, 0.9)] for p in (1, 2, 3, 3, 4, 5)])
    assert [p for p in chain if p is not None] == [1, 2, 3, 4, 5]
    assert chain[:2] == [1, 2] and chain[4:] == [4, 5] and chain.count(None) == 1


def test_of_two_swapped_pages_one_stays_in_order() -> None:
    chain = in_order([[(p, 0.9)] for p in (1, 2, 4, 3, 5, 6)])
    assert chain[:2] == [1, 2] and chain[4:] == [5, 6]
    assert set(chain[2:4]) in ({4, None}, {3, None})


def test_look_alike_pages_stay_in_step() -> None:
    alike = [[(p, 0.8) for p in range(1, 9)] for _ in range(6)]
    chain = in_order(alike)
    assert None not in chain
    steps = np.diff([p for p in chain if p is not None])
    assert (steps == 1).all()


def test_a_slightly_better_page_out_of_step_does_not_win() -> None:
    options = [[(1, 0.9)], [(2, 0.80), (3, 0.82)], [], [(4, 0.9)]]
    assert in_order(options) == [1, 2, None, 4]
    assert in_order(options, skip_cost=0.0) == [1, 3, None, 4]


def test_rings_go_from_near_to_far_and_name_each_page_once() -> None:
    looked = list(rings(10, 24))
    assert looked[0] == [9, 10, 11]
    assert sorted(p for ring in looked for p in ring) == list(range(1, 25))
    assert sorted(p for ring in rings(40, 24) for p in ring) == list(range(1, 25))
    assert list(rings(1, 1)) == [[1]]


def test_a_folio_is_content_and_a_blank_page_is_not(book: Book) -> None:
    assert has_content(book.reference.thumbnails()) == [True] * 15 + [False]


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("page", [3, 13, 14])
def test_the_page_itself_is_the_best_candidate(book: Book, page: int, turns: int) -> None:
    """A reference page, moved by 4 mm, seen as a scan would show it."""
    reference = book.reference.page(page)
    light = (reference.rgb.mean(axis=2) / 255).astype(np.float32) ** 2.2
    shape = book.reference.thumbnails().shape[1:]
    start = reference.to_px.after(Affine.shift(-4.0, 2.0))
    if turns:
        light = np.ascontiguousarray(np.rot90(light, 2))
        about = Affine.shift(*TRIM).after(Affine.rotation(180))
        h, w = light.shape
        half_turn = Affine(np.array([[-1.0, 0.0, w - 1.0], [0.0, -1.0, h - 1.0]]))
        start = half_turn.after(reference.to_px).after(about)
    found = candidates(thumbnail(light, start, (shape[0], shape[1])), book.reference.thumbnails(), range(1, 17))
    assert (found[0].page, found[0].turns) == (page, turns)
    assert found[0].score > 0.6
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)
    if not turns:
        assert found[0].shift_mm == pytest.approx((4.0, -2.0), abs=1 / px_per_mm(18.75))


@pytest.mark.parametrize("page", [1, 7, 12])
@pytest.mark.parametrize("first_page", [1, 5, -3])
def test_a_page_is_found_wherever_it_is_expected(book: Book, page: int, first_page: int) -> None:
    """`first_page` only proposes: even a wrong one does not hide a page."""
    measured = book.measure(page, Print(dx_mm=1.0), settings=ScanSettings(first_page=first_page))
    assert measured.result.reference_page == page


@pytest.mark.parametrize("position_shown", [(1, 11), (2, 1), (6, 12)])
def test_content_has_the_last_word_over_position(book: Book, position_shown: tuple[int, int]) -> None:
    position, shown = position_shown
    measured = book.measure(position, design=book.title.pages[shown - 1], scanner=Scanner(dpi=200.0, skew_deg=-2.0))
    assert measured.result.reference_page == shown
