"""Doubt about what a thing is: the flags a rule lists send what would be outside to a person, and nothing else.

The decision table is computed from the text of the policy files, with no part of qc.
"""

from __future__ import annotations

import json
import operator
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from inspection_example import example
from jsonschema import Draft202012Validator, ValidationError
from test_policy import HEAD, RULE, write

from qc.batch.codec import decode, encode
from qc.errors import UsageError
from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.judge import judge, judge_between
from qc.judge.policy import load_policy, shipped
from qc.measure import MEASURES
from qc.model import (
    BookCopy,
    Finding,
    FindingOutcome,
    Observation,
    ReferenceId,
    ScanFile,
    ScanSettings,
    VerdictOutcome,
    Where,
)
from qc.report.record import comparison_record, record

COPY = BookCopy("RMA-1", Path("RMA-1"), tuple(ScanFile(Path(f"p-{n}.jpg"), f"p-{n}.jpg") for n in range(1, 7)))
PDF = ReferenceId("pdf", "9780000000002", "0" * 64)
SHIPPED = {name: load_policy(name) for name in shipped()}
KDP = SHIPPED["kdp"]

# What the policy files say, read without qc


COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
POLICIES = {
    name: tomllib.loads(resources.files("qc.judge").joinpath(f"policies/{name}.toml").read_text("utf-8"))
    for name in ("ingram", "kdp")
}
RULES = [(name, rule) for name, policy in POLICIES.items() for rule in policy["rule"]]
IDS = [f"{name} {rule['id']}" for name, rule in RULES]
EPS = 1e-6


@dataclass(frozen=True)
class Bound:
    """A limit of the text; lengths in millimeters."""

    op: str
    value: float

    @classmethod
    def of(cls, text: str) -> Bound:
        op, size, unit = text.split()
        return cls(op, float(Fraction(size) * (Fraction("25.4") if unit == "in" else 1)))

    def holds(self, numbers: list[float]) -> bool:
        return all(COMPARE[self.op](n, self.value) for n in numbers)


def within_of(rule: dict[str, Any]) -> Bound:
    return Bound.of(rule["within"])


def outside_of(rule: dict[str, Any]) -> Bound | None:
    """Left out, it is the opposite of `within`."""
    if rule.get("outside") == "never":
        return None
    within = within_of(rule)
    return Bound.of(rule["outside"]) if "outside" in rule else Bound(OPPOSITE[within.op], within.value)


def told(rule: dict[str, Any], value: float | None, u: float | None, k: float, flags: tuple[str, ...] = ()) -> str:
    """The outcome by the words of the contract."""
    if value is None:
        return "not-judged"
    reach = k * (u or 0.0)
    numbers = [value - reach, value + reach]
    if rule.get("magnitude"):
        numbers = [abs(n) for n in numbers] + [0.0] * (numbers[0] <= 0 <= numbers[1])
    if within_of(rule).holds(numbers):
        return "within"
    outside = outside_of(rule)
    certain = outside is not None and outside.holds(numbers) and not set(flags) & set(rule.get("doubt", ()))
    return "outside" if certain else "undecided"


def verdict_of(rule: dict[str, Any], outcome: str) -> str:
    """Of a copy of which nothing else was measured."""
    if rule["severity"] == "defect" and outcome in ("outside", "undecided"):
        return "defect" if outcome == "outside" else "needs-review"
    return "insufficient-evidence" if rule.get("required") and outcome == "not-judged" else "no-defect"


def around_the_limits(rule: dict[str, Any], k: float) -> Iterator[tuple[float, float | None]]:
    """Values just before, at and just beyond each limit, exact and with a u, and at both ends of the guard band."""
    limits = [within_of(rule), *filter(None, [outside_of(rule)])]
    for limit in limits:
        for sign in (1, -1) if rule.get("magnitude") else (1,):
            for u in (None, 0.0, 0.004, 0.05):
                reach = k * (u or 0.0)
                for away in (-reach, 0.0, reach):
                    for beside in (-EPS, 0.0, EPS) if away == 0.0 else (-EPS, EPS):
                        yield sign * (limit.value + away + beside), u
    for value in (0.0, 0.5, 1.0, 3.0, 40.0):
        yield value, 0.0


# What qc says


