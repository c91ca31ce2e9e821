"""The commands at the bench: what they print, where they write, how they end."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from conftest import ISBN, Drawn, Run

import qc
from qc.cli import exits, inspected, main
from qc.flags import Flag
from qc.judge.policy import load_policy, shipped
from qc.measure import MEASURES

HEAVY = ("cv2", "numpy", "PIL", "skimage", "scipy", "pypdfium2", "tifffile", "rich")


def python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


# --- start and end ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("option", ["--help", "-h", "--version"])
def test_help_and_version_need_no_image_library(option: str) -> None:
    code = f"""
import sys
from qc.cli import entry
sys.argv = ["qc", {option!r}]
try:
    entry()
except SystemExit as end:
    assert end.code == 0, end.code
print("heavy:", sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    assert python(code).splitlines()[-1] == "heavy: []"


def test_version_is_printed(run_qc: Run) -> None:
    ran = run_qc("--version")
    assert ran.code == 0
    assert qc.__version__ in ran.out


def test_without_a_command_help_goes_to_stderr_and_it_is_2(run_qc: Run) -> None:
    ran = run_qc()
    assert (ran.code, ran.out) == (2, "")
    assert "At the bench" in ran.err


def test_a_mistyped_command_is_2_and_names_the_nearest(run_qc: Run) -> None:
    ran = run_qc("inspec", "x")
    assert ran.code == 2
    assert "'inspect'" in ran.err


@pytest.mark.parametrize("arguments", [["inspect"], ["inspect", "x", "--dpi", "nan"], ["inspect", "x", "--nonsense"]])
def test_wrong_options_are_2_with_one_line(arguments: list[str], run_qc: Run) -> None:
    ran = run_qc(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("✗ ") and len(ran.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("error", "code"),
    [(KeyboardInterrupt(), 130), (click.Abort(), 130), (SystemExit(1), 5), (click.ClickException("x"), 2)],
)
def test_every_end_has_its_code(error: BaseException, code: int) -> None:
    def command() -> None:
        raise error

    assert exits.code_of(command) == code


def test_an_internal_error_is_70_and_leaves_a_report(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def command() -> None:
        raise RuntimeError("nobody foresaw\nthis \x1b[31m")

    assert exits.code_of(command) == 70
    (report,) = tmp_path.glob("qc-error-*.txt")
    err = capsys.readouterr().err
    assert str(report) in err and len(err.splitlines()) == 1 and "\x1b" not in err
    assert "Traceback" in report.read_text() and "nobody foresaw" in report.read_text()


def test_1_is_no_exit_code() -> None:
    assert 1 not in exits.MEANINGS


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([0, 0], 0),
        ([0, 12], 12),
        ([12, 11, 0], 11),
        ([0, 11, 10, 12], 10),
        ([10, 3], 3),
        ([0, 2, 10], 3),
        ([2], 2),
        ([4, 4], 4),
        ([2, 4], 3),
        ([70], 70),
    ],
)
def test_several_copies_end_with_the_gravest(codes: list[int], code: int) -> None:
    assert exits.gravest(codes) == code


@pytest.mark.parametrize("name", ["demo", "inspect", "compare", "batch", "explain"])
def test_every_command_has_help_with_an_example(name: str) -> None:
    for option in ("-h", "--help"):
        shown = CliRunner().invoke(main, [name, option])
        assert shown.exit_code == 0
        assert f"Example:\n    qc {name}" in shown.output
        assert "Exit code" in shown.output


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo terminal")
def test_a_bar_on_the_terminal_leaves_stdout_alone() -> None:
    import pty

    code = """
from qc.cli import terminal
with terminal.bar("copies", "copies") as progress:
    progress(1, 2)
    print("a result")
"""
    try:
        ours, theirs = pty.openpty()
    except OSError:
        pytest.skip("no pseudo-terminals here, as in a bare chroot")
    ended = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=theirs, text=True, timeout=30)
    os.close(theirs)
    drawn = os.read(ours, 100_000).decode()
    os.close(ours)
    assert ended.stdout == "a result\n"
    assert "copies" in drawn and "a result" not in drawn


# --- inspect ----------------------------------------------------------------------------------------------------------


