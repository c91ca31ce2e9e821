"""Color charts in drawn scans: found at any turn, read right, or refused in words."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from drawn_chart import device, scan, sheet_checker, sheet_it8, write
from PIL import Image

from calibration.cgats import read_cgats
from calibration.chart import Chart, chart_named
from calibration.chart_reading import read_chart
from calibration.misread import refuse_misread
from qc.colorimetry import ciede2000
from qc.errors import ScanError, UsageError
from qc.model import ScanFile
from qc.normalize.scan_color import ProfiledColor, scan_color
from qc.scan.profile_file import load_profile

IT8 = Path(__file__).parent / "data" / "color" / "R160727WhiteBacking.it8"


@cache
def chart(kind: str) -> Chart:
    return chart_named("colorchecker" if kind == "checker" else str(IT8))


@cache
def sheet(kind: str, tight: bool = False) -> np.ndarray:
    c = chart(kind)
    if kind == "checker":
        return sheet_checker(c.lab, rim=0 if tight else 40)
    lab = np.zeros((264, 3))
    lab[(c.places[:, 1] * 22 + c.places[:, 0]).astype(int)] = c.lab
    return sheet_it8(lab, c.gray_lab, rim=0 if tight else 10)


def read(path: Path, kind: str):
    found = read_chart(path, chart(kind))
    refuse_misread(found.ids, found.means(), found.lab, path.name)
    return found


GOOD = [
    {"turn_deg": 0}, {"turn_deg": 90}, {"turn_deg": 180}, {"turn_deg": 270}, {"turn_deg": 1.5}, {"turn_deg": -4},
    {"turn_deg": 15}, {"turn_deg": 200}, {"noise": 6}, {"stretch": 1.03}, {"zoom": 2.2, "turn_deg": 93},
    {"zoom": 0.7, "turn_deg": 183}, {"bits": 16, "turn_deg": -88},
]  # fmt: skip


@pytest.mark.parametrize("how", GOOD, ids=str)
@pytest.mark.parametrize("kind", ["checker", "it8"])
def test_a_good_chart_is_read_right(tmp_path: Path, kind: str, how: dict) -> None:
    found = read(scan(sheet(kind), tmp_path / "chart.tif", 5001, **how), kind)
    assert len(found.ids) == (24 if kind == "checker" else 288) and not found.dropped
    assert found.turned_deg == round(how.get("turn_deg", 0) / 90) % 4 * 90
    errors = np.abs(found.means() - device(found.lab))
    assert errors.max() < (0.008 if how.get("noise", 1) > 1 else 0.003)


def covered(image: np.ndarray, side: int, share: float, level: float) -> np.ndarray:
    image = np.rot90(image, side).copy()
    image[: round(share * len(image))] = level
    return np.rot90(image, -side)


def cropped(image: np.ndarray, side: int, share: float) -> np.ndarray:
    image = np.rot90(image, side)
    return np.rot90(image[round(share * len(image)) :], -side)


MISREAD = {
    "mirrored": lambda i: i[:, ::-1],
    "upside down mirrored": lambda i: i[::-1],
    "without color": lambda i: np.repeat(i.mean(axis=2, keepdims=True), 3, axis=2),
    "clipped": lambda i: np.clip(1.15 * i, 0, 1),
    "torn": lambda i: np.vstack([i[: len(i) // 2], np.roll(i[len(i) // 2 :], 37, axis=1)]),
} | {
    f"{what} {side}": (lambda i, f=f, side=side: f(i, side))
    for side in range(4)
    for what, f in {
        "a row lost": lambda i, s: cropped(i, s, 0.22),
        "half hidden": lambda i, s: covered(i, s, 0.5, 0.9),
        "a third in the dark": lambda i, s: covered(i, s, 0.34, 0.15),
    }.items()
}


@pytest.mark.parametrize("how", MISREAD)
@pytest.mark.parametrize("kind", ["checker", "it8"])
def test_a_chart_that_cannot_be_read_right_is_refused(tmp_path: Path, kind: str, how: str) -> None:
    path = scan(sheet(kind), tmp_path / "chart.tif", 5002, turn_deg=90, margin=4)
    image = np.asarray(Image.open(path)) / 255.0
    spoiled = write(np.ascontiguousarray(MISREAD[how](image)), tmp_path / "spoiled.tif")
    with pytest.raises(ScanError, match=r"[Ss]can") as error:
        read(spoiled, kind)
    assert "spoiled.tif" in str(error.value)


@pytest.mark.parametrize(("kind", "share"), [("checker", 0.03), ("checker", 0.06), ("it8", 0.03)])
def test_a_tight_crop_is_refused_or_has_not_touched_what_is_read(tmp_path: Path, kind: str, share: float) -> None:
    refused = 0
    for side in range(4):
        path = scan(sheet(kind, tight=True), tmp_path / "chart.tif", 5003, margin=0)
        image = np.asarray(Image.open(path)) / 255.0
        part = write(np.ascontiguousarray(cropped(image, side, share)), tmp_path / "part.tif")
        try:
            found = read(part, kind)
        except ScanError:
            refused += 1
        else:
            assert np.abs(found.means() - device(found.lab)).max() < 0.02
    assert kind == "checker" or refused >= 2, "the gray scale is as wide as the sheet"


def test_another_chart_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError):
        read(scan(sheet("checker"), tmp_path / "a.tif", 5004), "it8")
    with pytest.raises(ScanError):
        read(scan(sheet("it8"), tmp_path / "b.tif", 5005), "checker")
    blank = write(np.full((600, 400, 3), 0.8), tmp_path / "c.tif")
    with pytest.raises(ScanError, match="No chart of 6 x 4"):
        read(blank, "checker")
    gray = tmp_path / "d.png"
    Image.new("L", (600, 400), 128).save(gray)
    with pytest.raises(ScanError, match="has no color"):
        read(gray, "checker")


def test_a_reference_a_row_off_is_refused(tmp_path: Path) -> None:
    c = chart("it8")
    wrong = Chart("off", c.ids, np.roll(c.lab, 22, axis=0), c.places)
    path = scan(sheet("it8"), tmp_path / "a.tif", 5006)
    with pytest.raises(ScanError):
        found = read_chart(path, wrong)
        refuse_misread(found.ids, found.means(), found.lab, "a.tif")


# --- files and layout -----------------------------------------------------------------------------------------------------


def test_a_reference_file_says_what_and_where() -> None:
    c = chart("it8")
    assert c.size == (22, 12) and len(c.gray_ids) == 24 and c.gray_columns is not None
    assert c.places[c.ids.index("B3")].tolist() == [2, 1]
    assert (c.gray_columns[0], c.gray_columns[-1]) == (-1, 22)
    assert c.lab[c.ids.index("A1")] == pytest.approx([20.16, 11.77, 4.05])
    assert "R160727" in c.lot and c.backing == "white"
    assert chart_named(str(IT8), "columns").size == (12, 22)


CGATS = """CGATS.17
SERIAL "7"
# a remark
MEASUREMENT_SOURCE "M1"
BEGIN_DATA_FORMAT
{0}
END_DATA_FORMAT
BEGIN_DATA
{1}
END_DATA
"""


@pytest.mark.parametrize(
    ("values", "expected"),
    [("1 50 25 100", [0.5, 0.25, 1.0]), ("1 127.5 255 0", [0.5, 1.0, 0.0]), ("1 65535 0 32767.5", [1.0, 0.0, 0.5])],
)
def test_rgb_of_any_range_becomes_unity(tmp_path: Path, values: str, expected: list[float]) -> None:
    path = tmp_path / "r.txt"
    path.write_text(CGATS.format("SAMPLE_ID RGB_R RGB_G RGB_B XYZ_X XYZ_Y XYZ_Z", f"{values} 96.42 100 82.49"))
    table = read_cgats(path)
    assert table.rgb is not None and table.rgb[0] == pytest.approx(expected)
    assert table.lab is not None and table.lab[0] == pytest.approx([100, 0, 0], abs=0.05)
    assert (table.lot, table.mode) == ("7", "M1")


@pytest.mark.parametrize(
    ("format", "data", "said"),
    [("SAMPLE_ID LAB_L LAB_A LAB_B", "A1 1 2", "row 1 has 3 values"), ("SAMPLE_ID D_RED", "A1 1", "neither LAB"),
     ("SAMPLE_ID LAB_L LAB_A LAB_B", "A1 1 2 x", "damaged"), ("SAMPLE_ID LAB_L LAB_A LAB_B", "A1 1 2 nan", "finite"),
     ("", "", "no CGATS file")],
)  # fmt: skip
def test_a_damaged_reference_is_refused_in_words(tmp_path: Path, format: str, data: str, said: str) -> None:
    path = tmp_path / "r.txt"
    path.write_text(CGATS.format(format, data))
    with pytest.raises(ScanError, match=said):
        read_cgats(path)


def test_ids_that_name_no_place_are_refused() -> None:
    with pytest.raises(UsageError, match="do not say where they lie"):
        chart_named(str(IT8.parent / "scanner_i1pro2_f.txt"))
    with pytest.raises(UsageError, match="neither colorchecker nor a file"):
        chart_named("colorchequer")


# --- the command ----------------------------------------------------------------------------------------------------------


def test_a_scan_becomes_a_profile_that_tells_colors(
    tmp_path: Path, run_qc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path / "profiles"))
    path = scan(sheet("it8"), tmp_path / "chart.tif", 5007, turn_deg=181)
    made = run_qc("calibrate", "color", path, "--chart", IT8, "--lot", "R160727", "--name", "bench", "--mode", "M1")
    assert made.code == 0, made.err
    assert "grade B" in made.out and "lot R160727" in made.out and "mode M1" in made.out
    profile = load_profile("bench")
    assert profile.color is not None and profile.color.u > 2.3, "another material than the books"
    colors = scan_color(ScanFile(path, "x"), profile)
    assert isinstance(colors, ProfiledColor)
    lab = np.random.default_rng(5008).uniform([25, -30, -30], [90, 30, 40], (200, 3))
    light = np.interp(device(lab), np.linspace(0, 1, 256), colors.decode)
    errors = ciede2000(lab, colors.lab(light))
    assert np.quantile(errors, 0.95) < 1.0
    shown = run_qc("calibrate", "show", "bench")
    assert shown.code == 0 and "kept out" in shown.out
    assert "bench" in run_qc("calibrate", "show").out


def test_the_lot_is_asked_for_and_compared(tmp_path: Path, run_qc: Run) -> None:
    path = scan(sheet("checker"), tmp_path / "a.tif", 5009)
    assert run_qc("calibrate", "color", path, "--chart", IT8).code == 2
    wrong = run_qc("calibrate", "color", path, "--chart", IT8, "--lot", "R999")
    assert wrong.code == 2 and "R160727" in wrong.err
    assert run_qc("calibrate", "color", path, "--chart", "nowhere.it8").code == 2
    assert run_qc("calibrate", "color", tmp_path / "none.tif", "--chart", "colorchecker").code == 3
    assert run_qc("calibrate", "color", IT8).code == 3
