"""On which side of its leaf each page lies, and where its spine is."""

from __future__ import annotations

from dataclasses import dataclass

from qc.geometry import Side


@dataclass(frozen=True)
class Sides:
    """Sides of the scanned pages, in order.

    Attributes
    ----------
    names : tuple of Side
        Of the leaf; assumed where `doubtful`.
    at_left : tuple of bool
        Whether the spine is at the left; assumed where `doubtful`.
    doubtful : frozenset of int
        Positions (1-based) of pages on which something speaks against that and nothing proves another.
    against : tuple of str
        What speaks against the usual sides, in words.
    proof : str
        What proves the sides that were taken, in words; empty where they are assumed.
    odd : frozenset of Side
        On which sides odd reference pages may lie: one, or both where that is not proven or changes within the copy.
    """

    names: tuple[Side, ...]
    at_left: tuple[bool, ...]
    doubtful: frozenset[int] = frozenset()
    against: tuple[str, ...] = ()
    proof: str = ""
    odd: frozenset[Side] = frozenset({Side.RECTO})
