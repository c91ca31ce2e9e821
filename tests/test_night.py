"""Nights that are interrupted, killed and begun again lose nothing and do nothing twice; the morning after."""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ISBN, Drawn, Ran, Run
from work_of_a_runner import work

from qc.batch.job import Job
from qc.batch.runner import Runner
from qc.batch.store import Store
from qc.judge.policy import load_policy

STRICT = "strict.toml"


def strict_policy(folder: Path) -> Path:
    """The policy kdp with tolerances that the sound copy does not keep, as a version of its own."""
    text = load_policy().toml.replace('"< 0.125 in"', '"< 0.001 in"').replace('"> 3.2 mm"', '"> 0.03 mm"')
    path = folder / STRICT
    path.write_text(text.replace(f'version = "{load_policy().version}"', 'version = "strict-1"'))
    return path


def rows_of(store: Path, table: str) -> list[dict[str, object]]:
    with Store(store) as opened:
        return list(opened.view(table))


class Night:
    """An inbox of two sound copies and a broken one, and the command that inspects it."""

    def __init__(self, drawn: Drawn, run_qc: Run, folder: Path) -> None:
        self.run_qc, self.titles, self.folder, self.store = run_qc, drawn.titles, folder, folder / "qc.db"
        for name in ("RMA-1", "RMA-2"):
            drawn.copied_to(folder / "inbox" / name)
        (folder / "inbox" / "RMA-3").mkdir()
        (folder / "inbox" / "RMA-3" / "p-1.jpg").write_bytes(b"")

    def batch(self, *more: str) -> Ran:
        return self.run_qc("batch", "inbox", "--titles", self.titles, "--store", "qc.db", "--jobs", "1", *more)

    def inspected(self) -> list[object]:
        """Once each time; a copy that was held against the others of its title afterwards has two rows."""
        rows = rows_of(self.store, "inspections")
        return [copy for copy, _ in dict.fromkeys((r["copy"], r["inspected"]) for r in rows)]


@pytest.fixture
def night(drawn: Drawn, run_qc: Run, tmp_path: Path) -> Night:
    return Night(drawn, run_qc, tmp_path)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture
def morning(night: Night, kept: Path, tmp_path: Path) -> Night:
    """A night whose batch has run; it runs once for all tests."""
    if not (kept / "qc.db").exists():
        night.batch()
        shutil.copytree(tmp_path / "qc-out", kept / "qc-out")
        shutil.copy(night.store, kept)
    shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
    return night


def test_copies_done_before_are_passed_over_and_told_all_the_same(night: Night, tmp_path: Path) -> None:
    first = night.batch("--json")
    assert first.code == 3 and "0 done before" in first.err and "3 to do" in first.err
    summary = (tmp_path / "qc-out/summary.csv").read_bytes()
    index = (tmp_path / "qc-out/index.html").read_bytes()
    again = night.batch("--json")
    assert again.code == 3
    assert "3 done before with these scans and this configuration, 0 to do. 1 of those done could not" in again.err
    assert sorted(again.out.splitlines()) == sorted(first.out.splitlines())
    assert (tmp_path / "qc-out/summary.csv").read_bytes() == summary
    assert (tmp_path / "qc-out/index.html").read_bytes() == index
    assert night.inspected() == ["RMA-1", "RMA-2", "RMA-3"]
    (run,) = rows_of(night.store, "runs")
    assert str(run["command"]).startswith("batch inbox --titles ")

    with (tmp_path / "inbox/RMA-2/copy.toml").open("a") as file:
        file.write('title = "Another"\n')
    (tmp_path / "qc-out/RMA-1/report.html").unlink()
    changed = night.batch()
    assert "2 done before" in changed.err and "Reports of 1 of those done are gone" in changed.err
    assert "2 to do" in night.batch("--redo", "failed", "--redo", "RMA-1").err
    assert night.inspected() == ["RMA-1", "RMA-2", "RMA-3", "RMA-2", "RMA-1", "RMA-3"]


