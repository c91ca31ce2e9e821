"""Repeats of one page, the white lid, and the `qc calibrate` commands as the bench calls them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from conftest import Run
from drawn_target import CROOKED, card, grid, rule, scan_of, turned

from calibration.drift import drift
from calibration.grid import find_grid
from calibration.profile import save
from calibration.repeatability import Repeatability, repeatability
from calibration.target import pdf, target
from calibration.white_lid import white_edges
from qc.cli import main
from qc.errors import ScanError
from qc.geometry import Affine
from qc.model import ScanSettings
from qc.scan.profile_file import load_profile
from qc.synthetic import Cut, Print, Scanner, Title, draw_scan, write_scan, write_title
from qc.synthetic.flat import sheet_of_pdf
from qc.units import parse_trim

PLAIN = Scanner(dpi=150, wobble_px=0.05)
WHITE = replace(
    PLAIN,
    backing=(0.88, 0.88, 0.88),
    texture=0.005,
    shadow_edges=("left", "top", "right", "bottom"),
    shadow_depth=0.25,
    shadow_mm=0.4,
    shadow_shape="plateau",
    rim_depth=0.05,
)
COMMANDS = ("target", "scale", "repeatability", "show")


@pytest.fixture(autouse=True)
def profiles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QC_PROFILES", str(tmp_path / "profiles"))
    return tmp_path / "profiles"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def title(folder: Path) -> Title:
    return write_title(folder / "interior.pdf", ("text", "text"), trim_mm=parse_trim("4.25 x 6.87 in"))


def page(title: Title, path: Path, scanner: Scanner, seed: int, number: int = 1):
    rng = np.random.default_rng(seed)
    laid = replace(scanner, skew_deg=float(rng.normal(0, 0.4)))
    image, truth = draw_scan(title.pages[number - 1], Print(), Cut(fore_edge_mm=-0.7, head_mm=0.4), laid, rng)
    return write_scan(path, image, laid), truth


@pytest.fixture(scope="module")
def repeats(title: Title, folder: Path) -> list[Path]:
    return [page(title, folder / f"r{i:02}.jpg", PLAIN, i)[0] for i in range(8)]


# --- repeatability ------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def repeated(repeats: list[Path]) -> Repeatability:
    return repeatability([("", repeats)], ScanSettings())


def test_the_gauge_uses_little_of_the_tolerance(repeated: Repeatability) -> None:
    assert repeated.gauge is not None
    assert repeated.gauge.values == 28
    assert 0.001 < repeated.gauge.sigma_mm < 0.02
    assert repeated.gauge.share < 0.02
    assert repeated.gauge.share == pytest.approx(6 * repeated.gauge.sigma_mm / 6.35)
    assert repeated.gauge.reproducibility_mm is None
    assert repeated.crop is None
    assert 0.001 < repeated.noise < 0.03
    assert repeated.level_sd < 0.005


def test_operators_are_told_from_repeats(repeated: Repeatability) -> None:
    """Numbers alone: operators 0.1 mm apart (1 sigma), 0.02 mm within."""
    from calibration.repeatability import _gauge

    rng = np.random.default_rng(5)
    found = []
    for group in "abcdefgh":
        center = rng.normal(0, 0.1, 4)
        found += [replace(repeated.scans[0], group=group, cut_mm=center + rng.normal(0, 0.02, 4)) for _ in range(10)]
    gauge = _gauge(found)
    assert gauge is not None and gauge.reproducibility_mm is not None
    assert gauge.repeatability_mm == pytest.approx(0.02, rel=0.1)
    assert gauge.reproducibility_mm == pytest.approx(0.1, rel=0.3)
    assert gauge.sigma_mm == pytest.approx(np.hypot(gauge.repeatability_mm, gauge.reproducibility_mm))


def test_the_frame_of_a_cropped_scan_is_placed_against_the_cut(title: Title, folder: Path, repeats: list[Path]) -> None:
    rng = np.random.default_rng(8)
    scans, truths = [repeats[0]], []
    for i in range(5):
        margins = tuple(float(v) for v in rng.normal(-0.5, 0.1, 4))
        path, truth = page(title, folder / f"c{i}.jpg", replace(PLAIN, margin_mm=margins), 0)
        scans.append(path)
        width, height = truth.size_px
        frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], float) - 0.5
        to_mm = Affine(truth.to_scan).inverse()
        frame_mm, cut_mm = to_mm(frame), to_mm(truth.corners_px)
        sides = ((0, (3, 0), -1), (1, (0, 1), -1), (0, (1, 2), 1), (1, (2, 3), 1))
        truths.append(
            [sign * (frame_mm[list(ends), axis] - cut_mm[list(ends), axis]).mean() for axis, ends, sign in sides]
        )
    found = repeatability([("", scans)], ScanSettings())
    assert found.ruler == repeats[0].name
    assert found.crop is not None and found.crop.mean_mm is not None
    assert found.crop.mean_mm == pytest.approx(np.mean(truths, axis=0), abs=0.05)
    assert found.crop.spread_mm == pytest.approx(np.std(truths, axis=0, ddof=1), abs=0.04)
    alone = repeatability([("", scans[1:])], ScanSettings())
    assert alone.crop is not None and alone.crop.mean_mm is None


def test_repeats_of_different_pages_or_too_few_are_refused(title: Title, folder: Path, repeats: list[Path]) -> None:
    other, _ = page(title, folder / "other.jpg", PLAIN, 1, number=2)
    with pytest.raises(ScanError, match="cannot be laid over"):
        repeatability([("", [*repeats[:3], other])], ScanSettings())
    with pytest.raises(ScanError, match="same file"):
        repeatability([("", [*repeats[:3], repeats[1]])], ScanSettings())
    with pytest.raises(ScanError, match="too few"):
        repeatability([("", repeats[:2])], ScanSettings())


# --- white lid ----------------------------------------------------------------------------------------------------------


def test_a_page_on_white_and_on_black_gives_the_bias_of_the_lid(title: Title, folder: Path) -> None:
    pairs = [
        (page(title, folder / f"w{i}.jpg", WHITE, 60 + i)[0], page(title, folder / f"b{i}.jpg", PLAIN, 70 + i)[0])
        for i in range(3)
    ]
    found = white_edges(pairs)
    # This shadow makes edges look to lie too far out by a few hundredths, alike on all sides.
    assert all(0.02 < b < 0.12 for b in found.lid.bias_mm)
    assert np.ptp(found.lid.bias_mm) < 0.05
    assert all(0.03 < u < 0.09 for u in found.lid.u_mm)
    across = white_edges([pairs[0]])
    assert all(u > v for u, v in zip(across.lid.u_mm, found.lid.u_mm, strict=True))
    with pytest.raises(ScanError, match="no ruler"):
        white_edges([(pairs[0][1], pairs[0][0])])


def test_a_calibrated_lid_makes_edges_on_white_better_known(title: Title, folder: Path, run_qc: Run) -> None:
    from qc.geometry import Side, edge_names
    from qc.measure.trim_offset import trim_offset
    from qc.model import ScanFile
    from qc.page import inspect_page
    from qc.reference.find import open_reference
    from qc.register.page_result import PageJob

    pairs = [
        (page(title, folder / f"x{i}.jpg", WHITE, 80 + i)[0], page(title, folder / f"y{i}.jpg", PLAIN, 90 + i)[0])
        for i in (0, 1)
    ]
    white, black = zip(*pairs, strict=True)
    call = [word for w, b in zip(white, black, strict=True) for word in ("--white", w, "--black", b)]
    ran = run_qc("calibrate", "scale", "--name", "lid", *call)
    assert ran.code == 0 and "white lid" in ran.out
    reference = open_reference(title.path)
    errors: dict[bool, list[float]] = {False: [], True: []}
    for i in range(3):
        path, truth = page(title, folder / f"z{i}.jpg", WHITE, 100 + i)
        for known in (False, True):
            profile = load_profile("lid") if known else None
            found = inspect_page(
                PageJob(1, ScanFile(path, path.name), ScanSettings(backing="white"), profile), reference
            )
            assert found.registration is not None and found.trim is not None and found.to_scan is not None
            names = edge_names(Side.RECTO)
            for o in trim_offset(found.lines, names, found.registration, found.trim, 1, None, ("", 0), found.to_scan):
                assert o.value is not None and o.u is not None and o.where.edge is not None
                assert (o.u < 0.09) is known
                error = o.value - truth.offsets_mm[o.where.edge]
                assert abs(error) < 2 * o.u
                errors[known].append(error)
    assert np.abs(np.mean(errors[True])) < 0.5 * np.abs(np.mean(errors[False]))
    assert np.quantile(np.abs(errors[True]), 0.95) < 0.06


# --- commands -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_an_example(name: str) -> None:
    shown = CliRunner().invoke(main, ["calibrate", name, "-h"])
    assert shown.exit_code == 0
    assert f"Example:\n    qc calibrate {name}" in shown.output
    assert "Exit code" in shown.output


def test_calibrate_alone_is_2_with_help(run_qc: Run) -> None:
    ran = run_qc("calibrate")
    assert (ran.code, ran.out) == (2, "")
    assert all(name in ran.err for name in COMMANDS)
    assert "'scale'" in run_qc("calibrate", "scael").err


def test_the_target_is_written_where_it_is_wanted(run_qc: Run, tmp_path: Path) -> None:
    ran = run_qc("calibrate", "target", "--paper", "letter", "--out", "deep/t.pdf")
    assert ran.code == 0 and ran.out.strip() == "deep/t.pdf"
    assert (tmp_path / "deep" / "t.pdf").read_bytes().startswith(b"%PDF")
    assert "actual size" in ran.err
    (tmp_path / "file").write_text("")
    assert run_qc("calibrate", "target", "--out", "file/t.pdf").code == 5
    assert run_qc("calibrate", "target", "--paper", "a6").code == 2


def test_from_grid_to_profile_to_drift(run_qc: Run, tmp_path: Path, profiles: Path) -> None:
    scan, _ = scan_of(grid(), tmp_path / "g.jpg", CROOKED, 3)
    ran = run_qc(
        "calibrate", "scale", scan, "--name", "flatbed", "--measured", "250.1", "--days", 30, "--model", "V600"
    )
    assert ran.code == 0
    assert "dpi where 150 x 150 is stated" in ran.out and "dots that were kept out" in ran.out and "V600" in ran.out
    assert "--measured-across" in ran.err and "turned by half" in ran.err and "--paper a5" in ran.err
    for jargon in ("mrad", "RMS", " u ", "µm"):
        assert jargon not in ran.out
    profile = load_profile("flatbed")
    assert profile.path == profiles / "flatbed.toml"
    assert profile.expires == date.today() + timedelta(days=30)
    assert profile.scale is not None and profile.scale.map is not None and profile.scale.frame_mm is not None
    assert profile.scale.dpi == pytest.approx((150 * 1.009, 150 * 0.992), rel=4e-3)
    assert 4e-4 < profile.scale.u_scale[1] < 6e-4 < profile.scale.u_scale[0]
    (origin,) = profile.tables["provenance"].values()
    assert origin["files"][0]["sha256"] == find_grid(scan).sha256 and "qc calibrate scale" in origin["command"]

    assert "flatbed: made today" in run_qc("calibrate", "show").out
    assert "squareness" in run_qc("calibrate", "show", "flatbed").out
    again, _ = scan_of(grid(), tmp_path / "again.jpg", turned(CROOKED, 0.5), 4)
    assert "has not drifted" in run_qc("calibrate", "show", "flatbed", "--against", again).out
    worn, _ = scan_of(grid(), tmp_path / "worn.jpg", replace(CROOKED, scale_y=0.992 * 1.0015, shear=0.0025), 4)
    ran = run_qc("calibrate", "show", "flatbed", "--against", worn)
    assert ran.code == 0 and "the scanner has drifted" in ran.out
    found = drift(profile, find_grid(worn))
    assert found.scale == pytest.approx((0.0, 0.0015), abs=1e-4)
    assert abs(found.shear) == pytest.approx(0.001, abs=1e-4)


@pytest.mark.parametrize(
    ("paper", "turn", "advised"),
    [("a4", 180.0, "A5 paper can be turned by a quarter"), ("a5", 0.0, "turned by a quarter"), ("a5", 90.0, None)],
)
def test_the_sheet_is_turned_as_far_as_the_glass_has_room(
    paper: str, turn: float, advised: str | None, run_qc: Run, tmp_path: Path
) -> None:
    sheet = sheet_of_pdf(pdf(target(paper)))
    scans = [scan_of(sheet, tmp_path / f"{k}.jpg", turned(CROOKED, angle), k)[0] for k, angle in enumerate((0.0, turn))]
    bars = ("--measured", target(paper).long_bar_mm, "--measured-across", target(paper).short_bar_mm)
    ran = run_qc("calibrate", "scale", *scans, "--name", "glass", *bars)
    assert ran.code == 0
    said = [line for line in ran.err.splitlines() if "turned" in line]
    assert said == [] if advised is None else len(said) == 1 and advised in said[0] and "by half" not in said[0]


def test_a_rule_and_a_card_make_profiles_without_a_map(run_qc: Run, tmp_path: Path) -> None:
    even = replace(CROOKED, waves=())
    x, _ = scan_of(rule(), tmp_path / "x.jpg", even, 3)
    y, _ = scan_of(rule(upright=True), tmp_path / "y.jpg", even, 3)
    ran = run_qc("calibrate", "scale", x, y, "--name", "ruled", "--object", "ruler")
    assert ran.code == 0 and "qc calibrate target" in ran.err
    scale = load_profile("ruled").scale
    assert scale is not None and scale.map is None
    assert scale.dpi == pytest.approx((150 * 1.009, 150 * 0.992), rel=1e-3)
    path, _ = scan_of(card(), tmp_path / "card.jpg", even, 3)
    ran = run_qc("calibrate", "scale", path, "--name", "carded", "--object", "id-1")
    assert ran.code == 0 and "local distortion: not known, nor is squareness" in ran.out
    one = run_qc("calibrate", "scale", x, "--name", "half", "--object", "ruler")
    assert one.code == 0 and "along y" in one.err


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["scale", "--name", "x"], 2, "Nothing to calibrate from"),
        (["scale", "g.jpg"], 2, "--name"),
        (["scale", "g.jpg", "--name", "../x"], 2, "cannot name a profile"),
        (["scale", "g.jpg", "--name", "x", "--measured", "much"], 2, "no length"),
        (["scale", "g.jpg", "--name", "x", "--object", "ruler", "--measured", "250"], 2, "leave them out"),
        (["scale", "--name", "x", "--white", "g.jpg"], 2, "in pairs"),
        (["scale", "none.jpg", "--name", "x"], 3, "not there"),
        (["repeatability", "none.jpg", "--name", "x"], 3, "too few"),
        (["repeatability", ".", "none.jpg", "--name", "x"], 2, "not both"),
        (["show", "none"], 4, "neither a file"),
        (["show", "--against", "g.jpg"], 2, "needs the name"),
    ],
)
def test_wrong_calls_end_with_their_code_and_one_line(arguments: list[str], code: int, said: str, run_qc: Run) -> None:
    ran = run_qc("calibrate", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err and len(ran.err.splitlines()) == 1


def test_an_expired_profile_is_shown_all_the_same(run_qc: Run) -> None:
    save("old", {"noise": {"pixel": 0.01, "level": 0.001}}, today=date.today() - timedelta(days=20), days=10)
    assert "EXPIRED" in run_qc("calibrate", "show").out
    ran = run_qc("calibrate", "show", "old")
    assert ran.code == 0 and "EXPIRED" in ran.out


def test_folders_are_operators(run_qc: Run, tmp_path: Path, repeats: list[Path]) -> None:
    for name, scans in (("anna", repeats[:4]), ("ben", repeats[4:])):
        (tmp_path / name).mkdir()
        for scan in scans:
            (tmp_path / name / scan.name).write_bytes(scan.read_bytes())
    ran = run_qc("calibrate", "repeatability", "anna", "ben", "--name", "flatbed")
    assert ran.code == 0
    assert "reproducibility" in ran.out and "% of the 6.35 mm tolerance width" in ran.out
    assert load_profile("flatbed").tables["gauge"]["operators"] == 2