def observed(rule: dict[str, Any], value: float | None, u: float | None, flags: tuple[str, ...]) -> list[Observation]:
    """An observation that the rule judges, one at each edge where it needs them all."""
    edges: list[Edge | None] = [None]
    if rule["measure"] in ("trim-offset-block", "trim-skew", "cover-trim-offset"):
        edges = [Edge.SPINE] if rule.get("edges") == ["spine"] else [Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE]
    axis = "y" if rule["measure"] in ("print-position-recto-verso", "copy-position-outlier") else None
    detail = {"reference_page": 3, "reference_pages": [3]} | ({"code": rule["code"]} if "code" in rule else {})
    measure = MEASURES[rule["measure"]]
    why = flags or ("no-reference",) * (value is None)
    wheres = [Where(edge=edge, axis=axis, page=None if edge else 5) for edge in edges]
    return [measure.observe(value, u, where, why, detail) for where in wheres]


def judged(name: str, rule: dict[str, Any], seen: list[Observation]) -> tuple[list[Finding], str]:
    """Findings and verdict of that rule alone."""
    policy = replace(SHIPPED[name], rules=(SHIPPED[name].rule(rule["id"]),))
    findings, verdict = judge(seen, policy, replace(COPY, scan=ScanSettings()), (), PDF)
    return [f for f in findings if f.rule == rule["id"]], str(verdict.outcome)


def test_the_policies_of_the_table_are_those_that_are_shipped() -> None:
    assert list(POLICIES) == list(SHIPPED)
    for name, policy in POLICIES.items():
        assert [(r["id"], tuple(r.get("doubt", ()))) for r in policy["rule"]] == [
            (r.id, r.doubt) for r in SHIPPED[name].rules
        ]


@pytest.mark.parametrize(("name", "rule"), RULES, ids=IDS)
def test_every_rule_decides_as_its_text_says(name: str, rule: dict[str, Any]) -> None:
    k, outcomes = float(POLICIES[name]["k"]), set()
    for value, u in around_the_limits(rule, k):
        seen = observed(rule, value, u, ())
        findings, verdict = judged(name, rule, seen)
        expected = told(rule, value, u, k)
        outcomes.add(expected)
        assert [str(f.outcome) for f in findings] == [expected] * len(seen), (value, u)
        assert all(f.doubt == () for f in findings)
        assert verdict == verdict_of(rule, expected), (value, u)
    findings, verdict = judged(name, rule, observed(rule, None, None, ()))
    assert {str(f.outcome) for f in findings} == {"not-judged"} and verdict == verdict_of(rule, "not-judged")
    # A table that never comes to the other side of a limit proves nothing.
    assert outcomes >= {"within", "undecided"} | ({"outside"} if outside_of(rule) else set())


DOUBTING = [(name, rule) for name, rule in RULES if rule.get("doubt")]


@pytest.mark.parametrize(("name", "rule"), DOUBTING, ids=[f"{name} {rule['id']}" for name, rule in DOUBTING])
def test_a_listed_doubt_turns_outside_into_undecided_and_nothing_else(name: str, rule: dict[str, Any]) -> None:
    k, turned = float(POLICIES[name]["k"]), 0
    every = tuple(rule["doubt"])
    for flags in [*((f,) for f in every), every, ("no-profile", *every)]:
        listed = tuple(f for f in flags if f in every)
        for value, u in around_the_limits(rule, k):
            seen = observed(rule, value, u, flags)
            findings, verdict = judged(name, rule, seen)
            plain, expected = told(rule, value, u, k), told(rule, value, u, k, flags)
            assert expected == ("undecided" if plain == "outside" else plain)
            turned += plain == "outside"
            assert [str(f.outcome) for f in findings] == [expected] * len(seen), (value, u, flags)
            for finding in findings:
                assert (finding.value, finding.u, finding.flags) == (value, u, flags)
                assert finding.doubt == (listed if expected == "undecided" else ()), (value, u, flags)
            assert verdict == verdict_of(rule, expected)
        findings, verdict = judged(name, rule, observed(rule, None, None, flags))
        assert {(str(f.outcome), f.doubt) for f in findings} == {("not-judged", ())}
        assert verdict == verdict_of(rule, "not-judged")
    # A rule that never calls a defect has nothing to turn; its doubt says why a person looks.
    assert (turned > 0) == (outside_of(rule) is not None)


