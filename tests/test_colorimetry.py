"""Color arithmetic against published values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.colorimetry import ciede2000, linear_rgb_to_lab
from qc.normalize.page_image import srgb_to_linear

# G. Sharma, W. Wu, E. N. Dalal: The CIEDE2000 color-difference formula: implementation notes, supplementary test data,
# and mathematical observations. Color Research and Application 30 (2005) 21-30, table 1: L1 a1 b1, L2 a2 b2,
# difference.
SHARMA = np.array(
    [
        (50.0000, 2.6772, -79.7751, 50.0000, 0.0000, -82.7485, 2.0425),
        (50.0000, 3.1571, -77.2803, 50.0000, 0.0000, -82.7485, 2.8615),
        (50.0000, 2.8361, -74.0200, 50.0000, 0.0000, -82.7485, 3.4412),
        (50.0000, -1.3802, -84.2814, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, -1.1848, -84.8006, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, -0.9009, -85.5211, 50.0000, 0.0000, -82.7485, 1.0000),
        (50.0000, 0.0000, 0.0000, 50.0000, -1.0000, 2.0000, 2.3669),
        (50.0000, -1.0000, 2.0000, 50.0000, 0.0000, 0.0000, 2.3669),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0009, 7.1792),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0010, 7.1792),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0011, 7.2195),
        (50.0000, 2.4900, -0.0010, 50.0000, -2.4900, 0.0012, 7.2195),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0009, -2.4900, 4.8045),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0010, -2.4900, 4.8045),
        (50.0000, -0.0010, 2.4900, 50.0000, 0.0011, -2.4900, 4.7461),
        (50.0000, 2.5000, 0.0000, 50.0000, 0.0000, -2.5000, 4.3065),
        (50.0000, 2.5000, 0.0000, 73.0000, 25.0000, -18.0000, 27.1492),
        (50.0000, 2.5000, 0.0000, 61.0000, -5.0000, 29.0000, 22.8977),
        (50.0000, 2.5000, 0.0000, 56.0000, -27.0000, -3.0000, 31.9030),
        (50.0000, 2.5000, 0.0000, 58.0000, 24.0000, 15.0000, 19.4535),
        (50.0000, 2.5000, 0.0000, 50.0000, 3.1736, 0.5854, 1.0000),
        (50.0000, 2.5000, 0.0000, 50.0000, 3.2972, 0.0000, 1.0000),
        (50.0000, 2.5000, 0.0000, 50.0000, 1.8634, 0.5757, 1.0000),
        (50.0000, 2.5000, 0.0000, 50.0000, 3.2592, 0.3350, 1.0000),
        (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
        (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
        (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
        (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
        (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
        (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
        (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
        (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
        (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
        (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
    ]
)


def test_ciede2000_gives_the_published_differences() -> None:
    assert len(SHARMA) == 34
    assert ciede2000(SHARMA[:, :3], SHARMA[:, 3:6]) == pytest.approx(SHARMA[:, 6], abs=1e-4)


def test_ciede2000_does_not_depend_on_the_order_nor_on_the_type_of_its_input() -> None:
    assert ciede2000(SHARMA[:, 3:6], SHARMA[:, :3]) == pytest.approx(SHARMA[:, 6], abs=1e-4)
    single = SHARMA.astype(np.float32)
    assert ciede2000(single[:, :3], single[:, 3:6]).dtype == np.float64


@given(st.floats(0, 1.2))
def test_grays_have_no_color(light: float) -> None:
    _, a, b = linear_rgb_to_lab(np.full(3, light))
    assert abs(a) < 1e-9 and abs(b) < 1e-9


def test_lightness_runs_from_black_to_white() -> None:
    assert linear_rgb_to_lab(np.zeros(3)) == pytest.approx([0, 0, 0], abs=1e-9)
    assert linear_rgb_to_lab(np.ones(3)) == pytest.approx([100, 0, 0], abs=1e-9)
    # 18 % gray is L* 49.5, and the linear part below 0.0089 has the slope 903.3.
    assert linear_rgb_to_lab(np.full(3, 0.18))[0] == pytest.approx(49.496, abs=1e-3)
    assert linear_rgb_to_lab(np.full(3, 0.001))[0] == pytest.approx(0.9033, abs=1e-4)


def test_primaries_lie_where_icc_profiles_put_them() -> None:
    # sRGB primaries relative to D50, as Lindbloom's CIE color calculator gives them (Bradford).
    expected = [(54.29, 80.81, 69.89), (87.82, -79.29, 80.99), (29.57, 68.30, -112.03)]
    assert linear_rgb_to_lab(np.eye(3)) == pytest.approx(np.array(expected), abs=0.02)


def test_any_shape_is_kept() -> None:
    assert linear_rgb_to_lab(np.full((2, 4, 3), 0.5)).shape == (2, 4, 3)


def test_srgb_is_decoded_as_the_standard_says() -> None:
    encoded = np.array([0, 0.04045, 0.5, 188 / 255, 1.0])
    assert srgb_to_linear(encoded) == pytest.approx([0, 0.0031308, 0.2140411, 0.5028865, 1.0], abs=1e-6)
    values = srgb_to_linear(np.linspace(0, 1, 256))
    assert (np.diff(values) > 0).all()
