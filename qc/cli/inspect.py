"""`qc inspect`: one or several copies at the bench."""

from __future__ import annotations

from pathlib import Path

import click

from qc.cli import exits, options


@click.command()
@click.argument("copies", metavar="COPY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.reference
@options.titles
@options.policy
@options.scanner
@options.dpi
@click.option(
    "--isbn",
    metavar="ISBN",
    help="ISBN of the copies, believed over copy.toml, returns.csv and the barcode of the cover.",
)
@options.out("qc-out")
@options.store_to_write
@options.as_json
@click.option("-v", "--verbose", is_flag=True, help="List the rules that are within their limits, too.")
def inspect(
    copies: tuple[Path, ...],
    reference: Path | None,
    titles: Path | None,
    policy: str,
    scanner: str | None,
    dpi: float | None,
    isbn: str | None,
    out: Path,
    store_path: Path | None,
    as_json: bool,
    verbose: bool,
) -> int:
    """Inspect copies: each a folder of scans, a multipage TIFF or a PDF of scans.

    Every copy gets inspection.json and report.html in a folder of its id in --out. Copies of one title are held against
    each other, too: by color, or without a reference by where their print lies.

    The ordered book is looked up in --titles by the reference file that copy.toml names, else by --isbn, else by the ISBN of
    copy.toml or returns.csv, else by the barcode of the back cover. With --store a later `qc batch` passes over these copies.

    \b
    Example:
      qc inspect returns/RMA-10482 --titles titles

    Exit code: 0 no defect, 10 defect, 11 needs review, 12 insufficient evidence; of several copies the gravest, or 3
    if one could not be inspected.
    """
    options.refuse_both(reference)
    # Help and wrong options do not wait for image libraries.
    from qc.batch.intake import look_in, together
    from qc.batch.job import jobs_for
    from qc.cli.inspected import inspect_each
    from qc.judge.policy import load_policy
    from qc.scan.paths import real
    from qc.scan.returns_csv import not_used

    loaded = load_policy(policy)
    stated = options.scanner_as_stated(scanner)
    jobs = jobs_for(copies, out, loaded, reference=reference, titles=titles, dpi=dpi, isbn=isbn, **stated)
    looked = together(map(look_in, jobs))
    exits.say_passed_over({**looked.passed_over, **not_used((real(path).parent for path in copies), None)})
    exits.say_isbns(looked.isbns)
    return inspect_each(looked.jobs, store_path, as_json=as_json, verbose=verbose)
