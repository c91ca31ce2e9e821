"""A person's decision on a copy: whether it can be made, what follows for the refund, and the sentence for the ticket."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from qc.batch.known_files import KnownFiles
from qc.batch.scan_hashes import changed, hash_of, scans_at
from qc.batch.standing import Decision
from qc.batch.store import Entry, Store
from qc.errors import UsageError
from qc.judge.policy import Code, Policy
from qc.judge.refund import refund_decided
from qc.judge.summary import NOT_CHECKED
from qc.model import Inspection, Refund, VerdictOutcome
from qc.report.words import VERDICT, one_line, ticket
from qc.scan.statements import copy_id

_LEFT_OPEN = (VerdictOutcome.NEEDS_REVIEW, VerdictOutcome.INSUFFICIENT_EVIDENCE)
"""Verdicts that leave it to a person: whoever decides then contradicts nobody."""


@dataclass(frozen=True)
class Decided:
    """A decision that was stored: its number, the sentence for the ticket, and a remark on its scans or nothing."""

    number: int
    ticket: str
    remark: str


def latest(store: Store, copy: str) -> Entry:
    """The last time a copy was inspected; a UsageError names the nearest ids where the store holds none of that id."""
    entry = store.latest(copy)
    if entry is None:
        near = get_close_matches(copy, [e.copy for e in store.copies()], 3, 0.6)
        hint = f"The nearest are {', '.join(near)}." if near else "`qc export` lists what it holds."
        raise UsageError(f"The store holds no copy {copy}. {hint}")
    return entry


def decide(
    store: Store,
    entry: Entry,
    outcome: VerdictOutcome,
    person: str,
    reason: str = "",
    code: str | None = None,
    *,
    seen: int | None = None,
) -> Decided:
    """Store what a person decided of the copy of `entry`.

    `seen` is the number of the decision that the person saw standing, 0 for none: another one that stands now is not overwritten.

    Raises
    ------
    UsageError
        Other scans lie there than were inspected, the code does not fit, or nobody says why it is not as the machine said.
    Overtaken
        What the person saw does not stand any more.
    """
    inspection = None if entry.failed else store.inspection(entry.id)
    remark = _check_scans(store, entry, inspection)
    policy = store.policy_in_force(entry.id)
    chosen = None if code is None else _code(code, outcome, policy)
    machine = None if inspection is None else inspection.verdict.outcome
    if not reason and chosen is None and machine not in (outcome, *_LEFT_OPEN):
        said = "qc did not judge it" if machine is None else f"qc said {VERDICT[machine]}"
        raise UsageError(f"{said}; say why you decide otherwise, with --reason or --code: others read it later.")
    said = _decided_by(person, chosen.text if chosen else "", reason, date.today())
    sentence, refund = _sentence(entry, inspection, policy, outcome, said)
    number = store.add_decision(entry.id, outcome, refund, person, reason, code, seen=seen)
    return Decided(number, sentence, remark)


def standing_ticket(store: Store, entry: Entry) -> str:
    """The sentence for the ticket of a decision that stands on these scans, else of a saved judging; empty where neither does."""
    last = store.decision(entry.copy)
    decided = last is not None and not last.stale
    if not decided and store.judged_since(entry.id) is None:
        return ""
    inspection = None if entry.failed else store.inspection(entry.id)
    policy = store.policy_in_force(entry.id)
    if last is not None and decided:
        return _sentence(entry, inspection, policy, last.outcome, _said(last, policy))[0]
    return ticket(inspection, policy.k) if inspection is not None and policy is not None else ""


def as_decided(store: Store, entry: Entry, inspection: Inspection) -> Inspection:
    """The latest inspection of a copy with verdict and refund as a person decided; as it is where nobody did on these scans."""
    last, policy = store.decision(entry.copy), store.policy_in_force(entry.id)
    if last is None or last.stale or policy is None:
        return inspection
    unchecked = inspection.verdict.summary.partition(NOT_CHECKED)
    return _with_decision(inspection, policy, last.outcome, _said(last, policy) + ("".join(unchecked[1:]) or "."))


def _said(last: Decision, policy: Policy | None) -> str:
    codes = {c.code: c.text for c in policy.codes} if policy is not None else {}
    return _decided_by(last.person, codes.get(last.code or "", ""), last.reason, date.fromisoformat(last.made[:10]))


def _decided_by(person: str, text: str, reason: str, day: date) -> str:
    """Who decided, and why, without a period."""
    why = one_line(" ".join(filter(None, [text, reason]))).rstrip(".")
    return f"Decided by {one_line(person)} on {day}{f': {why}' if why else ''}"


def _check_scans(store: Store, entry: Entry, inspection: Inspection | None) -> str:
    """Raise a UsageError where other scans lie in the place of those that were inspected; a remark where none do.

    A decision is allowed then: folders are cleared once a copy is done, a person decides from the report and the book, and the
    hash of the scans inspected stays with the decision.
    """
    files = KnownFiles(store)
    now = scans_at(Path(entry.path), files.hash)
    files.keep()
    before = {} if inspection is None else inspection.provenance.scans
    if now and before and copy_id(Path(entry.path)) != entry.copy:
        # One of several copies in one long scan: the others' pages are none of its.
        now = {name: found for name, found in now.items() if name in before}
    if not now:
        gone = f"No scans lie in {entry.path} any more; decided on those inspected on {entry.inspected[:10]}."
        return gone if before else ""
    if entry.scans is None or hash_of(now) == entry.scans:
        return ""
    names = f" ({', '.join(changed(before, now)[:3])})" if before else ""
    raise UsageError(
        f"The scans in {entry.path} are not those that were inspected on {entry.inspected[:10]}{names}. "
        f"Inspect {entry.copy} again, then decide."
    )


def _code(code: str, outcome: VerdictOutcome, policy: Policy | None) -> Code:
    codes = {c.code: c for c in policy.codes} if policy is not None else {}
    if code not in codes:
        whose = f"Policy {policy.id} {policy.version}" if policy is not None else "A copy without a policy"
        known = f" It has {', '.join(codes)}." if codes else " It has none; give a --reason."
        raise UsageError(f"{whose} has no code {code}.{known}")
    if codes[code].outcome is not outcome:
        raise UsageError(f"The code {code} stands for {codes[code].outcome}, not {outcome}. Change one of the two.")
    return codes[code]


def _sentence(
    entry: Entry, inspection: Inspection | None, policy: Policy | None, outcome: VerdictOutcome, said: str
) -> tuple[str, Refund | None]:
    if inspection is None or policy is None:
        return f"{entry.copy}: {VERDICT[outcome]}. {said}. Its scans could not be inspected.", None
    machine = inspection.verdict
    said = f"{said} (qc said {VERDICT[machine.outcome]}: {machine.summary.rstrip('.')})."
    decided = _with_decision(inspection, policy, outcome, said)
    return ticket(decided, policy.k), decided.refund


def _with_decision(inspection: Inspection, policy: Policy, outcome: VerdictOutcome, said: str) -> Inspection:
    verdict = replace(inspection.verdict, outcome=outcome, summary=said)
    return replace(inspection, verdict=verdict, refund=refund_decided(outcome, inspection, policy))


def withdraw(store: Store, copy: str, person: str, reason: str = "", *, seen: int | None = None) -> str:
    """Take back the last decision on a copy; a sentence that says which one holds now. `seen` as of `decide`.

    Raises
    ------
    UsageError
        None stands.
    """
    last = store.withdraw(copy, person, reason, seen=seen)
    if last is None:
        raise UsageError(f"No decision stands on {copy}: there is nothing to withdraw.")
    before = store.decision(copy)
    now = (
        f"{VERDICT[before.outcome]} by {before.person} of {before.made[:10]} holds again"
        if before
        else "the verdict of qc stands"
    )
    other = f" by {person}, who is another person" if person.strip() != last.person.strip() else ""
    return one_line(f"{copy}: {VERDICT[last.outcome]} by {last.person} of {last.made[:10]} is withdrawn{other}; {now}.")
