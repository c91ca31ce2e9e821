"""Faults of color, drawn and named: by code, ink, direction and page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from drawn_page import Book, make_book

from qc.features.lamp import lamp_taken_out
from qc.features.tiles import PageTiles, ScannedPage
from qc.flags import Flag
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.measure.color_defect import color_defect
from qc.model import BookCopy, Finding, FindingOutcome, Observation, ReferenceId
from qc.synthetic import CREAM_PAPER, Cut, Kind, Print, Scanner, draw_scan, sample_drift

PAGES = (1, 2, 3, 4, 5, 6, 7)
COLORED = (1, 2, 3, 4, 5)
PRESS = Print(gain=0.08)
POLICY = load_policy("kdp")
Copy = Callable[..., list[ScannedPage]]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Book:
    kinds = [Kind.BLEED_MIXED, Kind.BLEED_MIXED, Kind.PICTURE, Kind.PICTURE, Kind.BLEED_MIXED]
    kinds += [Kind.TEXT, Kind.TEXT]
    return make_book(tmp_path_factory.mktemp("color"), kinds, seed=5001)


@pytest.fixture(scope="module")
def scanned(book: Book) -> Copy:
    """Pages of a copy printed as stated, page by page; each drawn once."""
    seen: dict[tuple[int, Print, Scanner], ScannedPage] = {}

    def page(number: int, printed: Print, scanner: Scanner) -> ScannedPage:
        key = (number, printed, scanner)
        if key not in seen:
            result = book.measure(number, printed, scanner=scanner, seed=5000 + number).result
            assert result.tiles is not None and result.to_scan is not None and result.registration is not None
            to_scan = result.to_scan.after(result.registration.to_px)
            seen[key] = ScannedPage(number, (f"p-{number}.jpg", 0), result.tiles, to_scan, bool(number % 2))
        return seen[key]

    def copy(printed: Print, pages: tuple[int, ...] = PAGES, scanner: Scanner | None = None) -> list[ScannedPage]:
        scanner = scanner or Scanner(dpi=150.0, glare=0.2)
        return lamp_taken_out([page(n, printed if n in pages else PRESS, scanner) for n in PAGES])

    return copy


def of(observations: list[Observation], code: str, page: int | None) -> Observation:
    return next(o for o in observations if o.detail["code"] == code and o.where.page == page)


def beyond(observations: list[Observation]) -> list[Finding]:
    findings, _ = judge(observations, POLICY, BookCopy("X", Path("X"), ()), (), ReferenceId("pdf"))
    bad = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
    return [f for f in findings if f.measure == "color-defect" and f.severity == "defect" and f.outcome in bad]


@pytest.mark.parametrize("seed", [5000, 5001])
def test_a_drifting_press_is_within(scanned: Copy, seed: int) -> None:
    drifted = sample_drift(np.random.default_rng(seed), PRESS)
    scanner = Scanner(dpi=150.0, glare=0.3, gamma=2.0, tone="gamma", exposure=0.93, quality=75)
    assert not beyond(color_defect(scanned(drifted, scanner=scanner), "white", "premium-color"))


@pytest.mark.parametrize("ink", [0, 1, 2])
def test_an_ink_missing_everywhere_is_said_once(scanned: Copy, ink: int) -> None:
    inks = [1.0, 1.0, 1.0]
    inks[ink] = 0.0
    found = color_defect(scanned(replace(PRESS, inks=(inks[0], inks[1], inks[2]))), None, "premium-color")
    lost = of(found, "lost-channel", None)
    assert lost.detail["channel"] == ("cyan", "magenta", "yellow")[ink] and lost.detail["pages"] == list(COLORED)
    # Magenta absorbs blue, too: what is left of it there is not told from a little yellow, and a person looks.
    sure = ink != 2
    assert lost.value is not None and lost.value > (0.9 if sure else 0.6)
    (finding,) = [f for f in beyond(found) if f.where.page is None and f.code == "lost-channel"]
    assert finding.outcome is (FindingOutcome.OUTSIDE if sure else FindingOutcome.UNDECIDED)
    assert finding.rule == "color-lost-channel"
    assert " on pages 1-5 did not print" in finding.message


def test_an_ink_missing_on_one_page_is_said_of_that_page(scanned: Copy) -> None:
    found = color_defect(scanned(replace(PRESS, inks=(1.0, 0.0, 1.0)), (2,)), None, "premium-color")
    finding = next(f for f in beyond(found) if f.code == "lost-channel")
    assert finding.where.page == 2 and finding.outcome is FindingOutcome.OUTSIDE
    assert "of the magenta on page 2 did not print; up to 60 % is allowed." in finding.message
    box = finding.evidence[0].box_px
    assert box[2] - box[0] > 100 and box[3] - box[1] > 100


def test_a_weak_ink_goes_to_a_person_with_its_share(scanned: Copy) -> None:
    found = color_defect(scanned(replace(PRESS, inks=(1.0, 0.45, 1.0)), (2,)), None, "premium-color")
    weak = of(found, "weak-channel", 2)
    assert weak.detail["channel"] == "magenta"
    assert weak.value is not None and weak.u is not None and abs(weak.value - 0.55) < 2 * weak.u
    assert {(f.code, f.where.page) for f in beyond(found)} >= {("weak-channel", 2)}
    assert all(f.outcome is FindingOutcome.UNDECIDED for f in beyond(found) if f.code == "weak-channel")


@pytest.mark.parametrize(
    ("fault", "toward"),
    [
        ({"fade": 0.45}, "right"),
        ({"fade": -0.45}, "left"),
        ({"fade_down": 0.45}, "tail"),
        ({"fade_down": -0.45}, "head"),
        ({"faded": ((-5, 50.8, 90, 110, 0.55),)}, "tail"),
    ],
)
def test_fade_has_a_side_and_a_size(scanned: Copy, fault: dict, toward: str) -> None:
    found = color_defect(scanned(replace(PRESS, **fault), (1,)), None, "premium-color")
    fade = of(found, "fade", 1)
    assert fade.detail["toward"] == toward
    # Glare and the tone curve of the scanner take some of what the ink lost.
    assert fade.value is not None and fade.u is not None and 0.7 * 0.45 < fade.value < 0.45 + 2 * fade.u
    assert ("fade", 1) in {(f.code, f.where.page) for f in beyond(found)}
    assert ("fade", 2) not in {(f.code, f.where.page) for f in beyond(found)}


@pytest.mark.parametrize("axis", ["x", "y"])
def test_bands_are_found_the_way_they_lie(scanned: Copy, axis: str) -> None:
    found = color_defect(scanned(replace(PRESS, bands=((axis, 16.0, 0.25, 1.0),)), (2,)), None, "premium-color")
    band = of(found, "band", 2)
    assert band.detail["along"] == axis
    printed = 0.25 / 2**0.5
    assert band.value is not None and band.u is not None
    assert 0.45 * printed < band.value < printed + 2 * band.u
    assert [f.where.page for f in beyond(found) if f.code == "band"] == [2]


def test_gray_is_a_fault_only_where_color_was_ordered(scanned: Copy) -> None:
    pages = scanned(replace(PRESS, gray=True), (2,))
    (finding,) = beyond(color_defect(pages, None, "premium-color"))
    assert (finding.rule, finding.where.page, finding.outcome) == ("color-gray", 2, FindingOutcome.OUTSIDE)
    assert not [o for o in color_defect(pages, None, "black") if o.detail["code"] == "gray"]


def test_gray_on_every_page_of_a_title_that_states_no_ink_goes_to_a_person(scanned: Copy) -> None:
    pages = scanned(replace(PRESS, gray=True))
    assert [f.outcome for f in beyond(color_defect(pages, None, "premium-color"))] == [FindingOutcome.OUTSIDE]
    assert [f.outcome for f in beyond(color_defect(pages, None, None))] == [FindingOutcome.UNDECIDED]


def test_a_gray_scan_says_nothing_of_color(scanned: Copy) -> None:
    pages = [replace(p, kept=_grayed(p.tiles)) for p in scanned(PRESS)]
    found = color_defect(pages, "white", "premium-color")
    inks = [o for o in found if o.detail["code"] in ("gray", "lost-channel", "weak-channel")]
    assert {o.detail["channel"] for o in inks if o.value is not None} <= {"all inks", "solids"}
    assert all(o.value is None for o in inks if o.detail["code"] != "weak-channel")
    assert of(found, "gray", 1).flags == of(found, "wrong-paper", None).flags == (Flag.GRAY_SCAN,)


def _grayed(tiles: PageTiles) -> PageTiles:
    def gray(light: np.ndarray) -> np.ndarray:
        return np.repeat(light.mean(axis=-1, keepdims=True), 3, axis=-1)

    return replace(tiles, copy=gray(tiles.copy), paper=None if tiles.paper is None else gray(tiles.paper))


def test_the_other_paper_goes_to_a_person_and_the_ordered_one_is_within(scanned: Copy) -> None:
    cream = color_defect(scanned(replace(PRESS, paper=CREAM_PAPER)), "white", "premium-color")
    (finding,) = beyond(cream)
    assert (finding.rule, finding.outcome) == ("color-wrong-paper", FindingOutcome.UNDECIDED)
    assert not beyond(color_defect(scanned(replace(PRESS, paper=CREAM_PAPER)), "cream", "premium-color"))
    assert of(cream, "cast", None).value is not None
    unstated = of(color_defect(scanned(PRESS), None, None), "wrong-paper", None)
    assert unstated.flags == (Flag.PAPER_NOT_STATED,)


def test_text_orders_no_color_and_is_not_missed(book: Book) -> None:
    result = book.measure(6, PRESS, scanner=Scanner(dpi=150.0), seed=5006).result
    assert result.tiles is not None and result.to_scan is not None and result.registration is not None
    page = ScannedPage(1, ("p-6.jpg", 0), result.tiles, result.to_scan.after(result.registration.to_px))
    found = color_defect([page], None, None)
    assert [o.flags for o in found if o.where.page] == [(Flag.LITTLE_COLOR,)]
    _, verdict = judge(found, POLICY, BookCopy("X", Path("X"), ()), (), ReferenceId("pdf"))
    assert not {"missing ink", "color printed gray", "fading print", "bands in the print", "wrong paper"} & set(
        verdict.not_checked
    )


def test_an_ink_that_is_missing_takes_its_side_absorption_along(book: Book) -> None:
    design, rng = book.title.pages[0], np.random.default_rng(5000)
    plain, _ = draw_scan(design, PRESS, Cut(), Scanner(dpi=100.0), rng)
    without, _ = draw_scan(design, replace(PRESS, inks=(1.0, 0.0, 1.0)), Cut(), Scanner(dpi=100.0), rng)
    rise = without.mean(axis=(0, 1)) - plain.mean(axis=(0, 1))
    assert rise[1] > 2 * rise[0] and rise[1] > rise[2] > 0
