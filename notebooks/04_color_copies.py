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
# # What color difference between copies is too much?
#
# No printer publishes a number. Copies of one title differ anyway: presses drift. A copy that lost an ink is no drift. Here
# seven copies are drawn: five whose press drifts as presses do, one whose magenta is weak, one without magenta. Each is
# held against the median of all, tile by tile. Which ΔE00 passes the drift and sends the others to a person?

# %%
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np

from qc.compare.color import capture_of
from qc.compare.same_title import CopyColors, with_copy_colors
from qc.judge.policy import load_policy
from qc.pipeline import inspect_with_colors
from qc.reference.find import find_reference
from qc.scan.copy_folder import open_copy
from qc.scan.image_file import read_pixels
from qc.synthetic import Print, Scanner, draw_copy, sample_drift, write_title
from qc.units import parse_trim
from studies import plots
from studies.sweep import PASSED, sweep

plots.style()
OUT = Path(mkdtemp())
policy = load_policy("kdp")
rule = policy.rule("copy-color-outlier")
LIMITS = np.arange(1.0, 16.01, 0.25)

# %% [markdown]
# ## The copies
#
# With your own, put folders of scans of one title from one scanner here; nothing below changes.

# %%
title = write_title(OUT / "title.pdf", ["picture", "picture"], trim_mm=parse_trim("4.25 x 6.87 in"))
rng = np.random.default_rng(7)
prints = {f"drift-{n}": sample_drift(rng, Print()) for n in range(1, 6)}
prints["weak"] = replace(prints["drift-1"], inks=(1.0, 0.3, 1.0))
prints["lost"] = replace(prints["drift-2"], lost="magenta")
inspected = []
for seed, (name, printed) in enumerate(prints.items()):
    draw_copy(OUT / name, title, printed=printed, scanner=Scanner(dpi=150), seed=seed)
    copy = replace(open_copy(OUT / name), isbn="9780000000002")
    reference, note = find_reference(copy, title.path, None)
    assert reference is not None, note
    inspection, pages = inspect_with_colors(copy, reference, policy)
    inspected.append((inspection, CopyColors(pages, capture_of(copy), reference.trim_known)))
inspections = with_copy_colors(inspected, policy)
names = [i.copy.id for i in inspections]

figure, strip = plt.subplots(1, len(names), figsize=(9.5, 2.3))
for axes, i in zip(strip, inspections, strict=True):
    axes.imshow(read_pixels(i.copy.pages[0], 4))
    axes.set_title(i.copy.id, fontsize=8)
    axes.set_axis_off()
plt.show()

# %% [markdown]
# ## How much they differ, and who is the odd one
#
# Left: each pair of copies, the mean ΔE00 of printed tiles relative to the paper, median over the pages. Right: each copy
# against the median of all copies, with ± *U*; below, which way its lightness, chroma and hue went.

# %%
pairs = np.full((len(names), len(names)), np.nan)
odd = {}
for o in (o for i in inspections for o in i.observations if o.where.page is None and o.value is not None):
    if o.measure == "copy-color-difference":
        a, b = (names.index(c) for c in o.where.copies)
        pairs[a, b] = pairs[b, a] = o.value
    elif o.measure == "copy-color-outlier":
        odd[o.where.copy] = o
figure, both = plt.subplots(1, 2, figsize=(9.5, 4.0), width_ratios=(1, 1.1))
plots.pair_matrix(both[0], names, pairs, "ΔE00 between copies")
values, u = (np.array([getattr(odd[n], key) for n in names]) for key in ("value", "u"))
sound = np.array([n.startswith("drift") for n in names])
for mask, color in ((sound, plots.GOOD), (~sound, plots.BAD)):
    both[1].errorbar(values[mask], np.flatnonzero(mask), xerr=policy.k * u[mask], fmt="D", color=color, capsize=3)
plots.zones(both[1], rule, policy.k, float(u.max()))
both[1].set_yticks(range(len(names)), names)
both[1].invert_yaxis()
both[1].set(xlabel="ΔE00 to the median of the copies", xlim=(0, None))
both[1].set_title(f"kdp: a person looks beyond {rule.within.value:g}")
plt.show()
for n in names:
    d = odd[n].detail
    print(
        f"{n:<8} {odd[n].value:5.2f} ± {policy.k * odd[n].u:.2f}  dL {d['dL']:+.1f}  dC {d['dC']:+.1f}  dh {d['dh']:+.1f}°"
    )

# %% [markdown]
# ## Which limit parts them
#
# Every limit judged as `qc` judges, with the guard band: what still passes is certainly within, what does not goes to a
# person. The rule never calls a defect by itself; that `lost` lacks an ink another rule sees without any other copy.

# %%
only = replace(policy, rules=(rule,))
swept = sweep(inspections, {n: not s for n, s in zip(names, sound, strict=True)}, only, rule.id, LIMITS)
passed = swept.grades == PASSED
drift, faulty = passed[~swept.defective].mean(axis=0), passed[swept.defective].mean(axis=0)
parts = LIMITS[(drift == 1) & (faulty == 0)]
figure, axes = plt.subplots(figsize=(9.5, 2.8))
axes.axvspan(parts[0], parts[-1], color="#e3efe0", linewidth=0)
axes.step(LIMITS, drift, where="mid", color=plots.GOOD, label="drift passes")
axes.step(LIMITS, faulty, where="mid", color=plots.BAD, label="weak or lost ink passes")
axes.axvline(rule.within.value, color=plots.INK, linewidth=1, linestyle=(0, (4, 2)))
axes.set(xlabel="limit, ΔE00 to the median of the copies", ylabel="share", ylim=(-0.03, 1.05))
axes.set_title(f"{parts[0]:g} to {parts[-1]:g} ΔE00 part them")
axes.legend(loc="center right")
plt.show()

# %% [markdown]
# ## The lines this argues for

# %%
alone = {i.copy.id: {f.rule for f in i.findings if str(f.outcome) in ("outside", "undecided")} for i in inspections}
assert names[int(np.argmax(values))] == "lost"
assert parts[0] <= rule.within.value <= parts[-1]
assert "color-lost-channel" in alone["lost"]
assert not any({"color-lost-channel", "color-weak-channel", rule.id} & alone[n] for n in names if n.startswith("drift"))
print(f"Between {parts[0]:g} and {parts[-1]:g} every limit passes the drift and stops both faults; kdp stands at:")
print(f'\n[[rule]]\nid = "{rule.id}"\nmeasure = "{rule.measure}"\nwithin = "{rule.within.text}"\noutside = "never"')
