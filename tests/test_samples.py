"""The sample copies get the verdicts that samples/expected.csv promises, and the real scans get no number made up."""

from __future__ import annotations

import csv
import importlib.util
import shutil
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from golden_values import differences, drawn_copies, read_table, rows
from golden_values import inspected as inspected_anew

from qc.batch.job import jobs_for, run_job
from qc.batch.store import Store
from qc.judge.policy import load_policy
from qc.judge.rejudge import under
from qc.model import FindingOutcome, Inspection
from qc.number_format import plus_minus
from qc.reference.title_toml import read_title
from qc.report.record import record, to_json
from qc.scan.copy_folder import find_copies
from qc.scan.decoders import jpeg, pdf, png, tiff

SAMPLES = Path(__file__).parent.parent / "samples"
RETURNS = SAMPLES / "returns"
TITLES = SAMPLES / "titles"
MEGABYTE = 2**20

with (SAMPLES / "expected.csv").open(encoding="utf-8", newline="") as _file:
    EXPECTED = {row["copy"]: row for row in csv.DictReader(_file)}
OF_RULE = {
    "RMA-10481": FindingOutcome.WITHIN,
    "RMA-10482": FindingOutcome.OUTSIDE,
    "RMA-10483": FindingOutcome.WITHIN,
    "RMA-10484": FindingOutcome.OUTSIDE,
    "RMA-10485": FindingOutcome.OUTSIDE,
    "RMA-10486": FindingOutcome.NOT_JUDGED,
    "RMA-10487": FindingOutcome.NOT_JUDGED,
    "RMA-10488": FindingOutcome.UNDECIDED,
    "RMA-10489": FindingOutcome.NOT_JUDGED,
    "RMA-10490": FindingOutcome.NOT_JUDGED,
    "RMA-10491": FindingOutcome.OUTSIDE,
}


DECODED: list[Path] = []
"""Files whose pixels were read while `inspected`, once for each time."""


@cache
def inspected(path: Path, out: Path) -> Inspection:
    (job,) = jobs_for([path], out, load_policy(), titles=TITLES)
    with pytest.MonkeyPatch.context() as patch:
        for decoder in (jpeg, png, tiff, pdf):
            patch.setattr(decoder, "pixels", counted(decoder.pixels))
        return run_job(job)


def counted(read: Callable[..., Any]) -> Callable[..., Any]:
    def reading(path: Path, frame: int, reduce: int) -> Any:
        DECODED.append(path)
        return read(path, frame, reduce)

    return reading


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("qc-out")


def test_every_copy_has_an_expectation() -> None:
    found = {path.name for path in find_copies(RETURNS)}
    assert found == set(EXPECTED) == set(OF_RULE)
    assert len(found) >= 6


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_copy_gets_its_verdict(name: str, out: Path) -> None:
    expected = EXPECTED[name]
    inspection = inspected(RETURNS / name, out)
    assert inspection.verdict.outcome == expected["verdict"], inspection.verdict.summary
    if expected["verdict"] == "insufficient-evidence":
        assert len(inspection.verdict.summary.partition("; not checked: ")[0].split()) <= 25
    assert inspection.refund.outcome == expected["refund"], inspection.verdict.summary
    outcomes = {f.outcome for f in inspection.findings if f.rule == expected["rule"]}
    assert OF_RULE[name] in outcomes, inspection.verdict.summary
    assert (out / name / "report.html").stat().st_size > 10_000


def test_a_scan_is_decoded_once(out: Path) -> None:
    """Whatever looks at it: recognition, registration, measures, text reader, pictures of the report."""
    copies = [inspected(RETURNS / name, out).copy for name in EXPECTED]
    scans = {s.path for copy in copies for s in copy.scans}
    decoded = [path for path in DECODED if path in scans]
    assert set(decoded) == scans
    assert len(decoded) <= 1.1 * len(scans)


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_copy_gets_its_golden_values(name: str, out: Path) -> None:
    assert differences(read_table()[name], rows(inspected(RETURNS / name, out))) == []


def test_drawn_copies_get_their_golden_values(tmp_path: Path) -> None:
    golden = read_table()
    for path, title in drawn_copies(tmp_path):
        inspection = inspected_anew(path, tmp_path / "out", reference=title)
        assert differences(golden[path.name], rows(inspection)) == []


def test_a_golden_value_that_moved_is_named() -> None:
    row = ("A", "trim-offset", "1 head", "", "0.5000", "0.0300", "mm", "")
    assert differences([row], [(*row[:4], "0.5015", *row[5:])]) == []
    assert differences([row], [(*row[:4], "0.5031", *row[5:])]) != []
    assert differences([row], [(*row[:7], "no-profile")]) != []
    assert differences([row], []) != []


def test_judged_from_the_store_every_copy_is_judged_the_same(out: Path, tmp_path: Path) -> None:
    policy = load_policy()
    with Store(tmp_path / "qc.db", create=True) as store:
        run = store.begin_run("test")
        for name in EXPECTED:
            inspection = inspected(RETURNS / name, out)
            stored = store.inspection(store.add(inspection, policy, run))
            assert stored is not None
            assert to_json(record(stored)) == to_json(record(inspection))
            again = under(stored, policy)
            assert again.findings == inspection.findings
            assert (again.verdict, again.refund) == (inspection.verdict, inspection.refund)
            assert to_json(record(again)) == to_json(record(inspection))


