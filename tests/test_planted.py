"""Faults planted into sound scans have the size that is stated, and detection curves count what the inspection says of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from conftest import Drawn

from qc.errors import UsageError
from qc.geometry import Edge
from qc.judge.policy import load_policy
from qc.model import Inspection
from qc.pipeline import inspect_copy
from qc.reference.find import Reference, open_reference
from qc.scan.copy_folder import open_copy
from qc.scan.image_file import read_pixels
from qc.synthetic.plant import cut_moved, print_lost, spotted, streaked, tinted
from studies.planted import FAULTS, Detection, DetectionCurve, detection_curve, plant_copy, wilson

KDP = load_policy("kdp")
PAGE = np.array([[20.0, 30], [220, 30], [220, 330], [20, 330]])
EDGES = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)


def page(color: bool = True, bits: int = 8) -> np.ndarray:
    """Paper 220, lines of ink 40, on a black backing with a soft edge at x = 220.3."""
    x = np.arange(260)
    paper = 12 + 208 / (1 + np.exp((x - 220.3) / 0.8))
    image = np.repeat(paper[None], 360, axis=0)
    image[60:300:12, 60:180] = 40
    image += np.random.default_rng(3).normal(0, 1.5, image.shape)
    out = np.clip(image, 0, 255) * (257 if bits == 16 else 1)
    out = out.astype(np.uint16 if bits == 16 else np.uint8)
    return np.repeat(out[:, :, None], 3, axis=2) if color else out


def edge_of(image: np.ndarray) -> float:
    profile = image[40:50].mean(axis=(0, 2) if image.ndim == 3 else 0)
    half = (profile[190:195].mean() + profile[-5:].mean()) / 2
    at = int(np.flatnonzero(profile > half)[-1])
    return at + (profile[at] - half) / (profile[at] - profile[at + 1])


@pytest.mark.parametrize("color, bits", [(True, 8), (False, 8), (True, 16)])
def test_a_cut_moves_by_what_is_said(color: bool, bits: int) -> None:
    image = page(color, bits)
    moved = cut_moved(image, np.array([[220.3, 0], [220.3, 359]]), np.array([120.0, 180]), 7.4, 12)
    assert edge_of(moved) == pytest.approx(edge_of(image) - 7.4, abs=0.05)
    assert (moved[:, :195] == image[:, :195]).all() and moved.dtype == image.dtype
    assert edge_of(image) == pytest.approx(220.3, abs=0.1)


def test_lost_print_looks_like_paper() -> None:
    image = page()
    box = np.array([[70.0, 100], [170, 100], [170, 200], [70, 200]])
    found = print_lost(image, box, PAGE, np.random.default_rng(1))[102:198, 72:168].astype(float)
    assert found.mean() == pytest.approx(220, abs=1.5) and 0.5 < found.std() < 3
    assert (print_lost(image, box, PAGE, np.random.default_rng(1))[210:] == image[210:]).all()


def test_a_spot_has_its_area() -> None:
    image = page()
    darker = image.astype(float) - spotted(image, np.array([200.0, 200.5]), 9.0, PAGE)
    depth = 220 * (1 - 0.05 ** (1 / 2.2))
    assert darker[:, :, 0].sum() / depth == pytest.approx(np.pi * 4.5**2, rel=0.04)


def test_a_streak_leaves_paper_along_its_line_and_ends_with_the_page() -> None:
    image = page()
    found = streaked(image, np.array([[120.0, 0], [120.0, 359]]), 4.0, PAGE)
    assert (found[40:320, 119:122] > 205).all()
    assert (found[:, :116] == image[:, :116]).all() and (found[:25] == image[:25]).all()


def test_a_cast_changes_one_channel_of_the_print_and_no_paper() -> None:
    image = page()
    found = tinted(image, (1.0, 1.3, 1.0), PAGE).astype(float)
    ink, paper = (slice(60, 300, 12), slice(70, 170)), (slice(306, 325), slice(60, 180))
    assert (found[ink][..., 0] == image[ink][..., 0]).mean() > 0.99
    assert np.median(found[ink][..., 1]) == pytest.approx(220 * (40 / 220) ** 1.3, abs=1.5)
    assert np.abs(found[paper] - image[paper]).mean() < 0.7


# --- in an inspection -------------------------------------------------------------------------------------------------


class Sound:
    def __init__(self, drawn: Drawn) -> None:
        self.copy = open_copy(drawn.copy)
        # Stated, or cuts that are too deep at all edges may be those of a smaller book.
        self.reference: Reference = open_reference(drawn.title, trim="4.25 x 6.87 in")
        self.inspection: Inspection = inspect_copy(self.copy, self.reference, KDP)
        to_scan = self.inspection.pages[0].to_scan
        assert to_scan is not None
        self.per_mm = float(np.mean(to_scan.scale))


@pytest.fixture(scope="module")
def sound(drawn: Drawn) -> Sound:
    return Sound(drawn)


def test_a_planted_cut_is_measured_at_its_size(sound: Sound, tmp_path: Path) -> None:
    copy, places = plant_copy(
        sound.copy, sound.inspection, sound.reference.trim, FAULTS["cut"], 4.1, tmp_path, np.random.default_rng(0)
    )
    assert {edge for _, edge in places} == set(EDGES)
    found = inspect_copy(copy, sound.reference, KDP)
    block = {o.where.edge: o for o in found.observations if o.measure == "trim-offset-block"}
    before = {o.where.edge: o for o in sound.inspection.observations if o.measure == "trim-offset-block"}
    for edge in EDGES:
        value, u = block[edge].value, block[edge].u
        assert value is not None and u is not None
        assert abs(value + 4.1) < min(2 * u, 0.06)
    assert block[Edge.SPINE].value == pytest.approx(before[Edge.SPINE].value, abs=0.03)
    assert (read_pixels(sound.copy.pages[0]) != read_pixels(copy.pages[0])).any()


def test_a_deep_cut_is_called_and_nothing_is_not(sound: Sound) -> None:
    curve = detection_curve([sound.copy], sound.reference, KDP, "cut", (0.0, 4.1))
    assert [(d.size, d.trials, d.called, d.flagged) for d in curve.detections] == [(0.0, 3, 0, 0), (4.1, 3, 3, 3)]
    assert curve.size_found() == 4.1


def test_lost_print_is_found_where_it_was_planted_and_a_small_spot_is_not(sound: Sound) -> None:
    lost = detection_curve([sound.copy], sound.reference, KDP, "lost-print", (50.0,), seed=5001)
    assert lost.detections[0].trials == 4 and lost.detections[0].called >= 3
    spot = detection_curve([sound.copy], sound.reference, KDP, "spot", (0.3,), seed=5001)
    assert (spot.detections[0].trials, spot.detections[0].called) == (4, 0)


def test_damage_lies_on_both_sides_of_each_leaf_and_scans_stay_what_they_were(sound: Sound, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    trim = sound.reference.trim
    copy, places = plant_copy(sound.copy, sound.inspection, trim, FAULTS["notch"], 5.0, tmp_path, rng)
    assert len(places) == len(sound.copy.pages) // 2
    for old, new in zip(sound.copy.pages, copy.pages, strict=True):
        assert new.path.parent == tmp_path and new.path.suffix == old.path.suffix and new.name == old.name
        before, after = read_pixels(old), read_pixels(new)
        changed = np.abs(before.astype(int) - after).reshape(*before.shape[:2], -1).max(axis=2) > 60
        assert before.shape == after.shape and 8 < changed.sum() / sound.per_mm**2 < 40
    same, _ = plant_copy(sound.copy, sound.inspection, trim, FAULTS["notch"], 0.0, tmp_path, rng)
    assert same == sound.copy


def test_dirt_lies_at_the_same_places_of_the_glass_in_every_scan(sound: Sound, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    copy, places = plant_copy(sound.copy, sound.inspection, sound.reference.trim, FAULTS["dust"], 1.0, tmp_path, rng)
    assert [page for page, _ in places] == [1, 2, 3, 4]
    found = []
    for old, new in zip(sound.copy.pages, copy.pages, strict=True):
        before, after = (read_pixels(s) for s in (old, new))
        found.append(np.abs(before.astype(int) - after).reshape(*before.shape[:2], -1).max(axis=2) > 60)
    rows, columns = (min(f.shape[i] for f in found) for i in (0, 1))
    shared = np.logical_and.reduce([f[:rows, :columns] for f in found])
    assert shared.sum() / sound.per_mm**2 > 3


def test_a_fault_that_is_not_there_is_named(sound: Sound) -> None:
    with pytest.raises(UsageError, match=r"no fault 'mottle' to plant\. Choose one of cut"):
        detection_curve([sound.copy], sound.reference, KDP, "mottle", (1.0,))


def test_the_interval_of_a_rate_is_wilsons() -> None:
    """Newcombe, Stat. Med. 17 (1998) 857, table I, method 3: 81 of 263 and 0 of 20."""
    assert wilson(81, 263) == (pytest.approx(0.2553, abs=5e-5), pytest.approx(0.3662, abs=5e-5))
    assert wilson(0, 20) == (0.0, pytest.approx(0.1611, abs=5e-5))
    assert wilson(1, 29) == (pytest.approx(0.0061, abs=5e-5), pytest.approx(0.1718, abs=5e-5))
    assert wilson(0, 0) == (0.0, 1.0) and wilson(7, 7)[1] == 1.0


def test_the_size_found_is_the_least_from_which_on_all_are_found() -> None:
    found = [Detection(s, 10, 0, n) for s, n in ((1.0, 9), (2.0, 5), (3.0, 10), (4.0, 9))]
    assert DetectionCurve(FAULTS["spot"], None, tuple(found)).size_found() == 3.0
    assert DetectionCurve(FAULTS["spot"], None, tuple(found[:2])).size_found() is None
