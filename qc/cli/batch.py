"""`qc batch`: every copy below a folder, over processes."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from types import FrameType
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from qc.batch.cluster import Cluster
from qc.batch.cores import cores
from qc.batch.environment import differing, outlook
from qc.batch.fingerprint import fingerprint
from qc.batch.job import Job, jobs_for
from qc.batch.runner import LIMIT_S, MEMORY_BYTES, STALL_S, Runner
from qc.batch.store import Entry, Store
from qc.batch.together import groups_of, was_held
from qc.batch.work import Group, Result, hold_one, inspect_elsewhere, inspect_one, result_of
from qc.cli import exits, options, terminal
from qc.cli.csv_text import Number, csv_text
from qc.errors import OutputError, QcError, ScanError, UsageError, failure, one_line
from qc.judge.policy import load_policy
from qc.model import Inspection
from qc.report import batch_index
from qc.report.files import write_bytes, write_text
from qc.report.record import record, to_json
from qc.report.summary_row import Row, not_inspected, time_left
from qc.scan.copy_folder import copies_passed_over, find_copies
from qc.scan.paths import leads_outside, real

COLUMNS = ("copy", "outcome", "refund", "route", "margin_mm", "exit", "message")


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
    paths = find_copies(folder, skip=out)
    exits.say_passed_over(copies_passed_over(folder, skip=out))
    if not paths:
        raise ScanError(f"There is no copy in {folder}: no folder with images, no multipage TIFF and no PDF of scans.")
    work = jobs_for(paths, out, loaded, titles=titles, scanner=scanner, dpi=dpi)
    groups = groups_of(work)
    members = {job.id for group in groups for job in group}
    runner = _runner(cluster, jobs, time_limit * 60, round(memory_limit * 2**30))
    with ExitStack() as stack:
        kept = None
        if store_path is not None:
            _refuse_in_scans(store_path, work)
            kept = _Kept(stack.enter_context(Store(store_path, create=True)), work, redo)
        todo = work if kept is None else kept.todo
        if kept is not None:
            click.echo(kept.said, err=True)
        rows = {} if kept is None else {result.row.copy: result.row for result in kept.done(as_json, members)}
        before = len(rows)
        began = time.monotonic()
        try:
            with terminal.bar("copies", "copies") as progress:
                for job, result, seconds in _results(todo, runner):
                    if kept is not None:
                        kept.keep(job, result, seconds)
                    rows[job.id] = result.row
                    done = len(rows) - before
                    progress(done, len(todo))
                    left = time_left(time.monotonic() - began, done, len(todo))
                    now = as_json and not (result.inspection and job.id in members)
                    _tell(result, f"{done}/{len(todo)}", f"{seconds:.1f} s{left and f', {left}'}", now)
            if len(rows) == len(work):
                new = {job.id for job in todo}
                seen = [[job for job in group if rows[job.id].outcome] for group in groups]
                due = [Group(tuple(group), _due(group, new, kept)) for group in seen if len(group) > 1]
                for job, result, seconds in _held([g for g in due if g.due], jobs or cores()):
                    if kept is not None:
                        kept.keep(job, result, seconds)
                    rows[job.id] = result.row
        except QcError:
            _say_how_to_go_on(len(work) - len(rows), kept is not None)
            raise
        finally:
            for job in work:
                if as_json and job.id in members and job.id in rows and rows[job.id].outcome:
                    click.echo(_json_file(job) if kept is None else kept.json(job))
            listed = [rows[job.id] for job in work if job.id in rows]
            write_text(summary_csv(listed), out / "summary.csv")
            title = f"Returns in {real(folder).name}"
            index = batch_index.write(listed, out, title=title, policy=f"{loaded.id} {loaded.version}")
            if not as_json:
                _print(listed, len(work), out, index)
    if len(rows) < len(work):
        _say_how_to_go_on(len(work) - len(rows), kept is not None)
        raise KeyboardInterrupt
    return 0 if all(row.outcome for row in rows.values()) else exits.UNUSABLE


class _Kept:
    """The store beside the jobs of a batch: which are done already, and where results go."""

    def __init__(self, store: Store, jobs: Sequence[Job], redo: Sequence[str]) -> None:
        ids = [job.id for job in jobs]
        for name in redo:
            if name not in ("failed", "all", *ids):
                near = get_close_matches(name, ids, 1)
                raise UsageError(
                    f"--redo {name}: there is no copy of this id in the folder."
                    f"{f' Did you mean {near[0]}?' if near else ' Give an id, failed or all.'}"
                )
        store.keep_others_out()
        self._store = store
        self._keys: dict[str, str] = {}
        with terminal.bar("reading", "copies") as progress:
            for job in jobs:
                self._keys[job.id] = fingerprint(job, store)
                progress(len(self._keys), len(jobs))
        self._jobs = {job.id: job for job in jobs}
        entries = {job.id: store.latest(job.id, self._keys[job.id]) for job in jobs}
        self._done = {i: e for i, e in entries.items() if e and not _again(e, redo)}
        self.todo = [job for job in jobs if job.id not in self._done]
        self._run: int | None = None

    @property
    def said(self) -> str:
        failed = sum(entry.failed for entry in self._done.values())
        gone = sum(not (e.failed or (e.report and Path(e.report).is_file())) for e in self._done.values())
        words = f"{len(self._done)} done before with these scans and this configuration, {len(self.todo)} to do."
        words += f" {failed} of those done could not be inspected; --redo failed tries again." if failed else ""
        return words + (f" Reports of {gone} of those done are gone; --redo makes them anew." if gone else "")

    def was_held(self, job: Job) -> bool:
        """Whether a copy that was inspected before was held against others of its title, too."""
        inspection = self._inspection(job)
        return inspection is not None and was_held(inspection)

    def json(self, job: Job) -> str:
        """The record of an inspected copy as it stands now."""
        inspection = self._inspection(job)
        assert inspection is not None
        return to_json(record(inspection))

    def _inspection(self, job: Job) -> Inspection | None:
        entry = self._store.latest(job.id, self._keys[job.id])
        return None if entry is None else self._store.inspection(entry.id, job.policy.sha256)

    def done(self, as_json: bool, later: Collection[str]) -> Iterator[Result]:
        """Results of the copies that are passed over, from the store; those of inspected copies `later` are not printed."""
        for copy, entry in self._done.items():
            if entry.failed:
                result = Result(not_inspected(copy, entry.exit, entry.message))
            else:
                inspection = self._store.inspection(entry.id, self._jobs[copy].policy.sha256)
                assert inspection is not None
                result = result_of(inspection, entry.report or "")
            if as_json and (entry.failed or copy not in later):
                click.echo(result.json)
            yield result

    def keep(self, job: Job, result: Result, seconds: float) -> None:
        if self._run is None:
            self._run = self._store.begin_run("batch", sys.argv[2:])
        key, row = self._keys[job.id], result.row
        if result.inspection is not None:
            inspection = result.inspection
            self._store.add(inspection, job.policy, self._run, key=key, seconds=seconds, report=row.report)
        else:
            self._store.add_failure(
                job.id, job.path, self._run, key=key, exit_code=row.exit, message=row.message, seconds=seconds
            )


def _due(group: Sequence[Job], new: Collection[str], kept: _Kept | None) -> frozenset[str]:
    """Copies that are new, or that an earlier call did not come to. What was finished stays as it is."""
    return frozenset(job.id for job in group if kept is None or job.id in new or not kept.was_held(job))


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


def _json_file(job: Job) -> str:
    return to_json(json.loads((job.folder / "inspection.json").read_text("utf-8")))


def _again(entry: Entry, redo: Sequence[str]) -> bool:
    return "all" in redo or entry.copy in redo or (entry.failed and "failed" in redo)


def summary_csv(rows: Sequence[Row]) -> str:
    """The table as CSV with a header; no cell begins like a formula."""
    lines = [(r.copy, r.outcome, r.refund, r.route, _mm(r.margin_mm), r.exit, r.message) for r in rows]
    return csv_text([COLUMNS, *lines])


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


def _mm(value: float | None) -> Number | None:
    return None if value is None else Number(f"{value:.3f}")
