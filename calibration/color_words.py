"""The color part of a profile in words: what it is worth, and what may be concluded with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from qc.scan.scanner_color import ScannerColor

ALLOWS = {
    "A": "differences to the reference may be judged",
    "B": "differences to the reference are measured with this wider u; copies of one scanner are compared as before",
    "C": "not used for the reference: only copies from this scanner are compared with each other",
}
_MATERIAL = {"press": "press and paper of the books", "photo": "photographic or other paper", "paint": "paint"}


def color_words(color: ScannerColor, table: Mapping[str, Any], today: date) -> Iterator[tuple[str, str]]:
    """Label and text of each line."""
    late = f"EXPIRED on {color.expires}" if today > color.expires else f"expires {color.expires}"
    yield "color", f"grade {color.grade}, {late}: {ALLOWS[color.grade]}"
    yield (
        "color error",
        f"dE00 {color.held_out_mean:.2f} mean, {color.held_out_p95:.2f} p95, {table['held_out_max']:.2f} worst on patches held "
        f"out; {table['fitted']} of {table['patches']} fitted; u {color.u:.2f} on a page, glare included",
    )
    parts = [f"{table['chart']} of {_MATERIAL.get(table['material'], table['material'])}"]
    parts += [f"{key} {table[key]}" for key in ("charge", "backing", "mode") if table.get(key)]
    yield "color chart", ", ".join(parts)
