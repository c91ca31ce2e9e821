"""What was not looked at, and why, in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from qc.flags import Flag
from qc.judge.messages import capital, listed, name_of
from qc.judge.ranking import by_gravity
from qc.judge.summary import STALE
from qc.model import Finding, FindingOutcome, Inspection
from qc.report.words import flag_meaning, rows

_ON_PAGES = re.compile(r" on \d+ of \d+ pages$| \(scanned pages ")


def not_looked_at(inspection: Inspection) -> list[str]:
    """What was not looked at, each thing once: with the reason where one is known; nothing where nothing was scanned."""
    if not inspection.copy.scans:
        return []
    open_ = [f for f in inspection.findings if not (f.where.copies or f.where.copy)]
    told = [f for f in open_ if f.outcome is FindingOutcome.NOT_JUDGED and f.value is None and f.flags]
    said = {said for f in told for said in (name_of(f), f"{name_of(f)} at the {f.where.edge}")}
    unchecked = inspection.verdict.not_checked
    stale = [n.removesuffix(STALE) for n in unchecked if n.endswith(STALE)]
    rest = [n for n in unchecked if not n.endswith(STALE) and n not in said and _ON_PAGES.split(n)[0] not in said]
    changed = [f"{capital(listed(stale))}: the copy was printed before the author's last change"] if stale else []
    bare, explained = [n for n in rest if not re.search("[:(]", n)], [n for n in rest if re.search("[:(]", n)]
    return [*map(capital, filter(None, [", ".join(bare), *explained])), *changed, *why_not_judged(by_gravity(told))]


def why_not_judged(findings: Sequence[Finding]) -> list[str]:
    """What the flags of the findings without a value mean, and what could not be checked for it, where; each finding once."""
    kept: dict[str, dict[str, list[str]]] = {}
    for f, where in rows([f for f in findings if f.outcome is FindingOutcome.NOT_JUDGED and f.value is None]):
        # That too few pages were of use follows from what hid the others.
        for flag in sorted(f.flags, key=lambda flag: flag == Flag.FEW_PAGES)[:1]:
            kept.setdefault(flag_meaning(flag), {}).setdefault(name_of(f), []).append(where)
    return [f"{capital(_names_at(places))}: {meaning}" for meaning, places in kept.items()]


def _names_at(places: dict[str, list[str]]) -> str:
    """``"missing print and streaks (4 pages)"``: what is missed at the same places together."""
    together: dict[str, list[str]] = {}
    for name, where in places.items():
        together.setdefault(", ".join(dict.fromkeys(where)), []).append(name)
    return "; ".join(f"{listed(names)} ({at})".removesuffix(" (copy)") for at, names in together.items())
