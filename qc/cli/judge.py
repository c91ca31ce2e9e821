"""`qc judge`: a stored night under another policy."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from qc.batch.overview import renew
from qc.batch.store import Store
from qc.cli import exits, options, terminal
from qc.errors import UsageError, one_line
from qc.judge.policy import Policy, load_policy
from qc.judge.rejudge import flip, under
from qc.measure import MEASURES
from qc.model import Inspection
from qc.report.record import judged_record, to_json

_HOW_TO_SAVE = "A what-if: nothing was stored. --save puts the policy in force."


@click.command()
@options.store
@options.policy
@click.option("--save", is_flag=True, help="Put the policy in force for these copies; reports say so at their head.")
@options.as_json
def judge(store: Path, policy: str, save: bool, as_json: bool) -> int:
    """Say which verdicts of a store would change under a policy. No scan is read, and nothing is written.

    The latest inspection of every copy is judged from its stored observations. With --save the policy is in force from then on:
    decisions, tickets and exports cite it until the copy is inspected again. What persons decided stays. A proposed policy cannot
    be saved. --json prints a line a copy (qc.judged/1): the verdict `before` and `after`, whether it `changed`, and why.

    \b
    Example:
      qc judge --store qc.db --policy stricter.toml
      qc judge --store qc.db --policy stricter.toml --save

    Exit code: 0, whatever changes.
    """
    loaded = load_policy(policy)
    if save and loaded.proposal is not None:
        raise UsageError(
            f"{loaded.path} is a proposal and cannot be saved. To put it in force, delete its [proposal] table and give it "
            "a version."
        )
    changes: list[tuple[str, ...]] = []
    judged, saved, older = 0, [], set[str]()
    with Store(store) as kept:
        if save:
            kept.refuse_other_text(loaded)
        elif said := kept.other_text(loaded):
            click.echo(one_line(said), err=True)
        run = None
        for number, before in _inspected(kept):
            judged += 1
            older |= _measured_otherwise(before)
            after = under(before, loaded)
            if save and after != before:
                run = run or kept.begin_run("judge", sys.argv[2:])
                kept.add_verdict(number, after, loaded, run)
                saved.append(after.copy.id)
            change = flip(before, after)
            if as_json:
                click.echo(to_json(judged_record(before, after, change, save)))
            elif change is not None:
                verdict = f"{before.verdict.outcome} -> {after.verdict.outcome}"
                refund = f"{before.refund.outcome} -> {after.refund.outcome}"
                changes.append((after.copy.id, verdict, refund, change.why))
        faults = renew(kept, saved)
    for fault in faults:
        exits.say(f"It is stored, but not everything shows it: {fault}")
    if older:
        names = ", ".join(sorted(older))
        click.echo(one_line(f"Measured by another version of qc: {names}. Inspect again where these matter."), err=True)
    if not as_json:
        _print(changes)
        click.echo(one_line(_conclusion(len(changes), judged, save, loaded)))
        if not save:
            how = f"{loaded.path} is a proposal: nothing was stored." if loaded.proposal else _HOW_TO_SAVE
            click.echo(one_line(how), err=True)
    return 0


def _inspected(kept: Store) -> Iterator[tuple[int, Inspection]]:
    for entry in kept.copies():
        found = None if entry.failed else kept.inspection(entry.id)
        if found is not None:
            yield entry.id, found


def _conclusion(changes: int, judged: int, save: bool, policy: Policy) -> str:
    if save:
        return f"{changes} of {judged} verdicts changed; {policy.id} {policy.version} is in force."
    return f"{changes} of {judged} verdicts would change under {policy.id} {policy.version}."


def _measured_otherwise(inspection: Inspection) -> set[str]:
    """Measures whose version is another one now; what is new since is not among them."""
    return {m for m, v in inspection.provenance.measures.items() if m not in MEASURES or MEASURES[m].version != v}


def _print(changes: Sequence[Sequence[str]]) -> None:
    if not changes:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("copy", "verdict", "refund", "why"):
        table.add_column(name, overflow="fold")
    for cells in changes:
        table.add_row(*(Text(one_line(cell)) for cell in cells))
    terminal.results().print(table)
