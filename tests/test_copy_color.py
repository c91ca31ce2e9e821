"""Colors between copies: where and how they differ, what stands for paper, and whether u covers the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from qc.colorimetry import ciede2000, linear_rgb_to_lab
from qc.compare.color import CopyPages, Shown, compare_colors, page_color, shown
from qc.compare.outlier import odd_in_color
from qc.features.page_color import PageColor, difference
from qc.flags import Flag
from qc.geometry import Affine, Size
from qc.measure.color_repeatability import ASSUMED, Repeatability, color_repeatability
from qc.measure.copy_color import (
    U_LEAST,
    copy_color_difference,
    copy_color_difference_over_pages,
    copy_color_outlier,
    copy_color_outlier_of_page,
)
from qc.model import BookCopy, Observation, ScanFile, ScanSettings, Where
from qc.scan.scanner_profile import ScannerProfile
from qc.synthetic import CREAM_PAPER, Cut, Kind, PageDesign, Print, Scanner, draw_scan, write_scan
from qc.synthetic.design import typeset
from qc.synthetic.press import print_page
from qc.units import px_per_mm

TRIM_MM = (74.0, 105.0)
SIZE = Size(*TRIM_MM)
SCANNER = Scanner(dpi=150.0, falloff=0.03, shot=0.012, read=0.003, margin_mm=(3.0, 3.0, 3.0, 3.0))


def page(tiles: np.ndarray) -> PageColor:
    return PageColor(tiles, np.ones(3), (5.0, 6.0), 3.5)


def test_the_region_that_differs_most_is_named_and_placed() -> None:
    tiles = np.full((24, 15, 3), (0.6, 0.3, 0.3))
    changed = tiles.copy()
    changed[18:22, 2:6] = (0.3, 0.15, 0.15)
    value, detail = difference(page(tiles).lab, page(changed).lab, page(tiles).printed, page(tiles))
    region = detail["region"]
    assert region["box_mm"] == [5 + 2 * 3.5, 6 + 18 * 3.5, 5 + 6 * 3.5, 6 + 22 * 3.5]
    assert region["place"] == "lower left"
    assert region["dE00"] > 15 and region["dL"] < -15 and region["dC"] < -3 and abs(region["dh"]) < 1
    assert value == pytest.approx(region["dE00"] * 16 / 360, abs=0.01)
    assert detail["median"] == 0 and detail["dL"] == 0 and detail["shift"] == 0


def test_lightness_chroma_and_hue_stand_apart() -> None:
    lab = np.full((6, 6, 3), (60.0, 30.0, 0.0))
    turned = np.full((6, 6, 3), (57.0, 35 * np.cos(np.deg2rad(10)), 35 * np.sin(np.deg2rad(10))))
    _, detail = difference(lab, turned, np.ones((6, 6), bool), page(np.full((6, 6, 3), 0.5)))
    assert (detail["dL"], detail["dC"], detail["dh"]) == pytest.approx((-3, 5, 10))
    assert detail["shift"] == pytest.approx(float(ciede2000(lab[0, 0], turned[0, 0])), abs=1e-3)
    gray = np.full((6, 6, 3), (60.0, 1.0, 0.0))
    assert difference(gray, turned, np.ones((6, 6), bool), page(gray))[1]["dh"] is None


def test_bare_tiles_are_no_part_of_a_region() -> None:
    tiles = np.ones((12, 12, 3))
    tiles[:3, :3] = 0.5
    _, detail = difference(page(tiles).lab, page(tiles * 0.9).lab, page(tiles).printed, page(tiles))
    assert detail["tiles"] == 9 and detail["region"]["box_mm"][:2] == [5.0, 6.0]
    lone = np.ones((12, 12, 3))
    lone[::4, ::4] = 0.5
    assert difference(page(lone).lab, page(lone * 0.9).lab, page(lone).printed, page(lone))[1]["region"] is None


def test_pages_in_color_speak_for_the_copy() -> None:
    """Nine pages of text that agree do not hide the cast of three pictures."""
    text = np.full((10, 10, 3), 0.8)
    picture = np.random.default_rng(1).uniform(0.1, 0.8, (10, 10, 3))
    measured = Repeatability(0.2, "measured")
    seen: list[Observation] = []
    for n in range(1, 13):
        tiles = picture if n % 4 == 0 else text
        cast = tiles * (1, 0.8, 1) if n % 4 == 0 else tiles
        seen += copy_color_difference(n, {"a": page(tiles), "b": page(cast)}, {}, measured)
    (o,) = copy_color_difference_over_pages(seen, [("a", "b")], {}, measured)
    assert o.value is not None and o.value > 4 and o.detail["pages"] == 3 and o.detail["max_page"] in (4, 8, 12)
    assert (o.detail["repeatability"], o.detail["repeatability_from"]) == (0.2, "measured")
    assert o.u == U_LEAST
    assert "population_median" not in o.detail, "two copies are no population"


def test_a_fault_of_one_page_names_copy_and_page() -> None:
    tiles = np.random.default_rng(2).uniform(0.1, 0.8, (10, 10, 3))
    seen: list[Observation] = []
    for n in range(1, 6):
        lost = tiles.copy()
        lost[..., 0] = 0.8 if n == 4 else lost[..., 0]
        copies = {"a": page(tiles), "b": page(tiles), "c": page(lost)}
        seen += copy_color_outlier_of_page(n, copies, Repeatability())
    overall = copy_color_outlier(list("abc"), seen, [], {}, Repeatability())
    odd = odd_in_color([*seen, *overall], 2.0)
    assert odd is not None and odd.copy == "c" and "on page 4" in odd.sentence
    assert odd_in_color(overall, 2.0) is None


def test_repeatability_comes_from_the_profile_or_is_said_to_be_assumed() -> None:
    measured = replace(PROFILE, tables={"noise": {"color_dE00": 0.22}})
    assert color_repeatability([measured, measured]).value == 0.22
    assert "flatbed" in color_repeatability([measured]).source
    without = replace(PROFILE, tables={"noise": {"color_dE00": "none"}})
    for other in (None, replace(PROFILE, tables={}), without):
        found = color_repeatability([measured, other])
        assert found.value == ASSUMED and "assumed" in found.source


PROFILE = ScannerProfile("flatbed", Path(), "", made=None, expires=None)  # type: ignore[arg-type]


# --- drawn copies -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawn:
    """A copy of a few drawn pages, laid on the page frame by the truth, and how each page was printed."""

    pages: CopyPages
    prints: Mapping[int, Print]
    exposure: float


@cache
def designs(kinds: tuple[Kind, ...], seed: int) -> tuple[PageDesign, ...]:
    return typeset(kinds, trim_mm=TRIM_MM, seed=seed)


def drawn(folder: Path, name: str, kinds: list[Kind], seed: int, printed: Print, scanner: Scanner = SCANNER) -> Drawn:
    """Scans with noise, lamp drift, placement and half a degree of skew; the register of each page is 0.1 mm wrong."""
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    exposure = scanner.exposure * float(rng.normal(1, 0.004))
    where = folder / name
    where.mkdir(parents=True)
    laid, scans = {}, []
    for number, design in enumerate(designs(tuple(kinds), seed), 1):
        scan = replace(
            scanner, exposure=exposure, gradient=float(rng.normal(0, 0.005)), skew_deg=float(rng.normal(0, 0.4))
        )
        image, truth = draw_scan(design, printed, Cut(), scan, rng)
        file = write_scan(where / f"{number}.{'tif' if scan.format == 'tiff' else 'jpg'}", image, scan)
        scans.append(ScanFile(file, file.name))
        laid[number] = Shown(scans[-1], Affine(truth.to_scan).after(Affine.shift(*rng.normal(0, 0.07, 2))))
    paper = np.array(printed.paper) / exposure
    copy = BookCopy(name, where, tuple(scans))
    return Drawn(CopyPages(copy, laid, paper), dict.fromkeys(laid, printed), exposure)


def true_tiles(kinds: list[Kind], seed: int, number: int, printed: Print, like: PageColor) -> PageColor:
    """The same tiles of the sheet itself, never scanned."""
    design = designs(tuple(kinds), seed)[number - 1]
    dpi = 150.0
    sheet = print_page(design, printed, dpi, np.random.default_rng(0))
    x, y = (round(v * px_per_mm(dpi)) for v in like.corner_mm)
    step = like.step_mm * px_per_mm(dpi)
    rows, cols = like.tiles.shape[:2]
    ys, xs = (np.round(start + step * np.arange(n + 1)).astype(int) for start, n in ((y, rows), (x, cols)))
    means = [[sheet[a:b, c:d].mean(axis=(0, 1)) for c, d in pairwise(xs)] for a, b in pairwise(ys)]
    return replace(like, tiles=np.array(means) / 65535 / np.array(printed.paper))


def sizes(count: int) -> dict[int, Size]:
    return dict.fromkeys(range(1, count + 1), SIZE)


def test_u_covers_the_truth(tmp_path: Path) -> None:
    """Page, copy, outlier and paper: 95 % of the drawn truths lie within 2 u. Seeds from 5000: nothing was tuned on them."""
    kinds = [Kind.PICTURE, Kind.GRAY_PICTURE, Kind.BLEED_MIXED]
    z: dict[str, list[float]] = {}
    for seed in range(5000, 5006):
        rng = np.random.default_rng(seed)
        prints = {}
        for name in "abc":
            r, g, b = rng.uniform(0.8, 1.2, 3)
            paper = tuple(np.array(CREAM_PAPER if name == "c" and seed % 2 else Print().paper) * rng.normal(1, 0.01, 3))
            prints[name] = Print(strength=(r, g, b), gain=float(rng.uniform(0.05, 0.15)), paper=paper)  # type: ignore[arg-type]
        copies = {c: drawn(tmp_path / str(seed), c, kinds, seed, p) for c, p in prints.items()}
        seen = compare_colors([d.pages for d in copies.values()], sizes(len(kinds)))
        truth: list[Observation] = []
        outliers: list[Observation] = []
        for n in range(1, len(kinds) + 1):
            like = page_color(copies["a"].pages, copies["a"].pages.shown[n], SIZE, copies["a"].pages.paper)
            assert like is not None
            colors = {c: true_tiles(kinds, seed, n, p, like) for c, p in prints.items()}
            truth += copy_color_difference(n, colors, {}, Repeatability())
            outliers += copy_color_outlier_of_page(n, colors, Repeatability())
        overall = copy_color_difference_over_pages(truth, list(combinations("abc", 2)), {}, Repeatability())
        known = [*truth, *overall, *outliers, *copy_color_outlier(list("abc"), outliers, overall, {}, Repeatability())]
        true = {(o.measure, o.where): o.value for o in known}
        for a, b in combinations("abc", 2):
            first, second = (np.array(prints[c].paper) / SCANNER.exposure for c in (a, b))
            lab = linear_rgb_to_lab(np.array([first, second]))
            true["paper-difference", Where(copies=(a, b))] = float(ciede2000(lab[0], lab[1]))
        assert {(o.measure, o.where) for o in seen} == set(true)
        for o in seen:
            expected = true[o.measure, o.where]
            assert o.value is not None and o.u is not None and expected is not None
            z.setdefault(f"{o.measure} {'page' if o.where.page else 'copy'}", []).append((o.value - expected) / o.u)
    assert len(z) == 5
    for what, own in z.items():
        assert np.mean(np.abs(own) <= 2) >= 0.95, what
        assert max(np.abs(own)) < 3, what


def test_another_scan_of_one_print_agrees(tmp_path: Path) -> None:
    kinds = [Kind.PICTURE, Kind.BLEED_MIXED, Kind.BLEED_BRIGHT]
    copies = [drawn(tmp_path, c, kinds, 5100, Print()).pages for c in "abc"]
    seen = [o for o in compare_colors(copies, sizes(3)) if o.measure == "copy-color-difference"]
    values = [o.value or 0.0 for o in seen if o.where.page]
    assert len(values) == 9 and np.mean(values) <= 0.8 and max(values) <= 1.2
    assert {o.where.copies for o in seen} == {("a", "b"), ("a", "c"), ("b", "c")}
    assert all(o.detail["population_max"] < 1.2 for o in seen if o.where.page is None)


def test_8_and_16_bit_scans_give_the_same_color(tmp_path: Path) -> None:
    scans = [replace(SCANNER, format="tiff", bits=bits) for bits in (8, 16)]
    found = []
    for bits, scanner in zip((8, 16), scans, strict=True):
        copy = drawn(tmp_path / str(bits), "a", [Kind.BLEED_MIXED], 5200, Print(), scanner).pages
        color = page_color(copy, copy.shown[1], SIZE, copy.paper)
        assert color is not None
        found.append(color.lab)
    assert ciede2000(found[0], found[1]).max() < 0.05


def test_a_tint_over_the_whole_page_is_no_paper(tmp_path: Path) -> None:
    """A page tinted all over passed for paper, and its cast vanished: it is held beside the copy's paper."""
    tint = Scanner(dpi=150.0, shot=0.0, read=0.0, format="tiff")
    colors = {}
    for name, green in (("a", 0.70), ("b", 0.62)):
        sheet = np.full((620, 437, 3), (0.75, green, 0.75)) / 0.95
        image = np.round(255 * np.clip(1.055 * sheet ** (1 / 2.4) - 0.055, 0, 1)).astype(np.uint8)
        file = write_scan(tmp_path / f"{name}.tif", image, tint)
        scan = ScanFile(file, file.name)
        to_scan = Affine.shift(-0.5, -0.5).after(Affine.scaling(px_per_mm(150.0)))
        copy = BookCopy(name, tmp_path, (scan,))
        color = page_color(CopyPages(copy, {}, None), Shown(scan, to_scan), SIZE, np.array([0.84, 0.83, 0.82]) / 0.95)
        assert color is not None and color.paper is None
        colors[name] = color
    (o,) = copy_color_difference(1, colors, {}, Repeatability())
    assert o.value is not None and o.value > 4 and o.detail["da"] > 3


