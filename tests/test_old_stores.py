"""Stores of older versions of qc are brought up to date without loss; `tests/data/stores` holds some, and what was read of them."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from conftest import Run

from qc.batch.store import Store
from qc.batch.store_schema import STEPS
from qc.report.record import record, to_json

DATA = Path(__file__).parent / "data" / "stores"
VERSIONS = (1, 2, 3)
_MEANS_MORE = {"verdicts": {"margin_mm"}}
"""Columns that were computed anew."""


def rows(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every row of every table as SQLite has it."""
    with closing(sqlite3.connect(path)) as db:
        db.row_factory = sqlite3.Row
        tables = [r["name"] for r in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {t: [dict(r) for r in db.execute(f"SELECT * FROM {t} ORDER BY rowid")] for t in tables}


@pytest.fixture(params=VERSIONS)
def old(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[int, Path]:
    """Three copies: RMA-1 decided and judged by another policy, RMA-2 decided twice and inspected again, RMA-3 failed."""
    version, path = request.param, tmp_path / "qc.db"
    with closing(sqlite3.connect(path)) as db:
        db.executescript((DATA / f"version-{version}.sql").read_text("utf-8"))
    return version, path


def missing(was: Any, now: Any, where: str = "") -> Iterator[str]:
    """Places where `now` lacks what stood in `was`; what was added is no matter."""
    if isinstance(was, dict):
        for key, value in was.items():
            yield from missing(value, now.get(key, "nothing"), f"{where}.{key}")
    elif isinstance(was, list) and len(was) == len(now):
        for n, (a, b) in enumerate(zip(was, now, strict=True)):
            yield from missing(a, b, f"{where}[{n}]")
    elif was != now:
        yield f"{where}: {was!r} became {now!r}"


def test_every_row_is_kept_as_it_was(old: tuple[int, Path]) -> None:
    version, path = old
    before = rows(path)
    with Store(path) as store:
        assert {c["table"] for c in store.view("columns")} >= before.keys()
    after = rows(path)
    for table, was in before.items():
        gone = _MEANS_MORE.get(table, set())
        kept = [{k: row[k] for k in was[0].keys() - gone} for row in after[table]] if was else after[table]
        assert kept == [{k: v for k, v in row.items() if k not in gone} for row in was], table
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == len(STEPS) > version
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        for table in ("verdicts", "decisions", "inspections"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                db.execute(f"UPDATE {table} SET id = id + 100")


def test_inspections_read_as_they_did(old: tuple[int, Path]) -> None:
    version, path = old
    read = [json.loads(line) for line in (DATA / f"version-{version}.jsonl").read_text("utf-8").splitlines()]
    assert len(read) == 5
    last = {line["inspection"]: line["record"] for line in read if line["record"]["policy"]["id"] == "house"}
    with Store(path) as store:
        for number, was in last.items():
            inspection = store.inspection(number)
            assert inspection is not None
            now = json.loads(to_json(record(inspection)))
            if version == 1:
                was["verdict"].pop("rescan")
            assert not list(missing(was, now))
            assert inspection.findings[0].clause == "Shifting of less than 0.125 in is expected."


def test_a_what_if_of_an_older_judge_does_not_count_and_is_kept(old: tuple[int, Path]) -> None:
    _, path = old
    with Store(path) as store:
        shown = {r["copy"]: (r["policy"], r["outcome"]) for r in store.view("latest_verdicts")}
        judged = [v for v in store.view("verdicts") if not v["in_force"]]
    assert shown == {"RMA-1": ("house", "defect"), "RMA-2": ("house", "no-defect"), "RMA-3": (None, None)}
    assert len(judged) == 2 and all("Other rules, page 7" in v["findings"] for v in judged)


def test_a_decision_is_there_again_after_the_inspection_that_hid_it(old: tuple[int, Path], run_qc: Run) -> None:
    _, path = old
    with Store(path) as store:
        shown = {r["copy"]: (r["decided"], r["person"], r["stale"], r["waits"]) for r in store.view("latest_verdicts")}
        margins = {r["copy"]: r["margin_mm"] for r in store.view("latest_verdicts")}
    assert shown == {
        "RMA-1": ("no-defect", "A. Mueller", 0, 0),
        "RMA-2": ("defect", "B. Okafor", 0, 0),
        "RMA-3": (None, None, None, 1),
    }
    assert margins == {"RMA-1": -0.42, "RMA-2": 2.055, "RMA-3": None}
    back = run_qc("decide", "RMA-2", "withdraw", "--store", path, "--by", "B. Okafor")
    assert back.code == 0 and "REVIEW by B. Okafor" in back.out and "holds again" in back.out
    assert run_qc("decide", "RMA-3", "needs-review", "--store", path, "--by", "A", "--code", "rescan").code == 2
    assert run_qc("decide", "RMA-3", "needs-review", "--store", path, "--by", "A", "--reason", "scan again").code == 0
