"""The comparison on the terminal: a table of the pairs, then which copy stands apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from qc.compare.compare import Comparison
from qc.compare.conclusions import GRAVITY, Conclusion
from qc.flags import Flag
from qc.geometry import Edge
from qc.measure.color_difference import paper_difference
from qc.measure.copy_color import CopyColorDetail, MostShifted, copy_color_difference, copy_color_outlier
from qc.measure.copy_position import copy_position_difference
from qc.model import FindingOutcome, Observation
from qc.report import words
from qc.report.text import LABEL, OUTCOME_STYLE, say_beside

EDGES = (Edge.HEAD, Edge.FORE_EDGE, Edge.TAIL, Edge.SPINE)
_GAP = 2
_LEAST_NEEDED = ("paper", Edge.SPINE, Edge.TAIL, Edge.HEAD, "color", Edge.FORE_EDGE)
_LAYOUTS = tuple((narrow, _LEAST_NEEDED[:n]) for narrow, first in ((False, (0, 1, 2)), (True, range(7))) for n in first)
"""How the table is laid out, the first that fits: cells in one line or narrow, and the columns that are left out."""


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
    made = []
    for pair in combinations(comparison.copies, 2):
        own = [o for o in overall if o.where.copies == pair]
        cuts = {o.where.edge: o for o in own if o.measure == copy_position_difference.id}
        color, paper = (
            next((o for o in own if o.measure == m), None) for m in (copy_color_difference.id, paper_difference.id)
        )
        outcomes = [f.outcome for f in comparison.findings if f.where.copies == pair]
        gravest = min(outcomes, key=GRAVITY.index) if outcomes else None
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
    """Print what was found between copies; the last lines say which ones stand apart in what, or that none does.

    Parameters
    ----------
    comparison : Comparison
    k : float
        Coverage factor of the policy; every uncertainty is printed as U = k·u.
    report_path : str or None
        Where the HTML was written.
    console : rich.console.Console
        On a terminal all fits its width, words whole; elsewhere a line is a line.
    """

    def say(label: str, text: str, label_style: str = "dim", style: str = "") -> None:
        say_beside(console, label, words.one_line(text), label_style, style)

    say("Compared", " · ".join(comparison.copies))
    columns = _columns(comparison, k)
    shown = _fitting(columns, console.width) if console.is_terminal else columns
    console.print(_table(shown, rows(comparison)), crop=False, no_wrap=True)
    if left_out := [str(name) for name in columns if name not in shown]:
        say("", f"left out, as the terminal is narrow: {', '.join(left_out)}")
    say("", "cut: + further out, − deeper, against the print; color: mean of printed tiles, each copy on its own paper")
    for o in outliers(comparison):
        say("Color of", f"{o.where.copy}: {_from_the_median(o, k)}")
    pairs = [row for row in rows(comparison) if row.color and row.color.value is not None]
    if pairs:
        most = max(pairs, key=lambda row: (row.color.value if row.color else None) or 0.0)
        assert most.color is not None
        say("Color most", f"{most.pair[1]} – {most.pair[0]}: {color_words(most.color)}")
        say("Color usual", usual(most.color))
    for note in comparison.notes:
        say("Note", note)
    if report_path:
        console.print(Text.assemble((f"{'Report':<{LABEL}}", "dim"), words.one_line(report_path)), soft_wrap=True)
    for c in comparison.conclusions:
        say(_marked(c.outcome), c.sentence, OUTCOME_STYLE.get(c.outcome, ""), "bold")


def _marked(outcome: FindingOutcome) -> str:
    return f"{words.MARK[outcome]} {words.OUTCOME[outcome]}"


def conclusion_line(conclusion: Conclusion) -> str:
    """A conclusion with its mark, in one line."""
    return f"{_marked(conclusion.outcome)} {conclusion.sentence}"


def _from_the_median(outlier: Observation, k: float) -> str:
    if outlier.value is None:
        return f"not compared, {cell(outlier, k)}"
    others = CopyColorDetail.of(outlier).population
    beside = "" if others is None else f"; the others among themselves {others:.1f}"
    return f"{cell(outlier, k)} from the median of the copies{beside}"


@dataclass(frozen=True)
class _Column:
    header: str
    cells: list[str]
    right: bool = True

    @property
    def width(self) -> int:
        return max(cell_len(line) for text in (self.header, *self.cells) for line in text.split("\n"))

    def narrow(self) -> _Column:
        """With the parts of its cells below each other."""
        return _Column(
            self.header, [text.replace(" ± ", "\n± ").replace(" – ", " –\n") for text in self.cells], self.right
        )


def _table(shown: Mapping[str, _Column], pairs: Sequence[Row]) -> Table:
    """The columns of the pairs, as wide as they are: a long id is never cut."""
    whole = _total(shown.values())
    made = Table(box=None, pad_edge=False, padding=(0, _GAP, 0, 0), header_style="dim", width=whole)
    for column in shown.values():
        made.add_column(column.header, justify="right" if column.right else "left", no_wrap=True)
    for n, row in enumerate(pairs):
        style = OUTCOME_STYLE.get(row.outcome, "") if row.outcome else ""
        made.add_row(*(Text(c.cells[n], style if name == "finding" else "") for name, c in shown.items()))
    return made


def _columns(comparison: Comparison, k: float) -> dict[str, _Column]:
    """The columns of the table by name, the finding beside the pair."""
    pairs = rows(comparison)
    made = {
        "pair": _Column("second – first", [words.one_line(f"{r.pair[1]} – {r.pair[0]}") for r in pairs], right=False),
        "finding": _Column("finding", [words.OUTCOME[r.outcome] if r.outcome else "" for r in pairs], right=False),
    }
    for n, edge in enumerate(EDGES):
        bench = edge is Edge.SPINE and bench_cut(comparison)
        made[edge] = _Column(f"{edge}{' (bench)' if bench else ''}\nmm", [_bare(r.cuts[n], k) for r in pairs])
    made["color"] = _Column("color\nΔE00", [_bare(r.color, k) for r in pairs])
    made["paper"] = _Column("paper\nΔE00", [_bare(r.paper, k) for r in pairs])
    return made


def _bare(observation: Observation | None, k: float) -> str:
    """A cell without its unit, which the header says; the words for why there is none below each other."""
    text = cell(observation, k)
    if observation is None or observation.value is None:
        return text.replace(" ", "\n")
    return text.removesuffix(f" {words.UNIT.get(observation.unit, observation.unit)}")


def _fitting(columns: Mapping[str, _Column], width: int) -> dict[str, _Column]:
    """Those of the columns that fit on a terminal, words whole.

    Paper and spine are left out first; then the parts of a cell stand below each other; then the other cuts and the color go.
    """
    for narrow, leave_out in _LAYOUTS:
        shown = {n: c.narrow() if narrow else c for n, c in columns.items() if n not in leave_out}
        if _total(shown.values()) <= width:
            break
    return shown


def _total(columns: Collection[_Column]) -> int:
    return sum(c.width for c in columns) + _GAP * len(columns)


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
