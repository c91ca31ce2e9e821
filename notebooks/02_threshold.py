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
# # Which limit for the cut costs least?
#
# A limit costs money on both sides: a sound copy that is refunded, a defective one that is refused. This page takes the
# copies in a store, what persons said of them, and prices; it moves one limit, judges every copy again with the code of
# `qc judge`, and ends in the lines of a proposed policy.
#
# With your own store: `QC_STORE=qc.db jupyter lab`. Without one it looks at an example of 240 copies whose cuts are known.

# %%
import os
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import matplotlib.pyplot as plt
import numpy as np

import qc
from qc.judge.policy import load_policy
from qc.judge.rejudge import flips
from qc.pipeline import inspect_copy
from qc.reference.find import find_reference
from qc.scan.copy_folder import open_copy
from studies import plots
from studies.agreement import pairwise
from studies.cost import Costs, cost_curve, cross_validate
from studies.curves import histogram, operating_characteristic, precision_recall, roc
from studies.example import write_example
from studies.labels import agreed, by_person, labels_from_csv, labels_of_store
from studies.planted import FAULTS, detection_curve, plant_copy
from studies.propose import propose
from studies.sweep import limit_lines, sweep, with_limit

POLICY, RULE = "kdp", "trim-offset-block"
LIMITS = np.arange(2.0, 4.001, 0.02)
COSTS = Costs.of_minutes(wrong_refund=14.0, wrong_refusal=22.0, minutes=4.0, per_minute=0.75)
PREVALENCE = None  # share of defective copies among all returns, where the labeled ones are no fair sample
AUTHOR = "A. Mueller"
OUT = Path(mkdtemp())

store = os.environ.get("QC_STORE")
csv = os.environ.get("QC_LABELS")
policy = load_policy(POLICY)
rule = policy.rule(RULE)
if store is None:
    write_example(OUT / "qc.db", policy)
tables = qc.load_store(store or OUT / "qc.db")
plots.style()
print(tables.copies)
print(tables.observations)

# %% [markdown]
# ## What persons say, and whether they agree
#
# Labels are the last decision of each person (`qc decide`, or a CSV with copy, label, by). Copies they dispute make no
# truth. *Kappa* is agreement beyond chance: 1 is full, 0 what chance gives.

# %%
labels = labels_from_csv(csv) if csv else labels_of_store(tables)
truth, disputed = agreed(labels)
machine = {c: o for c, o in zip(tables.copies["copy"], tables.copies["outcome"], strict=True) if o}
print(f"{len(truth)} copies with a label, {sum(truth.values())} of them defective; {len(disputed)} disputed")
agreements = pairwise({**by_person(labels), f"qc ({policy.id} {policy.version})": machine})
for k in agreements:
    sure = f"{k.low:.2f} to {k.high:.2f}" if k.low is not None else "no interval"
    value = "not defined" if k.value is None else f"{k.value:.2f}"
    print(f"{k.first} / {k.second}: kappa {value} ({sure}), alike on {100 * k.agree:.0f} % of {k.n} copies")

# %% [markdown]
# ## Where the limit stands
#
# Each copy by its cut farthest off. Between the dashed and the solid line the printer's text is silent; the pale zone
# about it is ± 2 *u*: a copy in it goes to a person.

# %%
swept = sweep(tables.inspections, truth, policy, RULE, LIMITS)
u = float(np.nanmedian(swept.u))
figure, axes = plt.subplots(figsize=(9.5, 3.4))
plots.histogram(axes, histogram(swept, 40), rule, policy.k, u)
axes.set_title(f"{len(swept.copies)} labeled copies; u = {u:.3f} mm in the median")
plt.show()

# %% [markdown]
# ## What it catches, and what it catches wrongly
#
# The curves run over all limits; the dots are the present one. *Called* are verdicts of defect; the curve above adds the
# copies a person would look at.

# %%
figure, both = plt.subplots(1, 2, figsize=(9.5, 4.0))
rates = roc(swept)
plots.roc(both[0], rates, swept.present)
plots.precision_recall(both[1], precision_recall(swept, PREVALENCE), swept.present)
both[0].set_title("ROC")
both[1].set_title("Precision and recall")
plt.show()

# %% [markdown]
# ## What the guard band does
#
# The chance of each outcome against the *true* offset of an edge. The guard band makes a false "outside" rare and pays
# for it with looks of a person.

# %%
true = np.linspace(2.4, 4.0, 81)
figure, axes = plt.subplots(figsize=(9.5, 3.2))
guarded, bare = (operating_characteristic(rule, k, u, true) for k in (policy.k, 0.0))
plots.characteristic(axes, guarded, bare, rule)
axes.set_title(f"Operating characteristic, u = {u:.3f} mm")
plt.show()

# %% [markdown]
# ## What it costs
#
# The mean cost of a returned copy by limit. The gray band and the green interval come from drawing *titles* with
# replacement: copies of one title were cut alike. In Jupyter, drag the limit.

# %%
curve = cost_curve(swept, COSTS, PREVALENCE)


def show_cost(limit: float) -> None:
    _, axes = plt.subplots(figsize=(9.5, 4.0))
    plots.cost(axes, curve, swept.present, rule, None if limit == swept.present else limit)
    at = swept.at(limit)
    axes.set_title(f"{limit:.2f} mm costs {curve.cost[at]:.2f} a copy; {curve.copies} copies of {curve.titles} titles")
    plt.show()


