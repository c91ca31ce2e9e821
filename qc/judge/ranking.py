"""Which finding a person should see first."""

from __future__ import annotations

from collections.abc import Sequence

from qc.measure.trim_offset_block import trim_offset_block
from qc.model import Finding, FindingOutcome, Inspection, VerdictOutcome

_OUTCOMES = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED, FindingOutcome.NOT_JUDGED, FindingOutcome.WITHIN)


def by_gravity(findings: Sequence[Finding]) -> list[Finding]:
    """Findings, the gravest first.

    Defect rules that are outside, then undecided, then the notes that are; then what was not judged, then what is
    within. Among equals the one that is furthest beyond its limit, counted in u, comes first.
    """
    return sorted(findings, key=_gravity)


def _gravity(f: Finding) -> tuple[bool, bool, int, float]:
    shows = f.outcome in (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
    distance = f.margin / f.u if f.margin is not None and f.u else f.margin or 0.0
    return not shows, f.severity != "defect", _OUTCOMES.index(f.outcome), distance


_SHOWS = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)


def shows(findings: Sequence[Finding]) -> tuple[str, ...]:
    """Rules of severity defect that a copy is outside of or that are undecided, the gravest first."""
    found = (f.rule for f in by_gravity(findings) if f.severity == "defect" and f.outcome in _SHOWS)
    return tuple(dict.fromkeys(found))


def margin_mm(outcome: VerdictOutcome, findings: Sequence[Finding]) -> float | None:
    """Distance to the nearest limit of the rule that a verdict rests on, negative beyond it, to 0.001 mm as it is printed.

    Of a no-defect it is that of the cut nearest to its limit. None where the rule is not in millimeters: the margin of a cut
    beside a verdict on color would read as its reason.
    """
    if outcome is VerdictOutcome.NO_DEFECT:
        cuts = [f.margin for f in findings if f.measure == trim_offset_block.id and f.severity == "defect"]
        margin = min((m for m in cuts if m is not None), default=None)
    else:
        finding = _deciding(outcome, findings)
        margin = finding.margin if finding is not None and finding.unit == "mm" else None
    return None if margin is None else round(margin, 3)


def deciding(inspection: Inspection) -> Finding | None:
    """The finding its verdict rests on; None for a no-defect, and where the reference or all scans are missing."""
    return _deciding(inspection.verdict.outcome, inspection.findings)


def _deciding(outcome: VerdictOutcome, findings: Sequence[Finding]) -> Finding | None:
    match outcome:
        case VerdictOutcome.DEFECT:
            decides = [f for f in findings if f.severity == "defect" and f.outcome is FindingOutcome.OUTSIDE]
        case VerdictOutcome.NEEDS_REVIEW:
            decides = [f for f in findings if f.severity == "defect" and f.outcome is FindingOutcome.UNDECIDED]
        case VerdictOutcome.INSUFFICIENT_EVIDENCE:
            decides = [f for f in findings if f.required and f.outcome is FindingOutcome.NOT_JUDGED]
        case _:
            decides = []
    return next(iter(by_gravity(decides)), None)
