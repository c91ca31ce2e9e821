"""`qc compare`: copies of one title against each other."""

from __future__ import annotations

from pathlib import Path

import click
import cv2

from qc.batch.cores import cores
from qc.batch.job import make_writable
from qc.cli import exits, options, terminal
from qc.compare.compare import Comparison, compare_copies
from qc.errors import ScanError, UsageError, one_line
from qc.judge.policy import load_policy
from qc.model import BookCopy
from qc.normalize.calibrated import choose_profile
from qc.report import comparison_html
from qc.report.comparison_pictures import side_by_side
from qc.report.comparison_text import conclusion_line, summary
from qc.report.record import comparison_record, to_json, write_json
from qc.scan.copy_folder import open_copy
from qc.scan.paths import leads_outside
from qc.scan.scanner_profile import ScannerProfile

_UNUSABLE = ScanError.exit_code


@click.command()
@click.argument("copies", metavar="COPY COPY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.policy
@options.scanner
@options.out("qc-out")
@options.as_json
def compare(copies: tuple[Path, ...], policy: str, scanner: str | None, out: Path, as_json: bool) -> int:
    """Compare copies of one title with each other: where they were cut and how they are colored.

    Each is a folder of scans, a multipage TIFF or a PDF of scans. No print file is needed. comparison.json and
    comparison.html go to --out.

    \b
    Example:
      qc compare returns/RMA-10482 returns/RMA-10483 returns/RMA-10490

    Exit code: 0 compared, 3 if a copy could not be used.
    """
    loaded = load_policy(policy)
    if len(copies) < 2:
        raise UsageError("A comparison needs two copies or more; name at least two.")
    stated = options.scanner_as_stated(scanner)
    opened, failed = _opened(copies, stated["usual_scanner"])
    _refuse_scan_folders(copies, out)
    make_writable(out)
    profiles = {copy.id: _profile_of(copy, stated["scanner"]) for copy in opened}
    cv2.setNumThreads(1)
    with terminal.bar("compare", "pages") as progress:
        comparison = compare_copies(opened, loaded, threads=cores(), progress=progress, profiles=profiles)
    found = comparison.observations, comparison.findings, comparison.conclusions
    record = comparison_record(comparison.copies, *found)
    report = out / "comparison.html"
    comparison_html.write(comparison, side_by_side(comparison), report, k=loaded.k)
    write_json(record, out / "comparison.json")
    _print(comparison, to_json(record) if as_json else None, loaded.k, report)
    for why in comparison.left_out.values():
        exits.say(why)
    return _UNUSABLE if failed or comparison.left_out else 0


def _opened(paths: tuple[Path, ...], usual_scanner: str | None) -> tuple[list[BookCopy], bool]:
    """Those of the copies that have scans; what is wrong with the others is said at once."""
    opened, failed = [], False
    for path in paths:
        try:
            opened.append(open_copy(path, usual_scanner))
        except ScanError as error:
            exits.say(str(error))
            failed = True
    if failed and len(opened) < 2:
        raise ScanError("Fewer than two copies are left to compare.")
    return opened, failed


def _profile_of(copy: BookCopy, option: str | None) -> ScannerProfile | None:
    """The scanner profile of a copy, which is talked about where one was asked for."""
    scanner = choose_profile(copy, option)
    if option or copy.scan.scanner:
        click.echo(one_line(f"{copy.id}: {scanner.note}."), err=True)
    return scanner.profile


def _refuse_scan_folders(copies: tuple[Path, ...], out: Path) -> None:
    for path in copies:
        if path.is_dir() and not leads_outside(out, path):
            raise UsageError(f"--out {out} lies in the scan folder {path}, where nothing is written. Choose another.")


def _print(comparison: Comparison, json: str | None, k: float, report: Path) -> None:
    if json is None:
        summary(comparison, k=k, report_path=str(report), console=terminal.results())
        return
    click.echo(json)
    for said in (*comparison.notes, *map(conclusion_line, comparison.conclusions)):
        click.echo(one_line(said), err=True)
