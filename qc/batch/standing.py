"""What persons decided of the copies in a store, and which summaries and indexes list them."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from qc.batch.codec import decode
from qc.batch.database import Database
from qc.errors import UsageError
from qc.model import Refund, VerdictOutcome
from qc.report.shapes import Decision as DecisionRecord
from qc.report.words import VERDICT

WITHDRAWN = "withdrawn"


class Overtaken(UsageError):
    """What stands on a copy is not what a person saw who wants to change it."""


@dataclass(frozen=True)
class Decision:
    """What a person decided of a copy; `stale` says that its latest inspection was of other scans."""

    id: int
    outcome: VerdictOutcome
    person: str
    reason: str
    code: str | None
    made: str
    refund: str | None
    route: str | None
    stale: bool

    @property
    def record(self) -> DecisionRecord:
        """As `qc export` and `qc judge` print it."""
        return {
            "outcome": str(self.outcome),
            "by": self.person,
            "reason": self.reason or None,
            "code": self.code,
            "made": self.made,
            "stale": self.stale,
        }


@dataclass(frozen=True)
class Listing:
    """A folder with a summary.csv and an index.html, the head of the index, and the copies that both list, in their order."""

    folder: Path
    title: str
    copies: tuple[str, ...]


class Standing(Database):
    """Decisions and listings of a store.

    A decision is on a copy, whichever of its inspections it was made beside: it holds until it is withdrawn or another is made.
    To withdraw takes back the last one that stands, and the one before, if there is any, holds again.
    """

    def decision(self, copy: str) -> Decision | None:
        """The decision that stands, stale or not."""
        row = self._one(
            "SELECT d.*, d.scans IS NOT (SELECT scans FROM inspections WHERE copy = :copy ORDER BY id DESC LIMIT 1) AS stale "
            "FROM inspections i JOIN decisions d ON d.inspection_id = i.id "
            "WHERE i.copy = :copy AND d.withdraws IS NULL "
            "AND NOT EXISTS (SELECT 1 FROM decisions w WHERE w.withdraws = d.id) ORDER BY d.id DESC LIMIT 1",
            {"copy": copy},
        )
        if row is None:
            return None
        with self.sound(f"decision {row['id']}"):
            return decode(Decision, {**row, "stale": bool(row["stale"])})

    def add_decision(
        self,
        number: int,
        outcome: VerdictOutcome,
        refund: Refund | None,
        person: str,
        reason: str,
        code: str | None = None,
        *,
        seen: int | None = None,
    ) -> int:
        """Add what a person decided of inspection `number`, and the refund that follows, beside the verdict there is.

        Where `seen` is given, the decision of that number (0: none) must still stand and the inspection be the latest of its copy:
        else another person was quicker, and `Overtaken` is raised. The number of the decision is returned.
        """
        with self._transaction():
            if seen is not None:
                self._refuse_if_overtaken(number, seen)
            verdict = self._one("SELECT max(id) AS id FROM verdicts WHERE inspection_id = ? AND in_force", number)
            return self._decide(
                number,
                verdict_id=verdict and verdict["id"],
                outcome=str(outcome),
                refund=refund and refund.outcome,
                route=refund and refund.route,
                person=as_text(person),
                reason=as_text(reason),
                code=code,
            )

    def withdraw(self, copy: str, person: str, reason: str, *, seen: int | None = None) -> Decision | None:
        """Take back the decision that stands, which is returned; None if there is none. `seen` as of `add_decision`."""
        with self._transaction():
            last = self.decision(copy)
            if seen is not None and seen != (last.id if last else 0):
                raise _overtaken(copy, last)
            if last is not None:
                row = self._one("SELECT inspection_id FROM decisions WHERE id = ?", last.id)
                assert row is not None
                self._decide(
                    row["inspection_id"],
                    outcome=WITHDRAWN,
                    person=as_text(person),
                    reason=as_text(reason),
                    withdraws=last.id,
                )
        return last

    def _refuse_if_overtaken(self, number: int, seen: int) -> None:
        row = self._one(
            "SELECT copy, max(id) AS latest FROM inspections WHERE copy = (SELECT copy FROM inspections WHERE id = ?)",
            number,
        )
        assert row is not None
        if row["latest"] != number:
            raise Overtaken(f"{row['copy']} was inspected again meanwhile. Look at it again: nothing was decided.")
        last = self.decision(row["copy"])
        if seen != (last.id if last else 0):
            raise _overtaken(row["copy"], last)

    def _decide(self, number: int, **values: object) -> int:
        inspected = self._one("SELECT scans FROM inspections WHERE id = ?", number)
        scans = inspected and inspected["scans"]
        return self._insert("decisions", inspection_id=number, made=now(), scans=scans, **values)

    def list_copies(self, folder: Path, title: str, copies: Sequence[str]) -> None:
        """Remember that summary and index in `folder` list `copies`, so that they can be written anew after a decision."""
        name = as_text(folder)
        with self._transaction():
            before = self._listing("folder = ?", name)
            told: Collection[str] = ()
            if (
                before is not None
                and before[1].title == title
                and tuple(copies[: len(before[1].copies)]) == before[1].copies
            ):
                number, told = before[0], before[1].copies
            else:
                number = self._insert("listings", name=f"{title} in {name}", folder=name, title=title, made=now())
            for copy in copies[len(told) :]:
                self._insert("listed", listing_id=number, copy=copy)

    def listings_of(self, copies: Collection[str]) -> list[Listing]:
        """Of each folder its listing of today, where it has one of `copies`."""
        rows = self._all(
            "SELECT id FROM listings WHERE id IN (SELECT max(id) FROM listings GROUP BY folder) AND id IN "
            "(SELECT listing_id FROM listed WHERE copy IN (SELECT value FROM json_each(?)))",
            json.dumps(list(copies)),
        )
        return [listing for row in rows for _, listing in filter(None, [self._listing("id = ?", row["id"])])]

    def _listing(self, where: str, value: object) -> tuple[int, Listing] | None:
        row = self._one(f"SELECT * FROM listings WHERE {where} ORDER BY id DESC LIMIT 1", value)
        if row is None:
            return None
        copies = self._all("SELECT copy FROM listed WHERE listing_id = ? ORDER BY id", row["id"])
        return row["id"], Listing(Path(row["folder"]), row["title"], tuple(c["copy"] for c in copies))


def _overtaken(copy: str, last: Decision | None) -> Overtaken:
    if last is None:
        return Overtaken(f"The decision on {copy} was taken back meanwhile. Look at it again: nothing was decided.")
    return Overtaken(f"{last.person} decided {VERDICT[last.outcome]} of {copy} meanwhile. Nothing was overwritten.")


def as_text(value: object) -> str:
    """`value` as text that SQLite takes, whatever bytes a file name holds."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")


def now() -> str:
    """The time, ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="seconds")
