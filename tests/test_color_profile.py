"""Color profiles: fitted on real readings, kept in the profile, and used for the color of pages."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage.color import lab2xyz

from calibration.cgats import read_cgats
from calibration.color import ColorInputs, make_color
from calibration.color_fit import fit_colors, grade, uncertainty
from calibration.misread import channels, refuse_misread
from calibration.profile import save
from calibration.summary import described
from qc.colorimetry import ciede2000, lab_to_xyz, linear_rgb_to_lab, relative_to_paper, srgb_to_linear, xyz_to_lab
from qc.errors import ReferenceFault, ScanError
from qc.features.tiles import PageTiles, ScannedPage
from qc.flags import Flag
from qc.geometry import Affine
from qc.measure.color_defect import color_defect
from qc.measure.color_difference import PAPERS, paper_difference
from qc.model import ScanFile
from qc.normalize.color_model import farthest, fit_model
from qc.normalize.scan_color import SRGB, U_UNCALIBRATED, scan_color
from qc.scan.profile_file import load_profile, read_profile

DATA = Path(__file__).parent / "data" / "color"
CHART, OTHER, IT8 = DATA / "scanner_isis_f.txt", DATA / "scanner_i1pro2_f.txt", DATA / "R160727WhiteBacking.it8"
TODAY = date(2026, 11, 24)


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path / "profiles"))
    return tmp_path / "profiles"


def made(name: str = "v850", material: str = "press", most: int = 140, days: int = 183):
    given = ColorInputs(CHART, material=material, most=most)
    return make_color(name, given, days=days, command="qc calibrate color", today=TODAY)[0]


# --- how good the model is ------------------------------------------------------------------------------------------------


def test_a_real_scanner_is_read_well_on_patches_and_on_a_print_it_was_not_fitted_on() -> None:
    profile = made()
    color, table = profile.color, profile.tables["color"]
    assert color is not None and table["fitted"] == 140
    assert color.held_out_mean <= 0.8 and color.held_out_p95 <= 2.0
    colors = scan_color(ScanFile(CHART, "any"), profile)
    other = read_cgats(OTHER)
    light = np.interp(other.rgb, np.linspace(0, 1, 256), colors.decode)
    errors = ciede2000(other.lab, colors.lab(light))
    assert errors.mean() <= 1.0 and np.quantile(errors, 0.95) <= 2.2 and errors.max() <= 5.0


def test_what_is_held_out_was_not_fitted_and_self_fit_would_flatter() -> None:
    chart = read_cgats(CHART)
    chosen = farthest(chart.lab, 140)
    fit = fit_colors(chart.rgb, chart.lab, "press", most=140)
    rest = np.setdiff1d(np.arange(len(chart.ids)), chosen)
    errors = ciede2000(chart.lab[rest], fit.model.lab_of_encoded(chart.rgb[rest]))
    assert fit.mean == pytest.approx(errors.mean()) and fit.p95 == pytest.approx(np.quantile(errors, 0.95))
    own = ciede2000(chart.lab[chosen], fit.model.lab_of_encoded(chart.rgb[chosen]))
    assert own.mean() < 0.5 * fit.mean


@pytest.mark.parametrize("count", [24, 60, 140])
def test_folds_foretell_the_error_on_patches_never_seen(count: int) -> None:
    chart = read_cgats(CHART)
    some = np.random.default_rng(5000 + count).permutation(len(chart.ids))
    used, rest = some[:count], some[count:]
    fit = fit_colors(chart.rgb[used], chart.lab[used], "photo")
    errors = ciede2000(chart.lab[rest], fit.model.lab_of_encoded(chart.rgb[rest]))
    assert fit.fitted == fit.patches == count
    assert 0.6 * errors.mean() <= fit.mean <= 1.7 * errors.mean()


def test_u_covers_the_colors_of_another_print() -> None:
    fit = fit_colors(*(getattr(read_cgats(CHART), k) for k in ("rgb", "lab")), "press", most=140)
    other = read_cgats(OTHER)
    errors = ciede2000(other.lab, fit.model.lab_of_encoded(other.rgb))
    assert (errors <= 2 * fit.u).mean() >= 0.95


def test_light_and_encoding_undo_each_other() -> None:
    chart = read_cgats(CHART)
    model = fit_model(chart.rgb[:300], chart.lab[:300])
    assert model.encoded(model.light(chart.rgb)) == pytest.approx(chart.rgb, abs=1e-9)
    assert model.light(np.ones(3)) == pytest.approx(1.0)
    assert model.lab_of_light(model.light(chart.rgb[:5])) == pytest.approx(model.lab_of_encoded(chart.rgb[:5]))


@pytest.mark.parametrize(
    ("mean", "p95", "patches", "material", "expected"),
    [(0.9, 2.1, 140, "press", "A"), (0.9, 2.1, 139, "press", "B"), (0.9, 2.1, 288, "photo", "B"),
     (1.7, 3.9, 24, "paint", "B"), (1.9, 3.9, 24, "paint", "C"), (1.7, 4.1, 288, "photo", "C")],
)  # fmt: skip
def test_the_grade_follows_error_and_material(
    mean: float, p95: float, patches: int, material: str, expected: str
) -> None:
    assert grade(mean, p95, patches, material) == expected


def test_u_is_wider_where_the_chart_is_of_other_stuff() -> None:
    assert uncertainty(2.0, "press") == pytest.approx(np.hypot(1.0, 1.2))
    assert uncertainty(2.0, "press") < uncertainty(2.0, "photo") == uncertainty(2.0, "paint")


# --- colorimetry ----------------------------------------------------------------------------------------------------------


def test_lab_and_xyz_undo_each_other_and_agree_with_skimage() -> None:
    lab = read_cgats(CHART).lab
    assert xyz_to_lab(lab_to_xyz(lab)) == pytest.approx(lab, abs=1e-9)
    assert lab_to_xyz(lab) == pytest.approx(lab2xyz(lab, illuminant="D50"), abs=2e-4)


def test_relative_to_paper_makes_paper_white_and_leaves_white_paper_alone() -> None:
    cream, ink = np.array([92.0, 1.0, 10.0]), np.array([50.0, 40.0, -10.0])
    assert relative_to_paper(cream, cream) == pytest.approx([100, 0, 0], abs=1e-9)
    assert relative_to_paper(ink, np.array([100.0, 0.0, 0.0])) == pytest.approx(ink)


# --- misread charts -------------------------------------------------------------------------------------------------------


def grid(table) -> tuple[np.ndarray, np.ndarray]:
    """An IT8 as a drawn scanner says it, and as it should be: 12 x 22 patches."""
    lab = table.lab[:264]
    rgb = np.clip(lab_to_xyz(lab) @ np.array([[1.2, -0.3, 0.0], [0.1, 1.1, -0.1], [0.0, -0.2, 1.4]]), 1e-4, None) ** 0.5
    return rgb.reshape(12, 22, 3), lab


MISREAD = {
    "a row down": lambda g: np.roll(g, 1, axis=0),
    "a row up": lambda g: np.roll(g, -1, axis=0),
    "a column off": lambda g: np.roll(g, 1, axis=1),
    "upside down": lambda g: g[::-1, ::-1],
    "mirrored": lambda g: g[:, ::-1],
    "half hidden": lambda g: np.where(np.arange(22)[None, :, None] < 11, 0.8, g),
    "a third hidden": lambda g: np.where(np.arange(12)[:, None, None] < 4, 0.8, g),
}


@pytest.mark.parametrize("how", MISREAD)
def test_a_misread_chart_is_refused(how: str) -> None:
    table = read_cgats(IT8)
    rgb, lab = grid(table)
    refuse_misread(table.ids[:264], rgb.reshape(-1, 3), lab, "chart.tif")
    with pytest.raises(ScanError, match="does not fit its reference"):
        refuse_misread(table.ids[:264], MISREAD[how](rgb).reshape(-1, 3), lab, "chart.tif")


def test_exchanged_channels_are_refused() -> None:
    """A file in the order B, G, R fits a model of colors as well as any."""
    chart = read_cgats(CHART)
    assert refuse_misread(chart.ids, chart.rgb, chart.lab, "chart.tif") < 2
    rng = np.random.default_rng(1)
    few = rng.choice(len(chart.rgb), 24, replace=False)
    for rows in (slice(None), few):
        for order in permutations(range(3)):
            found = channels(chart.rgb[rows][:, order], chart.lab[rows])
            assert found == "".join("RGB"[c] for c in order)
    with pytest.raises(ScanError, match="hold B, G, R instead of R, G, B"):
        refuse_misread(chart.ids, chart.rgb[:, ::-1], chart.lab, "chart.tif")


# --- the file -------------------------------------------------------------------------------------------------------------


def test_colors_are_added_to_geometry_and_renewed_alone() -> None:
    scale = {"stated_dpi": [300.0, 300.0], "dpi": [301.0, 299.0], "shear": 0.0, "u": [1e-3, 1e-3], "u_shear": 1e-4,
             "u_local_mm": [0.01, 0.01]}  # fmt: skip
    save("v850", {"scale": scale}, today=TODAY - timedelta(days=100), days=365)
    profile = made()
    assert profile.scale is not None and profile.color is not None
    assert profile.made == TODAY - timedelta(days=100), "the geometry was not made anew"
    assert profile.color.expires == TODAY + timedelta(days=183)
    renewed = save("v850", {"scale": scale}, today=TODAY, days=365, drop=("scale", "map"))
    assert renewed.color is not None and renewed.color.expires == TODAY + timedelta(days=183)
    late = load_profile("v850", TODAY + timedelta(days=184))
    assert late.color is None and late.scale is not None
    words = "\n".join(described(read_profile(profile.path), TODAY + timedelta(days=184)))
    assert "grade A, EXPIRED on 2027-05-26" in words


def test_a_profile_of_colors_alone_expires_as_a_whole() -> None:
    made(days=10)
    assert load_profile("v850", TODAY + timedelta(days=10)).color is not None
    with pytest.raises(ReferenceFault, match="expired"):
        load_profile("v850", TODAY + timedelta(days=11))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("tps/1", "tps/9", "tps/9"), ('grade = "A"', 'grade = "Z"', "'Z'"), ("u = 1.", "u = -1.", "cannot be"),
     ("gamma = ", "gemma = ", "lacks 'gamma'"), ("rgb = [", "rgb = [[0.1, 0.2, 0.3],", "two equal tables"),
     ("lab = [", "lab = [[nan, 0.2, 0.3],", "two equal tables")],
)  # fmt: skip
def test_wrong_colors_are_refused_in_words(old: str, new: str, said: str) -> None:
    path = made().path
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ReferenceFault, match=said):
        read_profile(path)


def test_what_a_profile_allows_is_said() -> None:
    words = "\n".join(described(made(), TODAY))
    assert "grade A" in words and "may be judged" in words and "glare included" in words
    photo = "\n".join(described(made("other", material="photo"), TODAY))
    assert "grade B" in photo and "wider u" in photo


# --- use ------------------------------------------------------------------------------------------------------------------


def picture(path: Path, icc: bytes | None = None) -> ScanFile:
    Image.fromarray(np.full((40, 40, 3), 200, np.uint8)).save(path, icc_profile=icc)
    return ScanFile(path, path.name)


def test_without_a_profile_a_scan_is_srgb(tmp_path: Path) -> None:
    assert scan_color(picture(tmp_path / "a.png"), None) is SRGB
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert scan_color(picture(tmp_path / "b.jpg", srgb), None) is SRGB
    assert scan_color(picture(tmp_path / "c.tif", b"damaged"), None) is SRGB


ADOBE = np.array([[0.60974, 0.20528, 0.14919], [0.31111, 0.62567, 0.06322], [0.01947, 0.06087, 0.74457]])
"""Linear Adobe RGB (1998) to XYZ, D50: Lindbloom, "RGB/XYZ matrices"."""


@cache
def wide_gamut() -> bytes:
    """An ICC profile with the primaries of Adobe RGB and the tone of sRGB."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    for i in range(int.from_bytes(data[128:132], "big")):
        tag = data[132 + 12 * i : 144 + 12 * i]
        if tag[1:4] == b"XYZ" and tag[0] in b"rgb":
            at = int.from_bytes(tag[4:8], "big") + 8
            for k, value in enumerate(ADOBE[:, b"rgb".index(tag[0])]):
                data[at + 4 * k : at + 4 * k + 4] = round(value * 65536).to_bytes(4, "big")
    return bytes(data)


