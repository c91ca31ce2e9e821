"""`qc decide`: what a person decided of a copy."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path

import click

from qc.batch.store import Entry, Store
from qc.cli import options
from qc.errors import UsageError
from qc.judge.refund import decide_refund
from qc.model import Refund, Verdict, VerdictOutcome
from qc.report.words import VERDICT, one_line, ticket


@click.command()
@click.argument("copy")
@click.argument("outcome", type=click.Choice([str(d) for d in VerdictOutcome]))
@options.store
@click.option("--by", "person", required=True, metavar="NAME", help="Who decided.")
@click.option("--reason", required=True, metavar="TEXT", help="Why, in a sentence.")
def decide(copy: str, outcome: str, store: Path, person: str, reason: str) -> int:
    """Record what a person decided of COPY, beside the machine's verdict, and print the sentence for the refund ticket.

    OUTCOME is defect, no-defect, needs-review or insufficient-evidence. The machine's verdict stays; a later decision
    stands beside an earlier one. The refund follows from the outcome, the claim and the policy of the latest verdict.

    \b
    Example:
      qc decide RMA-10485 defect --store qc.db --by "A. Mueller" --reason "Fore-edge cut into the text on page 7."

    Exit code: 0, or 2 if the copy is not in the store.
    """
    for option, text in (("--by", person), ("--reason", reason)):
        if not text.strip():
            raise UsageError(f"{option} is empty. Say who decided and why: others read it later.")
    with Store(store) as kept:
        entry = kept.latest(copy) or _unknown(copy, kept)
        sentence, refund = _sentence(kept, entry, VerdictOutcome(outcome), one_line(person), one_line(reason))
        kept.add_decision(entry.id, VerdictOutcome(outcome), refund, person, reason)
    click.echo(sentence)
    return 0


def _unknown(copy: str, kept: Store) -> Entry:
    near = get_close_matches(copy, [e.copy for e in kept.copies()], 3, 0.6)
    hint = f"The nearest are {', '.join(near)}." if near else "`qc export` lists what it holds."
    raise UsageError(f"The store holds no copy {copy}. {hint}")


def _sentence(
    kept: Store, entry: Entry, outcome: VerdictOutcome, person: str, reason: str
) -> tuple[str, Refund | None]:
    decided = f"Decided by {person} on {date.today()}: {reason.rstrip('.')}"
    inspection = None if entry.failed else kept.inspection(entry.id)
    if inspection is None:
        return f"{entry.copy}: {VERDICT[outcome]}. {decided}. Its scans could not be inspected.", None
    policy = kept.policy(inspection.policy.sha256)
    machine = inspection.verdict
    said = f"{decided} (qc said {VERDICT[machine.outcome]}: {machine.summary.rstrip('.')})."
    verdict = Verdict(outcome, said, machine.not_checked, machine.rescan)
    refund = decide_refund(verdict, inspection.findings, inspection.copy, policy, inspection.observations)
    return ticket(replace(inspection, verdict=verdict, refund=refund), policy.k), refund
