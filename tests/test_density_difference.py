"""Densities of drawn tiles come back with their channel and sign, and what shows no solids says so."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qc.features.tiles import PageTiles
from qc.flags import Flag
from qc.geometry import Affine
from qc.judge.policy import load_policy
from qc.measure.density_difference import (
    CHANNELS,
    MOST_OF_COPY,
    MOST_OF_FILE,
    U_FILE,
    U_SAME_SCANNER,
    PageDensity,
    density_difference,
    density_shift,
    page_density,
)
from qc.model import FindingOutcome, Observation
from qc.pipeline import inspect_copy
from qc.reference.approved_copy import CopyReference
from qc.reference.find import Reference, open_reference
from qc.scan.copy_folder import open_copy
from qc.synthetic import Kind, Print, Scanner, draw_copy, write_title

SHAPE = (30, 20)
EVERYWHERE = np.ones(SHAPE, bool)


def light(density: float | tuple[float, float, float]) -> np.ndarray:
    return np.broadcast_to(10.0 ** -np.array(density), (*SHAPE, 3)).astype(float).copy()


def page(shift: dict[str, float], number: int = 1) -> PageDensity:
    return PageDensity(number, (f"p-{number}.jpg", 0), shift, dict.fromkeys(shift, 50))


@pytest.mark.parametrize("channel", range(3))
@pytest.mark.parametrize("change", [-0.25, -0.1, 0.0, 0.1, 0.25])
def test_a_change_comes_back_in_its_channel(channel: int, change: float) -> None:
    aim = (0.6, 0.7, 0.8)
    seen = tuple(d + change * (i == channel) for i, d in enumerate(aim))
    rng = np.random.default_rng(1)
    noise = 10.0 ** rng.normal(0, 0.01, (*SHAPE, 3))
    found = density_shift(light(seen) * noise, light(aim), EVERYWHERE)
    for i, name in enumerate(CHANNELS):
        assert found[name][0] == pytest.approx(change if i == channel else 0.0, abs=0.002)


def test_paper_and_light_tints_have_no_density() -> None:
    assert density_shift(light(0.1), light(0.1), EVERYWHERE) == {}
    assert set(density_shift(light((0.1, 0.6, 0.1)), light((0.1, 0.6, 0.1)), EVERYWHERE)) == {"M"}


def test_a_solid_of_a_file_says_nothing_and_one_of_a_copy_does() -> None:
    solid, weak = light(1.4), light(1.2)
    assert density_shift(weak, solid, EVERYWHERE, MOST_OF_FILE) == {}
    assert density_shift(weak, solid, EVERYWHERE, MOST_OF_COPY)["C"][0] == pytest.approx(-0.2)


def test_an_edge_off_register_says_nothing() -> None:
    aim = light(0.0)
    aim[:, 10:] = 10**-0.8
    off = np.roll(aim, 1, axis=1)
    off[:, 0] = 1.0
    found = density_shift(off, aim, EVERYWHERE)
    assert found["C"][0] == pytest.approx(0.0, abs=1e-9)


def test_a_few_tiles_are_no_solid() -> None:
    aim = light(0.0)
    aim[10:14, 10:14] = 10**-0.8
    assert density_shift(aim, aim, EVERYWHERE) == {}
    aim[10:15, 10:15] = 10**-0.8
    assert density_shift(aim, aim, EVERYWHERE)["Y"][1] == 9


def test_density_is_relative_to_the_paper_of_the_page() -> None:
    paper = np.array([0.8, 0.75, 0.6])
    tiles = PageTiles(
        light(0.7) * paper, light(0.6), EVERYWHERE, paper, Affine.scaling(3.6), np.zeros(EVERYWHERE.shape)
    )
    found = page_density(tiles, 4, ("p-4.jpg", 0), MOST_OF_FILE)
    assert found is not None and found.page == 4
    assert [found.shift[c] for c in CHANNELS] == pytest.approx([0.1] * 3)
    bare = replace(tiles, paper=None)
    assert page_density(bare, 4, ("p-4.jpg", 0), MOST_OF_FILE) is None


def test_a_copy_is_the_median_of_its_pages_in_the_channel_farthest_off() -> None:
    pages = [page({"C": 0.01, "M": -0.3}, 1), page({"C": 0.02, "M": -0.2}, 2), page({"C": 0.6}, 3), page({}, 4)]
    found = density_difference(pages, U_SAME_SCANNER)
    assert (found.value, found.u, found.unit, found.where.page) == (pytest.approx(-0.25), 0.02, "density", None)
    assert found.detail["dC"] == pytest.approx(0.02) and found.detail["dY"] is None
    assert (found.detail["pages"], found.detail["worst_page"], found.detail["worst"]) == (3, 3, pytest.approx(0.6))
    assert [e.file for e in found.evidence] == ["p-3.jpg"]


def test_more_pages_do_not_make_it_surer_and_noise_is_not_shown() -> None:
    one, many = (density_difference([page({"C": -0.1}, i) for i in range(1, n + 1)], U_FILE) for n in (1, 200))
    assert one.u == many.u == U_FILE and one.evidence == many.evidence == ()


def test_without_solids_there_is_no_value() -> None:
    assert density_difference([page({})], U_FILE).flags == (Flag.NO_SOLIDS,)
    assert density_difference([], U_FILE, Flag.BITONAL).flags == (Flag.BITONAL,)
    assert density_difference([], U_FILE).value is None


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An approved copy of four pages with pictures, a sound copy, and one whose ink is weaker by a fifth."""
    root = tmp_path_factory.mktemp("density")
    kinds = (Kind.PICTURE, Kind.GRAY_PICTURE, Kind.PICTURE, Kind.PICTURE)
    title = write_title(root / "title" / "interior.pdf", kinds, trim_mm=(101.6, 127.0), bleed=False, seed=11)
    for n, (name, strength) in enumerate({"approved": 1.0, "sound": 1.0, "weak": 0.8}.items()):
        printed = Print(strength=(strength,) * 3, halftone=None)
        draw_copy(root / name, title, printed=printed, scanner=Scanner(dpi=150), seed=n)
        (root / name / "copy.toml").write_text('[scan]\nscanner = "bench"\n[reference]\ntrim = "4 x 5 in"\n')
    return root


def found_in(shelf: Path, copy: str, reference: Reference) -> Observation:
    inspection = inspect_copy(open_copy(shelf / copy), reference, load_policy("ingram"))
    return next(o for o in inspection.observations if o.measure == "density-difference")


def test_against_an_approved_copy_on_the_same_scanner(shelf: Path) -> None:
    approved = CopyReference(open_copy(shelf / "approved"))
    sound, weak = (found_in(shelf, c, approved) for c in ("sound", "weak"))
    rule = load_policy("ingram").rule("density-difference")
    assert sound.u == weak.u == U_SAME_SCANNER
    assert sound.value is not None and abs(sound.value) < 2 * U_SAME_SCANNER
    assert rule.outcome(sound.value, sound.u, 2) is FindingOutcome.WITHIN
    assert weak.value is not None and -0.3 < weak.value < -0.08


def test_against_the_file_a_sound_copy_lies_within_its_uncertainty(shelf: Path) -> None:
    file = open_reference(shelf / "title" / "interior.pdf", trim="4 x 5 in", bleed=False)
    sound, weak = (found_in(shelf, c, file) for c in ("sound", "weak"))
    assert sound.u == U_FILE and sound.value is not None and abs(sound.value) < 2 * U_FILE
    assert weak.value is not None and weak.value < sound.value - 0.05
    assert sound.detail["pages"] >= 2 and sound.evidence == ()