def test_a_sound_copy_is_0_and_the_verdict_is_the_last_line(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    ran = run_qc("inspect", drawn.copy, "--titles", drawn.titles)
    assert ran.code == 0
    assert ran.out.splitlines()[-1].startswith("NO DEFECT ")
    assert ran.err == ""
    folder = tmp_path / "qc-out" / "RMA-1"
    assert sorted(p.name for p in folder.iterdir()) == [
        "inspection.json",
        "inspection.npz",
        "report-files",
        "report.html",
    ]
    assert "</html>" in (folder / "report.html").read_text("utf-8")


def test_json_is_one_object_and_what_is_written(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    ran = run_qc("inspect", drawn.copy, "--reference", drawn.pdf, "--json", "--out", "a/b")
    printed = json.loads(ran.out)
    assert ran.code == 0 and len(ran.out.splitlines()) == 1
    assert printed == json.loads((tmp_path / "a" / "b" / "RMA-1" / "inspection.json").read_text("utf-8"))
    assert printed["schema"] == "qc.inspection/1"
    assert printed["copy"] == {"id": "RMA-1", "path": str(drawn.copy), "pages": 4}
    assert printed["reference"]["kind"] == "pdf"


def test_without_a_reference_it_is_12_and_says_so(drawn: Drawn, run_qc: Run) -> None:
    ran = run_qc("inspect", drawn.copy)
    assert ran.code == 12
    assert ran.out.splitlines()[-1].startswith("NO EVIDENCE ")


def test_threads_and_repetition_change_nothing(drawn: Drawn, run_qc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for cores in (1, 3):
        monkeypatch.setattr("qc.cli.inspected.cores", lambda cores=cores: cores)
        content = json.loads(run_qc("inspect", drawn.copy, "--titles", drawn.titles, "--json").out)
        del content["provenance"]["started"]
        found.append(content)
    assert found[0] == found[1]


def test_older_results_are_replaced_and_nothing_is_left_over(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    folder = tmp_path / "qc-out" / "RMA-1"
    folder.mkdir(parents=True)
    (folder / "inspection.json").write_text("old")
    run_qc("inspect", drawn.copy, "--titles", drawn.titles)
    assert json.loads((folder / "inspection.json").read_text("utf-8"))["verdict"]["outcome"] == "no-defect"
    (folder / "report-files" / "page-0099.jpg").write_text("old")
    run_qc("inspect", drawn.copy, "--titles", drawn.titles)
    left = sorted(p.name for p in folder.iterdir())
    assert left == ["inspection.json", "inspection.npz", "report-files", "report.html"]
    pictures = sorted(p.name for p in (folder / "report-files").iterdir())
    assert pictures == [f"page-{n:04}.jpg" for n in range(1, len(pictures) + 1)] and len(pictures) > 2
    assert 'href="report-files/page-0001.jpg"' in (folder / "report.html").read_text("utf-8")


def test_reference_and_titles_together_are_2(drawn: Drawn, run_qc: Run) -> None:
    ran = run_qc("inspect", drawn.copy, "--titles", drawn.titles, "--reference", drawn.pdf)
    assert ran.code == 2
    assert "--reference" in ran.err and "--titles" in ran.err


@pytest.mark.parametrize("out", ["inbox/RMA-1", "inbox/RMA-1/results", "inbox"])
def test_nothing_is_written_into_a_scan_folder(out: str, drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "inbox" / "RMA-1")
    before = sorted(copy.iterdir())
    ran = run_qc("inspect", copy, "--out", out)
    assert ran.code == 2
    assert "scan folder" in ran.err
    assert sorted(copy.iterdir()) == before


def test_nothing_is_written_into_a_reference(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    approved = drawn.copied_to(tmp_path / "approved")
    ran = run_qc("inspect", drawn.copy, "--reference", approved, "--out", approved / "results")
    assert ran.code == 2
    assert not (approved / "results").exists()


def test_the_same_id_twice_is_2_before_anything_is_inspected(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    other = drawn.copied_to(tmp_path / "other")
    (other / "copy.toml").write_text('copy = "RMA-1"\n')
    ran = run_qc("inspect", drawn.copy, other)
    assert ran.code == 2
    assert str(drawn.copy) in ran.err and str(other) in ran.err
    assert not (tmp_path / "qc-out").exists()


def test_a_bad_copy_among_several_is_reported_and_the_others_go_on(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "RMA-0").mkdir()
    ran = run_qc("inspect", "RMA-0", drawn.copy, "--titles", drawn.titles, "--json")
    first, second = map(json.loads, ran.out.splitlines())
    assert ran.code == 3
    assert (first["schema"], first["copy"], first["exit"]) == ("qc.error/1", "RMA-0", 3)
    assert first["message"] in ran.err
    assert (second["schema"], second["verdict"]["outcome"]) == ("qc.inspection/1", "no-defect")


def test_a_fault_of_qc_in_one_copy_leaves_the_others(
    drawn: Drawn, run_qc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    real = inspected.run_job

    def run_job(job, **options):
        if job.id == "RMA-0":
            raise ZeroDivisionError("a fault")
        return real(job, **options)

    monkeypatch.setattr(inspected, "run_job", run_job)
    drawn.copied_to(tmp_path / "RMA-0")
    ran = run_qc("inspect", "RMA-0", drawn.copy, "--titles", drawn.titles)
    assert ran.code == 3
    assert "NO DEFECT" in ran.out and "ZeroDivisionError" in ran.err
    assert run_qc("inspect", "RMA-0").code == 70


def test_a_lost_copy_needs_no_scans(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "RMA-9").mkdir()
    (tmp_path / "RMA-9" / "copy.toml").write_text(
        '[claim]\nreason = "lost"\nnotified_on = 2026-10-02\nclaimed_on = 2026-10-12\n'
    )
    for _ in range(2):
        ran = run_qc("inspect", "RMA-9", "--json")
        assert ran.code == 12
        assert json.loads(ran.out)["refund"]["outcome"] == "eligible"
        (tmp_path / "RMA-9" / "p-1.jpg").write_bytes(b"")


def test_dpi_on_the_command_line_wins_over_copy_toml(drawn: Drawn, run_qc: Run, tmp_path: Path) -> None:
    copy = drawn.copied_to(tmp_path / "RMA-2")
    (copy / "copy.toml").write_text("[scan]\ndpi = 140\n")
    ran = run_qc("inspect", copy, "--reference", drawn.pdf, "--dpi", 150, "--json")
    assert ran.code == 0
    assert {tuple(page["dpi"]) for page in json.loads(ran.out)["pages"]} == {(150.0, 150.0)}


def test_names_of_strangers_reach_no_terminal_raw(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31mb").mkdir()
    ran = run_qc("inspect", "a\x1b[31mb")
    assert ran.code == 3
    assert "\x1b" not in ran.err + ran.out


# --- demo and explain -------------------------------------------------------------------------------------------------


def test_demo_finds_what_it_has_drawn(run_qc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("qc.cli.demo")
    monkeypatch.setattr(module, "DPI", 100)
    monkeypatch.setattr(module, "PAGES", ("text",) * 4)
    monkeypatch.setattr(module, "TRIM", "4.25 x 6.87 in")
    monkeypatch.setattr(module, "EMPTIED", 2)
    ran = run_qc("demo")
    assert ran.code == 0
    assert "3 of 3 verdicts as intended" in ran.out
    assert ran.out.splitlines()[-1].split() == [
        "Next", "qc", "inspect", "qc-demo/inbox/RMA-2-cut", "--titles", "qc-demo/titles",
    ]  # fmt: skip
    assert len(list((tmp_path / "qc-demo" / "results").glob("*/report.html"))) == 3
    assert (tmp_path / "qc-demo" / "titles" / ISBN / "interior.pdf").is_file()


def test_explain_lists_every_name(run_qc: Run) -> None:
    listed = run_qc("explain").out
    rules = [rule.id for policy in map(load_policy, shipped()) for rule in policy.rules]
    for name in (*MEASURES, *rules, *map(str, Flag), *map(str, exits.MEANINGS)):
        assert f"  {name} " in listed


def test_explain_a_measure_in_plain_words_with_its_limits(run_qc: Run) -> None:
    ran = run_qc("explain", "trim-offset-block")
    assert ran.code == 0
    assert "a knife that" in ran.out and "allowed: less than 3.175 mm (0.125 in)" in ran.out
    for technical in ("Parameters", "Huber", "Returns"):
        assert technical not in ran.out


def test_explain_details_quotes_the_function_and_the_policy(run_qc: Run) -> None:
    ran = run_qc("explain", "trim-offset-block", "--details")
    assert ran.code == 0
    for text in ("in mm, of a copy, version", "Notes", "< 0.125 in, which is < 3.175 mm", "> 3.2 mm", "KDP help"):
        assert text in ran.out


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cropped", Flag.CROPPED.meaning[3:]),
        ("12", exits.MEANINGS[12]),
        ("REVIEW", "A person decides"),
        ("Recto", "front of a leaf"),
        ("U", "after the number"),
        ("u", "standard uncertainty"),
        ("handling", "reason of a person, ingram and kdp"),
        ("color-gray", "ordered in color is printed in black and white"),
        ("spine-text-clearance", "allowed: 0 mm and more; a note, never a defect"),
    ],
)
def test_explain_a_word(name: str, said: str, run_qc: Run) -> None:
    ran = run_qc("explain", name)
    assert ran.code == 0
    assert said in " ".join(ran.out.split())


def test_explain_an_unknown_name_is_2_and_names_the_nearest(run_qc: Run) -> None:
    ran = run_qc("explain", "trim-ofset")
    assert ran.code == 2
    assert "trim-offset" in ran.err
