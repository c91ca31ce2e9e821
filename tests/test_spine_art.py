"""Room between the art of a spine and its folds: recovered from drawn wraps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_cover import DrawnCover

from qc.geometry import Direction, trim_size
from qc.reference.spine_art import SpineArt, read_spine_art
from qc.reference.title_toml import Title
from qc.reference.wrap import Panel, Wrap, find_wrap

GRAY, RED, NAVY = (0.9, 0.9, 0.85), (0.8, 0.1, 0.1), (0.1, 0.1, 0.35)


def art_of(cover: DrawnCover, tmp_path: Path, direction: Direction = Direction.LTR) -> SpineArt:
    path = cover.write(tmp_path / "cover.pdf")
    wrap = find_wrap(path, Title(trim=trim_size("6 x 9 in"), direction=direction))
    assert isinstance(wrap, Wrap), wrap
    return read_spine_art(path, wrap)


@pytest.mark.parametrize("room", [0.4, 1.2, 3.0, 6.0])
@pytest.mark.parametrize("outline", [False, True])
def test_room_beside_the_lettering_is_recovered(room: float, outline: bool, tmp_path: Path) -> None:
    # H has flat feet and heads: its ink is exactly as high as the capitals.
    art = art_of(DrawnCover(letters="HHHH", letters_from_right=room, outline=outline), tmp_path)
    assert art.front.art_mm == pytest.approx(room, abs=2 * art.u) and art.u < 0.05
    assert art.back.art_mm == pytest.approx(12.0 - 5.0 - room, abs=2 * art.u)
    assert art.clearance_mm == pytest.approx(min(room, 7.0 - room), abs=2 * art.u)
    assert art.text == ("" if outline else "HHHH") and (art.front.lettering_mm is None) is outline
    assert art.front.color_edge_mm is None is art.back.color_edge_mm


def test_front_and_back_change_places_right_to_left(tmp_path: Path) -> None:
    art = art_of(DrawnCover(letters="HH", letters_from_right=1.5), tmp_path, Direction.RTL)
    assert art.at(Panel.BACK).art_mm == pytest.approx(1.5, abs=2 * art.u)
    assert art.at(Panel.FRONT).art_mm == pytest.approx(5.5, abs=2 * art.u)


def test_lettering_over_the_fold(tmp_path: Path) -> None:
    art = art_of(DrawnCover(letters="HHH", letters_from_right=-0.8), tmp_path)
    assert art.clearance_mm == pytest.approx(-0.8, abs=2 * art.u)


def test_no_art_is_none(tmp_path: Path) -> None:
    art = art_of(DrawnCover(), tmp_path)
    assert art.plain and art.text == "" and art.clearance_mm is None


def test_text_that_is_not_seen_does_not_count(tmp_path: Path) -> None:
    hidden = DrawnCover(letters="HH", ink=GRAY)
    assert art_of(hidden, tmp_path).clearance_mm is None


@pytest.mark.parametrize("off", [-1.0, 0.0, 0.6])
def test_a_change_of_color_near_a_fold(off: float, tmp_path: Path) -> None:
    cover = DrawnCover(colors=(GRAY, RED, NAVY), band=(off, -off), letters="HH")
    art = art_of(cover, tmp_path)
    for panel in Panel:
        assert art.at(panel).color_edge_mm == pytest.approx(off, abs=2 * art.u)
    assert art.front.art_mm == pytest.approx(3.0, abs=2 * art.u), (
        "a panel that reaches onto the spine is no art of the spine"
    )


def test_of_two_folds_near_each_other_each_has_its_own_edge(tmp_path: Path) -> None:
    art = art_of(DrawnCover(spine=2.4, colors=(NAVY, NAVY, RED)), tmp_path)
    assert art.back.color_edge_mm is None and art.front.color_edge_mm == pytest.approx(0.0, abs=2 * art.u)


def test_lettering_on_a_picture_is_found_as_text_only(tmp_path: Path) -> None:
    art = art_of(DrawnCover(letters="HHHH", letters_from_right=2.0, stripes=True), tmp_path)
    assert not art.plain and art.front.art_mm == art.front.lettering_mm == pytest.approx(2.0, abs=2 * art.u)
    shapes = art_of(DrawnCover(outline=True, stripes=True), tmp_path)
    assert not shapes.plain and shapes.clearance_mm is None


def test_a_turned_page_gives_the_same(tmp_path: Path) -> None:
    cover = DrawnCover(letters="HHHH", letters_from_right=1.2, colors=(GRAY, RED, NAVY))
    upright = art_of(cover, tmp_path)
    turned = art_of(replace(cover, turned=True), tmp_path)
    assert turned.text == upright.text
    for panel in Panel:
        assert turned.at(panel).art_mm == pytest.approx(upright.at(panel).art_mm, abs=0.05)
        assert turned.at(panel).color_edge_mm == pytest.approx(upright.at(panel).color_edge_mm, abs=0.05)
