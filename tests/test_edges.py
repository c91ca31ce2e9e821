"""Cut edges: found where they were drawn, with an honest u, and never where they cannot be seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_page import TRIM, Book, loaded, make_book

from qc.edges.dark_backing import U_SHAPE_MM, EdgeLine, Sheet, find_edge, find_sheet
from qc.flags import Flag
from qc.geometry import Edge
from qc.model import ScanSettings
from qc.normalize.page_image import PageImage
from qc.synthetic import Cut, Kind, Print, Scanner, Truth, draw_scan, sample_conditions
from qc.synthetic.design import typeset
from qc.units import mm_per_px

SIDES = ((3, 0), (0, 1), (1, 2), (2, 3))
BLACK, GRAY, WHITE = (0.03, 0.03, 0.03), (0.3, 0.3, 0.3), (0.85, 0.85, 0.85)
CUT = Cut(head_mm=1.1, tail_mm=-0.7, spine_mm=0.3, fore_edge_mm=0.5)
ALL_ROUND = ("left", "top", "right", "bottom")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    kinds = [Kind.TEXT, Kind.PICTURE, Kind.BLEED_DARK, Kind.TEXT]
    return make_book(tmp_path_factory.mktemp("edges"), kinds)


def found(image: PageImage, stated: str = "auto") -> tuple[Sheet, list[EdgeLine]]:
    sheet = find_sheet(image.luminance, (image.dpi.x_dpi, image.dpi.y_dpi), stated)
    assert sheet.corners is not None, sheet.backing
    return sheet, [find_edge(image.luminance, sheet.corners[[a, b]], sheet.backing, image.dpi.x_dpi) for a, b in SIDES]


def outward_mm(line: EdgeLine, side: int, truth: Truth, image: PageImage) -> float:
    """How far outside the true edge the line lies, at the middle of the edge."""
    assert line.ends is not None, line.flag
    a, b = (truth.corners_px[i] for i in SIDES[side])
    along = (b - a) / np.hypot(*(b - a))
    middle = (a + b) / 2
    start, end = image.to_scan(line.ends)
    at = start + ((middle - start) @ along) / ((end - start) @ along) * (end - start)
    return float((at - middle) @ np.array([along[1], -along[0]])) * mm_per_px(truth.scanner.dpi)


@pytest.mark.parametrize("backing", ["black", "gray"])
def test_edges_lie_where_they_were_cut_and_u_is_honest(tmp_path: Path, backing: str) -> None:
    errors, us = [], []
    pages = typeset([Kind.TEXT, Kind.PICTURE], trim_mm=TRIM)
    for seed, skew in enumerate((-5.0, -2.0, -0.3, 0.0, 1.0, 3.0, 5.0, 0.4)):
        rng = np.random.default_rng([31, seed])
        printed, cut, scanner = sample_conditions(rng, backing, (200.0, 300.0)[seed % 2])
        # Local distortion moves print and edge alike; that an edge alone cannot know.
        scanner = replace(
            scanner, skew_deg=skew, distortion_px=0.0, wobble_px=0.0, format=("jpeg", "tiff")[seed // 2 % 2]
        )
        picture, truth = draw_scan(pages[seed % 2], printed, cut, scanner, rng)
        image = loaded(tmp_path / str(seed), picture, scanner)
        sheet, lines = found(image)
        assert sheet.backing.kind in ("black", "gray")
        assert sheet.angle_deg == pytest.approx(skew, abs=0.4)
        errors += [outward_mm(line, side, truth, image) for side, line in enumerate(lines)]
        us += [line.u_px * mm_per_px(image.dpi.x_dpi) for line in lines]
    z = np.array(errors) / np.hypot(us, U_SHAPE_MM)
    assert np.abs(errors).max() < 0.05
    assert np.abs(z).max() < 3
    assert 0.3 < np.sqrt((z**2).mean()) < 1.5
    assert abs(np.mean(errors)) < 0.02


@pytest.mark.parametrize("taper", [-1.2, 1.2])
def test_a_cut_that_is_not_square_is_followed(tmp_path: Path, taper: float) -> None:
    cut = replace(CUT, taper_mm=(taper, -taper, 0.0, taper))
    picture, truth = draw_scan(typeset([Kind.TEXT], trim_mm=TRIM)[0], Print(), cut, Scanner(), np.random.default_rng(1))
    image = loaded(tmp_path / "p", picture, Scanner())
    for side, line in enumerate(found(image)[1]):
        assert abs(outward_mm(line, side, truth, image)) < 0.05


def test_a_dark_sheet_on_a_gray_backing_still_is_a_sheet(book: Book, tmp_path: Path) -> None:
    page = book.title.pages[book.page_of(Kind.BLEED_DARK) - 1]
    scanner = Scanner(backing=(0.5, 0.5, 0.5))
    picture, truth = draw_scan(page, Print(), Cut(), scanner, np.random.default_rng(0))
    image = loaded(tmp_path / "p", picture, scanner)
    sheet, _ = found(image)
    assert sheet.corners is not None
    assert np.abs(image.to_scan(sheet.corners) - truth.corners_px).max() * mm_per_px(300) < 1.5


@pytest.mark.parametrize("level", [0.01, 0.03, 0.06])
def test_a_dark_picture_on_a_dark_backing_gives_no_wrong_edge(book: Book, level: float) -> None:
    page = book.page_of(Kind.BLEED_DARK)
    measured = book.measure(page, cut=Cut(-0.5, -0.5, -0.5, -0.5), scanner=Scanner(backing=(level,) * 3))
    values = {e: measured.error(e) for e, o in measured.offsets.items() if o.value is not None}
    assert all(abs(error) < 0.15 for error in values.values()), values
    assert len(values) < 4
    for edge, observation in measured.offsets.items():
        if edge not in values:
            assert set(observation.flags) & {Flag.EDGE_NOT_FOUND, Flag.DARK_PAGE, Flag.NOT_REGISTERED}


@pytest.mark.parametrize("level", [0.75, 0.85, 0.95])
def test_a_white_lid_without_a_shadow_gives_a_right_number_or_none(book: Book, level: float) -> None:
    measured = book.measure(1, cut=CUT, scanner=Scanner(backing=(level,) * 3))
    assert measured.result.registration is not None
    for edge in Edge:
        if measured.offsets[edge].value is None:
            assert measured.flags(edge)[0] in (Flag.WHITE_BACKING, Flag.EDGE_NOT_FOUND)
        else:
            assert abs(measured.error(edge)) < 0.25 and abs(measured.z(edge)) < 2


def test_what_the_operator_says_of_the_backing_counts(book: Book) -> None:
    measured = book.measure(1, cut=CUT, settings=ScanSettings(backing="cropped"))
    assert [measured.flags(edge) for edge in Edge] == [(Flag.CROPPED,)] * 4
    # Backing is seen at the frame, whatever is said: no bound.
    assert not any("cut_beyond_mm" in o.detail for o in measured.offsets.values())
    measured = book.measure(1, cut=CUT, settings=ScanSettings(backing="white"))
    for edge in Edge:
        assert abs(measured.error(edge)) < 0.1
        assert (measured.offsets[edge].u or 0) > 0.13


@pytest.mark.parametrize("skew", [0.0, 0.8])
@pytest.mark.parametrize("crop_mm", [0.2, 1.0, 2.0])
def test_a_frame_within_the_paper_bounds_the_cut_from_inside(book: Book, crop_mm: float, skew: float) -> None:
    scanner = Scanner(margin_mm=(-crop_mm,) * 4, skew_deg=skew)
    measured = book.measure(1, cut=CUT, scanner=scanner, settings=ScanSettings(backing="cropped"))
    bounds = {e: o.detail["cut_beyond_mm"] for e, o in measured.offsets.items() if "cut_beyond_mm" in o.detail}
    assert len(bounds) == 4 or skew
    for edge, bound in bounds.items():
        assert measured.flags(edge) == (Flag.CROPPED,)
        # The crop is that of the bounding box; a skewed edge lies nearer to the frame in its middle.
        assert 0 < measured.truth.offsets_mm[edge] - bound < crop_mm + 0.3


def test_a_picture_at_the_frame_gives_no_wrong_bound(book: Book) -> None:
    page = book.page_of(Kind.BLEED_DARK)
    scanner = Scanner(margin_mm=(-1, -1, -1, -1))
    measured = book.measure(page, cut=CUT, scanner=scanner, settings=ScanSettings(backing="cropped"))
    bounds = {e: o.detail["cut_beyond_mm"] for e, o in measured.offsets.items() if "cut_beyond_mm" in o.detail}
    assert len(bounds) < 4
    assert all(bound < measured.truth.offsets_mm[edge] for edge, bound in bounds.items())


@pytest.mark.parametrize("backing", [BLACK, GRAY])
@pytest.mark.parametrize("margin_mm", [-2.0, -0.5, 0.0])
@pytest.mark.parametrize(("side", "edge"), list(enumerate((Edge.SPINE, Edge.HEAD, Edge.FORE_EDGE, Edge.TAIL))))
def test_a_cropped_side_gives_no_number_and_the_others_do(
    book: Book, side: int, edge: Edge, margin_mm: float, backing: tuple[float, float, float]
) -> None:
    margins = [8.0, 8.0, 8.0, 8.0]
    margins[side] = margin_mm
    scanner = Scanner(margin_mm=(margins[0], margins[1], margins[2], margins[3]), backing=backing)
    measured = book.measure(1, cut=CUT, scanner=scanner)
    assert measured.flags(edge)[0] in (Flag.CROPPED, Flag.EDGE_NOT_FOUND)
    for other in set(Edge) - {edge}:
        assert abs(measured.error(other)) < 0.05


@pytest.mark.parametrize("skew", [0.0, 2.0])
def test_a_scan_with_hardly_any_backing_gives_a_right_number_or_none(book: Book, skew: float) -> None:
    # Corners of backing show on a skewed sheet; a straight one looks as if it lay on white.
    measured = book.measure(1, cut=CUT, scanner=Scanner(margin_mm=(-1, -1, -1, -1), skew_deg=skew))
    assert measured.result.registration is not None
    for edge in Edge:
        if skew and measured.offsets[edge].value is not None:
            assert abs(measured.error(edge)) < 0.1
        else:
            assert measured.flags(edge)[0] in (Flag.CROPPED, Flag.WHITE_BACKING, Flag.EDGE_NOT_FOUND)


@pytest.mark.parametrize("stack_mm", [1.0, 3.0, 6.0])
@pytest.mark.parametrize("page", [1, 2])
def test_the_pages_below_a_leaf_are_not_taken_for_it(book: Book, page: int, stack_mm: float) -> None:
    margins = (8.0, 8.0, 8.0 + stack_mm, 8.0) if page % 2 else (8.0 + stack_mm, 8.0, 8.0, 8.0)
    measured = book.measure(page, cut=CUT, scanner=Scanner(stack_mm=stack_mm, margin_mm=margins))
    assert measured.offsets[Edge.FORE_EDGE].value is None
    for edge in (Edge.HEAD, Edge.TAIL, Edge.SPINE):
        assert abs(measured.error(edge)) < 0.05


@pytest.mark.parametrize("backing", [BLACK, GRAY])
@pytest.mark.parametrize(
    "trouble",
    [
        {"dust": 300},
        {"shadow_edges": ALL_ROUND, "shadow_depth": 0.6, "shadow_mm": 1.2, "shadow_shape": "plateau"},
        {"shadow_edges": ("right", "bottom"), "shadow_depth": 0.6, "shadow_mm": 1.0, "shadow_shape": "gaussian"},
        {"rim_depth": 0.08, "rim_mm": 0.4},
        {"glare": 0.3, "falloff": 0.05},
        {"quality": 60},
    ],
    ids=["dust", "plateau shadow", "soft shadow", "dark rim", "glare", "coarse jpeg"],
)
def test_dust_and_shadow_do_not_move_an_edge(
    book: Book, trouble: dict[str, object], backing: tuple[float, float, float]
) -> None:
    measured = book.measure(1, cut=CUT, scanner=replace(Scanner(backing=backing), **trouble))
    for edge in Edge:
        assert abs(measured.error(edge)) < 0.05
        assert abs(measured.z(edge)) < 3


def test_a_dog_ear_does_not_move_the_edges(book: Book) -> None:
    measured = book.measure(1, cut=replace(CUT, dog_ear_mm=12.0))
    for edge in Edge:
        assert abs(measured.error(edge)) < 0.05


def test_a_ruler_at_the_fore_edge_is_no_backing(book: Book) -> None:
    measured = book.measure(1, cut=CUT, scanner=Scanner(ruler=True, margin_mm=(8, 8, 30, 8)))
    assert measured.offsets[Edge.FORE_EDGE].value is None or abs(measured.error(Edge.FORE_EDGE)) < 0.05
    for edge in (Edge.HEAD, Edge.TAIL, Edge.SPINE):
        assert abs(measured.error(edge)) < 0.05


def test_a_strip_of_paper_beside_a_picture_is_measured_right_or_not_at_all(tmp_path: Path) -> None:
    strip = make_book(tmp_path, [Kind.BLEED_MIXED, Kind.TEXT])
    measured = strip.measure(1, cut=Cut(spine_mm=0.6), scanner=Scanner(backing=GRAY))
    observation = measured.offsets[Edge.SPINE]
    assert observation.value is None or abs(measured.z(Edge.SPINE)) < 3


def test_the_smallest_step_that_counts_is_at_the_frame() -> None:
    """Less than half a millimeter of backing is no proof that the paper ends there."""
    light = np.full((400, 300), 0.03, np.float32)
    light[40:360, :298] = 0.8
    sheet = find_sheet(light, (150.0, 150.0))
    assert sheet.corners is not None
    right = find_edge(light, sheet.corners[[1, 2]], sheet.backing, 150.0)
    top = find_edge(light, sheet.corners[[0, 1]], sheet.backing, 150.0)
    assert right.ends is None and right.flag in (Flag.CROPPED, Flag.EDGE_NOT_FOUND)
    assert top.ends is not None
    # A step sharper than any scanner's leaves up to a tenth of a pixel between two samples.
    assert top.ends[:, 1] == pytest.approx([39.5, 39.5], abs=0.1)


def test_an_empty_glass_has_no_sheet() -> None:
    empty = np.random.default_rng(0).normal(0.03, 0.002, (600, 400)).astype(np.float32)
    assert find_sheet(empty, (150.0, 150.0)).corners is None


def test_a_dark_page_on_a_dark_backing_asks_for_a_lighter_one(book: Book) -> None:
    dark = book.measure(3, scanner=Scanner(backing=BLACK))
    refused = [o.flags for o in dark.offsets.values() if o.value is None]
    assert len(refused) >= 2 and set(refused) == {("dark-page",)}
    light = book.measure(3, scanner=Scanner(backing=GRAY))
    assert all("dark-page" not in o.flags or o.value is None for o in light.offsets.values())
    text = book.measure(1, scanner=Scanner(backing=BLACK))
    assert all(o.value is not None for o in text.offsets.values())
