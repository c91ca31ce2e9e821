"""What was not looked at of a cover, in words."""

from __future__ import annotations

from collections.abc import Sequence

from qc.flags import Flag
from qc.measure.cover_identity import cover_identity
from qc.measure.details import CoverSeenDetail
from qc.model import Observation


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
