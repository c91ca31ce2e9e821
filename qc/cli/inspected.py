"""The work of `qc inspect`: copy after copy inspected, printed and kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

import click

from qc.batch.cores import cores
from qc.batch.fingerprint import fingerprint
from qc.batch.job import Job, refuse_store_in_scans, run_job
from qc.batch.overview import renew
from qc.batch.scan_hashes import scans_at
from qc.batch.store import Store
from qc.batch.together import hold_together, of_one_title
from qc.cli import exits, terminal
from qc.errors import OF_VERDICT, failure, one_line
from qc.measure.context.copies_context import MIN_COPIES
from qc.model import Inspection
from qc.report.record import error_record, record, to_json
from qc.report.text import summary
from qc.scan.paths import real


def inspect_each(jobs: Sequence[Job], store_path: Path | None, *, as_json: bool, verbose: bool) -> int:
    """Inspect each copy, print its result and keep it in the store, if there is one; the exit code of all."""
    if store_path is None:
        return _inspect_each(jobs, None, as_json=as_json, verbose=verbose)
    refuse_store_in_scans(store_path, jobs)
    with Store(store_path, create=True) as store:
        store.refuse_other_text(jobs[0].policy)
        return _inspect_each(jobs, _Kept(jobs, store), as_json=as_json, verbose=verbose)


def _inspect_each(jobs: Sequence[Job], kept: _Kept | None, *, as_json: bool, verbose: bool) -> int:
    codes: list[int] = []
    shown = _Shown(as_json, verbose)
    together = of_one_title(jobs)
    held: list[tuple[Job, Inspection]] = []
    for job in jobs:
        inspection, code, message = _inspect_one(job, as_json)
        if kept is not None:
            kept.keep(job, inspection, code, message)
        if inspection is None:
            codes.append(code)
        elif held or job.id in together or (inspection.reference.kind == "none" and len(jobs) >= MIN_COPIES):
            # Copies of one title say something of each other: from the first on, results wait for the last.
            held.append((job, inspection))
        else:
            codes.append(shown.show(job, inspection))
    changed, _ = hold_together([job for job, _ in held])
    for job, inspection in held:
        if kept is not None and job.id in changed:
            kept.keep(job, changed[job.id])
        codes.append(shown.show(job, changed.get(job.id, inspection)))
    return exits.gravest(codes)


class _Kept:
    """Keeps results in a store as a batch does, by the same keys, so that a later one passes over these copies."""

    def __init__(self, jobs: Sequence[Job], store: Store) -> None:
        self._store, self._run = store, 0
        self._keys = {job.id: fingerprint(job, store) for job in jobs}
        self._began = time.monotonic()

    def keep(self, job: Job, inspection: Inspection | None, code: int = 0, message: str = "") -> None:
        self._run = self._run or self._store.begin_run("inspect", sys.argv[2:])
        key, seconds = self._keys[job.id], time.monotonic() - self._began
        self._began = time.monotonic()
        if inspection is None:
            self._store.add_failure(
                job.id,
                job.path,
                self._run,
                key=key,
                exit_code=code,
                message=message,
                seconds=seconds,
                policy=job.policy,
                scans=scans_at(job.path),
            )
        else:
            report = str(real(job.report))
            self._store.add(inspection, job.policy, self._run, key=key, seconds=seconds, report=report)
        for fault in renew(self._store, [job.id]):
            exits.say(fault)


def _inspect_one(job: Job, as_json: bool) -> tuple[Inspection | None, int, str]:
    try:
        with terminal.bar(job.id, "pages") as progress:
            return run_job(job, threads=cores(), progress=progress), 0, ""
    except Exception as error:
        code, message = failure(error)
        exits.say(message)
        if as_json:
            click.echo(to_json(error_record(job.id, code, message)))
        return None, code, message


class _Shown:
    """Prints results one below the other."""

    def __init__(self, as_json: bool, verbose: bool) -> None:
        self._as_json, self._verbose, self._any = as_json, verbose, False

    def show(self, job: Job, inspection: Inspection) -> int:
        """Print a result and return the exit code of its verdict."""
        if self._any and not self._as_json:
            click.echo()
        self._any = True
        _print(inspection, job, self._as_json, self._verbose)
        return OF_VERDICT[inspection.verdict.outcome]


def _print(inspection: Inspection, job: Job, as_json: bool, verbose: bool) -> None:
    if job.scanner or inspection.copy.scan.scanner:
        click.echo(one_line(f"{job.id}: {inspection.provenance.scanner['note']}."), err=True)
    if as_json:
        click.echo(to_json(record(inspection)))
        return
    summary(inspection, k=job.policy.k, verbose=verbose, report_path=str(job.report), console=terminal.results())
