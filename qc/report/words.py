"""Sentences shared by the terminal summary and the HTML report."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.clause import cite
from qc.judge.messages import listed, name_of
from qc.judge.own_words import own_facts
from qc.judge.ranking import deciding
from qc.judge.rescan_list import in_groups, which
from qc.measure import MEASURES, readings
from qc.measure.blank_pages import BookEnd, blank_pages_unexplained
from qc.measure.print_position_jitter import print_position_jitter
from qc.measure.trim_offset_block import trim_offset_block
from qc.measure.trim_size_block import trim_size_block
from qc.measure.trim_skew import trim_skew
from qc.model import (
    Finding,
    FindingOutcome,
    Inspection,
    Observation,
    Reason,
    ReferenceId,
    Rescan,
    VerdictOutcome,
    Where,
)
from qc.number_format import plus_minus, signed_plus_minus, spoken
from qc.report.bullet_graph import limit_of

VERDICT = {
    VerdictOutcome.DEFECT: "DEFECT",
    VerdictOutcome.NO_DEFECT: "NO DEFECT",
    VerdictOutcome.NEEDS_REVIEW: "REVIEW",
    VerdictOutcome.INSUFFICIENT_EVIDENCE: "NO EVIDENCE",
}
LOST = "LOST COPY"
"""In the place of the verdict of a copy that there is nothing to see of."""
OUTCOME = {
    FindingOutcome.OUTSIDE: "OUTSIDE",
    FindingOutcome.UNDECIDED: "undecided",
    FindingOutcome.NOT_JUDGED: "not judged",
    FindingOutcome.WITHIN: "within",
}
MARK = {
    FindingOutcome.OUTSIDE: "✖",
    FindingOutcome.UNDECIDED: "?",
    FindingOutcome.NOT_JUDGED: "∅",
    FindingOutcome.WITHIN: "✔",
}
REFUND = {"eligible": "yes", "not-eligible": "no", "review": "a person decides"}
REASON = {
    "wrong-item": "another item than was ordered",
    "defect": "defect",
    "lost": "lost in transit",
    "damaged": "damaged in transit",
    "claim-window": "claimed too late",
    "expected-variance": "expected variance",
    "stale-revision": "printed before the author's last change",
    "none-found": "no defect found",
    "insufficient-evidence": "not enough evidence",
}
"""The codes of a refund's reasons in words; of a copy that needs review its own reason is said."""
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
_SHARE = re.compile(r"(\d+(?:\.\d+)?) fraction")
SQUARE_DEG = 0.15
"""0.6 mm over the length of a 9 in edge: what a guillotine does."""
STEADY_MM = 0.05
_MEANING = {str(f): f.meaning for f in Flag}
UNIT = {"dE00": "ΔE00", "deg": "°"}
_ROLE = {"cover-front": "front cover", "cover-back": "back cover", "cover-wrap": "flat cover", "glass": "empty glass"}
_ALONG = {"x": "horizontal", "y": "vertical"}


def clean(text: str) -> str:
    """`text` fit to print: control characters, direction overrides and broken bytes of a stranger's name replaced."""
    return _UNPRINTABLE.sub("�", text)


def one_line(text: str) -> str:
    """`clean` text without line breaks."""
    return " ".join(clean(text).split())


def place(where: Where) -> str:
    """Such as ``"scanned page 7, fore-edge"``; ``"copy"`` where nothing narrower is known."""
    parts = [
        where.page and f"scanned page {where.page}",
        where.side and f"{where.side} cover",
        where.edge and str(where.edge),
        where.axis and _ALONG.get(where.axis, where.axis),
        where.copy,
        where.copies and " and ".join(where.copies),
    ]
    return ", ".join(p for p in parts if p) or "copy"


def judged(inspection: Inspection) -> Sequence[Finding]:
    """What the rules say of a copy; nothing where nothing was scanned: no page that is wrong is then no pass."""
    return inspection.findings if inspection.copy.scans else ()


def rows(ranked: Sequence[Finding]) -> list[tuple[Finding, str]]:
    """Findings with their place; pages that are within, or not judged, share a line with the one nearest its limit."""
    together: dict[tuple[object, ...], list[Finding]] = {}
    for n, f in enumerate(ranked):
        quiet = f.where.page is not None and f.outcome in (FindingOutcome.WITHIN, FindingOutcome.NOT_JUDGED)
        together.setdefault((f.rule, f.outcome, f.where.edge) if quiet else (n,), []).append(f)
    return [(g[0], place(g[0].where) if len(g) == 1 else _pages(g)) for g in together.values()]


