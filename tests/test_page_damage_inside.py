"""Creases, holes and tide-lines: drawn on both sides of a leaf they are told with place and size, on one side they are not."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from qc.edges.dark_backing import Backing
from qc.features.page_maps import PageMaps
from qc.features.paper_traces import Trace, paper_traces
from qc.flags import Flag
from qc.geometry import Affine
from qc.measure.details import DamageDetail
from qc.measure.page_damage_inside import LeafSide, UnseenSide, page_damage_inside
from qc.model import Observation
from qc.normalize.scan_color import SRGB

PX_MM = 50 / 25.4
SIZE_MM = (152.4, 228.6)
WIDTH, HEIGHT = (round(v * PX_MM) for v in SIZE_MM)
PAPER = np.array([0.80, 0.78, 0.70])
FINE = 6
"""A page is drawn at 300 dpi and averaged, as scans are."""
BLACK = Backing("black", 0.01, 0.002, 0.78)
TO_MAP = Affine.scaling(PX_MM)
FAR = (-1e4, -1e4, 1e4, 1e4)


def text(seed: int) -> np.ndarray:
    """Light of a page of text at 300 dpi, 1 = bare."""
    rng = np.random.default_rng(seed)
    light = np.ones((HEIGHT * FINE, WIDTH * FINE), np.float32)
    line, left, right = round(4.7 * PX_MM * FINE), 18 * 12, (WIDTH - 36) * FINE
    for top in range(20 * 12, HEIGHT * FINE - 20 * 12, line):
        x = left
        while x < right:
            word = int(rng.integers(20, 110))
            for letter in range(x, min(x + word, right), 11):
                light[top : top + int(rng.integers(22, 34)), letter : letter + 4] = 0.03
            x += word + 16
    return light


class Drawn:
    """One side of a leaf: `reference` at 300 dpi, and what was added to or taken of its light."""

    def __init__(self, reference: np.ndarray, seed: int) -> None:
        self.reference, self.rng = reference, np.random.default_rng(seed)
        self.light = np.dstack([reference * p for p in PAPER]).astype(np.float32)
        y, x = np.mgrid[0 : HEIGHT * FINE, 0 : WIDTH * FINE].astype(np.float32)
        self.x, self.y = (v / (PX_MM * FINE) for v in (x, y))
        # The lamp.
        self.light *= (1 - 0.05 * (self.x / SIZE_MM[0]) ** 2)[..., None]

    def add_levels(self, levels: np.ndarray) -> None:
        self.light = np.clip(np.sqrt(self.light) + (levels / 255)[..., None], 0, 1) ** 2

    def crease(self, ends_mm: np.ndarray, levels: float, sigma_mm: float = 0.2) -> None:
        (x0, y0), (x1, y1) = ends_mm
        length = np.hypot(x1 - x0, y1 - y0)
        u = ((self.x - x0) * (x1 - x0) + (self.y - y0) * (y1 - y0)) / length
        v = ((self.y - y0) * (x1 - x0) - (self.x - x0) * (y1 - y0)) / length
        self.add_levels(levels * np.exp(-0.5 * (v / sigma_mm) ** 2) * ((u > 0) & (u < length)))

    def hole(self, x: float, y: float, diameter: float) -> None:
        self.light[np.hypot(self.x - x, self.y - y) < diameter / 2] = BLACK.level

    def stain(self, x: float, y: float, radius: float, share: float) -> None:
        away = (np.hypot(self.x - x, (self.y - y) * 1.2) - radius) / 1.0
        rim = np.exp(-0.5 * away**2)[..., None] * [0.4 * share, 0.5 * share, share * 1.4]
        self.light = self.light * (1 - rim)

    def maps(self) -> PageMaps:
        size = (WIDTH, HEIGHT)
        light, reference = (cv2.resize(v, size, interpolation=cv2.INTER_AREA) for v in (self.light, self.reference))
        light = (light * (1 + self.rng.normal(0, 0.008, light.shape))).astype(np.float32)
        inside = np.zeros(reference.shape, bool)
        inside[10:-10, 10:-10] = True
        return PageMaps(light, reference.astype(np.float32), inside, TO_MAP, 0.0, SRGB, {"mean": np.ones((4, 4, 3))})

    def traces(self, color: bool = True) -> tuple[Trace, ...]:
        return paper_traces(self.maps(), FAR, BLACK, color).found


@pytest.fixture(scope="module")
def pages() -> list[np.ndarray]:
    return [text(1), text(2)]


def side(number: int, traces: tuple[Trace, ...], left_px: float = 0.0) -> LeafSide:
    """A side whose frame begins `left_px` from that of a scan of 300 dpi."""
    to_scan = Affine.shift(left_px + 37.0 * number, 20.0).after(Affine.scaling(300 / 25.4))
    cuts = (0.0, 0.0, SIZE_MM[0], SIZE_MM[1])
    return LeafSide(number, number, (f"p-{number}.jpg", 0), traces, to_scan, cuts, SIZE_MM)


def mirrored(ends: np.ndarray) -> np.ndarray:
    return np.column_stack([SIZE_MM[0] - ends[:, 0], ends[:, 1]])


def told(*sides: LeafSide) -> list[Observation]:
    return [o for o in page_damage_inside(sides) if o.value]


CREASES = [
    np.array([[20.0, 40.0], [70.0, 95.0]]),
    np.array([[100.0, 30.0], [112.0, 110.0]]),
    np.array([[118.0, 206.0], [143.0, 180.0]]),
    np.array([[30.0, 200.0], [120.0, 150.0]]),
]


@pytest.mark.parametrize("ends", CREASES)
@pytest.mark.parametrize("levels", [(-8.0, -8.0), (-7.0, 8.0)])
def test_a_crease_on_both_sides_is_told_with_its_length(
    pages: list[np.ndarray], ends: np.ndarray, levels: tuple[float, float]
) -> None:
    recto, verso = Drawn(pages[0], 5), Drawn(pages[1], 6)
    recto.crease(ends, levels[0], 0.3)
    verso.crease(mirrored(ends), levels[1], 0.3)
    [found] = told(side(1, recto.traces()), side(2, verso.traces()))
    length = float(np.hypot(*(ends[1] - ends[0])))
    assert found.detail["code"] == "crease" and found.where.page == 1
    assert found.value is not None and found.u is not None
    assert abs(found.value - length) < max(2 * found.u, 0.1 * length)
    (x0, y0, x1, y1), lo, hi = DamageDetail.of(found).boxes_mm[0], ends.min(axis=0), ends.max(axis=0)
    assert np.abs(np.array([x0, y0, x1, y1]) - [*lo, *hi]).max() < 0.1 * length + 2
    assert [e.file for e in found.evidence] == ["p-1.jpg", "p-2.jpg"]


def test_a_crease_on_one_side_or_at_another_place_is_not_told(pages: list[np.ndarray]) -> None:
    recto, verso = Drawn(pages[0], 5), Drawn(pages[1], 6)
    recto.crease(CREASES[0], -8.0, 0.3)
    sound = verso.traces()
    assert any(t.code == "crease" for t in recto.traces()) and told(side(1, recto.traces()), side(2, sound)) == []
    verso.crease(mirrored(CREASES[0]) + np.array([4.0, 0.0]), -8.0, 0.3)
    assert any(t.code == "crease" for t in verso.traces())
    assert told(side(1, recto.traces()), side(2, verso.traces())) == []


def test_two_pages_of_two_leaves_confirm_no_crease(pages: list[np.ndarray]) -> None:
    verso, recto = Drawn(pages[0], 5), Drawn(pages[1], 6)
    verso.crease(CREASES[0], -8.0, 0.3)
    recto.crease(mirrored(CREASES[0]), -8.0, 0.3)
    assert told(side(2, verso.traces()), side(3, recto.traces())) == []


@pytest.mark.parametrize("seed", range(6))
def test_a_sound_leaf_has_nothing(pages: list[np.ndarray], seed: int) -> None:
    assert told(side(1, Drawn(pages[0], 50 + seed).traces()), side(2, Drawn(pages[1], 60 + seed).traces())) == []


def crease_at(x: float) -> Trace:
    points = tuple((x, 20.0 + 3 * n) for n in range(40))
    return Trace("crease", points, (x, 20.0, x, 140.0), 120.0)


def test_a_line_at_one_place_of_the_glass_is_the_scanners() -> None:
    # Frames lie such that the mirrored place is the same place of the glass.
    first, second = side(1, (crease_at(70.0),)), side(2, (crease_at(SIZE_MM[0] - 70.0),))
    assert [o.detail["code"] for o in told(first, second)] == ["crease"]
    shift = (70.0 - (SIZE_MM[0] - 70.0)) * 300 / 25.4
    on_glass = replace(second, to_scan=Affine.shift(shift, 0.0).after(first.to_scan))
    assert told(first, on_glass) == []


def test_a_bend_along_the_rim_is_not_told() -> None:
    assert told(side(1, (crease_at(7.0),)), side(2, (crease_at(SIZE_MM[0] - 7.0),))) == []


def test_cuts_tell_the_mirrored_place_where_the_print_is_shifted() -> None:
    first, second = side(1, (crease_at(70.0),)), side(2, (crease_at(SIZE_MM[0] - 67.0),))
    assert told(first, second) == []
    # The print of the verso lies 3 mm further to the left on its paper.
    assert told(first, replace(second, cuts_mm=(3.0, 0.0, SIZE_MM[0] + 3.0, SIZE_MM[1]))) != []


@pytest.mark.parametrize("diameter", [4.0, 7.0, 12.0])
def test_a_hole_is_told_with_its_size(pages: list[np.ndarray], diameter: float) -> None:
    recto, verso = Drawn(pages[0], 5), Drawn(np.ones_like(pages[1]), 6)
    recto.hole(140.0, 100.0, diameter)
    verso.hole(SIZE_MM[0] - 140.0, 100.0, diameter)
    [found] = told(side(1, recto.traces()), side(2, verso.traces()))
    assert found.detail["code"] == "hole" and found.value == pytest.approx(diameter, rel=0.2, abs=0.3)
    assert DamageDetail.of(found).area_mm2 == pytest.approx(np.pi / 4 * diameter**2, rel=0.2)


def test_a_blot_on_one_side_or_seen_on_a_white_backing_is_no_hole(pages: list[np.ndarray]) -> None:
    recto, verso = Drawn(pages[0], 5), Drawn(pages[1], 6)
    recto.hole(140.0, 100.0, 7.0)
    assert told(side(1, recto.traces()), side(2, verso.traces())) == []
    white = paper_traces(recto.maps(), FAR, Backing("white", 0.78, 0.002, 0.78), True)
    assert [t for t in white.found if t.code == "hole"] == [] and white.unseen == {"hole": Flag.WHITE_BACKING}


@pytest.mark.parametrize(("x", "y", "radius"), [(60.0, 90.0, 15.0), (130.0, 60.0, 30.0), (76.0, 120.0, 40.0)])
def test_a_tide_line_is_told_with_its_extent(pages: list[np.ndarray], x: float, y: float, radius: float) -> None:
    recto, verso = Drawn(pages[0], 5), Drawn(pages[1], 6)
    recto.stain(x, y, radius, 0.08)
    verso.stain(SIZE_MM[0] - x, y, radius, 0.08)
    [found] = told(side(1, recto.traces()), side(2, verso.traces()))
    assert found.detail["code"] == "water"
    extent = radius + min(radius, SIZE_MM[0] - 5 - x)
    assert found.value == pytest.approx(max(extent, 2 * radius / 1.2), rel=0.2)


def test_a_tide_line_of_a_gray_scan_is_told_by_its_dark_rim(pages: list[np.ndarray]) -> None:
    recto, verso = (Drawn(np.ones_like(pages[0]), seed) for seed in (5, 6))
    for drawn, x in ((recto, 60.0), (verso, SIZE_MM[0] - 60.0)):
        drawn.stain(x, 90.0, 20.0, 0.08)
        drawn.light = np.repeat(drawn.light.mean(axis=2, keepdims=True), 3, axis=2)
    [found] = told(side(1, recto.traces(color=False)), side(2, verso.traces(color=False)))
    assert found.detail["code"] == "water" and found.value == pytest.approx(40.0, rel=0.2)


def test_a_stain_at_the_corner_of_a_page_ends_at_its_edges(pages: list[np.ndarray]) -> None:
    recto, verso = Drawn(pages[0], 5), Drawn(pages[1], 6)
    recto.stain(2.0, 226.0, 40.0, 0.08)
    verso.stain(SIZE_MM[0] - 2.0, 226.0, 40.0, 0.08)
    [found] = told(side(1, recto.traces()), side(2, verso.traces()))
    assert found.detail["code"] == "water" and 30.0 < (found.value or 0.0) < 60.0


def stain(left: float, right: float) -> Trace:
    return Trace("water", (((left + right) / 2, 60.0),), (left, 40.0, right, 80.0), 40.0, 1200.0)


@pytest.mark.parametrize(
    ("number", "mirrored_place", "confirmed"), [(4, True, True), (5, True, False), (3, False, False), (6, True, False)]
)
def test_a_side_of_the_next_leaf_that_lies_the_other_way_round_confirms_a_tide_line(
    number: int, mirrored_place: bool, confirmed: bool
) -> None:
    left, right = (SIZE_MM[0] - 60.0, SIZE_MM[0] - 20.0) if mirrored_place else (20.0, 60.0)
    sides = side(1, (stain(20.0, 60.0),)), side(2, ()), side(number, (stain(left, right),))
    found = told(*sides)
    assert [(o.where.page, o.value) for o in found] == ([(1, 40.0), (number, 40.0)] if confirmed else [])


def test_a_weak_crease_only_confirms_a_strong_one() -> None:
    first, second = crease_at(70.0), crease_at(SIZE_MM[0] - 70.0)
    weak = replace(first, strong=False), replace(second, strong=False)
    assert told(side(1, (first,)), side(2, (weak[1],))) != []
    assert told(side(1, (weak[0],)), side(2, (weak[1],))) == []


def test_a_crease_along_the_lines_of_text_is_passed_over(pages: list[np.ndarray]) -> None:
    drawn = Drawn(pages[0], 5)
    drawn.crease(np.array([[30.0, 110.0], [110.0, 110.3]]), -9.0, 0.3)
    assert [t for t in drawn.traces() if t.code == "crease" and t.strong] == []


def test_a_hole_in_a_tint_and_beside_the_cut_is_told() -> None:
    tint = np.full((HEIGHT * FINE, WIDTH * FINE), 0.7, np.float32)
    sheet = (0.0, 0.0, *SIZE_MM)
    traces = []
    for x in (146.0, SIZE_MM[0] - 146.0):
        drawn = Drawn(tint, 7)
        drawn.hole(x, 100.0, 5.0)
        traces.append(paper_traces(drawn.maps(), sheet, BLACK, True).found)
    [found] = told(side(1, traces[0]), side(2, traces[1]))
    assert found.detail["code"] == "hole" and found.value == pytest.approx(5.0, rel=0.2, abs=0.3)


def test_what_was_looked_for_in_vain_is_0_for_each_leaf() -> None:
    seen = list(page_damage_inside([side(1, ()), side(2, ()), side(4, ()), side(3, ())]))
    assert [(o.where.page, o.detail["code"], o.value, o.flags) for o in seen] == [
        (page, code, 0.0, ()) for page in (1, 3) for code in ("crease", "hole", "water")
    ]


def test_what_could_not_be_looked_for_has_no_value_and_says_why() -> None:
    lid = replace(side(1, ()), unseen={"hole": Flag.WHITE_BACKING})
    blank = UnseenSide(4, 4, Flag.BLANK)
    foreign = UnseenSide(6, None, Flag.FOREIGN)
    seen = list(page_damage_inside([lid, side(2, ()), side(3, ()), side(5, ())], [blank, foreign]))
    told_of = {(o.where.page, o.detail["code"]): (o.value, *o.flags) for o in seen}
    assert len(told_of) == len(seen) == 12
    assert told_of[1, "crease"] == told_of[1, "water"] == (0.0,) and told_of[1, "hole"] == (None, Flag.WHITE_BACKING)
    for code in ("crease", "hole", "water"):
        assert told_of[4, code] == (None, Flag.BLANK)
        assert told_of[5, code] == (None, Flag.HALF_LEAF)
        assert told_of[6, code] == (None, Flag.FOREIGN)


def test_a_page_that_is_a_picture_all_over_is_not_looked_at() -> None:
    rng = np.random.default_rng(3)
    picture = cv2.resize(rng.uniform(0.1, 0.9, (HEIGHT, WIDTH)).astype(np.float32), (WIDTH * FINE, HEIGHT * FINE))
    traces = paper_traces(Drawn(picture, 8).maps(), FAR, BLACK, True)
    assert traces.found == () and set(traces.unseen.values()) == {Flag.NOTHING_TO_COMPARE}


def test_in_a_bound_copy_a_hole_shows_paper() -> None:
    traces = paper_traces(
        Drawn(np.ones((HEIGHT * FINE, WIDTH * FINE), np.float32), 9).maps(), FAR, BLACK, True, bound=True
    )
    assert traces.unseen == {"hole": Flag.BOUND}
