"""Registration: the print is found where it was drawn, or said not to be found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_page import TRIM, Book, make_book

from qc.flags import Flag
from qc.geometry import Affine, Edge
from qc.pipeline import PageWork, register_in_order
from qc.register.fourier import fast_length, rfft, rfft2
from qc.register.prepared_page import BLUR_PX, prepare
from qc.register.register import Prior, Registration
from qc.synthetic import Cut, Kind, Print, Scanner
from qc.units import mm_per_px

CUT = Cut(head_mm=1.1, tail_mm=-0.7, spine_mm=0.3, fore_edge_mm=0.5)
KINDS = [
    Kind.TEXT, Kind.TEXT, Kind.PICTURE, Kind.RULED, Kind.RULED_BLEED, Kind.DOT_GRID, Kind.FOLIO_ONLY, Kind.LINE_ART,
]  # fmt: skip
REFUSALS = {Flag.PERIODIC, Flag.SPARSE, Flag.NOT_REGISTERED, Flag.U_TOO_LARGE, Flag.OUTSIDE_NOT_BACKING}
MIDDLE_SIZE = (107.95, 174.5)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("register"), KINDS)


def map_error_mm(measured_map: Affine, truth_map: np.ndarray, dpi: float) -> float:
    """Largest distance of the two maps on a grid inside the page."""
    grid = np.array([(x, y) for x in np.linspace(5, TRIM[0] - 5, 4) for y in np.linspace(5, TRIM[1] - 5, 5)])
    return float(np.hypot(*(measured_map(grid) - Affine(truth_map)(grid)).T).max() * mm_per_px(dpi))


@pytest.mark.parametrize("page", [1, 3, 8])
@pytest.mark.parametrize(
    ("printed", "scanner"),
    [
        (Print(dx_mm=3.0, dy_mm=-2.5), Scanner()),
        (Print(rotation_deg=0.4), Scanner(skew_deg=-5.0, dpi=200.0)),
        (Print(dx_mm=-1.0), Scanner(skew_deg=5.0, turns=1, format="tiff")),
        (Print(scale_x=1.006, scale_y=1.004), Scanner(scale_x=1.003, scale_y=0.998, shear=0.001, turns=2)),
        (Print(scale_x=0.992, scale_y=0.993, dy_mm=1.0), Scanner(dpi=200.0, turns=3, skew_deg=1.0)),
    ],
    ids=["shift", "rotation", "quarter turn", "larger, upside down", "smaller"],
)
def test_shift_rotation_and_scale_are_recovered(book: Book, page: int, printed: Print, scanner: Scanner) -> None:
    measured = book.measure(page, printed, CUT, scanner)
    registration, to_scan = measured.result.registration, measured.result.to_scan
    assert registration is not None and to_scan is not None
    assert measured.result.reference_page == page
    assert registration.observable == (True, True)
    found = to_scan.after(registration.to_px)
    assert map_error_mm(found, measured.truth.to_scan, scanner.dpi) < 0.06
    assert registration.to_px.skew_deg == pytest.approx(measured.truth.skew_deg, abs=0.05)
    true_x, true_y = Affine(measured.truth.to_scan).scale
    assert found.scale == pytest.approx((true_x, true_y), rel=1e-3)


@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.PICTURE, Kind.LINE_ART, Kind.TABLE, Kind.CHAPTER])
def test_a_page_of_another_book_is_not_registered(book: Book, tmp_path: Path, kind: Kind) -> None:
    other = make_book(tmp_path, [kind], seed=9)
    measured = book.measure(2, design=other.title.pages[0])
    assert measured.result.registration is None
    assert [measured.flags(edge) for edge in Edge] == [(Flag.NOT_REGISTERED,)] * 4


def test_another_table_set_in_the_same_way_is_not_registered(tmp_path_factory: pytest.TempPathFactory) -> None:
    own = make_book(tmp_path_factory.mktemp("own"), [Kind.TEXT, Kind.TABLE, Kind.TEXT], MIDDLE_SIZE)
    other = make_book(tmp_path_factory.mktemp("other"), [Kind.TEXT, Kind.TABLE], MIDDLE_SIZE, seed=9)
    assert own.measure(2, design=other.title.pages[1]).result.registration is None


@pytest.mark.parametrize("kind", [Kind.RULED, Kind.RULED_BLEED, Kind.DOT_GRID])
@pytest.mark.parametrize("dy_mm", [-3.6, -1.0, 0.0, 2.5, 7.1])
def test_a_page_that_repeats_itself_is_never_a_period_off(book: Book, kind: Kind, dy_mm: float) -> None:
    printed = Print(dx_mm=0.3 * dy_mm, dy_mm=dy_mm)
    measured = book.measure(book.page_of(kind), printed, CUT, Scanner(skew_deg=0.5), turns=0)
    for edge, observation in measured.offsets.items():
        if observation.value is None:
            assert set(observation.flags) <= REFUSALS
        else:
            assert abs(measured.error(edge)) < max(3 * (observation.u or 0), 0.05), (edge, dy_mm)


def test_rules_lie_as_their_copy_lies(book: Book) -> None:
    text, ruled = book.page_of(Kind.TEXT), book.page_of(Kind.RULED)
    shift = Print(dy_mm=3.0)
    pages = [book.measure(text, cut=CUT).result, book.measure(ruled, shift, CUT, turns=2).result]
    assert pages[1].turns == 2 and pages[1].registration is not None
    # As if the upright way had not come up, as happens on a white lid.
    alone = replace(pages[1], options=pages[1].options[:1], job=replace(pages[1].job, forced_turns=None))
    assert [p.turns for p in register_in_order([pages[0], alone], PageWork(book.reference))] == [0, 0]


def test_rules_fix_their_own_direction_only(book: Book) -> None:
    measured = book.measure(book.page_of(Kind.RULED), cut=CUT, scanner=Scanner(skew_deg=0.5), turns=0)
    assert measured.flags(Edge.FORE_EDGE) == measured.flags(Edge.SPINE) == (Flag.PERIODIC,)
    assert abs(measured.error(Edge.HEAD)) < 0.05 and abs(measured.error(Edge.TAIL)) < 0.05


@pytest.mark.parametrize("backing", [0.03, 0.3])
def test_a_folio_alone_is_never_measured(book: Book, backing: float) -> None:
    measured = book.measure(book.page_of(Kind.FOLIO_ONLY), cut=CUT, scanner=Scanner(backing=(backing,) * 3))
    for edge in Edge:
        assert measured.flags(edge)


@pytest.mark.parametrize(
    ("page", "lost"),
    [
        (1, (0, 51, 77, 102)),
        (1, (0, 0, 77, 51)),
        (2, (0, 0, 38, 102)),
    ],
    ids=["lower half", "upper half", "left half"],
)
def test_a_page_that_lost_half_its_print_still_is_that_page(
    book: Book, page: int, lost: tuple[float, float, float, float]
) -> None:
    measured = book.measure(page, Print(missing=(lost,), dx_mm=0.5), CUT)
    assert measured.result.reference_page == page
    for edge, observation in measured.offsets.items():
        if observation.value is not None:
            assert abs(measured.z(edge)) < 3
    assert any(o.value is not None for o in measured.offsets.values())


@pytest.mark.parametrize("kind", [Kind.RULED, Kind.DOT_GRID])
def test_a_page_that_fits_either_way_up_is_measured_when_it_is_known_how_it_lies(book: Book, kind: Kind) -> None:
    page = book.page_of(kind)
    for turns in (0, 2):
        scanner = Scanner(turns=turns)
        alone = book.measure(page, cut=CUT, scanner=scanner)
        assert all(o.value is None for o in alone.offsets.values())
        known = book.measure(page, cut=CUT, scanner=scanner, turns=turns)
        for edge, observation in known.offsets.items():
            assert observation.value is None or abs(known.error(edge)) < 0.05


@pytest.mark.parametrize(
    "size",
    [
        TRIM,
        MIDDLE_SIZE,
    ],
)
def test_a_tight_prior_shrinks_u_on_a_page_of_three_lines(tmp_path: Path, size: tuple[float, float]) -> None:
    sparse = make_book(tmp_path, [Kind.THREE_LINES, Kind.TEXT], size)
    registration = sparse.measure(1, cut=CUT).result.registration
    assert registration is not None
    tight = replace(registration.prior, sd_scale=3e-4, sd_anisotropy=3e-4, sd_shear=3e-4)
    known = registration.given(tight)
    at_tail, down = np.array([size[0] / 2, size[1]]), np.array([0.0, 1.0])
    wide_u, tight_u = registration.u_across(at_tail, down), known.u_across(at_tail, down)
    assert tight_u < 0.5 * wide_u
    assert max(abs(v) for v in known.linear()[:2]) < 3 * 3e-4
    near = np.array([size[0] / 2, 0.33 * size[1]])
    assert registration.u_across(near, down) < wide_u


def test_a_prior_taken_in_twice_counts_once(book: Book) -> None:
    registration = book.measure(1).result.registration
    assert registration is not None
    taught = Prior(0.001, 0.001, 0.0, 5e-4, 5e-4, 5e-4)
    once, twice = registration.given(taught), registration.given(taught).given(taught)
    assert once.to_px.matrix == pytest.approx(twice.to_px.matrix, abs=1e-9)
    assert isinstance(once, Registration) and once.covariance == pytest.approx(twice.covariance)
    back = once.given(Prior())
    assert back.to_px.matrix == pytest.approx(registration.to_px.matrix, abs=1e-9)


@pytest.mark.parametrize(
    "size",
    [
        TRIM,
        MIDDLE_SIZE,
    ],
    ids=["small", "middle"],
)
def test_three_lines_are_measured_within_their_u_or_not_at_all(tmp_path: Path, size: tuple[float, float]) -> None:
    sparse = make_book(tmp_path, [Kind.TEXT, Kind.THREE_LINES, Kind.THREE_LINES], size)
    for page, skew in ((2, -2.0), (2, 1.0), (3, -2.0), (3, 1.0)):
        measured = sparse.measure(page, cut=CUT, scanner=Scanner(skew_deg=skew))
        for edge, observation in measured.offsets.items():
            assert observation.value is None or abs(measured.z(edge)) < 3, (page, skew, edge)


@pytest.mark.parametrize("cut", [Cut(head_mm=3.6, tail_mm=-4.8), Cut(head_mm=-4.8, tail_mm=3.6)], ids=["tail", "head"])
@pytest.mark.parametrize("skew", [-1.5, 0.0])
def test_backing_inside_the_trim_does_not_move_rules_by_a_period(tmp_path: Path, cut: Cut, skew: float) -> None:
    ruled = make_book(tmp_path, [Kind.RULED], MIDDLE_SIZE)
    scanner = Scanner(skew_deg=skew, dpi=200.0, margin_mm=(-0.5, 8.0, 8.0, 8.0))
    measured = ruled.measure(1, cut=cut, scanner=scanner, turns=0)
    for edge in (Edge.HEAD, Edge.TAIL):
        assert abs(measured.error(edge)) < 0.1


def test_only_what_is_printed_of_a_page_is_compared(book: Book) -> None:
    page = book.reference.page(book.page_of(Kind.LINE_ART))
    level = prepare(page).levels[-1]
    whole = cv2.GaussianBlur(page.smooth, (0, 0), BLUR_PX[-1])
    left, top = (round(v) for v in page.to_smooth((0.0, 0.0)) - level.to_px((0.0, 0.0)))
    height, width = level.plane.shape
    assert height * width < 0.9 * whole.size
    assert level.plane == pytest.approx(whole[top : top + height, left : left + width], abs=1e-6)
    rows, cols = level.sums["var"].shape
    assert (rows * level.tile, cols * level.tile) == (height, width)
    assert level.sums["mean"][1, 1] == pytest.approx(level.plane[32:64, 32:64].mean(), abs=1e-6)
    outside = whole.copy()
    outside[top : top + height, left : left + width] = 1.0
    tiles = outside[: len(outside) // 32 * 32, : outside.shape[1] // 32 * 32].reshape(len(outside) // 32, 32, -1, 32)
    assert tiles.var(axis=(1, 3)).max() < 1e-4


def test_spectra_are_those_of_numpy_as_precise_as_the_plane() -> None:
    plane = np.random.default_rng(3).normal(size=(37, 50)).astype(np.float32)
    assert rfft2(plane, (40, 54)).dtype == rfft(plane, 54).dtype == np.complex64
    np.testing.assert_allclose(rfft2(plane, (40, 54)), np.fft.rfft2(plane, (40, 54)), atol=1e-4)
    np.testing.assert_allclose(rfft(plane, 54), np.fft.rfft(plane, 54, axis=1), atol=1e-5)
    assert [fast_length(n) for n in (1, 7, 241, 1000)] == [1, 8, 243, 1000]
