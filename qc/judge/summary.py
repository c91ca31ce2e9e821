"""The sentence of a verdict: the gravest finding, what stands beside it, and what was not checked."""

from __future__ import annotations

from collections.abc import Sequence

from qc.judge.messages import listed, size_and_limit
from qc.judge.policy import Policy
from qc.measure.blank_pages import blank_pages_at_end, blank_pages_unexplained
from qc.measure.trim_offset_block import trim_offset_block
from qc.model import Finding, FindingOutcome

NOT_SCANNED = "pages not scanned: "
STALE = " (stale revision)"
MOST_GAPS = 3
"""Things not checked that the summary names, beside the pages; the record names all."""


def worst(findings: Sequence[Finding], policy: Policy) -> str:
    """The finding furthest beyond its limit, and how many there are besides."""

    def beyond(finding: Finding) -> float:
        rule = policy.rule(finding.rule)
        limit = rule.outside or rule.within
        return (finding.margin or 0.0) / (abs(limit.value) or 1.0)

    gravest = min(findings, key=beyond)
    said = gravest.message.rstrip(".")
    others = len(findings) - 1
    return f"{said}; {others} more finding{'s' * (others > 1)}" if others else said


def sound(findings: Sequence[Finding], policy: Policy) -> str:
    """That nothing was found, with the cut that is farthest off."""
    cuts = [
        f
        for f in findings
        if f.measure == trim_offset_block.id and f.severity == "defect" and f.outcome is FindingOutcome.WITHIN
    ]
    end = _end_of(findings)
    if not cuts:
        return f"No defect found{end}"
    farthest = max(cuts, key=lambda f: abs(f.value or 0.0))
    size, allowed = size_and_limit(policy.rule(farthest.rule), farthest.outcome, farthest.value or 0.0)
    worst_cut = f"the worst of {len(cuts)} cuts" if len(cuts) > 1 else "the only cut judged"
    return f"No defect found: {worst_cut}, the {farthest.where.edge}, is {size} off; up to {allowed} is allowed{end}"


def shortly(gaps: Sequence[str]) -> str:
    """What was not checked, for a sentence: the pages, and some of the rest."""
    pages = [g.removeprefix(NOT_SCANNED) for g in gaps if g.startswith(NOT_SCANNED)]
    named = [f"{p} pages" if " of " in p else f"page{'s' * (not p.isdigit())} {listed(p.split(', '))}" for p in pages]
    others = [g for g in gaps if not g.startswith(NOT_SCANNED) and not g.endswith(STALE)]
    if any(g.endswith(STALE) for g in gaps):
        named.append("what the author has changed since")
    # What was noticed and not judged comes before what was only not looked at.
    others[1:] = sorted(others[1:], key=lambda gap: "(" not in gap)
    said = [*others[:1], *named, *others[1:MOST_GAPS]]
    more = len(others) - MOST_GAPS
    return f"{', '.join(said)} and {more} more" if more > 0 else ", ".join(said)


def _end_of(findings: Sequence[Finding]) -> str:
    """That blank pages at the end are expected."""
    blanks = max((f.value or 0.0 for f in findings if f.measure == blank_pages_at_end.id), default=0.0)
    explained = any(f.measure == blank_pages_unexplained.id and f.outcome is FindingOutcome.WITHIN for f in findings)
    pages = "the blank page at the end is" if blanks == 1 else f"the {blanks:.0f} blank pages at the end are"
    return f"; {pages} expected" if blanks and explained else ""
