"""The command `qc`. A command is imported when it is called, so that help and version need no image library."""

from __future__ import annotations

import importlib
import os
import sys
from difflib import get_close_matches
from typing import Any, NoReturn

import click

from qc import __version__
from qc.cli import exits, settings

_SECTIONS = {
    "First steps": {
        "demo": "Draw returned copies, inspect them, show the reports; needs nothing.",
    },
    "At the bench": {
        "sheet": "Separator sheets to print: one long scan of many copies is parted at them.",
        "inspect": "Scans of a copy to a verdict.",
        "compare": "Copies of one title against each other.",
    },
    "Before ordering": {
        "check-cover": "What a cover implies: spine, room at the folds, normal shifts.",
    },
    "Overnight": {
        "plan": "How scans are understood, and what to rescan; touches nothing.",
        "batch": "Inspect every copy below a folder.",
        "watch": "Inspect copies as they come into a folder.",
    },
    "In the morning": {
        "review": "A local page to look and decide, by keyboard and scan gun.",
        "packet": "One file for a dispute: verdict, decision, pictures, numbers.",
        "decide": "Record what a person decided, beside the machine's verdict.",
        "judge": "Judge a night again under another policy, without the scans.",
        "export": "A store as CSV or JSON lines.",
    },
    "Setting up": {
        "doctor": "Versions, readers, profiles, store and settings: what holds, what is wrong.",
        "calibrate": "Scanner profiles: true millimeters, white lid, repeatability.",
    },
    "In plain words": {
        "explain": "What a measure, rule, flag or exit code means.",
        "policy": "Show, check and compare policies.",
    },
}


class LazyGroup(click.Group):
    """Commands that live in the module of their name in `package` and are imported when one is asked for."""

    def __init__(self, *args: Any, sections: dict[str, dict[str, str]], package: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sections, self.package = sections, package

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for section in self.sections.values() for name in section]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name not in self.list_commands(ctx):
            return None
        word = name.replace("-", "_")
        command = getattr(importlib.import_module(f"{self.package}.{word}"), word)
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if not ctx.resilient_parsing and args[0] not in self.list_commands(ctx) and not args[0].startswith("-"):
            near = get_close_matches(args[0], self.list_commands(ctx), 1)
            ctx.fail(f"There is no command {args[0]!r}.{f' Did you mean {near[0]!r}?' if near else ''}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, commands in self.sections.items():
            with formatter.section(title):
                formatter.write_dl(list(commands.items()))


@click.group(
    cls=LazyGroup,
    sections=_SECTIONS,
    package="qc.cli",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name="qc")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Measures scans of returned print-on-demand books and judges them by the printer's policy.

    \b
    Example:
      qc inspect returns/RMA-10482 --titles titles

    Begin with `qc demo`. Exit codes: `qc explain`.
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(2)
    for path in settings.find_files().passed_over:
        click.echo(
            f"{path} is not read: it lies in a folder of copies, where others may write. Move it above, or to "
            f"{settings.user_file()}.",
            err=True,
        )


def entry() -> NoReturn:
    """Run the command line and exit with one of `exits.MEANINGS`; never with 1, which a crash would give."""
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")
    # Matrices are small here: a second thread of OpenBLAS spends a processor on waiting. Read when numpy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    sys.exit(exits.code_of(lambda: main.main(prog_name="qc", standalone_mode=False)))