@pytest.mark.parametrize(("name", "rule"), RULES, ids=IDS)
def test_a_flag_that_the_rule_does_not_list_changes_nothing(name: str, rule: dict[str, Any]) -> None:
    within, outside, k = within_of(rule), outside_of(rule), float(POLICIES[name]["k"])
    far = (1 if within.op.startswith("<") else -1) * 9.0
    values = [within.value, within.value - far, within.value + far, outside.value if outside else within.value + far]
    for value in values:
        (plain, *_), verdict = judged(name, rule, observed(rule, value, 0.0, ()))
        assert str(plain.outcome) == told(rule, value, 0.0, k)
        for flag in Flag:
            if flag in rule.get("doubt", ()):
                continue
            (finding, *_), flagged = judged(name, rule, observed(rule, value, 0.0, (str(flag),)))
            assert finding.flags == (str(flag),)
            assert (finding.outcome, finding.doubt, finding.margin) == (plain.outcome, (), plain.margin), flag
            assert flagged == verdict, flag


LEAST: dict[str, set[str]] = {
    "trim-offset-block": {"print-scaled"},
    "trim-offset-page": {"one-edge", "jitter-possible", "print-scaled", "place-unsure"},
    "trim-size-block": {"print-scaled"},
    "blank-pages-inside": {"place-unsure", "pale-ordered", "not-bare"},
    "print-defect": {"place-unsure", "pale-ordered", "not-bare", "few-words"},
    "print-defect-spot": {"dirt-or-ink", "stain-or-ink"},
    "print-defect-smear": {"dirt-or-ink", "stain-or-ink"},
    "print-defect-void": {"dirt-or-ink", "stain-or-ink"},
    "print-defect-streak": {"dirt-or-ink", "stain-or-ink"},
    "pages-missing": {"look-alike"},
    "pages-duplicated": {"look-alike", "one-side", "maybe-same-sheet", "two-copies"},
    "pages-out-of-order": {"mixed-up", "scanned-late"},
    "pages-upside-down": {"one-side"},
}


MARKS = {f"print-defect-{code}": {"dirt-or-ink", "stain-or-ink"} for code in ("spot", "smear", "void")}


@pytest.mark.parametrize("name", list(POLICIES))
def test_what_a_person_was_asked_before_a_person_is_asked_still(name: str) -> None:
    doubts = {rule["id"]: rule.get("doubt", []) for rule in POLICIES[name]["rule"]}
    for rule_id, flags in LEAST.items():
        assert flags <= set(doubts[rule_id]), rule_id
    for rule in POLICIES[name]["rule"]:
        if rule.get("outside") == "never":
            # It never calls a defect anyhow; the doubt is there to be told, which only marks of unknown nature need.
            assert set(rule.get("doubt", ())) == MARKS.get(rule["id"], set())
        assert len(set(doubts[rule["id"]])) == len(doubts[rule["id"]])


def test_what_is_doubtful_does_not_depend_on_the_printer() -> None:
    one, other = ({r["id"]: set(r.get("doubt", ())) for r in POLICIES[name]["rule"]} for name in POLICIES)
    assert {i: one[i] for i in one if i in other} == {i: other[i] for i in other if i in one}


# Single findings, and what they say


def streaks(value: float | None, *flags: str, code: str = "streak") -> Observation:
    return MEASURES["print-defect"].observe(value, None if value is None else 0.0, Where(page=5), flags, {"code": code})


def page(value: float | None, *flags: str, u: float = 0.03) -> Observation:
    where = Where(page=5, edge=Edge.FORE_EDGE)
    return MEASURES["trim-offset-page"].observe(value, None if value is None else u, where, flags)


def alone(observation: Observation) -> Finding:
    (finding,) = judge_between([observation], KDP)
    return finding


