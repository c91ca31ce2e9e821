"""Copies against each other through what their RGB means: a profile in the file, and calibrated scanners."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from drawn_colors import ordered_page
from PIL import Image, ImageCms
from test_color_profile import CHART, wide_gamut

from calibration.color import ColorInputs, make_color
from qc.colorimetry import srgb_to_linear
from qc.compare.color import CopyPages, capture_of, observe_between
from qc.compare.shared_pages import scanned_page
from qc.features.color_tiles import copy_colors
from qc.flags import Flag
from qc.geometry import Affine, Size
from qc.model import BookCopy, Observation, ScanFile, ScanSettings
from qc.normalize.scan_color import SRGB, scan_color
from qc.scan.scanner_profile import ScannerProfile
from qc.units import px_per_mm

SIZE = Size(74.0, 105.0)
DPI = 150.0
PAPER = (245, 244, 240)


def sheet() -> Image.Image:
    """A white page with even blocks of soft colors, sRGB."""
    rng = np.random.default_rng(1)
    page = np.full((620, 437, 3), PAPER, np.uint8)
    blocks = rng.integers(60, 200, (4, 3, 3))
    for row, col in np.ndindex(4, 3):
        page[80 + 110 * row : 165 + 110 * row, 60 + 110 * col : 150 + 110 * col] = blocks[row, col]
    return Image.fromarray(page)


def copy(
    folder: Path,
    name: str,
    image: Image.Image,
    icc: bytes | None = None,
    shows: Image.Image | None = None,
    profile: ScannerProfile | None = None,
    scanner: str | None = None,
) -> CopyPages:
    """A copy of one page that shows `shows`, else `image`, in sRGB."""
    file = folder / f"{name}.png"
    image.save(file, dpi=(DPI, DPI), icc_profile=icc)
    page = ScanFile(file, file.name)
    to_scan = Affine.shift(-0.5, -0.5).after(Affine.scaling(px_per_mm(DPI)))
    settings = ScanSettings(dpi=DPI, scanner=scanner)
    light, paper = (srgb_to_linear(np.asarray(v) / 255) for v in (shows or image, PAPER))
    laid = scanned_page(page, settings, to_scan, ordered_page(1, light / paper, SIZE), profile)
    return CopyPages(
        name, copy_colors([laid], {1: SIZE}), capture_of(BookCopy(name, folder, (page,), scan=settings), profile)
    )


def colors_of(copies: list[CopyPages]) -> tuple[Observation, Observation]:
    """Difference over the pages and between the papers, of two copies."""
    seen = observe_between(copies)
    (pair,) = (o for o in seen if o.measure == "copy-color-difference" and o.where.page is None)
    (paper,) = (o for o in seen if o.measure == "paper-difference")
    return pair, paper


def in_wide_gamut(image: Image.Image) -> Image.Image:
    wide = ImageCms.ImageCmsProfile(io.BytesIO(wide_gamut()))
    converted = ImageCms.profileToProfile(image, ImageCms.createProfile("sRGB"), wide)
    assert converted is not None
    return converted


def test_a_profile_in_the_file_is_followed(tmp_path: Path) -> None:
    """The same page saved in two color spaces looked more than 3 dE00 apart."""
    plain, wide = copy(tmp_path, "a", sheet()), copy(tmp_path, "b", in_wide_gamut(sheet()), wide_gamut(), sheet())
    ignored = copy(tmp_path, "c", in_wide_gamut(sheet()), shows=sheet())
    pair, paper = colors_of([plain, wide])
    assert pair.value is not None and pair.value < 0.8
    assert pair.detail["colors"] == "embedded and srgb"
    assert pair.u == pytest.approx(np.linalg.norm([0.35, 3.0, 3.0]), abs=1e-3)
    assert paper.value is not None and paper.value < 0.8
    wrong, _ = colors_of([plain, ignored])
    assert wrong.value is not None and wrong.value > 2 and wrong.u == pytest.approx(0.35)


def test_pages_of_one_meaning_keep_the_u_of_the_scanner(tmp_path: Path) -> None:
    copies = [copy(tmp_path, c, in_wide_gamut(sheet()), wide_gamut(), sheet()) for c in "ab"]
    pair, _ = colors_of(copies)
    assert pair.u == pytest.approx(0.35) and pair.detail["colors"] == "embedded"


@pytest.fixture
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[ScannerProfile]:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path / "profiles"))
    given = ColorInputs(CHART, material="press", most=48)
    today = date(2026, 11, 24)
    return [make_color(n, given, days=183, command="qc calibrate color", today=today)[0] for n in ("one", "two")]


def test_calibrated_scanners_are_compared_with_their_u(tmp_path: Path, profiles: list[ScannerProfile]) -> None:
    copies = [copy(tmp_path, p.name, sheet(), profile=p, scanner=p.name) for p in profiles]
    pair, paper = colors_of(copies)
    u = [p.color.u for p in profiles if p.color is not None]
    assert pair.value is not None and pair.value < 0.01
    assert pair.detail["colors"] == "profile"
    assert pair.u == pytest.approx(np.linalg.norm([0.35, *u]), abs=1e-3)
    assert paper.value is not None and paper.u == pytest.approx(np.linalg.norm([0.35, 0.4, *u]), abs=1e-3)


def test_one_calibrated_scanner_of_two_is_not_enough(tmp_path: Path, profiles: list[ScannerProfile]) -> None:
    known = copy(tmp_path, "a", sheet(), profile=profiles[0], scanner="one")
    pair, paper = colors_of([known, copy(tmp_path, "b", sheet(), scanner="two")])
    assert pair.value is None and paper.value is None
    assert pair.flags == paper.flags == (Flag.DIFFERENT_SCANNERS,)


def test_the_color_of_a_tile_is_that_of_the_profile(tmp_path: Path, profiles: list[ScannerProfile]) -> None:
    """One path: what `qc inspect` makes of the light of a block is what `qc compare` makes of it."""
    image = Image.new("RGB", (437, 620), PAPER)
    image.paste((90, 140, 70), (0, 0, 437, 400))
    laid = copy(tmp_path, "a", image, profile=profiles[0])
    found = laid.colors[1]
    colors = scan_color(ScanFile(tmp_path / "a.png", "a.png"), profiles[0])
    assert colors is not SRGB
    light, paper = (colors.decode[np.array(rgb)].astype(float) for rgb in ((90, 140, 70), PAPER))
    col, row = np.round(found.to_mm.inverse()((25.0, 25.0))).astype(int)
    assert found.copy[row, col] == pytest.approx(colors.lab_on_paper(light, paper), abs=0.05)
    assert np.abs(found.copy[row, col] - SRGB.lab_on_paper(light, paper)).max() > 1