def test_what_an_inspection_depends_on_changes_its_key(drawn: Drawn, tmp_path: Path) -> None:
    from qc.batch.fingerprint import fingerprint

    copy = drawn.copied_to(tmp_path / "RMA-1")
    titles = tmp_path / "titles"
    titles.mkdir()
    job = Job(copy, "RMA-1", tmp_path / "out", load_policy(), titles=titles)
    with Store(tmp_path / "qc.db", create=True) as store:
        keys = [fingerprint(job, store)]
        (titles / f"{ISBN}.pdf").write_bytes(drawn.pdf.read_bytes())
        keys.append(fingerprint(job, store))
        (titles / f"{ISBN}.pdf").write_bytes(b"another")
        keys.append(fingerprint(job, store))
        (copy / "p-0002.png").write_bytes(b"one more")
        keys.append(fingerprint(job, store))
        keys.append(fingerprint(Job(copy, "RMA-1", job.out, load_policy(), titles=titles, dpi=300.0), store))
        policy = load_policy(str(strict_policy(tmp_path)))
        keys.append(fingerprint(Job(copy, "RMA-1", job.out, policy, titles=titles), store))
        assert len(set(keys)) == len(keys)
        assert fingerprint(job, store) == keys[3]
        # A pipe would never end, and a link out of the folder is nobody's scan.
        os.mkfifo(copy / "p-0003.png")
        (copy / "p-0004.png").symlink_to(tmp_path / STRICT)
        keys.append(fingerprint(job, store))
        (tmp_path / STRICT).write_text("another")
        assert fingerprint(job, store) == keys[-1]


def test_a_file_that_is_known_by_size_and_time_is_not_read_again(
    drawn: Drawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qc.batch import fingerprint as module

    copy = drawn.copied_to(tmp_path / "RMA-1")
    young = copy / "copy.toml"
    for file in copy.iterdir():
        if file != young:
            os.utime(file, (1e9, 1e9))
    young.touch()
    job = Job(copy, "RMA-1", tmp_path / "out", load_policy())
    read: list[str] = []

    def reading(path: Path) -> str:
        read.append(path.name)
        return "0" * 64

    monkeypatch.setattr("qc.scan.image_file.sha256", reading)
    with Store(tmp_path / "qc.db", create=True) as store:
        key = module.fingerprint(job, store)
        assert len(read) == 5
        read.clear()
        # A file that was just written may change again within the same tick of the clock.
        assert module.fingerprint(job, store) == key and read == ["copy.toml"]


@pytest.mark.parametrize(
    ("options", "said"),
    [(["--redo", "all"], "--redo needs --store"), (["--redo", "RMA-11", "--store", "qc.db"], "Did you mean RMA-1?")],
)
def test_wrong_redo_is_2(options: list[str], said: str, night: Night) -> None:
    ran = night.run_qc("batch", "inbox", *options)
    assert (ran.code, ran.out) == (2, "") and said in ran.err


def test_a_store_in_a_scan_folder_or_of_another_kind_is_refused(night: Night, tmp_path: Path) -> None:
    ran = night.run_qc("batch", "inbox", "--store", "inbox/RMA-1/qc.db")
    assert ran.code == 2 and "nothing is written" in ran.err and not (tmp_path / "inbox/RMA-1/qc.db").exists()
    (tmp_path / "notes.txt").write_text("notes " * 200)
    for command in (["batch", "inbox"], ["judge"], ["export", "--format", "csv"]):
        ran = night.run_qc(*command, "--store", "notes.txt")
        assert (ran.code, ran.out) == (5, "") and "no SQLite file" in ran.err
    ran = night.run_qc("judge", "--store", "none.db")
    assert ran.code == 2 and "There is no store" in ran.err


def test_kill_9_of_the_parent_loses_the_copies_under_way_alone(drawn: Drawn, tmp_path: Path) -> None:
    names = [f"RMA-{n}" for n in range(4)]
    for name in names:
        drawn.copied_to(tmp_path / "inbox" / name)
    command = [
        sys.executable,
        "-m",
        "qc",
        "batch",
        "inbox",
        "--titles",
        drawn.titles,
        "--store",
        "qc.db",
        "--jobs",
        "2",
    ]
    environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))

    def begun() -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    process = begun()
    assert process.stderr is not None
    told = next(line for line in process.stderr if line.startswith("1/4 "))
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert " no-defect " in told
    done = {r["copy"] for r in rows_of(tmp_path / "qc.db", "inspections")}
    assert 1 <= len(done) < 4

    process = begun()
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert f"{len(done)} done before" in err and "4 of 4 copies inspected" in out
    after = rows_of(tmp_path / "qc.db", "inspections")
    assert sorted({str(r["copy"]) for r in after}) == names
    assert len({(r["copy"], r["inspected"]) for r in after}) == 4
    verdicts = rows_of(tmp_path / "qc.db", "latest_verdicts")
    assert {(v["outcome"], v["summary"]) for v in verdicts} == {("no-defect", verdicts[0]["summary"])}


