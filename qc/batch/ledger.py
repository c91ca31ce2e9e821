"""The results of a batch, copy by copy: what earlier calls left in a store, and what this one adds."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from qc.batch.fingerprint import fingerprint
from qc.batch.job import Job
from qc.batch.overview import renew_report
from qc.batch.scan_hashes import scans_at
from qc.batch.store import Entry, Store
from qc.batch.together import was_held
from qc.batch.work import Group, Result, result_of
from qc.errors import UsageError
from qc.model import Inspection
from qc.pipeline import Progress
from qc.report.record import record, to_json
from qc.report.summary_row import Row, not_inspected


class Ledger:
    """The results of a batch or watch: what earlier calls left in the store, if there is one, and where new results go.

    `rows` has those so far by id of the copy; `todo` are the jobs that no earlier call did. The store remembers how this call was
    `called`, a command and its arguments.
    """

    def __init__(
        self, jobs: Sequence[Job], store: Store | None, redo: Sequence[str], progress: Progress, called: Sequence[str]
    ) -> None:
        self._jobs: dict[str, Job] = {job.id: job for job in jobs}
        self._store, self._run, self._called, self._redo = store, 0, called, redo
        self._keys: dict[str, str] = {}
        self._done: dict[str, Entry] = {}
        self.rows: dict[str, Row] = {}
        self.todo = []
        for done, job in enumerate(jobs, 1):
            if self.is_due(job):
                self.todo.append(job)
            progress(done, len(jobs))

    def is_due(self, job: Job) -> bool:
        """Whether a copy, as it is now, is to be inspected; a result that the store has of it so is looked up."""
        self._jobs[job.id] = job
        if self._store is None:
            return True
        key = self._keys[job.id] = fingerprint(job, self._store)
        # An older inspection of the same key does not count: what the store says of a copy is its last.
        entry = self._store.latest(job.id)
        if entry is None or entry.key != key or _again(entry, self._redo):
            self._done.pop(job.id, None)
            return True
        self._done[job.id] = entry
        self.rows.pop(job.id, None)
        return False

    def forget(self, job: Job) -> None:
        """Drop what is known of a copy that has changed since it was looked up."""
        self._done.pop(job.id, None)
        self.rows.pop(job.id, None)

    @property
    def said(self) -> str:
        failed = sum(entry.failed for entry in self._done.values())
        gone = sum(not (e.failed or (e.report and Path(e.report).is_file())) for e in self._done.values())
        words = f"{len(self._done)} done before with these scans and this configuration, {len(self.todo)} to do."
        words += f" {failed} of those done could not be inspected; --redo failed tries again." if failed else ""
        return words + (f" Reports of {gone} of those done are gone; --redo makes them anew." if gone else "")

    @property
    def left(self) -> int:
        """Copies that have no result yet."""
        return len(self._jobs) - len(self.rows)

    def done(self) -> Iterator[Result]:
        """Results of the copies that are passed over, which go into `rows`."""
        for name, entry in self._done.items():
            if name in self.rows:
                continue
            if entry.failed:
                result = Result(not_inspected(name, entry.exit, entry.message))
            else:
                inspection = self._inspection(self._jobs[name])
                assert inspection is not None
                result = result_of(inspection, entry.report or "")
            self.rows[name] = result.row
            yield result

    def keep(self, job: Job, result: Result, seconds: float) -> None:
        row = self.rows[job.id] = result.row
        if self._store is None:
            return
        self._run = self._run or self._store.begin_run(self._called[0], self._called[1:])
        key = self._keys[job.id]
        if result.inspection is not None:
            self._store.add(result.inspection, job.policy, self._run, key=key, seconds=seconds, report=row.report)
            # A decision follows its copy into the new report.
            renew_report(self._store, job.id)
        else:
            self._store.add_failure(
                job.id,
                job.path,
                self._run,
                key=key,
                exit_code=row.exit,
                message=row.message,
                seconds=seconds,
                policy=job.policy,
                scans=scans_at(job.path),
            )

    def due(self, groups: Sequence[Sequence[Job]], new: Collection[str]) -> list[Group]:
        """Inspected copies of one title of which some are `new`, or an earlier call did not come to: what was finished stays."""
        found = []
        for group in groups:
            seen = tuple(job for job in group if job.id in self.rows and self.rows[job.id].outcome)
            due = frozenset(job.id for job in seen if job.id in new or not self._was_held(job))
            if len(seen) > 1 and due:
                found.append(Group(seen, due))
        return found

    def _was_held(self, job: Job) -> bool:
        inspection = self._inspection(job)
        return inspection is not None and was_held(inspection)

    def json(self, job: Job) -> str:
        """The record of an inspected copy as it stands now."""
        inspection = self._inspection(job)
        if inspection is None:
            return to_json(json.loads((job.folder / "inspection.json").read_text("utf-8")))
        return to_json(record(inspection))

    def _inspection(self, job: Job) -> Inspection | None:
        """The latest in the store."""
        entry = self._store and self._store.latest(job.id)
        return self._store.inspection(entry.id) if self._store and entry else None


def refuse_unknown(redo: Sequence[str], jobs: Sequence[Job]) -> None:
    """Raise a UsageError where `redo` names a copy that there is none of."""
    names = [job.id for job in jobs]
    for name in redo:
        if name not in ("failed", "all", *names):
            near = get_close_matches(name, names, 1)
            raise UsageError(
                f"--redo {name}: there is no copy of this id in the folder."
                f"{f' Did you mean {near[0]}?' if near else ' Give an id, failed or all.'}"
            )


def _again(entry: Entry, redo: Sequence[str]) -> bool:
    return "all" in redo or entry.copy in redo or (entry.failed and "failed" in redo)
