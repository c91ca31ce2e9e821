"""What a comparison comes to: of each copy and property that stands apart one sentence, and its outcome by the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qc.compare.outlier import (
    Apart,
    Place,
    odd_in_color,
    odd_in_position,
    pair_in_color,
    pair_in_position,
    place_between,
)
from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.messages import listed, name_of, reasons
from qc.measure.color_difference import paper_difference
from qc.measure.copy_color import copy_color_difference, copy_color_outlier
from qc.measure.copy_cover_outlier import copy_cover_outlier
from qc.measure.copy_position import copy_position_difference
from qc.measure.copy_position_outlier import copy_position_outlier
from qc.model import Finding, FindingOutcome, Observation

CUT, COLOR = "cut", "color"
MOST_WORDS = 25
_PROPERTY = {
    copy_position_difference.id: CUT,
    copy_position_outlier.id: CUT,
    copy_color_difference.id: COLOR,
    copy_color_outlier.id: COLOR,
    paper_difference.id: "paper",
    copy_cover_outlier.id: "cover",
}
GRAVITY = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED, FindingOutcome.WITHIN, FindingOutcome.NOT_JUDGED)
_GRAVE = GRAVITY[:2]


@dataclass(frozen=True)
class Conclusion:
    """What is concluded of one copy in one property.

    Attributes
    ----------
    copy : str or None
        None where it is said of all of them.
    property : str
        ``"cut"``, ``"color"``, ``"paper"``, ``"cover"``, or the name of another measure between copies; empty where it is said of
        all that were compared.
    outcome : FindingOutcome
        The gravest of the findings that it rests on.
    sentence : str
        At most `MOST_WORDS` words.
    place : Place or None
        Where it shows most, for a picture.
    """

    copy: str | None
    property: str
    outcome: FindingOutcome
    sentence: str
    place: Place | None = field(default=None, repr=False, compare=False)


def conclude(
    copies: Sequence[str], observations: Sequence[Observation], findings: Sequence[Finding], k: float
) -> tuple[Conclusion, ...]:
    """Which copies stand apart in what, the gravest first; one conclusion says so where none does.

    Parameters
    ----------
    copies : sequence of str
    observations : sequence of Observation
        Between these copies.
    findings : sequence of Finding
        Of the observations over all pages.
    k : float
        Coverage factor of the policy.

    Notes
    -----
    What is found between the odd one and another copy is the odd one's. Of the other findings that are outside or
    undecided each copy has its gravest. Of two copies nobody can say which is off: what is said of the second is said of both.
    """
    if len(copies) > 2:
        apart = {CUT: odd_in_position(copies, observations, k), COLOR: odd_in_color(observations, k)}
    else:
        apart = {CUT: pair_in_position(observations, k), COLOR: pair_in_color(observations, k)}
    said: list[Conclusion] = []
    for about in dict.fromkeys([CUT, COLOR, *(_about(f) for f in findings)]):
        own = [f for f in findings if _about(f) == about]
        grave = [f for f in own if f.outcome in _GRAVE]
        if (odd := apart.get(about)) and (len(copies) > 2 or not grave):
            said.append(_of_the_odd_one(odd, about, own))
            grave = [f for f in grave if odd.copy not in _copies(f)]
        said += _of_others(about, grave, observations, k)
    gaps = {about: _not_compared(copies, observations, about) for about in (CUT, COLOR)}
    if not said and (known := [about for about, own in gaps.items() if not any(g.copy is None for g in own)]):
        said.append(_alike(copies, known, findings))
    ranked = sorted(said, key=lambda c: GRAVITY.index(c.outcome))
    return (*ranked, *(gap for own in gaps.values() for gap in own))


def gravest(findings: Sequence[Finding]) -> FindingOutcome:
    """The gravest outcome; not judged where there is no finding."""
    return min((f.outcome for f in findings), key=GRAVITY.index, default=FindingOutcome.NOT_JUDGED)


def _about(finding: Finding) -> str:
    return _PROPERTY.get(finding.measure) or name_of(finding)


def _copies(finding: Finding) -> tuple[str, ...]:
    where = finding.where
    return where.copies or ((where.copy,) if where.copy else ())


def _of_the_odd_one(odd: Apart, about: str, findings: Sequence[Finding]) -> Conclusion:
    mine = [f for f in findings if odd.copy in _copies(f)]
    against = {
        other: f.outcome for f in mine if f.outcome in _GRAVE for other in f.where.copies or () if other != odd.copy
    }
    return Conclusion(
        odd.copy, about, gravest(mine), _period(odd.sentence + _against(odd.sentence, against)), odd.place
    )


def _against(sentence: str, others: Mapping[str, FindingOutcome]) -> str:
    """Against which of the others a copy is outside or undecided: by name where the words suffice."""
    if not others:
        return ""
    how = " or ".join(outcome for outcome in _GRAVE if outcome in others.values())
    named = f"; {how} against {listed(others)}"
    return named if len((sentence + named).split()) <= MOST_WORDS else f"; {how} against {len(others)} others"


def _of_others(about: str, grave: Sequence[Finding], observations: Sequence[Observation], k: float) -> list[Conclusion]:
    """Of each copy its gravest finding; one that two copies share stands once."""
    said: dict[int, Conclusion] = {}
    for copy in dict.fromkeys(c for f in grave for c in reversed(_copies(f))):
        own = [f for f in grave if copy in _copies(f)]
        f = min(own, key=lambda f: (GRAVITY.index(f.outcome), f.margin if f.margin is not None else 0.0))
        place = place_between(f.measure, f.where, observations, k)
        said.setdefault(id(f), Conclusion(copy, about, f.outcome, _period(f.message), place))
    return list(said.values())


def _not_compared(copies: Sequence[str], observations: Sequence[Observation], about: str) -> list[Conclusion]:
    """Of copies that nothing was measured of in a property: why; once for all of them where nothing was measured at all."""
    measure = copy_position_difference.id if about == CUT else copy_color_difference.id
    overall = [o for o in observations if o.measure == measure and o.where.page is None]
    overall = [o for o in overall if o.where.edge is not Edge.SPINE]
    measured = {copy for o in overall if o.value is not None for copy in o.where.copies or ()}
    if not measured:
        sentence = f"{about.capitalize()} could not be compared: {_why(overall)}."
        return [Conclusion(None, about, FindingOutcome.NOT_JUDGED, sentence)]
    return [
        Conclusion(
            copy,
            about,
            FindingOutcome.NOT_JUDGED,
            f"{copy} could not be compared in {about}: {_why([o for o in overall if copy in (o.where.copies or ())])}.",
        )
        for copy in copies
        if copy not in measured
    ]


def _why(unmeasured: Sequence[Observation]) -> str:
    """The first reason for which nothing was measured; that pages were lacking only where there is no other."""
    flags = [f for o in unmeasured for f in o.flags if f not in (Flag.FEW_PAGES, Flag.NOT_REGISTERED)]
    return reasons([*flags, Flag.FEW_PAGES][:1])


def _alike(copies: Sequence[str], known: Sequence[str], findings: Sequence[Finding]) -> Conclusion:
    about = listed(known)
    if len(copies) > 2:
        sentence = f"No copy stands apart in {about}."
    else:
        sentence = f"{listed(copies)} agree in {about} within the uncertainty of the measurement."
    return Conclusion(None, "", gravest(findings), sentence)


def _period(sentence: str) -> str:
    return sentence if sentence.endswith(".") else f"{sentence}."
