"""Settings: where a value comes from, and what wins."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import ISBN, Drawn, Run

from qc.batch.store import Store
from qc.cli import main, settings
from qc.cli.settings import Setting, find_files, setting
from qc.errors import UsageError
from qc.scan.copy_folder import holds_copies


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with an inbox of two copies and a folder of its user."""
    for name in ("RMA-1", "RMA-2"):
        (tmp_path / "bench" / "inbox" / name).mkdir(parents=True)
        (tmp_path / "bench" / "inbox" / name / "p1.jpg").write_bytes(b"")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user"))
    monkeypatch.setattr(settings, "user_folder", lambda: tmp_path / "user")
    (tmp_path / "user").mkdir()
    monkeypatch.chdir(tmp_path / "bench")
    return tmp_path / "bench"


def test_environment_over_the_nearest_file_over_that_of_the_user(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert setting("by") == Setting(None, "")
    user = settings.user_file()
    user.write_text('by = "user"\nstore = "u.db"\npolicy = "ingram"')
    (bench / "qc.toml").write_text('by = "bench"\nstore = "night/qc.db"')
    (bench / "desk").mkdir()
    (bench.parent / "qc.toml").write_text('scanner = "glass"')
    monkeypatch.chdir(bench / "desk")
    assert setting("by") == Setting("bench", str(bench / "qc.toml"))
    assert setting("store") == Setting(str(bench / "night" / "qc.db"), str(bench / "qc.toml"))
    assert setting("policy") == Setting("ingram", str(user))
    assert setting("scanner").value is None, "only the nearest one is read"
    monkeypatch.setenv("QC_BY", "anna")
    assert setting("by") == Setting("anna", "QC_BY")
    monkeypatch.setenv("QC_BY", "")
    assert setting("by").value == "bench"


def test_names_stay_names_and_paths_are_relative_to_the_file(bench: Path) -> None:
    (bench / "qc.toml").write_text('policy = "rules/own.toml"\nscanner = "a3"\ntitles = "/far/titles"\nout = "out"')
    assert setting("policy").value == str(bench / "rules" / "own.toml")
    assert setting("scanner").value == "a3"
    assert setting("titles").value == str(Path("/far/titles"))
    assert setting("out").value == str(bench / "out")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('stroe = "qc.db"', "unknown key 'stroe' (did you mean 'store'?)"),
        ("by = 3", "by is 3; write a text in quotes"),
        ("by = ", "no valid TOML"),
    ],
)
def test_a_wrong_file_is_2(text: str, said: str, bench: Path, run_qc: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench / "qc.toml").write_text(text)
    monkeypatch.chdir(bench)
    with pytest.raises(UsageError, match=r"qc\.toml"):
        setting("by")
    ran = run_qc("inspect", "inbox/RMA-1")
    assert ran.code == 2 and said in ran.err
    assert "qc.toml" in ran.err


@pytest.mark.parametrize("place", ["inbox", "inbox/RMA-1", "inbox/RMA-1/deep", "inbox/notes"])
def test_none_is_read_at_or_below_a_folder_of_copies(
    place: str, bench: Path, run_qc: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bench / "qc.toml").write_text('by = "bench"')
    (bench / place).mkdir(exist_ok=True)
    (bench / place / "qc.toml").write_text('by = "stranger"\nnonsense = 1')
    monkeypatch.chdir(bench / place)
    assert find_files().passed_over == (bench / place / "qc.toml",)
    assert setting("by").value == "bench", "the next one upward is"
    ran = run_qc("explain", "u")
    assert str(bench / place / "qc.toml") in ran.err and "is not read" in ran.err


def test_a_folder_of_copies_is_told_by_what_lies_in_it(bench: Path) -> None:
    assert holds_copies(bench / "inbox") and holds_copies(bench / "inbox" / "RMA-1")
    assert not holds_copies(bench)
    (bench / "docs").mkdir()
    (bench / "docs" / "picture.png").write_bytes(b"")
    (bench / "titles" / ISBN).mkdir(parents=True)
    (bench / "titles" / ISBN / "interior.pdf").write_bytes(b"")
    assert not holds_copies(bench), "a folder with a picture is not most of what is there"
    assert not holds_copies(bench / "titles")
    (bench / "returns.csv").write_text("copy\n")
    assert holds_copies(bench)


