"""Several copies of one title in one run of `qc inspect`: each report tells how its copy is colored against the others."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from qc.batch.codec import encode
from qc.batch.job import jobs_for, run_job
from qc.batch.sidecar import read_sidecar
from qc.batch.together import hold_together, of_one_title
from qc.cli import main
from qc.compare.color import capture_of
from qc.compare.same_title import with_copy_colors
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
        assert outlier["where"]["copy"] == name and outlier["version"] == 3
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


def test_copies_are_compared_from_what_lies_beside_their_results(inbox: Path, tmp_path: Path) -> None:
    """What comes back is what was written, and their scans are not needed to compare colors."""
    scans = Path(shutil.copytree(inbox, tmp_path / "run"))
    jobs = jobs_for([scans / n for n in "ac"], tmp_path / "out", load_policy(), titles=scans / "titles")
    inspected = [run_job(job) for job in jobs]
    stored = [found for job in jobs if (found := read_sidecar(job.folder)) is not None]
    assert [encode(i) for i, _ in stored] == [encode(i) for i in inspected]
    for inspection, (again, colors) in zip(inspected, stored, strict=True):
        assert again.pictures == inspection.pictures and list(colors.pages) == list(range(1, len(inspection.pages) + 1))
        for read, made in zip(again.pages, inspection.pages, strict=True):
            assert read.to_scan is not None and made.to_scan is not None
            assert (read.to_scan.matrix == made.to_scan.matrix).all()
        assert colors.trim_known and colors.capture == capture_of(inspection.copy)
        assert (tmp_path / "out" / inspection.copy.id / "inspection.npz").stat().st_size < 200_000
    for scan in (s.path for i in inspected for s in i.copy.scans):
        scan.unlink()
    for held in with_copy_colors(stored, load_policy()):
        (pair,) = (o for o in held.observations if o.measure == "copy-color-difference")
        assert pair.value is not None and pair.value > 2


def test_a_sidecar_that_is_not_whole_or_of_another_version_is_none(inbox: Path, tmp_path: Path) -> None:
    (job,) = jobs_for([inbox / "c"], tmp_path, load_policy(), titles=inbox / "titles")
    run_job(job)
    file = job.folder / "inspection.npz"
    whole = file.read_bytes()
    for damaged in (b"", whole[: len(whole) // 2], whole.replace(b"facts.npy", b"fists.npy")):
        file.write_bytes(damaged)
        assert read_sidecar(job.folder) is None
    file.unlink()
    assert read_sidecar(job.folder) is None and hold_together([job, job]) == ({}, ["c", "c"])
    file.write_bytes(whole)
    assert read_sidecar(job.folder) is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("qc.batch.sidecar.__version__", "0.0")
        assert read_sidecar(job.folder) is None
