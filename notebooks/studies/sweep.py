"""Copies with labels under many limits of one rule, each judged by `qc.judge.rejudge` as the commands judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from qc.errors import UsageError
from qc.judge.policy import Limit, Policy, Rule
from qc.judge.rejudge import under
from qc.model import Finding, Inspection, VerdictOutcome

PASSED, NOT_JUDGED, REVIEW, CALLED = range(4)
"""What becomes of a copy: no-defect, insufficient-evidence, needs-review, defect; the higher, the graver."""
_GRADE = {
    VerdictOutcome.NO_DEFECT: PASSED,
    VerdictOutcome.INSUFFICIENT_EVIDENCE: NOT_JUDGED,
    VerdictOutcome.NEEDS_REVIEW: REVIEW,
    VerdictOutcome.DEFECT: CALLED,
}
MIN_COPIES = 2


@dataclass(frozen=True)
class Sweep:
    """What each labeled copy would have become under each limit.

    Attributes
    ----------
    rule : Rule
        As it stands in the policy.
    policy : Policy
    gap : float
        Width of the silent band between `within` and `outside`, in the unit of the rule; it is kept.
    limits : ndarray, shape (limits,), float
        Ascending, in the unit of the rule: where `outside` begins, or, where the rule never calls a defect, where
        `within` ends.
    copies, titles : tuple of str
    defective : ndarray, shape (copies,), bool
        By the labels.
    grades : ndarray, shape (copies, limits), int
        PASSED, NOT_JUDGED, REVIEW or CALLED, by the whole policy.
    score, u : ndarray, shape (copies,), float
        The gravest value that the rule judges on each copy, as held against the limit (its magnitude, where the rule
        judges that), and its standard uncertainty (k = 1); NaN where it could not be measured.
    """

    rule: Rule
    policy: Policy
    gap: float
    limits: NDArray[np.float64]
    copies: tuple[str, ...]
    titles: tuple[str, ...]
    defective: NDArray[np.bool_]
    grades: NDArray[np.int8]
    score: NDArray[np.float64]
    u: NDArray[np.float64]

    def at(self, limit: float) -> int:
        """Column of the limit nearest to `limit`."""
        return int(np.abs(self.limits - limit).argmin())

    @property
    def present(self) -> float:
        """The limit of the policy as it stands."""
        return (self.rule.outside or self.rule.within).value


def with_limit(policy: Policy, rule_id: str, limit: float, gap: float | None = None) -> Policy:
    """The policy with another limit of one rule.

    Parameters
    ----------
    policy : Policy
    rule_id : str
    limit : float
        In the unit of the rule's measure: where `outside` begins; where that is never, where `within` ends.
    gap : float, optional
        Width of the silent band below (above, for a rule with a least value); as it is, if left out.

    Returns
    -------
    Policy
        Not a file: its hash is that of the policy it was made from.
    """
    rule = _rule(policy, rule_id)
    lines = limit_lines(rule, limit, gap)
    within = _limit(lines["within"])
    outside = _limit(lines["outside"]) if "outside" in lines else None
    changed = replace(rule, within=within, outside=outside)
    return replace(policy, rules=tuple(changed if r.id == rule_id else r for r in policy.rules))


def limit_lines(rule: Rule, limit: float, gap: float | None = None) -> dict[str, str]:
    """`within` and, unless it is never, `outside` of the rule as a policy file writes them, for another limit."""
    if rule.outside is None:
        return {"within": f"{rule.within.op} {limit:.6g} {rule.unit}"}
    width = band(rule) if gap is None else gap
    inside = limit - width if rule.within.is_upper else limit + width
    return {
        "within": f"{rule.within.op} {inside:.6g} {rule.unit}",
        "outside": f"{rule.outside.op} {limit:.6g} {rule.unit}",
    }


def band(rule: Rule) -> float:
    """Width of the silent band between `within` and `outside`, in the unit of the rule; 0 where outside is never."""
    return abs(rule.outside.value - rule.within.value) if rule.outside else 0.0


def sweep(
    inspections: Sequence[Inspection],
    truth: Mapping[str, bool],
    policy: Policy,
    rule_id: str,
    limits: Sequence[float] | NDArray[np.float64],
    gap: float | None = None,
) -> Sweep:
    """Judge every labeled copy under each of many limits of one rule.

    Parameters
    ----------
    inspections : sequence of Inspection
        As `qc.load_store` gives them.
    truth : mapping of str to bool
        Whether a copy is defective, by its id, see `studies.labels.agreed`; copies that are not in it are left out.
    policy : Policy
        All its rules judge; only this one is changed.
    rule_id : str
        Of severity defect.
    limits : sequence of float
        In the unit of the rule. They must span the limit as it stands, which is added where it is not among them.
    gap : float, optional
        Width of the silent band; as it is, if left out.

    Raises
    ------
    UsageError
        The policy has no such rule, it is a note, the limits do not span the present one, or there are too few labeled
        copies.

    Notes
    -----
    Each verdict comes from `qc.judge.rejudge.under`. A limit that is moved outward never makes a verdict graver, so that
    between two limits with the same verdict none is judged: 240 copies under 100 limits take about 3 s.
    """
    rule = _rule(policy, rule_id)
    if rule.severity != "defect":
        raise UsageError(
            f"Rule {rule_id} is a note: no limit of it changes a verdict. Choose a rule of severity defect."
        )
    known = [i for i in inspections if i.copy.id in truth]
    if len(known) < MIN_COPIES:
        raise UsageError(
            f"{len(known)} of {len(inspections)} copies have a label. Record decisions with `qc decide`, or give a CSV "
            "of labels whose copies are in the store."
        )
    ascending = _with_present(np.sort(np.asarray(limits, float)), rule)
    width = band(rule) if gap is None else gap
    policies = [with_limit(policy, rule_id, float(limit), width) for limit in ascending]
    grades = np.array([_grades(i, policies) for i in known], np.int8)
    scores = np.array([_score(under(i, policy).findings, rule) for i in known], float)
    return Sweep(
        rule=rule,
        policy=policy,
        gap=width,
        limits=ascending,
        copies=tuple(i.copy.id for i in known),
        titles=tuple(i.copy.isbn or i.copy.title or i.copy.id for i in known),
        defective=np.array([truth[i.copy.id] for i in known], bool),
        grades=grades,
        score=scores[:, 0],
        u=scores[:, 1],
    )


def _with_present(limits: NDArray[np.float64], rule: Rule) -> NDArray[np.float64]:
    """The limits, the present one among them."""
    present = (rule.outside or rule.within).value
    if len(limits) == 0 or not limits[0] <= present <= limits[-1]:
        raise UsageError(
            f"The limits to try do not span the present one of rule {rule.id}, {present:g} {rule.unit}, which the others are "
            "held against. Widen them."
        )
    if np.isclose(limits, present, rtol=0, atol=1e-9).any():
        return limits
    return np.sort(np.append(limits, present))


def _grades(inspection: Inspection, policies: Sequence[Policy]) -> list[int]:
    """Under each policy; where both ends of a stretch are alike, so is all between."""
    found = [-1] * len(policies)

    def grade(at: int) -> int:
        if found[at] < 0:
            found[at] = _GRADE[under(inspection, policies[at]).verdict.outcome]
        return found[at]

    stretches = [(0, len(policies) - 1)]
    while stretches:
        first, last = stretches.pop()
        if grade(first) == grade(last):
            found[first : last + 1] = [found[first]] * (last - first + 1)
        elif last - first > 1:
            middle = (first + last) // 2
            stretches += [(first, middle), (middle, last)]
    return found


def _score(findings: Sequence[Finding], rule: Rule) -> tuple[float, float]:
    own = [f for f in findings if f.rule == rule.id and f.value is not None]
    if not own:
        return np.nan, np.nan
    sign = 1.0 if rule.within.is_upper else -1.0
    worst = max(own, key=lambda f: sign * rule.judged(f.value or 0.0))
    return rule.judged(worst.value or 0.0), worst.u or 0.0


def _rule(policy: Policy, rule_id: str) -> Rule:
    found = next((r for r in policy.rules if r.id == rule_id), None)
    if found is None:
        names = ", ".join(r.id for r in policy.rules)
        raise UsageError(f"Policy {policy.id} has no rule {rule_id!r}. It has {names}.")
    return found


def _limit(text: str) -> Limit:
    op, value, _ = text.split()
    return Limit(op, float(value), text)