def _pages(group: Sequence[Finding]) -> str:
    edge = group[0].where.edge
    return f"{len(group)} pages, {edge}" if edge else f"{len(group)} pages"


def measured(value: float | None, u: float | None, unit: str, k: float, measure: str = "") -> str:
    """Value ± U as `qc.number_format` prints it.

    Lengths and densities carry their sign, because it says which way the cut or the ink went, unless the `measure` has no
    direction.
    """
    if value is None:
        return "not measured"
    if unit == "fraction":
        value, u, unit = 100 * value, None if u is None else 100 * u, "%"
    text = signed_plus_minus if _has_direction(unit, measure) else plus_minus
    return text(value, None if u is None else k * u, UNIT.get(unit, unit))


def _has_direction(unit: str, measure: str) -> bool:
    return unit in ("mm", "deg", "density") and (measure not in MEASURES or MEASURES[measure].signed)


def cut(offset_mm: float) -> str:
    """A trim offset as a label in a picture: ``"3.6 mm too deep"``."""
    return f"{abs(offset_mm):.1f} mm {'too deep' if offset_mm < 0 else 'left over'}"


def signed_mm(value: float) -> str:
    """``"−0.6 mm"``."""
    return f"{value:+.1f} mm".replace("-", "−") if round(value, 1) else "0.0 mm"


def up_to(limit: str) -> str:
    """A limit on a size either way, such as ``"< 3.175 mm"``, as people write it: ``"±3.2 mm"``."""
    known = limit_of(limit)
    return f"±{known.value:.1f} mm" if known else ""


def limit(finding: Finding) -> str:
    """The limit that explains the outcome: ``"outside > 3.2 mm"`` or ``"within ≤ 0"``; either way ``"outside > ±3.2 mm"``."""
    outside = finding.outcome is FindingOutcome.OUTSIDE
    text = limit_text(finding.outside if outside else finding.within)
    if finding.magnitude and _has_direction(finding.unit, finding.measure):
        text = text.replace(" ", " ±", 1)
    return f"{'outside' if outside else 'within'} {text}"


def limit_text(text: str) -> str:
    """A limit as people write it: ``"≤ 10"`` for ``"<= 10 count"``, ``"≤ 60 %"`` for ``"<= 0.6 fraction"``."""
    text = _SHARE.sub(lambda share: f"{100 * float(share[1]):.10g} %", text)
    return (
        text.replace("<=", "≤").replace(">=", "≥").replace("dE00", "ΔE00").replace(" deg", "°").removesuffix(" count")
    )


def role(given: str) -> str:
    """What a scan was taken for: ``"front cover"``, ``"spine"``."""
    return _ROLE.get(given, given)


def name(finding: Finding) -> str:
    """What a finding is about, as a noun: ``"cut"``, ``"missing ink"``."""
    return name_of(finding)


def flag_meaning(flag: str) -> str:
    """What a flag of an observation means."""
    return _MEANING.get(flag, flag)


def reference(ref: ReferenceId, cover: bool = False) -> str:
    """What the copy was compared with; `cover` tells that its cover was."""
    if ref.kind == "none" and cover:
        return "ordered cover"
    if ref.kind == "none":
        return f"no reference ({ref.note})" if ref.note else "no reference"
    kind = {"pdf": "PDF", "copy": "approved copy", "consensus": "consensus of copies"}.get(ref.kind, ref.kind)
    return f"{kind} {ref.id}" if ref.id else kind


def block(inspection: Inspection, k: float) -> str:
    """How the block was cut and printed.

    Such as ``"2.6 mm (0.10 in) too deep at the fore-edge, pages 0.2 mm (0.008 in) shorter than ordered, square, print off by 0.3 mm
    from page to page"``. Nothing is called square or steady that was not measured well enough to say so.
    """
    known = [o for o in inspection.observations if o.value is not None]
    cuts = [o for o in known if o.measure == trim_offset_block.id and o.where.edge is not Edge.SPINE]
    said = [_cut(max(cuts, key=lambda o: abs(o.value or 0.0)))] if cuts else []
    said += [_size(o) for o in known if o.measure == trim_size_block.id]
    turned = [o for o in known if o.measure == trim_skew.id and not o.where.page and o.where.edge is not Edge.SPINE]
    if turned:
        worst = max(turned, key=lambda o: abs(o.value or 0.0) + k * (o.u or 0.0))
        size, doubt = abs(worst.value or 0.0), k * (worst.u or 0.0)
        if size + doubt < SQUARE_DEG:
            said.append("square")
        elif size > doubt:
            said.append(f"{worst.where.edge} turned by {size:.1f}°")
        else:
            said.append(f"square within {_at_most(size + doubt)}°")
    jitter = [o for o in known if o.measure == print_position_jitter.id]
    if jitter:
        most = max(jitter, key=lambda o: o.value or 0.0)
        reach = (most.value or 0.0) + k * (most.u or 0.0)
        told = (most.value or 0.0) >= STEADY_MM
        off = f"{most.value:.1f} mm" if told else f"less than {_at_most(reach)} mm"
        said.append(f"print off by {off} from page to page")
    return ", ".join(said + own_facts(inspection.observations, k))


