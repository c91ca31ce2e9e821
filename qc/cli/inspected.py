"""The work of `qc inspect`: copy after copy inspected and printed."""

from __future__ import annotations

from collections.abc import Sequence

import click

from qc.batch.cores import cores
from qc.batch.job import Job, run_job
from qc.batch.together import hold_together, of_one_title
from qc.cli import exits, terminal
from qc.errors import OF_VERDICT, failure, one_line
from qc.measure.context.copies_context import MIN_COPIES
from qc.model import Inspection
from qc.report.record import error_record, record, to_json
from qc.report.text import summary


def show_each(jobs: Sequence[Job], *, as_json: bool, verbose: bool) -> int:
    """Inspect each copy and print its result; the exit code of all."""
    codes: list[int] = []
    shown = _Shown(as_json, verbose)
    together = of_one_title(jobs)
    held: list[tuple[Job, Inspection]] = []
    for job in jobs:
        inspection, code = _inspect_one(job, as_json)
        if inspection is None:
            codes.append(code)
        elif held or job.id in together or (inspection.reference.kind == "none" and len(jobs) >= MIN_COPIES):
            # Copies of one title say something of each other: from the first on, results wait for the last.
            held.append((job, inspection))
        else:
            codes.append(shown.show(job, inspection))
    changed, _ = hold_together([job for job, _ in held])
    for job, inspection in held:
        codes.append(shown.show(job, changed.get(job.id, inspection)))
    return exits.gravest(codes)


def _inspect_one(job: Job, as_json: bool) -> tuple[Inspection | None, int]:
    try:
        with terminal.bar(job.id, "pages") as progress:
            return run_job(job, threads=cores(), progress=progress), 0
    except Exception as error:
        code, message = failure(error)
        exits.say(message)
        if as_json:
            click.echo(to_json(error_record(job.id, code, message)))
        return None, code


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
