"""`qc batch`: every copy below a folder, over processes."""

from __future__ import annotations

import csv
import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import click
from rich.table import Table
from rich.text import Text

from qc.cli import exits, options, terminal
from qc.errors import ScanError
from qc.intake import find_copies
from qc.job import Job, jobs_for, run_job
from qc.model import Inspection
from qc.output import write_text
from qc.policy import load_policy
from qc.record import error_record, record, to_json
from qc.runner import Runner, Tick

COLUMNS = ("copy", "outcome", "refund", "route", "margin_mm", "exit", "message")


@dataclass(frozen=True)
class Row:
    """What the summary says of a copy; `outcome` is empty where it could not be inspected. `json` is its record."""

    copy: str
    outcome: str
    refund: str
    route: str
    margin_mm: float | None
    exit: int
    message: str
    json: str


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@options.titles
@options.policy
@options.scanner
@options.dpi
@options.out("qc-out")
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Copies at the same time; one a core if left out."
)
@options.as_json
def batch(
    folder: Path,
    titles: Path | None,
    policy: str,
    scanner: str | None,
    dpi: float | None,
    out: Path,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Inspect every copy below FOLDER, each in a process of its own.

    Every copy gets inspection.json and report.html in a folder of its id in --out; summary.csv there has a line a copy.

    \b
    Example:
      qc batch inbox --titles titles --out night

    Exit code: 0 when every copy was inspected, whatever the verdicts; 3 when some could not be.
    """
    loaded = load_policy(policy)
    paths = find_copies(folder, skip=out)
    if not paths:
        raise ScanError(f"There is no copy in {folder}: no folder with images, no multipage TIFF and no PDF of scans.")
    work = jobs_for(paths, out, loaded, titles=titles, scanner=scanner, dpi=dpi)
    rows: list[Row] = []
    try:
        with terminal.bar("copies", "copies") as progress:
            for row, seconds in _rows(work, jobs or options.cores()):
                rows.append(replace(row, json=""))
                progress(len(rows), len(work))
                _tell(row, seconds, len(rows), len(work), as_json)
    finally:
        order = {job.id: at for at, job in enumerate(work)}
        rows.sort(key=lambda row: order[row.copy])
        write_text(summary_csv(rows), out / "summary.csv")
        if not as_json:
            _print(rows, len(work), out)
    if len(rows) < len(work):
        raise KeyboardInterrupt
    return 0 if all(row.outcome for row in rows) else 3


def inspect_one(job: Job, tick: Tick) -> Row:
    """Inspect a copy inside a worker; an error becomes a row."""
    try:
        return _row(run_job(job, progress=lambda _done, _all: tick()))
    except Exception as error:
        return _not_inspected(job, *exits.failure(error))


def summary_csv(rows: Sequence[Row]) -> str:
    """The table as CSV with a header; no cell begins like a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        margin = "" if row.margin_mm is None else f"{row.margin_mm:.3f}"
        words = (row.copy, row.outcome, row.refund, row.route)
        writer.writerow([*map(_harmless, words), margin, row.exit, _harmless(row.message)])
    return text.getvalue()


def _harmless(cell: str) -> str:
    # A spreadsheet runs what begins like this, and copies are named by strangers.
    cell = exits.one_line(cell)
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@")) else cell


def _rows(jobs: Sequence[Job], processes: int) -> Iterator[tuple[Row, float]]:
    runner = Runner(inspect_one, min(processes, len(jobs)))
    with _finishing_first(runner):
        for ended in runner.run(jobs):
            lost = f"The inspection {ended.lost}. Look at its scans, then inspect it alone."
            yield ended.result or _not_inspected(ended.job, 70, lost), ended.seconds


@contextmanager
def _finishing_first(runner: Runner[Job, Row]) -> Iterator[None]:
    """Let the first Ctrl-C finish the copies under way, and the second end them."""

    def on_interrupt(_signal: int, _frame: FrameType | None) -> None:
        runner.stop()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not by print: a signal may come in the middle of one, and stderr then refuses the second.
        os.write(2, b"Finishing the copies under way; press Ctrl-C again to stop at once.\n")

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _row(inspection: Inspection) -> Row:
    margins = [f.margin for f in inspection.findings if f.measure == "trim-offset-block" and f.severity == "defect"]
    outcome = str(inspection.verdict.outcome)
    return Row(
        copy=inspection.copy.id,
        outcome=outcome,
        refund=inspection.refund.outcome,
        route=inspection.refund.route,
        margin_mm=min((m for m in margins if m is not None), default=None),
        exit=exits.OF_VERDICT[outcome],
        message=inspection.verdict.summary,
        json=to_json(record(inspection)),
    )


def _not_inspected(job: Job, code: int, message: str) -> Row:
    return Row(job.id, "", "", "", None, code, message, to_json(error_record(job.id, code, message)))


def _tell(row: Row, seconds: float, done: int, total: int, as_json: bool) -> None:
    if as_json:
        click.echo(row.json)
    if not row.outcome:
        exits.say(row.message if row.copy in row.message else f"{row.copy}: {row.message}")
    if not sys.stderr.isatty():
        click.echo(f"{done}/{total} {row.copy} {row.outcome or 'not inspected'} {seconds:.1f} s", err=True)


def _print(rows: Sequence[Row], total: int, out: Path) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("copy", "verdict", "refund", "margin", "why"):
        table.add_column(name, justify="right" if name == "margin" else "left", overflow="fold")
    for row in rows:
        margin = "" if row.margin_mm is None else f"{row.margin_mm:+.2f} mm"
        cells = row.copy, row.outcome or "not inspected", row.refund, margin, exits.one_line(row.message)
        table.add_row(*(Text(cell) for cell in cells))
    console = terminal.results()
    console.print(table)
    inspected = sum(bool(row.outcome) for row in rows)
    console.print(f"Summary  {out / 'summary.csv'}", markup=False, soft_wrap=True)
    console.print(f"{inspected} of {total} copies inspected.", markup=False)
