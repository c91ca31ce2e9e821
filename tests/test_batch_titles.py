"""Copies of one title in a batch are held against each other: the same whatever runs at the same time, and after a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qc.batch.job import Job
from qc.batch.store import Store
from qc.batch.together import MOST_TOGETHER, groups_of
from qc.cli import batch as module
from qc.cli import main
from qc.judge.policy import load_policy
from qc.synthetic import Kind, Print, Scanner, draw_copy, write_title

pytestmark = pytest.mark.usefixtures("fresh_cache")

ISBN = "9780000000019"
KINDS = [Kind.PICTURE, Kind.TEXT, Kind.PICTURE]


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies a and b as ordered, c with heavy magenta; titles beside them."""
    folder = tmp_path_factory.mktemp("shelf")
    title = write_title(folder / "titles" / ISBN / "interior.pdf", KINDS, trim_mm=(90.0, 120.0), seed=8)
    for seed, name in enumerate("abc"):
        cast = Print(strength=(1.0, 2.2, 1.0)) if name == "c" else None
        copy = draw_copy(folder / "inbox" / name, title, printed=cast, scanner=Scanner(dpi=150.0), seed=seed)
        (copy.folder / "copy.toml").write_text(f'isbn = "{ISBN}"\n[reference]\ntrim = "90 x 120 mm"\n')
    return folder


def run(shelf: Path, out: Path, *more: str) -> Result:
    call = [str(shelf / "inbox"), "--titles", str(shelf / "titles"), "--out", str(out), "--json", *more]
    return CliRunner().invoke(main, ["batch", *call], standalone_mode=False)


def untimed(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    for record in records:
        del record["provenance"]["started"]
    return {r["copy"]["id"]: r for r in records}


def printed(ran: Result) -> dict[str, dict[str, Any]]:
    return untimed([json.loads(line) for line in ran.stdout.splitlines()])


def pairs(record: dict[str, Any]) -> list[list[str]]:
    return [o["where"]["copies"] for o in record["observations"] if o["measure"] == "copy-color-difference"]


def test_it_gives_what_inspect_gives_whatever_runs_at_the_same_time(shelf: Path, tmp_path: Path) -> None:
    copies = [str(shelf / "inbox" / c) for c in "abc"]
    call = [*copies, "--titles", str(shelf / "titles"), "--out", str(tmp_path / "bench"), "--json"]
    expected = printed(CliRunner().invoke(main, ["inspect", *call], standalone_mode=False))
    assert pairs(expected["b"]) == [["a", "b"], ["b", "c"]]
    for processes in ("1", "3"):
        ran = run(shelf, tmp_path / processes, "--jobs", processes)
        assert ran.exception is None, ran.exception
        assert printed(ran) == expected
        for name in "abc":
            written = json.loads((tmp_path / processes / name / "inspection.json").read_text("utf-8"))
            assert untimed([written])[name] == expected[name]
        assert "copy-color-outlier" in (tmp_path / processes / "c" / "report.html").read_text("utf-8")


def test_a_call_that_broke_off_is_made_up_for(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the last copy was inspected and before any were held against each other; then nothing is left to do."""
    store = str(tmp_path / "qc.db")

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(module, "held", killed)
        run(shelf, tmp_path / "out", "--store", store)
    with Store(Path(store)) as opened:
        assert len(list(opened.view("inspections"))) == 3
    again = run(shelf, tmp_path / "out", "--store", store)
    assert "3 done before" in again.stderr and "0 to do" in again.stderr
    found = printed(again)
    assert {name: len(pairs(record)) for name, record in found.items()} == {"a": 2, "b": 2, "c": 2}
    third = run(shelf, tmp_path / "out", "--store", store)
    assert printed(third) == found
    with Store(Path(store)) as opened:
        assert sorted(str(r["copy"]) for r in opened.view("inspections")) == [*"aabbcc"]


def test_results_that_are_gone_are_named(shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, out = str(tmp_path / "qc.db"), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(module, "held", lambda *_: ())
        run(shelf, out, "--store", store)
    (out / "b" / "inspection.npz").unlink()
    again = run(shelf, out, "--store", store)
    assert "what was seen of b is not in --out; --redo inspects them again" in again.stderr
    assert {name: pairs(record) for name, record in printed(again).items()} == {
        "a": [["a", "c"]],
        "b": [],
        "c": [["a", "c"]],
    }


def test_a_title_with_many_copies_is_parted_evenly(tmp_path: Path) -> None:
    def parts(count: int) -> list[int]:
        jobs = [Job(tmp_path / str(n), str(n), tmp_path, load_policy(), reference=tmp_path) for n in range(count)]
        groups = groups_of(jobs)
        assert [job for group in groups for job in group] == (jobs if count > 1 else [])
        return [len(group) for group in groups]

    assert parts(1) == []
    assert parts(3) == [3]
    assert parts(MOST_TOGETHER) == [8]
    assert parts(MOST_TOGETHER + 1) == [4, 5]
    assert min(parts(50)) >= 3 and max(parts(50)) <= MOST_TOGETHER
