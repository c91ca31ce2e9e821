"""Options that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict, TypeVar

import click
from click.core import ParameterSource

from qc.cli import completion, settings
from qc.units import DPI_RANGE

F = TypeVar("F", bound=Callable[..., Any])
POLICY = "kdp"
OUT = "qc-out"
"""Where nothing else is stated."""


def _resolution(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    least, most = DPI_RANGE
    if value is not None and not least <= value <= most:
        raise click.BadParameter(
            f"{value:g} is no resolution; give dots per inch from {least:g} to {most:g}, such as 300.", ctx, param
        )
    return value


def _setting(name: str, default: str | None = None) -> Callable[[], str | None]:
    """What an option has that is not given."""
    return lambda: settings.setting(name).value or default


def _else(name: str, default: str = "") -> str:
    """End of the help of an option that a setting can give."""
    return f"Else {settings.variable(name)}, or {name} in {settings.NAME}{default and f'; else {default}'}."


def _required(name: str) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def check(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if value is None or not str(value).strip():
            raise click.UsageError(
                f"It needs --{name}. Give it, or set {settings.variable(name)}, or {name} in {settings.NAME}.", ctx
            )
        return value

    return check


def given(name: str) -> bool:
    """Whether the option stands on the command line, and is no setting."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


class StatedScanner(TypedDict):
    """Keyword arguments of `jobs_for` and `open_with`."""

    scanner: str | None
    usual_scanner: str | None


def scanner_as_stated(scanner: str | None) -> StatedScanner:
    """An option wins over what is stated of a copy, a setting does not."""
    on_line = given("scanner")
    return {"scanner": scanner if on_line else None, "usual_scanner": None if on_line else scanner}


def refuse_both(reference: Path | None) -> None:
    """Refuse a reference and a folder of titles that both stand on the command line."""
    if reference is not None and given("titles"):
        raise click.UsageError("--reference names the one to use and --titles a folder to search; give one of them.")


reference = click.option(
    "--reference",
    type=click.Path(path_type=Path),
    metavar="R",
    help="What was ordered: a PDF, a title folder or an approved copy.",
)
titles = click.option(
    "--titles",
    type=click.Path(path_type=Path),
    default=_setting("titles"),
    metavar="DIR",
    help="Folder of titles; the reference is found there by ISBN or as copy.toml names it. " + _else("titles"),
)
policy = click.option(
    "--policy",
    default=_setting("policy", POLICY),
    metavar="P",
    shell_complete=completion.policies,
    help="A shipped policy or a TOML file. " + _else("policy", POLICY),
)
scanner = click.option(
    "--scanner",
    default=_setting("scanner"),
    metavar="S",
    shell_complete=completion.profiles,
    help="Scanner profile, a path or a name; without one the uncertainty is wider. Else that of copy.toml or returns.csv; else "
    f"{settings.variable('scanner')}, or scanner in {settings.NAME}.",
)
dpi = click.option(
    "--dpi", type=float, callback=_resolution, metavar="N", help="Resolution of the scans, believed over their headers."
)
as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON; the exit code stays the same.")
by = click.option(
    "--by",
    "person",
    default=_setting("by"),
    callback=_required("by"),
    metavar="NAME",
    help="Who decided. " + _else("by"),
)

by_if_known = click.option(
    "--by",
    "person",
    default=_setting("by", ""),
    metavar="NAME",
    help="Who decides. " + _else("by") + " Else the page asks.",
)


def out(default: str = OUT, *, usual: bool = True) -> Callable[[F], F]:
    """``--out`` with a default folder; if it is the `usual` one for results, a setting may name another."""
    return click.option(
        "--out",
        type=click.Path(path_type=Path),
        default=_setting("out", default) if usual else default,
        metavar="DIR",
        help=f"Folder for results, never inside a scan folder. {_else('out', default) if usual else f'Else {default}.'}",
    )


_FILE = click.Path(path_type=Path, dir_okay=False)
store = click.option(
    "--store",
    type=_FILE,
    default=_setting("store"),
    callback=_required("store"),
    metavar="FILE",
    help="Store that `qc batch --store` made. " + _else("store"),
)
store_to_write = click.option(
    "--store",
    "store_path",
    type=_FILE,
    default=_setting("store"),
    metavar="FILE",
    help="Keep results in this SQLite file, made if need be; a batch passes over copies that it holds already. "
    + _else("store"),
)
