"""A rule: a limit for what is within and one for what is outside, and what they say of a value with its uncertainty."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass

from qc.geometry import Edge
from qc.judge.clause import Clause
from qc.judge.faint import Faint
from qc.measure import MEASURES
from qc.measure.details import MarksDetail
from qc.model import FindingOutcome, Observation, ScanSettings
from qc.units import MM_PER_INCH, number, to_mm

_LIMIT = re.compile(r"\s*(<=|>=|<|>)\s*(-?)(\d+(?:\.\d+)?(?:\s*/\s*\d+)?)\s*([A-Za-z]\w*)\s*")
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:/\d+)?")
_ROUNDED = 0.01
"""As a share of a limit: 3.2 mm for 3.175 mm is 0.8 % more. No two limits of the shipped policies lie nearer."""
_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


@dataclass(frozen=True)
class Limit:
    """One side of a rule; `value` is in the unit of the rule's measure, `text` as the policy file has it."""

    op: str
    value: float
    text: str

    def holds(self, low: float, high: float | None = None) -> bool:
        """Whether the whole interval from `low` to `high` (or `low` alone) satisfies the limit."""
        end = low if high is None else high
        return bool(_COMPARE[self.op](end if self.is_upper else low, self.value))

    @property
    def is_upper(self) -> bool:
        return self.op.startswith("<")

    @property
    def inches(self) -> str:
        """The number in front of its inches, such as ``"1/16"``; empty where the policy prints another unit."""
        return self.text.removeprefix(self.op).removesuffix("in").strip() if self.text.endswith("in") else ""

    def printed(self, unit: str) -> str:
        """The limit in the measure's unit: ``"< 3.175 mm"`` for ``"< 0.125 in"``."""
        return f"{self.op} {self.value:.10g} {unit}"


def read_limit(text: str) -> tuple[Limit, str] | None:
    """Limit that a text such as ``"< 0.125 in"`` states, lengths in mm, and the unit it has there; None where it is none."""
    match = _LIMIT.fullmatch(text)
    if not match:
        return None
    op, minus, digits, unit = match.groups()
    value = -number(digits) if minus else number(digits)
    return Limit(op, to_mm(value, unit) if unit in ("mm", "in") else value, text.strip()), unit


def limits_stated(clause: str, *limits: str) -> bool:
    """Whether a sentence of the printer states one of these limits, or there is none to state: zero, never and
    a count go without saying.

    A number in inches counts for the millimeters that it makes, rounded as printers round them (0.125 in is called 3.2 mm).
    """
    values = [abs(found[0].value) for text in limits if (found := read_limit(text)) and found[1] != "count"]
    said = [number(digits) for digits in _NUMBER.findall(clause)]
    asked = [v for v in values if v]
    return not asked or any(abs(s * unit - v) <= _ROUNDED * v for v in asked for s in said for unit in (1, MM_PER_INCH))


@dataclass(frozen=True, kw_only=True)
class Rule(Clause):
    """What is within and what is outside for one measure.

    `outside` None means never: the rule can send to review but never call a defect. `edges` is empty for measures that
    have none. `spine` says which spine edges the rule judges, those cut by the ``"printer"`` or by the ``"bench"``.
    With `code` only observations with that code in their detail (or with none) are judged. `notable` tells which values
    show a variance worth naming when nothing is wrong. `doubt` lists the flags with which a value is never called outside.
    `faint` says which marks of a page are only a note.
    """

    id: str
    measure: str
    magnitude: bool
    within: Limit
    outside: Limit | None
    severity: str
    required: bool
    reason: str = ""
    edges: tuple[Edge, ...] = ()
    spine: str = "printer"
    code: str | None = None
    notable: Limit | None = None
    doubt: tuple[str, ...] = ()
    faint: Faint | None = None

    @property
    def unit(self) -> str:
        return MEASURES[self.measure].unit

    @property
    def scope(self) -> str:
        return MEASURES[self.measure].scope

    @property
    def within_text(self) -> str:
        return self.within.printed(self.unit)

    @property
    def outside_text(self) -> str:
        return self.outside.printed(self.unit) if self.outside else "never"

    def judged(self, value: float) -> float:
        """The number the limits are held against: `value`, or its magnitude."""
        return abs(value) if self.magnitude else value

    def outcome(
        self,
        value: float | None,
        u: float | None,
        k: float,
        k_outside: float | None = None,
        doubts: tuple[str, ...] = (),
    ) -> FindingOutcome:
        """Where the whole interval value ± k u lies.

        Parameters
        ----------
        value, u : float or None
            In the unit of the measure; `u` None is exact, `value` None was not measured.
        k : float
            Expands u.
        k_outside : float, optional
            Expands u for the test of `outside` where many comparisons are made; `k` if left out.
        doubts : tuple of str
            Flags of the observation that `doubt` lists: what would be outside is then undecided.

        Notes
        -----
        A magnitude is never negative: 0.01 ± 0.05 is judged as 0 to 0.06.
        """
        if value is None:
            return FindingOutcome.NOT_JUDGED
        if self.within.holds(*self._interval(value, k * (u or 0.0))):
            return FindingOutcome.WITHIN
        beyond = self._interval(value, (k_outside or k) * (u or 0.0))
        outside = self.outside is not None and self.outside.holds(*beyond)
        return FindingOutcome.OUTSIDE if outside and not doubts else FindingOutcome.UNDECIDED

    def severity_of(self, observation: Observation) -> str:
        """What a finding on `observation` counts as: marks that are all faint are a note."""
        faint = self.faint is not None and self.faint.covers(MarksDetail.of(observation))
        return "note" if faint else self.severity

    def margin(self, value: float) -> float:
        """Distance of `value` to the nearest limit in the measure's unit, negative when beyond it.

        Measured to `within` from inside it and from the silent band, to `outside` from beyond that.
        """
        number = self.judged(value)
        inside = self.within.holds(number)
        limit = self.outside if self.outside and self.outside.holds(number) and not inside else self.within
        distance = abs(number - limit.value)
        return distance if inside or distance == 0 else -distance

    def judged_edges(self, scan: ScanSettings, spine_in_doubt: bool = False) -> tuple[Edge, ...]:
        """Edges the rule judges on a copy scanned so; a bound copy shows no cut at the spine. Where the sides are not proven,
        what is named spine may be the fore-edge that the printer cut."""
        with_spine = not scan.bound and (scan.spine == self.spine or spine_in_doubt)
        return tuple(e for e in self.edges if e is not Edge.SPINE or with_spine)

    def _interval(self, value: float, expanded_u: float) -> tuple[float, float]:
        low, high = value - expanded_u, value + expanded_u
        if not self.magnitude:
            return low, high
        return max(0.0, low, -high), max(-low, high)
