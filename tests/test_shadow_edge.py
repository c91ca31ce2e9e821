"""Cut edges on a white lid: measured by their shadow, each with a u that covers it, or refused with a reason."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn_page import Book, Measured, make_book
from numpy.typing import NDArray

from qc.edges.shadow_model import INSIDE_PX, OUTSIDE_PX, fit_profile
from qc.edges.white_backing import U_SHAPE_MM, find_shadow_edge
from qc.flags import Flag
from qc.geometry import Edge
from qc.synthetic import Cut, Kind, Scanner, sample_conditions
from qc.units import mm_per_px

ALL_ROUND = ("left", "top", "right", "bottom")
LID = Scanner(
    backing=(0.85, 0.85, 0.85), shadow_edges=ALL_ROUND, shadow_depth=0.35, shadow_mm=0.5, rim_depth=0.03, blur_px=0.7
)
CUT = Cut(head_mm=1.1, tail_mm=-0.7, spine_mm=0.3, fore_edge_mm=-2.5)


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    kinds = [Kind.TEXT, Kind.PICTURE, Kind.BLEED_BRIGHT, Kind.BLEED_MIXED, Kind.TABLE, Kind.TEXT]
    return make_book(tmp_path_factory.mktemp("lid"), kinds)


def right_or_refused(measured: Measured, edge: Edge) -> bool:
    """Whether there is a number; if so, it is right and its u covers it."""
    if measured.offsets[edge].value is None:
        assert set(measured.flags(edge)) & {
            Flag.WHITE_BACKING,
            Flag.EDGE_NOT_FOUND,
            Flag.OUTSIDE_NOT_BACKING,
            Flag.U_TOO_LARGE,
            Flag.SPARSE,
        }
        return False
    assert abs(measured.error(edge)) < 0.25
    assert abs(measured.z(edge)) < 2
    return True


@pytest.mark.parametrize("shape", ["exponential", "gaussian", "linear", "double", "plateau"])
@pytest.mark.parametrize("page", [1, 2])
def test_a_shadow_line_of_any_shape_gives_the_cut(book: Book, page: int, shape: str) -> None:
    measured = book.measure(page, cut=CUT, scanner=replace(LID, shadow_shape=shape, skew_deg=0.7 * page))
    assert sum(right_or_refused(measured, edge) for edge in Edge) >= 3
    for edge in Edge:
        observation = measured.offsets[edge]
        if observation.value is not None:
            assert abs(measured.error(edge)) < 0.1
            assert observation.detail["u_system"] == U_SHAPE_MM
            assert U_SHAPE_MM <= (observation.u or 0) < 0.17


def test_edges_are_found_under_all_conditions(book: Book) -> None:
    errors, visible = [], 0
    for seed in range(8):
        rng = np.random.default_rng([47, seed])
        printed, cut, scanner = sample_conditions(rng, "white", (200.0, 300.0)[seed % 2], 2.5)
        scanner = replace(scanner, shadow_edges=ALL_ROUND, distortion_px=0.0, wobble_px=0.0)
        measured = book.measure((1, 2, 5, 6)[seed % 4], printed=printed, cut=cut, scanner=scanner, seed=seed)
        visible += 4
        errors += [measured.error(edge) for edge in Edge if right_or_refused(measured, edge)]
    assert len(errors) > 0.8 * visible
    assert np.quantile(np.abs(errors), 0.95) < 0.12


@pytest.mark.parametrize("page", [3, 4])
@pytest.mark.parametrize(("offset_mm", "least"), [(-1.0, 3), (1.5, 2), (3.0, 0), (4.0, 0), (5.5, 3)])
def test_the_end_of_the_bleed_is_not_the_cut(book: Book, page: int, offset_mm: float, least: int) -> None:
    """Where the picture ends 3.175 mm beyond the trim line and the cut lies beside it, both may be refused."""
    measured = book.measure(page, cut=Cut(offset_mm, offset_mm, offset_mm, offset_mm), scanner=LID)
    assert measured.result.registration is not None
    assert sum(right_or_refused(measured, edge) for edge in Edge) >= least


@pytest.mark.parametrize("stack_mm", [1.0, 2.0, 3.0, 6.0])
def test_the_far_side_of_a_stack_is_not_the_cut(book: Book, stack_mm: float) -> None:
    scanner = replace(LID, stack_mm=stack_mm, margin_mm=(8.0, 8.0, 8.0 + stack_mm, 8.0), shadow_edges=("top", "bottom"))
    measured = book.measure(1, cut=CUT, scanner=scanner)
    right_or_refused(measured, Edge.FORE_EDGE)
    for edge in (Edge.HEAD, Edge.TAIL):
        assert right_or_refused(measured, edge)


@pytest.mark.parametrize("page", [1, 5])
def test_a_lid_as_bright_as_the_paper_without_a_shadow_gives_a_right_number_or_none(book: Book, page: int) -> None:
    scanner = Scanner(backing=(0.83, 0.83, 0.83), mode="gray", exposure=1.0)
    for level in (0.82, 0.83, 0.84):
        measured = book.measure(page, cut=CUT, scanner=replace(scanner, backing=(level,) * 3))
        for edge in Edge:
            right_or_refused(measured, edge)


def test_clipped_white_gives_no_number(book: Book) -> None:
    measured = book.measure(1, cut=CUT, scanner=replace(LID, exposure=0.7, shadow_depth=0.15))
    for edge in Edge:
        assert measured.flags(edge) == (Flag.WHITE_BACKING,)


@pytest.mark.parametrize("trouble", [{"dust": 300}, {"falloff": 0.05, "gradient": 0.05}, {"quality": 60}], ids=str)
def test_dust_lamp_and_jpeg_do_not_move_an_edge(book: Book, trouble: dict[str, object]) -> None:
    measured = book.measure(1, cut=CUT, scanner=replace(LID, **trouble))
    for edge in Edge:
        assert right_or_refused(measured, edge)
        assert abs(measured.error(edge)) < 0.1


def drawn_edge(lid: float = 0.86, shadow: float = 0.3, row: float = 60.3) -> NDArray[np.float32]:
    """Paper above `row`, a lid below it with an exponential shadow, at 150 dpi."""
    fine = (np.arange(160 * 20) + 0.5) / 20 - 0.5 - row
    light = np.where(fine < 0, 0.83 * (1 - 0.02 * np.exp(fine / 1.5)), lid * (1 - shadow * np.exp(-fine / 3)))
    line = cv2.GaussianBlur(light.reshape(-1, 1), (0, 0), sigmaX=1e-3, sigmaY=12).reshape(160, 20).mean(axis=1)
    noise = np.random.default_rng(5).normal(0, 0.004, (160, 700))
    return np.asarray(line[:, None] + noise, np.float32)


def test_a_scanner_profile_takes_its_bias_off_and_states_its_own_u() -> None:
    light = drawn_edge()
    guess = np.array([[680.0, 55.0], [20.0, 55.0]])
    plain = find_shadow_edge(light, guess, 150.0)
    assert plain.ends is not None
    assert plain.ends[:, 1] == pytest.approx([60.3, 60.3], abs=0.3)
    assert plain.u_shape_mm == U_SHAPE_MM
    known = find_shadow_edge(light, guess, 150.0, bias_mm=0.05, u_shape_mm=0.03)
    assert known.ends is not None
    # Outward is down here; a fit that lies too far out is moved back up.
    assert (plain.ends - known.ends)[:, 1] * mm_per_px(150.0) == pytest.approx([0.05, 0.05])
    assert known.u_shape_mm == 0.03 and known.u_px == plain.u_px


def test_an_edge_beside_the_frame_is_not_measured() -> None:
    line = find_shadow_edge(drawn_edge()[:62], np.array([[680.0, 55.0], [20.0, 55.0]]), 150.0)
    assert line.ends is None and line.flag in (Flag.CROPPED, Flag.WHITE_BACKING)


def test_an_empty_lid_has_no_edge() -> None:
    light = np.random.default_rng(0).normal(0.85, 0.004, (160, 700)).astype(np.float32)
    line = find_shadow_edge(light, np.array([[680.0, 55.0], [20.0, 55.0]]), 150.0)
    assert line.ends is None and line.flag is Flag.WHITE_BACKING


def profile(lid: float, shadow: float, at: float = 0.4) -> NDArray[np.float64]:
    """The window of a drawn edge, its cut at `at`."""
    clean = drawn_edge(lid, shadow, 60 + at).mean(axis=1).astype(float)
    return clean[60 - INSIDE_PX : 60 + OUTSIDE_PX + 1]


@pytest.mark.parametrize("at", [-1.3, 0.0, 0.4, 1.7])
def test_a_dark_line_fixes_the_cut_to_a_fraction_of_a_pixel(at: float) -> None:
    fit = fit_profile(profile(0.86, 0.3, at))
    assert fit.position_px == pytest.approx(at, abs=0.15)
    assert fit.u_px < 0.3
    assert fit.misfit < 2


def test_brightness_that_only_rises_says_less() -> None:
    rising, dark = fit_profile(profile(0.93, 0.1)), fit_profile(profile(0.93, 0.4))
    assert rising.u_px > 2 * dark.u_px


def test_a_level_profile_says_nothing() -> None:
    assert fit_profile(np.full(INSIDE_PX + OUTSIDE_PX + 1, 0.83)).u_px > 1
