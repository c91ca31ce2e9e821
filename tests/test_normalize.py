"""Scans at working resolution: light, size, and the way back to the pixels of the scan."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from drawn_page import loaded
from PIL import Image

from qc.errors import ScanError
from qc.geometry import WORKING_DPI
from qc.model import Resolution, ScanFile, ScanSettings
from qc.normalize.open_page import refuse_small
from qc.normalize.page_image import LINEAR_LUT, PageImage, load_page, reduction
from qc.page import inspect_page
from qc.register.page_result import PageJob
from qc.scan.image_file import read_header
from qc.synthetic import Scanner

SIZE = (240, 320)
DOT = (200.5, 80.5)


@pytest.mark.parametrize(
    ("dpi", "factor"), [(72, 1), (150, 1), (200, 1), (282, 2), (300, 2), (400, 2), (600, 4), (1200, 8), (4800, 8)]
)
def test_the_reduction_keeps_about_150_dpi(dpi: float, factor: int) -> None:
    assert reduction(Resolution(dpi, dpi)) == factor
    assert dpi / factor >= 0.94 * WORKING_DPI or factor == 1


def test_the_coarser_axis_decides() -> None:
    assert reduction(Resolution(300, 600)) == reduction(Resolution(600, 300)) == 2


def with_dot() -> np.ndarray:
    """Gray field with a dark disc of radius 20 at `DOT`."""
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    image = np.full((*SIZE, 3), 200, np.uint8)
    image[np.hypot(x - DOT[0], y - DOT[1]) < 20] = 20
    return image


def dot_in_scan(page: PageImage) -> np.ndarray:
    """Centroid of the disc, taken at working resolution, in pixels of the scan."""
    dark = np.clip(page.luminance.max() - page.luminance - 0.1, 0, None)
    y, x = np.mgrid[: dark.shape[0], : dark.shape[1]]
    return page.to_scan(np.array([(dark * x).sum(), (dark * y).sum()]) / dark.sum())


@pytest.mark.parametrize("dpi", [150.0, 300.0, 600.0])
@pytest.mark.parametrize("kind", ["jpeg", "tiff"])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_working_pixels_lead_back_to_the_scan(tmp_path: Path, dpi: float, kind: str, turns: int) -> None:
    page = loaded(tmp_path / "p", with_dot(), Scanner(dpi=dpi, format=kind)).turned(turns)
    factor = reduction(Resolution(dpi, dpi))
    height, width = SIZE[0] // factor, SIZE[1] // factor
    assert page.luminance.shape == page.pixels.shape[:2] == ((height, width) if turns % 2 == 0 else (width, height))
    # A map between corners taken for one between centers would be half a working pixel off.
    assert dot_in_scan(page) == pytest.approx(DOT, abs=0.06 * factor)


def test_a_picture_is_shown_as_its_orientation_tag_says(tmp_path: Path) -> None:
    for orientation in range(1, 9):
        page = loaded(tmp_path / f"p{orientation}", with_dot(), Scanner(exif_orientation=orientation))
        assert dot_in_scan(page) == pytest.approx(DOT, abs=0.1), orientation


def test_turning_swaps_unequal_resolutions(tmp_path: Path) -> None:
    file = tmp_path / "p.png"
    Image.fromarray(with_dot()).save(file)
    scan = ScanFile(file, file.name)
    page = load_page(scan, read_header(scan), Resolution(300, 600))
    assert page.dpi == Resolution(150, 300)
    assert page.turned(1).dpi == Resolution(300, 150)
    assert page.turned(0) is page
    assert page.turned(3).turned(1).to_scan.matrix == pytest.approx(page.to_scan.matrix)


@pytest.mark.parametrize("mode", ["color", "gray"])
def test_luminance_is_linear_light(tmp_path: Path, mode: str) -> None:
    image = np.full((64, 64, 3), 188, np.uint8) if mode == "color" else np.full((64, 64), 188, np.uint8)
    page = loaded(tmp_path / "p", image, Scanner(dpi=150, mode=mode, format="png"))
    assert page.luminance.dtype == np.float32
    assert page.luminance == pytest.approx(0.5029, abs=1e-3)
    assert page.color is (mode == "color") and not page.bitonal


def test_sixteen_bits_give_the_same_light_as_eight(tmp_path: Path) -> None:
    eight = loaded(tmp_path / "8", np.full((64, 64, 3), 188, np.uint8), Scanner(dpi=150, format="tiff"))
    deep = np.full((64, 64, 3), 188 * 257, np.uint16)
    sixteen = loaded(tmp_path / "16", deep, Scanner(dpi=150, format="tiff", bits=16))
    assert sixteen.pixels.dtype == np.uint8
    assert np.array_equal(eight.pixels, sixteen.pixels)


def test_one_bit_pixels_average_to_a_share_of_light(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    scanner = Scanner(dpi=300, mode="bitonal", format="tiff", compression="g4")
    page = loaded(tmp_path / "p", stripes, scanner)
    assert page.bitonal and not page.color
    assert page.luminance == pytest.approx(0.5, abs=0.01)


def test_the_table_of_light_ends_at_black_and_white() -> None:
    assert LINEAR_LUT[0] == 0 and LINEAR_LUT[255] == 1 and (np.diff(LINEAR_LUT) > 0).all()


def test_an_icon_among_the_scans_is_refused_in_words(tmp_path: Path) -> None:
    Image.new("L", (90, 340), 200).save(tmp_path / "icon.png")
    scan = ScanFile(tmp_path / "icon.png", "icon.png")
    with pytest.raises(ScanError, match=r"icon\.png measures 7\.6 x 28\.8 mm at 300 dpi, which is no page"):
        refuse_small(scan, read_header(scan), Resolution(300, 300))
    refuse_small(scan, read_header(scan), Resolution(100, 100))


def test_an_icon_does_not_stop_its_copy(tmp_path: Path) -> None:
    Image.new("L", (40, 40), 200).save(tmp_path / "icon.png")
    job = PageJob(1, ScanFile(tmp_path / "icon.png", "icon.png"), ScanSettings(dpi=300))
    assert "no page of a book" in inspect_page(job, None).error