@pytest.mark.parametrize(
    ("observation", "outcome", "doubt"),
    [
        (streaks(0.0, "dirt-or-ink"), FindingOutcome.WITHIN, ()),
        (streaks(3.0), FindingOutcome.OUTSIDE, ()),
        (streaks(3.0, "dirt-or-ink"), FindingOutcome.UNDECIDED, ("dirt-or-ink",)),
        (streaks(3.0, "other-content"), FindingOutcome.OUTSIDE, ()),
        (streaks(3.0, "other-content", "dirt-or-ink"), FindingOutcome.UNDECIDED, ("dirt-or-ink",)),
        (streaks(3.0, "few-words", "one-side"), FindingOutcome.OUTSIDE, ()),
        (streaks(None, "dirt-or-ink"), FindingOutcome.NOT_JUDGED, ()),
        (page(2.4, "one-edge"), FindingOutcome.WITHIN, ()),
        (page(-3.9), FindingOutcome.OUTSIDE, ()),
        (page(-3.9, "one-edge"), FindingOutcome.UNDECIDED, ("one-edge",)),
        (page(-3.9, "jitter-possible", "one-edge"), FindingOutcome.UNDECIDED, ("jitter-possible", "one-edge")),
        (page(-3.9, "no-profile", "one-edge"), FindingOutcome.UNDECIDED, ("one-edge",)),
        (page(-3.9, "cropped"), FindingOutcome.OUTSIDE, ()),
        (page(3.19, u=0.0), FindingOutcome.UNDECIDED, ()),
        (page(3.19, "cropped", u=0.0), FindingOutcome.UNDECIDED, ()),
        (page(3.19, "one-edge", u=0.0), FindingOutcome.UNDECIDED, ("one-edge",)),
        (page(3.22, "cropped", u=0.03), FindingOutcome.UNDECIDED, ()),
        (page(None, "one-edge"), FindingOutcome.NOT_JUDGED, ()),
    ],
)
def test_doubt_sends_only_what_is_not_within_to_a_person(
    observation: Observation, outcome: FindingOutcome, doubt: tuple[str, ...]
) -> None:
    finding = alone(observation)
    assert (finding.outcome, finding.doubt, finding.flags) == (outcome, doubt, observation.flags)


def test_a_sure_page_is_a_defect_beside_one_in_doubt() -> None:
    policy = replace(KDP, rules=tuple(replace(r, required=False) for r in KDP.rules))
    seen = [page(-9.0, "one-edge"), replace(page(-3.9), where=Where(page=2, edge=Edge.HEAD))]
    findings, verdict = judge(seen, policy, COPY, (), PDF)
    by_page = {f.where.page: (f.outcome, f.doubt) for f in findings}
    assert by_page == {5: (FindingOutcome.UNDECIDED, ("one-edge",)), 2: (FindingOutcome.OUTSIDE, ())}
    assert verdict.outcome is VerdictOutcome.DEFECT and verdict.summary.startswith("Page 2 is printed 3.9 mm")
    assert judge(seen[:1], policy, COPY, (), PDF)[1].outcome is VerdictOutcome.NEEDS_REVIEW


def test_the_message_says_what_is_in_doubt() -> None:
    said = alone(page(-3.9, "no-profile", "jitter-possible", "one-edge")).message
    assert said.endswith(f", but {Flag.JITTER_POSSIBLE.meaning}.")
    assert "is allowed" not in said and Flag.NO_PROFILE.meaning not in said
    said = alone(streaks(2.0, "dirt-or-ink")).message
    assert said == f"Page 5 shows 2 streaks, but {Flag.DIRT_OR_INK.meaning}."
    assert alone(streaks(2.0)).message == "Page 5 shows 2 streaks."
    assert "too close to the limit of 3.2 mm (0.125 in) to call" in alone(page(3.19, u=0.0)).message


@pytest.mark.parametrize(
    ("code", "many"), [("spot", "stray spots"), ("smear", "smears"), ("void", "pale spots in solid print")]
)
def test_a_mark_that_no_rule_calls_a_defect_says_its_doubt_only_where_it_has_one(code: str, many: str) -> None:
    doubtful, sure = alone(streaks(2.0, "dirt-or-ink", code=code)), alone(streaks(2.0, code=code))
    assert (doubtful.outcome, sure.outcome, sure.doubt) == (FindingOutcome.UNDECIDED, FindingOutcome.UNDECIDED, ())
    assert doubtful.message == f"Page 5 shows 2 {many}, but {Flag.DIRT_OR_INK.meaning}."
    assert sure.message == f"Page 5 shows 2 {many}."


