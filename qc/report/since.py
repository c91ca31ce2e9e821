"""What came after an inspection, in its report: a block between two markers; nothing else of the file changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from markupsafe import escape

from qc.errors import OutputError
from qc.report.files import write_text
from qc.report.words import clean

BEGIN, END = "<!-- since -->", "<!-- /since -->"
"""Where the block stands in a report; what others wrote is escaped there, so nobody else writes these."""


def write_since(report: Path, lines: Sequence[str], ticket: str = "") -> None:
    """Say `lines`, sentences in plain text, at the head of a report in the place of what was said before; none empties it.

    A `ticket`, the sentence that follows from a decision or a saved judging, stands in the place of that of the inspection, and
    of its refund and next step.

    A report that is gone, or of a qc that had no markers, is left alone.

    Raises
    ------
    OutputError
        The report cannot be read or written.
    """
    try:
        page = report.read_text("utf-8")
    except FileNotFoundError:
        return
    except (OSError, UnicodeDecodeError) as fault:
        raise OutputError(f"{report} cannot be read ({fault}), so it does not say what was decided.") from fault
    now = with_since(page, lines, ticket)
    if now != page:
        write_text(now, report)


def with_since(page: str, lines: Sequence[str], ticket: str = "") -> str:
    """The text of a report with `lines` and a `ticket`, in plain text, at its head; as it is where it has no markers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        return page
    said = "".join(f"<p>{escape(clean(line))}</p>" for line in lines)
    if ticket:
        said += (
            f'<h2>Ticket <small>one click selects the sentence</small></h2><p class="paste">{escape(clean(ticket))}</p>'
            '<p class="small soft">Below stands the report of the inspection, as it was then.</p>'
        )
    kind = "since decided" if ticket else "since"
    block = f'<section class="{kind}" aria-label="Since then">{said}</section>' if said else ""
    return f"{before}{begin}{block}{end}{after}"
