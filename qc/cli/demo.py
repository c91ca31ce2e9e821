"""`qc demo`: the first five minutes, with copies drawn on the spot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
from rich.table import Table

from qc.batch.cores import cores
from qc.batch.job import jobs_for, make_writable, run_job
from qc.cli import options, terminal
from qc.judge.policy import load_policy
from qc.model import VerdictOutcome
from qc.synthetic import Block, Cut, Faults, Print, Scanner, Title, draw_copy, write_title
from qc.units import parse_trim, to_mm

ISBN = "9780000000002"
TRIM = "5 x 8 in"
DPI = 150
PAGES = ("text", "chapter-opener", "text", "text", "gray-picture", "text", "table", "text", "text", "line-art")
EMPTIED = 8
_COPY_TOML = f"""copy = "{{id}}"
isbn = "{ISBN}"
title = "The Long Field"
pages_expected = {len(PAGES)}
[claim]
reason = "defective"
[scan]
complete = true
"""


@dataclass(frozen=True)
class _Case:
    """A copy to draw, and what should be found."""

    id: str
    story: str
    intended: VerdictOutcome
    draw: Callable[[Path, Title], object]


_CASES = (
    _Case(
        "RMA-1-sound",
        "as ordered",
        VerdictOutcome.NO_DEFECT,
        lambda folder, title: draw_copy(folder, title, scanner=Scanner(dpi=DPI), seed=1),
    ),
    _Case(
        "RMA-2-cut",
        "fore-edge cut 4.2 mm too deep",
        VerdictOutcome.DEFECT,
        lambda folder, title: draw_copy(
            folder, title, scanner=Scanner(dpi=DPI), block=Block(Cut(fore_edge_mm=-4.2)), seed=2
        ),
    ),
    _Case(
        "RMA-3-print",
        f"print of page {EMPTIED} is missing",
        VerdictOutcome.DEFECT,
        lambda folder, title: draw_copy(folder, title, scanner=Scanner(dpi=DPI), faults=_one_page_empty(title), seed=3),
    ),
)


@click.command()
@options.out("qc-demo", usual=False)
def demo(out: Path) -> int:
    """Draw a small title and three returned copies of it, inspect them and show the reports.

    \b
    Example:
      qc demo --out first-look

    Exit code: 0.
    """
    make_writable(out)
    inbox, titles = out / "inbox", out / "titles"
    title = write_title(titles / ISBN / "interior.pdf", PAGES, trim_mm=parse_trim(TRIM))
    jobs = jobs_for([inbox / case.id for case in _CASES], out / "results", load_policy(), titles=titles)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("copy", "drawn", "intended", "found", "report"):
        table.add_column(name, overflow="fold")
    hits = 0
    with terminal.bar("drawing and inspecting", "copies") as progress:
        for number, (case, job) in enumerate(zip(_CASES, jobs, strict=True)):
            progress(number, len(_CASES))
            case.draw(job.path, title)
            (job.path / "copy.toml").write_text(_COPY_TOML.format(id=case.id), encoding="utf-8")
            found = run_job(job, threads=cores()).verdict.outcome
            hits += found is case.intended
            table.add_row(case.id, case.story, str(case.intended), str(found), str(job.report))
    console = terminal.results()
    console.print(table)
    console.print(f"{hits} of {len(_CASES)} verdicts as intended. Open a report in a browser.", markup=False)
    console.print(f"Next     qc inspect {inbox / _CASES[1].id} --titles {titles}", markup=False, soft_wrap=True)
    return 0


def _one_page_empty(title: Title) -> Faults:
    reach = to_mm(1, "in")
    width, height = title.trim_mm
    return Faults(prints={EMPTIED: Print(missing=((-reach, -reach, width + reach, height + reach),))})
