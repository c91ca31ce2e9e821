"""The index of a night: one file, in the order a person works through it, and harmless whatever copies are called."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

from qc.report import batch_index
from qc.report.summary_row import Row, shared, time_left


def row(copy: str, outcome: str, margin: float | None = None, **more: object) -> Row:
    return Row(copy, outcome, "review", "review", margin, 0, f"why of {copy}", **more)  # type: ignore[arg-type]


ROWS = (
    row("sound", "no-defect", 2.2, isbn="978-1", title="The Long Field"),
    row("near", "defect", -0.1, isbn="9781", shows=("trim-offset-block",), title="The Long Field"),
    row("broken", ""),
    row("deep", "defect", -2.5, isbn="9781", shows=("blank-pages-inside", "trim-offset-block")),
    row("doubt", "needs-review", isbn="9782", shows=("trim-offset-block",)),
)


class Page(HTMLParser):
    """Tags with their attributes, and the text of the cells of each row."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.cells: list[list[str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "tr":
            self.cells.append([])
        if tag == "td":
            self.cells[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.cells and self.cells[-1]:
            self.cells[-1][-1] += data.rstrip("\n")


def rendered(rows: tuple[Row, ...], folder: Path) -> str:
    return batch_index.render(rows, folder, title="Returns", policy="kdp 2026.2")


def test_the_gravest_and_the_farthest_beyond_its_limit_come_first(tmp_path: Path) -> None:
    page = Page(rendered(ROWS, tmp_path))
    body = [r for r in page.cells if r]
    assert [r[1] for r in body] == ["deep", "near", "doubt", "broken", "sound"]
    assert [r[0] for r in body] == ["DEFECT", "DEFECT", "REVIEW", "NOT INSPECTED", "NO DEFECT"]
    assert body[0][3] == "-2.50 mm" and body[2][3] == ""
    keys = [a["data-key"] for t, a in page.tags if t == "td"]
    assert keys[0:4] == ["0", "deep", "9781", "-2.5"] and keys[14] == "1"


def test_copies_of_a_title_say_how_many_show_the_same() -> None:
    assert shared(ROWS) == {"near": "2 of 3 show it", "deep": "1 of 3 show it"}


def test_links_lead_to_reports_that_are_there_and_nowhere_else(tmp_path: Path) -> None:
    report = tmp_path / "out" / "a #1%" / "report.html"
    report.parent.mkdir(parents=True)
    report.touch()
    rows = (
        row("here", "defect", report=str(report)),
        row("gone", "defect", report=str(tmp_path / "gone" / "report.html")),
    )
    links = [a["href"] for t, a in Page(rendered(rows, tmp_path / "out")).tags if t == "a"]
    assert links == ["a%20%231%25/report.html"]


def test_one_file_without_a_request_and_only_its_own_script(tmp_path: Path) -> None:
    text = rendered(ROWS, tmp_path)
    assert not re.search(r"(src|href)\s*=\s*[\"']?(https?:|//)|@import|url\(", text)
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in text and "default-src 'none'" in text


def test_names_and_titles_are_no_markup(tmp_path: Path) -> None:
    bad = "<script>alert(1)</script>\"' onload=x \u202e\x1b[31m"
    text = rendered((Row(bad, "defect", bad, bad, None, 10, bad, isbn=bad, title=bad, shows=("r",)),), tmp_path)
    page = Page(text)
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not [a for _, attributes in page.tags for a in attributes if a.startswith("on")]
    assert "\x1b" not in text and "\u202e" not in text and "alert(1)" in text


def test_the_time_left_is_said_in_words() -> None:
    assert [time_left(60, 0, 5), time_left(60, 5, 5)] == ["", ""]
    assert time_left(60, 2, 3) == "about 30 s left"
    assert time_left(600, 10, 100) == "about 90 min left"
    assert time_left(3600, 10, 100) == "about 9.0 h left"
