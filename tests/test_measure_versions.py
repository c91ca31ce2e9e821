"""A measure whose source changed has a new version, or somebody said that its numbers are the same."""

from __future__ import annotations

from measure_versions import complaints, current, essence, pinned

WHAT_TO_DO = """
Stored observations carry the version: copies measured by another one are inspected again. Where a change of threshold or
formula can give another number, raise the version of the measure. Where it cannot (the golden values hold), leave it.
Then pin what is there: python tests/measure_versions.py
"""

SOURCE = '''
"""About it."""
from math import pi
LIMIT_MM = 0.5
"""Chosen on ten copies."""
def size(x: float) -> float:
    """Of a thing."""
    return x + LIMIT_MM  # the rim
'''


def test_a_changed_measure_has_a_new_version() -> None:
    found = complaints(pinned(), current())
    assert not found, "\n".join(found) + "\n" + WHAT_TO_DO


def test_words_and_imports_are_no_change_and_numbers_are() -> None:
    for old, new in (("About it", "It"), ("ten", "twenty"), ("pi", "tau"), (": float", ""), ("  # the rim", "")):
        assert essence(SOURCE.replace(old, new)) == essence(SOURCE)
    for old, new in (("0.5", "0.6"), ("x + ", "x - "), ("LIMIT_MM", "RIM_MM")):
        assert essence(SOURCE.replace(old, new)) != essence(SOURCE)


def test_each_kind_of_change_is_named() -> None:
    old = {"a": (1, "x"), "b": (2, "x"), "c": (1, "x"), "d": (1, "x")}
    new = {"a": (1, "y"), "b": (1, "x"), "c": (2, "y"), "e": (1, "x")}
    said = complaints(old, new)
    assert [line.partition(":")[0] for line in said] == ["d", "a", "b", "c", "e"]
    assert complaints(old, old) == []
