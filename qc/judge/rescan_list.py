"""Which scans are asked for: the fewest that could change a verdict, and how to make them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.messages import listed, ranges
from qc.judge.rule import Rule
from qc.judge.scan_case import EDGES_ALONG, Case, Group, asked, enough, key_of, sides_not_scanned
from qc.judge.settle import for_doubts
from qc.measure import MEASURES
from qc.measure.trim_offset_block import MIN_PAGES
from qc.model import Observation, PageKind, Rescan, Role, VerdictOutcome


def rescan_list(case: Case, outcome: VerdictOutcome, lacking: Sequence[tuple[Rule, Edge | None]]) -> tuple[Rescan, ...]:
    """The fewest scans that could change a verdict.

    Parameters
    ----------
    case : Case
    outcome : VerdictOutcome
        What was judged.
    lacking : sequence of (Rule, Edge or None)
        Required rules that were not judged, and where.

    Returns
    -------
    tuple of Rescan
        Nothing for a lost copy or a defect that stands. Else files that could not be read; for insufficient evidence, the scans
        that required rules lack; for needs-review, those that could settle what is undecided. Empty where only a person can.
    """
    if outcome is VerdictOutcome.DEFECT or case.copy.claim.reason == "lost":
        return ()
    groups: list[Group] = []
    if outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE:
        groups = _for_rules(case, lacking)
    elif outcome is VerdictOutcome.NEEDS_REVIEW:
        groups = for_doubts(case)
    groups = _distinct(g for g in groups if g.possible)
    wanted = {(e.file, e.reference_page) for g in groups for e in g.entries}
    unreadable = [
        case.again(i, Flag.UNREADABLE)
        for i, page in enumerate(case.interior, 1)
        if page.kind is PageKind.UNREADABLE and key_of(page) not in wanted
    ]
    groups += [Group(tuple(unreadable), len(unreadable))] if unreadable else []
    return tuple(replace(e, group=n, need=g.need) for n, g in enumerate(groups, 1) for e in g.entries)


def in_groups(entries: Sequence[Rescan]) -> list[list[Rescan]]:
    """The entries of each group."""
    return [[e for e in entries if e.group == n] for n in dict.fromkeys(e.group for e in entries)]


def which(entries: Sequence[Rescan]) -> str:
    """The scans of some entries: ``"p-1.jpg and p-2.jpg (pages 3-4) and pages 7-9"``."""
    files = list(dict.fromkeys(e.file for e in entries if e.file))
    of_files = [e.reference_page for e in entries if e.reference_page and e.file]
    pages = [e.reference_page for e in entries if e.reference_page and not e.file]
    named = [f"{listed(files)}{f' ({_pages(of_files)})' if of_files else ''}"] if files else []
    named += [_pages(pages)] if pages else []
    return " and ".join(
        [*named, *("the empty glass" if e.role is Role.GLASS else str(e.role) for e in entries if e.role)]
    )


def _pages(numbers: Sequence[int]) -> str:
    return f"page{'s' if len(numbers) > 1 else ''} {ranges(numbers)}"


def _distinct(groups: Iterable[Group]) -> list[Group]:
    """Groups of the same scans taken together, and those that are made alike and of which all are needed."""
    most: dict[tuple[Rescan, ...], int] = {}
    for group in groups:
        most[group.entries] = max(group.need, most.get(group.entries, 0))
    whole: dict[tuple[str, ...], dict[Rescan, None]] = {}
    some = []
    for entries, need in most.items():
        if need == len(entries):
            whole.setdefault(tuple({e.how: None for e in entries}), {}).update(dict.fromkeys(entries))
        else:
            some.append(Group(entries, need))
    return some + [Group(tuple(entries), len(entries)) for entries in whole.values()]


def _for_rules(case: Case, lacking: Sequence[tuple[Rule, Edge | None]]) -> list[Group]:
    """Scans that required rules lack; none where what was ordered is not known, as no scan tells."""
    edges, groups = [], []
    for rule, edge in lacking:
        nulls = [o for o in case.observations if o.measure == rule.measure and o.value is None]
        nulls = [o for o in nulls if edge is None or o.where.edge is edge]
        flags = {f for o in nulls for f in o.flags}
        if flags & {Flag.TRIM_NOT_STATED, Flag.NO_REFERENCE}:
            return []
        if Flag.HALF_LEAVES in flags or Flag.NOT_COMPLETE in flags:
            groups.append(sides_not_scanned(case))
        elif MEASURES[rule.measure].subject == "cut":
            edges += [edge] if edge else [e for o in nulls for e in EDGES_ALONG.get(o.where.axis or "", ())]
        elif flags & {Flag.END_NOT_SEEN, Flag.LAST_CONTENT_NOT_SEEN}:
            groups.append(_end(case))
        else:
            groups.append(_any_page(case, nulls))
    return groups + _cuts(case, edges)


def _cuts(case: Case, edges: Sequence[Edge]) -> list[Group]:
    """Scans by which each of `edges` is seen on enough pages."""
    better: dict[Edge, dict[int, str]] = {}
    need: dict[Edge, int] = {}
    for edge in dict.fromkeys(edges):
        better[edge] = case.better(case.cuts(edge))
        need[edge] = max(MIN_PAGES - sum(o.value is not None for o in case.cuts(edge)), 1)
    if not better:
        return []
    first = next(iter(better.values()))
    together = {page: flag for page, flag in first.items() if all(page in b for b in better.values())}
    group = enough(case, together, max(need.values()))
    if group.possible:
        return [group]
    return [enough(case, pages, need[edge]) for edge, pages in better.items()]


def _end(case: Case) -> Group:
    unseen = [n for n in case.not_seen if n.reference_page is not None]
    if not unseen:
        return Group((), 1)
    last = max(unseen, key=lambda n: n.reference_page or 0)
    how = f"Scan from page {last.reference_page} on to the end of the copy, blank pages too. {case.how}"
    return Group((replace(asked(last), how=how),), 1)


def _any_page(case: Case, nulls: Sequence[Observation]) -> Group:
    """One page on which a measure tells something."""
    return enough(case, case.better(nulls), MIN_PAGES if any(Flag.FEW_PAGES in o.flags for o in nulls) else 1)
