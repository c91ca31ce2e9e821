"""Every sentence of every rule, in each outcome, as a person reads it.

    python tests/sentences.py          write tests/data/sentences.txt anew

Read the file as a stranger before a change of it is committed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.messages import message
from qc.judge.policy import Policy, load_policy
from qc.judge.rule import Rule
from qc.measure import MEASURES
from qc.model import FindingOutcome, Where

TABLE = Path(__file__).parent / "data" / "sentences.txt"
POLICIES = ("kdp", "ingram")
BOOK = {**{n: n for n in range(1, 25)}, 5: None, 9: 11}
PLACES: dict[str, tuple[Where, ...]] = {
    "trim-offset-block": (Where(edge=Edge.FORE_EDGE),),
    "trim-offset-page": (Where(page=7, edge=Edge.FORE_EDGE),),
    "trim-size-block": (Where(axis="height"), Where(axis="width")),
    "print-scale": (Where(axis="height"),),
    "trim-skew": (Where(edge=Edge.HEAD),),
    "print-position-jitter": (Where(axis="x"), Where(axis="y")),
    "print-position-recto-verso": (Where(axis="x"), Where(axis="y")),
    "blank-pages-inside": (Where(page=6),),
    "print-defect": (Where(page=6),),
    "page-damage": (Where(page=6), Where(side="front")),
    "pages-foreign": (Where(page=5),),
    "pages-extra-inside": (Where(page=9),),
    "pages-duplicated": (Where(page=7),),
    "pages-out-of-order": (Where(page=9),),
    "pages-upside-down": (Where(page=7),),
    "color-defect": (Where(page=6),),
    "copy-position-difference": (Where(edge=Edge.HEAD, copies=("RMA-10481", "RMA-10482")),),
    "copy-position-outlier": (Where(axis="y", copy="RMA-10482"),),
    "copy-color-difference": (Where(copies=("RMA-10481", "RMA-10482")),),
    "copy-color-outlier": (Where(copy="RMA-10482"),),
    "copy-cover-outlier": (Where(copy="RMA-10482"),),
    "cover-trim-offset": (Where(edge=Edge.FORE_EDGE, side="front"),),
    "cover-fold-offset": (Where(side="back"),),
    "cover-skew": (Where(side="front"),),
    "cover-color-difference": (Where(side="front"),),
}
_END = {"blanks": 3, "imprint": True, "pages": 27, "last": 23, "ordered": 24, "designed": True}
DETAILS: dict[str, tuple[dict[str, Any], ...]] = {
    "blank-pages-unexplained": (_END, {**_END, "lost": True}),
    "pages-foreign": (
        {},
        {"mirrored": 5},
        {"of_pages": 8, "last": 8},
        {"of_pages": 8, "last": 8, "cover_isbn": "9780000000002"},
    ),
    "pages-extra-inside": ({"blank": 1}, {"blank": 0}),
    "pages-missing": (
        {"reference_pages": [12]},
        {"reference_pages": [3, 4], "whole_leaves": True},
        {"reference_pages": [5, 6, 7, 8]},
    ),
    "pages-duplicated": ({"reference_page": 7},),
    "pages-out-of-order": ({"reference_page": 11},),
    "pages-upside-down": ({"reference_page": 7},),
    "white-sliver": ({"width_mm": 0.8},),
    "streak": ({"width_mm": 0.4},),
    "lost-channel": ({"channel": "magenta"}, {"channel": "magenta", "pages": [3, 4, 5, 6, 7]}),
    "weak-channel": ({"channel": "cyan"}, {"channel": "all inks"}, {"channel": "solids"}),
    "fade": ({"toward": "fore-edge"},),
    "band": ({"along": "y"}, {"along": "x"}),
    "cast": ({"channel": "magenta"},),
    "wrong-paper": ({"ordered": "white", "like": "cream"},),
    "cover-identity": (
        {"others": ["front", "back"]},
        {"others": ["front"]},
        {"others": ["front"], "reworded": ["front"]},
    ),
    "copy-cover-outlier": ({"sides": ["front", "back"]}, {"sides": ["back"]}),
    "cover-upside-down": ({"sides": ["front", "back"]}, {"sides": ["back"]}),
    "spine-text-clearance": ({"design_front_mm": 0.6, "design_back_mm": 0.8},),
}
_CUT = (
    Flag.WHITE_BACKING,
    Flag.CROPPED,
    Flag.PAINTED_RIM,
    Flag.DARK_PAGE,
    Flag.EDGE_NOT_FOUND,
    Flag.OUTSIDE_NOT_BACKING,
    Flag.BOUND,
    Flag.U_TOO_LARGE,
    Flag.FEW_PAGES,
    Flag.NOT_REGISTERED,
    Flag.SPARSE,
    Flag.PERIODIC,
    Flag.TRIM_NOT_STATED,
    Flag.NO_REFERENCE,
)
_SEQUENCE = (
    Flag.NO_REFERENCE,
    Flag.NOT_COMPLETE,
    Flag.HALF_LEAVES,
    Flag.LOOK_ALIKE,
    Flag.SCANNED_LATE,
    Flag.END_NOT_SEEN,
    Flag.LAST_CONTENT_NOT_SEEN,
    Flag.END_UNCLEAR,
    Flag.NO_PADDING,
    Flag.ANOTHER_BOOK,
    Flag.BLANK_BACKS,
)
_TONE = (
    Flag.NO_REFERENCE,
    Flag.NOT_REGISTERED,
    Flag.BLANK,
    Flag.BITONAL,
    Flag.GRAY_SCAN,
    Flag.NOTHING_TO_COMPARE,
    Flag.NO_SOLIDS,
    Flag.FEW_TONES,
    Flag.TONES_BY_PLACE,
    Flag.LITTLE_COLOR,
    Flag.PAPER_NOT_STATED,
    Flag.OTHER_CONTENT,
    Flag.DIRTY_GLASS,
    Flag.LOW_RESOLUTION,
    Flag.ANOTHER_BOOK,
)
_COPIES = (
    Flag.DIFFERENT_SCANNERS,
    Flag.DIFFERENT_RESOLUTIONS,
    Flag.DIFFERENT_MODES,
    Flag.FEW_COPIES,
    Flag.NO_PAPER,
    Flag.SIDES_DIFFER,
    Flag.SIDES_UNSURE,
    Flag.NOT_MIRRORED,
)
_COVER = (
    Flag.UNREADABLE,
    Flag.NOT_REGISTERED,
    Flag.EDGE_NOT_FOUND,
    Flag.CROPPED,
    Flag.U_TOO_LARGE,
    Flag.COVER_OFF,
    Flag.OTHER_SIDE_NOT_SEEN,
    Flag.NO_WRAP,
    Flag.NO_LETTERING,
    Flag.FEW_FEATURES,
    Flag.NO_BOUND_PAGES,
    Flag.GRAY_SCAN,
)
USUAL = {
    "cover": _COVER,
    "cut": _CUT,
    "sequence": _SEQUENCE,
    "tone": _TONE,
    "copies": _COPIES,
    "": (*_CUT, *_COPIES[5:]),
}
"""Why a value is missing, by the subject of its measure."""


def sentences(policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Rule, outcome with its flag, and sentence."""
    for rule in policy.rules:
        said: dict[tuple[str, str], None] = {}
        for where in PLACES.get(rule.measure, (Where(),)):
            if rule.edges == (Edge.SPINE,):
                where = replace(where, edge=Edge.SPINE)
            for detail in DETAILS.get(rule.code or rule.measure, ({},)):
                said |= dict.fromkeys(_of(rule, policy.k, where, detail | ({"code": rule.code} if rule.code else {})))
        for outcome, sentence in said:
            yield rule.id, outcome, sentence


