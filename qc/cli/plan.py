"""`qc plan`: how scans were understood, before they are inspected."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import click
import cv2

from qc.batch.cores import cores
from qc.batch.job import refuse_same_id
from qc.cli import exits, options, terminal
from qc.errors import ScanError, failure
from qc.inputs import find_parts, open_with, read_isbn, refuse_missing
from qc.model import Part
from qc.plan.copy_plan import Plan, plan_copy
from qc.plan.remark import Remark
from qc.plan.remarks import remarks
from qc.reference.cache import unwritten
from qc.report.plan_record import plan_record
from qc.report.plan_text import show
from qc.report.record import error_record, to_json
from qc.scan.copy_folder import copies_passed_over, find_copies, open_copy
from qc.scan.paths import real
from qc.scan.returns_csv import not_used
from qc.scan.statements import copy_id


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@options.reference
@options.titles
@options.scanner
@options.dpi
@options.as_json
@click.option("-v", "--verbose", is_flag=True, help="Of several copies, too, list every scan in a line of its own.")
def plan(
    folder: Path,
    reference: Path | None,
    titles: Path | None,
    scanner: str | None,
    dpi: float | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Show how the scans in FOLDER are understood: a copy, or a folder of copies as of `qc batch`.

    Of each scan its role, place, resolution, size and what it looks like; of each copy what copy.toml states, the
    reference, and what to rescan or add. Only names, headers and small pictures are read: nothing is measured, and nothing
    is written anywhere.

    \b
    Example:
      qc plan inbox --titles titles

    Exit code: 0, or 3 if some copy could not be inspected as it is.
    """
    options.refuse_both(reference)
    stated = options.scanner_as_stated(scanner)
    refuse_missing(reference, titles, scanner)
    if not folder.exists():
        open_copy(folder)  # of a lost copy in returns.csv; else it says what lies beside it
    paths = find_copies(folder) if folder.is_dir() else [folder]
    if folder.is_dir():
        exits.say_passed_over(copies_passed_over(folder))
    if not paths:
        raise ScanError(f"There is no copy in {folder}: no folder with images, no multipage TIFF and no PDF of scans.")
    cv2.setNumThreads(1)
    found: list[_Found] = [one for path in paths for one in _look_in(path, titles if reference is None else None)]
    exits.say_passed_over(
        not_used((real(path).parent for path in paths), {f.id for f in found} if folder.is_dir() else None)
    )
    refuse_same_id((f.id, f.path) for f in found)
    codes: dict[str, int] = {}
    done: dict[str, list[Remark]] = {}
    with unwritten():
        for name, path, part, isbn in found:
            try:
                with terminal.bar(name, "pages") as progress:
                    opened = open_with(
                        path, reference=reference, titles=titles, dpi=dpi, isbn=isbn, part=part, **stated
                    )
                    seen = plan_copy(opened, stated_dpi=dpi, threads=cores(), progress=progress)
                said = remarks(seen)
            except Exception as error:
                code, message = failure(error)
                exits.say(message if name in message else f"{name}: {message}")
                if as_json:
                    click.echo(to_json(error_record(name, code, message)))
                codes[name] = code
                continue
            codes[name], done[name] = 0 if seen.usable else exits.UNUSABLE, said
            _print(seen, said, as_json, fold=len(found) > 1 and not verbose)
    if not as_json:
        _sum_up(done, [name for name, code in codes.items() if code], len(codes))
    return exits.gravest(codes.values())


class _Found(NamedTuple):
    """A copy to show; `part` is set where separator sheets part one scan into several."""

    id: str
    path: Path
    part: Part | None = None
    isbn: str | None = None


def _look_in(path: Path, titles: Path | None) -> list[_Found]:
    """The copies in the scans at `path`, with the ISBN read off the cover where no book is stated."""
    try:
        parts, passed_over = find_parts(path)
        exits.say_passed_over(passed_over)
        found = [_Found(copy_id(path), path)] if parts is None else [_Found(part.id, path, part) for part in parts]
        return found if titles is None else [f._replace(isbn=read_isbn(path, titles, f.part)) for f in found]
    except Exception:  # opening it as a copy meets the same fault and says it
        return [_Found(copy_id(path), path)]


def _print(seen: Plan, found: list[Remark], as_json: bool, *, fold: bool) -> None:
    if as_json:
        click.echo(to_json(plan_record(seen, found)))
        return
    show(seen, found, fold=fold, console=terminal.results())
    click.echo()


def _sum_up(done: dict[str, list[Remark]], unusable: list[str], total: int) -> None:
    """What is left to do, a line each where there are several copies; last how many can be inspected."""
    lines = {
        what: [name for name, found in done.items() if any(r.kind == kind for r in found)]
        for kind, what in (("rescan", "To rescan"), ("add", "To add"), ("check", "To look at"))
    }
    for what, names in (lines | {"Not usable": unusable}).items():
        if names and total > 1:
            click.echo(f"{what:<12} {len(names)} of {total} copies: {', '.join(names)}")
    noun = "copy" if total == 1 else "copies"
    click.echo(f"{total - len(unusable)} of {total} {noun} can be inspected; nothing was measured or written.")