def test_u_of_a_count_is_no_doubt_any_more() -> None:
    """A u that a count does not have would widen the interval: a person would look without being told why."""
    wide = MEASURES["print-defect"].observe(3.0, 3.0, Where(page=5), (), {"code": "streak"})
    assert (alone(wide).outcome, alone(wide).doubt) == (FindingOutcome.UNDECIDED, ())


# Policy files


@pytest.mark.parametrize(
    ("doubt", "words"),
    [
        ('["one-sid"]', ["one-side"]),
        ('["one-edge", "jiter-possible"]', ["jitter-possible"]),
        ('["ONE-SIDE"]', []),
        ('["nothing like a flag"]', []),
        ('"one-side"', []),
        ("[1]", []),
        ("[[]]", []),
        ("true", []),
    ],
)
def test_an_unknown_doubt_is_named_with_file_rule_and_the_nearest_flag(
    tmp_path: Path, doubt: str, words: list[str]
) -> None:
    path = write(tmp_path, HEAD + RULE + f"doubt = {doubt}\n")
    with pytest.raises(UsageError) as fault:
        load_policy(path)
    for word in [path, "rule shift", "doubt", "flags", *(f"did you mean '{w}'" for w in words)]:
        assert word in str(fault.value)
    assert words or "did you mean" not in str(fault.value)


def test_an_unknown_doubt_ends_the_command_as_wrong_usage(run_qc: Run, tmp_path: Path) -> None:
    path = write(tmp_path, HEAD + RULE + 'doubt = ["one-sid"]\n')
    ran = run_qc("policy", "check", path)
    assert (ran.code, ran.out) == (2, "")
    said = "".join(ran.err.split())
    assert "ruleshift" in said and "house.toml" in said and "didyoumean'one-side'" in said


def test_a_policy_lists_its_doubts_or_has_none(tmp_path: Path) -> None:
    assert load_policy(write(tmp_path, HEAD + RULE)).rule("shift").doubt == ()
    assert load_policy(write(tmp_path, HEAD + RULE + "doubt = []\n")).rule("shift").doubt == ()
    named = load_policy(write(tmp_path, HEAD + RULE + 'doubt = ["one-edge", "few-pages"]\n')).rule("shift")
    assert named.doubt == ("one-edge", "few-pages")


# Records


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(
        json.loads(resources.files("qc.report").joinpath(f"schemas/{name}.schema.json").read_text())
    )


def doubtful() -> list[Finding]:
    return [alone(page(-3.9, "no-profile", "one-edge")), alone(page(-3.9)), alone(page(1.0, "one-edge"))]


def test_the_record_names_flags_and_doubt_after_the_evidence() -> None:
    made = record(replace(example(), findings=tuple(doubtful())))
    schema("inspection").validate(made)
    assert all(list(f)[-5:] == ["evidence", "flags", "doubt", "verbatim", "salience"] for f in made["findings"])
    assert [(f["flags"], f["doubt"]) for f in made["findings"]] == [
        (["no-profile", "one-edge"], ["one-edge"]),
        ([], []),
        (["one-edge"], []),
    ]
    assert all(type(flag) is str for f in made["findings"] for flag in (*f["flags"], *f["doubt"]))
    assert json.loads(json.dumps(made["findings"])) == made["findings"]


def test_the_record_of_a_comparison_names_them_as_well() -> None:
    made = comparison_record(["A", "B"], [], doubtful())
    schema("comparison").validate(made)
    assert [f["doubt"] for f in made["findings"]] == [["one-edge"], [], []]


@pytest.mark.parametrize("key", ["flags", "doubt"])
def test_the_schema_wants_a_list_of_texts_and_knows_older_records(key: str) -> None:
    made = record(replace(example(), findings=tuple(doubtful())))
    del made["findings"][0][key]
    schema("inspection").validate(made)
    for wrong in ("one-edge", [1], None):
        made["findings"][0][key] = wrong
        with pytest.raises(ValidationError):
            schema("inspection").validate(made)


def test_a_finding_that_was_stored_before_there_were_doubts_has_none() -> None:
    for finding in doubtful():
        kept = encode(finding)
        assert decode(Finding, kept) == finding
        del kept["doubt"]
        assert decode(Finding, kept) == replace(finding, doubt=())
