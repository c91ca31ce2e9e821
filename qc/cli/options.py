"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from qc.units import DPI_RANGE

F = TypeVar("F", bound=Callable[..., Any])


def _resolution(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    least, most = DPI_RANGE
    if value is not None and not least <= value <= most:
        raise click.BadParameter(
            f"{value:g} is no resolution; give dots per inch from {least:g} to {most:g}, such as 300.", ctx, param
        )
    return value


reference = click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="R",
    help="What was ordered: a PDF, a title folder or an approved copy.",
)
titles = click.option(
    "--titles",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder of titles; the reference is found there by ISBN or as copy.toml names it.",
)
policy = click.option(
    "--policy", default="kdp", show_default=True, metavar="P", help="A shipped policy or a TOML file."
)
scanner = click.option("--scanner", metavar="S", help="Scanner profile, a path or a name; without one u is wider.")
dpi = click.option(
    "--dpi", type=float, callback=_resolution, metavar="N", help="Resolution of the scans, believed over their headers."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON; the exit code stays the same.")


def out(default: str) -> Callable[[F], F]:
    """``--out`` with a default folder."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=default,
        show_default=True,
        metavar="DIR",
        help="Folder for results, never inside a scan folder.",
    )


store = click.option(
    "--store",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="Store that `qc batch --store` made.",
)
store_to_write = click.option(
    "--store",
    "store_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Keep results in this SQLite file, made if need be, and pass over copies that it holds already.",
)
