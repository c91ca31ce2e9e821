"""Planted damage has the place and size that is stated, changes nothing else, and keeps files what they were."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from damage_report import interval
from PIL import Image

from qc.synthetic.damage import dusted, empty_glass, marked
from qc.synthetic.damaged import SIZES, Damage, LeafScan, on_other_side, place_damage, plant_damage
from qc.synthetic.files import rewrite_scan
from qc.synthetic.maps import applied
from qc.synthetic.outlines import blot, enclosed, extent, ragged

PER_MM = 300 / 25.4
TURN = np.deg2rad(0.6)
TO_SCAN = np.column_stack(
    [PER_MM * np.array([[np.cos(TURN), -np.sin(TURN)], [np.sin(TURN), np.cos(TURN)]]), [110.0, 90.0]]
)
CORNERS = np.array([[-0.4, -0.3], [70.5, -0.2], [70.3, 100.4], [-0.5, 100.6]])
LEAF = LeafScan(TO_SCAN, CORNERS)
BACK = LeafScan(TO_SCAN, np.array([[-0.5, -0.2], [70.4, -0.3], [70.5, 100.6], [-0.3, 100.4]]))
PAPER, INK, BACKING = 228, 40, 18
SIZE = {
    "missing-corner": 90.0,
    "notch": 5.0,
    "tear": 14.0,
    "dog-ear": 12.0,
    "crease": 40.0,
    "hole": 6.0,
    "water": 600.0,
}


def scan(color: bool = True, bits: int = 8) -> np.ndarray:
    """A leaf with lines of ink on a black backing."""
    image = np.full((1400, 1050), BACKING, float)
    cv2.fillConvexPoly(image, np.rint(16 * LEAF.corners_px).astype(np.int32), PAPER, cv2.LINE_AA, 4)
    for y in range(15, 90, 3):
        a, b = applied(TO_SCAN, np.array([[12.0, y], [58.0, y + 0.8]]))
        image[int(a[1]) : int(b[1]), int(a[0]) : int(b[0])] = INK
    image += np.random.default_rng(1).normal(0, 1.2, image.shape)
    out = (np.clip(image, 0, 255) * (257 if bits == 16 else 1)).astype(np.uint16 if bits == 16 else np.uint8)
    return np.repeat(out[:, :, None], 3, axis=2) if color else out


def planted(kind: str, image: np.ndarray, seed: int = 3) -> tuple[Damage, np.ndarray]:
    rng = np.random.default_rng(seed)
    damage = place_damage(kind, SIZE[kind], LEAF, rng)
    return damage, plant_damage(image, LEAF, damage, rng)


def changed(image: np.ndarray, other: np.ndarray) -> np.ndarray:
    differs = image != other
    return differs if image.ndim == 2 else differs.any(axis=2)


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("color, bits", [(True, 8), (False, 8), (True, 16)])
def test_damage_changes_its_place_alone(kind: str, color: bool, bits: int) -> None:
    image = scan(color, bits)
    before = image.copy()
    damage, after = planted(kind, image)
    assert after.dtype == image.dtype and after.shape == image.shape and (image == before).all()
    places = changed(image, after)
    assert places.any()
    # A tear moves one half a little, the flap of a dog-ear lies beyond its fold; all else stays beside its outline.
    reach = {"tear": 15.5, "dog-ear": SIZE["dog-ear"] + 2}.get(kind, 3.0) * PER_MM
    outline = applied(TO_SCAN, damage.outline_mm)
    hull = np.zeros(places.shape, np.uint8)
    cv2.fillPoly(hull, [np.rint(outline).astype(np.int32)], 1)
    cv2.polylines(hull, [np.rint(outline).astype(np.int32)], False, 1, 2)
    far = cv2.distanceTransform(1 - hull, cv2.DIST_L2, 5) > reach + 3
    assert not places[far].any()


@pytest.mark.parametrize("kind", ["missing-corner", "notch", "hole"])
def test_what_is_gone_has_its_area_and_shows_the_backing(kind: str) -> None:
    image = scan(color=False)
    damage, after = planted(kind, image)
    lost = (after < 60) & (image > 100)
    printed = (after < 60) & (image < 60)
    inside = np.zeros(image.shape, np.uint8)
    cv2.fillPoly(inside, [np.rint(applied(TO_SCAN, damage.outline_mm)).astype(np.int32)], 1)
    area = (lost | (printed & (inside > 0))).sum() / PER_MM**2
    assert area == pytest.approx(damage.area_mm2, rel=0.05)
    assert np.median(after[lost]) == pytest.approx(BACKING, abs=2)


def test_sizes_are_what_was_asked_for() -> None:
    rng = np.random.default_rng(0)
    sizes = {kind: place_damage(kind, size, LEAF, rng) for kind, size in SIZE.items()}
    assert sizes["missing-corner"].area_mm2 == pytest.approx(90, rel=0.15)
    assert sizes["notch"].how["depth_mm"] == pytest.approx(5, rel=0.1)
    assert sizes["tear"].extent_mm == pytest.approx(14, rel=0.02)
    assert sizes["crease"].extent_mm == pytest.approx(40, rel=0.02)
    assert sizes["water"].area_mm2 == pytest.approx(600)
    assert enclosed(sizes["hole"].outline_mm) == pytest.approx(np.pi * 9)


def test_a_crease_is_a_ridge_here_and_a_valley_there() -> None:
    image = scan(color=False)
    damage, front = planted("crease", image, seed=5)
    mirrored = on_other_side(damage, LEAF, BACK)
    back = plant_damage(image, BACK, mirrored, np.random.default_rng(0))
    for side, found in ((damage, front), (mirrored, back)):
        change = found.astype(float) - image
        level = side.how["levels"]
        middle = applied(TO_SCAN, side.outline_mm)[len(side.outline_mm) // 2]
        near = change[int(middle[1]) - 3 : int(middle[1]) + 4, int(middle[0]) - 3 : int(middle[0]) + 4]
        assert near[np.abs(near).argmax() // 7, np.abs(near).argmax() % 7] * level > 0
        assert 6 < abs(level) < 21
    assert damage.how["levels"] == -mirrored.how["levels"]
    assert np.allclose(damage.outline_mm[:, 0] + mirrored.outline_mm[:, 0], 70.0, atol=0.2)


def test_the_flap_of_a_dog_ear_shows_the_other_side_mirrored() -> None:
    image, other = scan(), np.full_like(scan(), 90)
    rng = np.random.default_rng(2)
    damage = place_damage("dog-ear", 12.0, LEAF, rng)
    found = plant_damage(image, LEAF, damage, rng, (other, BACK))
    corner, a, b = applied(TO_SCAN, damage.outline_mm)
    e = (b - a) / np.hypot(*(b - a))
    flap = a + 2 * ((corner - a) @ e) * e - (corner - a)
    x, y = np.rint((a + b + flap) / 3).astype(int)
    assert found[y, x, 0] == pytest.approx(0.985 * 90, abs=1)
    x, y = np.rint((a + b + corner) / 3).astype(int)
    assert found[y, x, 0] == pytest.approx(BACKING, abs=6)
    assert on_other_side(damage, LEAF, BACK).kind == "missing-corner"


def test_water_is_darkest_and_yellowest_at_its_rim() -> None:
    image = np.full_like(scan(), PAPER)
    damage, found = planted("water", image)
    fall = (image.astype(float) - found)[:, :, (0, 2)]
    rim = applied(TO_SCAN, damage.outline_mm)
    middle = rim.mean(axis=0).astype(int)
    at_rim = np.array([fall[round(y), round(x)] for x, y in rim])
    assert (at_rim[:, 1] > 2 * at_rim[:, 0]).all() and at_rim[:, 0].min() > 4
    assert (fall[middle[1], middle[0]] < at_rim.mean(axis=0) / 2).all()


def test_a_mark_has_its_area() -> None:
    image = scan(color=False)
    outline = applied(TO_SCAN, np.array([6.0, 50.0]) + blot(2.0, np.random.default_rng(0)))
    darker = image.astype(float) - marked(image, outline, LEAF.corners_px, dark=True)
    assert darker.sum() / (darker.max() - 3) / PER_MM**2 == pytest.approx(2.0, rel=0.05)
    light = marked(
        image,
        applied(TO_SCAN, np.array([30.0, 15.4]) + blot(1.0, np.random.default_rng(0))),
        LEAF.corners_px,
        dark=False,
    )
    assert (light >= image).all() and light.max() > 200


def test_dirt_on_the_glass_is_the_same_in_every_scan_and_on_the_empty_glass() -> None:
    image = scan()
    specks = [np.array([500.0, 700.0]) + PER_MM * blot(0.8, np.random.default_rng(4))]
    glass = empty_glass(image, LEAF.corners_px, PER_MM, np.random.default_rng(0))
    assert glass.shape == image.shape and np.median(glass) == pytest.approx(BACKING, abs=1)
    assert glass.std() < 3
    change = [np.abs(x.astype(float) - dusted(x, specks, 0.45)).mean(axis=2) for x in (image, glass)]
    places = [c > c.max() / 2 for c in change]
    assert [p.sum() / PER_MM**2 for p in places] == [pytest.approx(0.8, rel=0.1)] * 2
    assert (places[0] ^ places[1]).sum() < 0.1 * places[0].sum()


def test_a_scan_without_backing_cannot_lose_paper() -> None:
    with pytest.raises(ValueError, match="shows no backing"):
        rng = np.random.default_rng(0)
        cropped = LeafScan(np.column_stack([TO_SCAN[:, :2], [0.0, 0.0]]), CORNERS)
        plant_damage(scan()[100:1250, 120:900], cropped, place_damage("hole", 6.0, cropped, rng), rng)


def test_the_study_states_exact_intervals() -> None:
    """0 of n: 1 - 0.025^(1/n); 81 of 263 as in Newcombe, Stat. Med. 17 (1998) 857, table I, method 5."""
    assert interval(0, 100) == (0.0, pytest.approx(1 - 0.025**0.01))
    assert interval(81, 263) == (pytest.approx(0.2527, abs=5e-5), pytest.approx(0.3676, abs=5e-5))
    assert interval(7, 7)[1] == 1.0 and interval(0, 0) == (0.0, 1.0)


def test_outlines_end_where_they_are_told() -> None:
    line = ragged(np.array([[0.0, 0], [10, 0]]), 0.3, np.random.default_rng(0))
    assert (line[0] == (0, 0)).all() and np.allclose(line[-1], (10, 0)) and 0.1 < line[:, 1].std() < 0.6
    assert extent(line) == pytest.approx(10, rel=0.02)


@pytest.mark.parametrize("name, options", [
    ("a.jpg", {"quality": 81, "subsampling": 1, "dpi": (300, 300)}),
    ("a.png", {"dpi": (600, 600)}),
    ("a.tif", {"compression": "tiff_lzw", "dpi": (400, 400)}),
])  # fmt: skip
@pytest.mark.parametrize("color", [True, False])
def test_a_rewritten_scan_stays_the_file_it_was(
    name: str, options: dict[str, object], color: bool, tmp_path: Path
) -> None:
    source, target = tmp_path / name, tmp_path / f"new-{name}"
    exif = Image.Exif()
    exif[0x0112] = 3
    more = {"exif": exif, "icc_profile": b"profile"} if name == "a.jpg" else {}
    Image.fromarray(scan(color)).save(source, **options, **more)
    upright = np.asarray(Image.open(source))
    upright = np.ascontiguousarray(upright[::-1, ::-1]) if more else upright
    rewrite_scan(source, target, upright)
    old, new = Image.open(source), Image.open(target)
    for key in ("dpi", "icc_profile", "compression"):
        assert (
            new.info.get(key) == pytest.approx(old.info.get(key))
            if key == "dpi"
            else new.info.get(key) == old.info.get(key)
        )
    assert (new.format, new.mode, new.size, new.getexif().get(0x0112)) == (
        old.format,
        old.mode,
        old.size,
        old.getexif().get(0x0112),
    )
    assert getattr(new, "quantization", None) == getattr(old, "quantization", None)
    assert np.abs(np.asarray(new).astype(int) - np.asarray(old)).max() <= (6 if more else 0)


def test_a_deep_scan_stays_deep_and_what_cannot_be_kept_is_refused(tmp_path: Path) -> None:
    deep = scan(True, 16)
    tifffile.imwrite(
        tmp_path / "d.tif", deep, photometric="rgb", resolution=(300, 300), resolutionunit="INCH", compression="zlib"
    )
    rewrite_scan(tmp_path / "d.tif", tmp_path / "e.tif", deep)
    with tifffile.TiffFile(tmp_path / "e.tif") as new:
        assert (new.asarray() == deep).all() and new.pages.first.compression == 8
        assert new.pages.first.tags["XResolution"].value == (300, 1)
    Image.fromarray(deep[:, :, 0] > 9000).save(tmp_path / "bits.png")
    with pytest.raises(ValueError, match="no gray or color JPEG"):
        rewrite_scan(tmp_path / "bits.png", tmp_path / "x.png", deep[:, :, 0])
