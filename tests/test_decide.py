"""What persons decide: on which scans, for which reason, what follows, and everything that shows it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from conftest import Run
from inspection_example import example, sound, unseen
from jsonschema import Draft202012Validator

from qc.batch.overview import publish, renew, stored_rows
from qc.batch.scan_hashes import scans_at
from qc.batch.store import Store
from qc.judge.policy import load_policy
from qc.model import Claim, Inspection, VerdictOutcome
from qc.report import html
from qc.report.schema import FOLDER
from qc.report.since import BEGIN, END, write_since
from qc.review.queue import load_queue

POLICY = load_policy()
BY = ("--store", "qc.db", "--by", "A. Mueller")


def inspected(inspection: Inspection, folder: Path, copy: str) -> Inspection:
    """The inspection as one of the scans that lie in `folder`."""
    return replace(
        inspection,
        policy=POLICY.identity,
        copy=replace(inspection.copy, id=copy, path=folder),
        observations=tuple(o for o in inspection.observations if o.measure.startswith("trim-offset")),
        provenance=replace(inspection.provenance, scans=scans_at(folder) or {}),
    )


@pytest.fixture
def bench(tmp_path: Path, run_qc: Run) -> Run:
    """A night of three copies, the last of which failed: `run_qc` in its folder."""
    out = tmp_path / "night"
    with Store(tmp_path / "qc.db", create=True) as store:
        run = store.begin_run("batch", ["inbox"])
        for name, one in (("RMA-1", example()), ("RMA-2", sound())):
            folder = tmp_path / "inbox" / name
            folder.mkdir(parents=True)
            (folder / "p-0001.png").write_bytes(name.encode())
            (folder / "copy.toml").write_text("")
            made = inspected(one, folder, name)
            html.write(made, (), out / name / "report.html", k=2)
            store.add(made, POLICY, run, key=name, report=str(out / name / "report.html"))
        failed = tmp_path / "inbox" / "RMA-3"
        store.add_failure("RMA-3", failed, run, key="", exit_code=3, message="no scans", seconds=0.0, policy=POLICY)
        rows = list(stored_rows(store).values())
        publish(store, rows, out, "Returns in inbox")
    return run_qc


def decision_of(run_qc: Run, copy: str) -> dict[str, object] | None:
    ran = run_qc("export", "--store", "qc.db", "--format", "jsonl")
    records = map(json.loads, ran.out.splitlines())
    return next(r["decision"] for r in records if copy in (r["copy"], r["copy"]["id"] if "pages" in r else ""))


def test_agreeing_needs_no_reason_and_disagreeing_does(bench: Run) -> None:
    agreed = bench("decide", "RMA-1", "defect", *BY)
    assert agreed.code == 0 and "Decided by A. Mueller on " in agreed.out and "qc said DEFECT" in agreed.out
    bare = bench("decide", "RMA-1", "no-defect", *BY)
    assert bare.code == 2 and "qc said DEFECT; say why you decide otherwise" in bare.err
    decision = decision_of(bench, "RMA-1")
    assert decision is not None and decision.pop("made")
    assert decision == {"outcome": "defect", "by": "A. Mueller", "reason": None, "code": None, "stale": False}


def test_a_lost_copy_that_was_found_is_not_refunded(bench: Run, tmp_path: Path) -> None:
    claim = Claim("lost", notified_on=date(2026, 10, 1), claimed_on=date(2026, 10, 2))
    lost = inspected(replace(unseen(), copy=replace(unseen().copy, scans=(), claim=claim)), tmp_path / "lost", "RMA-4")
    with Store(tmp_path / "qc.db") as store:
        store.add(lost, POLICY, store.begin_run("inspect", []), key="RMA-4")
        publish(store, list(stored_rows(store).values()), tmp_path / "night", "Returns in inbox")
        assert next(i for i in load_queue(store).items if i.copy == "RMA-4").word == "LOST COPY"
    assert "LOST COPY" in (tmp_path / "night" / "index.html").read_text("utf-8")
    agreed = bench("decide", "RMA-4", "insufficient-evidence", *BY).out
    assert ": LOST COPY. Decided by A. Mueller" in agreed and "Refund: yes (lost in transit)." in agreed
    found = bench("decide", "RMA-4", "no-defect", *BY, "--reason", "found again").out
    assert ": NO DEFECT. Decided by A. Mueller" in found and "Policy:" not in found
    assert "Refund: no (no defect found)." in found
    with Store(tmp_path / "qc.db") as store:
        row = stored_rows(store)["RMA-4"]
    assert (row.refund, row.route, row.waits) == ("not-eligible", "none", False)


@pytest.mark.parametrize("how", [("needs-review", "--code", "rescan"), ("insufficient-evidence", "--reason", "dark")])
def test_a_copy_to_be_scanned_again_stays_on_a_list_until_it_was(
    bench: Run, tmp_path: Path, how: tuple[str, ...]
) -> None:
    def row_and_index() -> tuple[dict[str, str], str]:
        table = csv.DictReader(io.StringIO(bench("export", "--store", "qc.db", "--format", "csv").out))
        index = (tmp_path / "night" / "index.html").read_text("utf-8")
        return next(row for row in table if row["copy"] == "RMA-2"), index

    assert bench("decide", "RMA-2", how[0], *BY, *how[1:]).code == 0
    row, index = row_and_index()
    assert (row["waits"], row["scan_again"], row["refund"]) == ("0", "1", "review")
    assert "1 to be scanned again" in index and 'data-decision="again"' in index and "· to be scanned again" in index
    scan = tmp_path / "inbox" / "RMA-2" / "p-0001.png"
    scan.write_bytes(b"another scan")
    with Store(tmp_path / "qc.db") as store:
        store.add(inspected(sound(), scan.parent, "RMA-2"), POLICY, store.begin_run("batch", []), key="again")
        renew(store, ["RMA-2"])
    row, index = row_and_index()
    assert (row["waits"], row["scan_again"], row["stale"]) == ("1", "0", "1") and "to be scanned again" not in index


def test_what_is_left_to_another_person_waits(bench: Run, tmp_path: Path) -> None:
    bench("decide", "RMA-2", "needs-review", *BY, "--code", "second-person")
    with Store(tmp_path / "qc.db") as store:
        row = stored_rows(store)["RMA-2"]
    assert (row.waits, row.scan_again) == (True, False)


def test_the_exit_of_a_copy_is_one_number(bench: Run, tmp_path: Path) -> None:
    table = csv.DictReader(io.StringIO(bench("export", "--store", "qc.db", "--format", "csv").out))
    summary = csv.DictReader(io.StringIO((tmp_path / "night" / "summary.csv").read_text("utf-8")))
    expected = {"RMA-1": "10", "RMA-2": "0", "RMA-3": "3"}
    assert {r["copy"]: r["exit"] for r in table} == {r["copy"]: r["exit"] for r in summary} == expected


def test_a_code_is_a_reason_and_must_fit_the_outcome(bench: Run) -> None:
    ran = bench("decide", "RMA-1", "needs-review", *BY, "--code", "rescan")
    assert ran.code == 0 and "The scans do not show it; scan again" in ran.out
    decision = decision_of(bench, "RMA-1")
    assert decision is not None and (decision["code"], decision["reason"]) == ("rescan", None)
    wrong = bench("decide", "RMA-1", "defect", *BY, "--code", "rescan")
    assert wrong.code == 2 and "stands for needs-review, not defect" in wrong.err
    unknown = bench("decide", "RMA-1", "defect", *BY, "--code", "coffee")
    assert unknown.code == 2 and "has no code coffee" in unknown.err and "cut-wrong" in unknown.err
    assert bench("decide", "RMA-3", "needs-review", *BY, "--code", "rescan").code == 0
    failed = decision_of(bench, "RMA-3")
    assert failed is not None and failed["code"] == "rescan"


def test_other_scans_than_those_inspected_are_refused(bench: Run, tmp_path: Path) -> None:
    scan = tmp_path / "inbox" / "RMA-1" / "p-0001.png"
    was = scan.read_bytes()
    scan.write_bytes(b"another sheet")
    ran = bench("decide", "RMA-1", "defect", *BY)
    assert ran.code == 2 and "not those that were inspected" in ran.err and "p-0001.png" in ran.err
    scan.write_bytes(was)
    (scan.parent / "p-0002.png").write_bytes(b"one more")
    assert bench("decide", "RMA-1", "defect", *BY).code == 2
    (scan.parent / "p-0002.png").unlink()
    (scan.parent / "copy.toml").write_text('title = "Another"\n')
    assert bench("decide", "RMA-1", "defect", *BY).code == 0
    scan.unlink()
    gone = bench("decide", "RMA-1", "no-defect", *BY, "--reason", "seen")
    assert gone.code == 0 and "No scans lie in" in gone.err
    decision = decision_of(bench, "RMA-1")
    assert decision is not None and decision["stale"] is False


def test_withdrawing_takes_the_last_back_and_the_one_before_holds_again(bench: Run) -> None:
    bench("decide", "RMA-2", "needs-review", *BY, "--reason", "not sure")
    bench("decide", "RMA-2", "defect", "--store", "qc.db", "--by", "B. Okafor", "--reason", "cut")
    first = bench("decide", "RMA-2", "withdraw", *BY)
    assert first.code == 0 and "DEFECT by B. Okafor" in first.out and "REVIEW by A. Mueller" in first.out
    assert decision_of(bench, "RMA-2")["by"] == "A. Mueller"  # type: ignore[index]
    last = bench("decide", "RMA-2", "withdraw", *BY, "--reason", "the wrong copy")
    assert last.code == 0 and "the verdict of qc stands" in last.out and decision_of(bench, "RMA-2") is None
    none = bench("decide", "RMA-2", "withdraw", *BY)
    assert none.code == 2 and "nothing to withdraw" in none.err
    assert bench("decide", "RMA-2", "withdraw", *BY, "--code", "rescan").code == 2
    rows = list(
        csv.DictReader(io.StringIO(bench("export", "--store", "qc.db", "--format", "csv", "--what", "decisions").out))
    )
    assert [(r["copy"], r["outcome"], r["withdrawn"]) for r in rows] == [
        ("RMA-2", "needs-review", "1"),
        ("RMA-2", "defect", "1"),
        ("RMA-2", "withdrawn", "0"),
        ("RMA-2", "withdrawn", "0"),
    ]


def test_index_summary_and_report_learn_of_it_and_nothing_else_changes(bench: Run, tmp_path: Path) -> None:
    out = tmp_path / "night"
    before = {p: p.read_bytes() for p in out.rglob("*") if p.is_file()}
    bench("decide", "RMA-2", "defect", *BY, "--reason", "<script>alert(1)</script> -->")
    rows = list(csv.DictReader(io.StringIO((out / "summary.csv").read_text("utf-8"))))
    assert [(r["copy"], r["decided"], r["by"], r["stale"]) for r in rows] == [
        ("RMA-1", "", "", ""),
        ("RMA-2", "defect", "A. Mueller", "0"),
        ("RMA-3", "", "", ""),
    ]
    assert "by A. Mueller" in (out / "index.html").read_text("utf-8")
    report = (out / "RMA-2" / "report.html").read_text("utf-8")
    head, _, rest = report.partition(BEGIN)
    block, _, tail = rest.partition(END)
    assert "DEFECT: decided by A. Mueller on " in block and "<script" not in block and "alert(1)" in block
    was = before[out / "RMA-2" / "report.html"].decode()
    assert was == f"{head}{BEGIN}{END}{tail}"
    assert (out / "RMA-1" / "report.html").read_bytes() == before[out / "RMA-1" / "report.html"]
    bench("decide", "RMA-2", "withdraw", *BY)
    assert {p: p.read_bytes() for p in out.rglob("*") if p.is_file()} == before


def test_a_decision_outlives_inspections_until_the_scans_are_others(bench: Run, tmp_path: Path) -> None:
    bench("decide", "RMA-2", "defect", *BY, "--reason", "seen")
    folder = tmp_path / "inbox" / "RMA-2"
    with Store(tmp_path / "qc.db") as store:
        store.add(inspected(sound(), folder, "RMA-2"), POLICY, store.begin_run("batch"), key="newer qc")
    decision = decision_of(bench, "RMA-2")
    assert decision is not None and decision["stale"] is False
    (folder / "p-0001.png").write_bytes(b"scanned again")
    with Store(tmp_path / "qc.db") as store:
        store.add(inspected(sound(), folder, "RMA-2"), POLICY, store.begin_run("batch"), key="other scans")
        renew(store, ["RMA-2"])
        row = stored_rows(store)["RMA-2"]
    assert decision_of(bench, "RMA-2") == decision | {"stale": True}
    assert (row.decided, row.stale, row.waits, row.refund) == ("defect", True, True, "not-eligible")
    assert "the scans changed since" in (tmp_path / "night" / "index.html").read_text("utf-8")
    bench("decide", "RMA-2", "no-defect", *BY)
    after = decision_of(bench, "RMA-2")
    assert after is not None and (after["outcome"], after["stale"]) == ("no-defect", False)


def test_what_cannot_be_shown_is_said_and_the_decision_stays(bench: Run, tmp_path: Path) -> None:
    index = tmp_path / "night" / "index.html"
    index.unlink()
    index.mkdir()
    ran = bench("decide", "RMA-1", "defect", *BY)
    assert ran.code == 0 and "It is stored, but not everything shows it" in ran.err
    assert decision_of(bench, "RMA-1") is not None


def test_a_report_without_a_place_for_it_and_one_that_is_gone_are_left_alone(tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    write_since(report, ["DEFECT"])
    assert not report.exists()
    report.write_text("<main>of an older qc</main>")
    write_since(report, ["DEFECT"])
    assert report.read_text() == "<main>of an older qc</main>"


def test_to_withdraw_what_another_decided_says_whose_it_was(bench: Run) -> None:
    bench("decide", "RMA-1", "defect", *BY)
    said = bench("decide", "RMA-1", "withdraw", "--store", "qc.db", "--by", "B. Okafor").out
    assert "DEFECT by A. Mueller of " in said and "is withdrawn by B. Okafor, who is another person;" in said
    bench("decide", "RMA-1", "defect", *BY)
    assert "is withdrawn;" in bench("decide", "RMA-1", "withdraw", *BY).out


def test_export_lists_copies_by_their_ids(bench: Run, tmp_path: Path) -> None:
    with Store(tmp_path / "qc.db") as store:
        run = store.begin_run("inspect", [])
        store.add(inspected(sound(), tmp_path / "RMA-0", "RMA-0"), POLICY, run, key="RMA-0")
    table = csv.DictReader(io.StringIO(bench("export", "--store", "qc.db", "--format", "csv").out))
    lines = [json.loads(line) for line in bench("export", "--store", "qc.db", "--format", "jsonl").out.splitlines()]
    ids = [r["copy"] if r["schema"] == "qc.error/1" else r["copy"]["id"] for r in lines]
    assert [r["copy"] for r in table] == ids == ["RMA-0", "RMA-1", "RMA-2", "RMA-3"]


def test_the_shipped_codes_cover_every_outcome_and_ask_for_a_rescan() -> None:
    for name in ("kdp", "ingram"):
        codes = {c.code: c.outcome for c in load_policy(name).codes}
        assert set(codes.values()) == set(VerdictOutcome) and codes["rescan"] is VerdictOutcome.NEEDS_REVIEW


def test_records_are_as_their_schemas_say(bench: Run) -> None:
    bench("decide", "RMA-1", "needs-review", *BY, "--code", "rescan")
    bench("decide", "RMA-3", "needs-review", *BY, "--reason", "scan it")
    exported = bench("export", "--store", "qc.db", "--format", "jsonl").out
    judged = bench("judge", "--store", "qc.db", "--policy", "ingram", "--json").out
    lines = [json.loads(line) for line in (exported + judged).splitlines()]
    for line in lines:
        name = line["schema"].removeprefix("qc.").removesuffix("/1")
        schema = json.loads((FOLDER / f"{name}.schema.json").read_text("utf-8"))
        Draft202012Validator(schema).validate(line)
    assert [line["schema"] for line in lines].count("qc.judged/1") == 2
    assert all(not line["saved"] for line in lines[3:]) and {line["after"]["policy"]["id"] for line in lines[3:]} == {
        "ingram"
    }
