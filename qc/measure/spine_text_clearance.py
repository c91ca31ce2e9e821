"""How near the lettering of the spine comes to a fold, on this copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation

if TYPE_CHECKING:
    from qc.measure.context.copy_context import CopyContext
    from qc.measure.context.cover_sides import CoverSides

U_LETTERING_MM = 0.05
"""Of the lettering in the design: a pixel at 150 dpi is 0.17 mm."""


@measure("spine-text-clearance", "mm", "copy", 1, name="room beside the lettering of the spine", subject="cut")
def spine_text_clearance(cover: CoverSides) -> Observation:
    """The least distance from the lettering of the spine to a fold of this copy, in mm.

    Parameters
    ----------
    cover : CoverSides

    Returns
    -------
    Observation
        < 0: lettering lies over the fold. `detail`: room that the design leaves at either fold. Null where the spine bears no
        lettering or a fold was not seen.

    Notes
    -----
    A shift that the printer calls normal may use up what the design leaves: less is the design's, not the printer's.
    """
    room = cover.reference.clearance
    if room is None:
        return spine_text_clearance.observe(None, flags=(Flag.NO_LETTERING,))
    detail = {"design_front_mm": round(room.front_mm, 3), "design_back_mm": round(room.back_mm, 3)}
    if cover.why_no_fold is not None or cover.both is None:
        flag = cover.why_no_fold or Flag.OTHER_SIDE_NOT_SEEN
        return spine_text_clearance.observe(None, flags=(flag,), detail=detail)
    front, back = cover.both
    u = float(np.hypot(max(p.u or 0.0 for p in cover.folds.values()), U_LETTERING_MM))
    flags = (Flag.FOLD_NOT_PROVEN,) if cover.not_proven else ()
    value = min(room.front_mm - front, room.back_mm - back)
    return spine_text_clearance.observe(value, u, flags=flags, detail=detail)


@spine_text_clearance.on_copy
def _of_copy(copy: CopyContext) -> Observation | None:
    return None if copy.cover is None else spine_text_clearance(copy.cover)


@spine_text_clearance.full_sentence
def _in_words(room: Observation, said: Said) -> str:
    left = min(room.detail.get("design_front_mm", 0.0), room.detail.get("design_back_mm", 0.0))
    way = f"lies {said.size} over a fold" if (room.value or 0.0) < 0 else f"keeps {said.size} to the nearer fold"
    return f"The lettering of the spine {way}; its design leaves {left:.1f} mm"
