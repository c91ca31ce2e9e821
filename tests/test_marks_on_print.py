"""Spots, streaks and voids on pages with print: planted in drawn scans, found at their place; and who made them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_page import TRIM, Book, make_book
from judged_alone import verdict_on

from qc.features.page_maps import PageMaps
from qc.features.print_marks import PrintMark, print_marks
from qc.geometry import Affine
from qc.measure import MEASURES
from qc.measure.marks_on_print import MarkedPage, marks_on_print
from qc.measure.missing_print import with_lost_lines
from qc.model import FindingOutcome, Observation, ScanFile, ScanSettings, Where
from qc.normalize.scan_color import SRGB
from qc.page import inspect_page
from qc.register.page_result import PageJob
from qc.synthetic import Cut, Kind, Print, Scanner, draw_scan, sample_conditions, write_scan
from qc.units import px_per_mm

KINDS = (Kind.TEXT, Kind.CHAPTER, Kind.TABLE, Kind.PICTURE, Kind.LINE_ART, Kind.BLEED_DARK)
DPI = 200.0
Plant = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""x and y in page-frame mm -> share of light that is left (or, above 1, light that is added) there."""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    return make_book(tmp_path_factory.mktemp("marks"), KINDS)


def marks_of(book: Book, page: int, plant: Plant | None = None, seed: int = 5300) -> tuple[PrintMark, ...] | None:
    """Marks of a page that lies straight on black, with something planted on the glass above it."""
    scanner = Scanner(dpi=DPI)
    drawn = book.title.pages[page - 1]
    image, _ = draw_scan(drawn, Print(), Cut(), scanner, np.random.default_rng(seed))
    if plant is not None:
        mm = px_per_mm(DPI)
        rows, columns = np.indices(image.shape[:2])
        left, top = (n / 2 - t * mm / 2 for n, t in zip(image.shape[1::-1], TRIM, strict=True))
        share = plant((columns - left) / mm, (rows - top) / mm)
        image = np.clip(image * (share if image.ndim == 2 else share[..., None]), 0, 255).astype(image.dtype)
    file = write_scan(book.folder / f"m-{page}-{len(list(book.folder.iterdir()))}.png", image, scanner)
    result = inspect_page(PageJob(page, ScanFile(file, file.name), ScanSettings()), book.reference)
    assert result.reference_page == page, result.error
    return result.marks


def disc(x: float, y: float, diameter: float, light: float) -> Plant:
    return lambda xs, ys: np.where(np.hypot(xs - x, ys - y) < diameter / 2, light, 1.0)


def line(x: float, width: float, light: float) -> Plant:
    return lambda xs, ys: np.where((np.abs(xs - x) < width / 2) & (ys > 0) & (ys < TRIM[1]), light, 1.0)


@pytest.mark.parametrize("page", range(1, 6))
def test_a_sound_page_has_no_marks(book: Book, page: int) -> None:
    assert marks_of(book, page) == ()


def test_sound_pages_have_loose_dust_at_most_under_all_conditions(tmp_path: Path) -> None:
    book = make_book(tmp_path, KINDS[:4])
    rng = np.random.default_rng(5310)
    for page in range(1, 5):
        printed, cut, scanner = sample_conditions(rng, ("black", "gray")[page % 2], DPI, 2.0)
        result = book.measure(page, printed, cut, scanner, seed=page).result
        # Specks of dust are 0.7 mm across at the most, and so are a note (`faint` of the policies).
        assert all(m.code == "spot" and m.ground == "paper" and m.area_mm2 < 0.45 for m in result.marks), page
        still = replace(scanner, dust=0)
        assert book.measure(page, printed, cut, still, seed=page).result.marks == (), page


@pytest.mark.parametrize("diameter", [1.6, 2.5, 4.0])
def test_a_spot_on_paper_is_found_at_its_place_with_its_size(book: Book, diameter: float) -> None:
    marks = marks_of(book, 2, disc(38.0, 12.0, diameter, 0.1))
    assert marks is not None and [m.code for m in marks] == ["spot"]
    x0, y0, x1, y1 = marks[0].box_mm
    assert x0 < 38 < x1 and y0 < 12 < y1 and x1 - x0 < diameter + 2.5
    # `light` is a share of the file's numbers: a tenth of them is next to no light.
    assert marks[0].size_mm == pytest.approx(diameter, rel=0.15) and marks[0].depth > 0.6
    assert marks[0].area_mm2 == pytest.approx(np.pi / 4 * diameter**2, rel=0.2)
    assert marks[0].width_mm == pytest.approx(diameter, rel=0.15)
    assert marks[0].ground == "paper" and marks[0].contrast > 60


