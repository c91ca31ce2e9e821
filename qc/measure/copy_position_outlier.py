"""One copy of a title against the others, none of them known to be right: where the print lies relative to the cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qc.features.text_placement import AXES, U_BASELINE_MM, U_MARK_MM, U_SCALE
from qc.flags import Flag
from qc.measure.context.copies_context import MIN_COPIES, CopiesContext
from qc.measure.details import PlacementDetail
from qc.measure.registry import measure
from qc.measure.words import Said, shift_in_words
from qc.model import Observation, Where

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@measure(
    "copy-position-outlier",
    "mm",
    "copies",
    1,
    name="print position against the other copies",
    needs=("print-position-recto-verso",),
    subject="copies",
)
def copy_position_outlier(copies: Mapping[str, Sequence[Observation]]) -> list[Observation]:
    """Shift of the print of each copy against the median of all copies, from text blocks alone.

    Parameters
    ----------
    copies : mapping of str to sequence of Observation
        Each copy's `print-position-recto-verso`, whose details hold the places of its marks.

    Returns
    -------
    list of Observation
        One a copy and axis, ``where.copy`` and ``where.axis``, in mm. ``x`` > 0: the print lies further from the
        fore-edge than the median of the copies; ``y`` > 0: further from the head. `detail`: number of copies, and the mark.

    Notes
    -----
    Rectos and versos are averaged. At least three copies must show the same marks, or nobody can say which of them is
    off; the copy itself counts in the median, so that of three the odd one does not make the two others look odd. A
    shift common to most copies is not seen; where two of three are off alike, the sound one looks odd. u joins the
    placement of this copy and of the others, and 0.5 % of the distance from the cut for the resolution of the scans:
    the mark nearest its cut is used.
    """
    result = []
    for axis in AXES:
        found = {
            copy: detail
            for copy, own in copies.items()
            for o in own
            if o.where.axis == axis and o.value is not None and (detail := PlacementDetail.of(o)).marks
        }
        for copy in copies:
            where = Where(copy=copy, axis=axis)
            own = found.get(copy)
            if own is None or len(found) < MIN_COPIES:
                result.append(copy_position_outlier.observe(None, where=where, flags=(Flag.FEW_COPIES,)))
                continue
            u_marks = {
                k: float(np.hypot(U_MARK_MM.get(k, U_BASELINE_MM), U_SCALE * place))
                for k, place in own.marks.items()
                if all(k in d.marks for d in found.values())
            }
            if not u_marks:
                result.append(copy_position_outlier.observe(None, where=where, flags=(Flag.NOTHING_TO_COMPARE,)))
                continue
            # The error of the resolution is common to all marks: averaging does not help.
            mark = min(u_marks, key=u_marks.__getitem__)
            value = own.marks[mark] - float(np.median([d.marks[mark] for d in found.values()]))
            # 1.25: a median against a mean.
            u_middle = 1.25 * float(np.median([d.u_shift for d in found.values()])) / 2 / np.sqrt(len(found))
            u = float(np.sqrt((own.u_shift / 2) ** 2 + u_middle**2 + u_marks[mark] ** 2 * (1 + 1 / len(found))))
            result.append(copy_position_outlier.observe(value, u, where, detail={"copies": len(found), "mark": mark}))
    return result


@copy_position_outlier.on_copies
def _without_reference(copies: CopiesContext) -> list[Observation]:
    alone = {
        i.copy.id: [o for o in i.observations if o.measure == "print-position-recto-verso"]
        for i in copies.inspected.values()
        if i.reference.kind == "none"
    }
    return copy_position_outlier(alone) if len(alone) >= MIN_COPIES else []


@copy_position_outlier.full_sentence
def _in_words(shift: Observation, said: Said) -> str:
    return f"{shift.where.copy} is printed {shift_in_words(shift, said.size)} than most copies"
