"""From observations to findings and a verdict. Only numbers are read here, never pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from statistics import NormalDist

from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.claim import known, printed_before_change
from qc.judge.cover_gaps import INSIDE, cover_gaps, looked_at_cover
from qc.judge.messages import Book, capital, listed, message, name, ranges
from qc.judge.own_words import own_sentence, seen_size
from qc.judge.policy import Policy
from qc.judge.rescan_list import in_groups, rescan_list, which
from qc.judge.rule import Rule
from qc.judge.scan_case import AGAIN, Case
from qc.judge.summary import NOT_CHECKED, NOT_SCANNED, STALE, shortly, sound, worst
from qc.measure import MEASURES
from qc.measure.color_defect import color_defect
from qc.measure.details import GapDetail, MarksDetail
from qc.measure.foreign_pages import pages_foreign
from qc.measure.page_sequence import pages_missing
from qc.measure.words import place_in_book
from qc.model import (
    BookCopy,
    Detail,
    Finding,
    FindingOutcome,
    NotSeen,
    Observation,
    PageKind,
    PageRecord,
    ReferenceId,
    Rescan,
    Verdict,
    VerdictOutcome,
    Where,
)

FALSE_OUTSIDE = 0.001
WITHOUT_DESIGN = frozenset({"none", "consensus"})
"""Kinds of reference that do not say where the print belongs: never a no-defect."""
_NO_PRINT = frozenset({str(Flag.BLANK), str(Flag.COVER), str(Flag.NO_BOUND_PAGES)})
_NOT_ORDERED = frozenset({str(Flag.LITTLE_COLOR), str(Flag.TONES_BY_PLACE), str(Flag.PAPER_NOT_STATED)})
_STATE = {
    Flag.NO_REFERENCE: "add the reference the copy was ordered from (--titles or --reference)",
    Flag.TRIM_NOT_STATED: 'add the ordered trim, trim = "… x … in" under [reference] in copy.toml or in title.toml',
}
"""What no scan tells."""
_REASONS = (
    Flag.NOT_REGISTERED,
    Flag.SPARSE,
    Flag.PERIODIC,
    Flag.BLANK,
    Flag.FEW_PAGES,
    Flag.END_NOT_SEEN,
    Flag.HALF_LEAVES,
)
"""Why nothing is judged where a better scan of the same page does not help."""
MOST_NAMED = 5
"""Words that name the scans of a group in the sentence of a verdict; more stand in the list alone."""
Lack = tuple[Rule, Edge | None]


def compares_content(measure: str) -> bool:
    """Whether a measure compares the content of a copy with the ordered file; an unknown one does not."""
    return measure in MEASURES and MEASURES[measure].content


def judge(
    observations: Sequence[Observation],
    policy: Policy,
    copy: BookCopy,
    pages: Sequence[PageRecord],
    reference: ReferenceId,
    not_seen: Sequence[NotSeen] = (),
    not_checked: Sequence[str] = (),
) -> tuple[tuple[Finding, ...], Verdict]:
    """Findings of every rule of the policy on a copy, and the verdict they make.

    Parameters
    ----------
    observations : sequence of Observation
        All that was measured; values and u (k = 1) in the unit of their measure.
    policy : Policy
        Its k expands u to U = k u; u None means exact.
    copy : BookCopy
        Tells which spine edge was cut by the printer, and names the scans.
    pages : sequence of PageRecord
        What each scan was taken for; unreadable ones are named as not checked.
    reference : ReferenceId
        Of kind ``"none"`` or ``"consensus"`` there is never a no-defect.
    not_seen : sequence of NotSeen
        What the scans do not show; which of it the verdict asks for is chosen here.
    not_checked : sequence of str
        What the caller knows was not looked at, in words.

    Returns
    -------
    findings : tuple of Finding
        In the order of the rules. A required rule has at least one finding for each judged edge.
    verdict : Verdict
        A defect rule outside makes a defect; else one undecided needs review; else a required rule not judged is
        insufficient evidence; else no defect. Notes never count.

    Notes
    -----
    Of the claim only the two dates of the revision are read; where it does not state when the copy was printed, the
    imprint does, if it was read surely. A copy printed before the author's last change is
    measured like any other, but its differences of content from the present reference (`Measure.content`) are set
    aside: not judged, not required, with a message that says why. On the same day nothing is set aside; the refund
    then goes to a person. Where the imprint was not read surely and may be of before the change, they carry the flag
    ``revision-unsure``, which a rule may list as a doubt.

    A rule over many pages compares many times. For values with an uncertainty its outside needs the interval whose
    one-sided error, summed over all pages, is 0.1 % of sound copies; what k·u alone would call outside is undecided.
    That assumes normal errors: a measure with heavier tails fools it.
    """
    facts = known(copy, observations)
    copy = facts.copy
    if facts.older_perhaps:
        observations = [_of_a_revision_unsure(o) for o in observations]
    book = _book(copy, pages)
    findings = tuple(f for rule in policy.rules for f in _judge_rule(rule, policy, observations, copy, book))
    missing = _missing(policy, findings, copy)
    defects = [f for f in findings if f.severity == "defect" and f.outcome is FindingOutcome.OUTSIDE]
    doubts = [f for f in findings if f.severity == "defect" and f.outcome is FindingOutcome.UNDECIDED]
    unseen = [*cover_gaps(observations), *not_checked, *_not_judged(policy, findings, observations, copy)]
    unseen = list(dict.fromkeys([*unseen, *_not_scanned(copy, pages, not_seen, observations, book)]))
    case = Case(copy, findings, observations, pages, not_seen, policy.k)
    lacking = [] if reference.kind in WITHOUT_DESIGN else list(missing.values())
    if defects:
        decision, said = VerdictOutcome.DEFECT, worst(defects, policy, observations, book)
    elif doubts:
        decision, said = VerdictOutcome.NEEDS_REVIEW, worst(doubts, policy, observations, book)
    elif missing or reference.kind in WITHOUT_DESIGN:
        decision = VerdictOutcome.INSUFFICIENT_EVIDENCE
        said = _lacking(missing, case, reference)
        if reference.kind in WITHOUT_DESIGN and (alone := own_sentence(observations)):
            said += f"; {alone}"
    else:
        decision, said = VerdictOutcome.NO_DEFECT, sound(findings, policy, copy.claim)
    gaps = _beside(unseen, missing, decision, reference) if copy.scans else []
    if gaps and not copy.pages:
        gaps = [*(g for g in gaps if g in cover_gaps(observations)), INSIDE]
    summary = f"{said}{NOT_CHECKED}{shortly(gaps)}." if gaps else f"{said}."
    return findings, Verdict(decision, summary, tuple(unseen), rescan_list(case, decision, lacking))


def judge_between(observations: Sequence[Observation], policy: Policy) -> tuple[Finding, ...]:
    """Findings on observations between copies; rules without an observation give none."""
    measures = {o.measure for o in observations}
    rules = [r for r in policy.rules if r.measure in measures]
    return tuple(
        f for rule in rules for f in _judge_rule(replace(rule, required=False), policy, observations, None, {})
    )


def spine_in_doubt(found: Iterable[Observation | Finding]) -> bool:
    """Whether what is named spine may be the fore-edge."""
    return any(f.where.edge is Edge.SPINE and Flag.SIDES_NOT_PROVEN in f.flags for f in found)


def _judge_rule(
    rule: Rule, policy: Policy, observations: Sequence[Observation], copy: BookCopy | None, book: Book
) -> list[Finding]:
    edges = rule.judged_edges(copy.scan, spine_in_doubt(observations)) if copy else ()
    if rule.edges and not edges:
        return []
    seen = [o for o in observations if _applies(rule, o, edges)]
    aside = copy is not None and _set_aside(rule, copy)
    if rule.required and not aside and rule.edges:
        missing = [e for e in edges if all(o.where.edge is not e for o in seen)]
        seen += [_nothing(rule, Where(edge=edge)) for edge in missing]
    elif rule.required and not aside and not seen:
        seen = [_nothing(rule, Where())]
    compared = sum(o.value is not None for o in seen) if rule.scope == "page" else 1
    k_outside = max(policy.k, NormalDist().inv_cdf(1 - FALSE_OUTSIDE / compared)) if compared > 1 else policy.k
    findings = [_finding(rule, policy.k, k_outside, o, book) for o in seen]
    if not (aside and copy):
        return findings
    why = (
        f"{capital(name(rule))} was set aside, as the copy was printed on {copy.claim.printed_on}, before the author's "
        f"last change on {copy.claim.content_updated_on}."
    )
    # Another book's block is no earlier revision for certain: a person has to tell them apart.
    return [
        f
        if f.value and Flag.ANOTHER_BOOK in f.flags
        else replace(f, outcome=FindingOutcome.NOT_JUDGED, margin=None, required=False, message=why)
        for f in findings
    ]


def _book(copy: BookCopy, pages: Sequence[PageRecord]) -> Book:
    """Which page of the book each scanned page shows."""
    shown = {(p.file, p.frame): p.reference_page for p in pages}
    return {n: shown.get((s.name, s.frame)) for n, s in enumerate(copy.pages, 1)} if pages else {}


def _applies(rule: Rule, observation: Observation, edges: tuple[Edge, ...]) -> bool:
    return (
        observation.measure == rule.measure
        and (not edges or observation.where.edge in edges)
        and (rule.code is None or Detail.of(observation).code in (None, rule.code))
    )


def _set_aside(rule: Rule, copy: BookCopy) -> bool:
    return compares_content(rule.measure) and printed_before_change(copy.claim)


def _of_a_revision_unsure(observation: Observation) -> Observation:
    if not compares_content(observation.measure) or observation.value is None:
        return observation
    return replace(observation, flags=(*observation.flags, Flag.REVISION_UNSURE))


def _nothing(rule: Rule, where: Where) -> Observation:
    return Observation(rule.measure, 0, where, None, rule.unit)


def _finding(rule: Rule, k: float, k_outside: float, observation: Observation, book: Book) -> Finding:
    listed_doubts = tuple(f for f in observation.flags if f in rule.doubt)
    outcome = rule.outcome(observation.value, observation.u, k, k_outside, listed_doubts)
    doubt = listed_doubts if outcome is FindingOutcome.UNDECIDED else ()
    return Finding(
        rule=rule.id,
        outcome=outcome,
        severity=rule.severity_of(observation),
        measure=rule.measure,
        value=observation.value,
        unit=rule.unit,
        u=observation.u,
        within=rule.within_text,
        outside=rule.outside_text,
        magnitude=rule.magnitude,
        where=observation.where,
        margin=None if observation.value is None else rule.margin(observation.value),
        code=Detail.of(observation).code or rule.code,
        message=message(rule, outcome, observation, book, doubt) + ".",
        clause=rule.clause,
        source=rule.standing,
        verbatim=rule.verbatim,
        required=rule.required,
        flags=observation.flags,
        doubt=doubt,
        evidence=observation.evidence,
        salience=max(MarksDetail.of(observation).salience, default=0.0),
    )


def _missing(policy: Policy, findings: Sequence[Finding], copy: BookCopy) -> dict[str, Lack]:
    """What required rules lack, in words: the rule, and its edge."""
    missing: dict[str, Lack] = {}
    for rule in policy.rules:
        mine = [f for f in findings if f.rule == rule.id]
        # A copy stated complete that is not: what is asked for may change the verdict.
        unfinished = any(f.outcome is FindingOutcome.NOT_JUDGED and Flag.HALF_LEAVES in f.flags for f in mine)
        if not (rule.required or unfinished) or _set_aside(rule, copy):
            continue
        judged = [f for f in mine if f.outcome is not FindingOutcome.NOT_JUDGED]
        if rule.edges:
            edges = rule.judged_edges(copy.scan, spine_in_doubt(findings))
            lacking = [e for e in edges if all(f.where.edge is not e for f in judged)]
            missing |= {f"{name(rule)} at the {e}": (rule, e) for e in lacking}
        elif unfinished or not judged:
            missing[name(rule)] = (rule, None)
    return missing


def _not_judged(
    policy: Policy, findings: Sequence[Finding], observations: Sequence[Observation], copy: BookCopy
) -> list[str]:
    words = list(_missing(policy, findings, copy))
    covered = looked_at_cover(observations)
    for rule in policy.rules:
        if rule.required and not _set_aside(rule, copy):
            continue
        # What can never call a defect is not missed.
        if (
            rule.severity == "note"
            or rule.outside is None
            or rule.scope == "copies"
            or (MEASURES[rule.measure].subject == "cover" and not covered)
            or (rule.edges and not rule.judged_edges(copy.scan, spine_in_doubt(observations)))
        ):
            continue
        # Which pages were not scanned is said by themselves.
        if any(f.rule == rule.id and Flag.NOT_COMPLETE in f.flags for f in findings):
            continue
        mine = [f for f in findings if f.rule == rule.id and not (f.flags and _NO_PRINT.issuperset(f.flags))]
        ordered = [f for f in mine if not (f.flags and _NOT_ORDERED.issuperset(f.flags))]
        looked_at = mine or (rule.code and any(o.measure == rule.measure for o in observations))
        if looked_at and not ordered and rule.measure == color_defect.id:
            continue
        open_ = [f for f in ordered if f.outcome is FindingOutcome.NOT_JUDGED]
        if _set_aside(rule, copy):
            words.append(f"{name(rule)}{STALE}")
        elif len(open_) == len(ordered):
            words.append(name(rule) + _late(open_))
        elif open_:
            words.append(f"{name(rule)} on {len(open_)} of {len(ordered)} pages")
    return words


def _late(findings: Sequence[Finding]) -> str:
    """Which scans leave the order open, where leaves came late among them."""
    late = [f.where.page for f in findings if Flag.SCANNED_LATE in f.flags and f.where.page]
    return f" (scanned pages {ranges(late)} were scanned late, or are bound there)" if late else ""


def _beside(
    unseen: Sequence[str], missing: Mapping[str, Lack], decision: VerdictOutcome, reference: ReferenceId
) -> list[str]:
    """What was not checked and is said beside the finding: nothing that it says or asks for already."""
    if decision is VerdictOutcome.NO_DEFECT:
        return [u for u in unseen if not u.endswith(STALE)]
    if decision is not VerdictOutcome.INSUFFICIENT_EVIDENCE:
        return list(unseen)
    return [] if reference.note else [u for u in unseen if u not in missing and not u.startswith(NOT_SCANNED)]


def _not_scanned(
    copy: BookCopy,
    pages: Sequence[PageRecord],
    not_seen: Sequence[NotSeen],
    observations: Sequence[Observation],
    book: Book,
) -> list[str]:
    words = []
    # Of these a finding speaks.
    missing = {
        n for o in observations if o.measure == pages_missing.id and o.value for n in GapDetail.of(o).reference_pages
    }
    foreign = [o.where.page for o in observations if o.measure == pages_foreign.id and o.value and o.where.page]
    told = missing | {place_in_book(p, book) for p in foreign}
    repeated = sum(p.same_as is not None for p in pages)
    broken = [p.file for p in pages if p.kind is PageKind.UNREADABLE]
    if broken:
        words.append(f"unreadable scans: {', '.join(broken)}")
    unseen = [n.reference_page for n in not_seen if n.reference_page is not None and n.file is None]
    unseen = [n for n in unseen if n not in told]
    if unseen:
        words.append(f"{NOT_SCANNED}{ranges(unseen)}")
    elif copy.pages_expected and (lacking := copy.pages_expected - len(copy.pages) + repeated) > 0:
        words.append(f"{NOT_SCANNED}{lacking} of {copy.pages_expected}")
    return words


def _lacking(missing: Mapping[str, Lack], case: Case, reference: ReferenceId) -> str:
    """What was not judged and why, and what to add, as the list of scans has it."""
    if not case.copy.scans:
        lost = case.copy.claim.reason == "lost"
        return "Nothing was scanned" + ", as the copy is claimed as lost; a refund for that needs no scans" * lost
    edges = [edge for _, edge in missing.values() if edge]
    lacking = [x for x in case.findings if x.outcome is FindingOutcome.NOT_JUDGED]
    flags = Counter(f for x in lacking if x.required or Flag.HALF_LEAVES in x.flags for f in x.flags)
    flags.update(f for o in case.observations if o.value is None and o.where.edge in edges for f in o.flags)
    known = [f for f in Flag if f in AGAIN or f in _REASONS if flags[f]]
    flag = max(known, key=lambda f: (f is not Flag.FEW_PAGES, flags[f]), default=Flag.FEW_PAGES)
    if flags[Flag.TRIM_NOT_STATED]:
        # No scan tells what was ordered, so this comes first.
        flag = Flag.TRIM_NOT_STATED
    if reference.kind in WITHOUT_DESIGN:
        flag = Flag.NO_REFERENCE
    if reference.kind == "none" and reference.note:
        return capital(reference.note.rstrip("."))
    said = f"{_of_what(missing, case)} could not be judged: {flag.meaning}" if missing else flag.meaning
    return f"{capital(said)}; {_what_to_add(flag, missing, case)}"


def _of_what(missing: Mapping[str, Lack], case: Case) -> str:
    edges = [edge for _, edge in missing.values() if edge]
    judged = any(f.required and f.where.edge and f.outcome is not FindingOutcome.NOT_JUDGED for f in case.findings)
    if len(edges) > 1 and not judged:
        return "the cuts" if len(edges) == len(missing) else f"the cuts and other checks ({len(missing) - len(edges)})"
    return f"the cut at the {listed(edges)}" if len(edges) == len(missing) else listed(missing)


def _what_to_add(flag: Flag, missing: Mapping[str, Lack], case: Case) -> str:
    if flag in _STATE:
        return _STATE[flag] + (seen_size(case.observations) if flag is Flag.TRIM_NOT_STATED else "")
    if case.copy.claim.reason == "lost":
        return "the copy is claimed as lost"
    asked = rescan_list(case, VerdictOutcome.INSUFFICIENT_EVIDENCE, list(missing.values()))
    groups = [_some(g) for g in in_groups(asked)]
    return f"scan {listed(groups)}" if groups else "no further scan would tell"


def _some(group: Sequence[Rescan]) -> str:
    """The scans of a group for a sentence: by name, or where these are many, how many of the list they stand in."""
    count, named, need = len(group), which(group), group[0].need
    again = "again " if all(e.file for e in group) else ""
    if len(named.split()) > MOST_NAMED:
        return f"{again}any {need} of the {count} pages listed" if need < count else f"{again}the {count} pages listed"
    return f"{again}any {need} of {named}" if need < count else f"{again}{named}"
