"""Which finding a person should see first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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


def margin_mm(findings: Iterable[Finding]) -> float | None:
    """Distance of the cut nearest to its limit, or farthest beyond it (negative); None where no cut was judged."""
    margins = [f.margin for f in findings if f.measure == trim_offset_block.id and f.severity == "defect"]
    return min((m for m in margins if m is not None), default=None)


def deciding(inspection: Inspection) -> Finding | None:
    """The finding its verdict rests on; None for a no-defect, and where the reference or all scans are missing."""
    match inspection.verdict.outcome:
        case VerdictOutcome.DEFECT:
            decides = [f for f in inspection.findings if f.severity == "defect" and f.outcome is FindingOutcome.OUTSIDE]
        case VerdictOutcome.NEEDS_REVIEW:
            decides = [
                f for f in inspection.findings if f.severity == "defect" and f.outcome is FindingOutcome.UNDECIDED
            ]
        case VerdictOutcome.INSUFFICIENT_EVIDENCE:
            decides = [f for f in inspection.findings if f.required and f.outcome is FindingOutcome.NOT_JUDGED]
        case _:
            decides = []
    return next(iter(by_gravity(decides)), None)