def test_without_paper_anywhere_it_is_said(tmp_path: Path) -> None:
    copies = [drawn(tmp_path, c, [Kind.BLEED_DARK], 5300, Print()).pages for c in "ab"]
    seen = compare_colors([replace(c, paper=None) for c in copies], sizes(1))
    pair, overall = (o for o in seen if o.measure == "copy-color-difference")
    assert pair.value is not None and pair.flags == overall.flags == (Flag.NO_PAPER,)
    assert pair.u is not None and pair.u > 0.5
    (paper,) = (o for o in seen if o.measure == "paper-difference")
    assert paper.value is None and paper.flags == (Flag.NO_PAPER,)
    known = compare_colors(copies, sizes(1))
    assert known[0].flags == () and known[0].u == ASSUMED


def test_what_is_bent_at_the_spine_of_a_bound_copy_is_not_compared(tmp_path: Path) -> None:
    dark = replace(SCANNER, curl_depth=0.8, curl_mm=8.0)
    flat, bent = (
        drawn(tmp_path, c, [Kind.BLEED_MIXED], 5400, Print(), s).pages for c, s in (("a", SCANNER), ("b", dark))
    )
    regions = {}
    for bound in (False, True):
        copy = replace(bent.copy, scan=ScanSettings(bound=bound))
        laid = {n: shown(s.scan, s.to_scan, copy, n, SIZE) for n, s in bent.shown.items()}
        seen = compare_colors([flat, replace(bent, copy=copy, shown=laid)], sizes(1))
        regions[bound] = seen[0].detail["region"]
    assert regions[False]["box_mm"][0] == pytest.approx(5, abs=0.3) and regions[False]["dE00"] > 4
    assert regions[True]["box_mm"][2] > 0.25 * TRIM_MM[0] and regions[True]["dE00"] < 1.5