def test_a_job_that_takes_too_long_or_too_much_memory_costs_itself_alone() -> None:
    jobs = ["busy", "eat", "one"]
    ended = {e.job: e for e in Runner(work, 1, limit_s=1.5, memory_bytes=2**30).run(jobs)}
    assert "longer than 1.5 s" in ended["busy"].lost
    assert ended["eat"].result == "refused" and ended["one"].result == "did one"


@pytest.mark.parametrize(
    ("option", "said"),
    [(("--time-limit", "0.001"), "longer than 0.06 s"), (("--memory-limit", "0.1"), "more memory than a copy may")],
)
def test_the_limits_of_a_copy_are_options(
    option: tuple[str, str], said: str, drawn: Drawn, run_qc: Run, tmp_path: Path
) -> None:
    drawn.copied_to(tmp_path / "inbox" / "RMA-1")
    ran = run_qc("batch", "inbox", "--titles", drawn.titles, "--jobs", "1", *option)
    assert ran.code == 3 and said in ran.err and "0 of 1 copies inspected" in ran.out


# --- the morning after ------------------------------------------------------------------------------------------------


def test_a_stricter_policy_flips_verdicts_and_the_old_ones_stay(morning: Night, tmp_path: Path) -> None:
    reports = {p: p.read_bytes() for p in (tmp_path / "qc-out").rglob("*.json")}
    for path in (tmp_path / "inbox").rglob("*.png"):
        path.unlink()
    policy = strict_policy(tmp_path)
    before = morning.store.read_bytes()
    what_if = morning.run_qc("judge", "--store", "qc.db", "--policy", policy)
    assert what_if.code == 0 and what_if.out.splitlines()[-1].startswith("2 of 2 verdicts would change under kdp")
    assert "nothing was stored" in what_if.err and morning.store.read_bytes() == before
    ran = morning.run_qc("judge", "--store", "qc.db", "--policy", policy, "--save")
    assert ran.code == 0
    assert (
        "no-defect -> " in ran.out and " mm (" in ran.out and "trim-offset-block" not in ran.out and "RMA-2" in ran.out
    )
    assert ran.out.splitlines()[-1].startswith("2 of 2 verdicts changed; kdp")
    verdicts = rows_of(morning.store, "verdicts")
    assert [v["outcome"] == "no-defect" for v in verdicts] == [True, True, True, True, False, False]
    head = (tmp_path / "qc-out/RMA-1/report.html").read_text("utf-8").partition("<!-- /since -->")[0]
    assert "Judged again on " in head and "Next: " in head and '<p class="paste">RMA-1' in head and "strict-1" in head
    again = morning.run_qc("judge", "--store", "qc.db", "--policy", policy, "--save")
    assert again.out.startswith("0 of 2") and len(rows_of(morning.store, "verdicts")) == 6
    back = morning.run_qc("judge", "--store", "qc.db", "--save")
    assert back.out.splitlines()[-1].startswith("2 of 2")
    latest = rows_of(morning.store, "verdicts")[-1]
    assert {k: latest[k] for k in ("outcome", "summary", "findings", "refund")} == {
        k: verdicts[3][k] for k in ("outcome", "summary", "findings", "refund")
    }
    assert {p: p.read_bytes() for p in reports} == reports


def test_one_version_of_a_policy_is_one_text(morning: Night, tmp_path: Path) -> None:
    changed = strict_policy(tmp_path)
    changed.write_text(changed.read_text().replace("strict-1", load_policy().version))
    before = morning.store.read_bytes()
    for command in (
        ("judge", "--store", "qc.db", "--save"),
        ("batch", "inbox", "--store", "qc.db"),
        ("inspect", "inbox/RMA-1", "--store", "qc.db"),
    ):
        ran = morning.run_qc(*command, "--policy", changed)
        assert ran.code == 2 and "version of its own" in ran.err
    what_if = morning.run_qc("judge", "--store", "qc.db", "--policy", changed)
    assert what_if.code == 0 and "version of its own" in what_if.err
    assert morning.store.read_bytes() == before
    dos = tmp_path / "dos.toml"
    dos.write_bytes(load_policy().toml.replace("\n", "\r\n").encode())
    assert morning.run_qc("judge", "--store", "qc.db", "--policy", dos, "--save").code == 0