@pytest.mark.parametrize("suffix", ["png", "jpg", "tif"])
def test_a_profile_in_the_file_is_followed_with_the_wide_u(tmp_path: Path, suffix: str) -> None:
    colors = scan_color(picture(tmp_path / f"a.{suffix}", wide_gamut()), None)
    assert colors.kind == "embedded" and not colors.calibrated and colors.u == U_UNCALIBRATED
    green = srgb_to_linear(np.array([60, 160, 70]) / 255)
    expected = xyz_to_lab(ADOBE @ green)
    assert ciede2000(expected, colors.lab(green)) < 1.0
    assert ciede2000(expected, linear_rgb_to_lab(green)) > 3.0
    assert colors.lab_on_paper(green, green) == pytest.approx([100, 0, 0], abs=1e-6)


def test_a_calibrated_scanner_judges_the_lightness_of_paper_too(tmp_path: Path) -> None:
    profile = made()
    colors = scan_color(picture(tmp_path / "a.png", wide_gamut()), profile)
    assert colors.kind == "profile" and profile.color is not None and colors.u == profile.color.u
    chart = read_cgats(CHART)
    light = np.interp(chart.rgb, np.linspace(0, 1, 256), colors.decode)
    found = paper_difference(list(light[:3]), "white", colors)
    assert found.flags == () and found.u is not None and found.u > colors.u
    lab = colors.lab(np.median(light[:3], axis=0))
    assert found.value == pytest.approx(float(ciede2000(np.array(PAPERS["white"]), lab)))
    assert found.detail["L"] == pytest.approx(lab[0], abs=0.01)
    assert paper_difference(list(light[:3]), "white").flags == (Flag.NO_PROFILE,)


