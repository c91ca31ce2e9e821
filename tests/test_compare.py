"""Copies against each other: known cuts and casts are found, lacking pages shift nothing, and the odd one is named."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import resources
from itertools import combinations
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from click.testing import CliRunner
from drawn_colors import tiles_of
from PIL import Image

from qc.cli import main
from qc.colorimetry import linear_rgb_to_lab
from qc.compare.compare import Comparison, compare_copies
from qc.compare.outlier import odd_in_color, odd_in_position
from qc.errors import ScanError, UsageError
from qc.features.color_tiles import ColorTiles
from qc.flags import Flag
from qc.geometry import Edge, Size
from qc.judge.policy import load_policy
from qc.measure import MEASURES
from qc.measure.color_repeatability import Repeatability
from qc.measure.context.copies_context import CutPlace
from qc.measure.copy_color import copy_color_difference, copy_color_outlier, copy_color_outlier_of_page
from qc.measure.copy_position import copy_position_difference
from qc.model import BookCopy, FindingOutcome, Observation, ScanFile, Where
from qc.report.comparison_html import panels, render
from qc.report.comparison_pictures import SideBySide, side_by_side
from qc.scan.copy_folder import open_copy
from qc.scan.scan_reader import ScanReader
from qc.synthetic import Block, CopyTruth, Cut, Faults, Kind, Print, Scanner, draw_copy, write_title

pytestmark = pytest.mark.usefixtures("fresh_cache")

KINDS = [Kind.PICTURE, Kind.TEXT, Kind.PICTURE, Kind.TABLE, Kind.TEXT]
JUDGED = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)
SCANNER = Scanner(dpi=200.0)


@dataclass(frozen=True)
class Shelf:
    """Drawn copies of one title: `a` as set, `b` cut otherwise, `c` printed with a cast and without page 2."""

    folder: Path
    truths: Mapping[str, CopyTruth]

    def copy(self, name: str) -> BookCopy:
        return open_copy(self.folder / name)

    def truth(self, pair: tuple[str, str], page: int, edge: Edge) -> float:
        a, b = (next(p.truth for p in self.truths[c].pages if p.page == page) for c in pair)
        return b.offsets_mm[edge] - a.offsets_mm[edge]

    def pages(self, pair: tuple[str, str]) -> set[int]:
        a, b = ({p.page for p in self.truths[c].pages if p.page is not None} for c in pair)
        return a & b


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    folder = tmp_path_factory.mktemp("shelf")
    title = write_title(folder / "t.pdf", KINDS, trim_mm=(90.0, 120.0), seed=7)
    cut = Block(cut=Cut(head_mm=0.9, tail_mm=-0.5, fore_edge_mm=-1.4))
    cast = Print(strength=(1.0, 1.8, 1.0))
    truths = {
        "a": draw_copy(folder / "a", title, scanner=SCANNER, seed=21),
        "b": draw_copy(folder / "b", title, block=cut, scanner=SCANNER, seed=22),
        "c": draw_copy(folder / "c", title, printed=cast, scanner=SCANNER, faults=Faults(left_out=(2,)), seed=23),
    }
    return Shelf(folder, truths)


@pytest.fixture(scope="module")
def compared(shelf: Shelf) -> Comparison:
    return compare_copies([shelf.copy(c) for c in "abc"], load_policy())


def of(comparison: Comparison, measure: str, pages: bool = False) -> list[Observation]:
    return [o for o in comparison.observations if o.measure == measure and (o.where.page is not None) == pages]


def test_differences_of_the_cuts_are_found(shelf: Shelf, compared: Comparison) -> None:
    blocks = {(o.where.copies, o.where.edge): o for o in of(compared, "copy-position-difference")}
    assert len(blocks) == 12
    for pair in combinations("abc", 2):
        for edge in JUDGED:
            o = blocks[pair, edge]
            truth = np.mean([shelf.truth(pair, page, edge) for page in shelf.pages(pair)])
            assert o.value is not None and o.u is not None and o.flags == ()
            assert abs(o.value - truth) <= 2 * o.u, (pair, edge)
        spine = blocks[pair, Edge.SPINE]
        assert spine.value is not None and spine.flags == (Flag.BENCH_CUT,)


def test_each_page_is_measured_within_its_uncertainty(shelf: Shelf, compared: Comparison) -> None:
    seen = [o for o in of(compared, "copy-position-difference", pages=True) if o.value is not None]
    z = []
    for o in seen:
        assert o.where.copies and o.where.page and o.where.edge and o.u and o.value is not None
        assert o.u < 0.05
        pair = (o.where.copies[0], o.where.copies[1])
        z.append(abs(o.value - shelf.truth(pair, o.where.page, o.where.edge)) / o.u)
    assert len(z) == 4 * (5 + 4 + 4)
    assert np.mean(np.array(z) <= 2) >= 0.9 and max(z) < 4


def test_a_lacking_page_shifts_nothing(compared: Comparison) -> None:
    assert any("c: page 2 of a not found" in note for note in compared.notes)
    pages = [o for o in of(compared, "copy-position-difference", pages=True) if o.where.copies == ("a", "c")]
    assert {o.where.page for o in pages if o.value is None} == {2}
    assert all(o.flags[0] == Flag.NOT_REGISTERED for o in pages if o.value is None)


def without(copy: BookCopy, *pages: int) -> BookCopy:
    return replace(copy, scans=tuple(s for i, s in enumerate(copy.pages, 1) if i not in pages))


def test_pages_that_the_base_lacks_are_paired_all_the_same(shelf: Shelf) -> None:
    """`a` lacks page 4 of the title, which lies third in `b` and in `c`."""
    copies = [without(shelf.copy("a"), 4), without(shelf.copy("b"), 1), without(shelf.copy("c"), 2)]
    result = compare_copies(copies, load_policy())
    assert result.base == "a"
    assert "page 3 of b, which a lacks, is counted as page 5" in result.notes
    beyond = [o for o in result.observations if o.where.page == 5 and o.value is not None]
    assert {o.where.copies for o in beyond} == {("b", "c")}
    for edge in JUDGED:
        (o,) = (o for o in beyond if o.measure == "copy-position-difference" and o.where.edge is edge)
        assert o.value is not None and o.u is not None and o.u < 0.06
        assert abs(o.value - shelf.truth(("b", "c"), 4, edge)) <= 3 * o.u
    (color,) = (o for o in beyond if o.measure == "copy-color-difference")
    assert color.value is not None and color.value > 0.5 and color.detail["da"] > 0.2
    lone = compare_copies(copies[:2], load_policy())
    assert {o.where.page for o in lone.observations} <= {None, 1, 2, 3, 4}


def test_the_cast_is_the_odd_one_in_color(compared: Comparison) -> None:
    outliers = {o.where.copy: o for o in of(compared, "copy-color-outlier")}
    assert set(outliers) == {"a", "b", "c"}
    assert all((outliers[c].value or 0) < 0.2 for c in "ab")
    odd = outliers["c"]
    assert odd.value is not None and odd.value > 1.5 and odd.detail["da"] > 1
    (said,) = (c for c in compared.conclusions if c.property == "color")
    assert said.copy == "c" and "c is the odd one in color" in said.sentence and "redder" in said.sentence


def test_the_other_cut_is_the_odd_one_in_position(compared: Comparison) -> None:
    (said,) = (c for c in compared.conclusions if c.property == "cut")
    assert said.copy == "b" and "b is the odd one in position: at the fore-edge" in said.sentence
    assert "deeper" in said.sentence and said.outcome is FindingOutcome.WITHIN


def test_color_of_copies_that_are_alike(compared: Comparison) -> None:
    pairs = {o.where.copies: o for o in of(compared, "copy-color-difference")}
    alike, cast = pairs["a", "b"], pairs["a", "c"]
    assert alike.value is not None and alike.value < 0.3 and alike.u == pytest.approx(0.35)
    assert cast.value is not None and cast.value > 1.5 and cast.detail["dC"] > 1


def test_paper_and_spread_of_the_copies_stand_beside_the_color(compared: Comparison) -> None:
    papers = of(compared, "paper-difference")
    assert [o.where.copies for o in papers] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert all(o.value is not None and o.u is not None and o.value <= 2 * o.u for o in papers)
    outliers = {o.where.copy: o for o in of(compared, "copy-color-outlier")}
    pairs = {o.where.copies: o for o in of(compared, "copy-color-difference")}
    assert outliers["c"].detail["population"] == pytest.approx(pairs["a", "b"].value, abs=1e-3)
    assert outliers["c"].detail["population"] < 0.3 < 1.5 < outliers["a"].detail["population"]
    assert {o.where.page for o in of(compared, "copy-color-outlier", pages=True)} <= {1, 3, 4, 5}


def test_findings_judge_whole_copies_only(compared: Comparison) -> None:
    assert {f.rule for f in compared.findings} == {
        "paper-difference",
        "copy-position-difference",
        "copy-color-difference",
        "copy-color-outlier",
    }
    assert all(f.where.page is None for f in compared.findings)


def test_the_order_of_the_copies_turns_the_sign(shelf: Shelf, compared: Comparison) -> None:
    turned = compare_copies([shelf.copy("b"), shelf.copy("a")], load_policy())
    mine = {o.where.edge: o.value for o in of(turned, "copy-position-difference")}
    first = {o.where.edge: o.value for o in of(compared, "copy-position-difference") if o.where.copies == ("a", "b")}
    for edge in JUDGED:
        assert (mine[edge] or 0) == pytest.approx(-(first[edge] or 0), abs=0.05)
    assert any("which of the two is off" in note for note in turned.notes)


def test_other_scanners_are_not_compared_in_color(shelf: Shelf) -> None:
    copies = [shelf.copy("a"), shelf.copy("b")]
    named = [replace(c, scan=replace(c.scan, scanner=s)) for c, s in zip(copies, ("one", "two"), strict=True)]
    result = compare_copies(named, load_policy())
    colors = of(result, "copy-color-difference") + of(result, "copy-color-difference", pages=True)
    assert colors and all(o.value is None and o.flags == (Flag.DIFFERENT_SCANNERS,) for o in colors)
    (said,) = (c for c in result.conclusions if c.property == "color")
    assert "Color could not be compared" in said.sentence and "different scanners" in said.sentence
    assert said.outcome is FindingOutcome.NOT_JUDGED and said.copy is None
    assert any(o.value is not None for o in of(result, "copy-position-difference"))


def test_what_is_no_comparison(shelf: Shelf, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="two copies or more"):
        compare_copies([shelf.copy("a")], load_policy())
    with pytest.raises(UsageError, match="id a"):
        compare_copies([shelf.copy("a"), shelf.copy("a")], load_policy())
    other = write_title(tmp_path / "t.pdf", [Kind.TEXT, Kind.PICTURE, Kind.TEXT], trim_mm=(90.0, 120.0), seed=99)
    draw_copy(tmp_path / "x", other, scanner=SCANNER, seed=1)
    with pytest.raises(ScanError, match="x was not compared: none of its pages"):
        compare_copies([shelf.copy("a"), open_copy(tmp_path / "x")], load_policy())


def test_command(shelf: Shelf, tmp_path: Path) -> None:
    paths = [str(shelf.folder / name) for name in "ab"]
    result = CliRunner().invoke(main, ["compare", *paths, "--json", "--out", str(tmp_path)], standalone_mode=False)
    assert result.return_value == 0, result.exception
    printed = json.loads(result.stdout)
    schema = json.loads(resources.files("qc.report").joinpath("schemas/comparison.schema.json").read_text("utf-8"))
    jsonschema.validate(printed, schema)
    assert printed == json.loads((tmp_path / "comparison.json").read_text("utf-8"))
    assert printed["copies"] == ["a", "b"]
    (said,) = printed["conclusions"]
    assert (said["copy"], said["property"], said["outcome"]) == ("b", "cut", "within")
    assert f"✔ within {said['sentence']}" in result.stderr
    assert "<svg" in (tmp_path / "comparison.html").read_text("utf-8")
    text = CliRunner().invoke(main, ["compare", *paths, "--out", str(tmp_path)], standalone_mode=False)
    assert text.return_value == 0
    assert "b was cut" in text.stdout.splitlines()[-1]
    assert "two scans of one page differ by 0.35 ΔE00 (assumed" in text.stdout
    assert "Color most" in text.stdout and "hue" in text.stdout


def test_command_goes_on_without_a_copy_that_cannot_be_used(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    paths = [str(shelf.folder / "a"), str(tmp_path / "empty"), str(shelf.folder / "b")]
    result = CliRunner().invoke(main, ["compare", *paths, "--out", str(tmp_path / "out")], standalone_mode=False)
    assert result.return_value == 3
    assert "empty holds no scans" in result.stderr
    assert "b was cut" in result.stdout
    inside = CliRunner().invoke(main, ["compare", paths[0], paths[2], "--out", paths[0] + "/x"], standalone_mode=False)
    assert isinstance(inside.exception, UsageError)


def test_html_is_self_contained_and_escaped(compared: Comparison) -> None:
    evil = replace(compared, notes=("<script>alert(1)</script>",))
    page = render(evil, k=2.0)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "default-src 'none'" in page
    assert all(link.startswith("data:image/") for link in re.findall(r'(?:src|href)\s*=\s*"([^"]*)', page))
    assert "the others among themselves" in page and "two scans of one page differ by 0.35" in page
    drawn = panels(compared, 2.0)
    assert [p.title for p in drawn] == ["head", "fore-edge", "tail", "spine (bench cut)", "color"]
    b, c = drawn[1].series
    assert (b.copy, len(b.points), len(b.missing)) == ("b", 5, 0)
    assert (c.copy, len(c.points), len(c.missing)) == ("c", 4, 1)
    assert min(p.y for p in b.points) > drawn[1].zero, "deeper is drawn below the line"


@pytest.fixture(scope="module")
def beside(compared: Comparison) -> dict[str, SideBySide]:
    return {b.conclusion.property: b for b in side_by_side(compared)}


def pixels(webp: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(webp)).convert("RGB"), float)


def test_a_picture_shows_where_each_copy_was_cut(compared: Comparison, beside: Mapping[str, SideBySide]) -> None:
    """The dashed line of one picture lies where the other one shows paper to end, as both show one place at one scale."""
    cut = beside["cut"]
    assert (cut.place.copy, cut.place.edge) == ("b", Edge.FORE_EDGE)
    own, other = cut.pictures
    assert (own.copy, other.copy) == ("b", cut.place.beside)
    assert "fore-edge" in own.alt and "in b, cut 1" in own.alt and "deeper than in" in own.alt
    at_left = compared.pages[cut.place.page].edges[0] is Edge.FORE_EDGE
    for picture, line in ((own, other.cut), (other, own.cut)):
        row = pixels(picture.webp).mean(axis=(0, 2))
        assert line is not None and line.x1 == line.x2
        # From paper to backing is the largest step outward.
        steps = np.diff(row) * (1 if at_left else -1)
        seen = np.argmax(steps) + 1
        assert abs(seen / len(row) - line.x1 / cut.size_px[0]) * cut.width_mm < 0.3


def test_a_picture_shows_the_color_that_differs(beside: Mapping[str, SideBySide]) -> None:
    color = beside["color"]
    assert color.place.copy == "c" and color.box_px is not None
    x, y, w, h = (round(v) for v in color.box_px)
    own, other = (pixels(p.webp)[y : y + h, x : x + w] for p in color.pictures)
    # It was printed with more magenta: less green.
    assert own[..., 1].mean() < other[..., 1].mean() - 3
    assert "c on page" in color.pictures[0].alt and "color differs most" in color.pictures[0].alt
    assert np.corrcoef(own[..., 0].ravel(), other[..., 0].ravel())[0, 1] > 0.8, "not the same place"


def test_only_the_scans_that_are_shown_are_decoded(compared: Comparison) -> None:
    decoded: list[ScanFile] = []
    made = side_by_side(compared, ScanReader(0, seen=lambda scan, _: decoded.append(scan)))
    assert {(s.path.parent.name, s.name) for s in decoded} == {(p.copy, p.file) for b in made for p in b.pictures}
    gone = {n: replace(page, scans={}) for n, page in compared.pages.items()}
    assert side_by_side(replace(compared, pages=gone)) == []


def test_html_shows_conclusions_pictures_and_the_finding_first(
    compared: Comparison, beside: Mapping[str, SideBySide]
) -> None:
    html = render(compared, list(beside.values()), k=2.0)
    assert len(html.encode()) < 400_000
    assert html.count("<img ") == 2 * len(beside) == 4
    assert all(f'alt="{p.alt}"' in html for b in beside.values() for p in b.pictures)
    marks = re.findall(r'<li><span class="mark (\S+)">(\S) ', html)
    assert marks == [("outside", "✖"), ("within", "✔")]
    assert re.search(r"<tr><th>second – first</th><th>finding</th>", html)
    scrolls = re.findall(r'<div class="scroll"[^>]*>', html)
    assert scrolls and all(re.search(r'tabindex="0" role="region" aria-label="\w', s) for s in scrolls)


def position(pair: tuple[str, str], value: float, u: float = 0.02) -> Observation:
    return MEASURES["copy-position-difference"].observe(value, u, Where(edge=Edge.HEAD, copies=pair))


def positions(place: Mapping[str, float]) -> list[Observation]:
    return [position(pair, place[pair[1]] - place[pair[0]]) for pair in combinations(place, 2)]


@pytest.mark.parametrize(
    ("place", "odd"),
    [
        ({"a": 0.0, "b": 0.01, "c": 0.5}, "c"),
        ({"a": -0.5, "b": 0.01, "c": 0.0}, "a"),
        ({"a": 0.0, "b": 0.5, "c": 1.0}, None),
        ({"a": 0.0, "b": 0.03, "c": 0.01}, None),
        ({"a": 0.0, "b": 0.5}, None),
        ({"a": 0.0, "b": 0.02, "c": 0.6, "d": 0.01}, "c"),
    ],
)
def test_odd_one_in_position(place: Mapping[str, float], odd: str | None) -> None:
    found = odd_in_position(list(place), positions(place), k=2.0)
    assert (found.copy if found else None) == odd
    if found and odd:
        assert np.sign(found.value) == np.sign(place[odd])


def test_a_copy_that_was_not_measured_hides_no_odd_one() -> None:
    """A copy of another book among them left no copy that was held against all others."""
    found = odd_in_position(list("abcdx"), positions({"a": 0.0, "b": 0.02, "c": -4.0, "d": 0.01}), k=2.0)
    assert found is not None and found.copy == "c" and "deeper" in found.sentence


def test_the_odd_one_is_held_against_a_usual_copy_beside_which_it_is_known_well() -> None:
    """The very median may share few pages with it."""
    place = {"a": -0.02, "b": 0.0, "c": 0.01, "d": 0.02, "e": -4.0}
    seen = [replace(o, u=2.0) if o.where.copies == ("b", "e") else o for o in positions(place)]
    found = odd_in_position("abcde", seen, k=2.0)
    assert found is not None and found.copy == "e" and found.u == 0.02 and "than b" not in found.sentence
    blurred = [replace(o, u=2.0) if "e" in (o.where.copies or ()) else o for o in positions(place)]
    assert odd_in_position("abcde", blurred, k=2.0) is None


def test_two_casts_of_three_name_nobody() -> None:
    def outlier(copy: str, value: float) -> Observation:
        detail = {"dL": value, "da": 0.0, "db": 0.0, "max_page": 1}
        return MEASURES["copy-color-outlier"].observe(value, 0.35, Where(copy=copy), detail=detail)

    assert odd_in_color([outlier("a", 2.0), outlier("b", 0.0), outlier("c", 2.0)], 2.0) is None
    found = odd_in_color([outlier("a", 0.1), outlier("b", 0.0), outlier("c", 2.0)], 2.0)
    assert found is not None and found.copy == "c" and "lighter" in found.sentence


def test_fewer_than_three_pages_have_no_mean() -> None:
    cuts = {c: {(page, Edge.HEAD): CutPlace(value, 0.01) for page in (1, 2)} for c, value in (("a", 0.0), ("b", 0.3))}
    seen = [o for o in copy_position_difference(cuts) if o.where.edge is Edge.HEAD]
    assert [o.value for o in seen] == [pytest.approx(0.3), pytest.approx(0.3), None]
    assert seen[-1].flags == (Flag.FEW_PAGES,) and seen[-1].detail["pages"] == 2


def page(light: np.ndarray, paper: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> ColorTiles:
    """Light relative to paper, on a paper of this light."""
    tiles = tiles_of(light, (5.0, 5.0), 3.5, Size(90.0, 120.0))
    return replace(tiles, paper=linear_rgb_to_lab(np.array(paper)))


def test_paper_is_taken_out() -> None:
    """Two prints of one strength on white and on yellowish paper: no color difference."""
    tiles = np.full((5, 8, 3), 0.5)
    colors = {"a": page(tiles), "b": page(tiles, (1.0, 0.95, 0.8))}
    (o,) = copy_color_difference(1, colors, {}, Repeatability())
    assert o.value == pytest.approx(0.0)
    (o,) = copy_color_difference(1, colors, {("a", "b"): Flag.GRAY_SCAN}, Repeatability())
    assert o.value is None and o.flags == (Flag.GRAY_SCAN,)
    bare = {c: page(np.ones((5, 8, 3))) for c in colors}
    (o,) = copy_color_difference(1, bare, {}, Repeatability())
    assert o.flags == (Flag.NOTHING_TO_COMPARE,)


def test_outlier_is_robust() -> None:
    rng = np.random.default_rng(1)
    tiles = rng.uniform(0.2, 0.9, (10, 20, 3))
    noisy = {c: page(tiles * rng.normal(1, 0.02, (10, 20, 3))) for c in "abd"}
    noisy["c"] = page(tiles * 0.8)
    seen = copy_color_outlier_of_page(1, noisy, Repeatability())
    overall = copy_color_outlier(list("abcd"), seen, [], {}, Repeatability())
    values = {o.where.copy: o.value or 0.0 for o in overall}
    assert values["c"] > 3 and max(values[c] for c in "abd") < 1
    (c,) = (o for o in overall if o.where.copy == "c")
    assert c.detail["dL"] < -3 and abs(c.detail["da"]) < 1
    assert copy_color_outlier_of_page(1, {c: noisy[c] for c in "ab"}, Repeatability()) == []