def test_a_person_decides_beside_the_machine(morning: Night) -> None:
    options = ("--store", "qc.db", "--by", "A. Mueller", "--reason", "The cut runs through the text.\n\x1b[31m")
    ran = morning.run_qc("decide", "RMA-1", "defect", *options)
    assert ran.code == 0
    (line,) = ran.out.splitlines()
    assert line.startswith(f"RMA-1 (ISBN {ISBN}): DEFECT. Decided by A. Mueller on ")
    assert "The cut runs through the text." in line and "qc said NO DEFECT" in line and "\x1b" not in line
    assert "Refund: yes (defect)" in line
    failed = morning.run_qc("decide", "RMA-3", "needs-review", *options)
    assert failed.code == 0 and "could not be inspected" in failed.out
    rows = {r["copy"]: r for r in rows_of(morning.store, "latest_verdicts")}
    assert (rows["RMA-1"]["outcome"], rows["RMA-1"]["decided"], rows["RMA-1"]["refund"]) == (
        "no-defect",
        "defect",
        "eligible",
    )
    unknown = morning.run_qc("decide", "RMA-11", "defect", *options)
    assert unknown.code == 2 and "RMA-1" in unknown.err
    assert morning.run_qc("decide", "RMA-1", "refund", *options).code == 2
    assert morning.run_qc("decide", "RMA-1", "defect", *options[:4], "--reason", " ").code == 2
    assert len(rows_of(morning.store, "decisions")) == 2


def test_exports_are_what_a_spreadsheet_and_a_script_expect(morning: Night, tmp_path: Path) -> None:

    def exported(*options: str) -> str:
        ran = morning.run_qc("export", "--store", "qc.db", *options)
        assert ran.code == 0
        return ran.out

    table = list(csv.DictReader(io.StringIO(exported("--format", "csv"))))
    assert {r["copy"]: r["outcome"] for r in table} == {"RMA-1": "no-defect", "RMA-2": "no-defect", "RMA-3": ""}
    records = [json.loads(line) for line in exported("--format", "jsonl").splitlines()]
    records.sort(key=lambda r: r["schema"] == "qc.error/1")
    assert len(records) == 3
    own = json.loads((tmp_path / "qc-out/RMA-1/inspection.json").read_text("utf-8"))
    assert records[0] == own | {"decision": None}
    assert records[2]["schema"] == "qc.error/1" and records[2]["exit"] == 3
    observations = [json.loads(line) for line in exported("--format", "jsonl", "--what", "observations").splitlines()]
    assert len(observations) == 2 * len(records[0]["observations"])
    assert isinstance(observations[0]["flags"], list) and isinstance(observations[0]["detail"], dict)
    wide = list(csv.DictReader(io.StringIO(exported("--format", "csv", "--what", "observations"))))
    assert len(wide) == len(observations)
    negative = [r["value"] for r in wide if r["value"].startswith("-")]
    assert negative and all(float(v) < 0 for v in negative)


def test_hostile_names_are_harmless_in_csv_html_and_terminal(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "inbox" / "=cmd|'x'!A1 <b onload=x>\n\x1b[31m")
    (copy / "=<b onload=x>\n\x1b[31m.jpg").write_bytes(b"no image")
    (copy / "copy.toml").write_text(
        f'isbn = "{ISBN}"\ntitle = "=HYPERLINK(1) <script>alert(3)</script>\\n\\u001b[31m"\n'
    )
    ran = run_qc("batch", "inbox", "--titles", drawn.titles, "--store", "qc.db", "--jobs", "1")
    assert ran.code == 0
    ran_again = run_qc("batch", "inbox", "--titles", drawn.titles, "--store", "qc.db")
    exported = run_qc("export", "--store", "qc.db", "--format", "csv").out
    summary = (tmp_path / "qc-out/summary.csv").read_text("utf-8")
    for text in (exported, summary):
        header, *rows = csv.reader(io.StringIO(text))
        assert len(rows) == 1 and len(rows[0]) == len(header)
        assert not [cell for cell in rows[0] if cell.startswith(("=", "+", "@"))]
    index = (tmp_path / "qc-out/index.html").read_text("utf-8")
    assert index.count("<script") == 1 and "&lt;script&gt;alert(3)" in index
    for text in (ran.out, ran.err, ran_again.out, ran_again.err, exported, summary, index):
        assert "\x1b" not in text
    report = next((tmp_path / "qc-out").glob("*/report.html")).read_text("utf-8")
    assert "<script" not in report
