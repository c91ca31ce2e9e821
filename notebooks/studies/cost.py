"""What a limit costs in money, which limit costs least, how sure that is, and whether it holds for other titles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qc.errors import UsageError
from studies.sweep import CALLED, PASSED, Sweep

Values = NDArray[np.float64]
CONFIDENCE = 0.95
MIN_TITLES = 5
"""Fewer titles than this say nothing of other titles."""


@dataclass(frozen=True)
class Costs:
    """Prices of what may happen to a copy, in any one currency.

    Attributes
    ----------
    wrong_refund : float
        A sound copy is called a defect.
    wrong_refusal : float
        A defective copy passes: the reader complains, or does not buy again.
    review : float
        A person looks at a copy that is not decided, and then decides right: minutes times the price of a minute.
    """

    wrong_refund: float
    wrong_refusal: float
    review: float

    @classmethod
    def of_minutes(cls, wrong_refund: float, wrong_refusal: float, minutes: float, per_minute: float) -> Costs:
        """The same with the review as minutes of a person and their price."""
        return cls(wrong_refund, wrong_refusal, minutes * per_minute)


@dataclass(frozen=True)
class CostCurve:
    """Mean cost of a returned copy by limit, with what it is made of and how sure it is.

    Attributes
    ----------
    limits, cost : ndarray, shape (limits,)
    low, high : ndarray, shape (limits,)
        95 % band of `cost` over titles.
    wrong_refund, wrong_refusal, review : ndarray, shape (limits,)
        The parts, which add up to `cost`.
    best, best_low, best_high : float
        The limit that costs least, and its 95 % interval over titles, in the unit of the rule.
    copies, titles : int
    """

    limits: Values
    cost: Values
    low: Values
    high: Values
    wrong_refund: Values
    wrong_refusal: Values
    review: Values
    best: float
    best_low: float
    best_high: float
    copies: int
    titles: int


@dataclass(frozen=True)
class CrossValidation:
    """The limit chosen without the titles it is then tried on.

    Attributes
    ----------
    limits : tuple of float
        Chosen in each fold.
    cost, present : float
        Mean cost of a held-out copy under the chosen limits, and under the limit of the policy.
    saving, saving_low, saving_high : float
        `present` minus `cost`, and its 95 % interval over titles.
    """

    limits: tuple[float, ...]
    cost: float
    present: float
    saving: float
    saving_low: float
    saving_high: float


def cost_curve(
    sweep: Sweep, costs: Costs, prevalence: float | None = None, draws: int = 1000, seed: int = 0
) -> CostCurve:
    """Cost by limit and the best limit.

    Parameters
    ----------
    sweep : Sweep
    costs : Costs
    prevalence : float, optional
        Share of defective copies among all returns. The labeled copies are weighted to it; if left out they are taken
        for a fair sample.
    draws : int
        Of the bootstrap.
    seed : int
        Of the bootstrap.

    Raises
    ------
    UsageError
        There are too few titles, or copies of one kind only.

    Notes
    -----
    Titles are drawn with replacement, not copies: those of one title were printed and cut alike (the cluster bootstrap of
    A. C. Davison, D. V. Hinkley, Bootstrap Methods and their Application, 1997, section 3.8). The least of a curve of
    steps jumps from copy to copy, so the curve is smoothed over `smoothing` before its least is sought; the band is that
    of the curve itself.

    Persons are taken for right. Where labels come from a biased choice of copies, give `prevalence`.
    """
    _enough(sweep)
    parts = _parts(sweep, costs)
    weights = _weights(sweep, prevalence)
    groups = _groups(sweep)
    rng = np.random.default_rng(seed)
    total = np.sum(parts, axis=0)
    curves, least = [], []
    for times in _drawn(groups, draws, rng):
        curve = _mean(total, weights * times)
        curves.append(curve)
        least.append(_least(sweep.limits, curve, sweep))
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(curves, (tail, 100 - tail), axis=0)
    best_low, best_high = np.percentile(least, (tail, 100 - tail))
    mean = _mean(total, weights)
    best = _least(sweep.limits, mean, sweep)
    refund, refusal, review = (_mean(p, weights) for p in parts)
    return CostCurve(
        limits=sweep.limits,
        cost=mean,
        low=low,
        high=high,
        wrong_refund=refund,
        wrong_refusal=refusal,
        review=review,
        best=best,
        best_low=min(best, float(best_low)),
        best_high=max(best, float(best_high)),
        copies=len(sweep.copies),
        titles=len(groups),
    )


def cross_validate(
    sweep: Sweep, costs: Costs, prevalence: float | None = None, folds: int = 5, draws: int = 1000, seed: int = 0
) -> CrossValidation:
    """Choose the limit on some titles, pay for it on the others.

    Notes
    -----
    Folds are of whole titles, in a random order. The interval of the saving draws titles of the held-out costs; that the
    chosen limits depend on each other is not in it.
    """
    _enough(sweep)
    total, weights, groups = np.sum(_parts(sweep, costs), axis=0), _weights(sweep, prevalence), _groups(sweep)
    rng = np.random.default_rng(seed)
    fold_of = np.empty(len(groups), int)
    fold_of[rng.permutation(len(groups))] = np.arange(len(groups)) % folds
    chosen: list[float] = []
    paid = np.empty(len(total))
    for fold in range(min(folds, len(groups))):
        out = np.zeros(len(total), bool)
        for group in np.flatnonzero(fold_of == fold):
            out[groups[group]] = True
        limit = _least(sweep.limits, _mean(total, weights * ~out), sweep)
        chosen.append(limit)
        paid[out] = total[out, sweep.at(limit)]
    present = total[:, sweep.at(sweep.present)]
    savings = [float(np.average(present - paid, weights=weights * t)) for t in _drawn(groups, draws, rng)]
    tail = 50 * (1 - CONFIDENCE)
    low, high = np.percentile(savings, (tail, 100 - tail))
    cost, now = (float(np.average(c, weights=weights)) for c in (paid, present))
    return CrossValidation(tuple(chosen), cost, now, now - cost, float(low), float(high))


def _parts(sweep: Sweep, costs: Costs) -> tuple[Values, Values, Values]:
    """What each copy costs under each limit: wrong refunds, wrong refusals, reviews; shapes (copies, limits)."""
    defective = sweep.defective[:, None]
    refund = costs.wrong_refund * ((sweep.grades == CALLED) & ~defective)
    refusal = costs.wrong_refusal * ((sweep.grades == PASSED) & defective)
    review = costs.review * ((sweep.grades != CALLED) & (sweep.grades != PASSED))
    return refund, refusal, review


def _weights(sweep: Sweep, prevalence: float | None) -> Values:
    if prevalence is None:
        return np.ones(len(sweep.copies))
    if not 0 < prevalence < 1:
        raise UsageError(f"prevalence is {prevalence:g}. It is a share of all returned copies, between 0 and 1.")
    share = float(sweep.defective.mean())
    return np.where(sweep.defective, prevalence / share, (1 - prevalence) / (1 - share))


def _groups(sweep: Sweep) -> list[NDArray[np.int_]]:
    """Rows of the copies of each title."""
    names = np.array(sweep.titles)
    return [np.flatnonzero(names == title) for title in dict.fromkeys(sweep.titles)]


def _drawn(groups: list[NDArray[np.int_]], draws: int, rng: np.random.Generator) -> list[Values]:
    """How often each copy is in each draw of titles."""
    title_of = np.empty(sum(map(len, groups)), int)
    for number, rows in enumerate(groups):
        title_of[rows] = number
    chance = np.full(len(groups), 1 / len(groups))
    return [rng.multinomial(len(groups), chance)[title_of].astype(float) for _ in range(draws)]


def _mean(per_copy: Values, weights: Values) -> Values:
    return np.asarray(weights @ per_copy / weights.sum(), float)


def smoothing(sweep: Sweep) -> float:
    """Standard deviation of the Gauss curve that smooths a cost curve, in the unit of the rule."""
    u = sweep.u[np.isfinite(sweep.u)]
    return 2 * float(np.median(u)) if len(u) else 0.0


def _least(limits: Values, curve: Values, sweep: Sweep) -> float:
    """Where the smoothed curve is least; the middle where it is so over a stretch."""
    width = smoothing(sweep)
    if width > 0:
        kernel = np.exp(-0.5 * ((limits[:, None] - limits[None, :]) / width) ** 2)
        curve = kernel @ curve / kernel.sum(axis=1)
    flat = np.flatnonzero(curve <= curve.min() + 1e-9 * max(abs(curve.min()), 1e-9))
    return float((limits[flat[0]] + limits[flat[-1]]) / 2)


def _enough(sweep: Sweep) -> None:
    titles, defective = len(set(sweep.titles)), int(sweep.defective.sum())
    if titles < MIN_TITLES:
        raise UsageError(
            f"The labeled copies are of {titles} titles. What holds for other titles cannot be told from fewer than "
            f"{MIN_TITLES}: label copies of more."
        )
    if not 0 < defective < len(sweep.defective):
        raise UsageError(
            f"Of {len(sweep.defective)} labeled copies {defective} are defective. A cost needs copies of both kinds."
        )
