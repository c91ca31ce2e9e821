"""One copy in one call from Python, and what came of it shows itself."""

import builtins
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import qc
from qc.errors import MissingProgram, ReferenceFault
from qc.model import VerdictOutcome

SAMPLES = Path(__file__).parents[1] / "samples"


@pytest.fixture(scope="module")
def cut() -> Any:
    return qc.inspect(SAMPLES / "returns" / "RMA-10482", titles=SAMPLES / "titles")


def test_one_call_gives_the_verdict_and_the_record(cut: Any) -> None:
    assert cut.verdict.outcome is VerdictOutcome.DEFECT
    (block,) = (f for f in cut.findings if f.rule == "trim-offset-block" and f.outcome == "outside")
    assert block.value == pytest.approx(-3.63, abs=0.05)
    record = json.loads(json.dumps(cut.to_dict()))
    assert record["schema"] == "qc.inspection/1" and record["verdict"]["outcome"] == "defect"
    assert len(repr(cut)) < 300 and "RMA-10482: defect" in repr(cut)


def test_it_writes_its_report_and_shows_itself(cut: Any, tmp_path: Path) -> None:
    path = cut.to_html(tmp_path / "deep" / "cut.html")
    assert "RMA-10482" in path.read_text("utf-8")
    assert list((path.parent / "report-files").glob("finding-*.jpg"))
    shown = cut._repr_html_()
    assert "DEFECT" in shown and "data:image/webp" in shown and "<script" not in shown
    assert shown.startswith('<iframe title="Report of RMA-10482" srcdoc="&lt;!doctype html')


def test_errors_are_typed(tmp_path: Path) -> None:
    with pytest.raises(ReferenceFault, match="does not exist"):
        qc.inspect(SAMPLES / "returns" / "RMA-10482", reference=tmp_path / "none")


def test_the_package_lists_what_it_offers() -> None:
    assert {"inspect", "load_store", "__version__"} <= set(dir(qc))


def test_a_table_prints_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from qc.batch.tables import Table

    rows = [{"copy": f"RMA-{n}", "margin_mm": n / 7 if n else None, "summary": "x" * 60} for n in range(25)]
    table = Table.of(["copy", "margin_mm", "summary"], rows)
    lines = str(table).splitlines()
    assert lines[0].split() == ["copy", "margin_mm", "summary"]
    assert lines[1].split() == ["RMA-0", "x" * 23 + "…"] and lines[2].split()[1] == "0.14286"
    assert len(lines) == 22 and lines[-1] == "... 25 rows"
    assert "<td>RMA-3</td>" in table._repr_html_() and "25 rows" in table._repr_html_()

    kept = builtins.__import__

    def without_pandas(name: str, *args: Any, **more: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return kept(name, *args, **more)

    monkeypatch.setattr(builtins, "__import__", without_pandas)
    with pytest.raises(MissingProgram, match="pip install pandas"):
        table.to_pandas()


def test_a_table_becomes_a_frame() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    from qc.batch.tables import Table

    frame = Table.of(["copy", "value"], [{"copy": "a", "value": 1.5}, {"copy": "b", "value": None}]).to_pandas()
    assert (
        isinstance(frame, pandas.DataFrame) and list(frame["copy"]) == ["a", "b"] and frame["value"].isna().sum() == 1
    )


def test_a_book_that_nobody_states_is_told_by_its_cover(tmp_path: Path) -> None:
    copy = Path(shutil.copytree(SAMPLES / "returns" / "RMA-10491", tmp_path / "RMA-10491"))
    (copy / "copy.toml").unlink()
    assert qc.inspect(copy, titles=SAMPLES / "titles").reference.id == "9780000000002"