def _of(rule: Rule, k: float, where: Where, detail: dict[str, Any]) -> Iterator[tuple[str, str]]:
    beyond = _beyond(rule, detail)
    for value, u in _values(rule, beyond, bool(detail.keys() & {"reference_pages", "of_pages"})):
        for way in (-1, 1) if rule.magnitude else (1,):
            yield _judged(rule, k, where, detail, way * value, u)
    for flag in rule.doubt:
        yield _judged(rule, k, where, detail, -beyond if rule.magnitude else beyond, 0.0, flag)
    of_cover = rule.measure.startswith(("cover-", "spine-"))
    for usual in _COVER if of_cover else USUAL[MEASURES[rule.measure].subject]:
        yield _judged(rule, k, where, detail, None, None, usual)


def _beyond(rule: Rule, detail: dict[str, Any]) -> float:
    """A value plainly beyond the limits."""
    if rule.unit == "count":
        pages = len(detail.get("reference_pages", ()))
        return float(detail.get("of_pages") or (1 if pages > 2 else pages) or 2)
    return 1.15 * (rule.outside or rule.within).value or -0.4


def _values(rule: Rule, beyond: float, several: bool) -> list[tuple[float, float]]:
    """Values and u: within, at the limit, hardly and plainly beyond, and beyond but too unsure to call."""
    if rule.unit == "count":
        return [(v, 0.0) for v in ((0.0, beyond) if several else (0.0, 1.0, beyond))]
    limit = (rule.outside or rule.within).value
    return [
        (0.29 * limit, 0.0),
        (rule.within.value, 0.02 * limit),
        (1.0002 * limit, 0.0),
        (beyond, 0.0),
        (beyond, limit),
    ]


def _judged(
    rule: Rule, k: float, where: Where, detail: dict[str, Any], value: float | None, u: float | None, flag: str = ""
) -> tuple[str, str]:
    flags = (str(flag),) if flag else ()
    observation = MEASURES[rule.measure].observe(value, u, where, flags, detail)
    doubts = tuple(f for f in flags if f in rule.doubt)
    outcome = rule.outcome(value, u, k, doubts=doubts)
    doubt = doubts if outcome is FindingOutcome.UNDECIDED else ()
    said = message(rule, outcome, observation, BOOK, doubt) + "."
    return f"{outcome}{f' ({flag})' if flag else ''}", said


def table() -> str:
    """The text of the file."""
    lines: list[str] = []
    for name in POLICIES:
        last = ""
        for rule, outcome, sentence in sentences(load_policy(name)):
            if rule != last:
                lines += ["", f"{name} {rule}"]
            lines.append(f"  {outcome}: {sentence}")
            last = rule
    return "\n".join(lines[1:]) + "\n"


if __name__ == "__main__":
    TABLE.write_text(table(), encoding="utf-8")
