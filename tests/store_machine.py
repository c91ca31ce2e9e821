"""A store worked on in any order, held against a simple model of what must be shown; no pixels.

A scan is a file that says how far the fore-edge is cut off its line; to inspect it is to read that number.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from qc.batch import fingerprint
from qc.batch.job import Job
from qc.batch.ledger import Ledger
from qc.batch.overview import publish
from qc.batch.scan_hashes import scans_at
from qc.batch.store import Store
from qc.batch.work import Result, result_of
from qc.cli import exits, main
from qc.geometry import Edge
from qc.judge.policy import Policy, load_policy
from qc.judge.rejudge import under
from qc.model import (
    BookCopy,
    Inspection,
    Observation,
    Provenance,
    ReferenceId,
    Refund,
    Verdict,
    VerdictOutcome,
    Where,
)
from qc.report.since import BEGIN, END
from qc.report.summary_row import not_inspected

COPIES = ("RMA-1", "RMA-2")
CUTS = ("0.4", "2.5", "4.1")
"""In mm: within by both policies, outside by the strict one, outside by both."""
BROKEN = "broken"
LIMITS = {"house": 3.0, "strict": 1.0}
CODES = {"rescan": "needs-review", "handling": "no-defect"}
OUTCOMES = tuple(str(o) for o in VerdictOutcome)

_POLICY = """schema = 1
id = "{id}"
version = "2026.1"
k = 2
claim_days = 30

[[rule]]
id = "trim-offset-block"
measure = "trim-offset-block"
magnitude = true
within = "< {limit} mm"
severity = "defect"
required = true
source = "Rules of the {id}"
clause = "Less than {limit} mm is expected."

[[codes]]
code = "rescan"
text = "Scan again."
outcome = "needs-review"

