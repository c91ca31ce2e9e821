"""What a folder of results says of its copies, from the store: summary.csv, index.html, and the head of each report."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from qc.batch.deciding import standing_ticket
from qc.batch.standing import Decision
from qc.batch.store import Store
from qc.errors import OutputError
from qc.judge.next_step import next_step
from qc.report import batch_index
from qc.report.files import write_text
from qc.report.since import write_since
from qc.report.summary_row import Row, summary_csv
from qc.report.words import VERDICT
from qc.scan.paths import real


def publish(store: Store | None, rows: Sequence[Row], folder: Path, title: str) -> tuple[list[Row], Path]:
    """Write summary.csv and index.html of the copies of `rows` into `folder`; the rows as they stand there, and the index.

    With a store, rows are what it says, with what persons decided, and it remembers who is listed. Without one, or where it
    cannot be used, they are those given.
    """
    found = list(rows)
    try:
        if store is not None:
            store.list_copies(real(folder), title, [row.copy for row in rows])
            stored = stored_rows(store)
            found = [stored.get(row.copy, row) for row in rows]
    finally:
        index = _write(found, folder, title)
    return found, index


def renew(store: Store, copies: Collection[str]) -> list[str]:
    """Bring what was written of some copies up to what the store says now; what could not be written, in sentences.

    These are the heads of their reports, and each summary.csv and index.html that lists one of them. A folder that is gone is
    passed over.
    """
    faults = []
    for copy in copies:
        try:
            renew_report(store, copy)
        except OutputError as fault:
            faults.append(str(fault))
    listings = [listing for listing in store.listings_of(copies) if listing.folder.is_dir()]
    stored = stored_rows(store) if listings else {}
    for listing in listings:
        try:
            _write([stored[copy] for copy in listing.copies if copy in stored], listing.folder, listing.title)
        except OutputError as fault:
            faults.append(str(fault))
    return faults


def renew_report(store: Store, copy: str) -> None:
    """Say at the head of the report of a copy what came after its inspection: a saved judging, a decision.

    Raises
    ------
    OutputError
        The report is there and cannot be written.
    """
    entry = store.latest(copy)
    if entry is None or entry.report is None:
        return
    decision = store.decision(copy)
    said = [*_judged_since(store, entry.id, decision), *decision_said(decision)]
    write_since(Path(entry.report), said, standing_ticket(store, entry))


def stored_rows(store: Store) -> dict[str, Row]:
    """The row of each copy in the store, by its id."""
    rows = {}
    for row in store.view("latest_verdicts"):
        with store.sound(f"the verdict of inspection {row['inspection_id']}"):
            rows[row["copy"]] = _row(row)
    return rows


def _row(row: Mapping[str, Any]) -> Row:
    return Row(
        copy=row["copy"],
        outcome=row["outcome"] or "",
        refund=row["refund"] or "",
        route=row["route"] or "",
        margin_mm=row["margin_mm"],
        exit=row["exit"],
        message=row["summary"],
        isbn=row["isbn"] or "",
        title=row["title"] or "",
        shows=tuple(json.loads(row["shows"] or "[]")),
        report=row["report"] or "",
        policy=f"{row['policy']} {row['policy_version']}" if row["policy"] else "",
        decided=row["decided"] or "",
        by=row["person"] or "",
        stale=None if row["stale"] is None else bool(row["stale"]),
        waits=bool(row["waits"]),
        scan_again=bool(row["scan_again"]),
        lost=bool(row["lost"]),
    )


def _write(rows: Sequence[Row], folder: Path, title: str) -> Path:
    write_text(summary_csv(rows), folder / "summary.csv")
    policies = ", ".join(sorted({row.policy for row in rows if row.policy}))
    return batch_index.write(rows, folder, title=title, policy=policies)


def _judged_since(store: Store, number: int, decision: Decision | None) -> Iterator[str]:
    judged = store.judged_since(number)
    if judged is None:
        return
    yield (
        f"Judged again on {judged['made'][:10]} by {judged['policy']} {judged['version']}: "
        f"{VERDICT[judged['outcome']]}. {judged['summary'].rstrip('.')}."
    )
    inspection = store.inspection(number)
    if inspection is not None and (decision is None or decision.stale):
        yield f"Next: {next_step(inspection)}"


def decision_said(decision: Decision | None) -> Iterator[str]:
    """What a person decided, in sentences; none where nobody did."""
    if decision is None:
        return
    code = f" ({decision.code})" if decision.code else ""
    yield f"{VERDICT[decision.outcome]}: decided by {decision.person} on {decision.made[:10]}{code}. {decision.reason}".rstrip()
    if decision.stale:
        yield "The scans changed since: this copy waits for a decision again."
