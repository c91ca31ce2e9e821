"""Resolution from a steel rule and from a bank card."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from drawn_target import CROOKED, FRAME_MM, card, rule, scan_of, turned

from calibration.rule_and_card import AxisScale, joined, read_card, read_rule
from qc.errors import ScanError

EVEN = replace(CROOKED, waves=(), scale_x=1.007, scale_y=0.994)


@pytest.mark.parametrize(("upright", "skew"), [(False, 0.5), (True, -1.5)])
def test_a_rule_gives_the_resolution_along_it(upright: bool, skew: float, tmp_path: Path) -> None:
    path, _ = scan_of(rule(upright=upright), tmp_path / "rule.jpg", replace(EVEN, skew_deg=skew), 3)
    found = read_rule(path)
    assert found.axis == int(upright)
    truth = EVEN.scale_y if upright else EVEN.scale_x
    assert abs(found.ratio - truth) < 0.5 * found.u
    assert 3e-4 < found.u < 8e-4
    assert found.uneven_mm < 0.02


def test_a_rule_shows_local_distortion(tmp_path: Path) -> None:
    path, _ = scan_of(rule(), tmp_path / "rule.jpg", CROOKED, 3)
    assert 0.04 < read_rule(path).uneven_mm < 0.2


@pytest.mark.parametrize(("sheet", "said"), [(rule(pitch_mm=1.5875), "even millimeter marks"), (card(), "no rule")])
def test_what_is_no_rule_is_refused(sheet, said: str, tmp_path: Path) -> None:
    path, _ = scan_of(sheet, tmp_path / "thing.jpg", EVEN, 3)
    with pytest.raises(ScanError, match=said):
        read_rule(path)


@pytest.mark.parametrize("degrees", [0.0, 90.0])
def test_a_card_gives_both_axes(degrees: float, tmp_path: Path) -> None:
    path, _ = scan_of(card(), tmp_path / "card.jpg", turned(EVEN, degrees), 5)
    for found, truth in zip(read_card(path), (EVEN.scale_x, EVEN.scale_y), strict=True):
        assert abs(found.ratio - truth) < 0.5 * found.u
        assert 5e-4 < found.u < 1.2e-3


def test_another_card_is_refused(tmp_path: Path) -> None:
    path, _ = scan_of(card(88.0, 63.0), tmp_path / "card.jpg", EVEN, 5)
    with pytest.raises(ScanError, match="not the shape of an ID-1 card"):
        read_card(path)
    empty, _ = scan_of(rule(pitch_mm=0.5), tmp_path / "rule.jpg", EVEN, 5, FRAME_MM)
    with pytest.raises(ScanError, match="card"):
        read_card(empty)


def test_axes_are_joined_and_what_is_missing_is_carried(tmp_path: Path) -> None:
    path, _ = scan_of(rule(), tmp_path / "rule.jpg", EVEN, 3)
    x = read_rule(path)
    ratio, u, local = joined([x])
    assert ratio == (x.ratio, x.ratio)
    assert u[0] == x.u and u[1] > 0.0034
    assert local >= 0.06
    again: AxisScale = replace(x, ratio=x.ratio * 1.003, name="again.jpg")
    with pytest.raises(ScanError, match=r"disagree along x: .*again"):
        joined([x, again])
