"""`qc packet`: one file for a dispute."""

from __future__ import annotations

from pathlib import Path

import click

from qc.batch import deciding
from qc.batch.store import Store
from qc.cli import completion, options
from qc.report.files import write_text
from qc.review.packet import packet as packet_of


@click.command()
@click.argument("copy", shell_complete=completion.copies)
@options.store
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Default: COPY-packet.html here."
)
def packet(copy: str, store: Path, out: Path | None) -> int:
    """Write one self-contained file for a dispute about COPY.

    It holds the verdict, the decision, the pictures at the resolution of the scanner, the numbers with their limits, the printer's
    sentences, the SHA-256 of every scan, and the sentence for the ticket, which one click selects.

    \b
    Example:
      qc packet RMA-10485 --store qc.db --out RMA-10485.html

    Exit code: 0, or 2 if the copy is not in the store or could not be inspected.
    """
    with Store(store) as kept:
        entry = deciding.latest(kept, copy)
        page, decision, inspection = packet_of(kept, entry), kept.decision(copy), kept.inspection(entry.id)
    path = out or Path(f"{copy}-packet.html")
    write_text(page, path)
    click.echo(path)
    if (decision is None or decision.stale) and inspection and inspection.refund.outcome == "review":
        click.echo("A person has to decide this copy, and nobody did. Decide it before the file goes out.", err=True)
    if decision and inspection and not decision.stale and decision.outcome != inspection.verdict.outcome:
        click.echo("A person decided otherwise than qc, and the file shows both. Read it before it goes out.", err=True)
    return 0
