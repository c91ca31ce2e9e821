"""Bound copies: pages below are never taken for the page, and three edges are measured in spite of the gutter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_page import Book, Measured, make_book

from qc.edges.page_stack import Expected, Ground, lies_on_board, lies_on_others, lines_along, look
from qc.edges.profiles import segment_profiles, strip_along
from qc.flags import Flag
from qc.geometry import Affine, Edge, Side, away_from_spine
from qc.model import PageKind, ScanSettings
from qc.synthetic import Binding, Cut, Kind, Print, Scanner, draw_scan
from qc.synthetic.design import typeset
from qc.units import mm_per_px, px_per_mm

SIZE = (107.95, 174.5)
BOUND = ScanSettings(bound=True)
CUT = Cut(head_mm=1.1, tail_mm=-0.7, fore_edge_mm=0.5)
KINDS = [Kind.TEXT, Kind.TEXT, Kind.PICTURE, Kind.TEXT, Kind.BLEED_MIXED, Kind.RULED_BLEED, Kind.BLANK, Kind.TABLE]
STACKED = Binding(slope=0.6, stack_mm=(1.0, 0.0, 3.0), page_mm=0.2, shade=(0.5, 0.7), board_mm=3.0)
OPEN = Scanner(dpi=200.0, binding=STACKED, margin_mm=(25.0, 10.0, 14.0, 10.0), skew_deg=0.6)
JUDGED = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)
DPI = 150.0


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("bound"), KINDS, SIZE)


def within(measured: Measured, edges: tuple[Edge, ...] = JUDGED, limit_mm: float = 0.15) -> int:
    """How many of the edges were measured; each must be right."""
    values = [e for e in edges if measured.offsets[e].value is not None]
    for edge in values:
        assert abs(measured.error(edge)) < limit_mm, (edge, measured.error(edge))
    return len(values)


@pytest.mark.parametrize("page", [1, 2, 3])
@pytest.mark.parametrize("backing", [0.03, 0.3], ids=["black", "gray"])
def test_three_edges_of_a_page_in_its_book_are_measured(book: Book, page: int, backing: float) -> None:
    scanner = replace(OPEN, backing=(backing,) * 3, dpi=300.0 if page == 1 else 200.0)
    measured = book.measure(page, cut=CUT, scanner=scanner, settings=BOUND)
    assert measured.result.reference_page == page
    assert measured.flags(Edge.SPINE) == (Flag.BOUND,)
    assert within(measured) == 3
    lines = [line for line in measured.result.lines if line.ends is not None]
    assert all(line.u_shape_mm >= 0.05 for line in lines)


@pytest.mark.parametrize("slope", [0.1, 0.8])
@pytest.mark.parametrize("lens_mm", [float("inf"), 350.0], ids=["contact", "lens"])
def test_the_bend_into_the_gutter_moves_no_edge(book: Book, slope: float, lens_mm: float) -> None:
    binding = Binding(bend_mm=24.0, slope=slope, lens_mm=lens_mm, stack_mm=(0.0, 0.0, 0.0))
    measured = book.measure(1, cut=CUT, scanner=replace(OPEN, binding=binding), settings=BOUND)
    assert within(measured, limit_mm=0.08) == 3


@pytest.mark.parametrize("spine_margin_mm", [-1.0, 50.0])
@pytest.mark.parametrize("page", [1, 2])
def test_the_page_is_found_whatever_lies_beyond_the_gutter(book: Book, page: int, spine_margin_mm: float) -> None:
    scanner = replace(OPEN, margin_mm=(spine_margin_mm, 8.0, 12.0, 8.0), skew_deg=-1.5)
    measured = book.measure(page, Print(dx_mm=1.0, dy_mm=-1.0), CUT, scanner, settings=BOUND)
    assert measured.result.reference_page == page
    assert within(measured, limit_mm=0.25) >= 2


@pytest.mark.parametrize("stack_mm", [(0.2, 0.4, 0.6), (1.0, 1.5, 4.0)], ids=["narrow", "wide"])
@pytest.mark.parametrize("shade", [(0.5, 0.7), (0.8, 0.97)], ids=["dark pages", "bright pages"])
@pytest.mark.parametrize("page_mm", [0.1, 0.25])
def test_pages_below_are_seen_or_nothing_is_measured(
    book: Book, stack_mm: tuple[float, float, float], shade: tuple[float, float], page_mm: float
) -> None:
    binding = Binding(stack_mm=stack_mm, shade=shade, page_mm=page_mm, slope=0.3)
    scanner = replace(OPEN, binding=binding, margin_mm=(20.0, 10.0, 16.0, 10.0))
    seen = within(book.measure(2, cut=CUT, scanner=scanner, settings=BOUND), limit_mm=0.25)
    # Bright pages less than half a millimeter beyond the leaf may hide all of its edges.
    assert seen >= (2 if stack_mm[0] == 1.0 else 1 if shade[0] == 0.5 else 0)


def test_a_picture_that_bleeds_hides_the_edge_of_its_page(book: Book) -> None:
    scanner = replace(OPEN, binding=Binding(stack_mm=(1.5, 1.5, 6.0)), margin_mm=(20.0, 10.0, 16.0, 10.0))
    within(book.measure(book.page_of(Kind.BLEED_MIXED), cut=CUT, scanner=scanner, settings=BOUND), limit_mm=0.25)


def test_a_blank_page_in_its_book_is_blank(book: Book) -> None:
    measured = book.measure(book.page_of(Kind.BLANK), cut=CUT, scanner=OPEN, settings=BOUND)
    assert measured.result.ink is not None and measured.result.ink.kind is PageKind.BLANK


@pytest.mark.parametrize("settings", [BOUND, ScanSettings(bound=True, backing="white")])
def test_a_bound_copy_on_white_is_not_measured(book: Book, settings: ScanSettings) -> None:
    measured = book.measure(1, cut=CUT, scanner=replace(OPEN, backing=(0.9,) * 3), settings=settings)
    for edge in JUDGED:
        assert measured.flags(edge)


@pytest.mark.parametrize("stack_mm", [0.8, 3.0])
@pytest.mark.parametrize("page", [1, 2])
def test_a_copy_not_stated_as_bound_gives_no_wrong_number(book: Book, page: int, stack_mm: float) -> None:
    binding = Binding(stack_mm=(0.0, stack_mm, stack_mm), slope=0.2)
    measured = book.measure(page, cut=CUT, scanner=replace(OPEN, binding=binding))
    assert measured.offsets[Edge.FORE_EDGE].value is None
    assert within(measured) >= 1


@pytest.mark.parametrize("kind", [Kind.BLEED_MIXED, Kind.RULED_BLEED, Kind.TABLE, Kind.TEXT])
@pytest.mark.parametrize("cut_mm", [-3.0, 2.5])
def test_print_near_a_cut_is_no_page_below(book: Book, kind: Kind, cut_mm: float) -> None:
    measured = book.measure(book.page_of(kind), cut=Cut(cut_mm, cut_mm, cut_mm, cut_mm))
    assert Flag.OUTSIDE_NOT_BACKING not in [f for o in measured.offsets.values() for f in o.flags]
    # The lines of a ruled page tell no place along themselves.
    assert within(measured) >= {Kind.TABLE: 3, Kind.TEXT: 3, Kind.BLEED_MIXED: 1, Kind.RULED_BLEED: 0}[kind]


def strip_with(lines: dict[float, float], slope: float = 0.0, noise: float = 0.01) -> np.ndarray:
    """A sheet with steps in tone beside its right edge (px inside it -> step outward), on black."""
    light = np.full((900, 200), 0.8, np.float32)
    x, y = np.meshgrid(np.arange(200), np.arange(900))
    for inside, step in lines.items():
        light += 0.8 * step * np.clip(x - (150 - inside) - slope * (y - 450) + 0.5, 0, 1)
    light[:, 150:] = 0.03
    return (light + np.random.default_rng(0).normal(0, noise, light.shape)).astype(np.float32)


RIGHT = np.array([[149.5, 10.0], [149.5, 889.0]])


@pytest.mark.parametrize("step", [-0.3, -0.07])
@pytest.mark.parametrize("slope", [0.0, 0.004])
def test_a_line_along_the_whole_edge_counts(step: float, slope: float) -> None:
    assert lies_on_others(strip_with({12: step}, slope), RIGHT, DPI, 0.8, None)


@pytest.mark.parametrize("lines", [{}, {12: 0.015}, {60: -0.3}], ids=["none", "too faint", "too far in"])
def test_a_plain_sheet_lies_on_nothing(lines: dict[float, float]) -> None:
    assert not lies_on_others(strip_with(lines), RIGHT, DPI, 0.8, None)


@pytest.mark.parametrize(
    ("board", "width_px", "wavy_px", "expected"),
    [(0.3, 70, 0.0, True), (0.3, 70, 12.0, False), (0.65, 70, 0.0, False), (0.3, 0, 0.0, False)],
    ids=["board", "a picture's uneven border", "gray paper", "no board"],
)
def test_the_edge_of_a_cover_board_is_not_that_of_its_page(
    board: float, width_px: int, wavy_px: float, expected: bool
) -> None:
    light = strip_with({})
    for y in range(900):
        begins = 150 - width_px - int(wavy_px * np.sin(y / 40.0))
        light[y, begins : 150 if width_px else begins] = board
    assert lies_on_board(light, RIGHT, DPI, 0.8) is expected


def test_a_white_rim_beside_a_picture_is_no_page_below() -> None:
    light = strip_with({4: 1.0})
    light[:, :146] = 0.4
    light[:, 146:150] = 0.8
    assert not lies_on_others(light, RIGHT, DPI, 0.8, None)
    light[:, 148:150] = 0.6
    light[:, 146:148] = 0.7
    assert lies_on_others(light, RIGHT, DPI, 0.8, None)


def test_a_line_over_half_of_the_edge_is_print() -> None:
    light = strip_with({12: -0.3})
    light[450:, :150] = 0.8
    assert not lies_on_others(light, RIGHT, DPI, 0.8, None)


def test_a_line_that_was_ordered_is_no_page_below() -> None:
    light = strip_with({12: -0.3})
    ordered = np.ones((900, 200), np.float32)
    ordered[:, 138:] = 0.7
    assert lies_on_others(light, RIGHT, DPI, 0.8, Expected(lambda: np.ones_like(ordered), Affine.shift(0, 0)))
    assert not lies_on_others(light, RIGHT, DPI, 0.8, Expected(lambda: ordered, Affine.shift(0, 0)))


def test_lines_come_from_inside_out_with_place_and_sign() -> None:
    strip, _ = strip_along(strip_with({30: -0.2, 10: 0.1}, 0.003, 0.002), RIGHT, 48, 0)
    profiles, centers = segment_profiles(strip)
    lines = lines_along(profiles[:, :44] / 0.8, np.ones(profiles[:, :44].shape, bool), centers, 0.006)
    assert [line.at for line in lines] == pytest.approx([17.5, 37.5], abs=1.0)
    assert lines[0].step == pytest.approx(-0.2, abs=0.06) and lines[1].step == pytest.approx(0.1, abs=0.04)
    # Rows of a strip lie further out the further they are from the first.
    assert all(abs(line.slope) == pytest.approx(0.003, abs=0.0015) for line in lines)


def test_a_page_goes_on_where_it_is_bare_or_printed_as_ordered() -> None:
    rng = np.random.default_rng(1)
    print_ = np.clip(rng.normal(0.5, 0.2, (60, 30)), 0, 1)
    ordered = np.hstack([np.ones((60, 15)), print_])
    seen = ordered.copy()
    seen[:, 30:] = 0.9
    bare = np.ones(seen.shape, bool)
    bare[:, 12:] = False
    known = Ground(0.8 * seen, np.arange(60.0), bare, ordered).known()
    assert known[:26].all() and not known[34:].any()


def test_without_an_order_all_that_is_visible_is_bare() -> None:
    strip, to_image = strip_along(strip_with({}), RIGHT, 20, 100)
    ground = look(strip, to_image, None)
    assert ground.bare[:, :60].all() and not ground.bare[:, -20:].any() and ground.ordered is None


def test_the_spine_side_is_left_out() -> None:
    assert away_from_spine(Side.RECTO, 100.0, 20.0) == (20.0, 100.0)
    assert away_from_spine(Side.VERSO, 100.0, 20.0) == (0.0, 80.0)


@pytest.mark.parametrize("number", [1, 2])
def test_a_page_is_drawn_flat_up_to_its_bend_and_shorter_in_it(number: int) -> None:
    """Dots 5 mm apart: as far apart as printed where the page is flat, closer toward the gutter."""
    design = typeset([Kind.DOT_GRID] * 2, trim_mm=SIZE, bleed=True)[number - 1]
    binding = Binding(bend_mm=20.0, slope=0.8, stack_mm=(0.0, 0.0, 0.0), dark_mm=1e6)
    scanner = Scanner(binding=binding, margin_mm=(10.0, 8.0, 8.0, 8.0), mode="gray", shot=0.0, read=0.0, texture=0.0)
    image, truth = draw_scan(design, Print(), Cut(roughness_mm=0.0), scanner, np.random.default_rng(0))
    y = truth.to_scan[1, :2] @ (0.0, 76.825) + truth.to_scan[1, 2]
    start, end = sorted(truth.corners_px[[0, 1], 0])
    rows = image[round(y) - 30 : round(y) + 31].astype(float).min(axis=0)
    dark = np.flatnonzero((rows[1:-1] < 160) & (rows[1:-1] <= rows[:-2]) & (rows[1:-1] < rows[2:])) + 1
    dark = dark[(dark > start + 6) & (dark < end - 6)]
    gaps = np.diff(dark) * mm_per_px(300)
    gaps = gaps if design.recto else gaps[::-1]
    assert gaps[-12:] == pytest.approx(5.0, abs=0.1)
    assert gaps[0] < 4.4
    fore_edge = truth.corners_px[1 if design.recto else 0, 0]
    across = image[image.shape[0] // 2 - 200].astype(float)
    assert abs(int(np.argmax(np.abs(np.diff(across[round(fore_edge) - 20 : round(fore_edge) + 20])))) - 19.5) <= 1.5
    assert px_per_mm(300) * 8 == pytest.approx(
        fore_edge + 0.5 if not design.recto else image.shape[1] - fore_edge - 0.5, abs=2
    )


def test_a_dark_page_beside_a_blank_one_is_not_blank(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Printed all over, it looks like the backing; the bright page beyond the gutter is not taken for it."""
    dark = make_book(tmp_path_factory.mktemp("dark"), [Kind.BLEED_DARK, Kind.TEXT], SIZE)
    scanner = replace(OPEN, binding=replace(STACKED, stack_mm=(0.0, 0.0, 0.0)), margin_mm=(45.0, 10.0, 14.0, 10.0))
    ink = dark.measure(1, cut=CUT, scanner=scanner, settings=BOUND).result.ink
    assert ink is not None and ink.kind is PageKind.CONTENT
