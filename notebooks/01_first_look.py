# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Was RMA-10482 cut too deep?
#
# A reader sent the copy back: the outer margin looks too narrow. This page follows it from the scans to the verdict,
# one stage at a time, each as a picture: **scan → match → register → measure → judge**. It reads `samples/` only, and ends in
# the sentence of the policy that decides.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from qc.geometry import Edge, edge_names
from qc.judge.policy import load_policy
from qc.model import FindingOutcome, VerdictOutcome
from qc.pipeline import inspect_copy
from qc.reference.find import find_reference
from qc.report.crops import upright_crop
from qc.scan.copy_folder import open_copy
from qc.scan.image_file import read_pixels
from qc.units import px_per_mm
from studies import plots

INK, PAPER_LEFT, CUT, TRIM = plots.INK, plots.QUIET, plots.BAD, plots.GOOD
plots.style()

samples = next(p / "samples" for p in (Path.cwd(), *Path.cwd().parents) if (p / "samples" / "titles").is_dir())
copy = open_copy(samples / "returns" / "RMA-10482")
reference, note = find_reference(copy, None, samples / "titles")
policy = load_policy("kdp")
assert reference is not None, note
inspection = inspect_copy(copy, reference, policy)
print(f"{copy.id}: {len(copy.pages)} scans of {copy.title}, ordered at {reference.trim.width_mm:g} x", end=" ")
print(f"{reference.trim.height_mm:g} mm")

# %% [markdown]
# ## Scan and match
#
# Every scan was turned upright and found in the ordered PDF by what it shows, not by its name. What it was taken for
# stands under it; a page that nothing was made of would say so here.

