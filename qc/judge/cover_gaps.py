"""What was not looked at of a cover, in words."""

from __future__ import annotations

from collections.abc import Sequence

from qc.flags import Flag
from qc.measure.cover_fold import cover_fold_offset, spine_centering, spine_width
from qc.measure.cover_identity import cover_identity, cover_upside_down
from qc.measure.cover_skew import cover_skew
from qc.measure.cover_trim_offset import cover_trim_offset
from qc.measure.details import CoverSeenDetail
from qc.model import Observation

OF_COVER = {
    m.id
    for m in (
        cover_trim_offset,
        cover_fold_offset,
        spine_centering,
        spine_width,
        cover_skew,
        cover_identity,
        cover_upside_down,
    )
}
"""Measures of which nothing more is said where no cover was looked at."""


def looked_at_cover(observations: Sequence[Observation]) -> bool:
    """Whether some side of the cover was compared with the ordered one."""
    return (known := _identity(observations)) is not None and known.value is not None


def cover_gaps(observations: Sequence[Observation]) -> list[str]:
    """The sides of a cover that were not compared; the cover, with the reason where it was scanned, where none was."""
    known = _identity(observations)
    if known is None:
        return ["cover"]
    if known.value is None:
        why = CoverSeenDetail.of(known).why or "; ".join(f.meaning for f in Flag if f in known.flags)
        return [f"cover ({why.rstrip('.')})"]
    return [f"the {side} of the cover" for side in CoverSeenDetail.of(known).not_seen]


def _identity(observations: Sequence[Observation]) -> Observation | None:
    return next((o for o in observations if o.measure == cover_identity.id), None)
