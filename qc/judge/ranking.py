"""Which finding a person should see first, and which findings are faces of one fault."""

from __future__ import annotations

from collections.abc import Sequence

from qc.geometry import Edge
from qc.judge.rule import read_limit
from qc.measure.cover_fold import cover_fold_offset, spine_centering, spine_width
from qc.measure.cover_trim_offset import cover_trim_offset
from qc.measure.page_sequence import pages_missing
from qc.measure.trim_offset_block import trim_offset_block
from qc.measure.trim_size_block import trim_size_block
from qc.model import Finding, FindingOutcome, Inspection, VerdictOutcome

_OUTCOMES = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED, FindingOutcome.NOT_JUDGED, FindingOutcome.WITHIN)


def by_gravity(findings: Sequence[Finding]) -> list[Finding]:
    """Findings, the gravest first.

    Defect rules that are outside, then undecided, then the notes that are; then what was not judged, then what is
    within. Among equals the one that is furthest beyond its limit, as a share of it, comes first; of marks, which have no size as
    a limit, the one that a reader sees first.
    """
    return sorted(findings, key=_gravity)


def _gravity(f: Finding) -> tuple[bool, bool, int, float]:
    shows = f.outcome in (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
    limit = next((found[0].value for text in (f.outside, f.within) if (found := read_limit(text))), 0.0)
    return (
        not shows,
        f.severity != "defect",
        _OUTCOMES.index(f.outcome),
        -f.salience or (f.margin or 0.0) / (abs(limit) or 1.0),
    )


_SHOWS = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED)
_FOLDS = frozenset(m.id for m in (cover_fold_offset, spine_centering, spine_width))
_ENDS = {"height": (Edge.HEAD, Edge.TAIL), "width": (Edge.FORE_EDGE, Edge.SPINE)}


def by_cause(findings: Sequence[Finding]) -> list[list[Finding]]:
    """Findings put together that one fault of the copy makes, each group and the groups in the order given.

    Such are all findings of a page (one without print lacks its lines, too); both folds of a cover, where its spine lies, and how
    far its fore-edges are off with them; one cut through front and back; and a page size that a wrong cut makes.
    """
    cuts = {f.where.edge for f in findings if f.measure == trim_offset_block.id}
    folds = any(f.measure in _FOLDS for f in findings)
    groups: dict[object, list[Finding]] = {}
    for f in findings:
        groups.setdefault(_cause(f, cuts, folds), []).append(f)
    return list(groups.values())


def _cause(f: Finding, cuts: set[Edge | None], folds: bool) -> object:
    if f.measure in _FOLDS or (folds and f.measure == cover_trim_offset.id and f.where.edge is Edge.FORE_EDGE):
        return "folds"
    if f.measure == cover_trim_offset.id:
        return f.measure, f.where.edge
    if f.measure == pages_missing.id:
        return f.measure, f.where
    if f.where.page:
        return f.where.page
    if f.measure == trim_size_block.id:
        edge = next((e for e in _ENDS[f.where.axis or "height"] if e in cuts), None)
        return (trim_offset_block.id, edge) if edge else (f.measure, f.where.axis)
    return (f.measure, f.where.edge) if f.measure == trim_offset_block.id else (f.rule, f.where)


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
