"""`qc judge`: a stored night under another policy."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from qc.batch.store import Store
from qc.cli import options, terminal
from qc.errors import one_line
from qc.judge.policy import load_policy
from qc.judge.rejudge import Flip, flip, under
from qc.measure import MEASURES
from qc.model import Inspection


@click.command()
@options.store
@options.policy
def judge(store: Path, policy: str) -> int:
    """Judge the copies in a store again by a policy and list the verdicts that change. No scan is read.

    The latest inspection of every copy is judged from its stored observations. The new verdicts are stored beside the
    old ones; reports and what persons decided stay as they are. Of a proposed policy the verdicts that would change are
    listed, and nothing is stored.

    \b
    Example:
      qc judge --store qc.db --policy stricter.toml

    Exit code: 0, whatever changes.
    """
    loaded = load_policy(policy)
    flips: list[Flip] = []
    judged, older = 0, set[str]()
    with Store(store) as kept:
        run = None
        for entry in kept.copies():
            before = None if entry.failed else kept.inspection(entry.id)
            if before is None:
                continue
            judged += 1
            older |= _measured_otherwise(before)
            after = under(before, loaded)
            if after != before and loaded.proposal is None:
                run = run or kept.begin_run("judge", sys.argv[2:])
                kept.add_verdict(entry.id, after, loaded, run)
            if (change := flip(before, after)) is not None:
                flips.append(change)
    if older:
        names = ", ".join(sorted(older))
        click.echo(one_line(f"Measured by another version of qc: {names}. Inspect again where these matter."), err=True)
    _print(flips)
    would = "change" if loaded.proposal is None else "would change"
    click.echo(one_line(f"{len(flips)} of {judged} verdicts {would} under {loaded.id} {loaded.version}."))
    if loaded.proposal is not None:
        click.echo(one_line(f"{loaded.path} is a proposal: nothing was stored."), err=True)
    return 0


def _measured_otherwise(inspection: Inspection) -> set[str]:
    """Measures whose version is another one now; what is new since is not among them."""
    return {m for m, v in inspection.provenance.measures.items() if m not in MEASURES or MEASURES[m].version != v}


def _print(flips: Sequence[Flip]) -> None:
    if not flips:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("copy", "verdict", "refund", "why"):
        table.add_column(name, overflow="fold")
    for f in flips:
        verdict = f"{f.before.verdict.outcome} -> {f.after.verdict.outcome}"
        refund = f"{f.before.refund.outcome} -> {f.after.refund.outcome}"
        table.add_row(*(Text(one_line(cell)) for cell in (f.after.copy.id, verdict, refund, f.why)))
    terminal.results().print(table)
