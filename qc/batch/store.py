"""Inspections, verdicts and persons' decisions in one SQLite file. Rows are only added, and only by one process."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from qc import __version__
from qc.batch.codec import decode, encode
from qc.batch.scan_hashes import hash_of
from qc.batch.sentences import Sentences
from qc.batch.standing import Standing, as_text, now
from qc.errors import UsageError
from qc.judge.policy import Policy, parse_policy
from qc.judge.ranking import margin_mm, shows
from qc.model import (
    BookCopy,
    Evidence,
    Finding,
    Inspection,
    NotSeen,
    Observation,
    PageRecord,
    PolicyId,
    Provenance,
    Reason,
    ReferenceId,
    Refund,
    Rescan,
    Verdict,
    VerdictOutcome,
    Where,
)
from qc.scan.paths import real

_ENTRY = "id, copy, key, status, exit, message, inspected, path, report, scans"
"""Columns of an entry: what was seen of a copy is a thousand times as long."""


@dataclass(frozen=True)
class Entry:
    """A copy's row: when it was inspected and how that ended; `exit` and `message` are those of a failed one.

    `key` is that of its scans and configuration, `scans` the hash of its scans, None where nobody knows it.
    """

    id: int
    copy: str
    key: str
    failed: bool
    exit: int
    message: str
    inspected: str
    path: str
    report: str | None
    scans: str | None


class Store(Standing, Sentences):
    """What inspections gave, in a database; opened and closed as `qc.batch.database.Database` says."""

    # --- writing ------------------------------------------------------------------------------------------------------

    def begin_run(self, command: str, arguments: Sequence[str] = ()) -> int:
        """Number of a new run, which rows that are added name; how it was called is kept."""
        started = now()
        call = as_text(shlex.join([command, *arguments]))
        with self._transaction():
            return self._insert("runs", name=f"{command} {started}", command=call, started=started, qc=__version__)

    def add(
        self, inspection: Inspection, policy: Policy, run: int, *, key: str = "", seconds: float = 0.0, report: str = ""
    ) -> int:
        """Add an inspected copy with its observations and verdict, all of it or nothing; its number is returned.

        Parameters
        ----------
        inspection : Inspection
        policy : Policy
            That it was judged by; its text is kept.
        key : str
            Of its scans and configuration, see `qc.batch.fingerprint`.
        seconds : float
            That it took.
        report : str
            Path of its report.
        """
        copy = inspection.copy
        parts = {
            "copy": copy,
            "reference": inspection.reference,
            "pages": inspection.pages,
            # Named as when all of it was asked for.
            "rescan": inspection.not_seen,
            "provenance": inspection.provenance,
        }
        with self._transaction():
            number = self._insert(
                "inspections",
                name=copy.id,
                copy=copy.id,
                run_id=run,
                key=key,
                status="done",
                exit=0,
                message="",
                inspected=inspection.provenance.started,
                seconds=seconds,
                isbn=copy.isbn,
                title=copy.title,
                reference=f"{inspection.reference.kind} {inspection.reference.id or ''}".strip(),
                path=as_text(real(copy.path)),
                report=as_text(report) or None,
                scans=hash_of(inspection.provenance.scans),
                facts=_json(parts),
            )
            for o in inspection.observations:
                self._insert("observations", inspection_id=number, **_observation_row(o))
            self._add_verdict(number, inspection, policy, run)
        return number

    def add_failure(
        self,
        copy: str,
        path: Path,
        run: int,
        *,
        key: str,
        exit_code: int,
        message: str,
        seconds: float,
        policy: Policy | None = None,
        scans: Mapping[str, str] | None = None,
    ) -> int:
        """Add a copy that could not be inspected, the policy that it would have been judged by, and the hashes of its scans."""
        with self._transaction():
            return self._insert(
                "inspections",
                name=copy,
                copy=copy,
                run_id=run,
                key=key,
                status="failed",
                exit=exit_code,
                message=as_text(message),
                inspected=now(),
                seconds=seconds,
                path=as_text(real(path)),
                scans=None if scans is None else hash_of(scans),
                policy_id=None if policy is None else self._policy_number(policy),
            )

    def add_verdict(self, number: int, inspection: Inspection, policy: Policy, run: int) -> None:
        """Put the verdict of `inspection`, which is number `number` judged again, in force; older ones stay beside it."""
        with self._transaction():
            self._add_verdict(number, inspection, policy, run)

    def keep_hashes(self, hashes: Iterable[tuple[str, int, int, str]]) -> None:
        """Keep path, size, mtime in ns and SHA-256 of files, so that they need not be read again."""
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO file_hashes VALUES (?, ?, ?, ?)", hashes)

    # --- reading ------------------------------------------------------------------------------------------------------

    def kept_hash(self, path: str, size: int, mtime_ns: int) -> str | None:
        """SHA-256 of a file that was read before and has the same size and time; None if it is not known."""
        row = self._one(
            "SELECT sha256 FROM file_hashes WHERE path = ? AND size = ? AND mtime_ns = ?", path, size, mtime_ns
        )
        return None if row is None else str(row["sha256"])

    def latest(self, copy: str) -> Entry | None:
        """The last time a copy was inspected."""
        row = self._one(f"SELECT {_ENTRY} FROM inspections WHERE copy = ? ORDER BY id DESC LIMIT 1", copy)
        return None if row is None else self._entry(row)

    def copies(self) -> list[Entry]:
        """The last time each copy was inspected, in the order of inspection."""
        rows = self._all(
            f"SELECT {_ENTRY} FROM inspections WHERE id IN (SELECT max(id) FROM inspections GROUP BY copy)"
        )
        return [self._entry(row) for row in rows]

    def _entry(self, row: Mapping[str, Any]) -> Entry:
        with self.sound(f"inspection {row['id']}"):
            return decode(Entry, {**row, "failed": row["status"] == "failed"})

    def inspection(self, number: int) -> Inspection | None:
        """Inspection `number` with the verdict in force, its own or that of the last saved judging; None if there is none.

        Thumbnails, page maps and the content of the scanner profile are not kept; all else is what it was.
        """
        row = self._one(
            "SELECT i.facts, v.*, p.name AS policy, p.version AS policy_version, p.sha256 FROM inspections i "
            "JOIN verdicts v ON v.inspection_id = i.id JOIN policies p ON p.id = v.policy_id "
            "WHERE v.id = (SELECT max(id) FROM verdicts WHERE inspection_id = ? AND in_force)",
            number,
        )
        if row is None:
            return None
        observed = self._all("SELECT * FROM observations WHERE inspection_id = ? ORDER BY id", number)
        with self.sound(f"inspection {number}"):
            return self._inspection(row, observed)

    def view(self, name: str) -> Iterator[dict[str, Any]]:
        """Rows of a table or view of the schema, column by column; verdicts with their sentences."""
        for row in super().view(name):
            if name == "verdicts":
                with self.sound(f"verdict {row['id']}"):
                    row |= {column: json.dumps(self._joined(row[column])) for column in ("reasons", "findings")}
            yield row

    def _inspection(self, row: Mapping[str, Any], observed: Iterable[Mapping[str, Any]]) -> Inspection:
        facts = json.loads(row["facts"])
        asked = json.loads(row["rescan"] or "[]")
        return Inspection(
            copy=decode(BookCopy, facts["copy"]),
            reference=decode(ReferenceId, facts["reference"]),
            policy=PolicyId(row["policy"], row["policy_version"], row["sha256"]),
            verdict=Verdict(
                VerdictOutcome(row["outcome"]),
                row["summary"],
                tuple(json.loads(row["not_checked"])),
                decode(tuple[Rescan, ...], asked),
            ),
            refund=Refund(row["refund"], row["route"], decode(tuple[Reason, ...], self._joined(row["reasons"]))),
            findings=decode(tuple[Finding, ...], self._joined(row["findings"])),
            observations=tuple(_observation(o) for o in observed),
            pages=decode(tuple[PageRecord, ...], facts["pages"]),
            provenance=decode(Provenance, facts["provenance"]),
            not_seen=decode(tuple[NotSeen, ...], facts["rescan"]),
        )

    def judged_since(self, number: int) -> dict[str, Any] | None:
        """Outcome, summary, policy, version and time of a saved judging; None where the inspection's own verdict is in force."""
        return self._one(
            "SELECT v.outcome, v.summary, v.made, p.name AS policy, p.version FROM inspections i "
            "JOIN verdicts v ON v.id = (SELECT max(id) FROM verdicts WHERE inspection_id = i.id AND in_force) "
            "JOIN policies p ON p.id = v.policy_id WHERE i.id = ? AND v.run_id != i.run_id",
            number,
        )

    def policy_in_force(self, number: int) -> Policy | None:
        """The policy that inspection `number` counts by; None of one that failed in a store from before it was kept."""
        row = self._one(
            "SELECT p.sha256 FROM inspections i LEFT JOIN verdicts v "
            "ON v.id = (SELECT max(id) FROM verdicts WHERE inspection_id = i.id AND in_force) "
            "JOIN policies p ON p.id = coalesce(v.policy_id, i.policy_id) WHERE i.id = ?",
            number,
        )
        return None if row is None else self.policy(row["sha256"])

    def readings(self, measure: str) -> dict[str, Any]:
        """What a reading (an imprint, a barcode) says in detail of each copy whose latest inspection has it, by id of the copy."""
        rows = self._all(
            "SELECT i.copy, o.detail FROM observations o JOIN inspections i ON i.id = o.inspection_id "
            "WHERE o.measure = ? AND o.value IS NOT NULL AND i.id IN (SELECT max(id) FROM inspections GROUP BY copy)",
            measure,
        )
        return {row["copy"]: json.loads(row["detail"]) for row in rows}

    def last_rows(self) -> str:
        """What tells whether an inspection, verdict or decision was added since."""
        rows = (self._one(f"SELECT max(id) AS id FROM {table}") for table in ("inspections", "verdicts", "decisions"))
        return ".".join(str(row["id"] or 0) for row in rows if row)

    def policy(self, sha256: str) -> Policy:
        """The policy of a stored verdict, from its text at that time."""
        row = self._one("SELECT name, toml FROM policies WHERE sha256 = ?", sha256)
        if row is None:
            raise UsageError(f"The store {self.path} holds no policy {sha256}. Judge it anew with `qc judge`.")
        with self.sound(f"the policy {row['name']}"):
            return _parsed(row["toml"], row["name"])

    def other_text(self, policy: Policy) -> str | None:
        """What to say where verdicts here were given by another text of the same id and version; None where there is none.

        Tickets, reports and exports cite a policy by id and version: these must name one text. Line ends do not count.
        """
        rows = self._all("SELECT toml FROM policies WHERE name = ? AND version = ?", policy.id, policy.version)
        texts = [row["toml"].splitlines() for row in rows]
        if not texts or policy.toml.splitlines() in texts:
            return None
        return (
            f"{policy.path} says it is {policy.id} {policy.version}, but the store {self.path} has verdicts by another text "
            "of that name. Give the changed file a version of its own."
        )

    def refuse_other_text(self, policy: Policy) -> None:
        """Raise a UsageError that says what `other_text` does."""
        if said := self.other_text(policy):
            raise UsageError(said)

    def _add_verdict(self, number: int, inspection: Inspection, policy: Policy, run: int) -> None:
        verdict, refund = inspection.verdict, inspection.refund
        self._insert(
            "verdicts",
            inspection_id=number,
            run_id=run,
            policy_id=self._policy_number(policy),
            made=now(),
            outcome=str(verdict.outcome),
            summary=as_text(verdict.summary),
            margin_mm=margin_mm(verdict.outcome, inspection.findings),
            refund=refund.outcome,
            route=refund.route,
            reasons=_json(self._parted(refund.reasons)),
            not_checked=_json(verdict.not_checked),
            rescan=_json(verdict.rescan),
            findings=_json(self._parted(inspection.findings)),
            shows=_json(shows(inspection.findings)),
        )

    def _policy_number(self, policy: Policy) -> int:
        row = self._one("SELECT id FROM policies WHERE sha256 = ?", policy.sha256)
        if row is not None:
            return int(row["id"])
        return self._insert("policies", name=policy.id, version=policy.version, sha256=policy.sha256, toml=policy.toml)


