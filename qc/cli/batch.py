"""`qc batch`: every copy below a folder, over processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from qc.batch.cluster import Cluster
from qc.batch.cores import cores
from qc.batch.environment import differing, outlook
from qc.batch.job import Job, jobs_for
from qc.batch.ledger import Ledger
from qc.batch.overview import publish
from qc.batch.runner import LIMIT_S, MEMORY_BYTES, STALL_S, Runner
from qc.batch.store import Store
from qc.batch.together import groups_of
from qc.batch.work import Group, Result, hold_one, inspect_elsewhere, inspect_one
from qc.cli import exits, options, terminal
from qc.errors import OutputError, QcError, ScanError, UsageError, failure, one_line
from qc.judge.policy import load_policy
from qc.report.files import write_bytes
from qc.report.summary_row import Row, not_inspected, time_left
from qc.scan.copy_folder import copies_passed_over, find_copies
from qc.scan.paths import leads_outside, real


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@options.titles
@options.policy
@options.scanner
@options.dpi
@options.out("qc-out")
@click.option(
    "--store",
    "store_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep results in this SQLite file, made if need be, and pass over copies that it holds already.",
)
@click.option(
    "--redo",
    multiple=True,
    metavar="failed|all|COPY",
    help="With --store: inspect again those that failed, all, or the copy of this id; may be given several times.",
)
@click.option(
    "--jobs", type=click.IntRange(min=1), metavar="N", help="Copies at the same time; one a core if left out."
)
@click.option(
    "--cluster",
    metavar="ADDRESS",
    help="Inspect on the workers of the Dask scheduler at tcp://HOST:PORT; scans and titles lie under the same paths there.",
)
@click.option(
    "--time-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=LIMIT_S / 60,
    show_default=True,
    metavar="MINUTES",
    help="A copy that takes longer is given up.",
)
@click.option(
    "--memory-limit",
    type=click.FloatRange(min=0, min_open=True),
    default=MEMORY_BYTES / 2**30,
    show_default=True,
    metavar="GB",
    help="A copy that needs more is given up.",
)
@options.as_json
def batch(
    folder: Path,
    titles: Path | None,
    policy: str,
    scanner: str | None,
    dpi: float | None,
    out: Path,
    store_path: Path | None,
    redo: tuple[str, ...],
    jobs: int | None,
    cluster: str | None,
    time_limit: float,
    memory_limit: float,
    as_json: bool,
) -> int:
    """Inspect every copy below FOLDER, each in a process of its own.

    Every copy gets inspection.json and report.html in a folder of its id in --out; summary.csv there has a line a copy,
    and index.html lists them with links. Copies of one title are held against each other, too, up to eight at a time in
    the order of their folders: by color, or without a reference by where their print lies.

    With --store a call goes on where the last one stopped, however it ended: a copy with the same scans, reference,
    policy and measures is not inspected twice.

    \b
    Example:
      qc batch inbox --titles titles --out night --store qc.db

    Exit code: 0 when every copy was inspected, whatever the verdicts; 3 when some could not be.
    """
    if redo and store_path is None:
        raise UsageError("--redo needs --store: without a store every copy is inspected anyway.")
    loaded = load_policy(policy)
    paths = _copies_below(folder, out)
    work = jobs_for(paths, out, loaded, titles=titles, scanner=scanner, dpi=dpi, listed=True)
    groups = groups_of(work)
    runner = _runner(cluster, jobs, time_limit * 60, round(memory_limit * 2**30))
    with ExitStack() as stack:
        store = None
        if store_path is not None:
            _refuse_in_scans(store_path, work)
            store = stack.enter_context(Store(store_path, create=True))
        with terminal.bar("reading", "copies") as progress:
            ledger = Ledger(work, store, redo, progress, called=sys.argv[2:])
        if store is not None:
            click.echo(ledger.said, err=True)
        # What is held against others is not yet what it will be.
        later = {job.id for group in groups for job in group} if as_json else set()
        for result in ledger.done():
            if as_json and not (result.inspection and result.row.copy in later):
                click.echo(result.json)
        try:
            _inspect(ledger, runner, as_json, later)
            if not ledger.left:
                for ended in _held(ledger.due(groups), jobs or cores()):
                    ledger.keep(*ended)
        except QcError:
            _say_how_to_go_on(ledger.left, store is not None)
            raise
        finally:
            for job in work:
                if job.id in later and job.id in ledger.rows and ledger.rows[job.id].outcome:
                    click.echo(ledger.json(job))
            rows = [ledger.rows[job.id] for job in work if job.id in ledger.rows]
            rows, index = publish(store, rows, out, f"Returns in {real(folder).name}")
            if not as_json:
                _print(rows, len(work), out, index)
    if ledger.left:
        _say_how_to_go_on(ledger.left, store is not None)
        raise KeyboardInterrupt
    return 0 if all(row.outcome for row in rows) else exits.UNUSABLE


def _copies_below(folder: Path, out: Path) -> list[Path]:
    paths = find_copies(folder, skip=out)
    exits.say_passed_over(copies_passed_over(folder, skip=out))
    if not paths:
        raise ScanError(f"There is no copy in {folder}: no folder with images, no multipage TIFF and no PDF of scans.")
    return paths


def _inspect(
    ledger: Ledger, runner: Runner[Job, Result] | Cluster[Job, Result], as_json: bool, later: Collection[str]
) -> None:
    """Inspect what is to do, and say of each copy how it went; the records of inspected copies `later` are not printed yet."""
    began, total = time.monotonic(), len(ledger.todo)
    with terminal.bar("copies", "copies") as progress:
        for done, (job, result, seconds) in enumerate(_results(ledger.todo, runner), 1):
            ledger.keep(job, result, seconds)
            progress(done, total)
            left = time_left(time.monotonic() - began, done, total)
            now = as_json and not (result.inspection and job.id in later)
            _tell(result, f"{done}/{total}", f"{seconds:.1f} s{left and f', {left}'}", now)


def _held(groups: Sequence[Group], processes: int) -> Iterator[tuple[Job, Result, float]]:
    """What changes when copies of one title are held against each other; what could not be is said."""
    if not groups:
        return
    runner = Runner(hold_one, min(processes, len(groups)))
    with terminal.bar("titles", "titles") as progress, _finishing_first(runner):
        for done, ended in enumerate(runner.run(groups), 1):
            progress(done, len(groups))
            results, said = ended.result or ([], f"it {ended.lost}")
            if said:
                names = ", ".join(job.id for job in ended.job.jobs)
                exits.say(f"{names}: not all were held against each other: {said}.")
            by_id = {job.id: job for job in ended.job.jobs}
            for result in results:
                yield by_id[result.row.copy], result, ended.seconds / len(by_id)


def _runner(
    cluster: str | None, jobs: int | None, limit_s: float, memory_bytes: int
) -> Runner[Job, Result] | Cluster[Job, Result]:
    stall_s = min(STALL_S, limit_s)
    if cluster is None:
        return Runner(inspect_one, jobs or cores(), stall_s, limit_s, memory_bytes)
    return Cluster(inspect_elsewhere, cluster, outlook, differing, jobs, stall_s, limit_s, memory_bytes)


def _results(
    jobs: Sequence[Job], runner: Runner[Job, Result] | Cluster[Job, Result]
) -> Iterator[tuple[Job, Result, float]]:
    with _finishing_first(runner):
        for ended in runner.run(jobs):
            lost = f"The inspection {ended.lost}. Look at its scans, then inspect it alone or raise the limit."
            result = ended.result or Result(not_inspected(ended.job.id, 70, lost))
            yield ended.job, _written(ended.job, result), ended.seconds


def _written(job: Job, result: Result) -> Result:
    """The result after writing what files came with it."""
    try:
        for name, content in result.files.items():
            write_bytes(content, job.folder / name)
    except OutputError as error:
        return Result(not_inspected(job.id, *failure(error)))
    report = str(job.report.resolve()) if result.inspection is not None else ""
    return replace(result, row=replace(result.row, report=report), files={})


@contextmanager
def _finishing_first(runner: Runner[Any, Any] | Cluster[Any, Any]) -> Iterator[None]:
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


def _refuse_in_scans(store: Path, jobs: Sequence[Job]) -> None:
    for job in jobs:
        if job.path.is_dir() and not leads_outside(store, job.path):
            raise UsageError(f"--store {store} lies in the scan folder {job.path}, where nothing is written.")


def _say_how_to_go_on(left: int, stored: bool) -> None:
    on = (
        "The same command goes on with them."
        if stored
        else "The same command begins anew; with --store qc.db it would go on."
    )
    click.echo(f"{left} {'copy was' if left == 1 else 'copies were'} not begun or not finished. {on}", err=True)


def _tell(result: Result, count: str, took: str, as_json: bool) -> None:
    row = result.row
    if as_json:
        click.echo(result.json)
    if not row.outcome:
        exits.say(row.message if row.copy in row.message else f"{row.copy}: {row.message}")
    if not sys.stderr.isatty():
        click.echo(f"{count} {row.copy} {row.outcome or 'not inspected'} {took}", err=True)


def _print(rows: Sequence[Row], total: int, out: Path, index: Path) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("copy", "verdict", "refund", "margin", "why"):
        table.add_column(name, justify="right" if name == "margin" else "left", overflow="fold")
    for row in rows:
        margin = "" if row.margin_mm is None else f"{row.margin_mm:+.2f} mm"
        cells = row.copy, row.outcome or "not inspected", row.refund, margin, one_line(row.message)
        table.add_row(*(Text(cell) for cell in cells))
    console = terminal.results()
    console.print(table)
    inspected = sum(bool(row.outcome) for row in rows)
    console.print(f"Summary  {out / 'summary.csv'}", markup=False, soft_wrap=True)
    console.print(f"Index    {index}", markup=False, soft_wrap=True)
    console.print(f"{inspected} of {total} copies inspected.", markup=False)
