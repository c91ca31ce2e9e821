"""Covers of closed copies: what was drawn is recovered, side by side and edge by edge, or said not to be measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_closed import (
    BLACK,
    COARSE,
    FLAT,
    GRAY,
    WHITE,
    Closed,
    draw_and_measure,
    measure_folder,
    observe,
    reference_of,
)
from PIL import Image, ImageFilter, ImageOps

from qc.geometry import Edge
from qc.reference.wrap import Panel
from qc.synthetic import CLOSED, Art, Bound, Wrap, draw_cover, write_wrap

CUTS = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)
CASES = {
    "sound": (Bound(), COARSE),
    "toward the front": (
        Bound(1.3, 0.4, head_mm=0.5, tail_mm=-0.7, fore_edge_mm=(0.9, -0.4), turn_deg=0.3),
        replace(COARSE, backing=GRAY),
    ),
    "toward the back": (
        Bound(-2.1, -0.8, head_mm=-1.2, tail_mm=1.5, fore_edge_mm=(-2.0, 1.1), turn_deg=-0.4, round_mm=1.0),
        replace(COARSE, backing=WHITE, skew_deg=1.0),
    ),
    "finely scanned": (Bound(3.3, 0.0, round_mm=0.2), replace(CLOSED, backing=BLACK, quality=85)),
}


@pytest.fixture(scope="module")
def wrap(tmp_path_factory: pytest.TempPathFactory) -> Wrap:
    return write_wrap(tmp_path_factory.mktemp("wrap") / "cover.pdf", FLAT)


@pytest.fixture(scope="module")
def closed(wrap: Wrap, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Closed]:
    folder = tmp_path_factory.mktemp("closed")
    return {
        name: draw_and_measure(folder / str(n), wrap, bound, scanner=scanner, seed=n)
        for n, (name, (bound, scanner)) in enumerate(CASES.items())
    }


def near(observation, truth: float, most_u: float) -> None:
    assert observation.flags == () and observation.value is not None and observation.u is not None, observation
    assert 0.005 < observation.u <= most_u, observation
    assert abs(observation.value - truth) <= 2 * observation.u, (observation, truth)


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("side", ["front", "back"])
def test_cuts_folds_and_turn_of_a_side(name: str, side: str, closed: dict[str, Closed]) -> None:
    found, (bound, _) = closed[name], CASES[name]
    true = found.truth.truths[side].offsets_mm
    for edge in CUTS:
        near(found.of("cover-trim-offset", side, edge), true[edge], 0.1)
    near(found.of("cover-fold-offset", side), true["spine"], 0.2)
    near(found.of("cover-skew", side), bound.turn_deg, 0.08)


@pytest.mark.parametrize("name", CASES)
def test_spine_between_both_folds(name: str, closed: dict[str, Closed], wrap: Wrap) -> None:
    found = closed[name]
    folds = {side: found.truth.truths[side].offsets_mm["spine"] for side in ("front", "back")}
    near(found.of("spine-centering"), found.truth.centering_mm, 0.15)
    near(found.of("spine-width"), found.truth.wider_mm, 0.35)
    clearance = found.of("spine-text-clearance")
    near(clearance, min(wrap.room_mm[side] - folds[side] for side in folds), 0.2)
    assert clearance.detail["design_front_mm"] == pytest.approx(wrap.room_mm["front"], abs=0.1)
    assert found.of("cover-identity").value == 0 and found.of("cover-identity").flags == ()


def test_signs(closed: dict[str, Closed]) -> None:
    """A fold in the designed spine is > 0; print toward the front moves the front fold there and the back fold away."""
    found = closed["finely scanned"]
    front, back = (found.of("cover-fold-offset", side).value for side in ("front", "back"))
    assert front is not None and back is not None
    assert front == pytest.approx(3.3, abs=0.2) and back == pytest.approx(-3.3, abs=0.2)
    assert found.of("spine-centering").value == pytest.approx((front - back) / 2, abs=1e-9)
    assert found.of("spine-width").value == pytest.approx(-(front + back), abs=1e-9)
    detail = found.of("spine-centering").detail
    assert (detail["front"], detail["back"], detail["designed_mm"]) == (round(front, 3), round(back, 3), 12.0)


def test_evidence_shows_the_place_in_the_scan(closed: dict[str, Closed]) -> None:
    found = closed["sound"]
    for side in ("front", "back"):
        (seen,) = found.of("cover-fold-offset", side).evidence
        truth = found.truth.truths[side]
        corners = truth.corners_px[[0, 3] if truth.recto else [1, 2]]
        assert seen.file == found.truth.files[side].name and seen.box_px is not None
        x0, y0, x1, y1 = seen.box_px
        assert x0 < corners[:, 0].mean() < x1 and y0 < corners[:, 1].mean() < y1


def test_right_to_left(tmp_path: Path) -> None:
    wrap = write_wrap(tmp_path / "cover.pdf", replace(FLAT, off_mm=0.6), rtl=True)
    found = draw_and_measure(tmp_path / "copy", wrap, Bound(1.5, fore_edge_mm=(0.8, -0.6)))
    for side, fore_edge in (("front", 0.8), ("back", -0.6)):
        near(found.of("cover-trim-offset", side, Edge.FORE_EDGE), fore_edge, 0.08)
    near(found.of("spine-centering"), 1.5, 0.15)
    room = min(wrap.room_mm["front"] - 1.5, wrap.room_mm["back"] + 1.5)
    near(found.of("spine-text-clearance"), room, 0.2)
    assert [o.page.reference_page for o in found.sides.sides.values()] == [1, 2]


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_scans_that_lie_turned(turns: int, wrap: Wrap, tmp_path: Path) -> None:
    found = draw_and_measure(tmp_path, wrap, Bound(1.0, head_mm=0.6), scanner=replace(COARSE, turns=turns))
    for side in ("front", "back"):
        near(found.of("cover-trim-offset", side, Edge.HEAD), found.truth.truths[side].offsets_mm["head"], 0.08)
    near(found.of("spine-centering"), 1.0, 0.15)
    # Turned back clockwise what was turned counterclockwise.
    assert {side.page.turns for side in found.sides.sides.values()} == {-turns % 4}


def test_sides_whose_names_are_swapped(wrap: Wrap, tmp_path: Path) -> None:
    found = draw_and_measure(tmp_path, wrap, Bound(1.0, fore_edge_mm=(0.5, -0.7)))
    for name in ("front", "back"):
        (tmp_path / f"cover-{name}.jpg").rename(tmp_path / f"{name}.jpg")
    (tmp_path / "front.jpg").rename(tmp_path / "cover-back.jpg")
    (tmp_path / "back.jpg").rename(tmp_path / "cover-front.jpg")
    swapped = observe(measure_folder(tmp_path, found.sides.reference))
    for key, observation in found.observations.items():
        assert swapped[key].value == observation.value, key
        assert swapped[key].flags == observation.flags
    assert swapped["cover-fold-offset", "front", None].evidence[0].file == "cover-back.jpg"


def test_one_side_proves_no_fold(wrap: Wrap, tmp_path: Path) -> None:
    found = draw_and_measure(tmp_path, wrap, Bound(4.2), sides=("back",))
    fold = found.of("cover-fold-offset", "back")
    assert fold.value == pytest.approx(-4.2, abs=0.2) and fold.flags == ("fold-not-proven",)
    for measure in ("spine-centering", "spine-width", "spine-text-clearance"):
        assert found.of(measure).value is None and found.of(measure).flags == ("other-side-not-seen",)
    identity = found.of("cover-identity")
    assert (
        identity.value == 0 and identity.flags == ("other-side-not-seen",) and identity.detail["not_seen"] == ["front"]
    )


def test_a_cover_cut_off_by_the_bench_shows_no_fold(wrap: Wrap, tmp_path: Path) -> None:
    found = draw_and_measure(tmp_path, wrap, Bound(0.3, 5.0, round_mm=0.0))
    for side in ("front", "back"):
        assert found.of("cover-fold-offset", side).flags == ("fold-not-proven",)
    assert found.of("spine-width").flags == ("fold-not-proven",)
    assert found.of("spine-width").value == pytest.approx(5.0, abs=0.3)
    stated = observe(measure_folder(tmp_path, found.sides.reference, cover="off"))
    for key in (("cover-fold-offset", "front", None), ("spine-centering", None, None), ("spine-width", None, None)):
        assert stated[key].value is None and stated[key].flags == ("cover-off",)
    assert stated["spine-text-clearance", None, None].flags == ("cover-off",)
    near(stated["cover-trim-offset", "front", Edge.HEAD], found.truth.truths["front"].offsets_mm["head"], 0.08)


def test_cropped_at_the_fold_and_at_the_fore_edge(wrap: Wrap, tmp_path: Path) -> None:
    cropped = replace(COARSE, margin_mm=(-1.5, 8.0, 8.0, 8.0))
    found = draw_and_measure(tmp_path, wrap, scanner=cropped)
    # The left edge is the fold of the front and the fore-edge of the back.
    assert found.of("cover-fold-offset", "front").value is None
    assert found.of("cover-trim-offset", "back", Edge.FORE_EDGE).value is None
    assert found.of("cover-fold-offset", "front").flags == ("cropped",)
    assert found.of("cover-trim-offset", "back", Edge.FORE_EDGE).flags == ("cropped",)
    assert found.of("spine-centering").value is None and found.of("spine-centering").flags == ("cropped",)
    near(found.of("cover-trim-offset", "front", Edge.FORE_EDGE), 0.0, 0.08)


def test_art_of_the_color_of_the_lid_has_no_edge(tmp_path: Path) -> None:
    dark = Art(title="HIT THE HILL", color=(0.12, 0.12, 0.12))
    wrap = write_wrap(tmp_path / "cover.pdf", dark)
    lid = replace(COARSE, backing=(0.0222, 0.0222, 0.0222), shadow_depth=0.0)
    found = draw_and_measure(tmp_path / "copy", wrap, Bound(1.0), scanner=lid)
    head = found.of("cover-trim-offset", "front", Edge.HEAD)
    assert head.value is None or abs(head.value) <= 2 * (head.u or 0.0)
    assert found.of("cover-identity").value == 0


@pytest.mark.parametrize("both", [True, False])
def test_the_cover_of_another_book(both: bool, wrap: Wrap, tmp_path: Path) -> None:
    other = write_wrap(tmp_path / "other.pdf", Art("Eleven Yards", color=(0.55, 0.3, 0.25), picture="above", seed=5))
    sides = ("front", "back") if both else ("front",)
    found = draw_and_measure(tmp_path / "copy", wrap, other=dict.fromkeys(sides, other))
    identity = found.of("cover-identity")
    assert identity.value == len(sides) and identity.detail["others"] == list(sides)
    for side in sides:
        assert found.of("cover-fold-offset", side).value is None
    if not both:
        assert found.sides.sides[Panel.BACK].registered


def test_another_title_of_the_same_design(tmp_path: Path) -> None:
    """Three words of the front differ, all else is the same: it registers, and a person looks."""
    ordered, other = (
        write_wrap(tmp_path / f"{n}.pdf", Art(t)) for n, t in enumerate(("The Long Field", "The High Water"))
    )
    found = draw_and_measure(tmp_path / "copy", ordered, other={"front": other, "back": other})
    identity = found.of("cover-identity")
    assert all(side.registered for side in found.sides.sides.values())
    assert identity.value == 1 and identity.flags == ("like-ordered",)
    assert identity.detail["others"] == identity.detail["reworded"] == ["front"]


def test_a_strange_scan_stands_for_the_side_that_is_left(wrap: Wrap, tmp_path: Path) -> None:
    """The front twice, once named back, is no reason to pass over a scan of another cover."""
    other = write_wrap(tmp_path / "other.pdf", Art("Eleven Yards", color=(0.55, 0.3, 0.25), picture="above", seed=5))
    found = draw_and_measure(tmp_path / "copy", wrap, other={"back": other})
    front, back = (tmp_path / "copy" / f"cover-{side}.jpg" for side in ("front", "back"))
    front.rename(tmp_path / "copy" / "a.jpg")
    back.rename(front)
    (tmp_path / "copy" / "a.jpg").rename(back)
    swapped = observe(measure_folder(tmp_path / "copy", found.sides.reference))["cover-identity", None, None]
    assert swapped.value == 1 and swapped.detail["others"] == ["back"] and swapped.detail["not_seen"] == []


def test_scans_that_cannot_be_read(wrap: Wrap, tmp_path: Path) -> None:
    found = draw_and_measure(tmp_path, wrap, Bound(1.0))
    (tmp_path / "cover-back.jpg").write_bytes(b"no picture")
    one = observe(measure_folder(tmp_path, found.sides.reference))
    assert one["cover-identity", None, None].value == 0
    assert one["cover-identity", None, None].flags == ("other-side-not-seen",)
    assert one["cover-fold-offset", "front", None].flags == ("fold-not-proven",)
    assert one["cover-fold-offset", "back", None].flags == ("unreadable",)
    (tmp_path / "cover-front.jpg").write_bytes(b"")
    none = observe(measure_folder(tmp_path, found.sides.reference))
    assert all(o.value is None and o.flags for o in none.values())
    assert none["cover-identity", None, None].flags == ("unreadable",)


def test_nothing_to_register_is_not_another_cover(tmp_path: Path) -> None:
    wrap = write_wrap(tmp_path / "cover.pdf", Art(plain=True))
    found = draw_and_measure(tmp_path / "copy", wrap, Bound(1.0))
    identity = found.of("cover-identity")
    assert identity.value is None and identity.flags == ("few-features",)
    assert found.of("cover-fold-offset", "front").value is None


def test_another_cover_round_a_book_with_a_plain_one(wrap: Wrap, tmp_path: Path) -> None:
    plain = write_wrap(tmp_path / "cover.pdf", Art(plain=True))
    found = draw_and_measure(tmp_path / "copy", plain, other={"front": wrap, "back": wrap})
    identity = found.of("cover-identity")
    assert identity.value == 2 and "few-features" in identity.flags


def test_scans_turned_against_the_block(wrap: Wrap, tmp_path: Path) -> None:
    found = draw_and_measure(tmp_path, wrap, upside_down=("front", "back"))
    turned = observe(found.sides, block_turns=0)["cover-upside-down", None, None]
    assert turned.value == 2 and turned.flags == ("turned-by-hand",) and turned.detail["sides"] == ["front", "back"]
    assert observe(found.sides, block_turns=2)["cover-upside-down", None, None].value == 0
    assert found.of("cover-upside-down").value is None


def test_a_cut_beyond_the_bleed_is_not_taken_for_its_end(wrap: Wrap, tmp_path: Path) -> None:
    """Bare paper begins where the bleed ends, 3.2 mm beyond the trim line: a line that the order has no picture of."""
    seen = draw_and_measure(tmp_path / "wide", wrap, Bound(head_mm=5.1, tail_mm=4.4))
    for edge, truth in ((Edge.HEAD, 5.1), (Edge.TAIL, 4.4)):
        found = seen.of("cover-trim-offset", "front", edge)
        assert found.value is not None and found.u is not None and abs(found.value - truth) <= 2 * found.u, found.value


SERIES = ("The Long Field", "The High Water")


def spoiled(scan: Path, how: str) -> None:
    """A scan spoiled so that its print is not registered any more."""
    with Image.open(scan) as image:
        picture, dpi = image.convert("RGB"), image.info["dpi"]
    if how == "crooked":
        picture = picture.rotate(14, expand=True, fillcolor=picture.getpixel((2, 2)))
    elif how == "mirrored":
        picture = ImageOps.mirror(picture)
    elif how == "twice as large":
        picture = picture.resize((picture.width * 2, picture.height * 2))
    elif how == "soft and dark":
        picture = picture.filter(ImageFilter.GaussianBlur(4)).point([n // 3 for n in range(256)] * 3)
    picture.save(scan, quality=90, dpi=dpi)


@pytest.mark.parametrize("how", ["crooked", "mirrored", "twice as large", "soft and dark"])
def test_a_spoiled_scan_of_the_right_cover_is_never_surely_another(how: str, wrap: Wrap, tmp_path: Path) -> None:
    draw_cover(tmp_path, wrap, scanner=COARSE)
    for side in ("front", "back"):
        spoiled(tmp_path / f"cover-{side}.jpg", how)
    sides = measure_folder(tmp_path, reference_of(wrap))
    identity = observe(sides)["cover-identity", None, None]
    again = {panel: side.page.found_again for panel, side in sides.sides.items() if not side.registered}
    # Of small letters at twice their size too little is left; the front has others.
    assert all(found is not None and found.share > 0.5 for found in again.values() if how != "twice as large"), again
    assert identity.value == 0 or "like-ordered" in identity.flags, identity


def test_a_layout_shared_with_the_ordered_cover_is_no_likeness(tmp_path: Path) -> None:
    """Title and picture stand in the same places, and so does the column of the back: all is drawn otherwise."""
    ordered, other = (write_wrap(tmp_path / f"{n}.pdf", Art(t, seed=n, isbn="")) for n, t in enumerate(SERIES))
    found = draw_and_measure(tmp_path / "copy", ordered, other={"front": other, "back": other})
    identity = found.of("cover-identity")
    assert identity.value == 2 and identity.flags == (), (
        identity,
        [s.page.found_again for s in found.sides.sides.values()],
    )


def test_a_scan_that_shows_nothing_is_not_surely_another_cover(wrap: Wrap, tmp_path: Path) -> None:
    """As of the inside of the cover."""
    plain = write_wrap(tmp_path / "plain.pdf", Art(plain=True))
    found = draw_and_measure(tmp_path / "copy", wrap, other={"front": plain, "back": plain})
    identity = found.of("cover-identity")
    assert identity.value == 2 and identity.flags == ("few-features",)