def _at_most(bound: float) -> str:
    """A bound may be rounded up only."""
    return f"{math.ceil(10 * bound - 1e-9) / 10:.1f}"


def _cut(offset: Observation) -> str:
    value = offset.value or 0.0
    return f"{spoken(value, 'mm')} {'too deep' if value < 0 else 'left over'} at the {offset.where.edge}"


def _size(deviation: Observation) -> str:
    value = deviation.value or 0.0
    more, less = ("taller", "shorter") if deviation.where.axis == "height" else ("wider", "narrower")
    return f"pages {spoken(value, 'mm')} {more if value > 0 else less} than ordered"


def pages(inspection: Inspection) -> str:
    """How many interior pages were scanned, and how many the book has if that is known."""
    count, expected = len(inspection.copy.pages), inspection.copy.pages_expected
    if not count and inspection.copy.scans:
        return "cover only"
    noun = "page" if count == 1 else "pages"
    return f"{count} {noun}" if expected is None else f"{count} of {expected} pages"


def scanner(inspection: Inspection) -> str:
    """The scanner profile used."""
    profile = inspection.provenance.scanner.get("profile")
    return f"scanner {profile}" if profile else "no scanner profile"


@dataclass(frozen=True)
class Scans:
    """Scans to make, of which some suffice: how many, which and why, and how they are made."""

    some: str
    which: list[str]
    how: list[str]


def rescans(entries: Sequence[Rescan]) -> list[Scans]:
    """Scans to make, by group; those asked for with the same reason share a line."""
    return [_scans(group) for group in in_groups(entries)]


def _scans(group: Sequence[Rescan]) -> Scans:
    need, count = group[0].need, len(group)
    some = f"Any {need} of these" if need < count else "All of these" if count > 1 else "This one"
    reasons = dict.fromkeys((e.why, bool(e.file)) for e in group)
    lines = [f"{which([e for e in group if (e.why, bool(e.file)) == r])}: {r[0]}" for r in reasons]
    hows = {how: [e for e in group if e.how == how] for how in dict.fromkeys(e.how for e in group if e.how)}
    alone = len(hows) == 1
    return Scans(some, lines, [how if alone else f"{which(of)}: {how}" for how, of in hows.items()])


def headline(inspection: Inspection) -> str:
    """The verdict in a word or two; of a lost copy that nothing can be seen of, what it is."""
    return LOST if lost(inspection) else VERDICT[inspection.verdict.outcome]


def lost(inspection: Inspection) -> bool:
    """Whether a copy is claimed as lost and nothing was scanned, and nobody decided otherwise."""
    nothing_seen = inspection.verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE and not inspection.copy.scans
    return nothing_seen and inspection.copy.claim.reason == "lost"


def refund(inspection: Inspection) -> str:
    """Whether money goes back, and why: ``"yes (defect)"``."""
    given = inspection.refund
    said = REFUND.get(given.outcome, given.outcome)
    if given.route == "returns-center":
        said += ", the returns center takes it"
    why = ", ".join(dict.fromkeys(filter(None, (REASON.get(r.code, r.detail) for r in given.reasons))))
    return f"{said} ({why})" if why else said


def reason(said: Reason) -> str:
    """The sentence a refund rests on, where it stands, and what is particular to this copy."""
    return f"{cite(said.clause, said.verbatim)} ({said.source}){f': {said.detail}' if said.detail else ''}"


def cited(inspection: Inspection) -> Finding | Reason | None:
    """What holds the policy's sentence on the verdict: the finding that decides, else the first reason of the refund."""
    counts = inspection.verdict.outcome in (VerdictOutcome.DEFECT, VerdictOutcome.NEEDS_REVIEW)
    return (deciding(inspection) if counts else None) or next(iter(inspection.refund.reasons), None)