def test_a_gray_spot_is_as_large_as_a_black_one_and_weighs_less(book: Book) -> None:
    (mark,) = marks_of(book, 2, disc(38.0, 12.0, 4.0, 0.7)) or ()
    assert mark.size_mm < 3.5 and mark.area_mm2 == pytest.approx(np.pi * 4, rel=0.2)
    # The root of light, about, is what the file's numbers are: 0.7 of paper's is L* 73 or so.
    assert mark.contrast == pytest.approx(27, abs=4)


def test_a_speck_as_large_as_dust_is_found_and_faint(book: Book) -> None:
    (mark,) = marks_of(book, 2, disc(38.0, 12.0, 0.7, 0.1)) or ()
    assert mark.code == "spot" and mark.area_mm2 == pytest.approx(np.pi / 4 * 0.49, abs=0.06)
    assert mark.area_mm2 < 0.45


def test_a_speck_below_half_a_millimeter_is_no_spot(book: Book) -> None:
    assert marks_of(book, 2, disc(38.0, 12.0, 0.35, 0.1)) == ()


def test_a_blob_within_the_text_is_found(book: Book) -> None:
    marks = marks_of(book, 1, disc(40.0, 50.0, 4.0, 0.1))
    assert marks is not None and any(m.code == "spot" and m.box_mm[0] < 40 < m.box_mm[2] for m in marks)
    assert {m.ground for m in marks} == {"text"}


@pytest.mark.parametrize(("width", "light"), [(0.3, 0.5), (1.0, 0.7)])
def test_a_dark_streak_is_found_at_its_place(book: Book, width: float, light: float) -> None:
    marks = marks_of(book, 1, line(30.0, width, light))
    assert marks is not None and [m.code for m in marks] == ["streak"]
    x0, y0, x1, y1 = marks[0].box_mm
    assert (x0 + x1) / 2 == pytest.approx(30.0, abs=0.6) and y1 - y0 > 0.7 * TRIM[1]
    assert (
        marks[0].area_mm2 == pytest.approx(marks[0].width_mm * (y1 - y0), rel=0.1) and marks[0].width_mm < width + 0.8
    )


def test_a_void_in_a_solid_is_found_and_light_alone_is_none() -> None:
    rows, columns = np.indices((200, 150))
    solid = (np.abs(rows - 100) < 40) & (np.abs(columns - 75) < 40)
    reference = np.where(solid, 0.05, 1.0).astype(np.float32)
    # Brighter by a third at one side: the lamp, not the press.
    copy = (np.where(solid, 0.08, 0.8) * (1 + columns / 450)).astype(np.float32)
    noisy = copy + np.random.default_rng(5320).normal(0, 0.01, copy.shape).astype(np.float32)
    holed = np.where(np.hypot(rows - 110, columns - 60) < 3, 0.8, noisy).astype(np.float32)

    def maps(light: np.ndarray) -> PageMaps:
        inside = np.ones(light.shape, bool)
        return PageMaps(
            np.dstack([light] * 3),
            reference,
            inside,
            Affine.scaling(2.0),
            0.0,
            SRGB,
            {"bare": np.flatnonzero(reference > 0.98)},
        )

    everywhere = (-1e4, -1e4, 1e4, 1e4)
    assert print_marks(maps(noisy), everywhere) == ()
    found = print_marks(maps(holed), everywhere)
    assert found is not None and [m.code for m in found] == ["void"]
    x0, y0, x1, y1 = found[0].box_mm
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == (pytest.approx(30, abs=0.5), pytest.approx(55, abs=0.5))
    assert found[0].depth < -0.5 and found[0].ground == "solid" and found[0].contrast > 40


def test_a_page_without_bright_paper_or_tint_is_not_looked_at(book: Book) -> None:
    assert marks_of(book, 6) is None


def at(position: int, sheet_x: float, glass_x: float, code: str = "streak", depth: float = 0.2) -> MarkedPage:
    """A page of 10 px a millimeter that lies `glass_x - sheet_x` right of the frame's corner, with one mark on it."""
    box = (sheet_x - 0.5, 10.0, sheet_x + 0.5, 80.0 if code == "streak" else 11.0)
    to_scan = Affine.scaling(10.0).after(Affine.shift(glass_x - sheet_x, 0.0))
    return MarkedPage(position, (f"p-{position}.jpg", 0), (PrintMark(code, box, 2.0, depth),), to_scan)


def judged(pages: list[MarkedPage], code: str) -> list[Observation]:
    return [o for o in marks_on_print(pages) if o.detail["code"] == code]


def test_where_all_was_the_scanners_nothing_is_counted() -> None:
    page = replace(at(1, 30.0, 50.0), marks=(), dirt=("streak",))
    (streak,) = judged([page], "streak")
    assert streak.value is None and streak.flags == ("dirty-glass",)