# %%
columns = 7
figure, grid = plt.subplots(-(-len(copy.pages) // columns), columns, figsize=(9.5, 4.4))
for axes in grid.ravel():
    axes.set_axis_off()
for axes, record, page_scan in zip(grid.ravel(), inspection.pages, copy.pages, strict=False):
    axes.imshow(read_pixels(page_scan, 4), cmap="gray")
    place = f"page {record.reference_page}" if record.reference_page else "no page"
    axes.set_title(f"{place}, {record.kind}", fontsize=7.5, weight="normal", loc="center")
figure.suptitle(f"{len(copy.pages)} scans of {reference.pages} pages ordered", x=0.01, ha="left", weight="bold")
plt.show()

# %% [markdown]
# ## Register
#
# The print of each page was laid over what was ordered. That gives a map from
# millimeters of the ordered page to pixels of the scan, so the **trim line** (where the cut should be, dashed) can be
# drawn into the scan. The **cut edge** (solid) is where paper meets the black backing.

# %%
position = 4
page = inspection.pages[position - 1]
scan = read_pixels(copy.pages[position - 1])
assert page.to_scan is not None and page.side is not None
trim_px = page.to_scan(reference.trim.corners())
edges = {o.where.edge: o for o in inspection.observations if o.measure == "trim-offset" and o.where.page == position}

figure, axes = plt.subplots(figsize=(5.2, 7.2))
axes.imshow(scan, cmap="gray")
axes.plot(*np.vstack([trim_px, trim_px[:1]]).T, color=TRIM, linestyle=(0, (5, 3)), linewidth=1.2, label="trim line")
for edge in edge_names(page.side):
    if edges[edge].value is not None:
        cut_px = page.to_scan(edges[edge].detail["cut_mm"])
        axes.plot(*cut_px.T, color=CUT, linewidth=1.2, label="cut edge" if edge is Edge.HEAD else None)
fore = page.to_scan([[0 if page.side == "verso" else reference.trim.width_mm, 0.5 * reference.trim.height_mm]])[0]
axes.annotate(
    f"fore-edge\n{edges[Edge.FORE_EDGE].value:+.2f} mm",
    fore,
    xytext=(60, 0),
    textcoords="offset points",
    va="center",
    color="white",
    arrowprops={"arrowstyle": "->", "color": "white"},
    bbox={"boxstyle": "round", "facecolor": INK, "edgecolor": "none"},
)
axes.set_axis_off()
axes.set_title(f"{page.file}: reference page {page.reference_page}, a {page.side}")
axes.legend(loc="lower center", bbox_to_anchor=(0.5, -0.05), ncols=2, frameon=False)
plt.show()

# %% [markdown]
# Close up, beside the same place as ordered. The print lies in the same place in both, which is what makes the
# difference at the fore-edge a matter of the knife and not of the scanner.

# %%
width = reference.trim.width_mm
middle = 0.45 * reference.trim.height_mm
box = (
    (-8.0, middle - 15, 32.0, middle + 15)
    if page.side == "verso"
    else (width - 32, middle - 15, width + 8, middle + 15)
)
line = 0.0 if page.side == "verso" else width
dpi = 300.0
ordered = reference.crop(page.reference_page, box, dpi)
returned = upright_crop(scan, page.to_scan, box, px_per_mm(dpi))
cut_at = float(np.mean([x for x, _ in edges[Edge.FORE_EDGE].detail["cut_mm"]]))

figure, both = plt.subplots(1, 2, figsize=(9.5, 3.9), sharey=True)
for axes, picture, title in zip(both, (ordered, returned), ("as ordered", "as returned"), strict=True):
    axes.imshow(picture, extent=(box[0], box[2], box[3], box[1]))
    axes.axvline(line, color=TRIM, linestyle=(0, (5, 3)), linewidth=1.5)
    axes.set_title(title)
    axes.set_xlabel("mm from the left trim line")
both[0].text(line, box[1] + 2, " trim line ", color=TRIM, ha="left" if page.side == "recto" else "right")
both[1].axvline(cut_at, color=CUT, linewidth=1.5)
both[1].annotate("", (cut_at, middle), (line, middle), arrowprops={"arrowstyle": "<->", "color": CUT, "linewidth": 1.5})
both[1].text(line, middle + 2.5, f"{abs(cut_at - line):.2f} mm", color="white", ha="center", weight="bold")
plt.show()

# %% [markdown]
# ## Measure
#
# One page proves little: the press places the print of each page a little differently. The block, though, is cut as
# one. So the offsets of all pages go together, and their scatter enters the uncertainty. Bars are ± 2 *u*; the gray
# band is what the policy calls expected variance.

# %%
rule = policy.rule("trim-offset-block")
limit = rule.outside.value
block = {o.where.edge: o for o in inspection.observations if o.measure == "trim-offset-block"}

figure, axes = plt.subplots(figsize=(9.5, 4.2))
axes.axhspan(-limit, limit, color="#dfe5e8", zorder=0)
axes.axhline(0, color=TRIM, linestyle=(0, (5, 3)), linewidth=1)
places = (Edge.HEAD, Edge.TAIL, Edge.FORE_EDGE)
for column, edge in enumerate(places):
    measured = [o for o in inspection.observations if o.measure == "trim-offset" and o.where.edge == edge and o.value]
    x = column + np.linspace(-0.3, 0.12, len(measured))
    values, u = np.array([o.value for o in measured]), np.array([o.u for o in measured])
    axes.errorbar(x, values, 2 * u, fmt="o", markersize=3.5, color=PAPER_LEFT, elinewidth=1, zorder=2)
    at = block[edge]
    color = CUT if abs(at.value) > limit else TRIM
    axes.errorbar([column + 0.26], [at.value], [2 * at.u], fmt="D", markersize=6, color=color, capsize=4, zorder=3)
    axes.text(column + 0.32, at.value, f"{at.value:+.2f} ± {2 * at.u:.2f}", color=color, va="center", weight="bold")
axes.text(2.62, limit - 0.1, f"limit {limit:g} mm", color=PAPER_LEFT, ha="right", va="top")
axes.set_xticks(range(3), [str(e) for e in places])
axes.set_xlim(-0.5, 2.65)
axes.set_ylabel("trim offset in mm\n> 0: paper left over; < 0: cut too deep")
axes.set_title("Dots: pages. Diamonds: the block.")
plt.show()

# %% [markdown]
# ## Judge
#
# The fore-edge lies outside, and so does the whole interval value ± 2 *u*. That is what makes it a defect and not a
# matter for review.

# %%
findings = {f.where.edge: f for f in inspection.findings if f.rule == "trim-offset-block"}
worst = findings[Edge.FORE_EDGE]
figure, axes = plt.subplots(figsize=(9.5, 2.8))
plots.judged_values(axes, [(str(e), findings[e].value, findings[e].u) for e in places], rule, policy.k)
axes.set_title("Value ± U against within (dashed) and outside (solid)")
plt.show()

assert worst.value is not None and worst.u is not None
assert worst.outcome is FindingOutcome.OUTSIDE and abs(worst.value) - policy.k * worst.u > limit
assert -3.9 < worst.value < -3.3
assert findings[Edge.HEAD].outcome is findings[Edge.TAIL].outcome is FindingOutcome.WITHIN
assert inspection.verdict.outcome is VerdictOutcome.DEFECT
assert inspection.refund.outcome == "eligible"

print(f"Verdict  {inspection.verdict.outcome}: {worst.message}")
print(f"Refund   {inspection.refund.outcome}, route {inspection.refund.route}")
print(f"Because  “{worst.clause}”")
print(f"         {worst.source}")

# %% [markdown]
# **Yes.** RMA-10482 was cut 3.6 mm too deep at the fore-edge, and *“Shifting less than 0.125" (3.2mm) is expected
# variance; two copies may differ.”* This copy is beyond it.
