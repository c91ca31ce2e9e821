"""The comparison as one self-contained file: the pairs, and each edge page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from qc.compare.compare import Comparison
from qc.judge.clause import cite
from qc.measure.copy_color import CopyColorDetail, copy_color_difference
from qc.measure.copy_position import copy_position_difference
from qc.model import FindingOutcome, Observation
from qc.report import words
from qc.report.bullet_graph import limit_of
from qc.report.color_picture import BETWEEN_COPIES, Captions, ColorPicture, color_picture
from qc.report.comparison_pictures import SideBySide
from qc.report.comparison_text import EDGES, bench_cut, cell, color_words, outliers, rows, usual
from qc.report.environment import environment
from qc.report.files import write_text

PANEL = (300.0, 120.0)
COLORS = ("#14568a", "#a8320a", "#2f6b1f", "#735200", "#5b3a8c", "#5a5f66")
_PAD = 10.0


@dataclass(frozen=True)
class Point:
    """A copy on a page: center and the ends of its bar ± U."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Series:
    """A copy in a panel; `missing` are the x of pages without a value."""

    copy: str
    color: str
    points: tuple[Point, ...]
    missing: tuple[float, ...]


@dataclass(frozen=True)
class Panel:
    """One quantity over the pages of the base, in a drawing of size `PANEL`; 0 is the base copy."""

    title: str
    unit: str
    series: tuple[Series, ...]
    zero: float
    top: float
    first: int
    last: int


def panels(comparison: Comparison, k: float) -> tuple[Panel, ...]:
    """Each edge, all to one scale, and the color: every other copy against the base, page by page."""
    against = [o for o in comparison.observations if o.where.page and comparison.base in (o.where.copies or ())]
    numbers = [o.where.page or 0 for o in against]
    if not numbers:
        return ()
    first, last = min(numbers), max(numbers)
    cuts = [o for o in against if o.measure == copy_position_difference.id]
    colors = [o for o in against if o.measure == copy_color_difference.id]
    reach = max((abs(o.value) + k * (o.u or 0.0) for o in cuts if o.value is not None), default=0.0)
    made = []
    for edge in EDGES:
        own = [o for o in cuts if o.where.edge is edge]
        title = f"{edge} (bench cut)" if edge == "spine" and bench_cut(comparison) else str(edge)
        made.append(_panel(title, own, comparison, k, (-1.1 * reach, 1.1 * reach), (first, last)))
    most = max((o.value + k * (o.u or 0.0) for o in colors if o.value is not None), default=0.0)
    made.append(_panel("color", colors, comparison, k, (0.0, 1.1 * most), (first, last)))
    return tuple(p for p in made if any(s.points for s in p.series))


def _panel(
    title: str,
    observations: Sequence[Observation],
    comparison: Comparison,
    k: float,
    span: tuple[float, float],
    pages: tuple[int, int],
) -> Panel:
    width, height = PANEL
    bottom, top = span if span[1] > span[0] else (-1.0, 1.0)
    others = [c for c in comparison.copies if c != comparison.base]
    step = (width - 2 * _PAD) / (pages[1] - pages[0] + 1)

    def y(value: float) -> float:
        return (top - value) / (top - bottom) * height

    series = []
    for at, copy in enumerate(others):
        points, missing = [], []
        for o in observations:
            if copy not in (o.where.copies or ()) or o.where.page is None:
                continue
            x = _PAD + (o.where.page - pages[0] + (at + 1) / (len(others) + 1)) * step
            if o.value is None:
                missing.append(x)
                continue
            # The pair may be named the other way round; a color difference has no sign.
            away = o.measure == copy_position_difference.id and o.where.copies == (copy, comparison.base)
            value, half = -o.value if away else o.value, k * (o.u or 0.0)
            points.append(Point(x, y(value), y(max(value - half, bottom)), y(value + half)))
        series.append(Series(copy, _color(comparison, copy), tuple(points), tuple(missing)))
    unit = "ΔE00" if title == "color" else "mm"
    return Panel(title, unit, tuple(series), y(0.0), top, pages[0], pages[1])


def _color(comparison: Comparison, copy: str) -> str:
    return COLORS[comparison.copies.index(copy) % len(COLORS)]


def worst_picture(comparison: Comparison) -> ColorPicture | None:
    """The pair and page whose colors differ most; None where no colors were compared."""
    worst = comparison.worst
    if worst is None:
        return None
    within = next((f.within for f in comparison.findings if f.measure == copy_color_difference.id), "")
    limit = limit_of(within)
    captions = Captions(f"page {worst.page}", *worst.copies)
    return color_picture(worst.tiles, captions, top=BETWEEN_COPIES, limit=limit.value if limit else None)


def render(comparison: Comparison, beside: Sequence[SideBySide] = (), *, k: float) -> str:
    """HTML text; what comes from names and policies is escaped.

    Parameters
    ----------
    comparison : Comparison
    beside : sequence of SideBySide
        Pictures of where copies stand apart.
    k : float
        Coverage factor of the policy; every uncertainty is printed as U = k·u.
    """
    template = environment().get_template("comparison.html")
    page = template.render(
        c=comparison,
        beside=beside,
        k=k,
        rows=rows(comparison),
        edges=EDGES,
        bench=bench_cut(comparison),
        outliers=outliers(comparison),
        usual=next((usual(r.color) for r in rows(comparison) if r.color and r.color.value is not None), ""),
        panels=panels(comparison, k),
        picture=worst_picture(comparison),
        size=PANEL,
        colors={copy: _color(comparison, copy) for copy in comparison.copies},
        clauses=list(
            dict.fromkeys((f.rule, f.within, cite(f.clause, f.verbatim), f.source) for f in comparison.findings)
        ),
        tone=_tone(comparison),
        words=words,
        cell=cell,
        color_words=color_words,
        detail=CopyColorDetail.of,
    )
    return words.clean(page)


def write(comparison: Comparison, beside: Sequence[SideBySide], path: Path, *, k: float) -> None:
    """Render to `path`, making folders; an older file is replaced only by a complete new one.

    Raises
    ------
    OutputError
        The folder or file cannot be written.
    """
    write_text(render(comparison, beside, k=k), path)


def _tone(comparison: Comparison) -> str:
    outcomes = {f.outcome for f in comparison.findings}
    if FindingOutcome.OUTSIDE in outcomes:
        return "defect"
    return "needs-review" if FindingOutcome.UNDECIDED in outcomes else "no-defect"
