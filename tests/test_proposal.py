"""A proposal keeps the policy as it is but for its limits, says what it rests on, and changes the verdicts it said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from conftest import Run

import qc
from qc.batch.tables import Tables
from qc.errors import OutputError, UsageError
from qc.judge.policy import load_policy
from studies.example import write_example
from studies.propose import Proposed, propose
from studies.sweep import limit_lines

KDP = load_policy("kdp")
RULE = KDP.rule("trim-offset-block")
LIMITS = {"trim-offset-block": limit_lines(RULE, 2.9)}


@dataclass(frozen=True)
class Case:
    tables: Tables
    proposed: Proposed


def written(tables: Tables, folder: Path, **other: object) -> Proposed:
    about = {
        "by": "A. Mueller",
        "reason": "Persons call a cut of 2.9 mm a defect.",
        "inspections": tables.inspections,
        "copies": 40,
        "titles": 10,
        "intervals": {"trim-offset-block": (2.8, 2.98)},
        "evidence": "notebooks/02_threshold.ipynb",
        "folder": folder,
        "made": date(2026, 11, 24),
    }
    return propose("kdp", LIMITS, **{**about, **other})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("proposal")
    write_example(folder / "qc.db", KDP, titles=10, copies=40, seed=3)
    tables = qc.load_store(folder / "qc.db")
    return Case(tables, written(tables, folder))


def test_only_the_limits_the_version_and_the_proposal_are_new(case: Case) -> None:
    old, new = KDP.toml.splitlines(), case.proposed.path.read_text().splitlines()
    changed = [(a, b) for a, b in zip(old, new, strict=False) if a != b]
    assert changed == [
        ('version = "2026.3"'.replace("2026.3", KDP.version), f'version = "{KDP.version}+proposed"'),
        ('within = "< 0.125 in"', 'within = "< 2.875 mm"'),
        ('outside = "> 3.2 mm"', 'outside = "> 2.9 mm"'),
    ]
    assert new[len(old) :][:2] == ["", "[proposal]"]
    assert sum("#" in line for line in new) == sum("#" in line for line in old)


def test_it_says_who_why_and_on_what(case: Case) -> None:
    read = load_policy(str(case.proposed.path))
    proposal = read.proposal
    assert proposal is not None and KDP.proposal is None
    assert (proposal.base, proposal.base_version, proposal.base_sha256) == ("kdp", KDP.version, KDP.sha256)
    assert (proposal.author, proposal.made, proposal.copies, proposal.titles) == (
        "A. Mueller",
        date(2026, 11, 24),
        40,
        10,
    )
    assert (proposal.data_from, proposal.data_to) == (date(2026, 1, 1), date(2026, 2, 9))
    assert [(c.limit, c.was, c.now, c.interval) for c in proposal.changes] == [
        ("within", "< 0.125 in", "< 2.875 mm", (2.8, 2.98)),
        ("outside", "> 3.2 mm", "> 2.9 mm", (2.8, 2.98)),
    ]
    assert proposal.verdicts_changed == len(case.proposed.flips) > 0


def test_judge_lists_exactly_the_verdicts_it_said_and_stores_nothing(case: Case, run_qc: Run) -> None:
    store = str(case.tables.path)
    ran = run_qc("judge", "--store", store, "--policy", case.proposed.path)
    said = {f.after.copy.id for f in case.proposed.flips}
    assert ran.code == 0
    assert {word for word in ran.out.split() if word.startswith("RMA-")} == said
    assert f"{len(said)} of 40 verdicts would change" in ran.out and "nothing was stored" in ran.err
    assert qc.load_store(store).verdicts.rows == case.tables.verdicts.rows


def test_in_force_it_changes_those_verdicts_and_no_other(case: Case, run_qc: Run, tmp_path: Path) -> None:
    text = case.proposed.path.read_text()
    house = tmp_path / "house.toml"
    house.write_text(text[: text.index("[proposal]")].replace("+proposed", "-house"))
    store = tmp_path / "qc.db"
    store.write_bytes(case.tables.path.read_bytes())
    refused = run_qc("judge", "--store", store, "--policy", case.proposed.path, "--save")
    assert refused.code == 2 and "is a proposal and cannot be saved" in refused.err
    assert run_qc("judge", "--store", store, "--policy", house, "--save").code == 0
    before = dict(zip(case.tables.copies["copy"], case.tables.copies["outcome"], strict=True))
    after = qc.load_store(store).copies
    now = dict(zip(after["copy"], after["outcome"], strict=True))
    assert {c for c in before if before[c] != now[c]} == {f.after.copy.id for f in case.proposed.flips}
    assert all(now[f.after.copy.id] == f.after.verdict.outcome for f in case.proposed.flips)


def test_diff_and_check_show_it(case: Case, run_qc: Run) -> None:
    for command in (["diff", "kdp"], ["check"], ["show"]):
        out = run_qc("policy", *command, case.proposed.path).out
        assert "Proposed by A. Mueller on 2026-11-24" in out and "40 labeled copies of 10 titles" in out
        assert "> 3.2 mm -> > 2.9 mm; best within 2.8 to 2.98" in out
    assert (
        "trim-offset-block: within < 3.175 mm -> < 2.875 mm" in run_qc("policy", "diff", "kdp", case.proposed.path).out
    )
    assert "roposed" not in run_qc("policy", "check", "kdp").out


def test_a_proposal_for_another_policy_of_that_name_is_said(case: Case, run_qc: Run, tmp_path: Path) -> None:
    newer = tmp_path / "kdp-newer.toml"
    newer.write_text(KDP.toml.replace(f'version = "{KDP.version}"', 'version = "2099.1"'))
    assert "made for another kdp" in run_qc("policy", "diff", newer, case.proposed.path).out
    assert "made for another" not in run_qc("policy", "diff", "kdp", case.proposed.path).out
    with pytest.raises(UsageError, match="is a proposal itself"):
        propose(
            str(case.proposed.path), LIMITS, by="A", reason="b", inspections=case.tables.inspections, copies=1, titles=1,
            folder=tmp_path,
        )  # fmt: skip


def test_a_limit_that_was_left_out_is_added(case: Case, tmp_path: Path) -> None:
    limits = {"color-cast": {"outside": "> 0.5 fraction"}}
    found = propose(
        "kdp", limits, by="A", reason="b", inspections=case.tables.inspections, copies=1, titles=1, folder=tmp_path
    )
    assert found.policy.rule("color-cast").outside_text == "> 0.5 fraction"
    assert found.flips == ()


@pytest.mark.parametrize(
    "wrong, said",
    [
        ({"limits": {"trim": {"outside": "> 1 mm"}}}, "no rule 'trim'"),
        ({"limits": {"trim-offset-block": {"notable": "> 1 mm"}}}, "no limit 'notable'"),
        ({"limits": {"trim-offset-block": {"outside": "> 3 mm"}}}, "begins where within"),
        ({"limits": {"trim-offset-block": {"outside": "> 3.2 mm"}}}, "nothing to propose"),
        ({"reason": " "}, "author and a reason"),
        ({"inspections": ()}, "inspections it rests on"),
    ],
)
def test_what_cannot_be_proposed_is_said(case: Case, tmp_path: Path, wrong: dict[str, object], said: str) -> None:
    about = {"by": "A", "reason": "b", "inspections": case.tables.inspections, "copies": 1, "titles": 1}
    with pytest.raises(UsageError, match=said):
        propose("kdp", wrong.pop("limits", LIMITS), folder=tmp_path, **{**about, **wrong})  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_a_policy_is_not_written_over(case: Case, tmp_path: Path) -> None:
    (tmp_path / "kdp.proposed.toml").write_text(KDP.toml)
    with pytest.raises(OutputError, match="no proposal"):
        written(case.tables, tmp_path)
    (tmp_path / "kdp.proposed.toml").write_text(case.proposed.path.read_text())
    assert written(case.tables, tmp_path).path.exists()
    with pytest.raises(OutputError, match="cannot be written"):
        written(case.tables, tmp_path / "not there")


@pytest.mark.parametrize(
    "line, instead, said",
    [
        ('author = "A. Mueller"', 'autor = "A. Mueller"', "unknown key 'autor'"),
        ("copies = 40", 'copies = "many"', "copies"),
        ("made = 2026-11-24", 'made = "2026-11-24"', "without quotes"),
        ('now = "> 2.9 mm"', 'now = "> 2.5 mm"', "belong together"),
        ('limit = "outside"', 'limit = "notable"', "one of outside, within"),
        ("interval = [2.8, 2.98]", "interval = [2.98, 2.8]", "the smaller one first"),
        ('rule = "trim-offset-block"', 'rule = "trim"', "one of"),
        ("titles = 10\n", "", "'titles' is missing"),
    ],
)
def test_a_proposal_is_read_strictly(case: Case, tmp_path: Path, line: str, instead: str, said: str) -> None:
    text = case.proposed.path.read_text()
    assert line in text
    file = tmp_path / "wrong.toml"
    head, sep, tail = text.partition("[proposal]")
    file.write_text(head + sep + tail.replace(line, instead))
    with pytest.raises(UsageError, match=said):
        load_policy(str(file))
