"""Measures of one's own, in an installed package of one file: they are explained, observed, judged, reported and stored."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
COPY, TITLES = ROOT / "samples/returns/RMA-10481", ROOT / "samples/titles"
MEASURES = '''
"""How crooked a sheet lay in the scanner, and how many colors two copies share."""

from qc.measure.registry import measure
from qc.model import Where


@measure("scan-skew", "deg", "page", 1, name="skew of the scan")
def scan_skew(page):
    """Turn of the print in the scan, in degrees; null where the page is not registered.

    Notes
    -----
    Says how the sheet was fed, nothing of the book.
    """
    skew = page.record.skew_deg
    flags = () if skew is not None else ("not-registered",)
    return scan_skew.observe(skew, None if skew is None else 0.02, Where(page=page.position), flags)


@scan_skew.sentence
def in_words(found, said):
    return f"The sheet lay {said.size} crooked"


@measure("pages-shared", "count", "copies", 1, name="pages in both copies", needs=("copy-color-difference",))
def pages_shared(copies):
    """Pages whose colors were compared between two copies.

    Notes
    -----
    Says what was scanned, nothing of the book.
    """
    pairs = [o for o in copies.observed("copy-color-difference") if o.value is not None]
    for pair in copies.pairs:
        pages = [o for o in pairs if o.where.copies == pair and o.where.page]
        yield pages_shared.observe(len(pages), 0.0, Where(copies=pair))
'''
RULES = """
[[rule]]
id = "fed-straight"
measure = "scan-skew"
within = "<= 0.01 deg"
outside = "> 5 deg"
magnitude = true
severity = "note"
clause = "Sheets are to be fed straight."
source = "house rule"
reason = "An example."

[[rule]]
id = "scanned-alike"
measure = "pages-shared"
within = "<= 1 count"
outside = "> 1000 count"
severity = "note"
clause = "Copies are to be scanned whole."
source = "house rule"
reason = "An example."
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of installed packages: the measures, and the entry point that names them."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "bench_measures.py").write_text(MEASURES)
    info = folder / "bench_measures-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-measures\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[qc.measures]\nbench = bench_measures\n")
    kdp = (ROOT / "qc/judge/policies/kdp.toml").read_text()
    (folder / "bench.toml").write_text(kdp.replace('id = "kdp"', 'id = "bench"', 1) + RULES)
    return folder


def run(site: Path | None, folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(ROOT), *([str(site)] if site else [])])
    env = os.environ | {"PYTHONPATH": path, "QC_CACHE": str(folder / "cache")}
    command = [sys.executable, "-P", "-m", "qc", *args]
    return subprocess.run(command, capture_output=True, text=True, env=env, cwd=folder)


def test_they_are_explained(site: Path, tmp_path: Path) -> None:
    done = run(site, tmp_path, "explain", "scan-skew")
    assert done.returncode == 0 and "Measure scan-skew: in deg, of a page, version 1" in done.stdout
    assert "Says how the sheet was fed" in done.stdout
    done = run(site, tmp_path, "explain", "pages-shared")
    assert done.returncode == 0 and "Measure pages-shared: in count, between copies, version 1" in done.stdout


def test_it_is_observed_judged_reported_and_stored(site: Path, tmp_path: Path) -> None:
    options = ["--titles", str(TITLES), "--policy", str(site / "bench.toml"), "--out", str(tmp_path / "out")]
    store = tmp_path / "qc.db"
    shutil.copytree(COPY, tmp_path / "inbox" / COPY.name)
    done = run(site, tmp_path, "batch", str(tmp_path / "inbox"), *options, "--store", str(store), "--jobs", "1")
    assert done.returncode == 0, done.stderr
    record = json.loads((tmp_path / "out" / COPY.name / "inspection.json").read_text())
    seen = [o for o in record["observations"] if o["measure"] == "scan-skew"]
    assert len(seen) == len([p for p in record["pages"] if p["role"] == "page"])
    assert any(o["value"] is not None for o in seen) and record["provenance"]["measures"]["scan-skew"] == 1
    findings = [f for f in record["findings"] if f["rule"] == "fed-straight" and f["value"] is not None]
    assert findings and all("° crooked on page " in f["message"] for f in findings)
    assert "crooked" in (tmp_path / "out" / COPY.name / "report.html").read_text()
    exported = run(site, tmp_path, "export", "--store", str(store), "--format", "csv", "--what", "observations")
    assert exported.returncode == 0 and "scan-skew" in exported.stdout


def test_one_between_copies_is_observed_and_judged_wherever_copies_are_held_together(
    site: Path, tmp_path: Path
) -> None:
    paths = [shutil.copytree(COPY, tmp_path / "inbox" / name) for name in "ab"]
    for path in paths:
        facts = path / "copy.toml"
        facts.write_text(facts.read_text().replace(COPY.name, path.name))
    options = ["--policy", str(site / "bench.toml"), "--out", str(tmp_path / "out")]
    done = run(site, tmp_path, "batch", str(tmp_path / "inbox"), "--titles", str(TITLES), *options, "--jobs", "1")
    assert done.returncode == 0, done.stderr
    done = run(site, tmp_path, "compare", *map(str, paths), *options)
    assert done.returncode == 0, done.stderr
    for file in ("a/inspection.json", "b/inspection.json", "comparison.json"):
        record = json.loads((tmp_path / "out" / file).read_text())
        (seen,) = (o for o in record["observations"] if o["measure"] == "pages-shared")
        assert seen["value"] > 1 and seen["where"]["copies"] == ["a", "b"]
        (finding,) = (f for f in record["findings"] if f["rule"] == "scanned-alike")
        assert finding["value"] == seen["value"] and "pages in both copies" in finding["message"]
    assert "pages in both copies" in (tmp_path / "out" / "a" / "report.html").read_text()


def test_nothing_is_loaded_from_the_folder_one_works_in(site: Path, tmp_path: Path) -> None:
    for path in site.iterdir():
        (tmp_path / path.name).symlink_to(path)
    done = run(None, tmp_path, "explain", "scan-skew")
    assert done.returncode == 2 and "is no measure" in done.stderr
