"""A store as tables, what persons say of its copies, and how well they agree."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from inspection_example import example, sound

import qc
from qc.batch.store import Store
from qc.batch.tables import Tables
from qc.errors import UsageError
from qc.judge.policy import load_policy
from qc.model import VerdictOutcome
from studies.agreement import agreement, kappa_of_counts, pairwise
from studies.labels import Label, agreed, by_person, labels_from_csv, labels_of_store

POLICY = load_policy()


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    path = tmp_path_factory.mktemp("store") / "qc.db"
    deep = replace(example(), policy=POLICY.identity)
    well = replace(sound(), policy=POLICY.identity, copy=replace(example().copy, id="RMA-2"))
    with Store(path, create=True) as store:
        run = store.begin_run("test")
        numbers = [store.add(i, POLICY, run) for i in (deep, well)]
        store.add_failure("RMA-3", Path("/inbox/RMA-3"), run, key="", exit_code=3, message="nothing", seconds=1.0)
        for number, outcome, person in (
            (numbers[0], VerdictOutcome.NO_DEFECT, "A. Mueller"),
            (numbers[0], VerdictOutcome.DEFECT, "A. Mueller"),
            (numbers[0], VerdictOutcome.DEFECT, "B. Okafor"),
            (numbers[1], VerdictOutcome.DEFECT, "A. Mueller"),
            (numbers[1], VerdictOutcome.NO_DEFECT, "B. Okafor"),
        ):
            store.add_decision(number, outcome, None, person, "seen")
    return qc.load_store(path)


def test_import_of_qc_loads_nothing_heavy() -> None:
    code = "import sys, qc; assert not {'numpy', 'cv2', 'sqlite3', 'qc.batch.store'} & set(sys.modules); qc.load_store"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="nothing_of_this_name"):
        _ = qc.nothing_of_this_name


def test_a_store_comes_as_columns(tables: Tables) -> None:
    assert tables.copies["copy"].tolist() == ["RMA-10482", "RMA-2", "RMA-3"]
    assert tables.copies["outcome"].tolist() == ["defect", "no-defect", None]
    assert [i.copy.id for i in tables.inspections] == ["RMA-10482", "RMA-2"]
    assert {len(column) for column in tables.observations.values()} == {tables.observations.rows}
    assert tables.observations.rows == sum(len(i.observations) for i in tables.inspections)


def test_numbers_are_numbers_and_what_is_missing_is_nan(tables: Tables) -> None:
    deep = tables.observations.where(copy="RMA-10482", measure="trim-offset-block", edge="fore-edge")
    assert deep["value"].dtype == float and deep["value"].tolist() == [-3.62]
    blank = tables.observations.where(copy="RMA-10482", measure="trim-offset", page=23)
    assert np.isnan(blank["value"]).all() and blank["flags"].tolist() == [["blank"]] * 4
    assert tables.observations.where(np.isnan(tables.observations["value"])).rows > 0
    assert tables.findings.where(copy="RMA-10482", rule="trim-offset-block", edge="fore-edge")["margin"][0] < 0


def test_a_column_that_is_not_there_is_named_with_those_that_are(tables: Tables) -> None:
    with pytest.raises(KeyError, match=r"vale.*value"):
        tables.observations["vale"]


def test_no_store_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no store"):
        qc.load_store(tmp_path / "missing.db")


def test_the_last_decision_of_each_person_is_the_label(tables: Tables) -> None:
    labels = labels_of_store(tables)
    assert Label("RMA-10482", VerdictOutcome.DEFECT, "A. Mueller") in labels
    assert Label("RMA-10482", VerdictOutcome.NO_DEFECT, "A. Mueller") not in labels
    assert agreed(labels) == ({"RMA-10482": True}, ("RMA-2",))


def test_a_person_who_was_not_sure_does_not_dispute() -> None:
    labels = [
        Label("a", VerdictOutcome.DEFECT, "A"),
        Label("a", VerdictOutcome.NEEDS_REVIEW, "B"),
        Label("b", *_UNSURE),
    ]
    assert agreed(labels) == ({"a": True}, ())


_UNSURE = (VerdictOutcome.INSUFFICIENT_EVIDENCE, "A")


def test_labels_are_read_from_a_csv(tmp_path: Path) -> None:
    file = tmp_path / "labels.csv"
    file.write_text("copy,label,by,note\nRMA-1,defect,A,\n RMA-2 ,no-defect,A,x\nRMA-1,no-defect,A,again\n")
    assert labels_from_csv(file) == [
        Label("RMA-1", VerdictOutcome.NO_DEFECT, "A"),
        Label("RMA-2", VerdictOutcome.NO_DEFECT, "A"),
    ]


@pytest.mark.parametrize(
    "text, said",
    [
        ("copy,by\nRMA-1,A\n", ["'label'", "copy, label, by"]),
        ("copy,label,by\nRMA-1,defekt,A\n", ["line 2", "'defekt'", "no-defect"]),
        ("copy,label,by\nRMA-1,defect\n", ["line 2", "empty"]),
        (None, ["cannot be read"]),
    ],
)
def test_a_wrong_csv_is_named_with_its_line(tmp_path: Path, text: str | None, said: list[str]) -> None:
    file = tmp_path / "labels.csv"
    if text is not None:
        file.write_text(text)
    with pytest.raises(UsageError) as error:
        labels_from_csv(file)
    assert all(word in str(error.value) for word in ["labels.csv", *said])


def test_kappa_is_that_of_published_examples() -> None:
    """Fleiss, Cohen and Everitt 1969, table 1 (n = 200): .429 with variance .002885; Fleiss and Paik 2003 as worked out by
    Bonett, statpsych `ci.kappa(.05, 31, 12, 4, 58)`."""
    kappa, u = kappa_of_counts([[106, 10, 4], [22, 28, 10], [2, 12, 6]])
    assert kappa == pytest.approx(0.429, abs=5e-4) and u is not None and u**2 == pytest.approx(0.002885, abs=5e-7)
    kappa, u = kappa_of_counts([[31, 12], [4, 58]])
    assert (kappa, u) == (pytest.approx(0.6756757, abs=5e-8), pytest.approx(0.07344761, abs=5e-9))
    a = {str(n): said for n, said in enumerate("x" * 43 + "y" * 62)}
    b = {str(n): said for n, said in enumerate("x" * 31 + "y" * 12 + "x" * 4 + "y" * 58)}
    found = agreement("A", a, "B", b)
    assert found is not None and found.counts == ((31, 12), (4, 58))
    assert (found.low, found.high) == (pytest.approx(0.5317210, abs=1e-6), pytest.approx(0.8196303, abs=1e-6))


def test_the_error_of_kappa_is_what_samples_scatter_by() -> None:
    rng = np.random.default_rng(11)
    share = np.array([[0.5, 0.08], [0.06, 0.36]])
    drawn = [kappa_of_counts(rng.multinomial(120, share.ravel()).reshape(2, 2)) for _ in range(2000)]
    kappas, errors = np.array(drawn, float).T
    assert np.median(errors) == pytest.approx(kappas.std(), rel=0.08)
    true = kappa_of_counts(np.round(1e6 * share).astype(int))[0]
    assert true is not None
    assert 0.92 < (np.abs(kappas - true) < 1.96 * errors).mean() < 0.975


def test_where_chance_alone_agrees_kappa_is_not_made_up() -> None:
    assert kappa_of_counts([[40, 0], [0, 0]]) == (None, None)
    assert kappa_of_counts([[20, 0], [0, 20]]) == (1.0, None)
    assert agreement("A", {"a": "defect"}, "B", {"b": "defect"}) is None
    with pytest.raises(UsageError, match="square"):
        kappa_of_counts([[1, 2, 3], [4, 5, 6]])


def test_persons_and_the_machine_are_compared_in_pairs(tables: Tables) -> None:
    machine = {c: o for c, o in zip(tables.copies["copy"], tables.copies["outcome"], strict=True) if o}
    found = pairwise({"qc": machine, **by_person(labels_of_store(tables))})
    assert [(k.first, k.second, k.n) for k in found] == [
        ("qc", "A. Mueller", 2),
        ("qc", "B. Okafor", 2),
        ("A. Mueller", "B. Okafor", 2),
    ]
    assert [k.agree for k in found] == [0.5, 1.0, 0.5]
