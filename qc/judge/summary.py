"""The sentence of a verdict: the gravest finding, what stands beside it, and what was not checked."""

from __future__ import annotations

from collections.abc import Sequence

from qc.judge.claim import printed_before_change
from qc.judge.messages import Book, listed, message, size_and_limit
from qc.judge.policy import Policy
from qc.measure.blank_pages import blank_pages_at_end, blank_pages_inside, blank_pages_unexplained
from qc.measure.foreign_pages import pages_foreign
from qc.measure.page_sequence import pages_upside_down
from qc.measure.trim_offset_block import trim_offset_block
from qc.model import Claim, Finding, FindingOutcome, Observation

NOT_SCANNED = "pages not scanned: "
STALE = " (stale revision)"
MOST_GAPS = 3
"""Things not checked that the summary names, beside the pages; the record names all."""


_OF_PAGES = frozenset(m.id for m in (blank_pages_inside, pages_foreign, pages_upside_down))
"""Measures whose findings on several pages make one sentence."""


def worst(findings: Sequence[Finding], policy: Policy, observations: Sequence[Observation], book: Book) -> str:
    """The finding furthest beyond its limit, with the pages of which it is true as well, and at how many more places of the book
    there is one."""

    def beyond(finding: Finding) -> float:
        rule = policy.rule(finding.rule)
        limit = rule.outside or rule.within
        return (finding.margin or 0.0) / (abs(limit.value) or 1.0)

    gravest = min(findings, key=beyond)
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
    others = len({_spot(f) for f in findings} - {_spot(f) for f in alike})
    return f"{said}; {others} more finding{'s' * (others > 1)}" if others else said


def _spot(finding: Finding) -> object:
    """A page, or what is of no single page: a blank page lacks its print, too, and is one fault."""
    return finding.where.page or (finding.rule, finding.where)


def sound(findings: Sequence[Finding], policy: Policy, claim: Claim) -> str:
    """That nothing was found, and why what differs is none, with the cut that is farthest off."""
    cuts = [
        f
        for f in findings
        if f.measure == trim_offset_block.id and f.severity == "defect" and f.outcome is FindingOutcome.WITHIN
    ]
    end = _end_of(findings)
    none = "No defect found"
    if printed_before_change(claim):
        none = (
            f"Printed on {claim.printed_on}, before the author's last change on {claim.content_updated_on}: what changed since is "
            "no defect"
        )
    if not cuts:
        return none + end
    farthest = max(cuts, key=lambda f: abs(f.value or 0.0))
    size, allowed = size_and_limit(policy.rule(farthest.rule), farthest.outcome, farthest.value or 0.0)
    worst_cut = f"the worst of {len(cuts)} cuts" if len(cuts) > 1 else "the only cut judged"
    worst_cut = f". {worst_cut.capitalize()}" if printed_before_change(claim) else f": {worst_cut}"
    return f"{none}{worst_cut}, the {farthest.where.edge}, is {size} off; up to {allowed} is allowed{end}"


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
