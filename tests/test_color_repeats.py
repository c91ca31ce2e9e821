"""`qc calibrate repeatability` in color: what two scans of one page differ by, written to the profile and used from it."""

from __future__ import annotations

from datetime import date
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from calibration.repeatability import repeatability
from calibration.repeats import make_gauge
from calibration.summary import described
from qc.colorimetry import ciede2000, linear_rgb_to_lab, srgb_to_linear
from qc.measure.color_repeatability import color_repeatability
from qc.model import ScanSettings
from qc.scan.profile_file import load_profile

DPI = 150.0
PAPER = np.array([236, 232, 226])
INKS = np.random.default_rng(3).integers(70, 190, (3, 4, 3))
TODAY = date(2026, 11, 24)


def scans(folder: Path, drift: float, mode: str = "RGB", count: int = 4) -> tuple[list[Path], float]:
    """Scans of a sheet of twelve blocks whose red comes out otherwise each time, and the true rms difference of two."""
    folder.mkdir()
    paths, labs = [], []
    for n in range(count):
        rng = np.random.default_rng([7, n])
        inks = INKS + np.array([drift * (n - (count - 1) / 2), 0, 0])
        page = np.full((800, 620, 3), PAPER, float)
        for row, col in np.ndindex(3, 4):
            page[110 + 190 * row : 300 + 190 * row, 100 + 105 * col : 205 + 105 * col] = inks[row, col]
        sheet = np.full((900, 720, 3), 25.0)
        sheet[50:850, 50:670] = page
        turn = cv2.getRotationMatrix2D((360, 450), float(rng.normal(0, 0.3)), 1.0)
        turn[:, 2] += rng.normal(0, 4, 2)
        image = cv2.warpAffine(sheet, turn, (720, 900), borderMode=cv2.BORDER_REPLICATE)
        image = np.clip(image + rng.normal(0, 1.5, image.shape), 0, 255).round().astype(np.uint8)
        paths.append(folder / f"{n}.png")
        Image.fromarray(image).convert(mode).save(paths[-1], dpi=(DPI, DPI))
        light = srgb_to_linear(inks.reshape(-1, 3) / 255) / srgb_to_linear(PAPER / 255)
        labs.append(linear_rgb_to_lab(light))
    true = [ciede2000(a, b).mean() for a, b in combinations(labs, 2)]
    return paths, float(np.sqrt(np.mean(np.square(true))))


def test_the_figure_is_what_two_scans_differ_by(tmp_path: Path) -> None:
    drifting, true = scans(tmp_path / "a", 2.0)
    found = repeatability([("", drifting)], ScanSettings())
    assert true > 1
    assert found.color_de00 == pytest.approx(true, rel=0.25)
    steady, _ = scans(tmp_path / "b", 0.0)
    quiet = repeatability([("", steady)], ScanSettings())
    assert quiet.color_de00 is not None and 0 < quiet.color_de00 < 0.4


def test_gray_scans_have_none(tmp_path: Path) -> None:
    assert repeatability([("", scans(tmp_path / "a", 0.0, "L")[0])], ScanSettings()).color_de00 is None


def test_it_goes_to_the_profile_and_from_there_into_u(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path / "profiles"))
    paths, true = scans(tmp_path / "a", 2.0)
    made = make_gauge("flatbed", paths, dpi=None, days=30, command="qc calibrate repeatability", today=TODAY)
    assert any("two scans of one page differ by" in line for line in described(made, TODAY))
    profile = load_profile("flatbed") if date.today() <= made.expires else made
    used = color_repeatability(profile)
    assert used.value == pytest.approx(true, rel=0.25)
    assert used.source == "measured, scanner profile flatbed"
