"""A sentence of a policy: whose words it is, and how it is cited."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


def cite(clause: str, verbatim: bool) -> str:
    """A sentence in quotation marks if it is the printer's, word for word; else marked as our summary."""
    return f"“{clause}”" if verbatim else f"{clause.rstrip('.')} (our summary)"


@dataclass(frozen=True)
class Clause:
    """A sentence of a policy and where it stands.

    Attributes
    ----------
    clause, source : str
    verbatim : bool
        Whether it is the printer's own sentence, word for word.
    read_on : date or None
        The day on which it stood there; known where `verbatim`.
    """

    clause: str
    source: str
    verbatim: bool = False
    read_on: date | None = None

    @property
    def cited(self) -> str:
        """The sentence as `cite` gives it."""
        return cite(self.clause, self.verbatim)

    @property
    def standing(self) -> str:
        """Its source, and when it was read there."""
        return f"{self.source} (read {self.read_on})" if self.read_on else self.source
