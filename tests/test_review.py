"""The review page without a browser: who may ask, what it shows as text, which decisions it takes."""

from __future__ import annotations

import html
import json
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from review_store import DrawnStore

pytest.importorskip("flask", reason="the extra `review` is not installed")

from werkzeug.test import Client, TestResponse

from qc.batch.exhibit_file import read_exhibits
from qc.batch.store import Store
from qc.judge.next_step import next_step
from qc.review.door import Door
from qc.review.queue import MIN_ALIKE, load_queue
from qc.review.renewal import Renewal
from qc.review.server import make_app

TOKEN = "let-me-in"
HERE = {"Origin": "http://localhost", "Content-Type": "application/json"}
MARKUP = '<img src=x onerror="alert(1)">'


@dataclass
class Desk:
    """The page over a store of its own."""

    drawn: DrawnStore
    client: Client

    def get(self, address: str, **headers: str) -> TestResponse:
        return self.client.get(f"/{TOKEN}{address}", headers=headers)

    def post(self, address: str, asked: Any, **headers: str) -> TestResponse:
        return self.client.post(f"/{TOKEN}{address}", data=json.dumps(asked), headers=HERE | headers)

    def decide(self, *copies: str, outcome: str, seen: int = 0, **more: str) -> dict[str, Any]:
        with Store(self.drawn.path) as store:
            looked_at = [{"copy": c, "inspection": store.latest(c).id, "seen": seen} for c in copies]  # type: ignore[union-attr]
        answer = self.post("/decide", {"by": "anna", "outcome": outcome, "copies": looked_at} | more)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def rows(self) -> list[tuple[str, str, str]]:
        with Store(self.drawn.path) as store:
            return [(r["copy"], r["outcome"], r["person"]) for r in store.view("decision_history")]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    drawn = DrawnStore(tmp_path)
    for number, kind in enumerate(("defect", "no-defect", "needs-review", "insufficient-evidence"), 1):
        drawn.add(kind, f"RMA-{number}")
    renewal = Renewal(drawn.path)
    yield Desk(drawn, Client(Door(make_app(drawn.path, "", renewal), TOKEN)))
    renewal.end()


# --- who may ask


@pytest.mark.parametrize("address", ["/", "/wrong/", "/wrong/copies/RMA-1/", f"/{TOKEN}x/", f"/{TOKEN[:-1]}/queue"])
def test_nothing_is_shown_without_the_token(desk: Desk, address: str) -> None:
    answer = desk.client.get(address)
    assert answer.status_code == 403
    assert "RMA" not in answer.text


def test_a_domain_that_was_made_to_point_here_is_refused(desk: Desk) -> None:
    assert desk.get("/", Host="evil.example:80").status_code == 403
    assert desk.get("/", Host="127.0.0.1:8731").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://localhost:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
def test_another_origin_decides_nothing(desk: Desk, headers: dict[str, str]) -> None:
    asked = {"by": "anna", "outcome": "defect", "copies": [{"copy": "RMA-1", "inspection": 1, "seen": 0}]}
    assert desk.post("/decide", asked, **headers).status_code == 403
    assert desk.rows() == []


