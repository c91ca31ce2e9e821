"""Several copies of one title in one run of `qc inspect`: each report tells how its copy is colored against the others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from qc.batch.job import jobs_for, of_one_title
from qc.cli import main
from qc.judge.policy import load_policy
from qc.synthetic import Kind, Print, Scanner, draw_copy, write_title

pytestmark = pytest.mark.usefixtures("fresh_cache")

ISBN = "9780000000019"
KINDS = [Kind.PICTURE, Kind.TEXT, Kind.PICTURE, Kind.TEXT]


@pytest.fixture(scope="module")
def inbox(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copies a and b as ordered, c with heavy magenta; c was scanned without its first page."""
    folder = tmp_path_factory.mktemp("run")
    title = write_title(folder / "titles" / ISBN / "interior.pdf", KINDS, trim_mm=(90.0, 120.0), seed=8)
    cast = Print(strength=(1.0, 2.2, 1.0))
    for seed, name in enumerate("abc"):
        copy = draw_copy(
            folder / name,
            title,
            printed=cast if name == "c" else None,
            scanner=Scanner(dpi=150.0),
            pages=[2, 3, 4] if name == "c" else None,
            seed=seed,
        )
        (copy.folder / "copy.toml").write_text(
            f'isbn = "{ISBN}"\n[scan]\nfirst_page = {2 if name == "c" else 1}\n[reference]\ntrim = "90 x 120 mm"\n'
        )
    return folder


def test_copies_of_one_title_are_known_before_they_are_inspected(inbox: Path, tmp_path: Path) -> None:
    def known(names: str, **how: Path) -> frozenset[str]:
        jobs = jobs_for([inbox / n for n in names], tmp_path, load_policy(), **how)
        return of_one_title(jobs)

    (inbox / "d").mkdir(exist_ok=True)
    assert known("abc") == {"a", "b", "c"}
    assert known("a") == known("ad") == frozenset()
    assert known("ad", reference=inbox / "titles" / ISBN) == {"a", "d"}


def test_each_report_tells_the_color_against_the_other_copies(inbox: Path, tmp_path: Path) -> None:
    paths = [str(inbox / n) for n in "abc"]
    call = [*paths, "--titles", str(inbox / "titles"), "--out", str(tmp_path), "--json"]
    ran = CliRunner().invoke(main, ["inspect", *call], standalone_mode=False)
    assert ran.exception is None, ran.exception
    printed = {r["copy"]["id"]: r for r in map(json.loads, ran.stdout.splitlines())}
    assert list(printed) == ["a", "b", "c"]
    for name, record in printed.items():
        assert record == json.loads((tmp_path / name / "inspection.json").read_text("utf-8"))
        assert record["reference"]["kind"] == "pdf"
        pairs = [o for o in record["observations"] if o["measure"] == "copy-color-difference"]
        assert sorted(o["where"]["copies"] for o in pairs) == [
            p for p in (["a", "b"], ["a", "c"], ["b", "c"]) if name in p
        ]
        values = {tuple(o["where"]["copies"]): o["value"] for o in pairs}
        assert all((v < 0.8) if "c" not in pair else (v > 2) for pair, v in values.items())
        (outlier,) = (o for o in record["observations"] if o["measure"] == "copy-color-outlier")
        assert outlier["where"]["copy"] == name and outlier["version"] == 2
        assert {"copy-color-outlier", "copy-color-difference"} <= set(record["provenance"]["measures"])
        rules = {f["rule"] for f in record["findings"]}
        assert {"copy-color-difference", "copy-color-outlier"} <= rules
        assert "copy-color-outlier" in (tmp_path / name / "report.html").read_text("utf-8")
    assert {o["detail"]["max_page"] for o in printed["c"]["observations"] if o["measure"] == "copy-color-outlier"} == {
        2
    }


def test_one_copy_alone_has_no_others(inbox: Path, tmp_path: Path) -> None:
    call = [str(inbox / "a"), "--titles", str(inbox / "titles"), "--out", str(tmp_path), "--json"]
    ran = CliRunner().invoke(main, ["inspect", *call], standalone_mode=False)
    measures = {o["measure"] for o in json.loads(ran.stdout)["observations"]}
    assert not [m for m in measures if m.startswith("copy-color")]
