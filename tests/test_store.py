"""The store keeps an inspection to the last bit, only adds rows, and says what to do where it cannot be used."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspection_example import example, sound

from qc.batch import database
from qc.batch.codec import decode, encode
from qc.batch.store import Store
from qc.batch.store_schema import APPLICATION_ID, STEPS
from qc.errors import OutputError, UsageError
from qc.flags import Flag
from qc.geometry import Edge
from qc.judge.judge import judge
from qc.judge.policy import load_policy
from qc.model import Inspection, Observation, Refund, VerdictOutcome, Where
from qc.report.record import record, to_json

POLICY = load_policy()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "qc.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with Store(path, create=True) as opened:
        yield opened


def judged_by_kdp(inspection: Inspection) -> Inspection:
    return replace(inspection, policy=POLICY.identity)


# --- codec ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Everything:
    number: float
    edge: Edge | None
    day: date | None
    path: Path
    pairs: tuple[tuple[float, float], ...]
    where: Where
    count: int = 0
    seen: str | None = None
    burden: bytes = field(default=b"", compare=False)


@given(
    st.builds(
        Everything,
        number=st.floats(allow_nan=False, allow_infinity=False),
        edge=st.none() | st.sampled_from(Edge),
        day=st.none() | st.dates(),
        path=st.sampled_from([Path("/in/\udcff.jpg"), Path("a/b")]),
        pairs=st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9))).map(tuple),
        where=st.builds(Where, page=st.none() | st.integers(1, 999), copies=st.none() | st.just(("a", "b"))),
        count=st.integers(),
        seen=st.none() | st.text(),
    )
)
def test_what_is_encoded_comes_back_the_same(thing: Everything) -> None:
    assert decode(Everything, json.loads(json.dumps(encode(thing)))) == thing


def test_what_may_stand_in_a_detail_becomes_json() -> None:
    detail = {
        "a": np.float64(0.1),
        "b": np.arange(2),
        "c": math.nan,
        "d": date(2026, 10, 1),
        "e": Flag.BLANK,
        "f": True,
    }
    assert encode(detail) == {"a": 0.1, "b": [0, 1], "c": None, "d": "2026-10-01", "e": "blank", "f": True}
    assert type(encode(detail)["a"]) is float and encode(detail)["f"] is True


def test_a_field_that_is_new_gets_its_default_and_one_that_is_gone_is_left_out() -> None:
    assert decode(Where, {"page": 3, "shelf": "B"}) == Where(page=3)


# --- round trip -------------------------------------------------------------------------------------------------------


def test_an_inspection_comes_back_to_the_last_bit(store: Store) -> None:
    odd = Observation("pages-foreign", 1, Where(page=2, copies=("a", "b")), 1, "count", 1 / 3, ("blank",), {"x": [0.1]})
    inspection = judged_by_kdp(replace(example(), observations=(*example().observations, odd)))
    number = store.add(inspection, POLICY, store.begin_run("test"), key="k", report="out/report.html")
    back = store.inspection(number)
    assert back is not None
    assert to_json(record(back)) == to_json(record(inspection))
    assert (back.findings, back.verdict, back.refund) == (inspection.findings, inspection.verdict, inspection.refund)
    assert back.observations == inspection.observations
    assert replace(back.copy, scan=inspection.copy.scan) == inspection.copy
    assert store.policy(POLICY.sha256).rules == POLICY.rules


def test_observations_are_one_row_each_in_long_form(store: Store) -> None:
    inspection = judged_by_kdp(example())
    store.add(inspection, POLICY, store.begin_run("test"))
    rows = list(store.view("latest_observations"))
    assert len(rows) == len(inspection.observations) > 20
    (deep,) = [r for r in rows if r["measure"] == "trim-offset-block" and r["edge"] == "fore-edge"]
    assert (deep["copy"], deep["value"], deep["unit"]) == ("RMA-10482", -3.62, "mm")
    assert all(r["value"] is None and json.loads(r["flags"]) for r in rows if r["page"] == 17 and r["unit"] == "mm")


def test_the_last_verdict_and_decision_stand_in_front_and_the_old_ones_stay(store: Store) -> None:
    run = store.begin_run("test")
    number = store.add(judged_by_kdp(example()), POLICY, run)
    store.add_verdict(number, judged_by_kdp(sound()), POLICY, run)
    store.add_decision(number, VerdictOutcome.NEEDS_REVIEW, None, "B", "not sure")
    store.add_decision(
        number, VerdictOutcome.DEFECT, Refund("eligible", "refund", ()), "A. Mueller", "cut into the text"
    )
    (row,) = store.view("latest_verdicts")
    assert (row["outcome"], row["decided"], row["person"], row["refund"]) == (
        "no-defect",
        "defect",
        "A. Mueller",
        "eligible",
    )
    assert [v["outcome"] for v in store.view("verdicts")] == ["defect", "no-defect"]
    assert [d["outcome"] for d in store.view("decisions")] == ["needs-review", "defect"]
    assert {f["outcome"] for f in store.view("findings")} >= {"outside", "within"}
    assert store.add_failure("RMA-10482", Path("x"), run, key="k", exit_code=3, message="no", seconds=0.0) > number
    (row,) = store.view("latest_verdicts")
    assert (row["status"], row["outcome"], row["decided"], row["summary"]) == ("failed", None, "defect", "no")


def test_half_an_inspection_is_never_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    run = store.begin_run("test")
    monkeypatch.setattr(Store, "_add_verdict", fail)
    with pytest.raises(KeyboardInterrupt):
        store.add(judged_by_kdp(example()), POLICY, run)
    assert not list(store.view("inspections")) and not list(store.view("observations"))


# --- the file ---------------------------------------------------------------------------------------------------------


def test_the_file_is_what_others_expect_of_it(store: Store, path: Path) -> None:
    store.add(judged_by_kdp(example()), POLICY, store.begin_run("test"))
    db = sqlite3.connect(path)
    pragma = {n: db.execute(f"PRAGMA {n}").fetchone()[0] for n in ("application_id", "user_version", "journal_mode")}
    assert pragma == {"application_id": APPLICATION_ID, "user_version": len(STEPS), "journal_mode": "wal"}
    tables = db.execute("SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
    assert all(strict for _, strict in tables)
    assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    for table in ("inspections", "observations", "verdicts", "policies", "runs"):
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET id = id + 100"):
            with pytest.raises(sqlite3.IntegrityError, match="only added"):
                db.execute(statement)
    db.close()


def test_a_store_of_an_older_version_is_brought_up_and_keeps_its_rows(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add(judged_by_kdp(example()), POLICY, store.begin_run("test"))
    monkeypatch.setattr(database, "STEPS", (*STEPS, ("CREATE TABLE shelves (id INTEGER PRIMARY KEY) STRICT",)))
    with Store(path) as newer:
        assert len(list(newer.view("inspections"))) == 1 and not list(newer.view("shelves"))
    monkeypatch.undo()
    with pytest.raises(OutputError, match=r"made by a newer qc.*Install the newer qc"):
        Store(path)


@pytest.mark.parametrize(("version", "lacking"), [(1, ("rescan", "side")), (2, ("side",))])
def test_a_store_from_before_scans_were_chosen_or_covers_measured_is_read_and_judged_again(
    version: int, lacking: tuple[str, ...], store: Store, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = judged_by_kdp(example())
    number = store.add(before, POLICY, store.begin_run("test"))
    old = tmp_path / "old.db"
    monkeypatch.setattr(database, "STEPS", STEPS[:version])
    with Store(old, create=True) as opened:
        assert not list(opened.view("inspections"))
        tables = ("runs", "policies", "inspections", "observations", "verdicts")
        columns = {table: opened.columns(table) for table in tables}
    monkeypatch.undo()
    with closing(sqlite3.connect(old)) as db:
        for table in tables:
            for row in list(store.view(table)):
                assert not set(lacking) & set(columns[table])
                row = {name: row[name] for name in columns[table]}
                if "facts" in row:
                    unseen = [{"why": "not among the scans", "file": None, "reference_page": n} for n in (3, 4)]
                    row["facts"] = json.dumps(json.loads(row["facts"]) | {"rescan": unseen})
                db.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", [*row.values()]
                )
        db.commit()
    with Store(old) as opened:
        kept = opened.inspection(number)
        assert {row["side"] for row in opened.view("latest_observations")} == {None}
    assert kept is not None and kept.verdict.rescan == (before.verdict.rescan if version > 1 else ())
    assert kept.observations == before.observations
    assert [(n.reference_page, n.tells_cut) for n in kept.not_seen] == [(3, True), (4, True)]
    _, again = judge(kept.observations, POLICY, kept.copy, kept.pages, kept.reference, kept.not_seen)
    assert "pages not scanned: 3-4" in again.not_checked


def test_what_is_no_store_is_refused_and_left_alone(tmp_path: Path, path: Path) -> None:
    text, other = tmp_path / "notes.txt", tmp_path / "other.db"
    text.write_text("notes " * 200)
    db = sqlite3.connect(other)
    db.execute("CREATE TABLE t (x)")
    db.close()
    for file, said in ((text, "no SQLite file"), (other, "another program"), (tmp_path, "cannot be opened")):
        before = file.read_bytes() if file.is_file() else b""
        with pytest.raises(OutputError, match=said):
            Store(file, create=True)
        assert not file.is_file() or file.read_bytes() == before
    with pytest.raises(UsageError, match="There is no store"):
        Store(path)
    assert not path.exists()
    with pytest.raises(OutputError, match="cannot be used"):
        Store(text / "below" / "qc.db", create=True)


def test_a_file_left_empty_by_a_kill_becomes_a_store(path: Path) -> None:
    path.touch()
    with Store(path) as store:
        assert store.copies() == []


def test_a_store_that_another_program_holds_is_said_to_be_held(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database, "WAIT_S", 0.05)
    with Store(path) as second, pytest.raises(OutputError, match="another program holds it"):
        second.begin_run("test")
    db.close()


def test_two_batches_do_not_work_on_one_store_but_others_may_read_it(path: Path) -> None:
    with Store(path, create=True) as first:
        first.keep_others_out()
        with Store(path) as second:
            with pytest.raises(OutputError, match="another qc batch or qc watch is at work"):
                second.keep_others_out()
            assert second.copies() == []
        assert first.begin_run("test") == 1
    with Store(path) as third:
        third.keep_others_out()
