"""The comparison on the terminal: a table of the pairs, then which copy stands apart."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from qc.compare.compare import Comparison
from qc.flags import Flag
from qc.geometry import Edge
from qc.measure.color_difference import paper_difference
from qc.measure.copy_color import CopyColorDetail, MostShifted, copy_color_difference, copy_color_outlier
from qc.measure.copy_position import copy_position_difference
from qc.model import FindingOutcome, Observation
from qc.report import words

EDGES = (Edge.HEAD, Edge.FORE_EDGE, Edge.TAIL, Edge.SPINE)


@dataclass(frozen=True)
class Row:
    """A pair of copies: its cut at each of `EDGES`, the colors of its print and paper, and the gravest finding."""

    pair: tuple[str, str]
    cuts: tuple[Observation | None, ...]
    color: Observation | None
    paper: Observation | None
    outcome: FindingOutcome | None


def rows(comparison: Comparison) -> list[Row]:
    """What was measured over all pages, pair by pair."""
    overall = [o for o in comparison.observations if o.where.page is None]
    gravity = (FindingOutcome.OUTSIDE, FindingOutcome.UNDECIDED, FindingOutcome.WITHIN, FindingOutcome.NOT_JUDGED)
    made = []
    for pair in combinations(comparison.copies, 2):
        own = [o for o in overall if o.where.copies == pair]
        cuts = {o.where.edge: o for o in own if o.measure == copy_position_difference.id}
        color, paper = (
            next((o for o in own if o.measure == m), None) for m in (copy_color_difference.id, paper_difference.id)
        )
        outcomes = [f.outcome for f in comparison.findings if f.where.copies == pair]
        gravest = min(outcomes, key=gravity.index) if outcomes else None
        made.append(Row(pair, tuple(cuts.get(e) for e in EDGES), color, paper, gravest))
    return made


def cell(observation: Observation | None, k: float) -> str:
    """Value ± U, or the word for why there is none."""
    if observation is None:
        return "–"
    if observation.value is None:
        return next((f for f in observation.flags if f != Flag.BENCH_CUT), "not measured").replace("-", " ")
    return words.measured(observation.value, observation.u, observation.unit, k)


def summary(comparison: Comparison, *, k: float, report_path: str | None, console: Console) -> None:
    """Print what was found between copies; the last line says which one differs, or that they agree.

    Parameters
    ----------
    comparison : Comparison
    k : float
        Coverage factor of the policy; every uncertainty is printed as U = k·u.
    report_path : str or None
        Where the HTML was written.
    console : rich.console.Console
    """

    def say(label: str, text: str) -> None:
        console.print(Text.assemble((f"{label:<13}", "dim"), words.one_line(text)), soft_wrap=True)

    console.print(Text(words.one_line("Compared: " + " · ".join(comparison.copies))), soft_wrap=True)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    table.add_column("second against first", overflow="fold")
    for edge in EDGES:
        bench = edge is Edge.SPINE and bench_cut(comparison)
        table.add_column("spine (bench)" if bench else str(edge), justify="right")
    table.add_column("color", justify="right")
    table.add_column("paper", justify="right")
    table.add_column("finding", no_wrap=True)
    for row in rows(comparison):
        table.add_row(
            Text(words.one_line(f"{row.pair[1]} – {row.pair[0]}")),
            *(Text(cell(o, k)) for o in row.cuts),
            Text(cell(row.color, k)),
            Text(cell(row.paper, k)),
            Text(words.OUTCOME[row.outcome] if row.outcome else ""),
        )
    console.print(table)
    say("", "cut: + further out, − deeper, against the print; color: mean of printed tiles, each copy on its own paper")
    for o in outliers(comparison):
        others = CopyColorDetail.of(o).population
        beside = "" if others is None else f"; the others among themselves {others:.1f}"
        say("Color of", f"{o.where.copy}: {cell(o, k)} from the median of the copies{beside}")
    pairs = [row for row in rows(comparison) if row.color and row.color.value is not None]
    if pairs:
        most = max(pairs, key=lambda row: (row.color.value if row.color else None) or 0.0)
        assert most.color is not None
        say("Color most", f"{most.pair[1]} – {most.pair[0]}: {color_words(most.color)}")
        say("Color usual", usual(most.color))
    for note in comparison.notes:
        say("Note", note)
    if report_path:
        say("Report", report_path)
    console.print(Text(words.one_line(comparison.conclusion), style="bold"), soft_wrap=True)


def outliers(comparison: Comparison) -> list[Observation]:
    """Color of each copy against the median of all, over all pages."""
    return [o for o in comparison.observations if o.measure == copy_color_outlier.id and o.where.page is None]


def color_words(color: Observation) -> str:
    """How a pair or a copy differs in color: its signed parts, the 95th percentile, and where it differs most."""
    d = CopyColorDetail.of(color)
    said = f"{parts(d)}; 95 % of tiles below {d.p95:.1f} ΔE00; most on page {d.max_page} ({d.max:.1f})"
    if d.max_region is None:
        return said
    region = MostShifted.read(d.max_region)
    left, top, right, bottom = region.box_mm
    return f"{said}, {region.place}, x {left:.0f}–{right:.0f} y {top:.0f}–{bottom:.0f} mm: {region.dE00:.1f} ({parts(region)})"


def parts(shift: CopyColorDetail | MostShifted) -> str:
    """Signed shift as ``"L* −1.2, C* +0.4, hue +3°"``; hue is left out where little is colored."""
    said = f"L* {shift.dL:+.1f}, C* {shift.dC:+.1f}"
    if shift.dh is not None:
        said += f", hue {shift.dh:+.0f}°"
    return said.replace("-", "−")


def usual(color: Observation) -> str:
    """Yardsticks of the difference: the scanner's repeatability and the spread of the copies."""
    d = CopyColorDetail.of(color)
    said = f"two scans of one page differ by {d.repeatability:.2f} ΔE00 ({d.repeatability_from})"
    if d.population_median is not None:
        said += f"; pairs of these copies by {d.population_median:.1f}, at most {d.population_max:.1f}"
    return said


def bench_cut(comparison: Comparison) -> bool:
    """Whether the spine edges were cut to scan the sheets."""
    return any(Flag.BENCH_CUT in o.flags for o in comparison.observations)
