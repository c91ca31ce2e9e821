"""Sides, edges and plane maps: directions and conventions that everything else is built on."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.geometry import Affine, Edge, Side, Size, edge_names, pixel_scaling, quarter_turn, side_of

LENGTHS = st.floats(-300, 300)
ANGLES = st.floats(-180, 180)


def test_odd_pages_are_rectos_with_the_spine_at_the_left() -> None:
    assert [side_of(n) for n in (1, 2, 3)] == [Side.RECTO, Side.VERSO, Side.RECTO]
    left, top, right, bottom = edge_names(Side.RECTO)
    assert (left, top, right, bottom) == (Edge.SPINE, Edge.HEAD, Edge.FORE_EDGE, Edge.TAIL)
    assert edge_names(Side.VERSO) == (right, top, left, bottom)


def test_corners_walk_clockwise_from_head_and_left() -> None:
    assert Size(10.0, 20.0).corners().tolist() == [[0, 0], [10, 0], [10, 20], [0, 20]]


def test_a_positive_rotation_turns_clockwise_on_screen() -> None:
    assert Affine.rotation(90)([1.0, 0.0]) == pytest.approx([0.0, 1.0])
    assert Affine.rotation(3.0).skew_deg == pytest.approx(3.0)
    assert Affine.scaling(2.0, 5.0).after(Affine.rotation(-1.0)).scale[0] > 2.0


def test_scale_is_measured_along_the_axes_of_the_page() -> None:
    assert Affine.scaling(2.0, 5.0).scale == pytest.approx((2.0, 5.0))
    assert Affine.rotation(30).after(Affine.scaling(2.0, 5.0)).scale == pytest.approx((2.0, 5.0))


@given(LENGTHS, LENGTHS, ANGLES, st.floats(0.1, 10), st.floats(0.1, 10), st.tuples(LENGTHS, LENGTHS))
def test_the_inverse_leads_back(
    dx: float, dy: float, angle: float, sx: float, sy: float, point: tuple[float, float]
) -> None:
    there = Affine.shift(dx, dy).after(Affine.rotation(angle)).after(Affine.scaling(sx, sy))
    assert there.inverse()(there(point)) == pytest.approx(point, abs=1e-8)
    assert there.after(there.inverse()).matrix == pytest.approx(np.eye(2, 3), abs=1e-8)


def test_after_applies_the_other_map_first() -> None:
    scaled_then_moved = Affine.shift(1, 0).after(Affine.scaling(2))
    assert scaled_then_moved([3.0, 0.0]) == pytest.approx([7.0, 0.0])
    assert scaled_then_moved([[3.0, 0.0], [0.0, 4.0]]) == pytest.approx(np.array([[7.0, 0.0], [1.0, 8.0]]))


@pytest.mark.parametrize("turns", [-1, 0, 1, 2, 3, 4, 6])
def test_a_quarter_turn_is_that_of_rot90(turns: int) -> None:
    image = np.zeros((5, 8), np.uint8)
    image[1, 6] = 1
    row, column = np.argwhere(np.rot90(image, turns))[0]
    assert quarter_turn(turns, 8, 5)([6.0, 1.0]) == pytest.approx([column, row])


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_resized_pictures_share_their_corners(factor: int) -> None:
    image = np.zeros((24, 24), np.float32)
    image[7, 16] = 1
    small = cv2.resize(image, (24 // factor, 24 // factor), interpolation=cv2.INTER_AREA)
    row, column = np.unravel_index(int(np.argmax(small)), small.shape)
    to_small = pixel_scaling(1 / factor, 1 / factor)
    assert np.abs(to_small([16.0, 7.0]) - [column, row]).max() < 0.5
    corners = np.array([[-0.5, -0.5], [23.5, 23.5]])
    assert to_small(corners) == pytest.approx(np.array([[-0.5, -0.5], [24 / factor - 0.5] * 2]))
