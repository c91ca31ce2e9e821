"""What the rules say of values at, beside and far from their limits, and the verdict that follows."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qc.geometry import Edge
from qc.judge.judge import judge, judge_between
from qc.judge.policy import Limit, Policy, Rule, load_policy
from qc.judge.ranking import by_gravity
from qc.judge.summary import MOST_GAPS, shortly
from qc.measure import MEASURES
from qc.model import (
    BookCopy,
    Claim,
    Evidence,
    Finding,
    FindingOutcome,
    NotSeen,
    Observation,
    PageKind,
    PageRecord,
    ReferenceId,
    Role,
    ScanFile,
    ScanSettings,
    Verdict,
    VerdictOutcome,
    Where,
)
from qc.number_format import plus_minus, signed_plus_minus

KDP = load_policy("kdp")
TRIM = KDP.rule("trim-offset-block")
PDF = ReferenceId("pdf", "9780000000002", "0" * 64)
NONE = ReferenceId("none", note="no reference was given")
COPY = BookCopy(
    "RMA-1", Path("RMA-1"), tuple(ScanFile(Path(f"p-{n}.jpg"), f"p-{n}.jpg") for n in range(1, 7)), pages_expected=6
)
STALE = Claim(printed_on=date(2026, 9, 14), content_updated_on=date(2026, 9, 20))
CUT_EDGES = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)


def observe(
    measure: str,
    value: float | None,
    u: float | None = None,
    where: Where | None = None,
    flags: tuple[str, ...] = (),
    detail: Mapping[str, Any] | None = None,
) -> Observation:
    if value is None and not flags:
        flags = ("not-registered",)
    return MEASURES[measure].observe(value, u, where, flags, detail)


def cuts(u: float = 0.03, flags: tuple[str, ...] = (), **offsets: float | None) -> list[Observation]:
    """Block offsets of 0.1 mm at the cut edges, or what is given by edge (fore_edge=-3.62)."""
    values: dict[str, float | None] = {e.replace("-", "_"): 0.1 for e in CUT_EDGES} | offsets
    return [
        observe("trim-offset-block", v, None if v is None else u, Where(edge=Edge(e.replace("_", "-"))), flags)
        for e, v in values.items()
    ]


def run(
    observations: list[Observation], copy: BookCopy = COPY, reference: ReferenceId = PDF, policy: Policy = KDP
) -> tuple[tuple[Finding, ...], Verdict]:
    return judge(observations, policy, copy, [], reference)


@pytest.mark.parametrize(
    "value, u, outcome",
    [
        (0.0, 0.03, FindingOutcome.WITHIN),
        (3.1, 0.03, FindingOutcome.WITHIN),
        (-3.1, 0.03, FindingOutcome.WITHIN),
        (3.175, None, FindingOutcome.UNDECIDED),
        (3.1749, None, FindingOutcome.WITHIN),
        (3.2, None, FindingOutcome.UNDECIDED),
        (-3.2, 0.0, FindingOutcome.UNDECIDED),
        (3.2001, None, FindingOutcome.OUTSIDE),
        (-3.2001, 0.0, FindingOutcome.OUTSIDE),
        (3.12, 0.03, FindingOutcome.UNDECIDED),
        (-3.25, 0.03, FindingOutcome.UNDECIDED),
        (-3.27, 0.03, FindingOutcome.OUTSIDE),
        (-3.62, 0.03, FindingOutcome.OUTSIDE),
        (0.0, 2.0, FindingOutcome.UNDECIDED),
        (None, None, FindingOutcome.NOT_JUDGED),
    ],
)
def test_outcomes_at_the_limits_of_the_trim_rule(value: float | None, u: float | None, outcome: FindingOutcome) -> None:
    assert TRIM.outcome(value, u, KDP.k) is outcome


def test_a_magnitude_near_zero_is_never_negative() -> None:
    above = replace(TRIM, within=Limit(">=", 0.0, ">= 0 mm"), outside=Limit("<", 0.0, "< 0 mm"))
    assert above.outcome(0.01, 0.025, 2) is FindingOutcome.WITHIN
    assert replace(above, magnitude=False).outcome(0.01, 0.025, 2) is FindingOutcome.UNDECIDED
    narrow = replace(TRIM, within=Limit("<=", 0.06, "<= 0.06 mm"), outside=None)
    assert narrow.outcome(0.01, 0.02499, 2) is FindingOutcome.WITHIN
    assert narrow.outcome(-0.01, 0.0251, 2) is FindingOutcome.UNDECIDED


def test_outside_never_sends_to_review_only() -> None:
    rule = KDP.rule("pages-foreign")
    assert [rule.outcome(n, None, 2) for n in (0, 1, 9)] == [
        FindingOutcome.WITHIN,
        FindingOutcome.UNDECIDED,
        FindingOutcome.UNDECIDED,
    ]


ORDER = [FindingOutcome.WITHIN, FindingOutcome.UNDECIDED, FindingOutcome.OUTSIDE]
LIMITS = st.floats(0.1, 5)


@given(st.floats(-9, 9), st.floats(0, 2), LIMITS, LIMITS, st.floats(0, 4))
def test_outcomes_part_the_line_and_never_improve_with_the_magnitude(
    value: float, u: float, one: float, other: float, further: float
) -> None:
    low, high = sorted((one, other))
    rule = replace(TRIM, within=Limit("<", low, ""), outside=Limit(">", high, ""))
    outcome = rule.outcome(value, u, 2)
    assert outcome in ORDER
    assert rule.outcome(-value, u, 2) is outcome
    assert (outcome is FindingOutcome.WITHIN) == (abs(value) + 2 * u < low)
    assert (outcome is FindingOutcome.OUTSIDE) == (abs(value) - 2 * u > high)
    beyond = rule.outcome(abs(value) + further, u, 2)
    assert ORDER.index(beyond) >= ORDER.index(outcome)
    assert rule.outcome(value, u + 0.1, 2) in (outcome, FindingOutcome.UNDECIDED)


@pytest.mark.parametrize(
    "value, margin", [(-3.62, -0.42), (1.0, 2.175), (-3.175, 0.0), (3.19, -0.015), (3.2, -0.025), (0.0, 3.175)]
)
def test_margin_is_the_distance_to_the_nearest_limit(value: float, margin: float) -> None:
    assert TRIM.margin(value) == pytest.approx(margin, abs=1e-9)


def test_a_cut_too_deep_is_a_defect_in_one_sentence() -> None:
    findings, verdict = run(cuts(fore_edge=-3.62))
    (finding,) = [f for f in findings if f.outcome is FindingOutcome.OUTSIDE]
    assert (finding.rule, finding.where.edge, finding.margin) == (
        "trim-offset-block",
        Edge.FORE_EDGE,
        pytest.approx(-0.42),
    )
    assert (finding.within, finding.outside, finding.clause) == ("< 3.175 mm", "> 3.2 mm", TRIM.clause)
    assert verdict.outcome is VerdictOutcome.DEFECT
    sentence = "The fore-edge is cut 3.6 mm (0.14 in) too deep; up to 3.2 mm (0.125 in) is allowed"
    assert finding.message == f"{sentence}." and verdict.summary.startswith(f"{sentence}; not checked: cover, ")
    assert "not checked: cover" in verdict.summary and verdict.not_checked[0] == "cover"


@pytest.mark.parametrize(
    ("beyond", "said"), [(0.4, "it is not too deep"), (-1.26, "it is at most 1.3 mm (0.05 in) too deep"), (-4.0, None)]
)
def test_a_bound_from_inside_excludes_a_cut_too_deep_in_words(beyond: float, said: str | None) -> None:
    head = observe("trim-offset-block", None, None, Where(edge=Edge.HEAD), ("cropped",), {"cut_beyond_mm": beyond})
    findings, _ = run([head, *cuts()[1:]])
    (finding,) = [f for f in findings if f.where.edge is Edge.HEAD and f.measure == "trim-offset-block"]
    assert finding.outcome is FindingOutcome.NOT_JUDGED
    assert (said in finding.message) if said else ("too deep" not in finding.message)


def test_the_worst_defect_comes_first_and_the_others_are_counted() -> None:
    _, verdict = run(cuts(fore_edge=-3.62, head=4.5, tail=-3.9))
    assert verdict.summary.startswith("The head keeps 4.5 mm (0.18 in) of paper beyond the trim line; up to 3.2 mm")
    assert "; 2 more findings; not checked: " in verdict.summary


def test_between_the_limits_goes_to_review() -> None:
    findings, verdict = run(cuts(u=0.001, tail=-3.19))
    assert verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    assert verdict.summary.startswith(
        "The tail is cut 3.2 mm (0.13 in) too deep, too close to the limit of 3.2 mm (0.125 in)"
    )
    assert [f.outcome for f in findings if f.where.edge is Edge.TAIL] == [FindingOutcome.UNDECIDED]


def test_a_sound_copy_names_its_largest_offset() -> None:
    _, verdict = run(cuts(head=1.21))
    assert verdict.outcome is VerdictOutcome.NO_DEFECT
    assert verdict.summary.startswith("No defect: cuts are up to 1.2 mm (0.05 in) off, 3.2 mm (0.125 in) is allowed")
    assert len(verdict.summary.partition("; not checked: ")[0].split()) <= 25


def test_an_edge_not_measured_is_insufficient_evidence_and_names_the_scan() -> None:
    seen = [*cuts()[:2], *cuts(flags=("few-pages", "cropped"), fore_edge=None)[2:]]
    _, verdict = judge(
        seen, KDP, COPY, [], PDF, [NotSeen("not among the scans", reference_page=n) for n in (2, 3, 4, 7)]
    )
    assert verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert verdict.summary.startswith("The cut at the fore-edge could not be judged: ")
    assert "scan any 3 of pages 2-4, 7" in verdict.summary
    assert [(r.reference_page, r.group, r.need) for r in verdict.rescan] == [(n, 1, 3) for n in (2, 3, 4, 7)]
    assert all("black paper behind it" in r.how for r in verdict.rescan)
    assert "cut at the fore-edge" in verdict.not_checked


def test_an_edge_without_observation_gets_a_finding() -> None:
    findings, verdict = run(cuts()[:2])
    missing = [f for f in findings if f.required and f.outcome is FindingOutcome.NOT_JUDGED]
    assert [f.where.edge for f in missing] == [Edge.FORE_EDGE]
    assert missing[0].value is None and missing[0].margin is None
    assert verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE


def test_defect_and_review_win_over_missing_evidence() -> None:
    assert run(cuts(head=-4.0, tail=None))[1].outcome is VerdictOutcome.DEFECT
    assert run(cuts(head=-3.19, tail=None))[1].outcome is VerdictOutcome.NEEDS_REVIEW
    assert run(cuts(head=-4.0, tail=3.19))[1].outcome is VerdictOutcome.DEFECT


@pytest.mark.parametrize(
    "scan, rule, outcome",
    [
        (ScanSettings(), "trim-offset-block-spine", VerdictOutcome.NO_DEFECT),
        (ScanSettings(spine="printer"), "trim-offset-block", VerdictOutcome.DEFECT),
        (ScanSettings(bound=True), None, VerdictOutcome.NO_DEFECT),
        (ScanSettings(bound=True, spine="printer"), None, VerdictOutcome.NO_DEFECT),
    ],
)
def test_the_spine_is_judged_only_where_the_printer_cut_it(
    scan: ScanSettings, rule: str | None, outcome: VerdictOutcome
) -> None:
    findings, verdict = run(cuts(spine=-9.0), replace(COPY, scan=scan))
    assert [f.rule for f in findings if f.where.edge is Edge.SPINE] == ([rule] if rule else [])
    assert verdict.outcome is outcome


def test_a_spine_cut_by_the_printer_is_required() -> None:
    _, verdict = run(cuts(), replace(COPY, scan=ScanSettings(spine="printer")))
    assert verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert "spine" in verdict.summary


def test_without_a_reference_there_is_no_acquittal() -> None:
    _, verdict = run(cuts(flags=("no-reference",), head=None, tail=None, fore_edge=None), reference=NONE)
    assert verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE and verdict.summary.startswith("No reference")
    lenient = replace(KDP, rules=tuple(replace(r, required=False) for r in KDP.rules))
    assert run(cuts(), reference=NONE, policy=lenient)[1].outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert run(cuts(), policy=lenient)[1].outcome is VerdictOutcome.NO_DEFECT
    assert run(cuts(head=-5.0), reference=NONE)[1].outcome is VerdictOutcome.DEFECT


DOUBTFUL = [
    ("print-defect", "streak", "dirt-or-ink", "Scan the empty glass"),
    ("print-defect", "streak", "stain-or-ink", "Clean the glass"),
    ("pages-duplicated", None, "maybe-same-sheet", "Look whether the copy has this sheet twice"),
    ("pages-duplicated", None, "one-side", "Turn the sheet of this file over"),
    ("pages-out-of-order", None, "scanned-late", "Look where the leaf lies"),
    ("pages-out-of-order", None, "mixed-up", "Look where the leaf lies"),
    ("pages-duplicated", None, "look-alike", None),
    ("pages-duplicated", None, "two-copies", None),
    ("print-defect", "missing-print", "few-words", None),
]


@pytest.mark.parametrize("measure, code, doubt, how", DOUBTFUL, ids=[f"{d[0]} {d[2]}" for d in DOUBTFUL])
def test_a_scan_is_asked_for_where_it_settles_a_doubt(
    measure: str, code: str | None, doubt: str, how: str | None
) -> None:
    detail = {"code": code} if code else {}
    seen = [
        *cuts(),
        *(observe(measure, 1, where=Where(page=n), flags=(doubt,), detail=detail) for n in (3, 4)),
    ]
    pages = [
        PageRecord(f"p-{n}.jpg", 0, Role.PAGE, n, None, PageKind.CONTENT, "", (300.0, 300.0), 0.0, False)
        for n in range(1, 7)
    ]
    _, verdict = judge(seen, KDP, COPY, pages, PDF)
    assert verdict.outcome is VerdictOutcome.NEEDS_REVIEW
    # One scan of the empty glass tells of all marks of a copy.
    settling = [(None, 1, 1)] if doubt == "dirt-or-ink" else [("p-3.jpg", 1, 2), ("p-4.jpg", 1, 2)]
    assert [(r.file, r.group, r.need) for r in verdict.rescan] == (settling if how else [])
    assert all(r.how.startswith(how or "") and r.why for r in verdict.rescan)
    # What only a person can decide stays undecided, so that a mark that proves to be dirt changes nothing.
    _, both = judge([*seen, observe("pages-foreign", 1, where=Where(page=5))], KDP, COPY, pages, PDF)
    assert bool(both.rescan) is bool(how)
    spot = observe("print-defect", 1, where=Where(page=3), flags=("dirt-or-ink",), detail={"code": "spot"})
    assert judge([*cuts(), spot], KDP, COPY, pages, PDF)[1].rescan
    assert not judge([*cuts(), spot, observe("pages-foreign", 1, where=Where(page=5))], KDP, COPY, pages, PDF)[1].rescan


def test_sides_that_settle_a_missing_leaf_or_a_turned_page() -> None:
    page = PageRecord("p-1.jpg", 0, Role.PAGE, 3, None, PageKind.CONTENT, "", (300.0, 300.0), 0.0, False)
    unseen = [NotSeen("other side", reference_page=4, other_side=3), NotSeen("not among the scans", reference_page=7)]
    turned = observe("pages-upside-down", 1, where=Where(page=1), flags=("one-side",), detail={"reference_page": 3})
    leaf = observe(
        "pages-missing", 2, where=Where(page=2), flags=("scan-unfinished",), detail={"reference_pages": [7, 8]}
    )
    half = observe("pages-missing", None, flags=("half-leaves",), detail={"not_seen": [4]})
    for seen in ([turned], [leaf, half]):
        _, verdict = judge([*cuts(), *seen], KDP, COPY, [page], PDF, unseen)
        assert verdict.outcome is VerdictOutcome.NEEDS_REVIEW
        assert [(r.reference_page, r.need) for r in verdict.rescan] == [(4, 1)]
    first = observe("pages-missing", 1, where=Where(page=1), flags=("may-be-cover",), detail={"reference_pages": [7]})
    _, verdict = judge([*cuts(), first], KDP, COPY, [page], PDF, unseen)
    assert [r.reference_page for r in verdict.rescan] == [7] and "If the copy has it" in verdict.rescan[0].how


def shown(*numbers: int | None) -> tuple[BookCopy, list[PageRecord]]:
    """A copy whose scans show pages of the book in turn."""
    names = [f"p-{n}.jpg" for n in range(1, len(numbers) + 1)]
    copy = replace(COPY, scans=tuple(ScanFile(Path(n), n) for n in names))
    records = [
        PageRecord(name, 0, Role.PAGE, n, None, PageKind.CONTENT, "", None, None, False)
        for name, n in zip(names, numbers, strict=True)
    ]
    return copy, records


def test_pages_that_are_wrong_alike_make_one_sentence() -> None:
    copy, pages = shown(6, 7, 8, 9)
    turned = [observe("pages-upside-down", 1, where=Where(page=p), detail={"reference_page": p + 5}) for p in (2, 3)]
    _, verdict = judge([*cuts(), *turned], KDP, copy, pages, PDF)
    assert verdict.summary.startswith("Pages 7-8 are printed upside down; not checked: ")


def test_one_fault_of_a_page_counts_once() -> None:
    copy, pages = shown(6, 7, 8, 9)
    blank = observe("blank-pages-inside", 1, where=Where(page=2))
    missing = [observe("print-defect", 1, 0.0, Where(page=p), detail={"code": "missing-print"}) for p in (2, 4)]
    for seen, more in ((missing[:1], ""), (missing, " 1 more finding;")):
        _, verdict = judge([*cuts(), blank, *seen], KDP, copy, pages, PDF)
        said = f"Page 7 (scan 2) is blank where the ordered file has content;{more} not checked: "
        assert verdict.summary.startswith(said)


def test_one_shifted_cover_counts_once() -> None:
    folds = [observe("cover-fold-offset", v, 0.1, Where(side=s)) for s, v in (("back", -3.9), ("front", 3.95))]
    center = observe("spine-centering", 3.92, 0.08)
    for seen, more in (([*folds, center], ""), ([*folds, center, *cuts(head=-4.1)[:1]], "; 1 more finding")):
        findings, verdict = judge([*cuts()[1:], *seen], KDP, COPY, [], PDF)
        assert verdict.outcome is VerdictOutcome.DEFECT
        assert verdict.summary.partition("; not checked")[0].endswith(f"is allowed{more}")
        grave = next(f for f in by_gravity(findings) if f.severity == "defect")
        assert verdict.summary.startswith(grave.message.rstrip("."))


def test_a_page_that_a_finding_speaks_of_is_not_also_not_scanned() -> None:
    copy, pages = shown(2, 3, None, 5, 8)
    unseen = [NotSeen("not among the scans", reference_page=n) for n in (1, 4, 6, 7)]
    gap = observe("pages-missing", 2, where=Where(page=5), detail={"reference_pages": [6, 7], "whole_leaves": True})
    strange = replace(observe("pages-foreign", 1, where=Where(page=3)), evidence=(Evidence("p-3.jpg", 0),))
    findings, verdict = judge([*cuts(), gap, strange], KDP, copy, pages, PDF, unseen)
    assert "pages not scanned: 1" in verdict.not_checked
    said = [f.message for f in findings if f.rule == "pages-foreign"]
    assert said == ["The scan in the place of page 4 (p-3.jpg) shows no page of the ordered book."]


def test_nothing_scanned() -> None:
    _, verdict = run([], replace(COPY, scans=()))
    assert verdict.outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE and verdict.summary.startswith("Nothing was scanned")


def test_notes_never_count() -> None:
    extra = [
        observe("blank-pages-at-end", 9),
        observe("color-difference-copy", 30.0, 0.5),
        observe("paper-difference", 30.0, 0.5),
    ]
    findings, verdict = run(cuts() + extra)
    assert {f.measure: f.outcome for f in findings if f.severity == "note"} == {
        "blank-pages-at-end": FindingOutcome.WITHIN,
        "color-difference-copy": FindingOutcome.OUTSIDE,
        "paper-difference": FindingOutcome.OUTSIDE,
    }
    assert verdict.outcome is VerdictOutcome.NO_DEFECT
    (blanks,) = [f.message for f in findings if f.measure == "blank-pages-at-end"]
    assert blanks == "The copy ends with 9 blank pages; that is expected."


@pytest.mark.parametrize(
    "observation, outcome",
    [
        (observe("print-defect", 1, where=Where(page=5), detail={"code": "missing-print"}), VerdictOutcome.DEFECT),
        (observe("print-defect", 0, where=Where(page=5)), VerdictOutcome.NO_DEFECT),
        (observe("print-defect", 1, 0.0, Where(page=5), detail={"code": "spot"}), VerdictOutcome.NEEDS_REVIEW),
        (
            observe("print-defect", 3, 0.0, Where(page=5), ("dirt-or-ink",), {"code": "streak"}),
            VerdictOutcome.NEEDS_REVIEW,
        ),
        (observe("print-defect", 1, 0.0, Where(page=5), detail={"code": "streak"}), VerdictOutcome.DEFECT),
        (observe("print-defect", 1, 0.0, Where(page=5), detail={"code": "void"}), VerdictOutcome.NEEDS_REVIEW),
        (observe("print-defect", 1, 0.0, Where(page=5), detail={"code": "haze"}), VerdictOutcome.NO_DEFECT),
        (observe("blank-pages-inside", 1, where=Where(page=2)), VerdictOutcome.DEFECT),
        (observe("pages-foreign", 1, where=Where(page=2)), VerdictOutcome.NEEDS_REVIEW),
    ],
)
def test_content_rules(observation: Observation, outcome: VerdictOutcome) -> None:
    assert run([*cuts(), observation])[1].outcome is outcome


def test_a_defect_on_a_page_names_the_page() -> None:
    missing = observe("print-defect", 2, where=Where(page=5), detail={"code": "missing-print"})
    findings, verdict = run([*cuts(), missing])
    assert verdict.summary.startswith("Page 5 shows 2 places where print is missing; not checked: cover, ")
    assert [(f.code, f.margin) for f in findings if f.measure == "print-defect"] == [("missing-print", -2)]


def test_content_of_a_stale_copy_is_set_aside_and_geometry_is_not() -> None:
    missing = observe("print-defect", 1, where=Where(page=5), detail={"code": "missing-print"})
    old = replace(COPY, claim=STALE)
    findings, verdict = run([*cuts(), missing], old)
    (aside,) = [f for f in findings if f.measure == "print-defect"]
    assert aside.outcome is FindingOutcome.NOT_JUDGED and aside.value == 1
    why = "as the copy was printed on 2026-09-14, before the author's last change on 2026-09-20."
    assert aside.message == f"Missing print was set aside, {why}"
    assert verdict.summary.startswith(
        "No defect: printed on 2026-09-14, before the author's last change on 2026-09-20; cuts are up to "
    )
    assert verdict.outcome is VerdictOutcome.NO_DEFECT
    assert "missing print (stale revision)" in verdict.not_checked
    assert run([*cuts(head=-4.0), missing], old)[1].outcome is VerdictOutcome.DEFECT


def test_a_required_content_rule_is_not_required_of_a_stale_copy() -> None:
    strict = replace(KDP, rules=tuple(replace(r, required=r.required or r.id == "print-defect") for r in KDP.rules))
    assert run(cuts(), policy=strict)[1].outcome is VerdictOutcome.INSUFFICIENT_EVIDENCE
    assert run(cuts(), replace(COPY, claim=STALE), policy=strict)[1].outcome is VerdictOutcome.NO_DEFECT


def test_on_the_same_day_nothing_is_set_aside() -> None:
    day = Claim(printed_on=date(2026, 9, 20), content_updated_on=date(2026, 9, 20))
    missing = observe("print-defect", 1, where=Where(page=5), detail={"code": "missing-print"})
    assert run([*cuts(), missing], replace(COPY, claim=day))[1].outcome is VerdictOutcome.DEFECT


def test_what_was_not_checked_is_said() -> None:
    seen = [
        *cuts(),
        *(observe("print-defect", 0, where=Where(page=n), detail={"code": "missing-print"}) for n in (1, 2)),
        observe("print-defect", None, where=Where(page=3), flags=("not-registered",), detail={"code": "missing-print"}),
        observe("print-defect", None, where=Where(page=4), flags=("blank",), detail={"code": "missing-print"}),
        observe("blank-pages-at-end", None, flags=("end-not-seen",)),
        observe("pages-foreign", 0),
    ]
    broken = PageRecord("p-6.jpg", 0, Role.PAGE, None, None, PageKind.UNREADABLE, "truncated", None, None, False)
    unseen = [NotSeen("not seen", reference_page=n) for n in (3, *range(7, 25))] + [NotSeen("truncated", "p-6.jpg")]
    _, verdict = judge(seen, KDP, COPY, [broken], PDF, unseen, ["the spine's lettering"])
    assert verdict.not_checked == (
        "cover",
        "the spine's lettering",
        "place of the print",
        "size of the pages",
        "blank pages inside",
        "missing print on 1 of 3 pages",
        "streaks",
        "missing pages",
        "doubled pages",
        "pages out of order",
        "pages upside down",
        "missing ink",
        "color printed gray",
        "fading print",
        "bands in the print",
        "wrong paper",
        "unreadable scans: p-6.jpg",
        "pages not scanned: 3, 7-24",
    )
    assert [(r.file, r.reference_page, r.need) for r in verdict.rescan] == [("p-6.jpg", None, 1)]
    assert verdict.summary.endswith(
        "; not checked: cover, pages 3 and 7-24, the spine's lettering, place of the print and 14 more checks."
    )


def page_rule() -> Rule:
    return replace(TRIM, id="page", measure="trim-offset", required=False, outside=Limit(">", 3.2, "> 3.2 mm"))


@pytest.mark.parametrize("pages, outcome", [(1, FindingOutcome.OUTSIDE), (24, FindingOutcome.UNDECIDED)])
def test_a_rule_over_many_pages_asks_for_more_before_it_says_outside(pages: int, outcome: FindingOutcome) -> None:
    policy = replace(KDP, rules=(page_rule(),))
    seen = [observe("trim-offset", 0.1, 0.1, Where(page=n, edge=Edge.HEAD)) for n in range(2, pages + 1)]
    findings, _ = run([*seen, observe("trim-offset", 3.2 + 0.25, 0.1, Where(page=1, edge=Edge.HEAD))], policy=policy)
    assert findings[-1].outcome is outcome
    sure = observe("trim-offset", 3.2 + 0.45, 0.1, Where(page=1, edge=Edge.HEAD))
    assert run([*seen, sure], policy=policy)[0][-1].outcome is FindingOutcome.OUTSIDE


def test_differences_between_copies() -> None:
    pair = Where(copies=("A", "B"))
    findings = judge_between(
        [
            observe("copy-position-difference", 6.2, 0.02, replace(pair, edge=None, axis="x")),
            observe("copy-position-difference", -7.0, 0.02, replace(pair, axis="y")),
            observe("copy-color-outlier", 9.0, 0.3, Where(copy="B")),
        ],
        KDP,
    )
    assert [f.outcome for f in findings] == [FindingOutcome.WITHIN, FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED]
    assert [f.severity for f in findings] == ["note", "note", "defect"]
    assert findings[0].message.startswith("B keeps 6.2 mm (0.24 in) more paper than A; up to 6.4 mm (0.25 in)")
    assert findings[2].message.startswith(
        "The color difference of B from the other copies is 9 (ΔE00); up to 5 is usual"
    )


@pytest.mark.parametrize(
    "value, expanded, unit, text",
    [
        (3.6183, 0.0621, "mm", "3.618 ± 0.062 mm"),
        (3.62, 0.06, "mm", "3.620 ± 0.060 mm"),
        (3.6183, 0.0999, "mm", "3.62 ± 0.10 mm"),
        (12.34, 1.26, "dE00", "12.3 ± 1.3 dE00"),
        (1234.5, 120.4, "mm", "1234 ± 120 mm"),
        (-0.0004, 0.06, "mm", "0.000 ± 0.060 mm"),
        (3, None, "count", "3"),
        (2.5, 0.0, "mm", "2.50 mm"),
    ],
)
def test_two_significant_digits_of_the_uncertainty(value: float, expanded: float | None, unit: str, text: str) -> None:
    assert plus_minus(value, expanded, unit) == text


def test_signed_numbers_have_a_true_minus() -> None:
    assert signed_plus_minus(-3.62, 0.062, "mm") == "−3.620 ± 0.062 mm"
    assert signed_plus_minus(1.2, None, "mm") == "+1.20 mm"


def test_what_else_was_not_checked_is_counted_by_its_name() -> None:
    gaps = ["cover", *(f"color printed gray on {n} of 9 pages" for n in range(1, MOST_GAPS + 2))]
    assert shortly(gaps[:-1]).endswith(" and 1 more check") and shortly(gaps).endswith(" and 2 more checks")
