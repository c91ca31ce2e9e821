"""Findings in words a person can paste into a ticket: what was measured, how much, where, and what the limit is."""

from __future__ import annotations

from collections.abc import Iterable

from qc.flags import Flag
from qc.judge.color_words import color_fault
from qc.judge.rule import Limit, Rule
from qc.judge.sequence_words import sequence_fault
from qc.model import BookCopy, Observation, Outcome
from qc.number_format import plus_minus
from qc.number_format import ranges as ranges

_NAMES = {
    "trim-offset": "cut",
    "trim-offset-block": "cut",
    "trim-offset-page": "print of one page",
    "trim-size-block": "size of the block",
    "print-scale": "size of the print",
    "trim-skew": "squareness of the cut",
    "page-size": "page size",
    "print-position-jitter": "placement jitter",
    "ink-coverage": "ink coverage",
    "blank-pages-at-end": "blank pages at the end",
    "blank-pages-inside": "blank pages inside",
    "blank-pages-unexplained": "unexplained blank pages at the end",
    "pages-foreign": "foreign pages",
    "pages-extra-inside": "sides that nobody ordered",
    "pages-missing": "missing pages",
    "pages-duplicated": "doubled pages",
    "pages-out-of-order": "order of the pages",
    "pages-upside-down": "pages upside down",
    "print-defect": "missing print",
    "color-difference": "color against the reference",
    "color-difference-copy": "color against the reference",
    "density-difference": "density against the reference",
    "paper-difference": "paper color",
    "color-defect": "color",
    "print-position-recto-verso": "print of versos against rectos",
    "copy-position-outlier": "print position against the other copies",
    "copy-position-difference": "print position between copies",
    "copy-color-difference": "color between copies",
    "copy-color-outlier": "color against the other copies",
}
_WAY = {"x": ("further from the fore-edge", "nearer to the fore-edge"), "y": ("lower", "higher")}
_IN_WORDS = {"<": "less than", "<=": "at most", ">": "more than", ">=": "at least"}
_COUNTED = {
    "blank-pages-at-end": ("blank page at the end", "blank pages at the end"),
    "blank-pages-inside": (
        "page that is blank where the reference has content",
        "pages that are blank where the reference has content",
    ),
    "pages-foreign": ("page that matches no page of the reference", "pages that match no page of the reference"),
    "blank-pages-unexplained": ("unexplained blank page at the end", "unexplained blank pages at the end"),
    "print-defect": ("place of missing print", "places of missing print"),
}
_DEFECTS = {
    "missing-print": _COUNTED["print-defect"],
    "spot": ("spot", "spots"),
    "smear": ("smear", "smears"),
    "streak": ("streak", "streaks"),
    "white-sliver": ("strip of bare paper beside a picture", "strips of bare paper beside pictures"),
    "void": ("place where a solid lost its ink", "places where a solid lost its ink"),
}


_MAYBE = frozenset({Flag.PLACE_UNSURE, Flag.PALE_ORDERED, Flag.NOT_BARE, Flag.FEW_WORDS, Flag.DIRT_OR_INK})
"""Doubts of which a count says "possibly"."""


def name(rule: Rule) -> str:
    """What the rule judges, as a noun: ``"blank pages at the end"``."""
    return rule.code.replace("-", " ") if rule.code else _NAMES.get(rule.measure, rule.measure)


def message(
    rule: Rule,
    outcome: Outcome,
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
    said = _measured(observation, observation.value, k, doubt)
    if observation.measure not in ("print-position-recto-verso", "copy-position-outlier"):
        said += _place(observation, copy)
    match outcome:
        case Outcome.OUTSIDE if rule.outside:
            return f"{said}; the limit is {_size(rule.outside, rule.unit)}"
        case Outcome.WITHIN if rule.outside is None:
            return f"{said}; as expected"
        case Outcome.WITHIN:
            return f"{said}; expected is {_limit(rule.within, rule.unit)}"
        case Outcome.UNDECIDED if doubt:
            return f"{said}; {reasons(doubt)}, so a person has to look"
        case Outcome.UNDECIDED if rule.outside:
            return (
                f"{said}; too close to decide between {_limit(rule.within, rule.unit)}, which is expected, "
                f"and {_limit(rule.outside, rule.unit)}, which is not"
            )
        case _:
            return f"{said}; expected is {_limit(rule.within, rule.unit)}, and a person has to look"


def _bound(rule: Rule, observation: Observation) -> str:
    """That a cut too deep is excluded, where the paper runs on to the frame of the scan."""
    beyond = observation.detail.get("cut_beyond_mm")
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


def _measured(observation: Observation, value: float, k: float, doubt: tuple[str, ...] = ()) -> str:
    expanded = None if observation.u is None else k * observation.u
    size = plus_minus(abs(value), expanded, observation.unit)
    measure = observation.measure
    if measure in ("trim-offset", "trim-offset-block"):
        return f"Cut {size} too deep" if value < 0 else f"Cut {size} outside the trim line"
    if measure == "trim-offset-page":
        return f"Print {size} off its place on the other pages, {'toward' if value < 0 else 'away from'} the cut"
    if measure == "trim-size-block":
        return f"Block {size} too {'small' if value < 0 else 'large'}"
    if measure == "print-scale":
        share = plus_minus(abs(100 * value), None if expanded is None else 100 * expanded, "%")
        said = f"Print {share} {'smaller' if value < 0 else 'larger'} than ordered"
        return f"{said}; {Flag.SCAN_STRETCHED.meaning}" if Flag.SCAN_STRETCHED in observation.flags else said
    if measure == "trim-skew":
        one, other = ("Print", "cut") if observation.where.page else ("Cut", "print")
        return f"{one} turned by {size} against the {other}"
    if measure == "density-difference":
        return f"Solids and dark tints {size} {'weaker' if value < 0 else 'stronger'} than in the reference"
    if measure in ("page-size", "print-position-jitter"):
        return f"{capital(_NAMES[measure])} {size}"
    if measure == "print-position-recto-verso":
        return f"Print of versos {shift_in_words(observation, k)} than that of rectos"
    if measure == "copy-position-outlier":
        return f"Print {shift_in_words(observation, k)} than in the median of the copies"
    if measure == "color-defect":
        return color_fault(observation, value, k)
    if measure == "blank-pages-unexplained" and observation.detail.get("words"):
        return capital(str(observation.detail["words"]))
    if fault := sequence_fault(observation):
        return fault
    if measure in _COUNTED:
        one, many = _COUNTED[measure]
        if measure == "print-defect":
            one, many = _DEFECTS.get(str(observation.detail.get("code")), (one, many))
        number = f"{value:.0f} {one if value == 1 else many}"
        if width := observation.detail.get("width_mm"):
            number += f", {width:.1f} mm wide,"
        return f"Possibly {number}" if value and _MAYBE.intersection(doubt) else number
    return f"{capital(_NAMES.get(measure, measure))} differs by {plus_minus(value, expanded, observation.unit)}"


def shift_in_words(shift: Observation, k: float) -> str:
    """A measured shift of the print along ``where.axis``, such as ``"0.82 ± 0.10 mm lower"``."""
    value = shift.value or 0.0
    return f"{plus_minus(abs(value), k * (shift.u or 0.0), 'mm')} {_WAY[str(shift.where.axis)][value < 0]}"


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
