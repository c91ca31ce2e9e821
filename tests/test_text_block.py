"""Lines, sides and turn of the print on one page, against where it was drawn."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from qc.edges.dark_backing import find_sheet
from qc.features.own_page import own_lines, own_page
from qc.features.text_lines import find_text
from qc.geometry import Affine, Side, Size
from qc.model import Resolution
from qc.normalize.page_image import PageImage, srgb_to_linear
from qc.synthetic import Cut, Kind, Print, Scanner, draw_scan
from qc.synthetic.design import typeset
from qc.units import px_per_mm

PAGE = Size(120.0, 180.0)
DPI = 150.0
SCALE = px_per_mm(DPI)
TO_PX = Affine.shift(-0.5, -0.5).after(Affine.scaling(SCALE))


def set_page(
    ragged: bool = False, turn_deg: float = 0.0, lines: int = 30, seed: int = 5101, left_mm: float = 18.0
) -> NDArray[np.float32]:
    """A page of gray words: lines of 90 mm from `left_mm`, 5 mm apart, the first standing on 20 mm."""
    rng = np.random.default_rng(seed)
    fine = 4
    size = round(PAGE.width_mm * SCALE), round(PAGE.height_mm * SCALE)
    page = np.full((size[1] * fine, size[0] * fine), 0.85, np.float32)
    middle = PAGE.width_mm / 2, PAGE.height_mm / 2
    turn = Affine.shift(*middle).after(Affine.rotation(turn_deg)).after(Affine.shift(-middle[0], -middle[1]))
    for n in range(lines):
        base = 20.0 + 5.0 * n
        at, end = left_mm, left_mm + (90.0 - (25 * rng.random() if ragged else 0.0))
        while at < end - 1:
            stop = min(at + rng.uniform(2, 9), end)
            if end - stop < 3:
                stop = end
            word = turn(np.array([[at, base - 1.8], [stop, base - 1.8], [stop, base], [at, base]]))
            cv2.fillConvexPoly(page, np.rint((word * SCALE * fine - 0.5) * 256).astype(np.int32), 0.1, shift=8)
            at = stop + 1.2
    return cv2.resize(page, size, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("turn_deg", [0.0, 0.25, -0.6])
def test_sides_and_baselines_lie_where_they_were_set(turn_deg: float) -> None:
    block = find_text(set_page(turn_deg=turn_deg), TO_PX, PAGE)
    assert block is not None and block.left is not None and block.right is not None
    assert block.angle_deg == pytest.approx(turn_deg, abs=0.02)
    assert block.left.place_mm == pytest.approx(18.0, abs=0.1)
    assert block.right.place_mm == pytest.approx(108.0, abs=0.1)
    assert len(block.lines) == 30
    assert block.left.place_mm + block.right.place_mm == pytest.approx(126.0, abs=0.04)
    # Blur lowers all baselines alike.
    baselines = np.array([line.baseline_mm for line in block.lines])
    assert baselines[0] == pytest.approx(20.0, abs=0.2)
    assert baselines - baselines[0] == pytest.approx(5.0 * np.arange(30), abs=0.05)


def test_ragged_text_has_one_side() -> None:
    block = find_text(set_page(ragged=True), TO_PX, PAGE)
    assert block is not None and block.right is None
    assert block.left is not None and block.left.place_mm == pytest.approx(18.0, abs=0.1)


def test_a_few_lines_have_no_side_but_baselines() -> None:
    block = find_text(set_page(lines=4), TO_PX, PAGE)
    assert block is not None and (block.left, block.right) == (None, None)
    assert [round(line.baseline_mm) for line in block.lines] == [20, 25, 30, 35]


def test_paper_pictures_and_stains_are_no_text() -> None:
    paper = np.full_like(set_page(lines=1), 0.85)
    assert find_text(paper, TO_PX, PAGE) is None
    picture = paper.copy()
    picture[100:700, 100:600] = np.random.default_rng(5102).uniform(0.05, 0.3, (600, 500))
    assert find_text(picture, TO_PX, PAGE) is None
    dark = np.full_like(paper, 0.02)
    assert find_text(dark, TO_PX, PAGE) is None


def test_a_picture_above_leaves_the_text_below() -> None:
    page = set_page()
    page[: round(80 * SCALE), 60:650] = 0.15
    block = find_text(page, TO_PX, PAGE)
    assert block is not None and block.left is not None
    assert block.left.place_mm == pytest.approx(18.0, abs=0.1)
    assert block.lines[-1].baseline_mm == pytest.approx(165.0, abs=0.2)


@pytest.mark.parametrize("number, kind", [(11, Kind.TEXT), (12, Kind.TEXT), (27, Kind.PICTURE)])
def test_marks_of_a_drawn_page_are_measured_from_its_cuts(number: int, kind: Kind) -> None:
    (design,) = typeset([kind], trim_mm=(107.95, 174.5), seed=5103, first_number=number)
    printed, cut = Print(dx_mm=0.4, dy_mm=-0.3, rotation_deg=0.2), Cut(head_mm=-1.0, fore_edge_mm=1.5)
    image, truth = draw_scan(design, printed, cut, Scanner(dpi=150, skew_deg=0.7), np.random.default_rng(5103))
    encoded = np.asarray(image, np.uint8)
    light = srgb_to_linear(encoded[:, :, 1] / 255.0).astype(np.float32)
    page = PageImage(light, encoded, Resolution(150, 150), Affine.scaling(1.0))
    sheet = find_sheet(light, (150, 150))
    side = Side.RECTO if number % 2 else Side.VERSO
    own, _, size = own_page(page, sheet, own_lines(page, sheet), 1, side)
    assert own.flag == "" and size is not None and set(map(str, own.u_cut_mm)) == {"head", "tail", "spine", "fore-edge"}
    width, height = truth.trim_mm
    offsets = truth.offsets_mm
    # Letters leave up to 0.15 mm of white of their own at either side, and blur lowers every baseline alike.
    assert own.x_mm["outer"] == pytest.approx(0.085 * width + offsets["fore-edge"], abs=0.2)
    assert own.x_mm["inner"] == pytest.approx((1 - 0.125) * width + offsets["fore-edge"], abs=0.2)
    assert own.y_mm["line -1"] == pytest.approx(0.905 * height + 8.0 + offsets["head"], abs=0.25)
    assert own.turn_deg == pytest.approx(0.2, abs=0.05)
    if kind is Kind.TEXT:
        assert own.y_mm["line 1"] == pytest.approx(0.085 * height - 3.5 + offsets["head"], abs=0.25)
        assert own.flush == ("right" if number % 2 else "left")


def test_without_backing_nothing_is_measured_from_cuts() -> None:
    light = set_page()
    page = PageImage(light, np.zeros((*light.shape, 3), np.uint8), Resolution(150, 150), Affine.scaling(1.0))
    sheet = find_sheet(light, (150, 150))
    own, to_px, size = own_page(page, sheet, own_lines(page, sheet), 1, Side.RECTO)
    assert (to_px, size, own.size) == (None, None, None)
    assert own.flag and not own.x_mm and not own.y_mm and not own.u_cut_mm
