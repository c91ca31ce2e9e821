"""The sentence of a verdict: the gravest finding, what stands beside it, and what was not checked."""

from __future__ import annotations

from collections.abc import Sequence

from qc.judge.claim import printed_before_change
from qc.judge.messages import Book, listed, message, size_and_limit
from qc.judge.policy import Policy
from qc.judge.ranking import by_cause, by_gravity
from qc.measure.blank_pages import blank_pages_at_end, blank_pages_inside, blank_pages_unexplained
from qc.measure.foreign_pages import pages_foreign
from qc.measure.page_sequence import pages_upside_down
from qc.measure.trim_offset_block import trim_offset_block
from qc.measure.words import counted
from qc.model import Claim, Finding, FindingOutcome, Observation

NOT_CHECKED = "; not checked: "
"""Parts a summary from what was not checked."""
NOT_SCANNED = "pages not scanned: "
STALE = " (stale revision)"
MOST_GAPS = 3
"""Things not checked that the summary names, beside the pages; the record names all."""


_OF_PAGES = frozenset(m.id for m in (blank_pages_inside, pages_foreign, pages_upside_down))
"""Measures whose findings on several pages make one sentence."""


def worst(findings: Sequence[Finding], policy: Policy, observations: Sequence[Observation], book: Book) -> str:
    """The finding furthest beyond its limit, with the pages of which it is true as well, and how many more faults there are."""
    gravest = by_gravity(findings)[0]
    alike, said = [gravest], gravest.message.rstrip(".")
    if gravest.measure in _OF_PAGES and gravest.where.page:
        alike = [f for f in findings if f.rule == gravest.rule and f.where.page and f.doubt == gravest.doubt]
        observed = {o.where.page: o for o in observations if o.measure == gravest.measure and o.value is not None}

        def of_all(finding: Finding) -> str:
            positions = [f.where.page or 0 for f in alike]
            rule, observation = policy.rule(finding.rule), observed[finding.where.page]
            return message(rule, finding.outcome, observation, book, finding.doubt, positions)

        said = of_all(gravest)
        # A page printed mirrored is of a foreign one's rule, and says more of itself.
        alike = [f for f in alike if of_all(f) == said]
        said = of_all(gravest)
    others = sum(not any(f in alike for f in fault) for fault in by_cause(findings))
    return f"{said}; {others} more finding{'s' * (others > 1)}" if others else said


def sound(findings: Sequence[Finding], policy: Policy, claim: Claim) -> str:
    """That nothing was found, in at most 25 words: how far the worst cut is off, and why what differs is no defect."""
    cuts = [
        f
        for f in findings
        if f.measure == trim_offset_block.id and f.severity == "defect" and f.outcome is FindingOutcome.WITHIN
    ]
    stale = printed_before_change(claim)
    said = "No defect"
    if stale:
        said += f": printed on {claim.printed_on}, before the author's last change on {claim.content_updated_on}"
    if cuts:
        farthest = max(cuts, key=lambda f: abs(f.value or 0.0))
        size, allowed = size_and_limit(policy.rule(farthest.rule), farthest.outcome, farthest.value or 0.0)
        off = f"cuts are up to {size} off" if len(cuts) > 1 else f"the cut is {size} off"
        said += f"; {off}, as allowed" if stale else f": {off}, {allowed} is allowed"
    elif not stale:
        said += " found"
    return said if stale else said + _end_of(findings)


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
    return f"{', '.join(said)} and {counted(more, 'more check', 'more checks')}" if more > 0 else ", ".join(said)


def _end_of(findings: Sequence[Finding]) -> str:
    """That blank pages at the end are expected."""
    blanks = max((f.value or 0.0 for f in findings if f.measure == blank_pages_at_end.id), default=0.0)
    explained = any(f.measure == blank_pages_unexplained.id and f.outcome is FindingOutcome.WITHIN for f in findings)
    are = "is" if blanks == 1 else "are"
    return f"; {counted(blanks, 'blank page', 'blank pages')} at the end {are} expected" if blanks and explained else ""
