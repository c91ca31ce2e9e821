"""What a rule of the shipped policy says of an observation that stands alone."""

from __future__ import annotations

from qc.judge.judge import judge_between
from qc.judge.policy import load_policy
from qc.model import FindingOutcome, Observation

KDP = load_policy("kdp")


def verdict_on(found: Observation) -> tuple[FindingOutcome, tuple[str, ...]]:
    """FindingOutcome and doubt of the one finding of kdp."""
    (finding,) = judge_between([found], KDP)
    assert finding.flags == found.flags
    return finding.outcome, finding.doubt
