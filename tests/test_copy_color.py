"""Colors between copies: where and how they differ, what stands for paper, and whether u covers the truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_colors import ordered_page, tiles_of

from qc.colorimetry import PAPER_LAB, carries_print, ciede2000, linear_rgb_to_lab
from qc.compare.color import CopyPages, capture_of, observe_between
from qc.compare.outlier import odd_in_color
from qc.compare.shared_pages import scanned_page
from qc.features.color_tiles import ColorTiles, copy_colors
from qc.features.page_maps import page_maps
from qc.features.tile_differences import page_differences
from qc.features.tiles import ScannedPage, page_tiles
from qc.flags import Flag
from qc.geometry import WORKING_DPI, Affine, Points, Size
from qc.measure.color_repeatability import ASSUMED, Repeatability, color_repeatability, least_repeatable
from qc.measure.copy_color import (
    U_EXPOSURE,
    U_LEAST,
    copy_color_difference,
    copy_color_difference_over_pages,
    copy_color_outlier,
    copy_color_outlier_of_page,
)
from qc.model import BookCopy, Observation, ScanFile, ScanSettings, Where
from qc.normalize.open_page import open_page
from qc.reference.base import ReferencePage
from qc.register.identify import flat_mm
from qc.scan.scanner_profile import ScannerProfile
from qc.synthetic import CREAM_PAPER, Cut, Kind, PageDesign, Print, Scanner, draw_scan, write_scan
from qc.synthetic.design import typeset
from qc.synthetic.press import print_page
from qc.units import px_per_mm

TRIM_MM = (74.0, 105.0)
SIZE = Size(*TRIM_MM)
SCANNER = Scanner(dpi=150.0, falloff=0.03, shot=0.012, read=0.003, margin_mm=(3.0, 3.0, 3.0, 3.0))


def page(light: np.ndarray) -> ColorTiles:
    return tiles_of(light, (5.0, 6.0), 3.5, SIZE)


def differences(first: ColorTiles, second: ColorTiles) -> tuple[float, dict[str, Any]]:
    a, b = (p.copy.astype(float) for p in (first, second))
    return page_differences(a, b, carries_print(a), first.usable, first.to_mm)


def test_the_region_that_differs_most_is_named_and_placed() -> None:
    tiles = np.full((24, 15, 3), (0.6, 0.3, 0.3))
    changed = tiles.copy()
    changed[18:22, 2:6] = (0.3, 0.15, 0.15)
    value, detail = differences(page(tiles), page(changed))
    region = detail["region"]
    assert region["box_mm"] == [5 + 2 * 3.5, 6 + 18 * 3.5, 5 + 6 * 3.5, 6 + 22 * 3.5]
    assert region["place"] == "lower left"
    assert region["dE00"] > 15 and region["dL"] < -15 and region["dC"] < -3 and abs(region["dh"]) < 1
    assert value == pytest.approx(region["dE00"] * 16 / 360, abs=0.01)
    assert detail["median"] == 0 and detail["dL"] == 0 and detail["shift"] == 0


def test_lightness_chroma_and_hue_stand_apart() -> None:
    lab = np.full((6, 6, 3), (60.0, 30.0, 0.0))
    turned = np.full((6, 6, 3), (57.0, 35 * np.cos(np.deg2rad(10)), 35 * np.sin(np.deg2rad(10))))
    every = np.ones((6, 6), bool)
    _, detail = page_differences(lab, turned, every, every, Affine.scaling(3.5))
    assert (detail["dL"], detail["dC"], detail["dh"]) == pytest.approx((-3, 5, 10))
    assert detail["shift"] == pytest.approx(float(ciede2000(lab[0, 0], turned[0, 0])), abs=1e-3)
    gray = np.full((6, 6, 3), (60.0, 1.0, 0.0))
    assert page_differences(gray, turned, every, every, Affine.scaling(3.5))[1]["dh"] is None


def test_bare_tiles_are_no_part_of_a_region() -> None:
    tiles = np.ones((12, 12, 3))
    tiles[:3, :3] = 0.5
    _, detail = differences(page(tiles), page(tiles * 0.9))
    assert detail["tiles"] == 9 and detail["region"]["box_mm"][:2] == [5.0, 6.0]
    lone = np.ones((12, 12, 3))
    lone[::4, ::4] = 0.5
    assert differences(page(lone), page(lone * 0.9))[1]["region"] is None


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
    def of(tables: Mapping[str, object] | None) -> Repeatability:
        return color_repeatability(replace(PROFILE, tables=tables) if tables is not None else None)

    measured = of({"noise": {"color_dE00": 0.22}})
    assert least_repeatable([measured, of({"noise": {"color_dE00": 0.2}})]).value == 0.22
    assert "flatbed" in measured.source
    for other in (of(None), of({}), of({"noise": {"color_dE00": "none"}})):
        found = least_repeatable([measured, other])
        assert found.value == ASSUMED and "assumed" in found.source


PROFILE = ScannerProfile("flatbed", Path(), "", made=None, expires=None)  # type: ignore[arg-type]


# --- drawn copies -----------------------------------------------------------------------------------------------------


@cache
def designs(kinds: tuple[Kind, ...], seed: int) -> tuple[PageDesign, ...]:
    return typeset(kinds, trim_mm=TRIM_MM, seed=seed)


@dataclass(frozen=True)
class Laid:
    """A drawn scan, and where the truth says that it shows the page, 0.1 mm wrong."""

    scan: ScanFile
    to_scan: Affine


def scans(folder: Path, name: str, kinds: list[Kind], seed: int, printed: Print, scanner: Scanner) -> list[Laid]:
    """Scans with noise, lamp drift, placement and half a degree of skew."""
    rng = np.random.default_rng([seed, sum(map(ord, name))])
    exposure = scanner.exposure * float(rng.normal(1, 0.004))
    where = folder / name
    where.mkdir(parents=True)
    laid = []
    for number, design in enumerate(designs(tuple(kinds), seed), 1):
        scan = replace(
            scanner, exposure=exposure, gradient=float(rng.normal(0, 0.005)), skew_deg=float(rng.normal(0, 0.4))
        )
        image, truth = draw_scan(design, printed, Cut(), scan, rng)
        file = write_scan(where / f"{number}.{'tif' if scan.format == 'tiff' else 'jpg'}", image, scan)
        to_scan = Affine(truth.to_scan).after(Affine.shift(*rng.normal(0, 0.07, 2)))
        laid.append(Laid(ScanFile(file, file.name), to_scan))
    return laid


@cache
def ordered(kinds: tuple[Kind, ...], seed: int, number: int) -> ReferencePage:
    sheet = print_page(designs(kinds, seed)[number - 1], Print(), WORKING_DPI, np.random.default_rng(0))
    return ordered_page(number, sheet / 65535 / np.array(Print().paper), SIZE)


def drawn(
    folder: Path, name: str, kinds: list[Kind], seed: int, printed: Print, scanner: Scanner = SCANNER
) -> CopyPages:
    """A copy of a few drawn pages as it is compared."""
    laid = scans(folder, name, kinds, seed, printed, scanner)
    pages = [
        scanned_page(v.scan, ScanSettings(), v.to_scan, ordered(tuple(kinds), seed, n)) for n, v in enumerate(laid, 1)
    ]
    copy = BookCopy(name, folder / name, tuple(v.scan for v in laid))
    return CopyPages(name, copy_colors(pages, sizes(len(pages))), capture_of(copy))


def true_tiles(kinds: list[Kind], seed: int, number: int, printed: Print, like: ColorTiles) -> ColorTiles:
    """The same tiles of the sheet itself, never scanned."""
    sheet = print_page(designs(tuple(kinds), seed)[number - 1], printed, WORKING_DPI, np.random.default_rng(0))
    light = np.ones(like.copy.shape)
    for row, col in zip(*np.nonzero(like.usable), strict=True):
        corners: Points = like.to_mm(np.array([[col, row], [col + 1, row + 1]]) - 0.5)
        (x0, y0), (x1, y1) = np.round(corners * px_per_mm(WORKING_DPI)).astype(int)
        light[row, col] = sheet[y0:y1, x0:x1].mean(axis=(0, 1)) / 65535 / np.array(printed.paper)
    return replace(like, copy=linear_rgb_to_lab(light).astype(np.float16), paper=PAPER_LAB)


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
        seen = observe_between(list(copies.values()))
        truth: list[Observation] = []
        outliers: list[Observation] = []
        for n in range(1, len(kinds) + 1):
            colors = {c: true_tiles(kinds, seed, n, p, copies["a"].colors[n]) for c, p in prints.items()}
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


def pairs_in_color(copies: list[CopyPages]) -> list[Observation]:
    return [o for o in observe_between(copies) if o.measure == "copy-color-difference"]


def test_another_scan_of_one_print_agrees(tmp_path: Path) -> None:
    kinds = [Kind.PICTURE, Kind.BLEED_MIXED, Kind.BLEED_BRIGHT]
    copies = [drawn(tmp_path, c, kinds, 5100, Print()) for c in "abc"]
    seen = pairs_in_color(copies)
    values = [o.value or 0.0 for o in seen if o.where.page]
    assert len(values) == 9 and np.mean(values) <= 0.8 and max(values) <= 1.2
    assert {o.where.copies for o in seen} == {("a", "b"), ("a", "c"), ("b", "c")}
    assert all(o.detail["population_max"] < 1.2 for o in seen if o.where.page is None)


def test_8_and_16_bit_scans_give_the_same_color(tmp_path: Path) -> None:
    kinds = [Kind.BLEED_MIXED]
    found = []
    for bits in (8, 16):
        scanner = replace(SCANNER, format="tiff", bits=bits)
        (laid,) = scans(tmp_path / str(bits), "a", kinds, 5200, Print(), scanner)
        tiles = scanned_page(laid.scan, ScanSettings(), laid.to_scan, ordered(tuple(kinds), 5200, 1)).tiles
        found.append(linear_rgb_to_lab(tiles.copy.astype(float)))
    assert ciede2000(found[0], found[1]).max() < 0.05


def even_page(file: Path, light: tuple[float, float, float]) -> ColorTiles:
    """A scan of one tone all over, where the reference prints nothing."""
    image = np.round(255 * (1.055 * np.full((620, 437, 3), light) ** (1 / 2.4) - 0.055)).astype(np.uint8)
    write_scan(file, image, Scanner(dpi=150.0, shot=0.0, read=0.0, format="tiff"))
    to_scan = Affine.shift(-0.5, -0.5).after(Affine.scaling(px_per_mm(150.0)))
    page = scanned_page(ScanFile(file, file.name), ScanSettings(), to_scan, ordered_page(1, np.ones((1, 1, 3)), SIZE))
    return copy_colors([page], {1: SIZE})[1]


def test_a_tint_over_the_whole_page_is_no_paper(tmp_path: Path) -> None:
    """A page tinted all over passed for paper, and its cast vanished: it is held beside the copy's paper."""
    copies = []
    for name, green in (("a", 0.74), ("b", 0.65)):
        bare = [even_page(tmp_path / f"{name}-{n}.tif", (0.88, 0.87, 0.86)) for n in range(2)]
        tinted = even_page(tmp_path / f"{name}.tif", (0.79, green, 0.79))
        assert tinted.paper is not None, "the reference prints nothing there"
        copies.append(CopyPages(name, dict(enumerate([tinted, *bare], 1))))
    o = pairs_in_color(copies)[0]
    assert o.where.page == 1 and o.value is not None and o.value > 4 and o.detail["da"] > 3
    assert o.u == pytest.approx(np.hypot(ASSUMED, U_EXPOSURE), abs=1e-6), "its own paper is not seen"


