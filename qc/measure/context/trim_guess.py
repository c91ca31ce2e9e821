"""Whether the cuts of a copy are those of a sound book of another trim than was guessed."""

from __future__ import annotations

from collections.abc import Sequence

from qc.geometry import Edge
from qc.model import Observation

BLEEDS_MM = (3.0, 3.175, 5.0)


SOUND_MM = 1.6
"""By which a sound block is usually off at most: half of 0.125 in."""


def of_another_trim(block: Sequence[Observation]) -> bool:
    """Whether all edges that the printer cuts lie as those of a sound block whose PDF has bleed where none was read, or
    none where one was read. Of a trim that nothing but the size of the pages tells, that is as likely as a bad cut."""
    cuts = [o.value for o in block if o.where.edge is not Edge.SPINE and o.value is not None]
    shifts = [sign * b for b in BLEEDS_MM for sign in (-1, 1)]
    return bool(cuts) and any(all(abs(cut - shift) < SOUND_MM for cut in cuts) for shift in shifts)