@lru_cache(maxsize=16)
def _parsed(toml: str, name: str) -> Policy:
    """A policy from its text; it takes as long to read as an inspection."""
    return parse_policy(toml.encode(), Path(f"{name}.toml"))


def _observation_row(o: Observation) -> dict[str, Any]:
    return {
        "measure": o.measure,
        "version": o.version,
        "page": o.where.page,
        "edge": o.where.edge and str(o.where.edge),
        "axis": o.where.axis,
        "copy": o.where.copy,
        "copies": None if o.where.copies is None else _json(o.where.copies),
        "side": o.where.side,
        "value": encode(None if o.value is None else float(o.value)),
        "unit": o.unit,
        "u": encode(None if o.u is None else float(o.u)),
        "flags": _json(o.flags),
        "detail": _json(o.detail),
        "evidence": _json(o.evidence),
    }


def _observation(row: Mapping[str, Any]) -> Observation:
    where = {name: row[name] for name in ("page", "edge", "axis", "copy", "side")}
    where["copies"] = row["copies"] and json.loads(row["copies"])
    return Observation(
        measure=row["measure"],
        version=row["version"],
        where=decode(Where, where),
        value=row["value"],
        unit=row["unit"],
        u=row["u"],
        flags=tuple(json.loads(row["flags"])),
        detail=json.loads(row["detail"]),
        evidence=decode(tuple[Evidence, ...], json.loads(row["evidence"])),
    )


def _json(value: Any) -> str:
    return json.dumps(encode(value), allow_nan=False)
