"""`qc decide`: what a person decided of a copy."""

from __future__ import annotations

from pathlib import Path

import click

from qc.batch import deciding
from qc.batch.overview import renew
from qc.batch.store import Store
from qc.cli import completion, exits, options
from qc.errors import UsageError, one_line
from qc.model import VerdictOutcome

_WITHDRAW = "withdraw"


@click.command()
@click.argument("copy", shell_complete=completion.copies)
@click.argument("outcome", metavar="OUTCOME|withdraw", type=click.Choice([*map(str, VerdictOutcome), _WITHDRAW]))
@options.store
@options.by
@click.option("--reason", default="", metavar="TEXT", help="Why, in a sentence; not needed to agree with qc.")
@click.option("--code", metavar="CODE", help="Why, as one of the [[codes]] of the copy's policy.")
def decide(copy: str, outcome: str, store: Path, person: str, reason: str, code: str | None) -> int:
    """Record what a person decided of COPY, beside the machine's verdict, and print the sentence for the refund ticket.

    OUTCOME is defect, no-defect, needs-review or insufficient-evidence. The refund follows from it, the claim and the policy in
    force. A decision stays with its copy through later inspections; once these are of other scans it is stale, and the copy waits
    again. `withdraw` takes the last decision back, and the one before it, if there is any, holds again. Report, index and
    summary.csv of the copy say it at once.

    \b
    Example:
      qc decide RMA-10485 defect --store qc.db --by "A. Mueller" --reason "Fore-edge cut into the text on page 7."
      qc decide RMA-10486 needs-review --store qc.db --by "A. Mueller" --code rescan

    Exit code: 0, or 2 if the copy is not in the store, its scans are not those that were inspected, or the code does not fit.
    """
    if not person.strip():
        raise UsageError("--by is empty. Say who decided: others read it later.")
    with Store(store) as kept:
        entry = deciding.latest(kept, copy)
        if outcome == _WITHDRAW:
            if code is not None:
                raise UsageError("--code is the reason of a decision; say why it is withdrawn with --reason.")
            said, remark = deciding.withdraw(kept, copy, person, reason), ""
        else:
            made = deciding.decide(kept, entry, VerdictOutcome(outcome), person, reason.strip(), code)
            said, remark = made.ticket, made.remark
        click.echo(said)
        faults = renew(kept, [copy])
    if remark:
        click.echo(one_line(remark), err=True)
    for fault in faults:
        exits.say(f"It is stored, but not everything shows it: {fault}")
    return 0
