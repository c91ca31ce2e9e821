"""Who argues for other limits of a policy, on what data: the `[proposal]` table of a policy file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Change:
    """One limit that a proposal moves.

    `limit` is ``"within"`` or ``"outside"``, `was` and `now` are its texts, `interval` is the 95 % interval of the best
    limit in the unit of the rule's measure.
    """

    rule: str
    limit: str
    was: str
    now: str
    interval: tuple[float, float] | None = None


@dataclass(frozen=True)
class Proposal:
    """What a proposed policy rests on.

    Attributes
    ----------
    base, base_version, base_sha256 : str
        The policy it changes.
    author, reason : str
    made : date
    data_from, data_to : date
        First and last day of inspection of the copies.
    copies, titles : int
        With labels.
    verdicts_changed : int
        Of all copies of the store, labeled or not.
    changes : tuple of Change
    evidence : str
        Where it was worked out; may be empty.
    """

    base: str
    base_version: str
    base_sha256: str
    author: str
    reason: str
    made: date
    data_from: date
    data_to: date
    copies: int
    titles: int
    verdicts_changed: int
    changes: tuple[Change, ...]
    evidence: str = ""

    def lines(self) -> Iterator[str]:
        """What a reader of the policy has to know, a line each."""
        yield f"Proposed by {self.author} on {self.made} for {self.base} {self.base_version}: {self.reason}"
        yield (
            f"From {self.copies} labeled copies of {self.titles} titles, inspected {self.data_from} to {self.data_to}; "
            f"{self.verdicts_changed} verdicts of that store change."
        )
        for change in self.changes:
            sure = f"; best within {change.interval[0]:g} to {change.interval[1]:g} (95 %)" if change.interval else ""
            yield f"{change.rule}, {change.limit}: {change.was} -> {change.now}{sure}"
        if self.evidence:
            yield f"Worked out in {self.evidence}"
