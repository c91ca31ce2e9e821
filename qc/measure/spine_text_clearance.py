"""How near the lettering of the spine comes to a fold, on this copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.flags import Flag
from qc.measure.registry import measure
from qc.measure.words import Said
from qc.model import Observation
from qc.number_format import spoken

if TYPE_CHECKING:
    from qc.measure.context.copy_context import CopyContext
    from qc.measure.context.cover_sides import CoverSides


@measure("spine-text-clearance", "mm", "copy", 2, name="room beside the lettering of the spine", subject="cover")
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
    from qc.reference.wrap import Panel

    art = cover.reference.spine_art
    rooms = [art.at(panel).art_mm for panel in (Panel.FRONT, Panel.BACK)]
    detail = {"design_front_mm": rooms[0], "design_back_mm": rooms[1], "plain": art.plain}
    known = [(room, panel) for room, panel in zip(rooms, (Panel.FRONT, Panel.BACK), strict=True) if room is not None]
    if not known:
        return spine_text_clearance.observe(None, flags=(Flag.NO_LETTERING,), detail=detail)
    if cover.why_no_fold is not None or cover.both is None:
        flag = cover.why_no_fold or Flag.OTHER_SIDE_NOT_SEEN
        return spine_text_clearance.observe(None, flags=(flag,), detail=detail)
    u = float(np.hypot(max(p.u or 0.0 for p in cover.folds.values()), art.u))
    flags = (Flag.FOLD_NOT_PROVEN,) if cover.not_proven else ()
    value = min(room - (cover.folds[panel].offset or 0.0) for room, panel in known)
    return spine_text_clearance.observe(value, u, flags=flags, detail=detail)


@spine_text_clearance.on_copy
def _of_copy(copy: CopyContext) -> Observation | None:
    return None if copy.cover is None else spine_text_clearance(copy.cover)


@spine_text_clearance.full_sentence
def _in_words(room: Observation, said: Said) -> str:
    known = [mm for mm in (room.detail.get("design_front_mm"), room.detail.get("design_back_mm")) if mm is not None]
    least = min(known, default=0.0)
    designed = f"{spoken(abs(least), 'mm')} {'over' if least < 0 else 'from'} a fold"
    now = f"lies {said.size} over it" if (room.value or 0.0) < 0 else f"keeps {said.size}"
    return f"Spine lettering designed {designed} {now}"
