"""Corners, notches, tears and dog-ears drawn into scans are found with their size and place; sound rims are no damage."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from drawn_damage import CORNERS, Image, at_edge, corner_of, folded_over, rounded, taken_away

from qc.edges.outline import Outline
from qc.flags import Flag
from qc.geometry import Affine, Edge, Side, edge_names
from qc.judge.judge import judge_between
from qc.judge.policy import load_policy
from qc.measure.page_damage import page_damage
from qc.model import FindingOutcome, Observation, ScanFile, ScanSettings, Where
from qc.page import inspect_page
from qc.reference.find import Reference, open_reference
from qc.register.page_result import PageJob, PageResult
from qc.synthetic import Cut, Kind, Print, Scanner, Title, Truth, draw_scan, write_scan, write_title

TRIM = (76.2, 101.6)
SCANNER = Scanner(dpi=150, format="png", skew_deg=0.6)
Plant = Callable[[Image, Truth, np.random.Generator], Image]
AT = {"left-top": (0, 1), "right-top": (1, 2), "right-bottom": (2, 3), "left-bottom": (0, 3)}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> tuple[Title, Reference, Path]:
    folder = tmp_path_factory.mktemp("damage")
    kinds = (Kind.TEXT, Kind.TEXT, Kind.BLEED_DARK, Kind.TEXT)
    title = write_title(folder / "interior.pdf", kinds, trim_mm=TRIM, bleed=True, trim_box=True)
    return title, open_reference(title.path), folder


def seen(
    book: tuple[Title, Reference, Path],
    plant: Plant | None = None,
    *,
    page: int = 1,
    cut: Cut | None = None,
    scanner: Scanner = SCANNER,
    settings: ScanSettings = ScanSettings(),  # noqa: B008
    alone: bool = False,
    seed: int = 1,
) -> PageResult:
    title, reference, folder = book
    rng = np.random.default_rng(seed)
    image, truth = draw_scan(title.pages[page - 1], Print(), cut or Cut(), scanner, rng)
    path = folder / f"p-{page}-{len(list(folder.iterdir()))}.png"
    write_scan(path, plant(image, truth, rng) if plant else image, scanner)
    return inspect_page(PageJob(page, ScanFile(path, path.name), settings), None if alone else reference)


def damage(result: PageResult) -> list[tuple[str, tuple[int, ...]]]:
    assert result.outline is not None and len(result.outline.sides) >= 3
    return [(d.code, d.sides) for d in result.outline.damage]


def corner(name: str, legs: tuple[float, float]) -> Plant:
    return lambda image, truth, rng: taken_away(image, corner_of(truth, name, legs), rng)


@pytest.mark.parametrize(
    ("name", "legs"),
    [("left-top", (10, 10)), ("right-top", (8, 15)), ("right-bottom", (20, 12)), ("left-bottom", (9, 12))],
)
@pytest.mark.parametrize("alone", [False, True])
def test_a_missing_corner_is_measured(
    book: tuple[Title, Reference, Path], name: str, legs: tuple[float, float], alone: bool
) -> None:
    result = seen(book, corner(name, legs), alone=alone)
    assert damage(result) == [("missing-corner", AT[name])]
    (found,) = result.outline.damage if result.outline else ()
    assert abs(found.extent_mm - np.hypot(*legs)) <= 2 * found.u_mm + 0.01 * np.hypot(*legs)
    assert abs(found.area_mm2 - legs[0] * legs[1] / 2) <= 2 * found.u_area_mm2
    at = (0.0 if "left" in name else TRIM[0], 0.0 if "top" in name else TRIM[1])
    x0, y0, x1, y1 = found.box_mm
    assert x0 - 1 <= at[0] <= x1 + 1 and y0 - 1 <= at[1] <= y1 + 1


@pytest.mark.parametrize("side", range(4))
def test_a_notch_and_a_tear_are_told_apart(book: tuple[Title, Reference, Path], side: int) -> None:
    notch = [(-4.0, -1.0), (-3.0, 4.0), (3.0, 4.0), (4.0, -1.0)]
    result = seen(book, lambda i, t, r: taken_away(i, at_edge(t, side, 40.0, notch), r))
    assert damage(result) == [("notch", (side,))]
    tear = [(-0.5, -1.0), (2.0, 11.0), (0.5, -1.0)]
    result = seen(book, lambda i, t, r: taken_away(i, at_edge(t, side, 40.0, tear), r))
    assert damage(result) == [("tear", (side,))]
    (found,) = result.outline.damage if result.outline else ()
    assert abs(found.extent_mm - np.hypot(2.0, 11.0)) < 2 * found.u_mm < 4.0


@pytest.mark.parametrize("name", CORNERS)
def test_a_dog_ear_is_no_missing_corner(book: tuple[Title, Reference, Path], name: str) -> None:
    result = seen(book, lambda i, t, r: folded_over(i, t, name, 16.0, r))
    assert damage(result) == [("dog-ear", AT[name])]
    (found,) = result.outline.damage if result.outline else ()
    assert abs(found.area_mm2 - 128.0) < 0.1 * 128 and abs(found.extent_mm - 22.6) < 1.0


@pytest.mark.parametrize(
    "sound",
    [
        {},
        {"cut": Cut(roughness_mm=0.1)},
        {"cut": Cut(taper_mm=(1.0, -1.0, 0.8, 0.5))},
        {"plant": lambda i, t, r: rounded(i, t, 6.35, r)},
        {"plant": lambda i, t, r: rounded(i, t, 13.0, r)},
        {"plant": corner("right-top", (5, 5))},
        {"plant": lambda i, t, r: taken_away(i, at_edge(t, 2, 30.0, [(-5, -1), (0, 1.6), (5, -1)]), r)},
        {"scanner": Scanner(dpi=150, format="png", shadow_edges=("left", "top"), shadow_depth=0.6, shadow_mm=1.2)},
        {"scanner": Scanner(dpi=150, format="png", backing=(0.3, 0.3, 0.3), texture=0.05, dust=25)},
        {"page": 3},
    ],
)
def test_a_sound_rim_is_not_damaged(book: tuple[Title, Reference, Path], sound: dict[str, object]) -> None:
    result = seen(book, **sound)  # type: ignore[arg-type]
    assert result.outline is not None and result.outline.damage == ()


def test_a_page_as_dark_as_the_backing_is_not_told_from_it(book: tuple[Title, Reference, Path]) -> None:
    result = seen(book, corner("right-top", (12, 12)), page=3)
    assert result.outline is not None and result.outline.damage == ()


def observed(result: PageResult, unseen: str | None = None, **more: bool) -> list[Observation]:
    names = edge_names(Side.RECTO)
    to_scan = result.to_scan or Affine.shift(0, 0)
    return list(page_damage(result.outline, names, Where(page=1), ("p.png", 0), to_scan, unseen, **more))  # type: ignore[arg-type]


def test_an_observation_says_size_place_and_area(book: tuple[Title, Reference, Path]) -> None:
    result = seen(book, corner("right-top", (12, 10)))
    (found,) = observed(result)
    assert found.detail["code"] == "missing-corner" and found.unit == "mm" and found.u and 0 < found.u < 0.5
    assert abs(found.detail["area_mm2"] - 60) < 6 and found.detail["seen"] and len(found.evidence) == 1
    x0, y0, x1, y1 = found.evidence[0].box_px
    assert x1 - x0 > 60 and y1 - y0 > 50
    for name in ("kdp", "ingram"):
        (finding,) = judge_between([found], load_policy(name))
        assert (finding.rule, finding.outcome) == ("page-damage-missing-corner", FindingOutcome.UNDECIDED)


def test_what_was_not_seen_is_not_sound(book: tuple[Title, Reference, Path]) -> None:
    white = seen(book, corner("right-top", (12, 10)), scanner=Scanner(dpi=150, format="png", backing=(0.9, 0.9, 0.9)))
    assert white.outline == Outline()
    cropped = seen(book, scanner=Scanner(dpi=150, format="png", margin_mm=(-1, -1, 8, 8)))
    assert cropped.outline == Outline()
    for result, flag in ((white, Flag.WHITE_BACKING), (cropped, Flag.CROPPED)):
        (none,) = observed(result, flag)
        assert none.value is None and none.flags == (flag,)
    three = seen(book, corner("right-top", (12, 10)), scanner=Scanner(dpi=150, format="png", margin_mm=(-1, 8, 8, 8)))
    assert damage(three) == [("missing-corner", (1, 2))]
    bound = seen(book, settings=ScanSettings(bound=True))
    assert bound.outline is None


def test_the_knife_of_the_bench_notches_nothing(book: tuple[Title, Reference, Path]) -> None:
    notch = [(-4.0, -1.0), (-3.0, 4.0), (3.0, 4.0), (4.0, -1.0)]
    result = seen(book, lambda i, t, r: taken_away(i, at_edge(t, 0, 40.0, notch), r))
    spine = edge_names(Side.RECTO).index(Edge.SPINE)
    assert [d.sides for d in result.outline.damage] == [(spine,)] if result.outline else False
    assert [o.value for o in observed(result, bench_cut=True)] == [0.0]
    assert [o.detail["code"] for o in observed(result)] == ["notch"]
