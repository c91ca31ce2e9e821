"""The packet of a copy is one file that holds all a dispute needs."""

from __future__ import annotations

import base64
import io
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import Drawn, Run
from inspection_example import example
from PIL import Image
from review_store import DrawnStore

from qc.batch.store import Store
from qc.judge.policy import load_policy
from qc.judge.rule import limits_stated
from qc.model import FindingOutcome
from qc.report import html


@pytest.fixture
def drawn_store(tmp_path: Path) -> DrawnStore:
    made = DrawnStore(tmp_path)
    made.add("defect", "RMA-1")
    return made


def pictures(page: str) -> list[tuple[int, int]]:
    """Sizes of the JPEG pictures in a page."""
    found = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', page)
    return [Image.open(io.BytesIO(base64.b64decode(data))).size for data in found]


def test_it_holds_verdict_decision_pictures_numbers_and_hashes(
    drawn_store: DrawnStore, tmp_path: Path, run_qc: Run
) -> None:
    store, out = drawn_store.path, tmp_path / "packet.html"
    decided = run_qc("decide", "RMA-1", "no-defect", "--store", store, "--by", "anna", "--code", "scanner-artifact")
    ended = run_qc("packet", "RMA-1", "--store", store, "--out", out)
    assert (ended.code, ended.out.strip()) == (0, str(out))
    page = out.read_text("utf-8")
    head = page.split('class="verdict ')[1].split("</section>")[0]
    assert "NO DEFECT" in head and "Decided by anna on" in head and "Refund: <b>no (no defect found)</b>" in head
    assert "RMA-1 (The Long Field, ISBN 9780000000002): NO DEFECT. Decided by anna" in page
    assert decided.out.split("(qc said")[0].strip() in re.sub(r"<[^>]+>", "", page)
    assert "−3.620 ± 0.060 mm" in page or "−3.62" in page
    assert f"{3:064x}" in page
    assert len(pictures(page)) >= 2
    assert "the scans are gone or changed" in page
    assert "<script" not in page
    for link in re.findall(r'(?:src|href)="([^"#]+)', page):
        assert link.startswith("data:"), link


def test_its_pictures_are_cut_from_the_scans_at_their_resolution(drawn: Drawn, tmp_path: Path, run_qc: Run) -> None:
    scans, store, out = drawn.copied_to(tmp_path / "returns" / "RMA-5"), tmp_path / "qc.db", tmp_path / "packet.html"
    (scans / "copy.toml").unlink(missing_ok=True)
    ended = run_qc(
        "batch", scans.parent, "--titles", drawn.titles, "--store", store, "--out", tmp_path / "results", "--jobs", 1
    )
    assert ended.code == 0
    assert run_qc("packet", "RMA-5", "--store", store, "--out", out).code == 0
    assert "the scans are gone or changed" not in out.read_text("utf-8")


def test_what_is_inspected_has_its_finding_in_the_packet_and_its_decision_in_the_report(
    tmp_path: Path, run_qc: Run
) -> None:
    samples = Path(__file__).parents[1] / "samples"
    store, out, packet = tmp_path / "qc.db", tmp_path / "results", tmp_path / "packet.html"
    where = ("--titles", samples / "titles", "--store", store, "--out", out)
    assert run_qc("inspect", samples / "returns" / "RMA-10482", *where).code == 10
    assert run_qc("packet", "RMA-10482", "--store", store, "--out", packet).code == 0
    page = packet.read_text("utf-8")
    assert "As printed" in page and max(width for width, _ in pictures(page)) > 400
    decided = run_qc("decide", "RMA-10482", "no-defect", "--store", store, "--by", "anna", "--reason", "Bench knife.")
    assert decided.code == 0
    head = (out / "RMA-10482" / "report.html").read_text("utf-8").split("<!-- since -->")[1].split("<!-- /since -->")[0]
    assert 'class="since decided"' in head and "NO DEFECT. Decided by anna" in re.sub(r"<[^>]+>", "", head)
    assert run_qc("decide", "RMA-10482", "withdraw", "--store", store, "--by", "anna").code == 0
    assert "decided" not in (out / "RMA-10482" / "report.html").read_text("utf-8").split("<!-- since -->")[1][:60]