[[codes]]
code = "handling"
text = "Worn, not misprinted."
outcome = "no-defect"
"""


@dataclass
class Decided:
    """A decision that was not withdrawn, and the scans it was made on."""

    outcome: str
    by: str
    reason: str | None
    code: str | None
    scans: str


@dataclass
class Shown:
    """What must be shown of a copy: its last inspection, the policy in force, and decisions, the last one first to hold."""

    scans: str | None = None
    key: tuple[object, ...] | None = None
    policy: str = ""
    judged_since: bool = False
    decisions: list[Decided] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        return self.scans == BROKEN

    @property
    def outcome(self) -> str:
        if self.failed:
            return ""
        return "defect" if float(self.scans or 0) > LIMITS[self.policy] else "no-defect"

    @property
    def decision(self) -> dict[str, Any] | None:
        if not self.decisions:
            return None
        last = self.decisions[-1]
        told = {"outcome": last.outcome, "by": last.by, "reason": last.reason, "code": last.code}
        return told | {"stale": last.scans != self.scans}

    @property
    def waits(self) -> bool:
        if not self.decision:
            return self.failed
        return self.decision["stale"] or (self.decision["outcome"] == "needs-review" and not self.scan_again)

    @property
    def scan_again(self) -> bool:
        asked = self.decision or {"stale": True}
        return not asked["stale"] and (asked["outcome"] == "insufficient-evidence" or asked["code"] == "rescan")


class StoreMachine(RuleBasedStateMachine):
    """`batch`, `judge`, `decide` and `withdraw` in any order, while scans and versions of measures change."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="qc-states-"))
        self.store, self.out = self.folder / "qc.db", self.folder / "out"
        self.policies = {name: self._policy(name) for name in LIMITS}
        self.version = 1
        self.shown: dict[str, Shown] = {}
        self.listed: list[str] = []
        self.now: dict[str, str | None] = dict.fromkeys(COPIES)

    def teardown(self) -> None:
        shutil.rmtree(self.folder)

    # --- what happens -------------------------------------------------------------------------------------------------

    @rule(copy=st.sampled_from(COPIES), cut=st.sampled_from((*CUTS, BROKEN)))
    def scans_change(self, copy: str, cut: str) -> None:
        self._scan(copy, cut)

    @rule(copy=st.sampled_from(COPIES))
    def scans_are_cleared_away(self, copy: str) -> None:
        shutil.rmtree(self.folder / copy, ignore_errors=True)
        self.now[copy] = None

    @rule()
    def a_measure_changes(self) -> None:
        self.version += 1

    @initialize(policy=st.sampled_from(list(LIMITS)), cuts=st.tuples(*[st.sampled_from((*CUTS, BROKEN))] * 2))
    def first_night(self, policy: str, cuts: tuple[str, ...]) -> None:
        for copy, cut in zip(COPIES, cuts, strict=True):
            self._scan(copy, cut)
        self.batch(policy, ())

    @rule(policy=st.sampled_from(list(LIMITS)), redo=st.sampled_from(((), ("all",), ("failed",))))
    def batch(self, policy: str, redo: tuple[str, ...]) -> None:
        there = [copy for copy in COPIES if self.now[copy] is not None]
        if not there:
            return
        for copy in there:
            shown = self.shown.setdefault(copy, Shown())
            key = (self.now[copy], policy, self.version)
            if shown.key != key or "all" in redo or (shown.failed and "failed" in redo):
                shown.scans, shown.key, shown.policy, shown.judged_since = self.now[copy], key, policy, False
        self.listed = there
        jobs = [Job(self.folder / copy, copy, self.out, self.policies[policy]) for copy in there]
        measures = {"cut": SimpleNamespace(id="cut", version=self.version)}
        with Store(self.store, create=True) as store, mock.patch.object(fingerprint, "MEASURES", measures):
            ledger = Ledger(jobs, store, redo, lambda *_: None, ["inbox"])
            list(ledger.done())
            for job in ledger.todo:
                ledger.keep(job, self._inspected(job), 0.1)
            publish(store, [ledger.rows[job.id] for job in jobs], self.out, "Returns in inbox")

    @rule(policy=st.sampled_from(list(LIMITS)), save=st.booleans())
    def judge(self, policy: str, save: bool) -> None:
        before = self.store.read_bytes()
        code, out = self._qc(
            "judge", "--policy", self.folder / f"{policy}.toml", "--json", *(["--save"] if save else [])
        )
        assert code == 0
        would = {line["copy"]: line for line in map(json.loads, out.splitlines())}
        good = {copy: shown for copy, shown in self.shown.items() if not shown.failed}
        assert would.keys() == good.keys()
        for copy, shown in good.items():
            assert (would[copy]["before"]["outcome"], would[copy]["before"]["policy"]["id"]) == (
                shown.outcome,
                shown.policy,
            )
            after = replace(shown, policy=policy)
            assert would[copy]["after"]["outcome"] == after.outcome
            assert would[copy]["changed"] == (shown.outcome != after.outcome)
            if save and shown.policy != policy:
                shown.policy, shown.judged_since = policy, True
        assert save or self.store.read_bytes() == before

    @rule(
        copy=st.sampled_from(COPIES),
        outcome=st.sampled_from(OUTCOMES),
        by=st.sampled_from(("A. Mueller", "B. Okafor")),
        how=st.sampled_from(("reason", "reason and code", "code", "agree", "bare", "any code")),
        code=st.sampled_from((*CODES, "unheard-of")),
    )
    def decide(self, copy: str, outcome: str, by: str, how: str, code: str) -> None:
        shown = self.shown.get(copy)
        if how in ("code", "reason and code"):
            outcome = CODES.get(code, outcome)
        elif how == "agree" and shown is not None and not shown.failed:
            outcome = shown.outcome
        reason = "Seen on the copy." if how in ("reason", "reason and code") else None
        chosen = code if "code" in how else None
        why = [*(["--reason", reason] if reason else []), *(["--code", chosen] if chosen else [])]
        ended, out = self._qc("decide", copy, outcome, "--by", by, *why)
        sound = shown is not None and self.now[copy] in (None, shown.scans)
        sound = sound and (chosen is None or CODES.get(chosen) == outcome)
        if not sound or shown is None or not (reason or chosen or shown.outcome == outcome):
            assert ended == 2
            return
        assert ended == 0
        if not shown.failed:
            assert f"policy {shown.policy} 2026.1" in out and by in out
        shown.decisions.append(Decided(outcome, by, reason, chosen, shown.scans or ""))

    @rule(copy=st.sampled_from(COPIES))
    def withdraw(self, copy: str) -> None:
        ended, _ = self._qc("decide", copy, "withdraw", "--by", "A. Mueller")
        shown = self.shown.get(copy)
        assert ended == (0 if shown and shown.decisions else 2)
        if shown and shown.decisions:
            shown.decisions.pop()

    # --- what must be shown -------------------------------------------------------------------------------------------

    @invariant()
    def everything_shows_what_holds(self) -> None:
        self._check_records()
        self._check_table()
        self._check_folder()

    def _check_records(self) -> None:
        code, out = self._qc("export", "--format", "jsonl")
        records = {r["copy"] if "exit" in r else r["copy"]["id"]: r for r in map(json.loads, out.splitlines())}
        assert code == 0 and records.keys() == self.shown.keys()
        for copy, shown in self.shown.items():
            record = records[copy]
            assert ("exit" in record) == shown.failed
            if not shown.failed:
                assert (record["verdict"]["outcome"], record["policy"]["id"]) == (shown.outcome, shown.policy)
                assert {f["source"] for f in record["findings"]} == {f"Rules of the {shown.policy}"}
            decision = record["decision"]
            assert (decision and {k: v for k, v in decision.items() if k != "made"}) == shown.decision

    def _check_table(self) -> None:
        code, out = self._qc("export", "--format", "csv")
        rows = {r["copy"]: r for r in csv.DictReader(io.StringIO(out))}
        assert code == 0 and rows.keys() == self.shown.keys()
        for copy, shown in self.shown.items():
            row, decision = rows[copy], shown.decision or {}
            assert (row["outcome"], row["policy"], row["status"] == "failed") == (
                shown.outcome,
                shown.policy,
                shown.failed,
            )
            assert (row["decided"], row["person"]) == (decision.get("outcome", ""), decision.get("by", ""))
            assert row["stale"] == ("" if not decision else str(int(decision["stale"])))
            assert row["scan_again"] == str(int(shown.scan_again))
            assert row["exit"] == ("3" if shown.failed else "10" if shown.outcome == "defect" else "0")
            assert row["waits"] == str(int(shown.waits)) and row["judged_since"] == str(int(shown.judged_since))
            if not shown.failed and not (decision and not decision["stale"]):
                assert row["refund"] == ("eligible" if shown.outcome == "defect" else "not-eligible")

    def _check_folder(self) -> None:
        rows = list(csv.DictReader(io.StringIO((self.out / "summary.csv").read_text("utf-8"))))
        assert [row["copy"] for row in rows] == self.listed
        index = _cells((self.out / "index.html").read_text("utf-8"))
        assert index.keys() == set(self.listed)
        for row in rows:
            shown = self.shown[row["copy"]]
            decision = shown.decision or {}
            assert (row["outcome"], row["decided"], row["by"]) == (
                shown.outcome,
                decision.get("outcome", ""),
                decision.get("by", ""),
            )
            assert row["stale"] == ("" if not decision else str(int(decision["stale"])))
            cell = index[row["copy"]]
            assert (decision.get("by", "by") in cell) == bool(decision)
            assert ("the scans changed since" in cell) == bool(decision.get("stale"))
        for copy, shown in self.shown.items():
            if not shown.failed:
                page = (self.out / copy / "report.html").read_text("utf-8")
                head = page[page.index(BEGIN) : page.index(END)]
                decision = shown.decision or {}
                assert (f"decided by {decision.get('by')}" in head) == bool(decision)
                assert ("The scans changed since" in head) == bool(decision.get("stale"))
                assert (f"by {shown.policy} 2026.1" in head) == shown.judged_since

    # --- how ----------------------------------------------------------------------------------------------------------

    def _policy(self, name: str) -> Policy:
        path = self.folder / f"{name}.toml"
        path.write_text(_POLICY.format(id=name, limit=LIMITS[name]))
        return load_policy(str(path))

    def _scan(self, copy: str, cut: str) -> None:
        (self.folder / copy).mkdir(exist_ok=True)
        (self.folder / copy / "p-1.png").write_text(cut)
        self.now[copy] = cut

    def _inspected(self, job: Job) -> Result:
        cut = (job.path / "p-1.png").read_text()
        if cut == BROKEN:
            return Result(not_inspected(job.id, 3, "p-1.png cannot be read."))
        made = [Observation("trim-offset-block", 1, Where(edge=e), 0.1, "mm", 0.01) for e in (Edge.HEAD, Edge.TAIL)]
        made.append(Observation("trim-offset-block", 1, Where(edge=Edge.FORE_EDGE), float(cut), "mm", 0.01))
        bare = Inspection(
            copy=BookCopy(job.id, job.path, (), isbn="9780000000002"),
            reference=ReferenceId("pdf", "9780000000002", "0" * 64),
            policy=job.policy.identity,
            verdict=Verdict(VerdictOutcome.NO_DEFECT, ""),
            refund=Refund("review", "review", ()),
            findings=(),
            observations=tuple(made),
            pages=(),
            provenance=Provenance("0", {}, {}, scans_at(job.path) or {}, "2026-11-30T00:00:00+00:00"),
        )
        job.folder.mkdir(parents=True, exist_ok=True)
        job.report.write_text(f"<main>\n{BEGIN}{END}\n</main>")
        return result_of(under(bare, job.policy), str(job.report))

    def _qc(self, *words: str | Path) -> tuple[int, str]:
        arguments = [*map(str, words), "--store", str(self.store)]
        call: Callable[[], object] = lambda: main.main(arguments, prog_name="qc", standalone_mode=False)  # noqa: E731
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
            code = exits.code_of(call)
        return code, out.getvalue()


def _cells(index: str) -> dict[str, str]:
    """The cell of what was decided, by copy."""
    found = {}
    for row in re.findall(r"<tr class.*?</tr>", index, re.DOTALL):
        cells = re.findall(r"<td[^>]*>(.*?)</td>", row, re.DOTALL)
        found[re.sub("<.*?>", "", cells[1])] = cells[5]
    return found
