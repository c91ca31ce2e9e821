"""A night's batch: every copy its own process, one that dies or hangs costs one copy, and the summary is complete."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Drawn, Run
from work_of_a_runner import SlowToStart, work

from qc.batch.runner import Runner
from qc.report.summary_row import COLUMNS, Row, summary_csv

# --- the runner -------------------------------------------------------------------------------------------------------


def test_a_job_that_dies_or_hangs_costs_itself_alone(tmp_path: Path) -> None:
    jobs = ["one", "die", "two", "hang", "slow", f"die-once:{tmp_path / 'mark'}", "three"]
    ended = {e.job: e for e in Runner(work, 2, stall_s=1.2).run(jobs)}
    assert set(ended) == set(jobs)
    lost = {job: e.lost for job, e in ended.items() if e.result is None}
    assert set(lost) == {"die", "hang"}
    assert "exit -9" in lost["die"] and "twice" in lost["die"]
    assert "1.2 s" in lost["hang"]
    assert ended["slow"].result == "did slow" and ended["slow"].seconds > 1.4


def test_workers_are_kept_and_replaced_after_their_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qc.batch.runner.JOBS_PER_WORKER", 2)
    pids = [e.result for e in Runner(work, 1).run(["pid"] * 4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_the_start_of_a_worker_is_not_the_time_of_its_job() -> None:
    (ended,) = Runner(SlowToStart(2.5), 1, limit_s=2.0).run(["one"])
    assert ended.result == "did one" and ended.seconds < 2.0


def test_stop_finishes_what_is_under_way_and_begins_nothing() -> None:
    runner = Runner(work, 1)
    done = []
    for ended in runner.run(["one", "two", "three"]):
        done.append(ended.job)
        runner.stop()
    assert done == ["one"]


# --- the command ------------------------------------------------------------------------------------------------------


def inbox_of(drawn: Drawn, folder: Path, *names: str) -> Path:
    for name in names:
        drawn.copied_to(folder / name)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_batch_with_a_bad_copy_is_3_and_the_summary_names_every_copy(
    drawn: Drawn, run_qc: Run, tmp_path: Path
) -> None:
    inbox = inbox_of(drawn, tmp_path / "inbox", "RMA-2", "RMA-10")
    (inbox / "RMA-3").mkdir()
    (inbox / "RMA-3" / "p-1.jpg").write_bytes(b"")
    (inbox / "empty").mkdir()
    ran = run_qc("batch", "inbox", "--titles", drawn.titles, "--out", "inbox/results", "--jobs", "2")
    assert ran.code == 3
    header = (tmp_path / "inbox/results/summary.csv").read_text("utf-8").splitlines()[0]
    assert header == "copy,outcome,refund,route,margin_mm,exit,message,decided,by,stale"
    rows = rows_of(tmp_path / "inbox/results/summary.csv")
    assert [(r["copy"], r["outcome"], r["exit"]) for r in rows] == [
        ("RMA-2", "no-defect", "0"),
        ("RMA-3", "", "3"),
        ("RMA-10", "no-defect", "0"),
    ]
    assert 2.5 < float(rows[0]["margin_mm"]) < 3.175 and rows[1]["margin_mm"] == ""
    assert (rows[0]["refund"], rows[0]["route"]) == ("not-eligible", "none")
    assert "p-1.jpg" in rows[1]["message"]
    assert "2 of 3 copies inspected" in ran.out
    assert sum(line.split(" ")[0] in ("1/3", "2/3", "3/3") for line in ran.err.splitlines()) == 3
    assert (tmp_path / "inbox/results/RMA-10/report.html").is_file()


def test_a_batch_without_evidence_is_a_normal_night(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    inbox_of(drawn, tmp_path / "inbox", "RMA-2")
    ran = run_qc("batch", "inbox", "--jobs", "1", "--json")
    assert ran.code == 0
    (line,) = ran.out.splitlines()
    assert json.loads(line) == json.loads((tmp_path / "qc-out" / "RMA-2" / "inspection.json").read_text("utf-8"))
    assert rows_of(tmp_path / "qc-out" / "summary.csv")[0]["exit"] == "12"


def test_wrong_folders_end_before_anything_is_inspected(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    inbox = inbox_of(drawn, tmp_path / "inbox", "a", "b")
    for name in ("a", "b"):
        (inbox / name / "copy.toml").write_text('copy = "same"\n')
    for folder, code, said in (("nowhere", 2, "nowhere"), ("empty", 3, "no copy"), ("inbox", 2, "same id")):
        ran = run_qc("batch", folder)
        assert (ran.code, ran.out) == (code, "")
        assert said in ran.err
    assert not (tmp_path / "qc-out").exists()


def test_no_cell_of_the_summary_is_a_formula() -> None:
    text = summary_csv([Row("-1+cmd", "defect", "eligible", "refund", -0.42, 10, '=HYPERLINK("x")\r\nnext')])
    header, row = list(csv.reader(text.splitlines()))
    assert tuple(header) == COLUMNS
    assert row == ["'-1+cmd", "defect", "eligible", "refund", "-0.420", "10", '\'=HYPERLINK("x") next', "", "", ""]


def test_ctrl_c_keeps_what_is_done_and_is_130(drawn: Drawn, tmp_path: Path) -> None:
    inbox_of(drawn, tmp_path / "inbox", *(f"RMA-{n}" for n in range(12)))
    out = tmp_path / "out"
    command = [sys.executable, "-m", "qc", "batch", tmp_path / "inbox", "--titles", drawn.titles, "--out", out]
    process = subprocess.Popen([*command, "--jobs", "1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    first = next(line for line in process.stderr if line.startswith("1/12 "))
    process.send_signal(signal.SIGINT)
    printed, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert first.startswith("1/12 RMA-0 no-defect ") and " left\n" in first and "Traceback" not in err
    assert "not begun or not finished" in err and "with --store qc.db it would go on" in err
    done = rows_of(out / "summary.csv")
    assert 1 <= len(done) < 12 and f"{len(done)} of 12 copies inspected" in printed
    assert {r["copy"] for r in done} == {p.parent.name for p in out.glob("*/inspection.json")}