@pytest.mark.parametrize("kind", ["needs-review", "insufficient-evidence", "defect", "no-defect"])
def test_it_says_what_was_decided_and_nothing_for_the_bench(kind: str, tmp_path: Path, run_qc: Run) -> None:
    store, out = DrawnStore(tmp_path), tmp_path / "packet.html"
    store.add(kind, "RMA-1")
    for outcome, word in (("defect", "DEFECT"), ("no-defect", "NO DEFECT")):
        run_qc("decide", "RMA-1", outcome, "--store", store.path, "--by", "anna", "--reason", "Seen on the copy.")
        assert run_qc("packet", "RMA-1", "--store", store.path, "--out", out).code == 0
        page = out.read_text("utf-8").partition("<body>")[2]
        shown = re.findall(r'<p class="word">.*?</span>([^<]+)', page)
        assert shown == [word] and "Decided by anna on" in page and "a person decides" not in page
        for internal in ("Next:", "then inspect again", "Look at", "file:", "/inbox", str(tmp_path)):
            assert internal not in page, internal


def test_it_names_no_other_return_and_the_limit_in_force(tmp_path: Path, run_qc: Run) -> None:
    samples = Path(__file__).parents[1] / "samples"
    inbox, house, packet = tmp_path / "inbox", tmp_path / "house.toml", tmp_path / "packet.html"
    for name in ("RMA-10482", "RMA-10484"):
        shutil.copytree(samples / "returns" / name, inbox / name)
    store, out = tmp_path / "qc.db", tmp_path / "results"
    assert run_qc("batch", inbox, "--titles", samples / "titles", "--store", store, "--out", out).code == 0
    assert "RMA-10484" in (out / "RMA-10482" / "report.html").read_text("utf-8")
    text = load_policy().toml.replace('id = "kdp"', 'id = "house"', 1)
    house.write_text(text.replace('"< 0.125 in"', '"< 3 mm"').replace('"> 3.2 mm"', '"> 3.1 mm"'), "utf-8")
    assert run_qc("judge", "--store", store, "--policy", house, "--save").code == 0
    assert run_qc("packet", "RMA-10482", "--store", store, "--out", packet).code == 0
    page = re.sub(r"<[^>]+>|“[^”]*”", "", packet.read_text("utf-8").partition("<body>")[2])
    assert "RMA-10484" not in page and "up to 3.1 mm" in page and "3.2 mm" not in page


def test_limits_that_the_printer_does_not_name_are_marked_as_ours() -> None:
    assert limits_stated('We have a 0.125" (3.2 mm) tolerance.', "< 3.175 mm", "> 3.2 mm")
    assert limits_stated('Up to 1/16" variance.', "< 1.5875 mm", "> 2 mm") and limits_stated(
        "Refunded.", "<= 0 count", "never"
    )
    assert not limits_stated("A small amount of color variance is expected.", "<= 0.6 fraction", "> 0.6 fraction")
    cut = next(f for f in example().findings if f.outcome is FindingOutcome.OUTSIDE)
    finding = replace(cut, clause="Color variance is expected.", within="<= 0.6 fraction", outside="never")
    judged = replace(example(), findings=(finding,))
    page = html.render(judged, (), k=2, outward=True)
    assert "The limit is ours, not the printer’s" in page and "outside never (our limit)" in page


def test_a_copy_that_is_not_there_is_named_with_its_neighbors(drawn_store: DrawnStore, run_qc: Run) -> None:
    ended = run_qc("packet", "RMA-2", "--store", drawn_store.path)
    assert (ended.code, "RMA-1" in ended.err) == (2, True)


def test_one_that_failed_has_no_packet(drawn_store: DrawnStore, run_qc: Run) -> None:
    with Store(drawn_store.path) as store:
        run = store.begin_run("batch")
        store.add_failure("RMA-3", Path("x"), run, key="", exit_code=3, message="no scans", seconds=0.0)
    ended = run_qc("packet", "RMA-3", "--store", drawn_store.path)
    assert (ended.code, "could not be inspected" in ended.err) == (2, True)
