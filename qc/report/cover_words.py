"""How a cover was cut and folded, in a line."""

from __future__ import annotations

from qc.flags import Flag
from qc.measure.cover_fold import cover_fold_offset, spine_centering
from qc.measure.cover_identity import cover_identity
from qc.measure.cover_trim_offset import cover_trim_offset
from qc.measure.spine_text_clearance import spine_text_clearance
from qc.model import Inspection, Observation

LEAST_MM = 0.05
"""Rounds to nothing."""


def cover_line(inspection: Inspection) -> str:
    """How the cover was cut and folded; empty where nothing of it was measured.

    Such as ``"cut 2.3 mm too deep at the back's fore-edge, fold 2.2 mm off (front), art of the spine 2.1 mm toward the back, its
    lettering 0.6 mm from a fold"``: the farthest cut and fold. All in millimeters.
    """
    known = [o for o in inspection.observations if o.value is not None]
    said = []
    for measure, words in _WORDS.items():
        if own := [o for o in known if o.measure == measure]:
            said.append(words(max(own, key=lambda o: abs(o.value or 0.0))))
    if not said and any(o.measure == cover_identity.id and o.value for o in known):
        return "not the one ordered"
    if said and any(Flag.FOLD_NOT_PROVEN in o.flags for o in known):
        said.append(Flag.FOLD_NOT_PROVEN.meaning)
    return ", ".join(said)


def _cut(offset: Observation) -> str:
    value = offset.value or 0.0
    if abs(value) < LEAST_MM:
        return "cut on its trim lines"
    way = "too deep" if value < 0 else "beyond the trim line"
    return f"cut {_mm(value)} {way} at the {offset.where.side}'s {offset.where.edge}"


def _fold(offset: Observation) -> str:
    value = offset.value or 0.0
    if abs(value) < LEAST_MM:
        return "folded as designed"
    return f"folded {_mm(value)} inside the {'spine' if value > 0 else offset.where.side} of the file"


def _centering(centering: Observation) -> str:
    value = centering.value or 0.0
    if abs(value) < LEAST_MM:
        return "spine centered"
    return f"art of the spine {_mm(value)} toward the {'front' if value > 0 else 'back'}"


def _room(room: Observation) -> str:
    value = room.value or 0.0
    if abs(value) < LEAST_MM:
        return "its lettering at a fold"
    return f"its lettering {_mm(value)} {'over' if value < 0 else 'from'} a fold"


def _mm(value: float) -> str:
    return f"{abs(value):.1f} mm"


_WORDS = {
    cover_trim_offset.id: _cut,
    cover_fold_offset.id: _fold,
    spine_centering.id: _centering,
    spine_text_clearance.id: _room,
}
