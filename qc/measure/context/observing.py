"""All measures of a copy, each after those that it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection

from qc.measure.context.copy_context import CopyContext
from qc.measure.registry import PARTS, Seen, Subject, in_order
from qc.model import Observation


def observe_copy(copy: CopyContext, subjects: Collection[Subject] | None = None) -> None:
    """Add to a copy what all measures, or those of some subjects, observe on it, in the order of their needs; then what they make
    of each other."""
    measures = [m for m in in_order() if subjects is None or m.subject in subjects]
    for measure in measures:
        for function in (measure, *(p for p in PARTS if p.of == measure.id)):
            call: Callable[..., Seen] = function.adapter or function
            for context in copy.each_page() if function.given == "page" else iter((copy,)):
                seen = call(context)
                copy.observations += [seen] if isinstance(seen, Observation) else seen or ()
    for measure in measures:
        if measure.reviser is not None:
            copy.observations = list(measure.reviser(copy))