def test_where_the_empty_glass_is_clean_the_doubt_is_of_the_sheet() -> None:
    (spot,) = judged([replace(at(1, 30.0, 50.0, "spot"), glass_seen=True)], "spot")
    assert (spot.value, spot.flags) == (1.0, ("stain-or-ink",))
    assert verdict_on(spot) == (FindingOutcome.UNDECIDED, ("stain-or-ink",))


def test_a_streak_that_keeps_its_place_on_the_sheet_is_the_presss() -> None:
    for found in judged([at(n, 30.0, 50.0 + n) for n in (1, 2, 3)], "streak"):
        assert (found.value, found.u, found.flags) == (1.0, 0.0, ())
        assert verdict_on(found) == (FindingOutcome.OUTSIDE, ())
        assert found.evidence[0].box_mm == (29.5, 10.0, 30.5, 80.0)


@pytest.mark.parametrize(
    "pages",
    [
        [at(1, 30.0, 50.0)],
        [at(n, 30.0, 50.0) for n in (1, 2, 3)],
        [at(n, 30.0 + 5 * n, 50.0 + 9 * n) for n in (1, 2, 3)],
    ],
    ids=["one page", "sheets at one place", "another place each time"],
)
def test_where_nobody_knows_a_person_looks(pages: list[MarkedPage]) -> None:
    for found in judged(pages, "streak"):
        assert (found.value, found.u, found.flags) == (1.0, 0.0, ("dirt-or-ink",))
        assert verdict_on(found) == (FindingOutcome.UNDECIDED, ("dirt-or-ink",))


def test_a_spot_is_never_sure() -> None:
    for found in judged([at(n, 30.0, 50.0 + n, "spot") for n in (1, 2, 3)], "spot"):
        assert (found.value, found.u, found.flags) == (1.0, 0.0, ("dirt-or-ink",))
        assert verdict_on(found) == (FindingOutcome.UNDECIDED, ("dirt-or-ink",))
        assert verdict_on(replace(found, flags=())) == (FindingOutcome.UNDECIDED, ()), "no rule calls a spot a defect"


def test_pages_without_marks_say_so_and_those_that_show_no_paper_say_why() -> None:
    clean = MarkedPage(1, ("p-1.jpg", 0), (), Affine.scaling(10.0))
    dark = MarkedPage(2, ("p-2.jpg", 0), None, Affine.scaling(10.0))
    seen = [(o.where.page, o.detail["code"], o.value, o.flags) for o in marks_on_print([clean, dark])]
    assert seen == [
        (1, "spot", 0.0, ()),
        (1, "streak", 0.0, ()),
        (2, "spot", None, ("nothing-to-compare",)),
        (2, "streak", None, ("nothing-to-compare",)),
    ]


def test_very_many_marks_go_to_a_person_as_another_text() -> None:
    many = tuple(PrintMark("spot", (x, 10.0, x + 1, 11.0), 1.5, 0.5) for x in range(0, 65, 5))
    (spot, streak) = marks_on_print([MarkedPage(1, ("p-1.jpg", 0), many, Affine.scaling(10.0))])
    assert (spot.value, spot.u, spot.flags) == (13.0, 0.0, ("dirt-or-ink", "other-content"))
    assert len(spot.evidence) == 12 and verdict_on(spot) == (FindingOutcome.UNDECIDED, ("dirt-or-ink",))
    assert streak.value == 0


@pytest.mark.parametrize("words", [(10.0, 24.0), (10.0, 60.0)])
def test_a_lost_line_is_found_and_goes_to_a_person(book: Book, words: tuple[float, float]) -> None:
    # The print between two heights is covered with light; the line there is gone, and nothing else.
    x0, x1 = words
    marks = marks_of(book, 1, lambda xs, ys: np.where((xs > x0) & (xs < x1) & (np.abs(ys - 50) < 2.4), 99.0, 1.0))
    assert marks is not None
    lost = [m for m in marks if m.code == "missing-print"]
    assert lost and all(abs((m.box_mm[1] + m.box_mm[3]) / 2 - 50) < 3 for m in lost)
    none = MEASURES["print-defect"].observe(0.0, 0.0, Where(page=1), detail={"code": "missing-print", "boxes_mm": []})
    found = with_lost_lines(none, marks, ("p-1.jpg", 0), Affine.scaling(10.0))
    assert (found.value, found.u, found.flags) == (len(lost), 0.0, ("few-words",)) and len(found.evidence) == len(lost)
    assert verdict_on(found) == (FindingOutcome.UNDECIDED, ("few-words",))
    assert with_lost_lines(none, (), ("p-1.jpg", 0), Affine.scaling(10.0)) is none
