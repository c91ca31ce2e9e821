"""The words both reports share, so that terminal and page never say two things."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from qc.flags import Flag
from qc.model import Decision, Finding, Inspection, Outcome, ReferenceId, Rescan, Where
from qc.rounding import plus_minus, signed_plus_minus

VERDICT = {
    Decision.DEFECT: "DEFECT",
    Decision.NO_DEFECT: "NO DEFECT",
    Decision.NEEDS_REVIEW: "REVIEW",
    Decision.INSUFFICIENT_EVIDENCE: "NO EVIDENCE",
}
OUTCOME = {
    Outcome.OUTSIDE: "OUTSIDE",
    Outcome.UNDECIDED: "undecided",
    Outcome.NOT_JUDGED: "not judged",
    Outcome.WITHIN: "within",
}
ROUTE = {
    "refund": "refund",
    "none": "no refund",
    "returns-center": "returns center",
    "review": "a person decides",
}
_MEANING = {str(f): f.meaning for f in Flag}
UNIT = {"dE00": "ΔE00", "fraction": "", "deg": "°"}


def clean(text: str) -> str:
    """`text` fit to print: control characters, direction overrides and broken bytes of a stranger's name replaced."""
    return "".join("�" if unicodedata.category(c) in ("Cc", "Cf", "Cs") and c not in "\n\t" else c for c in text)


def one_line(text: str) -> str:
    """`clean` text without line breaks."""
    return " ".join(clean(text).split())


def place(where: Where) -> str:
    """Such as ``"page 7, fore-edge"``; ``"whole copy"`` where nothing narrower is known."""
    parts = [
        where.page and f"page {where.page}",
        where.edge and str(where.edge),
        where.axis,
        where.copy,
        where.copies and " and ".join(where.copies),
    ]
    return ", ".join(p for p in parts if p) or "whole copy"


def measured(value: float | None, u: float | None, unit: str, k: float) -> str:
    """Value ± U as `qc.rounding` prints it; lengths carry their sign, because it says which way the cut went."""
    if value is None:
        return "not measured"
    text = signed_plus_minus if unit in ("mm", "deg") else plus_minus
    return text(value, None if u is None else k * u, UNIT.get(unit, unit))


def limit(finding: Finding) -> str:
    """The limit that explains the outcome, as the rule states it."""
    if finding.outcome is Outcome.OUTSIDE:
        return f"outside {limit_text(finding.outside)}"
    return f"within {limit_text(finding.within)}"


def limit_text(text: str) -> str:
    """A limit as people write it: ``"≤ 10"`` for ``"<= 10 count"``."""
    return text.replace("<=", "≤").replace(">=", "≥").replace("dE00", "ΔE00").removesuffix(" count")


def why_not_judged(findings: Sequence[Finding]) -> list[str]:
    """What the flags of the findings without a value mean, each once."""
    missing = (f for f in findings if f.outcome is Outcome.NOT_JUDGED and f.value is None)
    return list(dict.fromkeys(flag_meaning(flag) for f in missing for flag in f.flags))


def flag_meaning(flag: str) -> str:
    """What a flag of an observation means."""
    return _MEANING.get(flag, flag)


def reference(ref: ReferenceId) -> str:
    """What the copy was compared with."""
    if ref.kind == "none":
        return f"no reference ({ref.note})" if ref.note else "no reference"
    kind = {"pdf": "PDF", "copy": "approved copy", "consensus": "consensus of copies"}.get(ref.kind, ref.kind)
    return f"{kind} {ref.id}" if ref.id else kind


def pages(inspection: Inspection) -> str:
    """How many interior pages were scanned, and how many the book has if that is known."""
    count, expected = len(inspection.copy.pages), inspection.copy.pages_expected
    noun = "page" if count == 1 else "pages"
    return f"{count} {noun}" if expected is None else f"{count} of {expected} pages"


def scanner(inspection: Inspection) -> str:
    """The scanner profile used."""
    profile = inspection.provenance.scanner.get("profile")
    return f"scanner {profile}" if profile else "no scanner profile"


def rescan(entry: Rescan) -> str:
    """A scan to make, and why."""
    what = entry.file or (f"page {entry.reference_page}" if entry.reference_page else "scan")
    if entry.file and entry.reference_page:
        what = f"{entry.file} (page {entry.reference_page})"
    return f"{what}: {entry.why}"


def ticket(inspection: Inspection) -> str:
    """The sentence to paste into the refund ticket."""
    copy, refund = inspection.copy, inspection.refund
    named = ", ".join(p for p in (copy.title, copy.isbn and f"ISBN {copy.isbn}") if p)
    clause = f" Policy {inspection.policy.id} {inspection.policy.version}"
    clause += f": “{refund.reasons[0].clause}”" if refund.reasons else ""
    codes = ", ".join(r.code for r in refund.reasons)
    return one_line(
        f"{copy.id}{f' ({named})' if named else ''}: {VERDICT[inspection.verdict.outcome]}. "
        f"{_sentence(inspection.verdict.summary)}{_sentence(clause)} "
        f"Refund: {refund.outcome}, {ROUTE.get(refund.route, refund.route)}{f' ({codes})' if codes else ''}. "
        f"Measured by qc {inspection.provenance.qc}, {inspection.provenance.started[:10]}."
    )


def _sentence(text: str) -> str:
    return text if text.rstrip("”").endswith((".", "!", "?")) else f"{text}."