plots.slider(show_cost, float(LIMITS[0]), float(LIMITS[-1]), swept.present, 0.02, rule.unit)

# %% [markdown]
# Does it hold for titles it was not chosen on? Titles are parted into five; the limit is chosen on four parts and paid for
# on the fifth.

# %%
checked = cross_validate(swept, COSTS, PREVALENCE)
print(f"chosen without the titles it is tried on: {', '.join(f'{x:.2f}' for x in checked.limits)} mm")
print(f"cost there {checked.cost:.2f} a copy, now {checked.present:.2f}: saves {checked.saving:.2f}", end=" ")
print(f"({checked.saving_low:.2f} to {checked.saving_high:.2f})")

# %% [markdown]
# ## What this scanner sees
#
# Cuts of known depth are planted into sound scans (here four pages of two samples; name your own in `SCANS` and `TITLES`)
# and inspected as ever. Below the limit nothing may be called; well beyond it everything must be.
#
# Lost print may be found less often again where it is large: a title page that loses nearly all of its few words keeps too little
# to be laid on the order. It is then *not judged*, which the report says, and the trial counts as not found.
#
# Damage is planted on both sides of each leaf, in the size that its measure states: `FAULTS` lists corners, notches, tears,
# dog-ears, creases, holes, water and dirt on the glass. What is found of dirt is a false alarm.

# %%
SCANS, TITLES = ("returns/RMA-10481", "returns/RMA-10483"), "titles"
samples = next(p / "samples" for p in (Path.cwd(), *Path.cwd().parents) if (p / "samples" / "titles").is_dir())
sound = [open_copy(samples / folder) for folder in SCANS]
sound = [replace(copy, scans=copy.scans[:4]) for copy in sound]
reference, note = find_reference(sound[0], None, samples / TITLES)
assert reference is not None, note
limit = round(curve.best, 1)
after = with_limit(policy, RULE, limit)
found = detection_curve(sound, reference, after, "cut", (0.0, limit - 0.5, limit, limit + 0.4, limit + 1.0))
lost = detection_curve(sound, reference, after, "lost-print", (6.0, 12.0, 24.0))
corners = detection_curve(sound, reference, after, "missing-corner", (0.0, 50.0, 150.0))
figure, three = plt.subplots(1, 3, figsize=(12.5, 3.4))
plots.detection(three[0], found)
three[0].axvline(limit, color=plots.INK, linewidth=1)
plots.detection(three[1], lost)
plots.detection(three[2], corners)
plt.show()

# %% [markdown]
# ## Which copies flip
#
# Every copy of the store whose verdict or refund would be another one, with the place in its scans where those are still
# there. The copies of the example have none, so a sound one that was planted a cut just beyond the limit stands in.

# %%
changed = flips(tables.inspections, policy, after)
print(f"{len(changed)} of {len(tables.inspections)} verdicts change at {limit:g} mm:")
for f in changed[:12]:
    said = {True: "defect", False: "no defect"}.get(truth.get(f.after.copy.id), "not labeled")
    print(f"  {f.after.copy.id}  {f.before.verdict.outcome} -> {f.after.verdict.outcome}; persons: {said}; {f.why}")
shown = changed
if store is None:
    whole = inspect_copy(sound[0], reference, policy)
    rng = np.random.default_rng(0)
    planted, _ = plant_copy(sound[0], whole, reference.trim, FAULTS["cut"], limit + 0.15, OUT, rng)
    shown = flips([inspect_copy(planted, reference, policy)], policy, after)
plots.crops(shown)
plt.show()

# %% [markdown]
# ## The lines this argues for

# %%
result = propose(
    POLICY,
    {RULE: limit_lines(rule, limit)},
    by=AUTHOR,
    reason=f"Costs {checked.saving:.2f} a copy less on titles it was not chosen on, at {COSTS.wrong_refund:g} a wrong "
    f"refund, {COSTS.wrong_refusal:g} a wrong refusal and {COSTS.review:g} a look of a person.",
    inspections=tables.inspections,
    copies=curve.copies,
    titles=curve.titles,
    intervals={RULE: (curve.best_low, curve.best_high)},
    evidence="notebooks/02_threshold.ipynb",
    folder=Path(store).resolve().parent if store else OUT,
)
print(f"{result.path}\n")
print(result.path.read_text().partition("[proposal]")[2].strip())

# %% [markdown]
# `qc policy diff kdp kdp.proposed.toml` shows it, `qc judge --store qc.db --policy kdp.proposed.toml` lists the verdicts
# that would change and stores none.

# %%
assert result.policy.rule(RULE).outside.value == limit
assert {f.after.copy.id for f in result.flips} == {f.after.copy.id for f in changed}
assert found.detections[0].flagged == 0 and found.detections[-1].called == found.detections[-1].trials
assert lost.detections[-1].flagged >= 0.8 * lost.detections[-1].trials
assert corners.detections[0].flagged == 0
if store is None:
    BEST_MM = 2.88  # of 8000 such copies, docs/studies.md
    assert curve.best_low <= BEST_MM <= curve.best_high
    assert checked.saving_low > 0
    assert agreements[0].low is not None and agreements[0].low > 0.6
verdict = "is argued for" if checked.saving_low > 0 else "is not argued for: the saving may be chance"
print(f"Outside beyond {limit:g} mm {verdict} ({checked.saving_low:.2f} to {checked.saving_high:.2f} a copy).")
