"""Several copies of one title without a reference: each is held against the others and judged again."""

from __future__ import annotations

from collections.abc import Sequence

from qc.judge.policy import Policy
from qc.judge.rejudge import judged_again
from qc.measure.context.copies_context import MIN_COPIES, CopiesContext, of_copy
from qc.measure.context.observing import observe_copies
from qc.measure.copy_cover_outlier import copy_cover_outlier
from qc.measure.copy_position_outlier import copy_position_outlier
from qc.model import Inspection, ReferenceId


def with_consensus(inspections: Sequence[Inspection], policy: Policy) -> list[Inspection]:
    """Hold copies of one ISBN that had no reference against each other, where there are three or more.

    Parameters
    ----------
    inspections : sequence of Inspection
        Of different copies.
    policy : Policy
        That they were judged by.

    Returns
    -------
    list of Inspection
        In the same order. Those of such a title have a reference of kind ``"consensus"``, more observations, and
        findings, verdict and refund anew; the others are handed on.

    Notes
    -----
    Copies tell which of them is the odd one, not whether all are right: a consensus never makes a no-defect.
    """
    titles: dict[str, list[Inspection]] = {}
    for i in inspections:
        if i.reference.kind == "none" and i.copy.isbn:
            titles.setdefault(i.copy.isbn, []).append(i)
    again: dict[str, Inspection] = {}
    for isbn, group in titles.items():
        if len(group) < MIN_COPIES:
            continue
        seen = observe_copies(CopiesContext(inspected={i.copy.id: i for i in group}))
        tell = (copy_position_outlier.id, copy_cover_outlier.id)
        measured = {o.where.copy for o in seen if o.measure in tell and o.value is not None}
        if len(measured) < MIN_COPIES:
            continue
        for i in group:
            if i.copy.id in measured:
                others = sorted(measured - {i.copy.id}, key=str)
                reference = ReferenceId("consensus", id=isbn, note=f"{len(others)} other copies")
                again[i.copy.id] = judged_again(i, of_copy(i.copy.id, seen), reference, policy)
    return [again.get(i.copy.id, i) for i in inspections]
