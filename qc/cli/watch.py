"""`qc watch`: a batch whose copies come while it runs."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from qc.batch.cores import cores
from qc.batch.hot_folder import PATIENCE, QUIET_S, HotFolder
from qc.batch.intake import Looked, look_in_all
from qc.batch.job import Job, jobs_for, refuse_scan_folders, refuse_store_in_scans
from qc.batch.ledger import Ledger
from qc.batch.overview import publish
from qc.batch.store import Store
from qc.batch.together import groups_of
from qc.batch.work import Result, inspect_elsewhere
from qc.cli import exits, options
from qc.cli.batch import held, of_many, results, runner_of, written
from qc.errors import UsageError, one_line
from qc.judge.policy import load_policy
from qc.scan.copy_folder import copies_passed_over, find_copies
from qc.scan.paths import real
from qc.scan.statements import copy_id

POLL_S = 2.0
"""From one look at the folder to the next, at least; one that takes longer than a tenth of it is repeated less often."""
LISTS_S = 5.0
"""From one summary and index to the next, at least; those that take longer than a twentieth of it are written less often."""


@click.command()
@of_many
@options.store_to_write
@click.option(
    "--quiet",
    "quiet_s",
    type=click.FloatRange(min=0, min_open=True),
    default=QUIET_S,
    show_default=True,
    metavar="SECONDS",
    help="A copy is complete when nothing of it has changed for so long.",
)
@click.option(
    "--marker", metavar="NAME", help="A copy is complete, too, when a file of this name stands in its folder."
)
def watch(
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
    quiet_s: float,
    marker: str | None,
    as_json: bool,
) -> int:
    """Inspect each copy that comes into FOLDER, as `qc batch` does, when it is complete.

    A copy is a folder of scans, a multipage TIFF or a PDF. It is taken when nothing of it, of its reference and of returns.csv
    has changed for --quiet seconds and each scan is there to its end, or when the file --marker stands in its folder. One with a
    scan that ends early waits ten times longer. What changed while it was inspected is not kept. A copy that changes later is
    inspected again, one that could not be inspected only then.

    Whatever ends it, the same command goes on: all that it knows is in --store. Where nothing changes for --quiet seconds,
    copies of one title are held against each other.

    \b
    Example:
      qc watch inbox --titles titles --store qc.db --out night

    Ctrl-C ends it, after the copies under way, in 0.
    """
    if store_path is None:
        raise UsageError("qc watch needs --store FILE, where it keeps what it has done.")
    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder. Name the folder that copies come into.")
    loaded = load_policy(policy)
    stated = options.scanner_as_stated(scanner)
    pattern = Job(folder, "", out, loaded, titles=titles, dpi=dpi, listed=True, **stated)
    _refuse_in_scans(store_path, _jobs_at_first(pattern))
    jobs_for([], out, loaded, titles=titles, **stated)
    runner = runner_of(inspect_elsewhere, cluster, jobs, time_limit, memory_limit)
    with Store(store_path, create=True) as store:
        store.refuse_other_text(loaded)
        store.keep_others_out()
        ledger = Ledger([], store, redo, lambda done, total: None, called=("watch", *sys.argv[2:]))
        watched = _Watched(pattern, store, ledger, HotFolder(quiet_s, marker, _say), as_json)
        _say(_settings(pattern, store_path, quiet_s, marker, cluster or f"{jobs or cores()} processes"))
        try:
            while not runner.stopping:
                for ended in results(watched.arriving(), runner):
                    watched.keep(*ended)
                if not runner.stopping:
                    watched.say_passed_over()
                    watched.hold(jobs or cores())
        except KeyboardInterrupt:
            pass
        finally:
            watched.write_lists(at_once=True)
    _say("Ended. The same command goes on.")
    return 0


class _Watched:
    """The folder, what is known of its copies, and what is done when they come."""

    def __init__(self, pattern: Job, store: Store, ledger: Ledger, hot: HotFolder, as_json: bool) -> None:
        self._pattern, self._store, self._ledger, self._hot, self._as_json = pattern, store, ledger, hot, as_json
        self._found: list[Job] = []
        self._copies: dict[Path, Sequence[Job]] = {}
        self._open = Counter[Path]()
        self._fresh: set[str] = set()
        self._listed: set[str] = set()
        self._passed_over: set[str] = set()
        self._trouble = ""
        self._rested = float("-inf")
        self._next_look = self._next_lists = float("-inf")
        self._unlisted = True

    def arriving(self) -> Iterator[Job | None]:
        """Copies that are complete and to be inspected, None while no other is; it ends when the folder is at rest."""
        while True:
            if time.monotonic() >= self._next_look:
                began = time.monotonic()
                self._look()
                took_s = time.monotonic() - began
                for found in self._hot.complete([] if self._trouble else self._found):
                    _refuse_in_scans(self._store.path, [found])
                    jobs = self._copies[found.path] = _looked_in(found)
                    self._open[found.path] = len(jobs)
                    for job in jobs:
                        if self._ledger.is_due(job):
                            yield job
                        elif self._stays(job):
                            self._changed(job)
                for _ in self._ledger.done():
                    pass
                self._next_look = time.monotonic() + max(POLL_S, 10 * took_s)
            self.write_lists()
            if not self._trouble and self._hot.at_rest and (self._fresh or self._hot.changed > self._rested):
                self._rested = self._hot.changed
                return
            yield None

    def keep(self, job: Job, result: Result, seconds: float) -> None:
        """Keep a result, if what was inspected still is what lies there."""
        if not self._stays(job):
            _say(f"{job.id} changed while it was inspected; it is inspected again when it is complete.")
            return
        result = written(job, result)
        self._ledger.keep(job, result, seconds)
        self._fresh.add(job.id)
        self._changed(job)
        if not result.row.outcome:
            message = result.row.message
            exits.say(message if job.id in message else f"{job.id}: {message}")
        self._tell(result, f"{seconds:.1f} s")
        self.write_lists()

    def hold(self, processes: int) -> None:
        """Hold copies of one title against each other where one is new.

        All of them anew: so it is the same in whatever order they came. The new ones are kept last, so that one that is killed
        goes on.
        """
        groups = groups_of(self._inspected())
        due = self._ledger.due([g for g in groups if self._listed & {job.id for job in g}], self._fresh)
        new = {name for group in due for name in group.due}
        all_of = [replace(group, due=frozenset(job.id for job in group.jobs)) for group in due]
        for changed in held(all_of, processes):
            for job, result, seconds in sorted(changed, key=lambda ended: ended[0].id in new):
                if self._ledger.json(job) != result.json:
                    self._ledger.keep(job, result, seconds)
                    self._tell(result, "beside other copies of its title")
                    self._unlisted = True
        self._fresh.clear()
        self._listed.clear()

    def say_passed_over(self) -> None:
        """Name what looks like a copy and is none, once."""
        folder, out = self._pattern.path, self._pattern.out
        with suppress(UsageError, OSError):  # it may be gone again
            over = copies_passed_over(folder, skip=out)
            if folder in find_copies(folder, skip=out):
                over[folder.name] = "single images in it are no copy; give those of a copy a folder of their own"
            exits.say_passed_over({name: why for name, why in over.items() if name not in self._passed_over})
            self._passed_over = set(over)

    def _tell(self, result: Result, how: str) -> None:
        if self._as_json:
            click.echo(result.json)
        line = f"{datetime.now():%H:%M:%S} {result.row.copy} {result.row.outcome or 'not inspected'} {how}"
        click.echo(line, err=self._as_json)

    def write_lists(self, *, at_once: bool = False) -> None:
        """Write summary and index, where they are not up to date and the last ones are not too young."""
        began = time.monotonic()
        if not self._unlisted or (began < self._next_lists and not at_once):
            return
        rows = [self._ledger.rows[job.id] for job in self._inspected()]
        publish(self._store, rows, self._pattern.out, f"Returns in {real(self._pattern.path).name}")
        self._unlisted = False
        self._next_lists = time.monotonic() + max(LISTS_S, 20 * (time.monotonic() - began))

    def _inspected(self) -> list[Job]:
        """Copies that are there and have a result, in the order of their folders."""
        there = (job for found in self._found for job in self._copies.get(found.path, ()))
        return [job for job in there if job.id in self._ledger.rows]

    def _stays(self, job: Job) -> bool:
        """Whether the scans of a copy that is dealt with are still as they were when it was taken."""
        stays = self._hot.stays(job)
        self._open[job.path] -= 1
        if not self._open[job.path]:
            self._hot.leave(job)
        if not stays:
            self._ledger.forget(job)
            self._unlisted = True
        return stays

    def _changed(self, job: Job) -> None:
        self._listed.add(job.id)
        self._unlisted = True

    def _look(self) -> None:
        """See what copies there are; a folder that is gone, as a network drive may be for a while, is told of once."""
        before = self._trouble
        gone = next((f for f in (self._pattern.path, self._pattern.titles) if f and not f.is_dir()), None)
        try:
            self._trouble = f"{gone} is gone; waiting until it is there again." if gone else ""
            if not gone:
                self._found = _jobs_in(self._pattern)
        except (UsageError, OSError) as fault:
            self._trouble = f"{fault} Waiting until that is settled."
        if self._trouble != before:
            _say(self._trouble or "It is there again.")


def _jobs_in(pattern: Job) -> list[Job]:
    """What there is now; the folder itself is never a copy, whatever single images lie in it."""
    paths = [path for path in find_copies(pattern.path, skip=pattern.out) if path != pattern.path]
    return [replace(pattern, path=path, id=copy_id(path)) for path in paths]


def _jobs_at_first(pattern: Job) -> list[Job]:
    try:
        return _jobs_in(pattern)
    except UsageError:  # what is wrong in there may be set right while it is watched
        return []


def _refuse_in_scans(store: Path, jobs: Sequence[Job]) -> None:
    refuse_store_in_scans(store, jobs)
    refuse_scan_folders(jobs)


def _looked_in(found: Job) -> Sequence[Job]:
    """The copies in one place, after a look at its scans; what is passed over is said."""
    try:
        looked = look_in_all([found], 1, lambda done, total: None)
    except UsageError as fault:
        _say(str(fault))
        looked = Looked((found,))
    exits.say_passed_over(looked.passed_over)
    exits.say_isbns(looked.isbns)
    return looked.jobs


def _settings(pattern: Job, store: Path, quiet_s: float, marker: str | None, workers: str) -> str:
    complete = f"quiet for {quiet_s:g} s{f', or when {marker} stands in it' if marker else ''}"
    return (
        f"Watching {pattern.path} about every {POLL_S:g} s; a copy is taken when it is {complete}; one with a scan that ends early "
        f"after {PATIENCE * quiet_s:g} s. Titles {pattern.titles or 'none'}, policy {pattern.policy.id} {pattern.policy.version}, "
        f"scanner {pattern.scanner or pattern.usual_scanner or 'as stated'}, "
        f"dpi {pattern.dpi or 'as stated'}, results in {pattern.out}, store {store}, {workers}. Ctrl-C ends it."
    )


def _say(text: str) -> None:
    click.echo(f"{datetime.now():%H:%M:%S} {one_line(text)}", err=True)