def ticket(inspection: Inspection, k: float) -> str:
    """What to paste into the refund ticket: verdict, clause, refund, and in brackets what it rests on; `k` expands u to U."""
    copy, policy, rests_on = inspection.copy, inspection.policy, cited(inspection)
    named = ", ".join(p for p in (copy.title, copy.isbn and f"ISBN {copy.isbn}") if p)
    clause = f" Policy: {_sentence(cite(rests_on.clause, rests_on.verbatim))}" if rests_on and rests_on.clause else ""
    basis = deciding(inspection)
    measured_by = [f"policy {policy.id} {policy.version}"]
    if basis is not None and basis.value is not None:
        size = "" if basis.unit == "count" else f": {measured(basis.value, basis.u, basis.unit, k, basis.measure)}"
        measured_by.insert(0, f"{place(basis.where)}{size}")
        measured_by.append(f"rule {basis.rule}")
    return one_line(
        f"{copy.id}{f' ({named})' if named else ''}: {headline(inspection)}. "
        f"{_sentence(inspection.verdict.summary)}{clause} "
        f"Refund: {refund(inspection)}. "
        f"[{'; '.join(measured_by)}; qc {inspection.provenance.qc}, {inspection.provenance.started[:10]}]"
    )


def _sentence(text: str) -> str:
    return text if text.rstrip("”").endswith((".", "!", "?")) else f"{text}."


def between_copies(inspection: Inspection) -> str:
    """How the copy compares with others of its title, in a line without a verdict; empty where nothing was compared."""
    pairs = [f for f in inspection.findings if f.where.copies and f.value is not None]
    if not pairs:
        return ""
    no_bearing = "this does not bear on the verdict"
    off = [f for f in pairs if f.outcome is not FindingOutcome.WITHIN]
    if not off:
        others, what = _others(pairs, inspection), _compared(pairs)
        copies = "the other copy" if len(others) == 1 else f"{len(others)} other copies"
        return f"For comparison: this copy is like {copies} of the title in {what}; {no_bearing}."
    others = _others(off, inspection)
    differ = "differs" if len(others) == 1 else "differ"
    return f"For comparison: {listed(others)} {differ} from this copy in {_compared(off)}; {no_bearing}."


def _others(pairs: Sequence[Finding], inspection: Inspection) -> list[str]:
    return sorted({c for f in pairs for c in f.where.copies or ()} - {inspection.copy.id})


def _compared(pairs: Sequence[Finding]) -> str:
    return listed(dict.fromkeys(name_of(f).removesuffix(" difference") for f in pairs))


def imprint(inspection: Inspection) -> str:
    """What the imprint says and where, or why nothing was read; empty where no page was scanned."""
    day, where = (
        next((o for o in inspection.observations if o.measure == m), None)
        for m in (readings.print_date.id, readings.print_place.id)
    )
    if day is None or where is None or not inspection.copy.pages:
        return ""
    printed, at = readings.PrintDateDetail.of(day), readings.ReadDetail.of(where)
    parts = [at.text] if where.value is not None else []
    parts += [f"plant {at.plant}"] if at.plant else []
    if day.value is not None:
        doubt = "".join(f" ({_MEANING.get(f, f)})" for f in day.flags)
        parts.append(f"printed {printed.text}{doubt}")
    else:
        parts.append("; ".join(_MEANING.get(f, f) for f in day.flags))
    codes = [readings.ReadDetail.read(c) for c in printed.codes or ()]
    parts += [f"{c.kind} {c.text}" for c in codes]
    if day.where.page:
        parts.append(place(day.where))
    return " · ".join(parts)


def last_pages(inspection: Inspection) -> str:
    """What stands at the end of the copy and why; empty where nothing follows the content or the end was not seen."""
    ends = [o for o in inspection.observations if o.measure == blank_pages_unexplained.id and o.value is not None]
    said = [(o, words) for o in ends if (words := BookEnd.of(o).words)]
    return "; ".join(f"{words}{': expected' if not o.value else ''}" for o, words in said)


def isbn(inspection: Inspection) -> str:
    """What the barcode of the cover says; empty where none was read."""
    read = [o for o in inspection.observations if o.measure == readings.isbn.id and o.value is not None]
    return ", ".join(f"{readings.ReadDetail.of(o).text}{' (not sure)' if o.flags else ''}" for o in read)