def test_without_paper_anywhere_it_is_said(tmp_path: Path) -> None:
    dark, text = Kind.BLEED_DARK, Kind.TEXT
    copies = [drawn(tmp_path / "dark", c, [dark], 5300, Print()) for c in "ab"]
    seen = observe_between(copies)
    pair, overall = (o for o in seen if o.measure == "copy-color-difference")
    assert pair.value is not None and pair.flags == overall.flags == (Flag.NO_PAPER,)
    assert pair.u is not None and pair.u > 0.5
    (paper,) = (o for o in seen if o.measure == "paper-difference")
    assert paper.value is None and paper.flags == (Flag.NO_PAPER,)
    known = pairs_in_color([drawn(tmp_path / "text", c, [dark, text], 5300, Print()) for c in "ab"])
    assert [o.where.page for o in known[:2]] == [1, 2] and known[0].flags == known[1].flags == ()
    assert known[1].u == ASSUMED and known[0].u == pytest.approx(np.hypot(ASSUMED, U_EXPOSURE)), "of another page"


def test_what_is_bent_at_the_spine_of_a_bound_copy_is_not_compared(tmp_path: Path) -> None:
    kinds = [Kind.BLEED_MIXED]
    dark = replace(SCANNER, curl_depth=0.9, curl_mm=8.5)
    page = ordered(tuple(kinds), 5400, 1)
    (flat,), (bent,) = (scans(tmp_path, c, kinds, 5400, Print(), s) for c, s in (("a", SCANNER), ("b", dark)))
    regions = {}
    for bound in (False, True):
        copies = []
        for name, laid in (("a", flat), ("b", bent)):
            image = open_page(laid.scan, ScanSettings()).image
            maps = page_maps(image, page, image.to_scan.inverse().after(laid.to_scan))
            tiles = page_tiles(maps, *([flat_mm(1, SIZE)] if bound and name == "b" else []))
            seen = ScannedPage(1, (laid.scan.name, 0), tiles, laid.to_scan)
            copies.append(CopyPages(name, copy_colors([seen], sizes(1))))
        regions[bound] = pairs_in_color(copies)[0].detail["region"]
    assert regions[False]["box_mm"][0] == pytest.approx(7, abs=2) and regions[False]["dE00"] > 4
    assert regions[True]["box_mm"][2] > 0.25 * TRIM_MM[0] and regions[True]["dE00"] < 1.5
