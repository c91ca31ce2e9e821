"""What a limit does to copies: histograms, ROC, precision and recall, and the operating characteristic of a rule."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from qc.errors import UsageError
from qc.judge.policy import Rule
from qc.model import FindingOutcome
from studies.sweep import CALLED, REVIEW, Sweep

Values = NDArray[np.float64]
QUANTILES = 1001
"""Equally probable measured values that stand for a normal distribution in the operating characteristic."""


@dataclass(frozen=True)
class Histogram:
    """Counts of scores by label; `edges` has one entry more. `not_measured` copies have no score."""

    edges: Values
    sound: NDArray[np.int_]
    defective: NDArray[np.int_]
    not_measured: int


@dataclass(frozen=True)
class Rates:
    """Shares by limit, each an array over the limits of the sweep.

    `called` are verdicts of defect, `flagged` those and needs-review. The first of each pair is the share of the
    defective copies (true positive rate, recall), the second that of the sound ones (false positive rate). `auc_called`
    and `auc_flagged` are the areas under the curves from (0, 0) to (1, 1).
    """

    limits: Values
    called: tuple[Values, Values]
    flagged: tuple[Values, Values]
    auc_called: float
    auc_flagged: float


@dataclass(frozen=True)
class PrecisionRecall:
    """By limit: of the copies that are called (flagged) the share that is defective, and the share of the defective.

    Precision is NaN where no copy is called.
    """

    limits: Values
    called: tuple[Values, Values]
    flagged: tuple[Values, Values]


@dataclass(frozen=True)
class Characteristic:
    """Chance of each outcome against the true value; the three add up to 1."""

    true: Values
    within: Values
    undecided: Values
    outside: Values


def histogram(sweep: Sweep, bins: int = 30) -> Histogram:
    """Scores of sound and defective copies, in the unit of the rule."""
    measured = np.isfinite(sweep.score)
    if not measured.any():
        raise UsageError(f"No labeled copy has a value for rule {sweep.rule.id}. Choose a rule that was measured.")
    edges = np.histogram_bin_edges(sweep.score[measured], bins)
    sound = np.histogram(sweep.score[measured & ~sweep.defective], edges)[0]
    defective = np.histogram(sweep.score[measured & sweep.defective], edges)[0]
    return Histogram(edges, sound, defective, int((~measured).sum()))


def roc(sweep: Sweep) -> Rates:
    """Rates of both kinds of copies by limit.

    Notes
    -----
    From verdicts, not from a score, so u, the guard band and the other rules of the policy are in it: a curve need not
    reach (0, 0), because other rules call defects whatever this limit is. Copies that could not be judged count as
    neither called nor flagged.
    """
    _both_kinds(sweep)
    called = _shares(sweep, sweep.grades == CALLED)
    flagged = _shares(sweep, sweep.grades >= REVIEW)
    return Rates(sweep.limits, called, flagged, _area(*called), _area(*flagged))


def precision_recall(sweep: Sweep, prevalence: float | None = None) -> PrecisionRecall:
    """Precision and recall by limit.

    Parameters
    ----------
    sweep : Sweep
    prevalence : float, optional
        Share of defective copies among all returns, where the labeled ones are not a fair sample of them.
    """
    _both_kinds(sweep)
    share = float(sweep.defective.mean()) if prevalence is None else prevalence
    curves = []
    for chosen in (sweep.grades == CALLED, sweep.grades >= REVIEW):
        true, false = _shares(sweep, chosen)
        all_chosen = share * true + (1 - share) * false
        precision = np.divide(share * true, all_chosen, out=np.full(len(true), np.nan), where=all_chosen > 0)
        curves.append((precision, true))
    return PrecisionRecall(sweep.limits, curves[0], curves[1])


def operating_characteristic(
    rule: Rule, k: float, u: float, true: Values, k_outside: float | None = None
) -> Characteristic:
    """Chance that a rule calls a copy outside, within or undecided, against its true value.

    Parameters
    ----------
    rule : Rule
    k : float
        Of the policy; expands u to the guard band U = k u. 0 judges without a guard band.
    u : float
        Standard uncertainty of a measured value, in the unit of the rule.
    true : ndarray, shape (n,)
        In the unit of the rule.
    k_outside : float, optional
        For the test of outside, where a rule is held against many pages.

    Notes
    -----
    Each measured value, equally probable ones of a normal distribution about the truth, is judged by the rule itself. If
    u is stated too small, or errors have heavier tails, the real curve is flatter. One value is judged, not the gravest
    of three edges.
    """
    normal = NormalDist()
    z = np.array([normal.inv_cdf((i + 0.5) / QUANTILES) for i in range(QUANTILES)]) if u > 0 else np.zeros(1)
    outcomes: dict[FindingOutcome, list[float]] = {
        FindingOutcome.WITHIN: [],
        FindingOutcome.UNDECIDED: [],
        FindingOutcome.OUTSIDE: [],
    }
    for value in np.asarray(true, float):
        judged = [rule.outcome(float(v), u, k, k_outside) for v in value + u * z]
        for outcome, chances in outcomes.items():
            chances.append(judged.count(outcome) / len(judged))
    within, undecided, outside = (np.array(c) for c in outcomes.values())
    return Characteristic(np.asarray(true, float), within, undecided, outside)


def _both_kinds(sweep: Sweep) -> None:
    defective = int(sweep.defective.sum())
    if 0 < defective < len(sweep.defective):
        return
    raise UsageError(
        f"Of {len(sweep.defective)} labeled copies {defective} are defective. Rates need copies of both kinds: label some "
        "of the other."
    )


def _shares(sweep: Sweep, chosen: NDArray[np.bool_]) -> tuple[Values, Values]:
    """Share of the defective and of the sound copies that are chosen, by limit."""
    return chosen[sweep.defective].mean(axis=0), chosen[~sweep.defective].mean(axis=0)


def _area(true: Values, false: Values) -> float:
    order = np.lexsort((true, false))
    x, y = np.concatenate([[0.0], false[order], [1.0]]), np.concatenate([[0.0], true[order], [1.0]])
    return float(((x[1:] - x[:-1]) * (y[1:] + y[:-1]) / 2).sum())
