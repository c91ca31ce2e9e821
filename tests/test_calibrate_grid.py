"""The printed grid: found to a micrometer or refused in words, and what it says of a crooked scanner."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import cv2
import numpy as np
import pytest
from drawn_target import CROOKED, DPI, FRAME_MM, grid, lengths, scan_of, turned
from PIL import Image

from calibration.geometry import Geometry, fit_geometry
from calibration.grid import GridScan, _centers, _markers, find_grid
from calibration.joint_fit import EXACT, PrintedSize
from calibration.profile import grid_tables, save
from calibration.target import TARGETS, pdf, target
from qc.errors import ScanError, UsageError
from qc.model import ScanFile
from qc.normalize.page_image import load_page
from qc.scan.image_file import read_header
from qc.scan.scanner_profile import ScannerScale
from qc.synthetic.maps import after, applied
from qc.synthetic.scanner import Wave
from qc.units import inches, px_per_mm, to_mm

WIDE_MM = (300.0, 300.0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("grid")


@pytest.fixture(scope="module")
def plain(folder: Path) -> GridScan:
    return find_grid(scan_of(grid(), folder / "plain.jpg", CROOKED, 7)[0])


def scale_of(g: Geometry) -> ScannerScale:
    dpi = DPI * g.ratio[0], DPI * g.ratio[1]
    return ScannerScale((DPI, DPI), dpi, g.shear, g.u_scale, g.u_shear, g.u_local_mm, None, g.map, g.map_rms_mm)


@pytest.mark.parametrize("paper", list(TARGETS))
def test_the_page_has_the_size_of_its_paper_and_all_its_dots(paper: str) -> None:
    import pypdfium2

    sheet = target(paper)
    document = pypdfium2.PdfDocument(pdf(sheet))
    assert len(document) == 1
    points = document[0].get_size()
    assert points == pytest.approx((inches(sheet.width_mm) * 72, inches(sheet.height_mm) * 72), abs=1e-3)
    assert "actual size (100 %)" in document[0].get_textpage().get_text_range()
    # The check bar, end mark to end mark, in the picture.
    scale = 4.0
    picture = document[0].render(scale=scale, grayscale=True).to_numpy()
    picture = picture.reshape(picture.shape[:2])
    per_mm = picture.shape[0] / sheet.height_mm
    column = round((sheet.left_mm - 9 + 3) * per_mm)
    dark = np.flatnonzero(picture[:, column] < 128)
    assert np.ptp(dark) / per_mm == pytest.approx(sheet.long_bar_mm, abs=0.3)
    assert len(sheet.dots) == sheet.columns * sheet.rows - 64


def test_an_unknown_paper_is_refused() -> None:
    with pytest.raises(UsageError, match="letter"):
        target("a6")


@pytest.mark.parametrize("degrees", [0.0, 90.0, 180.0, 270.0])
def test_dots_are_found_to_some_micrometers_however_the_sheet_lies(degrees: float, folder: Path) -> None:
    frame = FRAME_MM if degrees % 180 == 0 else FRAME_MM[::-1]
    path, truth = scan_of(grid(), folder / f"turned-{degrees:g}.jpg", turned(CROOKED, degrees), 11, frame)
    found = find_grid(path)
    assert found.turns == degrees / 90
    assert len(found.seen) == len(target("a4").dots)
    there = applied(after(truth.to_glass, truth.to_scan), found.on_sheet)
    error = truth.glass_mm(found.seen * px_per_mm(DPI) - 0.5) - there
    assert np.sqrt((error**2).mean()) < 0.002
    assert np.abs(error).max() < 0.01


def test_lengths_of_nine_inches_are_true_after_calibration(folder: Path) -> None:
    feeble = replace(CROOKED, wobble_px=0.05, wobble_rows=20.0)
    scans = [
        find_grid(scan_of(grid(), folder / f"again-{turn:g}.jpg", turned(feeble, turn), 20 + i)[0])
        for i, turn in enumerate((0.0, 180.0))
    ]
    scale = scale_of(fit_geometry(scans, EXACT))
    _, truth = scan_of(grid(), folder / "page.jpg", feeble, 30)
    a, b, true = lengths(truth, 800, to_mm(9.0, "in"), 31)
    per_mm = np.array([px_per_mm(d) for d in scale.dpi])
    moved = scale.true_mm((b + 0.5) / per_mm) - scale.true_mm((a + 0.5) / per_mm)
    error = np.hypot(*moved.T) - true
    u = scale.u_length(moved[:, 0], moved[:, 1])
    stated = np.hypot(*(b - a).T) / px_per_mm(DPI) - true
    assert np.quantile(np.abs(stated), 0.95) > 1.0
    assert np.quantile(np.abs(error), 0.95) < 0.05
    assert (np.abs(error) <= 2 * u).mean() > 0.9
    assert np.median(u) < 0.03


def test_the_map_is_what_scale_and_shear_leave(plain: GridScan) -> None:
    g = fit_geometry([plain], EXACT)
    places = np.random.default_rng(1).uniform((30, 30), (185, 255), (500, 2))
    linear = np.linalg.lstsq(np.column_stack([places, np.ones(500)]), g.map.at(places), rcond=None)[0][:2]
    assert np.abs(linear).max() < 2e-4
    assert 0.02 < max(g.map_rms_mm) < 0.2
    assert g.held_out_mm < 0.003
    assert g.covered_share > 0.9
    wide = fit_geometry([replace(plain, frame_mm=(297.0, 420.0))], EXACT)
    assert 0.4 < wide.covered_share < 0.6
    assert wide.u_local_mm[1] > 0.6 * wide.map_rms_mm[1] > 3 * g.u_local_mm[1]
    assert g.dropped == 0
    x, y = np.array([50.0, 60.0]), np.array([70.0])
    assert g.map.over(x, y)[0] == pytest.approx(g.map.at(np.array([[50.0, 70.0], [60.0, 70.0]])))


def test_a_page_loaded_with_the_profile_shows_the_grid_at_its_true_size(
    plain: GridScan, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path))
    profile = save("flatbed", grid_tables(fit_geometry([plain], EXACT), [plain], True), today=date.today(), days=1)
    path, _ = scan_of(grid(), folder / "anew.jpg", turned(CROOKED, -1.5), 70)
    scan = ScanFile(path, path.name)
    header = read_header(scan)
    off = {}
    for known in (None, profile):
        assert header.resolution is not None
        page = load_page(scan, header, header.resolution, known)
        scale = np.array([px_per_mm(page.dpi.x_dpi), px_per_mm(page.dpi.y_dpi)])
        sheet, homography = _markers(page.luminance, page.dpi, path.name)
        start = cv2.perspectiveTransform(sheet.dots[None], homography)[0]
        places, truth = (_centers(page.luminance, start, scale)[0] + 0.5) / scale, sheet.dots
        centered, nominal = places - places.mean(axis=0), truth - truth.mean(axis=0)
        u, _, v = np.linalg.svd(nominal.T @ centered)
        off[known] = np.hypot(*(centered - nominal @ (u @ v)).T)
        back = page.to_scan.inverse()(find_grid(path).seen * px_per_mm(DPI) - 0.5)
        assert np.hypot(*((back + 0.5) / scale - places).T).max() < 0.5
    assert off[None].max() > 0.5
    assert off[profile].max() < 0.02
    assert page.u_local_mm[1] < 0.02 and page.u_scale[0] < 1e-4


def test_the_printer_is_told_from_the_scanner_by_bars_and_a_quarter_turn(folder: Path) -> None:
    straight = replace(CROOKED, waves=(), scale_x=1.004, scale_y=0.997, shear=0.001)
    sheet = replace(grid(), stretch=(1.002, 0.9985, 0.001))
    scans = [
        find_grid(scan_of(sheet, folder / f"print-{turn:g}.jpg", turned(straight, turn), 41, WIDE_MM)[0])
        for turn in (0.0, 90.0)
    ]
    known = PrintedSize(1.002, 0.9985, 1e-4, 1e-4, u_local_mm=0.0)
    g = fit_geometry(scans, known)
    assert g.ratio == pytest.approx((1.004, 0.997), abs=1e-4)
    assert g.shear == pytest.approx(-0.001, abs=5e-5)
    assert g.u_shear < 1e-4
    assert g.print_stretch == pytest.approx((1.002, 0.9985, 0.001), abs=1e-4)

    blind = fit_geometry(scans, PrintedSize())
    assert blind.ratio[0] / blind.ratio[1] == pytest.approx(1.004 / 0.997, abs=1e-4)
    assert 0.0005 < blind.u_scale[0] < 0.0012
    one = fit_geometry(scans[:1], PrintedSize())
    assert one.u_shear == pytest.approx(0.0015, rel=0.1)
    for found in (blind, one):
        for ratio, truth, u in zip(found.ratio, (1.004, 0.997), found.u_scale, strict=True):
            assert abs(ratio - truth) < 3 * u


def test_scans_that_disagree_are_refused(plain: GridScan, folder: Path) -> None:
    other = find_grid(scan_of(grid(), folder / "other.jpg", replace(CROOKED, scale_y=0.996), 51)[0])
    with pytest.raises(ScanError, match=r"disagree: .*scale along y"):
        fit_geometry([plain, other], EXACT)
    with pytest.raises(ScanError, match="named twice"):
        fit_geometry([plain, plain], EXACT)
    with pytest.raises(ScanError, match="whole glass"):
        fit_geometry([plain, replace(other, frame_mm=(200.0, 297.0))], EXACT)


def test_a_sheet_that_does_not_lie_flat_is_no_smooth_map(plain: GridScan) -> None:
    rng = np.random.default_rng(3)
    shaken = rng.normal(0, 0.5, plain.seen.shape) * (rng.random(len(plain.seen)) < 0.3)[:, None]
    crumpled = replace(plain, seen=plain.seen + shaken)
    with pytest.raises(ScanError, match="lie flat"):
        fit_geometry([crumpled], EXACT)
    dusty = plain.seen.copy()
    dusty[::100] += 0.3
    g = fit_geometry([replace(plain, seen=dusty)], EXACT)
    assert len(dusty[::100]) <= g.dropped < 40
    places = np.random.default_rng(1).uniform((30, 30), (185, 255), (500, 2))
    clean, spotted = (scale_of(f).true_mm(places / np.array(f.ratio)) for f in (fit_geometry([plain], EXACT), g))
    apart = spotted - clean
    assert np.abs(apart - apart.mean(axis=0)).max() < 0.02


@pytest.fixture(scope="module")
def picture(folder: Path) -> np.ndarray:
    path, _ = scan_of(
        grid(), folder / "good.png", replace(CROOKED, format="png", waves=(Wave("x", "x", 250, 0.003),)), 61
    )
    return np.asarray(Image.open(path))


def _mirrored(p: np.ndarray) -> np.ndarray:
    return p[:, ::-1]


def _without_grid(p: np.ndarray) -> np.ndarray:
    return np.full_like(p, 230)


def _cut_at_the_right(p: np.ndarray) -> np.ndarray:
    return p[:, : round(0.93 * p.shape[1])]


def _half(p: np.ndarray) -> np.ndarray:
    return p[: p.shape[0] // 2]


def _covered(p: np.ndarray) -> np.ndarray:
    q = p.copy()
    q[p.shape[0] // 4 : 3 * p.shape[0] // 4, p.shape[1] // 5 : 4 * p.shape[1] // 5] = 120
    return q


def _clipped(p: np.ndarray) -> np.ndarray:
    return np.clip(1.25 * p.astype(float), 0, 255).astype(np.uint8)


def _pale(p: np.ndarray) -> np.ndarray:
    return (200 + 0.1 * p).astype(np.uint8)


def _resized(p: np.ndarray) -> np.ndarray:
    return cv2.resize(p, None, fx=1.09, fy=1.09, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (_mirrored, "mirrored"),
        (_without_grid, "does not show the calibration target"),
        (_cut_at_the_right, "rim of the scan|corner markers"),
        (_half, "only 2 of the 4 corner markers"),
        (_covered, r"only \d+ of 1772 dots"),
        (_clipped, "clipped to full white"),
        (_pale, "differ by|corner marker"),
        (_resized, "more than 5 % off"),
    ],
)
def test_bad_scans_are_refused_in_words(spoil, said: str, picture: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "bad.png"
    Image.fromarray(np.ascontiguousarray(spoil(picture))).save(path, dpi=(DPI, DPI))
    with pytest.raises(ScanError, match=said) as error:
        find_grid(path)
    assert "bad.png" in str(error.value)


def test_without_a_resolution_it_must_be_given(picture: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "mute.png"
    Image.fromarray(picture).save(path)
    with pytest.raises(ScanError, match="--dpi"):
        find_grid(path)
    assert len(find_grid(path, DPI).seen) == 1772
    Image.fromarray(picture).convert("1").save(tmp_path / "hard.png", dpi=(DPI, DPI))
    with pytest.raises(ScanError, match="one bit"):
        find_grid(tmp_path / "hard.png")


def test_the_file_to_print_is_no_scan(tmp_path: Path) -> None:
    (tmp_path / "target.pdf").write_bytes(pdf(target("a5")))
    with pytest.raises(ScanError, match="the grid itself, not a scan"):
        find_grid(tmp_path / "target.pdf")


def test_the_sample_scanner_is_true() -> None:
    folder = Path(__file__).parents[1] / "samples" / "calibration"
    scans = [find_grid(folder / f"grid-{n}.jpg") for n in (1, 2)]
    assert [s.turns for s in scans] == [0, 1]
    scale = scale_of(fit_geometry(scans, EXACT))
    assert tuple(scale.dpi) == pytest.approx((150.0, 150.0), rel=1e-4)
