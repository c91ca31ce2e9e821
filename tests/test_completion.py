"""What the shell completes: ids of copies from the store, policies, profiles, words to explain."""

from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from qc.batch.store import Store
from qc.cli import main


def completed(*words: str) -> list[str]:
    *before, start = words
    return [item.value for item in BashComplete(main, {}, "qc", "_QC_COMPLETE").get_completions(before, start)]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "qc.db"
    with Store(path, create=True) as kept:
        run = kept.begin_run("batch")
        for copy in ("RMA-10482", "RMA-10483", "X-1"):
            kept.add_failure(copy, tmp_path / copy, run, key="", exit_code=3, message="", seconds=0.0)
    return path


def test_ids_come_from_the_store_that_is_given_or_set(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completed("decide", "--store", str(store), "RMA") == ["RMA-10482", "RMA-10483"]
    monkeypatch.setenv("QC_STORE", str(store))
    assert completed("packet", "X") == ["X-1"]


def test_without_a_store_that_can_be_read_nothing_is_completed(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("no store")
    for path in ("no.db", "none.db"):
        assert completed("decide", "--store", str(tmp_path / path), "") == []


def test_policies_profiles_and_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flatbed.toml").touch()
    monkeypatch.setenv("QC_PROFILES", str(tmp_path))
    assert completed("inspect", "--policy", "k") == ["kdp"]
    assert completed("policy", "show", "in") == ["ingram"]
    assert "flatbed" in completed("inspect", "--scanner", "fl")
    assert completed("explain", "trim-offset-b") == ["trim-offset-block", "trim-offset-block-spine"]
