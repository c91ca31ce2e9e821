"""Scanner profiles: read or refused, and applied to pixels and pages."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import cv2
import numpy as np
import pytest
from conftest import Drawn, Run

from calibration.profile import save
from qc.errors import ReferenceFault
from qc.model import Resolution, ScanFile
from qc.normalize.calibrated import choose_profile
from qc.normalize.page_image import load_page, true_resolution
from qc.normalize.undistort import undistorted
from qc.scan.copy_folder import open_copy
from qc.scan.image_file import read_header
from qc.scan.profile_file import find_profile, load_profile, read_profile
from qc.scan.scanner_profile import DistortionMap, ScannerProfile, ScannerScale, WhiteLid
from qc.units import mm_per_px, px_per_mm

TODAY = date(2026, 11, 24)
SCALE = {
    "object": "grid",
    "stated_dpi": [300.0, 300.0],
    "dpi": [303.0, 298.5],
    "shear": -0.001,
    "u": [0.0003, 0.0004],
    "u_shear": 0.0001,
    "u_local_mm": [0.01, 0.02],
}


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path / "profiles"))
    return tmp_path / "profiles"


def edges(left: float, top: float, right: float, bottom: float) -> dict[str, float]:
    return {"left": left, "top": top, "right": right, "bottom": bottom}


def made(name: str = "flatbed", days: int = 365, **tables: dict) -> ScannerProfile:
    return save(name, {"scale": SCALE} | tables, today=TODAY, days=days)


def bent(amplitude_mm: float = 0.2) -> DistortionMap:
    """A smooth displacement over 220 x 300 mm."""
    y, x = np.mgrid[0:10, 0:8]
    return DistortionMap((0.0, 0.0), (44.0, 43.0), amplitude_mm * np.sin(0.9 * x + y), amplitude_mm * np.cos(0.7 * y))


# --- the file -----------------------------------------------------------------------------------------------------------


def test_what_is_saved_is_read_again(profiles: Path) -> None:
    table = {
        "start_mm": [0.0, 0.0], "step_mm": [44.0, 43.0], "rms_mm": [0.1, 0.1],
        "dx_mm": bent().dx_mm.tolist(), "dy_mm": bent().dy_mm.tolist(),
    }  # fmt: skip
    white = {
        "bias_mm": edges(0.1, 0.0, -0.02, 0.05),
        "u_mm": edges(0.05, 0.05, 0.04, 0.04),
    }
    name = 'A "quoted" \\ scanner\nwith\x07 oddities'
    profile = save(
        "flatbed", {"scale": SCALE, "map": table, "white": white}, today=TODAY, days=30, about={"scanner": name}
    )
    assert profile.path == profiles / "flatbed.toml"
    assert (profile.made, profile.expires) == (TODAY, TODAY + timedelta(days=30))
    assert profile.scanner == name
    assert profile.scale is not None and profile.scale.map is not None
    assert profile.scale.dpi == (303.0, 298.5)
    assert profile.scale.map.dx_mm == pytest.approx(bent().dx_mm)
    assert profile.white == WhiteLid((0.1, 0.0, -0.02, 0.05), (0.05, 0.05, 0.04, 0.04))
    assert load_profile("flatbed", TODAY).sha256 == profile.sha256
    assert load_profile(str(profile.path), TODAY).name == "flatbed"


def test_renewing_keeps_what_was_not_measured_again() -> None:
    made(noise={"pixel": 0.01, "level": 0.002})
    later = TODAY + timedelta(days=100)
    added = save(
        "flatbed",
        {"crop": {"spread_mm": edges(0.1, 0.1, 0.1, 0.1)}},
        today=later,
        days=10,
        renew=False,
    )
    assert (added.made, added.expires) == (TODAY, TODAY + timedelta(days=365))
    assert added.scale is not None and added.crop is not None and added.tables["noise"]["pixel"] == 0.01
    renewed = save("flatbed", {"scale": {**SCALE, "dpi": [300.0, 300.0]}}, today=later, days=10, drop=("scale", "map"))
    assert renewed.made == later and renewed.crop is not None
    assert renewed.scale is not None and renewed.scale.dpi == (300.0, 300.0)


def test_an_expired_profile_is_refused_from_the_next_day_on() -> None:
    made(days=10)
    assert load_profile("flatbed", TODAY + timedelta(days=10)).name == "flatbed"
    with pytest.raises(ReferenceFault, match="expired on 2026-12-04"):
        load_profile("flatbed", TODAY + timedelta(days=11))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema = 1", "schema = 2", "schema 2"),
        ("made = 2026-11-24", 'made = "today"', "no dates|not dates"),
        ("dpi = [303.0, 298.5]", "dpi = [3030.0, 298.5]", "10 % apart"),
        ("shear = -0.001\n", "", "lacks 'shear'"),
        ("u = [0.0003, 0.0004]", "u = [0.0003]", "not enough values"),
        ("u = [0.0003, 0.0004]", "u = [nan, 0.1]", "not finite"),
        ("[scale]", "[scale", "cannot be read"),
    ],
)
def test_a_wrong_profile_is_refused_in_words(old: str, new: str, said: str) -> None:
    path = made().path
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(ReferenceFault, match=said) as error:
        read_profile(path)
    assert str(path) in str(error.value) and "Make it again" in str(error.value)


def test_a_missing_profile_says_where_it_was_looked_for(profiles: Path) -> None:
    with pytest.raises(ReferenceFault, match="qc calibrate scale") as error:
        find_profile("nowhere")
    assert str(profiles) in str(error.value)


# --- geometry -----------------------------------------------------------------------------------------------------------


def scale(**changes) -> ScannerScale:
    base = ScannerScale((300.0, 300.0), (303.0, 298.5), -0.001, (0.0003, 0.0004), 1e-4, (0.01, 0.02), (200.0, 250.0))
    return replace(base, **changes)


def test_other_resolutions_go_by_ratio_with_a_little_more_u() -> None:
    s = scale()
    assert s.true_dpi((600.0, 600.0)) == pytest.approx((606.0, 597.0))
    assert s.u_of((303.0, 298.5), True)[0] == (0.0003, 0.0004)
    assert s.u_of((606.0, 597.0), True)[0] == pytest.approx((0.000424, 0.0005), rel=1e-2)


def test_a_scan_turned_after_scanning_has_its_axes_exchanged() -> None:
    s = scale(map=bent(), map_rms_mm=(0.1, 0.05))
    upright = round(200 * px_per_mm(303.0)), round(250 * px_per_mm(298.5))
    assert s.as_scanned((300.0, 300.0), upright) is s
    across = s.as_scanned((300.0, 300.0), upright[::-1])
    assert across.dpi == (298.5, 303.0) and across.map is None and across.shear == 0.0
    assert across.u_scale == (0.0004, 0.0003)
    assert across.u_shear == pytest.approx(np.hypot(1e-4, 0.001))
    assert across.u_local_mm == pytest.approx((np.hypot(0.02, 0.05), np.hypot(0.01, 0.1)))
    assert s.as_scanned((300.0, 300.0), (1000, 1200)) is s


def test_a_map_left_out_is_in_the_u() -> None:
    s = scale(map=bent(), map_rms_mm=(0.1, 0.05))
    assert s.covers((200.5, 249.0)) and not s.covers((200.0, 240.0)) and not scale().covers((200.0, 250.0))
    assert s.u_of(s.dpi, True)[1] == (0.01, 0.02)
    assert s.u_of(s.dpi, False)[1] == pytest.approx((0.1005, 0.0539), rel=1e-2)


def test_u_of_a_length_joins_scale_shear_and_both_ends() -> None:
    s = scale()
    along, down, across = s.u_length(np.array([200.0, 0.0, 141.4]), np.array([0.0, 200.0, 141.4]))
    assert along == pytest.approx(np.hypot(200 * 0.0003, np.sqrt(2) * 0.01))
    assert down == pytest.approx(np.hypot(200 * 0.0004, np.sqrt(2) * 0.02))
    assert across == pytest.approx(np.sqrt((200 * 0.00035) ** 2 + (100 * 1e-4) ** 2 + 0.01**2 + 0.02**2), rel=1e-3)


def test_undistorted_pixels_lie_where_they_truly_are() -> None:
    """Spots at known true places, drawn where this scanner would put them."""
    dpi = (151.5, 149.25)
    s = scale(map=bent(), shear=0.002)
    pixel = np.array([mm_per_px(d) for d in dpi])
    spots = np.stack(np.meshgrid(np.arange(15.3, 200, 30), np.arange(15.7, 245, 32)), axis=-1).reshape(-1, 2)
    shape = round(260 / pixel[1]), round(215 / pixel[0])
    yy, xx = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    image = np.zeros(shape, np.float32)
    for spot in spots:
        where = spot / pixel - 0.5
        image += np.exp(-((xx - where[0]) ** 2 + (yy - where[1]) ** 2) / (2 * 2.5**2))
    straight = undistorted((image, (255 * image).astype(np.uint8)), dpi, s, True)
    assert straight is not None
    (moved, coded), to_given = straight
    assert moved.shape == image.shape and coded.dtype == np.uint8
    found = []
    for spot in spots:
        guess = to_given.inverse()(spot / pixel - 0.5)
        x, y = np.round(guess).astype(int)
        part = moved[y - 10 : y + 11, x - 10 : x + 11].clip(0.02) - 0.02
        dy, dx = np.mgrid[-10:11, -10:11]
        found.append([x + (part * dx).sum() / part.sum(), y + (part * dy).sum() / part.sum()])
    places = (np.array(found) + 0.5) * pixel
    true = s.true_mm(spots)
    error = places - places.mean(axis=0) - (true - true.mean(axis=0))
    given = spots - spots.mean(axis=0) - (true - true.mean(axis=0))
    assert np.abs(given).max() > 0.2
    assert np.abs(error).max() < 0.006


def test_nothing_is_resampled_where_nothing_would_move() -> None:
    image = np.zeros((100, 100), np.float32)
    assert undistorted((image,), (150.0, 150.0), scale(shear=1e-5), True) is None
    assert undistorted((image,), (150.0, 150.0), scale(shear=0.0, map=bent()), False) is None


def test_the_lid_turns_with_the_image() -> None:
    lid = WhiteLid((0.1, 0.2, 0.3, 0.4), (1.0, 2.0, 3.0, 4.0))
    mark = np.arange(4).reshape(2, 2)  # what is on the right comes to the top
    assert np.rot90(mark, 1)[0].tolist() == mark[:, 1].tolist()
    assert lid.turned(1).bias_mm == (0.2, 0.3, 0.4, 0.1)
    assert lid.turned(3).turned(1) == lid


# --- applied ------------------------------------------------------------------------------------------------------------


def test_a_page_is_loaded_at_its_true_resolution(tmp_path: Path) -> None:
    path = tmp_path / "p.png"
    image = np.full((600, 400), 200, np.uint8)
    cv2.imwrite(str(path), image)
    scan = ScanFile(path, path.name)
    profile = made(
        white={
            "bias_mm": edges(0.1, 0, 0, 0),
            "u_mm": edges(0.05, 0.05, 0.05, 0.05),
        }
    )
    stated = Resolution(300.0, 300.0)
    header = read_header(scan)
    assert true_resolution(stated, header, profile) == Resolution(303.0, 298.5)
    assert true_resolution(stated, header, None) == stated
    page = load_page(scan, header, stated, profile)
    assert (page.dpi.x_dpi, page.dpi.y_dpi) == pytest.approx((151.5, 149.25))
    assert page.u_scale == (0.0003, 0.0004) and page.u_local_mm == (0.01, 0.02)
    assert page.white is not None and page.white.bias_mm[0] == 0.1
    # Shear alone: 1 mrad over 50 mm.
    top, bottom = page.to_scan((100.0, 0.0)), page.to_scan((100.0, 299.0))
    assert (bottom - top)[0] * mm_per_px(303.0) == pytest.approx(0.001 * 299 * mm_per_px(149.25), abs=0.003)
    turned = page.turned(1)
    assert turned.u_scale == (0.0004, 0.0003)
    assert turned.white is not None and turned.white.bias_mm[3] == 0.1
    plain = load_page(scan, header, stated)
    assert plain.u_scale[0] > 0.003 and plain.white is None


def test_the_profile_of_copy_toml_gives_way_and_says_so(drawn: Drawn, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-3")
    (copy / "copy.toml").write_text('[scan]\nscanner = "old"\n')
    save("old", {"scale": SCALE}, today=date.today() - timedelta(days=20), days=10)
    left = choose_profile(open_copy(copy), None)
    assert left.profile is None and left.record["profile"] is None
    assert "old expired on" in left.note and "wider uncertainty" in left.note
    with pytest.raises(ReferenceFault, match="expired"):
        choose_profile(open_copy(copy), "old")


def test_inspect_applies_a_profile_and_the_record_names_it(drawn: Drawn, run_qc: Run) -> None:
    table = {
        "start_mm": [0.0, 0.0], "step_mm": [44.0, 43.0], "rms_mm": [0.1, 0.1],
        "dx_mm": bent().dx_mm.tolist(), "dy_mm": bent().dy_mm.tolist(),
    }  # fmt: skip
    even = {**SCALE, "dpi": [301.5, 299.1], "shear": 0.0005, "frame_mm": [100.0, 100.0]}
    profile = save("flatbed", {"scale": even, "map": table}, today=date.today(), days=10)
    before = json.loads(run_qc("inspect", drawn.copy, "--titles", drawn.titles, "--json").out)
    ran = run_qc("inspect", drawn.copy, "--titles", drawn.titles, "--scanner", "flatbed", "--json")
    found = json.loads(ran.out)
    assert ran.code == 0
    assert found["provenance"]["scanner"]["profile"] == "flatbed"
    assert found["provenance"]["scanner"]["sha256"] == profile.sha256
    assert "by ratio at 150 dpi" in ran.err and "map left out" in ran.err
    assert found["pages"][0]["dpi"] == pytest.approx([150.75, 149.55])
    # A trim offset is read in the same pixels as the print: the scale of the scanner drops out.
    for a, b in zip(before["observations"], found["observations"], strict=True):
        if a["measure"] == "trim-offset" and a["value"] is not None:
            assert a["value"] == pytest.approx(b["value"], abs=0.03)


@pytest.mark.parametrize("command", ["inspect", "compare", "batch"])
def test_a_profile_that_is_not_there_or_expired_is_4(command: str, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    save("old", {"scale": SCALE}, today=date.today() - timedelta(days=20), days=10)
    paths = {
        "inspect": [drawn.copy],
        "compare": [drawn.copy, drawn.copied_to(tmp_path / "RMA-2")],
        "batch": [drawn.copy.parent],
    }
    for name, said in (("old", "expired"), ("none", "neither a file")):
        ran = run_qc(command, *paths[command], "--scanner", name)
        assert ran.code == 4 and said in ran.err


def test_points_per_mm_are_what_a_profile_makes_them() -> None:
    assert px_per_mm(scale().true_dpi((300.0, 300.0))[0]) * 100 == pytest.approx(1192.913, abs=1e-3)