def test_deep_cut_is_measured_at_its_edge(out: Path) -> None:
    inspection = inspected(RETURNS / "RMA-10482", out)
    cuts = {f.where.edge: f for f in inspection.findings if f.rule == "trim-offset-block"}
    assert [edge for edge, f in cuts.items() if f.outcome is FindingOutcome.OUTSIDE] == ["fore-edge"]
    deep = cuts["fore-edge"]
    assert deep.value is not None and deep.u is not None
    assert abs(deep.value + 3.6) <= 2 * deep.u, plus_minus(deep.value, 2 * deep.u)


def test_covers_are_measured_on_their_sides(out: Path) -> None:
    """Of two closed scans: a shift beyond the policy, and one within it that puts the lettering over a fold."""
    beyond, within = (inspected(RETURNS / name, out) for name in ("RMA-10491", "RMA-10481"))
    found = {(f.rule, f.where.side): f for f in beyond.findings if f.outcome is FindingOutcome.OUTSIDE}
    for place, truth in (("front", 3.9), ("back", -3.9)):
        fold = found["cover-fold-offset", place]
        assert fold.value is not None and fold.u is not None and abs(fold.value - truth) <= 2 * fold.u
    (note,) = [f for f in within.findings if f.rule == "spine-text-clearance"]
    assert (note.outcome, note.severity) == (FindingOutcome.OUTSIDE, "note")
    assert not [gap for gap in within.verdict.not_checked if gap.startswith("cover")]


def test_lost_print_is_found_on_its_page(out: Path) -> None:
    inspection = inspected(RETURNS / "RMA-10484", out)
    outside = {(f.rule, f.where.page) for f in inspection.findings if f.outcome is FindingOutcome.OUTSIDE}
    assert outside == {("blank-pages-inside", 6), ("print-defect", 6)}
    assert inspection.copy.pages[5].name == "p-0006.jpg"
    assert inspection.pages[5].reference_page == 8


def test_page_of_another_book_gets_no_number(out: Path) -> None:
    inspection = inspected(RETURNS / "RMA-10488", out)
    (foreign,) = [f.where.page for f in inspection.findings if f.rule == "pages-foreign" and f.value]
    assert foreign == 5
    there = [o for o in inspection.observations if o.measure == "trim-offset" and o.where.page == foreign]
    assert len(there) == 4 and all(o.value is None and o.flags == ("foreign",) for o in there)


def test_white_backing_gives_no_edge(out: Path) -> None:
    inspection = inspected(RETURNS / "RMA-10489", out)
    offsets = [o for o in inspection.observations if o.measure.startswith("trim-offset")]
    assert offsets and all(o.value is None for o in offsets)
    assert "the scanner lid is as white as the paper" in inspection.verdict.summary


ASKED = {
    "RMA-10486": ([3, *range(6, 9), *range(11, 22), 23, 24], 1),
    "RMA-10489": ([f"p-000{n}.jpg" for n in range(1, 6)], 3),
}
"""Scans that are asked for, and how many of them suffice. Page 9 is dark at a cut, page 22 holds too little print."""


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_fewest_scans_are_asked_for(name: str, out: Path) -> None:
    verdict = inspected(RETURNS / name, out).verdict
    entries, need = ASKED.get(name, ([], 0))
    assert [r.file or r.reference_page for r in verdict.rescan] == entries
    assert {(r.group, r.need) for r in verdict.rescan} == ({(1, need)} if need else set())
    assert "unless it is lost" not in verdict.summary


def test_the_one_page_that_is_asked_for_decides(out: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(RETURNS / "RMA-10486", tmp_path / "RMA-10486")
    # Page 23 of another copy stands for that of this one.
    shutil.copy(RETURNS / "RMA-10481" / "p-0010.jpg", copy / "p-0003.jpg")
    verdict = inspected(copy, out).verdict
    assert verdict.outcome == "no-defect" and not verdict.rescan


@pytest.mark.parametrize("path", sorted((SAMPLES / "real").iterdir()), ids=lambda path: path.name)
def test_real_scan_is_read_and_nothing_is_made_up(path: Path, out: Path) -> None:
    inspection = inspected(path, out)
    assert inspection.verdict.outcome == "insufficient-evidence"
    (page,) = inspection.pages
    assert page.dpi is not None and page.dpi[0] in (300.0, 400.0)
    assert page.kind == "content"
    assert all(o.value is None for o in inspection.observations if o.unit in ("mm", "dE00"))


def test_samples_are_small_and_described() -> None:
    files = [p for p in SAMPLES.rglob("*") if p.is_file()]
    assert sum(p.stat().st_size for p in files) < 25 * MEGABYTE
    described = (SAMPLES / "README.md").read_text(encoding="utf-8")
    for folder in (*RETURNS.iterdir(), *TITLES.iterdir(), *(SAMPLES / "real").iterdir()):
        assert f"{folder.name}" in described, folder
    for name, row in EXPECTED.items():
        line = next(line for line in described.splitlines() if line.startswith(f"| {name} "))
        assert line.endswith(f"| {row['verdict']} |")


def test_title_is_redrawn_as_it_is(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("make_samples", SAMPLES / "make_samples.py")
    assert spec is not None and spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "make_samples", script)
        spec.loader.exec_module(script)
        drawn = {name: (s.verdict, s.refund, s.rule, s.why) for name, s in script.samples().items()}
    assert drawn == {name: (r["verdict"], r["refund"], r["rule"], r["why"]) for name, r in EXPECTED.items()}
    title, wrap = script.make_title(tmp_path), script.make_cover(tmp_path)
    assert (wrap.trim_mm, wrap.spine_mm) == (script.TRIM_MM, script.SPINE_MM)
    assert (tmp_path / script.ISBN / "title.toml").read_text() == (TITLES / script.ISBN / "title.toml").read_text()
    assert len(title.pages) == read_title(TITLES / script.ISBN / "title.toml").pages == 24