@pytest.mark.parametrize(
    "name",
    [
        "../report.html",
        "..%2freport.html",
        "%2e%2e/report.html",
        "/etc/passwd",
        "findings.json",
        "link.jpg",
        "none.jpg",
    ],
)
def test_no_path_leads_out_of_the_pictures_of_a_report(desk: Desk, tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret.jpg"
    secret.write_text("secret")
    (tmp_path / "results/RMA-1/report-files/link.jpg").symlink_to(secret)
    answer = desk.get(f"/copies/RMA-1/report-files/{name}")
    assert answer.status_code in (403, 404)
    assert "secret" not in answer.text


def test_pictures_and_the_report_are_shown(desk: Desk) -> None:
    picture = desk.get("/copies/RMA-1/report-files/finding-1-1.jpg?v=1")
    assert picture.status_code == 200
    assert picture.data.startswith(b"\xff\xd8")
    report = desk.get("/copies/RMA-1/report.html")
    assert report.status_code == 200
    assert "script" not in report.headers["Content-Security-Policy"]


def test_pages_may_load_nothing_from_elsewhere(desk: Desk) -> None:
    for address in ("/", "/list?list=all", "/end", "/copies/RMA-4/", "/queue"):
        policy = desk.get(address).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "http" not in policy
    text = "".join(desk.get(a).text for a in ("/", "/review.js", "/pictures.js", "/keys.js", "/review.css"))
    assert "http:" not in text
    assert "https:" not in text


def test_what_others_wrote_is_text(desk: Desk) -> None:
    desk.drawn.add("defect", "RMA-9", title=MARKUP)
    desk.decide("RMA-9", outcome="no-defect", reason=MARKUP, by=MARKUP)
    for address in ("/copies/RMA-9/", "/list?list=all", "/list?list=decided", "/end"):
        assert "<img src=x" not in desk.get(address).text
    assert "&lt;img src=x" in desk.get("/copies/RMA-9/").text
    for address in (f"/copies/{MARKUP}/", f"/find?code={MARKUP}", f"/queue?list={MARKUP}"):
        answer = desk.get(address)
        assert answer.mimetype == "application/json" or "<img src=x" not in answer.text


# --- what is decided


def test_a_decision_is_a_row_with_the_sentence_for_the_ticket(desk: Desk) -> None:
    answer = desk.decide("RMA-1", outcome="defect")
    assert desk.rows() == [("RMA-1", "defect", "anna")]
    assert answer["done"][0]["ticket"].startswith("RMA-1 (The Long Field")
    assert answer["queue"]["decided"] == 1
    assert "anna decided <b>DEFECT</b>" in desk.get("/copies/RMA-1/").text


def test_who_disagrees_says_why(desk: Desk) -> None:
    assert "say why" in desk.decide("RMA-1", outcome="no-defect")["refused"][0]["why"]
    assert desk.decide("RMA-1", outcome="no-defect", code="scanner-artifact")["done"]
    assert desk.decide("RMA-2", outcome="defect", reason="The cover is torn.")["done"]
    assert desk.decide("RMA-3", outcome="needs-review", code="rescan")["done"]
    assert [row[1] for row in desk.rows()] == ["no-defect", "defect", "needs-review"]


def test_what_somebody_else_decided_is_not_overwritten(desk: Desk) -> None:
    first = desk.decide("RMA-3", outcome="defect", by="bob", reason="Streak.")["done"][0]["decision"]
    late = desk.decide("RMA-3", outcome="no-defect", reason="I see none.")
    assert late["refused"][0]["why"] == "bob decided DEFECT of RMA-3 meanwhile. Nothing was overwritten."
    assert desk.decide("RMA-3", outcome="no-defect", reason="Not this one.", seen=first)["done"]
    assert [row[2] for row in desk.rows()] == ["bob", "anna"]


def test_undo_takes_back_its_own_decision_only(desk: Desk) -> None:
    number = desk.decide("RMA-1", outcome="defect")["done"][0]["decision"]
    again = desk.decide("RMA-1", outcome="defect", by="bob", seen=number)["done"][0]["decision"]
    asked = {"by": "anna", "copies": [{"copy": "RMA-1", "inspection": 1, "seen": number}]}
    assert "bob decided" in desk.post("/undo", asked).get_json()["refused"][0]["why"]
    asked["copies"][0]["seen"] = again  # type: ignore[index]
    assert desk.post("/undo", asked).get_json()["done"]
    # The one before holds again.
    assert desk.get("/queue?list=all").get_json()["decided"] == 1
    assert len(desk.rows()) == 3


def test_a_decision_on_other_scans_is_refused_with_the_reason(desk: Desk, tmp_path: Path) -> None:
    place = tmp_path / "returns" / "RMA-7"
    place.mkdir(parents=True)
    (place / "p-0001.jpg").write_bytes(b"another scan")
    desk.drawn.add("defect", "RMA-7", path=place)
    why = desk.decide("RMA-7", outcome="defect")["refused"][0]["why"]
    assert "are not those that were inspected" in why
    assert desk.rows() == []


def test_a_copy_that_was_inspected_again_is_looked_at_again(desk: Desk) -> None:
    desk.drawn.add("no-defect", "RMA-1")
    asked = {"by": "anna", "outcome": "defect", "copies": [{"copy": "RMA-1", "inspection": 1, "seen": 0}]}
    assert "inspected again" in desk.post("/decide", asked).get_json()["refused"][0]["why"]


@pytest.mark.parametrize(
    "asked",
    [
        [],
        {},
        {"by": "anna", "outcome": "defect", "copies": []},
        {"by": "", "outcome": "defect", "copies": [{"copy": "RMA-1", "inspection": 1, "seen": 0}]},
        {"by": "anna", "outcome": "fine", "copies": [{"copy": "RMA-1", "inspection": 1, "seen": 0}]},
        {"by": "a" * 501, "outcome": "defect", "copies": [{"copy": "RMA-1", "inspection": 1, "seen": 0}]},
        {"by": "anna", "outcome": "defect", "copies": ["RMA-1"]},
    ],
)
def test_what_the_page_would_not_ask_is_refused(desk: Desk, asked: Any) -> None:
    answer = desk.post("/decide", asked)
    assert answer.status_code == 400
    assert answer.get_json()["fault"]
    assert desk.rows() == []


# --- what stands beside the keys


def test_the_advice_and_what_a_key_does_to_the_refund_stand_beside_the_keys(desk: Desk) -> None:
    def beside(copy: str) -> str:
        page = desk.get(f"/copies/{copy}/").text.split('<div class="decide">')[1].split('<p class="links">')[0]
        return " ".join(re.sub(r"<[^>]+>", " ", page).split())

    said = beside("RMA-3")
    with Store(desk.drawn.path) as store:
        inspection = store.inspection(next(e.id for e in store.copies() if e.copy == "RMA-3"))
    assert inspection is not None and html.unescape(said).count(next_step(inspection)) == 1
    assert "Defect: refund D" in said and "No defect: no refund F" in said
    assert "the print is sound. no defect: no refund" in said
    unseen = beside("RMA-4")
    assert "Agree: the ticket says" in unseen and "New scan: it says" in unseen and "“To scan again”" in unseen


# --- what waits


def test_what_needs_a_person_comes_first_and_leaves_when_decided(desk: Desk) -> None:
    def needed() -> list[str]:
        return [copy for copy, _, _ in desk.get("/queue?list=needs").get_json()["copies"]]

    assert needed() == ["RMA-3", "RMA-4"]
    desk.decide("RMA-3", outcome="no-defect", reason="Dust.")
    assert needed() == ["RMA-4"]
    assert [c for c, _, _ in desk.get("/queue?list=open").get_json()["copies"]] == ["RMA-4", "RMA-1", "RMA-2"]


def test_what_is_to_be_scanned_again_or_seen_by_another_has_its_list(desk: Desk) -> None:
    def listed(name: str) -> list[str]:
        return [copy for copy, _, _ in desk.get(f"/queue?list={name}").get_json()["copies"]]

    desk.decide("RMA-3", outcome="needs-review", code="rescan")
    assert (listed("needs"), listed("again")) == (["RMA-4"], ["RMA-3"])
    desk.decide("RMA-4", outcome="needs-review", code="second-person")
    assert (listed("needs"), listed("again")) == (["RMA-4"], ["RMA-3"])
    page = desk.get("/list?list=again").text
    assert "To scan again" in page and "to be scanned again" in page
    assert desk.get("/queue").get_json()["again"] == 1 and "needs another person" in desk.get("/list?list=needs").text


def test_a_gun_finds_an_id_or_an_isbn(desk: Desk) -> None:
    desk.drawn.add("defect", "RMA-5", isbn="978-3-16-148410-0")
    for code, copy in {"RMA-2": "RMA-2", "rma-2": "RMA-2", "9783161484100": "RMA-5", "RMA-77": None}.items():
        assert desk.get(f"/find?code={code}").get_json()["copy"] == copy
    found = desk.get("/find?code=9780000000002").get_json()
    assert found["copy"] == "RMA-3"
    assert found["said"].startswith("4 copies have the ISBN")


def test_copies_of_a_title_with_one_fault_stand_together(tmp_path: Path) -> None:
    drawn = DrawnStore(tmp_path)
    for number in range(MIN_ALIKE):
        drawn.add("no-defect", f"RMA-S{number}")
        drawn.add("needs-review", f"RMA-R{number}")
    drawn.add("needs-review", "RMA-OTHER", isbn="9783161484100")
    with Store(drawn.path) as store:
        (pattern,) = load_queue(store).patterns
    assert [i.copy for i in pattern.items] == [f"RMA-R{n}" for n in range(MIN_ALIKE)]
    assert (pattern.count, pattern.of, pattern.about, pattern.fault) == (
        MIN_ALIKE,
        2 * MIN_ALIKE,
        "The Long Field",
        "missing print",
    )


def test_one_decision_for_those_that_were_ticked(desk: Desk) -> None:
    answer = desk.decide("RMA-1", "RMA-3", outcome="defect", reason="Both show the cut of one batch.")
    assert [d["copy"] for d in answer["done"]] == ["RMA-1", "RMA-3"]
    assert {row[0] for row in desk.rows()} == {"RMA-1", "RMA-3"}


def test_reports_follow_a_moment_later(desk: Desk, tmp_path: Path) -> None:
    renewal = Renewal(desk.drawn.path)
    desk.decide("RMA-1", outcome="defect")
    renewal.tell(["RMA-1"])
    assert renewal.end() == []
    assert "decided by anna" in (tmp_path / "results/RMA-1/report.html").read_text("utf-8")


def test_pictures_are_known_as_the_report_shows_them(desk: Desk, tmp_path: Path) -> None:
    exhibits = read_exhibits(tmp_path / "results/RMA-1")
    assert [e.finding.rule for e in exhibits] == ["trim-offset-block", "print-defect"]
    assert all(p.large_mm[0] <= p.box_mm[0] and p.large_mm[2] >= p.box_mm[2] for e in exhibits for p in e.pictures)


def test_a_copy_without_its_report_says_so(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "results/RMA-1/report.html").unlink()
    assert "are gone with its report" in desk.get("/copies/RMA-1/").text
    assert desk.get("/copies/RMA-1/report.html").status_code == 404


# --- the command


def test_it_needs_a_store(run_qc: Run, tmp_path: Path) -> None:
    ended = run_qc("review", "--store", tmp_path / "none.db", "--no-browser")
    assert (ended.code, ended.err.count("There is no store")) == (2, 1)


@pytest.mark.parametrize(("ending", "code"), [(signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_however_it_ends_what_was_answered_is_stored(desk: Desk, ending: signal.Signals, code: int) -> None:
    # A program that was started in the background ignores Ctrl-C, and so does what it starts.
    program = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from qc.cli import entry; entry()"
    )
    command = [sys.executable, "-c", program, "review", "--store", str(desk.drawn.path), "--by", "anna", "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        address = process.stdout.readline().strip()
        asked = {"by": "anna", "outcome": "defect", "copies": [{"copy": "RMA-1", "inspection": 1, "seen": 0}]}
        headers = {"Content-Type": "application/json", "Origin": "/".join(address.split("/")[:3])}
        post = urllib.request.Request(f"{address}decide", json.dumps(asked).encode(), headers)
        assert json.loads(urllib.request.urlopen(post, timeout=60).read())["done"]
        process.send_signal(ending)
        said = process.stderr.read()
        assert process.wait(60) == code
    assert desk.rows() == [("RMA-1", "defect", "anna")]
    assert ("1 of 4 copies are decided, 2 need a person." in said) == (code == 0)


def test_without_the_extra_one_sentence_says_what_to_install(desk: Desk) -> None:
    program = "import sys; sys.modules['flask'] = None; from qc.cli import entry; entry()"
    command = [sys.executable, "-c", program, "review", "--store", str(desk.drawn.path), "--no-browser"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 6
    assert "pip install 'print-return-qc[review]'" in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
