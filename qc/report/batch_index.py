"""Index of a batch in one self-contained HTML page, with a link to each report."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from qc.model import VerdictOutcome
from qc.report import words
from qc.report.environment import environment
from qc.report.files import write_text
from qc.report.large_pictures import picture_beside
from qc.report.summary_row import Row, shared

_ORDER = ("defect", "needs-review", "insufficient-evidence", "", "no-defect")
"""Of verdicts, those that ask most of a person first; empty is a copy that could not be inspected."""
_SORT = """
for (const button of document.querySelectorAll("th button")) button.onclick = () => {
  const cell = button.parentElement, body = document.querySelector("tbody"), column = cell.cellIndex;
  const down = cell.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of document.querySelectorAll("th")) other.removeAttribute("aria-sort");
  cell.setAttribute("aria-sort", down > 0 ? "ascending" : "descending");
  const key = row => row.cells[column].dataset.key;
  const compare = (a, b) => cell.dataset.number !== undefined
    ? (a === "") - (b === "") || down * (a - b) : down * a.localeCompare(b, "en", {numeric: true});
  for (const row of [...body.rows].sort((a, b) => compare(key(a), key(b)))) body.append(row);
};
"""
"""Without a script the list stands in the order of verdict and margin, whole."""
_FILTER = """
const bar = document.querySelector(".filter"), said = document.querySelector("[role=status]");
const rows = [...document.querySelectorAll("tbody tr")];
const narrow = () => {
  const fields = [...bar.querySelectorAll("[name]")].map(field => [field.name, field.value]);
  const {verdict, title, decision, search} = Object.fromEntries(fields);
  const words = search.toLowerCase().split(/\\s+/).filter(Boolean);
  let shown = 0;
  for (const row of rows) {
    const text = row.textContent.toLowerCase();
    const fits = (!verdict || row.dataset.verdict === verdict) && (!title || row.dataset.title === title)
      && (!decision || row.dataset.decision === decision) && words.every(word => text.includes(word));
    row.hidden = !fits;
    shown += fits;
  }
  said.textContent = `${shown} of ${rows.length} shown`;
};
bar.hidden = false;
bar.oninput = narrow;
narrow();
"""


def render(rows: Sequence[Row], folder: Path, *, title: str, policy: str) -> str:
    """HTML text of the index.

    Parameters
    ----------
    rows : sequence of Row
    folder : Path
        Where the index will lie; links to reports are relative to it, and only to those that are there.
    title, policy : str
        Named at the head.

    Returns
    -------
    str
        Names, titles and messages are escaped, and control characters replaced.
    """
    alike = shared(rows)
    order = {outcome: n for n, outcome in enumerate(_ORDER)}
    script = _SORT + _FILTER
    listed = sorted(rows, key=lambda r: (order[r.outcome], r.margin_mm is None, r.margin_mm or 0.0))
    page = (
        environment()
        .get_template("index.html")
        .render(
            rows=listed,
            order=order,
            alike=alike,
            links={row.copy: _address(row.report, folder) for row in rows},
            words={str(decision): word for decision, word in words.VERDICT.items()} | {"": "NOT INSPECTED"},
            refunds=words.REFUND,
            counts=[(word, sum(r.outcome == o for r in rows), str(o)) for o, word in COUNTED],
            lost=words.LOST,
            waiting=sum(row.waits for row in rows),
            to_scan=sum(row.scan_again for row in rows),
            title=title,
            policy=policy,
            titles=sorted({row.title or row.isbn for row in rows if row.title or row.isbn}),
            pictures={row.copy: _address(picture_beside(row.report), folder) for row in rows},
            script=script,
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        )
    )
    return words.clean(page)


def write(rows: Sequence[Row], folder: Path, *, title: str, policy: str) -> Path:
    """Write ``index.html`` into `folder` and return its path; raises `OutputError` where that cannot be."""
    path = folder / "index.html"
    write_text(render(rows, folder, title=title, policy=policy), path)
    return path


COUNTED = (
    (VerdictOutcome.DEFECT, "defect"),
    (VerdictOutcome.NEEDS_REVIEW, "to review"),
    (VerdictOutcome.INSUFFICIENT_EVIDENCE, "without enough evidence"),
    (VerdictOutcome.NO_DEFECT, "no defect"),
    ("", "not inspected"),
)


def _address(path: Path | str, folder: Path) -> str:
    """Address of a file relative to `folder`; empty where it is not there."""
    if not path or not Path(path).is_file():
        return ""
    return quote(os.path.relpath(path, folder).replace(os.sep, "/"))
