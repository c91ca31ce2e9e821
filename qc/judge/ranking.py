"""Which finding a person should see first."""

from __future__ import annotations

from collections.abc import Sequence

from qc.model import Finding, Outcome

_OUTCOMES = (Outcome.OUTSIDE, Outcome.UNDECIDED, Outcome.NOT_JUDGED, Outcome.WITHIN)


def by_gravity(findings: Sequence[Finding]) -> list[Finding]:
    """Findings, the gravest first.

    Defect rules that are outside, then undecided, then the notes that are; then what was not judged, then what is
    within. Among equals the one that is furthest beyond its limit, counted in u, comes first.
    """
    return sorted(findings, key=_gravity)


def _gravity(f: Finding) -> tuple[bool, bool, int, float]:
    shows = f.outcome in (Outcome.OUTSIDE, Outcome.UNDECIDED)
    distance = f.margin / f.u if f.margin is not None and f.u else f.margin or 0.0
    return not shows, f.severity != "defect", _OUTCOMES.index(f.outcome), distance
