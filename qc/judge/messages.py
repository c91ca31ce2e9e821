"""Findings in plain sentences a person can paste into a ticket: what is wrong, where, how much, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from qc.flags import Flag
from qc.judge.rule import Limit, Rule
from qc.measure import MEASURES
from qc.measure.details import CutDetail
from qc.measure.words import Said
from qc.measure.words import capital as capital
from qc.model import Finding, FindingOutcome, Observation
from qc.number_format import ranges as ranges
from qc.number_format import spoken, spoken_beside

Book = Mapping[int, int | None]
"""Which page of the book a scanned page shows, by position, 1-based; None where it is not known."""
_LOOK = "so a person must look"
_IN_THE_BOOK = frozenset({str(Flag.SCANNED_LATE), str(Flag.MIXED_UP)})
"""What the copy itself shows at once, where its scans do not."""
_SAME_MM = 0.05
"""Limits in millimeters and inches that differ by less are one limit, rounded: 0.125 in and 3.2 mm."""


def name(rule: Rule) -> str:
    """What the rule judges, as a noun: ``"blank pages at the end"``."""
    return MEASURES[rule.measure].named(rule.code)


def name_of(finding: Finding) -> str:
    """What a finding is about, as a noun; its rule where the measure is not known any more."""
    known = MEASURES.get(finding.measure)
    return known.named(finding.code) if known else finding.rule


def message(
    rule: Rule,
    outcome: FindingOutcome,
    observation: Observation,
    book: Book,
    doubt: tuple[str, ...] = (),
    positions: Sequence[int] = (),
) -> str:
    """One sentence without its period for a finding of `rule` on `observation`; `doubt` holds the flags that leave it to a
    person, `positions` the scanned pages of which it is true alike, if there are several."""
    page = page_in_words(observation.where.page, book)
    if len(positions) > 1:
        page = Said("", book=book).pages(positions)
    elif observation.where.page:
        positions = (observation.where.page,)
    if observation.value is None:
        return _unmeasured(rule, observation, page)
    measure = MEASURES[observation.measure]
    size, allowed = size_and_limit(rule, outcome, observation.value)
    said = measure.say(observation, Said(size, page, book, positions))
    if not measure.says_where:
        said += _place(observation, page)
    if doubt:
        look = "so look in the book" if doubt[0] in _IN_THE_BOOK else _LOOK
        return f"{said}; {reasons(doubt[:1])}, {look}"
    if rule.unit == "count":
        return said + _of_count(rule, outcome, observation.value)
    return said + _of_size(rule, outcome, observation.value, allowed)


def size_and_limit(rule: Rule, outcome: FindingOutcome, value: float) -> tuple[str, str]:
    """A value and the limit that its outcome rests on, rounded so that they do not contradict it."""
    limit = rule.outside if rule.outside and outcome is FindingOutcome.OUTSIDE else rule.within
    beyond = outcome is FindingOutcome.OUTSIDE or _only_a_person(rule, value)
    return spoken_beside(value, limit.value, rule.unit, in_inches=_in_inches(rule, limit), beyond=beyond)


def _only_a_person(rule: Rule, value: float) -> bool:
    """Whether a value lies beyond what is within, and nothing makes it a defect by itself."""
    judged = rule.judged(value)
    return rule.outside is None and not rule.within.holds(judged) and judged != rule.within.value


def page_in_words(position: int | None, book: Book) -> str:
    """``"page 6"``; ``"scanned page 6"`` where it is not known which page of the book that is; empty without a page."""
    if position is None:
        return ""
    page = book.get(position, position)
    if page is None:
        return f"scanned page {position}"
    return f"page {page}" if page == position else f"page {page} (scan {position})"


def reasons(flags: Iterable[str]) -> str:
    """The meanings of `flags`; a flag that is not in `Flag` prints as it is."""
    known = {str(f): f.meaning for f in Flag}
    return ", ".join(known.get(f, f) for f in flags) or "no measurement of it was made"


def listed(words: Iterable[str]) -> str:
    """``"head, tail and fore-edge"``."""
    *first, last = words
    return f"{', '.join(first)} and {last}" if first else last


def _unmeasured(rule: Rule, observation: Observation, page: str) -> str:
    noun, place = name(rule), _place(observation, page)
    why = reasons(observation.flags[:1])
    if rule.unit == "count" or rule.code:
        return f"{capital(noun)}{place} could not be checked: {why}"
    return f"The {noun}{place} could not be measured: {why}{_bound(rule, observation)}"


def _bound(rule: Rule, observation: Observation) -> str:
    """That a cut too deep is excluded, where the paper runs on to the frame of the scan."""
    beyond = CutDetail.of(observation).cut_beyond_mm
    limit = rule.outside or rule.within
    if beyond is None or not rule.magnitude or beyond <= -limit.value:
        return ""
    return "; it is not too deep" if beyond >= 0 else f"; it is at most {spoken(beyond, 'mm')} too deep"


def _of_count(rule: Rule, outcome: FindingOutcome, value: float) -> str:
    look = f", {_LOOK}" if outcome is FindingOutcome.UNDECIDED else ""
    if not value or (rule.within.is_upper and rule.within.value == 0):
        return look
    if rule.within.is_upper:
        return f"; up to {rule.within.value:.0f} is allowed{look}"
    return look or "; that is expected"


def _of_size(rule: Rule, outcome: FindingOutcome, value: float, allowed: str) -> str:
    up_to = f"up to {allowed} is allowed" if rule.within.is_upper else f"at least {allowed} is expected"
    if outcome is not FindingOutcome.UNDECIDED:
        # That a size should not be less than nothing goes without saying.
        return f"; {up_to}" if rule.within.is_upper or rule.within.value else ""
    if _only_a_person(rule, value):
        return f"; {'beyond' if rule.within.is_upper else 'below'} {allowed} a person must look"
    if rule.outside is None or abs(rule.outside.value - rule.within.value) < (_SAME_MM if rule.unit == "mm" else 1e-9):
        return f", too close to the limit of {allowed} to call"
    _, too_much = spoken_beside(value, rule.outside.value, rule.unit, in_inches=_in_inches(rule, rule.outside))
    return f"; {allowed} is allowed, {too_much} is not"


def _in_inches(rule: Rule, limit: Limit) -> str:
    """The limit in inches as the policy prints it, or the one that it rounds to millimeters."""
    near = [x for x in (limit, rule.within, rule.outside) if x and abs(x.value - limit.value) < _SAME_MM]
    return next((n for x in near if (n := x.inches)), "") if rule.unit == "mm" else ""


def _place(observation: Observation, page: str) -> str:
    where = observation.where
    place = f" at the {where.edge}" if where.edge else ""
    place += f" on {page}" if page else ""
    place += {None: "", "x": " (horizontal)", "y": " (vertical)"}.get(where.axis, f" in {where.axis}")
    if where.side:
        place += f" on the {where.side}"
    if where.copies:
        place += f" between {listed(where.copies)}"
    elif where.copy:
        place += f" ({where.copy})"
    return place
