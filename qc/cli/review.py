"""`qc review`: a local page to look at copies and decide, by keyboard and scan gun."""

from __future__ import annotations

import secrets
import webbrowser
from pathlib import Path
from threading import Timer

import click

from qc.batch.store import Store
from qc.cli import exits, options
from qc.errors import MissingProgram, UsageError, one_line


@click.command()
@options.store
@options.by_if_known
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Port on 127.0.0.1; a free one if left out."
)
@click.option("--no-browser", is_flag=True, help="Print the address and open nothing.")
def review(store: Path, person: str, port: int, no_browser: bool) -> int:
    """Open a page of what needs a person, copy after copy: pictures first, one or two keys a decision.

    The page is reached from this machine only, at the address that is printed. It decides as `qc decide` does: every decision is a
    row, and undo takes it back. Another person may have a page of their own on the same store. End it with Ctrl-C.

    \b
    Example:
      qc review --store qc.db --by "A. Mueller"

    Exit code: 0; 2 if there is no such store or the port is taken; 6 if Flask and waitress are not installed.
    """
    try:
        from waitress import create_server

        from qc.review.door import Door
        from qc.review.renewal import Renewal
        from qc.review.server import make_app
    except ModuleNotFoundError as missing:
        raise MissingProgram(
            f"The page needs {missing.name}, which is not installed: `pip install 'print-return-qc[review]'`."
        ) from missing
    with Store(store):
        pass  # whether it can be used is said now
    renewal = Renewal(store)
    token = secrets.token_urlsafe(24)
    door = Door(make_app(store, one_line(person).strip(), renewal), token)
    try:
        server = create_server(door, host="127.0.0.1", port=port, threads=6)
    except OSError as fault:
        raise UsageError(f"Port {port} cannot be used ({fault.strerror}). Choose another with --port.") from fault
    address = f"http://127.0.0.1:{server.effective_port}/{token}/"
    click.echo(address)
    click.echo("Press Ctrl-C to end.", err=True)
    if not no_browser:
        Timer(0.1, webbrowser.open, [address]).start()
    server.run()  # until Ctrl-C
    for fault_said in renewal.end():
        exits.say(f"It is stored, but not everything shows it: {fault_said}")
    click.echo(_tally(store), err=True)
    return 0


def _tally(path: Path) -> str:
    from qc.review.queue import load_queue

    with Store(path) as store:
        now = load_queue(store).progress
    return f"{now['decided']} of {now['total']} copies are decided, {now['needs']} need a person."
