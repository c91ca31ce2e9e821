"""Bullet graph of a finding: the value with its interval against the limits; geometry only, the template draws it."""

from __future__ import annotations

from dataclasses import dataclass

from qc.judge.rule import Limit, read_limit
from qc.model import Finding

WIDTH, MARGIN = 220.0, 8.0


@dataclass(frozen=True)
class Bullet:
    """x positions in a drawing `WIDTH` wide.

    `within` and `silent` are the start and end of the two shaded ranges: where the rule holds, and where the printer's
    text says nothing.
    """

    zero: float
    value: float
    low: float
    high: float
    within: tuple[float, float]
    silent: tuple[float, float] | None
    limit: float


def limit_of(text: str) -> Limit | None:
    """The limit a finding states; None for ``"never"`` and what is no limit."""
    found = read_limit(text)
    return found and found[0]


def bullet(finding: Finding, k: float) -> Bullet | None:
    """Geometry for a finding, or None where it has no value or no limit that can be drawn."""
    within = limit_of(finding.within)
    if finding.value is None or within is None:
        return None
    outside = limit_of(finding.outside)
    value = abs(finding.value) if finding.magnitude else finding.value
    half = k * (finding.u or 0.0)
    limits = [within.value] + ([outside.value] if outside else [])
    low, high = min(0.0, value - half, *limits), max(value + half, *limits)
    if finding.magnitude:
        low = 0.0
    room = 0.15 * (high - low) or 1.0
    high += room
    if low < 0 or not within.is_upper:
        low -= room if low < 0 else 0.0

    def x(v: float) -> float:
        return MARGIN + (min(max(v, low), high) - low) / (high - low) * (WIDTH - 2 * MARGIN)

    end = low if within.is_upper else high
    far = outside.value if outside else within.value
    silent = (x(min(within.value, far)), x(max(within.value, far))) if far != within.value else None
    return Bullet(
        zero=x(0.0),
        value=x(value),
        low=x(value - half),
        high=x(value + half),
        within=(x(min(end, within.value)), x(max(end, within.value))),
        silent=silent,
        limit=x(far),
    )
