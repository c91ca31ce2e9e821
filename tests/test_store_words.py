"""A store explains itself, says each sentence once, and its tables survive spreadsheets."""

from __future__ import annotations

import csv
import io
import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Run
from inspection_example import example

from qc import isbn
from qc.batch.store import Store
from qc.judge.policy import load_policy
from qc.judge.ranking import margin_mm
from qc.model import VerdictOutcome

POLICY = load_policy()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of two copies whose findings cite the same sentences."""
    path = tmp_path / "qc.db"
    with Store(path, create=True) as store:
        run = store.begin_run("test")
        for copy in ("RMA-1", "RMA-2"):
            store.add(replace(example(), policy=POLICY.identity, copy=replace(example().copy, id=copy)), POLICY, run)
    return path


def test_every_table_view_and_column_is_described_and_nothing_else(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        there = {(t, "") for (t,) in db.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')")}
        there |= {(t, c) for t, _ in there for _, c, *_ in db.execute(f"PRAGMA table_info({t})")}
        said = {(t, c): text for t, c, text in db.execute('SELECT "table", "column", text FROM columns')}
    assert said.keys() == there and all(re.match(r"\S.*\.$", text) for text in said.values())


def test_metadata_for_datasette_are_those_words(path: Path, run_qc: Run) -> None:
    ran = run_qc("export", "--store", path, "--what", "metadata")
    tables = json.loads(ran.out)["databases"]["qc"]["tables"]
    assert ran.code == 0 and tables["observations"]["columns"]["u"].startswith("Standard uncertainty (k = 1)")
    assert tables["latest_verdicts"]["description"].startswith("Begin here")
    assert "name" not in tables["latest_verdicts"]["columns"] and "policy_id" in tables["verdicts"]["columns"]
    missing = run_qc("export", "--store", path)
    assert missing.code == 2 and "--format csv" in missing.err


def test_a_sentence_is_stored_once_and_read_everywhere(path: Path) -> None:
    clause = example().findings[0].clause
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM sentences WHERE clause = ?", (clause,)).fetchone() == (1,)
        findings = [json.loads(text) for (text,) in db.execute("SELECT findings FROM verdicts")]
    assert all("clause" not in f and "source" not in f for found in findings for f in found)
    with Store(path) as store:
        assert {f["clause"] for f in store.view("findings")} == {f.clause for f in example().findings}
        assert all(f["clause"] for v in store.view("verdicts") for f in json.loads(v["findings"]))
        assert store.inspection(1).findings == example().findings  # type: ignore[union-attr]


def test_numbers_are_rounded_as_they_are_printed(path: Path, run_qc: Run) -> None:
    with Store(path) as store:
        for view in ("latest_observations", "findings", "latest_verdicts"):
            for row in store.view(view):
                numbers = [v for k, v in row.items() if k in ("value", "u", "margin", "margin_mm") and v is not None]
                assert all(round(v, 6) == v for v in numbers)
        assert {r["margin_mm"] for r in store.view("latest_verdicts")} == {-0.42}


def test_the_margin_is_that_of_the_rule_that_decides() -> None:
    cut = example().findings
    assert margin_mm(VerdictOutcome.DEFECT, cut) == -0.42
    color = tuple(replace(f, unit="dE00", measure="color-difference") for f in cut)
    assert margin_mm(VerdictOutcome.DEFECT, color) is None
    assert margin_mm(VerdictOutcome.NO_DEFECT, color) is None
    assert margin_mm(VerdictOutcome.NO_DEFECT, cut) == pytest.approx(
        min(f.margin for f in cut[:4] if f.margin), abs=5e-4
    )


@pytest.mark.parametrize(
    ("stated", "printed"),
    [
        ("9780000000002", "978-0000000002"),
        ("978-0-00-000000-2", "978-0000000002"),
        ("0306406152", "978-0306406157"),
        ("9780000000009", "978-0000000009"),
        ("B0TEXT", "B0TEXT"),
    ],
)
def test_an_isbn_is_text_to_every_reader_of_csv(stated: str, printed: str) -> None:
    assert isbn.as_text(stated) == printed and isbn.as_text(printed) == printed
    with pytest.raises(ValueError):
        float(printed)


def test_the_table_of_copies_keeps_isbns(path: Path, run_qc: Run) -> None:
    text = run_qc("export", "--store", path, "--format", "csv").out
    assert {r["isbn"] for r in csv.DictReader(io.StringIO(text))} == {"978-0000000002"}
    pandas = pytest.importorskip("pandas")
    assert list(pandas.read_csv(io.StringIO(text))["isbn"]) == ["978-0000000002"] * 2