def test_wrong_paper_is_told_by_what_the_scan_means(tmp_path: Path) -> None:
    """The b* of paper is that of the profile, not of sRGB; a checked one has the smaller u and no flag."""
    light = srgb_to_linear(np.array([236, 226, 196]) / 255)
    plain = picture(tmp_path / "a.png", wide_gamut())
    found = {}
    for colors in (SRGB, scan_color(plain, None), scan_color(plain, made())):
        grid = np.full((6, 6, 3), light)
        tiles = PageTiles(
            grid, np.ones_like(grid), np.ones((6, 6), bool), light, Affine.scaling(1.0), grid[..., 0], colors
        )
        seen = color_defect([ScannedPage(1, ("a.png", 0), tiles, Affine.scaling(1.0))], "white")
        (paper,) = (o for o in seen if o.detail["code"] == "wrong-paper")
        assert paper.detail["b"] == pytest.approx(colors.lab(light)[2], abs=0.01)
        assert paper.value == pytest.approx(paper.detail["b"] / 11, abs=1e-3)
        found[colors.kind] = paper
    assert len({o.detail["b"] for o in found.values()}) == 3
    assert found["srgb"].u == found["embedded"].u == 0.2
    assert found["srgb"].flags == (Flag.NO_PROFILE,) and found["profile"].flags == ()
    assert found["profile"].u is not None and found["profile"].u < 0.2


def test_a_poor_profile_is_not_used(tmp_path: Path) -> None:
    path = made().path
    path.write_text(path.read_text().replace('grade = "A"', 'grade = "C"'))
    assert scan_color(picture(tmp_path / "a.png"), read_profile(path)) is SRGB
