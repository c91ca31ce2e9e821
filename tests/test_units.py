"""Lengths: what is read, what is refused, and that inches and millimeters agree."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc import units


@pytest.mark.parametrize(
    ("text", "length_mm"),
    [
        ("0.125 in", 3.175),
        ("1/8 in", 3.175),
        ("1/16in", 1.5875),
        ("1 / 16 in", 1.5875),
        ('0.5"', 12.7),
        ("3.2 mm", 3.2),
        ("  2mm ", 2.0),
    ],
)
def test_lengths_are_read_in_both_units(text: str, length_mm: float) -> None:
    assert units.parse_length(text) == pytest.approx(length_mm, abs=1e-12)


@pytest.mark.parametrize("text", ["", "3.2", "3,2 mm", "3.2 cm", "-1 mm", "mm", "3.2 mm thick", "1/ in"])
def test_what_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match=r"no length; write it like '0\.125 in' or '3\.2 mm'"):
        units.parse_length(text)


@pytest.mark.parametrize(
    ("text", "trim_mm"),
    [
        ("6 x 9 in", (152.4, 228.6)),
        ("6 in x 9 in", (152.4, 228.6)),
        ("6 × 9 in", (152.4, 228.6)),
        ("6X9in", (152.4, 228.6)),
        ('5.5" x 8.5"', (139.7, 215.9)),
        ("152.4 x 228.6 mm", (152.4, 228.6)),
        ("6 in x 228.6 mm", (152.4, 228.6)),
        ("8 1/2 x 11 in", None),
        ("6 x 9", None),
        ("9 in", None),
    ],
)
def test_a_trim_is_read_or_refused(text: str, trim_mm: tuple[float, float] | None) -> None:
    if trim_mm is None:
        with pytest.raises(ValueError, match="no trim size"):
            units.parse_trim(text)
    else:
        assert units.parse_trim(text) == pytest.approx(trim_mm)


def test_a_unit_that_is_no_length_is_named() -> None:
    with pytest.raises(ValueError, match="'pt' is no length"):
        units.to_mm(1.0, "pt")


def test_one_inch() -> None:
    assert units.to_mm(1, "in") == units.to_mm(1, '"') == 25.4
    assert units.mm_per_px(300) == pytest.approx(25.4 / 300)
    assert units.px_per_mm(254) == pytest.approx(10.0)


@given(st.floats(1e-3, 1e4))
def test_inches_and_millimeters_undo_each_other(length: float) -> None:
    assert units.to_mm(units.inches(length), "in") == pytest.approx(length)
    assert units.mm_per_px(length) * units.px_per_mm(length) == pytest.approx(1)


@given(st.integers(1, 64), st.integers(1, 64))
def test_a_fraction_is_its_quotient(above: int, below: int) -> None:
    assert math.isclose(units.parse_length(f"{above}/{below} mm"), above / below)
