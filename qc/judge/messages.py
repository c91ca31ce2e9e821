"""Findings in words a person can paste into a ticket: what was measured, how much, where, and what the limit is."""

from __future__ import annotations

from collections.abc import Iterable

from qc.flags import Flag
from qc.judge.rule import Limit, Rule
from qc.measure import MEASURES
from qc.measure.details import CutDetail
from qc.model import BookCopy, FindingOutcome, Observation
from qc.number_format import ranges as ranges

_IN_WORDS = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
_MAYBE = frozenset({Flag.PLACE_UNSURE, Flag.PALE_ORDERED, Flag.NOT_BARE, Flag.FEW_WORDS, Flag.DIRT_OR_INK})
"""Doubts of which a count says "possibly"."""


def name(rule: Rule) -> str:
    """What the rule judges, as a noun: ``"blank pages at the end"``."""
    return rule.code.replace("-", " ") if rule.code else MEASURES[rule.measure].name


def message(
    rule: Rule,
    outcome: FindingOutcome,
    observation: Observation,
    k: float,
    copy: BookCopy | None,
    doubt: tuple[str, ...] = (),
) -> str:
    """One sentence without its period for a finding of `rule` on `observation`; `k` expands u to U, `doubt` holds the
    flags that leave it to a person."""
    if observation.value is None:
        said = f"{capital(name(rule))}{_place(observation, copy)} could not be measured: {reasons(observation.flags)}"
        return said + _bound(rule, observation)
    measure = MEASURES[observation.measure]
    said = measure.say(observation, k)
    if observation.value and said[0].isdigit() and _MAYBE.intersection(doubt):
        said = f"Possibly {said}"
    if not measure.says_where:
        said += _place(observation, copy)
    match outcome:
        case FindingOutcome.OUTSIDE if rule.outside:
            return f"{said}; the limit is {_size(rule.outside, rule.unit)}"
        case FindingOutcome.WITHIN if rule.outside is None:
            return f"{said}; as expected"
        case FindingOutcome.WITHIN:
            return f"{said}; expected is {_limit(rule.within, rule.unit)}"
        case FindingOutcome.UNDECIDED if doubt:
            return f"{said}; {reasons(doubt)}, so a person has to look"
        case FindingOutcome.UNDECIDED if rule.outside:
            return (
                f"{said}; too close to decide between {_limit(rule.within, rule.unit)}, which is expected, "
                f"and {_limit(rule.outside, rule.unit)}, which is not"
            )
        case _:
            return f"{said}; expected is {_limit(rule.within, rule.unit)}, and a person has to look"


def _bound(rule: Rule, observation: Observation) -> str:
    """That a cut too deep is excluded, where the paper runs on to the frame of the scan."""
    beyond = CutDetail.of(observation).cut_beyond_mm
    limit = rule.outside or rule.within
    if beyond is None or not rule.magnitude or beyond <= -limit.value:
        return ""
    depth = "not too deep" if beyond >= 0 else f"at most {-beyond:.2f} mm too deep"
    return f"; it is {depth}, as the paper reaches the frame of the scan"


def reasons(flags: Iterable[str]) -> str:
    """The meanings of `flags`; a flag that is not in `Flag` prints as it is."""
    known = {str(f): f.meaning for f in Flag}
    return ", ".join(known.get(f, f) for f in flags) or "no measurement of it was made"


def listed(words: Iterable[str]) -> str:
    """``"head, tail and fore-edge"``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _size(limit: Limit, unit: str) -> str:
    return f"{limit.value:.10g}" if unit == "count" else f"{limit.value:.10g} {unit}"


def _limit(limit: Limit, unit: str) -> str:
    return f"{_IN_WORDS[limit.op]} {_size(limit, unit)}"


def _place(observation: Observation, copy: BookCopy | None) -> str:
    where, place = observation.where, ""
    if where.edge:
        place += f" at the {where.edge}"
    if where.page:
        place += f" on scanned page {where.page}"
        if copy and where.page <= len(copy.pages):
            place += f" ({copy.pages[where.page - 1].name})"
    if where.axis:
        place += f" along the {where.axis}"
    if where.copies:
        place += f" between {listed(where.copies)}"
    elif where.copy:
        place += f" of {where.copy}"
    return place