def test_the_home_of_a_user_is_no_folder_of_copies(bench: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench / "inbox" / "qc.toml").write_text('by = "me"')
    monkeypatch.setattr(Path, "home", lambda: bench / "inbox")
    monkeypatch.chdir(bench / "inbox")
    assert setting("by").value == "me"


def test_one_types_nothing_where_all_is_set(
    drawn: Drawn, run_qc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn.copied_to(tmp_path / "inbox" / "RMA-7")
    (tmp_path / "qc.toml").write_text(f"titles = '{drawn.titles}'\nout = 'night'\nstore = 'wrong.db'")
    monkeypatch.setenv("QC_STORE", str(tmp_path / "qc.db"))
    ran = run_qc("inspect", "inbox/RMA-7", "--json")
    assert ran.code in (0, 11, 12) and (tmp_path / "night" / "RMA-7" / "report.html").is_file()
    assert '"kind": "pdf"' in ran.out
    monkeypatch.setenv("QC_BY", "anna")
    ran = run_qc("decide", "RMA-7", "defect", "--reason", "Seen.")
    assert ran.code == 0 and "anna" in ran.out
    assert run_qc("export", "--format", "csv").code == 0
    assert run_qc("judge", "--policy", "ingram").code == 0
    assert not (tmp_path / "wrong.db").exists()
    # A batch passes over what was inspected so, and titles that are set do not stand in the way of a reference that is given.
    ran = run_qc("batch", "inbox")
    assert ran.code == 0 and "1 done before" in ran.err
    assert run_qc("plan", "inbox/RMA-7", "--reference", drawn.pdf).code == 0


def test_a_failure_is_kept_and_a_held_store_does_not_stop_it(run_qc: Run, tmp_path: Path) -> None:
    (tmp_path / "inbox" / "RMA-8").mkdir(parents=True)
    (tmp_path / "inbox" / "RMA-8" / "p1.jpg").write_bytes(b"no image")
    with Store(tmp_path / "qc.db", create=True) as night:
        night.keep_others_out()
        assert run_qc("inspect", "inbox/RMA-8", "--store", "qc.db").code == 3
        entry = night.latest("RMA-8")
    assert entry is not None and entry.failed and entry.exit == 3
    assert "1 done before" in run_qc("batch", "inbox", "--store", "qc.db").err
    assert run_qc("inspect", "inbox/RMA-8", "--store", "inbox/RMA-8/qc.db").code == 2


def test_a_scanner_that_is_set_gives_way_to_that_of_the_copy(
    drawn: Drawn, run_qc: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QC_SCANNER", "gone")
    ran = run_qc("inspect", drawn.copy)
    assert ran.code == 4 and "'gone'" in ran.err
    monkeypatch.delenv("QC_SCANNER")
    from qc.inputs import open_with

    copy = drawn.copied_to(tmp_path / "RMA-9")
    (copy / "copy.toml").write_text('[scan]\nscanner = "own"')
    assert open_with(copy, usual_scanner="set").copy.scan.scanner == "own"
    assert "'own'" in open_with(copy, usual_scanner="set").scanner.note
    assert open_with(drawn.copy, usual_scanner="set").copy.scan.scanner == "set"


@pytest.mark.parametrize("command", ["inspect", "batch", "decide", "judge", "export", "compare", "plan"])
def test_help_says_where_a_value_may_come_from(command: str) -> None:
    import click

    found = main.get_command(click.Context(main), command)
    assert found is not None
    for option in found.params:
        if option.name in ("titles", "store", "store_path", "policy", "scanner", "out", "person"):
            assert isinstance(option, click.Option) and "QC_" in (option.help or "")


def test_what_is_needed_and_set_nowhere_is_2_and_says_how(run_qc: Run) -> None:
    ran = run_qc("export", "--format", "csv")
    assert ran.code == 2 and "QC_STORE" in ran.err and "qc.toml" in ran.err
