"""Which pages share a leaf, by the sides on which odd pages may lie."""

from __future__ import annotations

from collections.abc import Collection

from qc.geometry import Side

USUAL = frozenset({Side.RECTO})
"""Odd pages are the fronts."""


def mate(number: int, odd: Side) -> int:
    """Number of the page on the other side of the leaf of page `number`; 0 for a side before page 1."""
    front = (number % 2 == 1) is (odd is Side.RECTO)
    return number + 1 if front else number - 1


def mates(number: int, odd: Collection[Side] = USUAL) -> tuple[int, ...]:
    """The pages that may lie on the other side of the leaf of page `number`."""
    return tuple(mate(number, side) for side in sorted(odd))


def whole(pages: Collection[int], seen: Collection[int | None], odd: Side) -> bool:
    """Whether pages that were not seen are whole leaves: of none of them the other side was seen."""
    return not any(mate(n, odd) in seen for n in pages)
