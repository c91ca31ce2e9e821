"""`qc check-cover`: what a cover.pdf implies, before it is ordered."""

from __future__ import annotations

from pathlib import Path

import click

from qc.cli import options
from qc.plan import cover_check
from qc.reference.title_toml import stated_trim
from qc.reference.wrap import Wrap
from qc.report import cover_check as report
from qc.report.cover_picture import write_picture
from qc.report.record import to_json


@click.command(name="check-cover")
@click.argument("cover", type=click.Path(path_type=Path))
@click.option("--pages", type=click.IntRange(1), metavar="N", help="Pages of the book.")
@click.option("--paper", type=click.Choice(["white", "cream"]), help="Paper of the pages.")
@click.option("--trim", metavar="SIZE", help='Trim of the book, such as "6 x 9 in".')
@options.out("qc-out")
@options.as_json
def check_cover(cover: Path, pages: int | None, paper: str | None, trim: str | None, out: Path, as_json: bool) -> int:
    """What the full wrap COVER.pdf implies: its spine, the room at its folds, and what a normal shift would do.

    What is not stated is taken from title.toml and interior.pdf in the same folder, where they are. A picture of the wrap
    with its folds, cuts and what a shift may reach goes to --out.

    \b
    Example:
      qc check-cover cover.pdf --trim "6 x 9 in" --pages 210 --paper cream

    Exit code: 0 whatever is found, 4 if the cover cannot be read.
    """
    title = cover_check.known_title(cover, stated_trim(trim, "--trim"), pages, paper)
    check = cover_check.check_cover(cover, title)
    picture = write_picture(check, out / f"{cover.stem}-check.png") if isinstance(check.wrap, Wrap) else None
    click.echo(to_json(report.record(check, picture)) if as_json else "\n".join(report.text(check, picture)))
    return 0
