"""`qc batch`: every copy below a folder, over processes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

import click
from rich.table import Table
from rich.text import Text

from qc.batch.cluster import Cluster
from qc.batch.cores import cores
from qc.batch.environment import differing, outlook
from qc.batch.intake import look_in_all
from qc.batch.job import Job, jobs_for, refuse_store_in_scans
from qc.batch.ledger import Ledger, refuse_unknown
from qc.batch.overview import publish
from qc.batch.runner import LIMIT_S, MEMORY_BYTES, STALL_S, Runner, Work
from qc.batch.store import Store
from qc.batch.together import groups_of
from qc.batch.work import Group, Result, hold_one, inspect_elsewhere, inspect_one
from qc.cli import exits, options, terminal
from qc.errors import MissingProgram, OutputError, QcError, ScanError, UsageError, failure, one_line
from qc.judge.policy import load_policy
from qc.report.batch_index import COUNTED
from qc.report.files import write_bytes
from qc.report.summary_row import Row, not_inspected, time_left
from qc.report.text import say_beside, wrapped
from qc.report.words import REFUND
from qc.scan.allocator import can_limit_memory
from qc.scan.copy_folder import copies_passed_over, find_copies
from qc.scan.paths import real
from qc.scan.returns_csv import not_used

_WIDE = 90
"""Columns of a terminal from which on refund and margin find room beside the reason."""
Ending = tuple[Job, Result, float]
"""A copy, its result, and the seconds that it took."""
AnyRunner = Runner[Job, Result] | Cluster[Job, Result]
F = TypeVar("F", bound=Callable[..., Any])


def of_many(command: F) -> F:
    """Argument and options that `qc batch` and `qc watch` share."""
    for option in reversed(_OF_MANY):
        command = option(command)
    return command


_OF_MANY: tuple[Callable[[Any], Any], ...] = (
    click.argument("folder", type=click.Path(path_type=Path)),
    options.titles,
    options.policy,
    options.scanner,
    options.dpi,
    options.out("qc-out"),
    click.option(
        "--redo",
        multiple=True,
        metavar="failed|all|COPY",
        help="Inspect again those in the store that failed, all, or the copy of this id; may be given several times.",
    ),
    click.option(
        "--jobs", type=click.IntRange(min=1), metavar="N", help="Copies at the same time; one a core if left out."
    ),
    click.option(
        "--cluster",
        metavar="ADDRESS",
        help="Inspect on the workers of the Dask scheduler at tcp://HOST:PORT; scans and titles lie under the same paths there.",
    ),
    click.option(
        "--time-limit",
        type=click.FloatRange(min=0, min_open=True),
        default=LIMIT_S / 60,
        show_default=True,
        metavar="MINUTES",
        help="A copy that takes longer is given up.",
    ),
    click.option(
        "--memory-limit",
        type=click.FloatRange(min=0, min_open=True),
        default=MEMORY_BYTES / 2**30,
        show_default=True,
        metavar="GB",
        help="A copy that needs more is given up, where the system can say so (Linux).",
    ),
    options.as_json,
)


@click.command()
@of_many
@options.store_to_write
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
    found, stated = _copies_below(folder, out), options.scanner_as_stated(scanner)
    work = looked_in(jobs_for(found, out, loaded, titles=titles, dpi=dpi, listed=True, **stated), folder, jobs)
    groups = groups_of(work)
    runner = runner_of(inspect_one, cluster, jobs, time_limit, memory_limit)
    with ExitStack() as stack:
        store = None
        if store_path is not None:
            refuse_unknown(redo, work)
            refuse_store_in_scans(store_path, work)
            store = stack.enter_context(Store(store_path, create=True))
            store.refuse_other_text(loaded)
            store.keep_others_out()
        with terminal.bar("reading", "copies") as progress:
            ledger = Ledger(work, store, redo, progress, called=("batch", *sys.argv[2:]))
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
                new = {job.id for job in ledger.todo}
                for changed in held(ledger.due(groups, new), jobs or cores()):
                    for ended in changed:
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


def looked_in(found: Sequence[Job], folder: Path, processes: int | None) -> Sequence[Job]:
    """Jobs of the copies in `folder` after a look at their scans; what of them or of a returns.csv is passed over is said."""
    with terminal.bar("looking", "copies") as progress:
        looked = look_in_all(found, processes or cores(), progress)
    places = [real(folder), *(real(job.path).parent for job in found)]
    exits.say_passed_over({**looked.passed_over, **not_used(places, {job.id for job in looked.jobs})})
    exits.say_isbns(looked.isbns)
    return looked.jobs


def _inspect(ledger: Ledger, runner: AnyRunner, as_json: bool, later: Collection[str]) -> None:
    """Inspect what is to do, and say of each copy how it went; the records of inspected copies `later` are not printed yet."""
    began, total = time.monotonic(), len(ledger.todo)
    with terminal.bar("copies", "copies") as progress:
        for done, (job, result, seconds) in enumerate(results(ledger.todo, runner), 1):
            result = written(job, result)
            ledger.keep(job, result, seconds)
            progress(done, total)
            left = time_left(time.monotonic() - began, done, total)
            now = as_json and not (result.inspection and job.id in later)
            _tell(result, f"{done}/{total}", f"{seconds:.1f} s{left and f', {left}'}", now)


def held(groups: Sequence[Group], processes: int) -> Iterator[list[Ending]]:
    """What changes, title by title, when their copies are held against each other; what could not be is said."""
    if not groups:
        return
    runner = Runner(hold_one, min(processes, len(groups)))
    with terminal.bar("titles", "titles") as progress, _finishing_first(runner):
        for done, ended in enumerate(runner.run(groups), 1):
            progress(done, len(groups))
            changed, said = ended.result or ([], f"it {ended.lost}")
            if said:
                names = ", ".join(job.id for job in ended.job.jobs)
                exits.say(f"{names}: not all were held against each other: {said}.")
            by_id = {job.id: job for job in ended.job.jobs}
            yield [(by_id[result.row.copy], result, ended.seconds / len(by_id)) for result in changed]
    if runner.stopping:
        raise KeyboardInterrupt


def runner_of(
    work: Work[Job, Result], cluster: str | None, jobs: int | None, limit_min: float, memory_gb: float
) -> AnyRunner:
    """What inspects: processes that do `work`, or the workers of a cluster."""
    limits = min(STALL_S, limit_min * 60), limit_min * 60, round(memory_gb * 2**30)
    if cluster is None and memory_gb * 2**30 != MEMORY_BYTES and not can_limit_memory():
        raise MissingProgram("--memory-limit cannot be kept: this system knows no limit of memory. Leave it out.")
    if cluster is None:
        return Runner(work, jobs or cores(), *limits)
    return Cluster(inspect_elsewhere, cluster, outlook, differing, jobs, *limits)


def results(jobs: Iterable[Job | None], runner: AnyRunner) -> Iterator[Ending]:
    """Copies as they are inspected, with their results and the seconds that took."""
    with _finishing_first(runner):
        for ended in runner.run(jobs):
            lost = f"The inspection {ended.lost}. Look at its scans, then inspect it alone or raise the limit."
            result = ended.result or Result(not_inspected(ended.job.id, 70, lost))
            yield ended.job, result, ended.seconds


def written(job: Job, result: Result) -> Result:
    """The result of a copy after writing what files came with it."""
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
    console = terminal.results()
    wide = not console.is_terminal or console.width >= _WIDE
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("copy", "verdict", *(("refund", "margin") if wide else ()), "why"):
        table.add_column(name, justify="right" if name == "margin" else "left", no_wrap=name != "why")
    for row in rows:
        margin = "" if row.margin_mm is None else f"{row.margin_mm:+.2f} mm"
        more = (REFUND.get(row.refund, row.refund), margin) if wide else ()
        cells = row.copy, row.outcome or "not inspected", *more, one_line(row.message)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    say_beside(console, "Summary", str(out / "summary.csv"))
    say_beside(console, "Next", f"open {index}")
    for label, named in (
        ("Waits", [r.copy for r in rows if r.waits]),
        ("Rescan", [r.copy for r in rows if r.scan_again]),
    ):
        if named:
            whom = "a person" if label == "Waits" else "new scans"
            count = f"{len(named)} {'copy waits' if len(named) == 1 else 'copies wait'}"
            say_beside(console, label, f"{count} for {whom}: {', '.join(named)}")
    inspected = sum(bool(row.outcome) for row in rows)
    counts = ((sum(row.outcome == outcome for row in rows), word) for outcome, word in COUNTED)
    tally = ", ".join(f"{count} {word}" for count, word in counts if count)
    for line in wrapped(f"{inspected} of {total} copies inspected: {tally or 'none'}.", console):
        console.print(Text(line), soft_wrap=True)
