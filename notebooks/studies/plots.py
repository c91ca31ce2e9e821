"""Pictures for the notebooks, with matplotlib; each function draws into axes that it is given."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image

from qc.errors import MissingProgram, ScanError
from qc.judge.policy import Rule
from qc.judge.ranking import deciding
from qc.judge.rejudge import Flip
from qc.report.evidence import Exhibit, exhibits
from studies.control import ControlChart
from studies.cost import CostCurve
from studies.curves import Characteristic, Histogram, PrecisionRecall, Rates
from studies.gauge import GaugeStudy
from studies.planted import DetectionCurve

try:
    import matplotlib.pyplot as plt
    from matplotlib.axes import Axes
except ImportError as error:
    raise MissingProgram(
        "Pictures need matplotlib, which is not installed. Install it with `pip install 'print-return-qc[notebooks]'`."
    ) from error

INK, QUIET, BAD, GOOD, DOUBT = "#20262e", "#6b7780", "#b3310f", "#14548f", "#e0a526"
"""Text, what stands back, defective, sound, needs-review."""
_FILL = 0.16
_REVIEW, _BAND = "#f7ecd0", "#efdfb0"


def style() -> None:
    """One look for all notebooks."""
    plt.rcParams.update(
        {
            "figure.dpi": 110,
            "figure.constrained_layout.use": True,
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.labelcolor": INK,
            "axes.edgecolor": QUIET,
            "xtick.color": QUIET,
            "ytick.color": QUIET,
            "text.color": INK,
            "legend.frameon": False,
            "grid.color": "#e4e8ea",
            "axes.axisbelow": True,
        }
    )


def slider(draw: Callable[[float], object], low: float, high: float, value: float, step: float, unit: str = "") -> None:
    """`draw` under a slider where there is one to drag (Jupyter with ipywidgets), once with `value` elsewhere."""
    try:
        from IPython import get_ipython
        from ipywidgets import FloatSlider, interact
    except ImportError:
        draw(value)
        return
    shell = get_ipython()
    if shell is None or not hasattr(shell, "kernel"):
        draw(value)
        return
    handle = FloatSlider(value=value, min=low, max=high, step=step, description=unit, continuous_update=False)
    interact(draw, **{next(iter(draw.__annotations__), "limit"): handle})


def zones(axes: Axes, rule: Rule, k: float, u: float, magnitude: bool = True) -> None:
    """Limits of a rule behind a horizontal axis: the review zone, the guard band ± k u about it, and both lines."""
    within, outside = rule.within.value, rule.outside.value if rule.outside else None
    low, high = sorted((within, within if outside is None else outside))
    for side in (1, -1) if rule.magnitude and not magnitude else (1,):
        axes.axvspan(side * (low - k * u), side * (high + k * u), color=_REVIEW, zorder=0, linewidth=0)
        axes.axvspan(side * low, side * high, color=_BAND, zorder=0, linewidth=0)
        axes.axvline(side * within, color=GOOD, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
        if outside is not None:
            axes.axvline(side * outside, color=BAD, linewidth=1.2, zorder=1)


def histogram(axes: Axes, counts: Histogram, rule: Rule, k: float, u: float) -> None:
    """Scores of sound and defective copies, with the limit, its guard band and the zone where a person looks."""
    zones(axes, rule, k, u)
    width, left = np.diff(counts.edges), counts.edges[:-1]
    axes.bar(left, counts.sound, width, align="edge", color=GOOD, alpha=0.75, label="persons: no defect", edgecolor="w")
    axes.bar(
        left,
        counts.defective,
        width,
        counts.sound,
        align="edge",
        color=BAD,
        alpha=0.85,
        label="persons: defect",
        edgecolor="w",
    )
    axes.set_xlabel(f"{rule.measure}, {'magnitude ' if rule.magnitude else ''}in {rule.unit}")
    axes.set_ylabel("copies")
    axes.legend(loc="upper right")


def roc(axes: Axes, rates: Rates, at: float) -> None:
    """True against false positive rate; the points are those of the limit `at`."""
    column = int(np.abs(rates.limits - at).argmin())
    axes.plot([0, 1], [0, 1], color="#d5dadd", linewidth=1)
    for (true, false), color, name, area in (
        (rates.flagged, DOUBT, "called or looked at", rates.auc_flagged),
        (rates.called, BAD, "called a defect", rates.auc_called),
    ):
        order = np.lexsort((true, false))
        axes.plot(false[order], true[order], color=color, linewidth=1.6, label=f"{name} (area {area:.3f})")
        axes.plot(false[column], true[column], "o", color=color, markersize=7, markeredgecolor="w")
    axes.set(
        xlabel="share of the sound copies", ylabel="share of the defective copies", xlim=(-0.02, 1), ylim=(0, 1.02)
    )
    axes.legend(loc="lower right")
    axes.grid(True)


def precision_recall(axes: Axes, curve: PrecisionRecall, at: float) -> None:
    """Precision against recall; the points are those of the limit `at`."""
    column = int(np.abs(curve.limits - at).argmin())
    for (precision, recall), color, name in (
        (curve.flagged, DOUBT, "called or looked at"),
        (curve.called, BAD, "called a defect"),
    ):
        axes.plot(recall, precision, color=color, linewidth=1.6, label=name)
        axes.plot(recall[column], precision[column], "o", color=color, markersize=7, markeredgecolor="w")
    axes.set(
        xlabel="recall: defective copies found",
        ylabel="precision: found copies defective",
        xlim=(0, 1.02),
        ylim=(0, 1.04),
    )
    axes.legend(loc="lower left")
    axes.grid(True)


def characteristic(axes: Axes, curve: Characteristic, unguarded: Characteristic, rule: Rule) -> None:
    """Chance of each outcome against the true value; dashed: outside, were there no guard band."""
    axes.stackplot(
        curve.true,
        curve.within,
        curve.undecided,
        curve.outside,
        colors=["#c9dcec", _BAND, "#ecc4b8"],
        labels=["within", "a person looks", "outside"],
        linewidth=0,
    )
    axes.plot(curve.true, 1 - unguarded.outside, color=INK, linewidth=1.2, linestyle=(0, (4, 2)), label="no guard band")
    for limit, color in ((rule.within, GOOD), (rule.outside, BAD)):
        if limit is not None:
            axes.axvline(limit.value, color=color, linewidth=1)
    axes.set(xlabel=f"true value in {rule.unit}", ylabel="chance", ylim=(0, 1), xlim=(curve.true[0], curve.true[-1]))
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def cost(axes: Axes, curve: CostCurve, present: float, rule: Rule, limit: float | None = None) -> None:
    """Cost of a returned copy by limit with its 95 % band, its parts, the best limit with its interval, and the present."""
    axes.axvspan(curve.best_low, curve.best_high, color="#e3efe0", zorder=0, linewidth=0)
    axes.fill_between(
        curve.limits, curve.low, curve.high, color=QUIET, alpha=_FILL, linewidth=0, label="95 % over titles"
    )
    for part, color, name in (
        (curve.wrong_refund, BAD, "wrong refunds"),
        (curve.wrong_refusal, GOOD, "wrong refusals"),
        (curve.review, DOUBT, "looks of a person"),
    ):
        axes.plot(curve.limits, part, color=color, linewidth=1.2, label=name)
    axes.plot(curve.limits, curve.cost, color=INK, linewidth=2, label="all")
    at = float(np.interp(curve.best, curve.limits, curve.cost))
    axes.plot(curve.best, at, "o", color="#3f7d33", markersize=8, markeredgecolor="w", zorder=5)
    axes.annotate(
        f"best {curve.best:.2f} {rule.unit}\n({curve.best_low:.2f} to {curve.best_high:.2f})",
        (curve.best, at),
        xytext=(0, 34),
        textcoords="offset points",
        ha="center",
        weight="bold",
        color="#3f7d33",
        arrowprops={"arrowstyle": "-", "color": "#3f7d33"},
    )
    axes.axvline(present, color=INK, linewidth=1, linestyle=(0, (4, 2)))
    axes.annotate(
        f" now {present:g}",
        (present, 1),
        xycoords=("data", "axes fraction"),
        va="top",
        color=INK,
        rotation=90,
        ha="right",
    )
    if limit is not None:
        axes.axvline(limit, color=BAD, linewidth=1.5)
    axes.set(xlabel=f"limit in {rule.unit}", ylabel="cost of a returned copy", xlim=(curve.limits[0], curve.limits[-1]))
    axes.set_ylim(bottom=0)
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def detection(axes: Axes, curve: DetectionCurve) -> None:
    """Rates of what is called and flagged against the size of a planted fault, with their 95 % intervals."""
    sizes = [d.size for d in curve.detections]
    for name, color in (("flagged", DOUBT), ("called", BAD)):
        rate = np.array([getattr(d, name) / d.trials if d.trials else np.nan for d in curve.detections])
        interval = np.array([getattr(d, f"{name}_interval") for d in curve.detections])
        bars = np.abs(interval.T - rate)
        shown = "called a defect" if name == "called" else "called or looked at"
        axes.errorbar(sizes, rate, bars, fmt="o-", color=color, markersize=5, capsize=3, elinewidth=1, label=shown)
    axes.set(xlabel=f"{curve.fault.about}, {curve.fault.unit}", ylabel="rate found", ylim=(-0.03, 1.05))
    axes.set_title(f"{curve.fault.id}: {curve.detections[0].trials} trials a size")
    axes.grid(True)
    axes.legend(loc="best")


def gauge_runs(axes: Axes, parts: Sequence[object], operators: Sequence[object], values: ArrayLike, unit: str) -> None:
    """Every value less the mean of its part, a color an operator; lines join the means."""
    found, colors = np.array(values, float), [GOOD, BAD, "#3f7d33", DOUBT, "#6a4c93"]
    names = list(dict.fromkeys(parts))
    for name in names:
        of_part = np.array([p == name for p in parts])
        found[of_part] -= found[of_part].mean()
    axes.axhline(0, color=QUIET, linewidth=0.8)
    who = list(dict.fromkeys(operators))
    for number, operator in enumerate(who):
        color = colors[number % len(colors)]
        mine = np.array([o == operator for o in operators])
        at = np.array([names.index(p) for p in parts]) + 0.16 * (number - (len(who) - 1) / 2)
        axes.plot(at[mine], found[mine], "o", color=color, markersize=4, alpha=0.7)
        means = [found[mine & np.array([p == name for p in parts])].mean() for name in names]
        axes.plot(
            np.arange(len(names)) + 0.16 * (number - (len(who) - 1) / 2),
            means,
            color=color,
            linewidth=1,
            label=operator,
        )
    axes.set_xticks(range(len(names)), [str(n) for n in names])
    axes.set(ylabel=f"deviation, {unit}")
    axes.margins(y=0.2)
    axes.legend(loc="best", ncols=len(who))


def gauge_bars(axes: Axes, study: GaugeStudy) -> None:
    """Standard deviations as shares of the total spread and, where there is one, of the tolerance (6 sigma)."""
    names = ["repeatability", "reproducibility", "gauge", "parts"]
    sigmas = np.array([study.repeatability, study.reproducibility, study.gauge, study.parts])
    shares = [(100 * sigmas / study.total, QUIET, "of the spread")]
    if study.tolerance:
        shares.append((100 * 6 * sigmas / study.tolerance, GOOD, "of the tolerance (6 sigma)"))
    height = 0.8 / len(shares)
    for number, (share, color, label) in enumerate(shares):
        rows = np.arange(4) + number * height
        bars = axes.barh(rows, share, height * 0.9, color=color, label=label)
        axes.bar_label(bars, [f"{s:.1f} %" for s in share], padding=3, color=INK)
    axes.set_yticks(np.arange(4) + 0.4 - height / 2, names)
    axes.invert_yaxis()
    axes.set_xlabel("%")
    axes.margins(x=0.15)
    axes.legend(loc="upper right")


def control(values_axes: Axes, ranges_axes: Axes, chart: ControlChart, label: str) -> None:
    """Single values with center and 3 sigma, moving ranges below; days that signal are marked."""
    days = np.arange(len(chart.values))
    low, high = chart.limits
    values_axes.axvspan(-0.5, chart.learned - 0.5, color="#eef1f3", zorder=0, linewidth=0)
    for line in (low, high):
        values_axes.axhline(line, color=BAD, linewidth=1, linestyle=(0, (4, 2)))
    values_axes.axhline(chart.center, color=QUIET, linewidth=1)
    values_axes.plot(days, chart.values, "-", color=INK, linewidth=0.8, marker="o", markersize=3)
    fired = sorted({s.day for s in chart.signals})
    values_axes.plot(fired, chart.values[fired], "o", color=BAD, markersize=7, fillstyle="none", markeredgewidth=1.5)
    if fired:
        first = chart.signals[0]
        values_axes.annotate(
            f"day {first.day}: {first.rule}", (first.day, chart.values[first.day]), xytext=(-8, 24), ha="right",
            textcoords="offset points", color=BAD, weight="bold", arrowprops={"arrowstyle": "->", "color": BAD},
        )  # fmt: skip
    values_axes.set_ylabel(label)
    ranges_axes.plot(days[1:], chart.ranges, color=QUIET, linewidth=0.8, marker="o", markersize=2.5)
    ranges_axes.axhline(chart.range_limit, color=BAD, linewidth=1, linestyle=(0, (4, 2)))
    ranges_axes.set(xlabel="day", ylabel="moving range")
    ranges_axes.set_ylim(bottom=0)


def pair_matrix(axes: Axes, names: Sequence[str], values: ArrayLike, label: str) -> Any:
    """Differences of every two as a matrix with their numbers; NaN is left blank."""
    table = np.asarray(values, float)
    image = axes.imshow(table, cmap="YlOrBr", vmin=0)
    top = float(np.nanmax(table)) if np.isfinite(table).any() else 1.0
    for (row, column), value in np.ndenumerate(table):
        if np.isfinite(value):
            axes.text(column, row, f"{value:.1f}", ha="center", va="center", color="w" if value > 0.6 * top else INK)
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    axes.spines[:].set_visible(False)
    axes.set_title(label)
    return image


def judged_values(axes: Axes, rows: Sequence[tuple[str, float, float]], rule: Rule, k: float) -> None:
    """Values with ± U on a line against the limits of a rule, signed; one row each of name, value, u."""
    u = max(u for _, _, u in rows)
    zones(axes, rule, k, u, magnitude=False)
    far = max([abs(v) + 3 * k * s for _, v, s in rows] + [1.3 * (rule.outside or rule.within).value])
    for row, (_, value, own) in enumerate(rows):
        grade = rule.outcome(value, own, k)
        color = {"within": GOOD, "outside": BAD}.get(str(grade), DOUBT)
        axes.errorbar([value], [row], xerr=[[k * own], [k * own]], fmt="D", color=color, markersize=7, capsize=4)
        axes.text(
            value,
            row - 0.22,
            f"{value:+.2f} ± {k * own:.2f}  {grade}",
            ha="center",
            va="bottom",
            color=color,
            weight="bold",
        )
    axes.set(xlim=(-far, far), ylim=(len(rows) - 0.5, -0.7), xlabel=f"{rule.measure} in {rule.unit}")
    axes.set_yticks(range(len(rows)), [name for name, _, _ in rows])
    axes.tick_params(axis="y", length=0, labelcolor=INK)
    axes.spines["left"].set_visible(False)


def crops(changed: Sequence[Flip], most: int = 6) -> int:
    """The place in the scans that each changed verdict rests on, in one figure.

    Returns
    -------
    int
        Copies shown; those whose scans are not where they were inspected are left out, and without any there is no figure.
    """
    shown = []
    for change in changed:
        standing = change.after if deciding(change.after) else change.before
        try:
            found = exhibits(standing, None, 1)
        except (ScanError, OSError):
            continue
        if found:
            shown.append((change, found[0]))
        if len(shown) == most:
            break
    if not shown:
        print(f"no pictures: the scans of these {len(changed)} copies are not where they were inspected")
        return 0
    columns = min(3, len(shown))
    rows = -(-len(shown) // columns)
    _, grid = plt.subplots(rows, columns, figsize=(9.5, 3.0 * rows), squeeze=False)
    for axes in grid.ravel():
        axes.set_axis_off()
    for axes, (change, exhibit) in zip(grid.ravel(), shown, strict=False):
        printed = next((p for p in exhibit.pictures if p.look == "found"), exhibit.pictures[0])
        axes.imshow(Image.open(io.BytesIO(printed.webp)))
        axes.set_title(
            f"{change.after.copy.id}\n{change.before.verdict.outcome} → {change.after.verdict.outcome}", fontsize=8
        )
        _marked(axes, exhibit)
    return len(shown)


def _marked(axes: Axes, exhibit: Exhibit) -> None:
    """Trim line and cut edge over a picture."""
    if exhibit.box_mm is None:
        return
    left, top, right, _ = exhibit.box_mm
    scale = axes.images[0].get_size()[1] / (right - left)
    for segment, color, dashes in ((exhibit.marks.trim, "#6fb1e8", (0, (4, 2))), (exhibit.marks.cut, BAD, "-")):
        if segment is not None:
            x, y = ((np.array(segment) - (left, top)) * scale).T
            axes.plot(x, y, color=color, linestyle=dashes, linewidth=1.4, scalex=False, scaley=False)
