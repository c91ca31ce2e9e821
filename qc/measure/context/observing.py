"""All measures of a copy, or between copies, each after those that it needs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from typing import Any

from qc.measure.context.copies_context import CopiesContext
from qc.measure.context.copy_context import CopyContext
from qc.measure.registry import PARTS, Measure, Measured, Seen, Subject, in_order
from qc.model import Observation


def observe_copy(copy: CopyContext, subjects: Collection[Subject] | None = None) -> None:
    """Add to a copy what all measures, or those of some subjects, observe on it, in the order of their needs; then what they make
    of each other."""
    measures = [m for m in in_order() if subjects is None or m.subject in subjects]
    for function in _functions(measures, "page", "copy"):
        for context in copy.each_page() if function.given == "page" else iter((copy,)):
            copy.observations += _observed(function, context)
    for measure in measures:
        if measure.reviser is not None:
            copy.observations = list(measure.reviser(copy))


def observe_copies(copies: CopiesContext) -> list[Observation]:
    """What all measures between copies observe, in the order of their needs."""
    for function in _functions(in_order(), "copies"):
        copies = replace(copies, observations=(*copies.observations, *_observed(function, copies)))
    return list(copies.observations)


def _functions(measures: Sequence[Measure[..., Any]], *given: str) -> Iterator[Measured[..., Any]]:
    """What observes the measures, from these contexts."""
    for measure in measures:
        yield from (f for f in (measure, *(p for p in PARTS if p.of == measure.id)) if f.given in given)


def _observed(function: Measured[..., Any], context: Any) -> list[Observation]:
    call: Callable[..., Seen] = function.adapter or function
    seen = call(context)
    return [seen] if isinstance(seen, Observation) else list(seen or ())
