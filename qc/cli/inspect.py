"""`qc inspect`: one or several copies at the bench."""

from __future__ import annotations

from pathlib import Path

import click

from qc.cli import options


@click.command()
@click.argument("copies", metavar="COPY...", nargs=-1, required=True, type=click.Path(path_type=Path))
@options.reference
@options.titles
@options.policy
@options.scanner
@options.dpi
@options.out("qc-out")
@options.as_json
@click.option("-v", "--verbose", is_flag=True, help="List the rules that are within their limits, too.")
def inspect(
    copies: tuple[Path, ...],
    reference: Path | None,
    titles: Path | None,
    policy: str,
    scanner: str | None,
    dpi: float | None,
    out: Path,
    as_json: bool,
    verbose: bool,
) -> int:
    """Inspect copies: each a folder of scans, a multipage TIFF or a PDF of scans.

    Every copy gets inspection.json and report.html in a folder of its id in --out. Copies of one title are held against
    each other, too: by color, or without a reference by where their print lies.

    \b
    Example:
      qc inspect inbox/RMA-10482 --titles titles

    Exit code: 0 no defect, 10 defect, 11 needs review, 12 insufficient evidence; of several copies the gravest, or 3
    if one could not be inspected.
    """
    if reference is not None and titles is not None:
        raise click.UsageError("--reference names the one to use and --titles a folder to search; give one of them.")
    # Help and wrong options do not wait for image libraries.
    from qc.batch.job import jobs_for
    from qc.cli.inspected import show_each
    from qc.judge.policy import load_policy

    loaded = load_policy(policy)
    jobs = jobs_for(copies, out, loaded, reference=reference, titles=titles, scanner=scanner, dpi=dpi)
    return show_each(jobs, as_json=as_json, verbose=verbose)
